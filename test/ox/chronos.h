/* SPDX-License-Identifier: Apache-2.0 */
#ifndef OXD_CHRONOS_H
#define OXD_CHRONOS_H

/*
 * chronosmap.c: appointments as events. chronosback.c: events as appointments. What the legacy model has no member for
 * is kept beside it in the member "chronos": the texts of chronos_kept, class, rrule {text, as}, endTzid, people
 * {key: {role, ...}} and alarms {user id: [alarm, ...]}.
 */

#include "cal.h"

extern const char *const chronos_kept[]; /* fields kept as they were given; NULL ends */
/* The kept members of an object; NULL: none. */
const json_t *chronos_extras(const struct oxd_obj *o);
/* Key of a person among the kept people; g_free. */
char *chronos_person_key(int64_t entity, const char *type, const char *mail);
/* Minutes before the start at which an alarm is shown; -1: it is of another kind. */
int chronos_alarm_minutes(const json_t *alarm);
/* RRULE text of the legacy rule; g_free. NULL: none. */
char *chronos_rule(const struct oxd_obj *o);
/* An event object of spec 5.6 with the fields named (NULL: all). A new reference. */
json_t *chronos_event(struct oxd_req *req, const struct oxd_obj *o, const struct oxd_folder *view, const char *fields);
/*
 * 20170708, 20170708T220000 or 20170708T220000Z as an instant: the second form in the zone (NULL: UTC). *date_only is
 * set if it is not NULL. -1: not a date.
 */
int64_t chronos_instant(const char *text, GTimeZone *zone, bool *date_only);

/* Members of the legacy module, times as UTC or Dates; o: the object they are for, NULL: a new one. A new reference;
 * NULL: error set. */
json_t *chronos_to_legacy(struct oxd_req *req, const struct oxd_obj *o, const json_t *ev);
/* May the event's members that only this interface knows be written through the folder? -1: error set. */
int chronos_may_keep(struct oxd_req *req, const struct oxd_obj *o, const struct oxd_folder *view, const json_t *ev);
/* Keeps them, after the legacy members were changed. */
void chronos_keep(struct oxd_req *req, struct oxd_obj *o, const struct oxd_folder *view, const json_t *ev);

#endif
