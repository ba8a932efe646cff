/* SPDX-License-Identifier: Apache-2.0 */
/** @file ox_series.h  Series of appointments: OX keeps the master and each changed occurrence as objects of their own,
 * devices know them as one item. So a change of any of them is a change of the master, whose revision is the newest
 * stamp among them. Spec 5.3. */
#ifndef OX_SERIES_H
#define OX_SERIES_H

#include "ox/ox_pim.h"

/** Columns a listing of appointments needs for this. */
void ox_series_plan(ox_plan_t *plan);
/** Is the row a master; a changed occurrence? */
int ox_series_is_master(const ox_plan_t *plan, const ox_json_t *row);
int ox_series_is_member(const ox_plan_t *plan, const ox_json_t *row);
/** End of what a row stands for: for a series, that of its last occurrence. */
usm_time_t ox_series_edge_of(const ox_plan_t *plan, const ox_json_t *row, apr_pool_t *pool);

/** Rows of a listing that belong to series, until all of them are known. */
typedef struct ox_gather_t ox_gather_t;
ox_gather_t *ox_gather_create(apr_pool_t *pool);
/** Take a row when it is a master or a member. @return whether it did. */
int ox_gather_row(ox_gather_t *g, const ox_plan_t *plan, const ox_json_t *row);
/** Of single changes: find out which occurrences the series that the sink does not know yet have. */
usm_error_t *ox_gather_complete(ox_gather_t *g, const usm_bsink_t *sink, usm_bcall_t *call, const usm_bref_t *folder);
/** Tell the sink what there is: masters with the newest stamp of all their rows, and, where the master was not listed,
 * what the sink knows of it, else the occurrence itself as well (its owner may have been invited to it alone).
 * @a full: the rows are of a whole listing, in which what lies wholly before @a since is left out. */
usm_error_t *ox_gather_tell(ox_gather_t *g, const usm_bsink_t *sink, int full, usm_time_t since);

/** After the rows of a list were taken: read the changed occurrences of all series among them, and forget those rows
 * that are occurrences of a series in the same folder. */
usm_error_t *ox_series_read(const ox_reading_t *reading);
/** When the people are known too: what differs, and where the series ends. */
void ox_series_finish(const ox_reading_t *reading);

/** Can OX hold the series that @a item (its fields as they will be) is? @a was: what it is now, or NULL. Errors:
 * INVALID. */
usm_error_t *ox_series_check(const usm_item_t *item, const usm_item_t *was, apr_pool_t *pool);
/** Give a series just made its exceptions. @a stamp: timestamp of the call that made it. */
usm_error_t *ox_series_add(ox_writing_t *w, const char *id, apr_int64_t stamp);
/** Update a series: the master, then each occurrence that is to be another. @a current: the master's object. */
usm_error_t *ox_series_update(usm_bwrite_t *result, ox_writing_t *w, const char *id, const usm_fieldset_t *fields,
                              const ox_json_t *current, apr_uint64_t rev, apr_pool_t *result_pool);

#endif
