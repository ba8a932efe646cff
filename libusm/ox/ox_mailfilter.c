/* SPDX-License-Identifier: Apache-2.0 */
/* The out-of-office notice: the mail filter rule with the flag "vacation" (spec 9). All else of that rule, and all
 * other rules, are the user's own. */
#include "ox/ox.h"

#include <apr_strings.h>
#include <string.h>
#include <usm/people.h>

#define FLAG "vacation"
#define RULE_NAME "vacation notice"
#define DAYS_BETWEEN "7" /* answers to one sender */

/* ---- reading ---- */

static int is_id(const ox_json_t *object, const char *id)
{
    const char *text = ox_json_str(ox_json_get(object, "id"), NULL);
    return text && strcmp(text, id) == 0;
}

/* The action of the rule that answers; NULL when there is none. */
static ox_json_t *action_of(const ox_json_t *rule)
{
    const ox_json_t *list = ox_json_get(rule, "actioncmds");
    for (int i = 0; i < ox_json_count(list); i++) {
        if (is_id(ox_json_at(list, i), FLAG))
            return ox_json_at(list, i);
    }
    return NULL;
}

/* A test for a first or last day. */
static int is_day_test(const ox_json_t *test)
{
    const char *part = ox_json_str(ox_json_get(test, "datepart"), NULL);
    const char *how = ox_json_str(ox_json_get(test, "comparison"), NULL);
    return is_id(test, "currentdate") && part && strcmp(part, "date") == 0 && how &&
           (strcmp(how, "ge") == 0 || strcmp(how, "le") == 0);
}

static usm_time_t day_of(const ox_json_t *test)
{
    usm_time_t t = ox_json_time(ox_json_at(ox_json_get(test, "datevalue"), 0), USM_TIME_NONE);
    return t == USM_TIME_NONE ? t : (t / USM_DAY_MS - (t % USM_DAY_MS < 0)) * USM_DAY_MS;
}

static void read_day(usm_away_t *away, const ox_json_t *test)
{
    if (!is_day_test(test))
        return;
    away->state = USM_AWAY_DAYS;
    if (strcmp(ox_json_str(ox_json_get(test, "comparison"), NULL), "ge") == 0)
        away->first = day_of(test);
    else
        away->last = day_of(test);
}

/* The notice among the rules; one that is on before one that is off. */
static usm_error_t *find_rule(ox_json_t **rule_p, usm_bcall_t *call, apr_pool_t *pool)
{
    ox_answer_t answer;
    *rule_p = NULL;
    usm_error_t *err = ox_get(&answer, call, ox_path(pool, "mailfilter", "action", "list", "flag", FLAG, NULL), pool);
    if (err && usm_error_class(err) == USM_CLASS_PERM) {
        usm_error_clear(err);
        return USM_ERROR(pool, USM_EUNSUPPORTED, "the user has no mail filter");
    }
    USM_ERR(err);
    for (int i = 0; i < ox_json_count(answer.data); i++) {
        ox_json_t *rule = ox_json_at(answer.data, i);
        const ox_json_t *flags = ox_json_get(rule, "flags");
        int ours = 0;
        for (int k = 0; k < ox_json_count(flags); k++) {
            const char *flag = ox_json_str(ox_json_at(flags, k), NULL);
            ours |= flag && strcmp(flag, FLAG) == 0;
        }
        if (!ours || !action_of(rule) || !ox_json_has_int(ox_json_get(rule, "id")))
            continue; /* an old server takes no flag and lists them all */
        if (!*rule_p || (!ox_json_true(ox_json_get(*rule_p, "active")) && ox_json_true(ox_json_get(rule, "active"))))
            *rule_p = rule;
    }
    return NULL;
}

usm_error_t *ox_away_get(usm_away_t *away, usm_bcall_t *call, apr_pool_t *pool)
{
    ox_json_t *rule;
    USM_ERR(find_rule(&rule, call, pool));
    if (!rule)
        return NULL;
    const ox_json_t *test = ox_json_get(rule, "test"), *tests = ox_json_get(test, "tests");
    read_day(away, test);
    for (int i = 0; is_id(test, "allof") && i < ox_json_count(tests); i++)
        read_day(away, ox_json_at(tests, i));
    if (away->state == USM_AWAY_OFF)
        away->state = USM_AWAY_ON;
    if (!ox_json_true(ox_json_get(rule, "active")))
        away->state = USM_AWAY_OFF;
    away->text = ox_json_get_text(action_of(rule), "text", pool);
    return NULL;
}

/* ---- writing ---- */

static void add_day(ox_json_t *tests, const char *comparison, usm_time_t day, apr_pool_t *pool)
{
    ox_json_t *test = ox_json_object(pool), *values = ox_json_array(pool), *holder = ox_json_object(pool);
    if (day == USM_TIME_NONE)
        return;
    ox_json_set_text(test, "id", "currentdate");
    ox_json_set_text(test, "comparison", comparison);
    ox_json_set_text(test, "datepart", "date");
    ox_json_set_int(holder, "d", day);
    ox_json_add(values, ox_json_get(holder, "d"));
    ox_json_set(test, "datevalue", values);
    ox_json_add(tests, test);
}

