/* SPDX-License-Identifier: Apache-2.0 */
#ifndef OXD_RECUR_H
#define OXD_RECUR_H

/*
 * The legacy recurrence model, spec 5.3: members recurrence_type, interval, days, day_in_month, month, until,
 * occurrences; week_start (0 Sunday) is not of the model, but of an RRULE that was read. Days are Dates: UTC midnights
 * (ms) of local days.
 */

#include "oxd.h"

#define OXD_DAY 86400000LL

/* NULL if the members make a rule, else what is wrong with them. */
const char *oxd_recur_check(const json_t *members);

struct oxd_recur {
    int type, interval, days, day_in_month, month, occurrences, week_start;
    int64_t until;       /* Date, INT64_MAX: none */
    int64_t first;       /* Date of the first occurrence */
    int64_t day;         /* of the occurrence found last */
    int position;        /* its number from 1; 0 before the first call */
    int64_t cursor;      /* where the search goes on */
};

/* Starts at the day of the first occurrence. */
void oxd_recur_start(struct oxd_recur *r, const json_t *members, int64_t first_day);
/* The next occurrence: sets day and position. false: the series is over. */
bool oxd_recur_next(struct oxd_recur *r);
/* Day of a position, -1 if there is none. */
int64_t oxd_recur_day(const json_t *members, int64_t first_day, int position);
/* Position of a day, 0 if nothing occurs there. */
int oxd_recur_position(const json_t *members, int64_t first_day, int64_t day);
/* The day after `day` on which the rule strikes, -1: none. For tasks: time of day is kept. */
int64_t oxd_recur_next_day(const json_t *members, int64_t when);
/* RRULE text of the rule; g_free. NULL: no rule. until_end: the UTC instant of the last occurrence's start or -1 */
char *oxd_recur_rrule(const json_t *members, int64_t until_instant);
/* Reads an RRULE into members; -1: not possible in the legacy model. */
int oxd_recur_from_rrule(const char *rrule, json_t *members, int64_t first_day);

/* Calendar arithmetic on Dates. */
void oxd_day_split(int64_t day, int *year, int *month, int *mday, int *wday); /* month from 0, wday 0 Sunday */
int64_t oxd_day_make(int year, int month, int mday);

#endif
