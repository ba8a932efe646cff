/* SPDX-License-Identifier: Apache-2.0 */
#include "eas_oof.h"

#include <apr_strings.h>
#include <apr_time.h>
#include <string.h>
#include <usm/zone.h>

#include "eas_html.h"
#include "eas_map.h"

#define REPLY_MAX 32768          /* bytes of a text */
#define OPEN_DAYS (10 * 365)     /* what a notice without a last day is told to have */

typedef enum { FORM_TEXT, FORM_HTML, FORM_NONE } form_e;

static form_e form_of(const char *name)
{
    return !name || (strcasecmp(name, "Text") != 0 && strcasecmp(name, "HTML") != 0) ? FORM_NONE
           : strcasecmp(name, "Text") == 0                                            ? FORM_TEXT
                                                                                      : FORM_HTML;
}

/* ---- audiences ---- */

enum { INTERNAL, KNOWN, UNKNOWN, AUDIENCES };
static const unsigned audiences[AUDIENCES] = {EAS_Settings_AppliesToInternal, EAS_Settings_AppliesToExternalKnown,
                                              EAS_Settings_AppliesToExternalUnknown};

typedef struct message_t {
    int given, enabled;
    const char *text; /* NULL: none was given */
} message_t;

/* ---- days and times ---- */

/* The user's own zone, NULL = UTC. */
static usm_error_t *own_zone(const usm_zone_t **zone_p, eas_ctx_t *ctx)
{
    const usm_userinfo_t *info;
    USM_ERR(usm_session_userinfo(&info, ctx->session));
    *zone_p = usm_zone_open(info->timezone, ctx->pool);
    return NULL;
}

static usm_time_t local_day(const usm_zone_t *zone, usm_time_t t)
{
    return usm_date_floor(zone ? usm_zone_to_local(zone, t) : t);
}

static usm_time_t day_start(const usm_zone_t *zone, usm_time_t day)
{
    return zone ? usm_zone_to_utc(zone, day) : day;
}

/* ---- Get ---- */

static void put_days(const usm_away_t *away, const usm_zone_t *zone, eas_writer_t *out)
{
    usm_time_t first = away->first, last = away->last, today = local_day(zone, apr_time_as_msec(apr_time_now()));
    if (away->state != USM_AWAY_DAYS && (first == USM_TIME_NONE || last == USM_TIME_NONE))
        return;
    /* A device knows no notice with one end only. */
    if (first == USM_TIME_NONE)
        first = last != USM_TIME_NONE && last < today ? last : today;
    if (last == USM_TIME_NONE)
        last = first + OPEN_DAYS * USM_DAY_MS;
    eas_writer_tag_time(out, EAS_Settings_StartTime, day_start(zone, first), EAS_TIME_DASHED);
    eas_writer_tag_time(out, EAS_Settings_EndTime, day_start(zone, last + USM_DAY_MS), EAS_TIME_DASHED);
}

static void put_messages(eas_ctx_t *ctx, const usm_away_t *away, form_e form, eas_writer_t *out)
{
    const char *text = away->text;
    apr_size_t len;
    if (text && form == FORM_HTML)
        text = eas_text_to_html(&len, text, strlen(text), ctx->pool);
    for (int i = 0; i < AUDIENCES; i++) {
        eas_writer_start(out, EAS_Settings_OofMessage);
        eas_writer_empty(out, audiences[i]);
        eas_writer_tag_int(out, EAS_Settings_Enabled, away->state != USM_AWAY_OFF);
        if (text) {
            eas_writer_tag_text(out, EAS_Settings_ReplyMessage, text);
            eas_writer_tag_text(out, EAS_Settings_BodyType, form == FORM_HTML ? "HTML" : "Text");
        }
        eas_writer_end(out);
    }
}

static usm_error_t *get(int *status_p, eas_ctx_t *ctx, const eas_node_t *node, eas_writer_t *out)
{
    const char *type = eas_node_child_text(node, EAS_Settings_BodyType);
    const usm_zone_t *zone;
    usm_away_t away;
    *status_p = !type ? SETTINGS_PROTOCOL : form_of(type) == FORM_NONE ? SETTINGS_ARGUMENTS : SETTINGS_OK;
    if (*status_p != SETTINGS_OK)
        return NULL;
    USM_ERR(own_zone(&zone, ctx));
    USM_ERR(usm_away_get(&away, ctx->session, ctx->pool));
    eas_writer_tag_int(out, EAS_Settings_Status, SETTINGS_OK);
    eas_writer_start(out, EAS_Settings_Get);
    eas_writer_tag_int(out, EAS_Settings_OofState, away.state);
    put_days(&away, zone, out);
    put_messages(ctx, &away, form_of(type), out);
    eas_writer_end(out);
    return NULL;
}

/* ---- Set ---- */

static int read_message(message_t messages[AUDIENCES], const eas_node_t *node, apr_pool_t *pool)
{
    const char *text = eas_node_child_text(node, EAS_Settings_ReplyMessage);
    const eas_node_t *type = eas_node_child(node, EAS_Settings_BodyType);
    message_t message = {.given = 1};
    int who = AUDIENCES, count = 0;
    apr_size_t len;
    for (int i = 0; i < AUDIENCES; i++) {
        if (eas_node_child(node, audiences[i])) {
            who = i;
            count++;
        }
    }
    if (count != 1 || !eas_node_bool(eas_node_child(node, EAS_Settings_Enabled), &message.enabled) ||
        (eas_node_child(node, EAS_Settings_ReplyMessage) && (!text || !type)))
        return SETTINGS_PROTOCOL;
    if (messages[who].given)
        return SETTINGS_CONFLICT;
    if ((type && form_of(eas_node_text(type)) == FORM_NONE) || (text && strlen(text) > REPLY_MAX))
        return SETTINGS_ARGUMENTS;
    if (text && form_of(eas_node_text(type)) == FORM_HTML)
        text = eas_html_to_text(&len, text, strlen(text), pool);
    message.text = text;
    messages[who] = message;
    return SETTINGS_OK;
}