/* What the rule tests beside days stays: the user may answer to some senders only. */
static ox_json_t *make_test(const ox_json_t *old, const usm_away_t *away, apr_pool_t *pool)
{
    ox_json_t *tests = ox_json_array(pool), *test = ox_json_object(pool);
    const ox_json_t *list = ox_json_get(old, "tests");
    if (is_id(old, "allof")) {
        for (int i = 0; i < ox_json_count(list); i++) {
            if (!is_day_test(ox_json_at(list, i)) && !is_id(ox_json_at(list, i), "true"))
                ox_json_add(tests, ox_json_at(list, i));
        }
    } else if (old && !is_day_test(old) && !is_id(old, "true")) {
        ox_json_add(tests, (ox_json_t *)old);
    }
    if (away->state == USM_AWAY_DAYS) {
        add_day(tests, "ge", away->first, pool);
        add_day(tests, "le", away->last, pool);
    }
    if (ox_json_count(tests) == 1)
        return ox_json_at(tests, 0);
    ox_json_set_text(test, "id", ox_json_count(tests) ? "allof" : "true");
    if (ox_json_count(tests))
        ox_json_set(test, "tests", tests);
    return test;
}

static ox_json_t *make_action(const char *text, const usm_userinfo_t *info, apr_pool_t *pool)
{
    ox_json_t *action = ox_json_object(pool), *addresses = ox_json_array(pool);
    ox_json_set_text(action, "id", FLAG);
    ox_json_set_text(action, "days", DAYS_BETWEEN);
    for (int i = 0; i < info->address_count; i++)
        ox_json_add_text(addresses, info->addresses[i]);
    ox_json_set(action, "addresses", addresses);
    ox_json_set_text(action, "text", text);
    return action;
}

/* A server without tests for days would answer for ever. */
static usm_error_t *can_test_days(usm_bcall_t *call, apr_pool_t *pool)
{
    ox_answer_t answer;
    USM_ERR(ox_get(&answer, call, ox_path(pool, "mailfilter", "action", "config", NULL), pool));
    const ox_json_t *tests = ox_json_get(answer.data, "tests");
    for (int i = 0; i < ox_json_count(tests); i++) {
        const char *name = ox_json_str(ox_json_get(ox_json_at(tests, i), "test"), NULL);
        if (name && strcmp(name, "currentdate") == 0)
            return NULL;
    }
    return USM_ERROR(pool, USM_EUNSUPPORTED, "mail filters of this server know no days");
}

static usm_error_t *new_rule(usm_bcall_t *call, const usm_away_t *away, const usm_userinfo_t *info, apr_pool_t *pool)
{
    ox_json_t *rule = ox_json_object(pool), *flags = ox_json_array(pool), *actions = ox_json_array(pool);
    ox_answer_t answer;
    if (!away->text || !*away->text)
        return away->state == USM_AWAY_OFF ? NULL : USM_ERROR(pool, USM_EINVALID, "a notice without text");
    ox_json_set_text(rule, "rulename", RULE_NAME);
    ox_json_set_bool(rule, "active", away->state != USM_AWAY_OFF);
    ox_json_add_text(flags, FLAG);
    ox_json_set(rule, "flags", flags);
    ox_json_set_int(rule, "position", 0);
    ox_json_set(rule, "test", make_test(NULL, away, pool));
    ox_json_add(actions, make_action(away->text, info, pool));
    ox_json_set(rule, "actioncmds", actions);
    return ox_put(&answer, call, ox_path(pool, "mailfilter", "action", "new", NULL), rule, pool);
}

usm_error_t *ox_away_set(usm_bcall_t *call, const usm_away_t *away, const usm_userinfo_t *info, apr_pool_t *pool)
{
    ox_json_t *rule, *change = ox_json_object(pool);
    ox_answer_t answer;
    USM_ERR(find_rule(&rule, call, pool));
    if (away->state == USM_AWAY_DAYS)
        USM_ERR(can_test_days(call, pool));
    if (!rule)
        return new_rule(call, away, info, pool);
    ox_json_set(change, "id", ox_json_get(rule, "id"));
    ox_json_set_bool(change, "active", away->state != USM_AWAY_OFF);
    if (away->state != USM_AWAY_OFF)
        ox_json_set(change, "test", make_test(ox_json_get(rule, "test"), away, pool));
    if (away->text && *away->text) {
        ox_json_set_text(action_of(rule), "text", away->text);
        ox_json_set(change, "actioncmds", ox_json_get(rule, "actioncmds"));
    }
    return ox_put(&answer, call, ox_path(pool, "mailfilter", "action", "update", NULL), change, pool);
}
