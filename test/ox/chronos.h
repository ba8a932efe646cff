/* SPDX-License-Identifier: Apache-2.0 */
#ifndef OXD_CHRONOS_H
#define OXD_CHRONOS_H

/* chronosmap.c: appointments as events and back. */

#include "cal.h"

/* An event object of spec 5.6 with the fields named (NULL: all). A new reference. */
json_t *chronos_event(struct oxd_req *req, const struct oxd_obj *o, const struct oxd_folder *view, const char *fields);
/* Members of the legacy module, times as UTC or Dates. A new reference; NULL: error set. */
json_t *chronos_to_legacy(struct oxd_req *req, const json_t *ev);
/*
 * 20170708, 20170708T220000 or 20170708T220000Z as an instant: the second form in the zone (NULL: UTC). *date_only is
 * set if it is not NULL. -1: not a date.
 */
int64_t chronos_instant(const char *text, GTimeZone *zone, bool *date_only);

#endif
