/* SPDX-License-Identifier: Apache-2.0 */
#ifndef OXD_CAL_H
#define OXD_CAL_H

/*
 * Appointments, spec 5: one store under the modules calendar (legacy) and chronos. An appointment is an object whose
 * rows (struct oxd_place) say in which calendar each participating user finds it, with his alarm and his answer. A
 * change exception is an object of its own with recurrence_id = the master's id.
 */

#include "pim.h"
#include "recur.h"

struct cal_occ {
    int64_t start, end;    /* UTC, or Dates when full_time */
    int64_t day;           /* Date of the occurrence */
    int position;          /* from 1; 0: not a series */
};

struct cal_iter {
    const struct oxd_obj *o;
    struct oxd_recur r;
    GTimeZone *zone;
    int64_t from, to, time_of_day, length;
    bool series, all, done;
};

/* ---- calcore.c ---- */

bool cal_is_series(const struct oxd_obj *o);
bool cal_is_exception(const struct oxd_obj *o);
/* The master of an exception, or the object itself. */
struct oxd_obj *cal_master(const struct oxd_obj *o);
/* Change exceptions of a master: struct oxd_obj *; free the array. */
GPtrArray *cal_exceptions(const struct oxd_obj *master);
GTimeZone *cal_zone(const struct oxd_obj *o);
/* Date of the first occurrence in the appointment's zone. */
int64_t cal_first_day(const struct oxd_obj *o);
/*
 * Occurrences that overlap [from, to). all: deleted and changed ones too. A single appointment has one, of position 0.
 */
void cal_iter_init(struct cal_iter *it, const struct oxd_obj *o, int64_t from, int64_t to, bool all);
bool cal_iter_next(struct cal_iter *it, struct cal_occ *occ);
bool cal_in_range(const struct oxd_obj *o, int64_t from, int64_t to);
/* The occurrence at a position, deleted or not; false: none. */
bool cal_occurrence(const struct oxd_obj *o, int position, struct cal_occ *occ);
/* A copy of the object that looks like one of its occurrences; cal_occ_free it. */
struct oxd_obj cal_occ_object(const struct oxd_obj *o, const struct cal_occ *occ);
void cal_occ_free(struct oxd_obj *copy);
/* Is the day in the master's list ("change_exceptions", "delete_exceptions")? */
bool cal_day_listed(const struct oxd_obj *o, const char *list, int64_t day);
void cal_day_add(struct oxd_obj *o, const char *list, int64_t day);
void cal_day_drop(struct oxd_obj *o, const char *list, int64_t day);
/* The user whose calendar the view is: the owner of a private folder, else who asks. */
int cal_actor(const struct oxd_req *req, const struct oxd_folder *view);

/* ---- calwrite.c: checks, places, changes. All set the error and return -1 / NULL when they fail. ---- */

/* Defaults, rule and time checks of complete members. */
int cal_check(struct oxd_req *req, const struct oxd_folder *f, json_t *members);
/* Rows of the users that the participants name; those who are out get a deletion. */
void cal_places(struct oxd_obj *o, int64_t stamp);
/* Makes the appointment a body describes; *conflicts is set and NULL returned without an error when it clashes. */
struct oxd_obj *cal_create(struct oxd_req *req, struct oxd_folder *f, const json_t *body, json_t **conflicts);
/* Applies a body to an object seen in a folder; the object changed or the exception made. */
struct oxd_obj *cal_change(struct oxd_req *req, struct oxd_obj *o, struct oxd_folder *view, const json_t *body,
                           json_t **conflicts);
/* The exception object of an occurrence, made if needed. */
struct oxd_obj *cal_exception_for(struct oxd_req *req, struct oxd_obj *master, const struct cal_occ *occ,
                                  int64_t stamp);
/* position > 0: one occurrence. */
int cal_remove(struct oxd_req *req, struct oxd_obj *o, struct oxd_folder *view, int position);
int cal_answer(struct oxd_req *req, struct oxd_obj *o, int user, int64_t status, const char *message);
/*
 * Which occurrence do recurrence_position / pos / recurrence_date_position of a JSON object mean? 0 none, -1 error set.
 */
int cal_position(struct oxd_req *req, const struct oxd_obj *o, const json_t *v, const char *name);

/* ---- calsearch.c ---- */

/* Appointments that clash with the object (which need not be stored) for its users and resources; NULL: none. */
json_t *cal_conflicts(struct oxd_req *req, const struct oxd_obj *o, bool *hard);
int cal_freebusy(struct oxd_req *req);
int cal_has(struct oxd_req *req);
int cal_search(struct oxd_req *req);
int cal_all(struct oxd_req *req);
int cal_updates(struct oxd_req *req);
int cal_new_appointments(struct oxd_req *req);
int cal_resolve_uid(struct oxd_req *req);
/* By UID among what the user sees: the master. */
struct oxd_obj *cal_by_uid(const struct oxd_ctx *ctx, const struct oxd_user *user, const char *uid);

#endif