/* Of what the audiences shall get, that which all may read. */
static void choose_text(usm_away_t *away, const message_t messages[AUDIENCES])
{
    static const int order[AUDIENCES] = {KNOWN, UNKNOWN, INTERNAL};
    int given = 0, enabled = 0;
    away->text = NULL;
    for (int pass = 1; pass >= 0; pass--) {
        for (int i = 0; i < AUDIENCES && !away->text; i++) {
            const message_t *m = &messages[order[i]];
            if (m->given && m->enabled == pass && m->text && *m->text)
                away->text = m->text;
        }
    }
    for (int i = 0; i < AUDIENCES; i++) {
        given += messages[i].given;
        enabled += messages[i].enabled;
    }
    if (given && !enabled) /* on, but for nobody */
        away->state = USM_AWAY_OFF;
}

static int read_days(usm_away_t *away, const eas_node_t *node, const usm_zone_t *zone)
{
    const eas_node_t *start = eas_node_child(node, EAS_Settings_StartTime);
    const eas_node_t *end = eas_node_child(node, EAS_Settings_EndTime);
    usm_time_t from, to;
    away->first = away->last = USM_TIME_NONE;
    if (!start != !end || (away->state == USM_AWAY_DAYS && !start))
        return SETTINGS_PROTOCOL;
    if (!start || away->state != USM_AWAY_DAYS)
        return SETTINGS_OK;
    if (!eas_time_parse(&from, eas_node_text(start)) || !eas_time_parse(&to, eas_node_text(end)) || to <= from)
        return SETTINGS_ARGUMENTS;
    away->first = local_day(zone, from);
    away->last = local_day(zone, to - 1);
    return SETTINGS_OK;
}

static usm_error_t *set(int *status_p, eas_ctx_t *ctx, const eas_node_t *node)
{
    const eas_node_t *state = eas_node_child(node, EAS_Settings_OofState), *child;
    message_t messages[AUDIENCES] = {{0}};
    const usm_zone_t *zone;
    usm_away_t away;
    apr_int64_t n = 0;
    *status_p = SETTINGS_OK;
    EAS_NODE_EACH_TAG(child, node, EAS_Settings_OofMessage)
    {
        if (*status_p == SETTINGS_OK)
            *status_p = read_message(messages, child, ctx->pool);
    }
    if (*status_p == SETTINGS_OK && state && !eas_node_int(state, USM_AWAY_OFF, USM_AWAY_DAYS, &n))
        *status_p = SETTINGS_ARGUMENTS;
    if (*status_p == SETTINGS_OK && messages[KNOWN].enabled && messages[UNKNOWN].enabled && messages[KNOWN].text &&
        messages[UNKNOWN].text && strcmp(messages[KNOWN].text, messages[UNKNOWN].text) != 0)
        *status_p = SETTINGS_CONFLICT;
    if (*status_p != SETTINGS_OK)
        return NULL;
    USM_ERR(own_zone(&zone, ctx));
    away = (usm_away_t){.state = (usm_away_e)n, .first = USM_TIME_NONE, .last = USM_TIME_NONE};
    if (!state) /* what is not said stays as it is */
        USM_ERR(usm_away_get(&away, ctx->session, ctx->pool));
    else
        *status_p = read_days(&away, node, zone);
    if (*status_p != SETTINGS_OK)
        return NULL;
    choose_text(&away, messages);
    return usm_away_set(ctx->session, &away, ctx->pool);
}

/* ---- both ---- */

/* What is wrong with this property alone; a server that is down concerns the whole request. */
static usm_error_t *status_of(int *status_p, eas_ctx_t *ctx, usm_error_t *err)
{
    static const struct {
        usm_errclass_e cls;
        int status;
    } rows[] = {{USM_CLASS_INVALID, SETTINGS_ARGUMENTS}, {USM_CLASS_PERM, SETTINGS_DENIED},
                {USM_CLASS_LIMIT, SETTINGS_ARGUMENTS},   {USM_CLASS_TEMP, SETTINGS_UNAVAILABLE},
                {USM_CLASS_QUOTA, SETTINGS_DENIED},      {USM_CLASS_NOTFOUND, SETTINGS_UNAVAILABLE},
                {USM_CLASS_CONFLICT, SETTINGS_UNAVAILABLE}};
    for (apr_size_t i = 0; err && i < sizeof rows / sizeof rows[0]; i++) {
        if (usm_error_class(err) == rows[i].cls && !usm_error_is(err, USM_EDISABLED)) {
            *status_p = rows[i].status;
            usm_log(ctx->log, USM_LOG_INFO, EASLOGNO(62), "out of office: %s", usm_error_text(err, ctx->pool));
            usm_error_clear(err);
            return NULL;
        }
    }
    return err;
}

usm_error_t *eas_oof(eas_ctx_t *ctx, const eas_node_t *node, eas_writer_t *out)
{
    const eas_node_t *to_get = eas_node_child(node, EAS_Settings_Get), *to_set = eas_node_child(node, EAS_Settings_Set);
    int status = SETTINGS_PROTOCOL;
    usm_error_t *err = NULL;
    if (!to_get != !to_set)
        err = to_get ? get(&status, ctx, to_get, out) : set(&status, ctx, to_set);
    USM_ERR(status_of(&status, ctx, err));
    if (to_set || status != SETTINGS_OK) /* get() has written its own */
        eas_writer_tag_int(out, EAS_Settings_Status, status);
    return NULL;
}
