/* SPDX-License-Identifier: Apache-2.0 */
/** @file ox_series.h  Series of appointments: OX keeps the master and each changed occurrence as objects of their own,
 * devices know them as one item. So a change of any of them is a change of the master, whose revision is the newest
 * stamp among them. Spec 5.3. */
#ifndef OX_SERIES_H
#define OX_SERIES_H

#include <usm/recur.h>
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
/** A request for the changed occurrences of a series, whose answer's rows are [id, stamp] or {id, timestamp}. @a days:
 * see ox_gathered_t. */
typedef ox_json_t *(*ox_gather_ask_fn)(const usm_bref_t *folder, const char *id, const ox_json_t *days,
                                       apr_pool_t *pool);
ox_gather_t *ox_gather_create(ox_gather_ask_fn ask, apr_pool_t *pool);
/** Take a row of the legacy module when it is a master or a member. @return whether it did. */
int ox_gather_row(ox_gather_t *g, const ox_plan_t *plan, const ox_json_t *row);
/** The same for a row that was read already. Texts are copied. */
typedef struct ox_gathered_t {
    const char *id, *master; /**< of a changed occurrence; NULL: it is the master */
    apr_int64_t stamp;
    usm_time_t edge;
    int changed;           /**< of a master: it has changed occurrences */
    const ox_json_t *days; /**< of a master: those, where the request for them must name them; kept as it is */
} ox_gathered_t;
void ox_gather_add(ox_gather_t *g, const ox_gathered_t *row);
/** ask for the legacy module. */
ox_json_t *ox_gather_ask(const usm_bref_t *folder, const char *id, const ox_json_t *days, apr_pool_t *pool);
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

/** A series being written, by either calendar module. */
typedef struct ox_series_write_t {
    ox_writing_t *w;
    const struct ox_series_ops_t *ops;
    const char *id;             /* of the master */
    const usm_item_t *was, *is; /* the series before and after; was NULL: new */
    const ox_json_t *master;    /* its object, NULL: new */
    apr_int64_t stamp;          /* what the next call may say it has seen */
    usm_recur_t walk;           /* along the series as it is to be, so far: rule NULL = not begun */
    usm_time_t walked;          /* the last day found, USM_TIME_NONE = none */
} ox_series_write_t;

/** What differs between the calendar modules. */
typedef struct ox_series_ops_t {
    usm_error_t *(*get)(usm_bget_t *gets, int count, usm_bcall_t *call, const usm_bref_t *folder,
                        const usm_fetch_t *fetch, apr_pool_t *result_pool, apr_pool_t *scratch_pool);
    /** Why the module cannot hold a rule; NULL when it can. */
    const char *(*unfit)(const usm_recurrence_t *rule, usm_time_t first);
    /** Write fields of s->w->item to the master. */
    usm_error_t *(*write_master)(ox_series_write_t *s, const usm_fieldset_t *fields);
    /** Take an occurrence out. */
    usm_error_t *(*remove_occurrence)(ox_series_write_t *s, usm_time_t day);
    /** Write fields of an occurrence. @a old: the exception that it is already, or NULL. */
    usm_error_t *(*write_occurrence)(ox_series_write_t *s, const usm_exception_t *old, usm_time_t day,
                                     const usm_item_t *want, usm_fieldset_t *fields);
} ox_series_ops_t;
extern const ox_series_ops_t ox_series_legacy;

/** A call that was made moves the timestamp; a server that does not say how far is not asked about it again. */
void ox_series_note_stamp(ox_series_write_t *s, const ox_answer_t *answer);
const char *ox_series_stamp_text(const ox_series_write_t *s);

/** Can OX hold the series that @a item (its fields as they will be) is? @a was: what it is now, or NULL. Errors:
 * INVALID. */
usm_error_t *ox_series_check(const ox_series_ops_t *ops, const usm_item_t *item, const usm_item_t *was,
                             apr_pool_t *pool);
/** Give a series just made its exceptions. @a stamp: timestamp of the call that made it. */
usm_error_t *ox_series_add(const ox_series_ops_t *ops, ox_writing_t *w, const char *id, apr_int64_t stamp);
/** Update a series: the master, then each occurrence that is to be another. @a current: the master's object. */
usm_error_t *ox_series_update(const ox_series_ops_t *ops, usm_bwrite_t *result, ox_writing_t *w, const char *id,
                              const usm_fieldset_t *fields, const ox_json_t *current, apr_uint64_t rev,
                              apr_pool_t *result_pool);

#endif
