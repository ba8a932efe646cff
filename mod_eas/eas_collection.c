/* SPDX-License-Identifier: Apache-2.0 */
#include "eas_collection.h"

#include <apr_strings.h>
#include <stdlib.h>
#include <string.h>

#define PROTOCOL_ERROR SYNC_PROTOCOL
#define PACKED_SMS 99  /* stands for a type: short messages are asked for */
#define PACKED_PART 10 /* added to the type of a BodyPartPreference in the packed form */

static const struct {
    usm_class_e cls;
    const char *name;
    const char *filters; /* digits allowed as FilterType; NULL: none is looked at */
} class_rows[] = {{USM_EMAIL, "Email", "012345"},
                  {USM_CONTACT, "Contacts", NULL},
                  {USM_EVENT, "Calendar", "04567"},
                  {USM_TASK, "Tasks", "08"},
                  {USM_NOTE, "Notes", NULL},
                  {USM_RECIPIENT, "Contacts", NULL}}; /* behind the class that has the name for its own */

const char *eas_class_name(usm_class_e cls)
{
    for (apr_size_t i = 0; i < sizeof class_rows / sizeof class_rows[0]; i++) {
        if (class_rows[i].cls == cls)
            return class_rows[i].name;
    }
    return "";
}

usm_class_e eas_class_parse(const char *name)
{
    for (apr_size_t i = 0; name && i < sizeof class_rows / sizeof class_rows[0]; i++) {
        if (strcmp(class_rows[i].name, name) == 0)
            return class_rows[i].cls;
    }
    return USM_CLASS_COUNT;
}

int eas_class_is(usm_class_e cls, const char *name)
{
    return name && *name && strcmp(eas_class_name(cls), name) == 0;
}

int eas_filter_allowed(usm_class_e cls, int filter)
{
    for (apr_size_t i = 0; i < sizeof class_rows / sizeof class_rows[0]; i++) {
        if (class_rows[i].cls == cls)
            return !class_rows[i].filters || strchr(class_rows[i].filters, '0' + filter) != NULL;
    }
    return 0;
}

void eas_options_init(eas_options_t *o)
{
    memset(o, 0, sizeof *o);
    o->conflict = USM_SERVER_WINS;
    o->view.truncation = -1;
    o->view.mime_truncation = -1;
    o->window = EAS_WINDOW_DEFAULT;
}

const char *eas_options_pack(const eas_options_t *o, apr_pool_t *pool)
{
    const char *text = apr_psprintf(pool,
                                    "%s%d;%d;%d;%d;%" APR_INT64_T_FMT ";%" APR_INT64_T_FMT
                                    ";%d;%" APR_UINT64_T_HEX_FMT ";%" APR_UINT64_T_HEX_FMT,
                                    o->max_items || o->conversations
                                        ? apr_psprintf(pool, "2;%d;%d;", o->max_items, o->conversations)
                                        : "1;",
                                    o->filter, o->conflict, o->window, o->view.mime_support, o->view.mime_truncation,
                                    o->view.truncation, o->has_supported, o->supported.bits[0], o->supported.bits[1]);
    for (int i = 0; i < o->view.prefs; i++) {
        const eas_bodypref_t *p = &o->view.pref[i];
        text = apr_psprintf(pool, "%s;%d,%d,%d,%" APR_INT64_T_FMT, text, p->type, p->all_or_none, p->preview,
                            p->truncation);
    }
    if (o->view.part.type) /* after the others, with a type that none of them has */
        text = apr_psprintf(pool, "%s;%d,%d,%d,%" APR_INT64_T_FMT, text, PACKED_PART + o->view.part.type,
                            o->view.part.all_or_none, o->view.part.preview, o->view.part.truncation);
    if (o->sms)
        text = apr_psprintf(pool, "%s;%d,0,0,0", text, PACKED_SMS);
    return text;
}

static apr_int64_t take(const char **p, int base)
{
    char *end;
    apr_int64_t n = base == 16 ? (apr_int64_t)strtoull(*p, &end, 16) : strtoll(*p, &end, 10);
    *p = *end ? end + 1 : end;
    return n;
}

void eas_options_unpack(eas_options_t *o, const char *p)
{
    eas_options_init(o);
    if (!p || (strncmp(p, "1;", 2) != 0 && strncmp(p, "2;", 2) != 0))
        return;
    int more = *p == '2'; /* what few have stands before the rest */
    p += 2;
    o->max_items = more ? (int)take(&p, 10) : 0;
    o->conversations = more ? (int)take(&p, 10) : 0;
    o->filter = (int)take(&p, 10);
    o->conflict = take(&p, 10) ? USM_CLIENT_WINS : USM_SERVER_WINS;
    o->window = (int)take(&p, 10);
    o->view.mime_support = (int)take(&p, 10);
    o->view.mime_truncation = take(&p, 10);
    o->view.truncation = take(&p, 10);
    o->has_supported = (int)take(&p, 10);
    o->supported.bits[0] = (apr_uint64_t)take(&p, 16);
    o->supported.bits[1] = (apr_uint64_t)take(&p, 16);
    while (*p) {
        eas_bodypref_t pref = {.type = (int)take(&p, 10)};
        pref.all_or_none = (int)take(&p, 10);
        pref.preview = (int)take(&p, 10);
        pref.truncation = take(&p, 10);
        if (pref.type == PACKED_SMS) {
            o->sms = 1;
        } else if (pref.type > PACKED_PART) {
            o->view.part = pref;
            o->view.part.type -= PACKED_PART;
        } else if (o->view.prefs < EAS_PREFS_MAX) {
            o->view.pref[o->view.prefs++] = pref;
        }
    }
}

/* BodyPreference and BodyPartPreference: their children have an order (MS-ASAIRS 2.2.2.12). 0 = wrong. */
static int read_one(eas_bodypref_t *pref, const eas_node_t *node)
{
    static const unsigned order[] = {EAS_AirSyncBase_Type, EAS_AirSyncBase_TruncationSize, EAS_AirSyncBase_AllOrNone,
                                     EAS_AirSyncBase_Preview};
    const eas_node_t *child;
    apr_int64_t n;
    int at = -1;
    *pref = (eas_bodypref_t){.truncation = -1};
    EAS_NODE_EACH(child, node)
    {
        int i = at + 1;
        while (i < 4 && order[i] != child->tag)
            i++;
        if (i == 4)
            return 0;
        at = i;
        if (i == 0 && eas_node_int(child, 1, 4, &n))
            pref->type = (int)n;
        else if (i == 1 && eas_node_int(child, 0, APR_UINT32_MAX, &n))
            pref->truncation = n;
        else if (i == 2 && eas_node_bool(child, &pref->all_or_none))
            continue;
        else if (i == 3 && eas_node_int(child, 0, 255, &n))
            pref->preview = (int)n;
        else
            return 0;
    }
    return pref->type != 0;
}

/* Each Type comes once. */
static int read_pref(eas_view_t *view, const eas_node_t *node)
{
    eas_bodypref_t pref;
    if (!read_one(&pref, node))
        return PROTOCOL_ERROR;
    for (int i = 0; i < view->prefs; i++) {
        if (view->pref[i].type == pref.type)
            return PROTOCOL_ERROR;
    }
    if (view->prefs == EAS_PREFS_MAX)
        return PROTOCOL_ERROR;
    view->pref[view->prefs++] = pref;
    return 0;
}

/* Type 2 is the only one there is (MS-ASAIRS 2.2.2.11). */
static int read_part_pref(eas_view_t *view, const eas_node_t *node)
{
    apr_int64_t type;
    if (!eas_node_int(eas_node_child(node, EAS_AirSyncBase_Type), 2, 2, &type))
        return EAS_STATUS_BodyPartPreferenceTypeNotSupported;
    return !view->part.type && read_one(&view->part, node) ? 0 : PROTOCOL_ERROR;
}

static int is_sms(const eas_node_t *options)
{
    const char *cls = eas_node_child_text(options, EAS_AirSync_Class);
    return cls && strcmp(cls, "SMS") == 0;
}

int eas_options_block(eas_options_t *o, const eas_node_t *options, unsigned version, usm_class_e cls)
{
    static const apr_int64_t mime_sizes[] = {0, 4096, 5120, 7168, 10240, 20480, 51200, 102400, -1};
    static const apr_int64_t sizes[] = {0, 512, 1024, 2048, 5120, 10240, 20480, 51200, 102400, -1};
    const eas_node_t *node;
    apr_int64_t n = 0;
    EAS_NODE_EACH(node, options)
    {
        int good = 1, status = 0;
        if (node->tag != EAS_AirSyncBase_BodyPreference && eas_node_next(node, node->tag))
            return PROTOCOL_ERROR;
        switch (node->tag) {
        case EAS_AirSync_FilterType:
            good = eas_node_int(node, 0, 8, &n) && eas_filter_allowed(cls, (int)n);
            o->filter = (int)n;
            break;
        case EAS_AirSync_Conflict:
            good = eas_node_int(node, 0, 1, &n);
            o->conflict = n == 0 ? USM_CLIENT_WINS : USM_SERVER_WINS;
            break;
        case EAS_AirSync_MIMESupport:
            good = eas_node_int(node, 0, 2, &n);
            o->view.mime_support = (int)n;
            break;
        case EAS_AirSync_MIMETruncation:
            good = eas_node_int(node, 0, 8, &n);
            o->view.mime_truncation = good ? mime_sizes[n] : -1;
            break;
        case EAS_AirSync_Truncation:
            good = eas_node_int(node, 0, 9, &n);
            o->view.truncation = good ? sizes[n] : -1;
            break;
        case EAS_AirSyncBase_BodyPreference:
            good = version < 120 || read_pref(&o->view, node) == 0;
            break;
        case EAS_AirSyncBase_BodyPartPreference:
            status = read_part_pref(&o->view, node);
            break;
        case EAS_AirSync_Class:
            good = is_sms(options) || eas_class_is(cls, eas_node_text(node));
            break;
        case EAS_AirSync_MaxItems: /* MS-ASCMD 2.2.3.98: of the recipient cache */
            good = cls == USM_RECIPIENT && eas_node_int(node, 1, APR_INT32_MAX, &n);
            o->max_items = n > USM_RECIPIENTS_MAX ? USM_RECIPIENTS_MAX : (int)n;
            break;
        default:
            break;
        }
        if (!good || status)
            return status ? status : PROTOCOL_ERROR;
    }
    return 0;
}

int eas_options_blocks(const eas_node_t **own_p, const eas_node_t *collection, unsigned version, usm_class_e cls)
{
    const eas_node_t *options;
    int sms = 0;
    *own_p = NULL;
    EAS_NODE_EACH_TAG(options, collection, EAS_AirSync_Options)
    {
        if (is_sms(options) && (version < 140 || cls != USM_EMAIL || sms++))
            return 0;
        if (!is_sms(options) && *own_p)
            return 0;
        if (!is_sms(options))
            *own_p = options;
    }
    return 1;
}

int eas_options_read(eas_options_t *o, const eas_node_t *collection, unsigned version, usm_class_e cls)
{
    const eas_node_t *options, *own;
    int sms = eas_node_child(collection, EAS_AirSync_Options) ? 0 : o->sms;
    if (!eas_options_blocks(&own, collection, version, cls))
        return PROTOCOL_ERROR;
    EAS_NODE_EACH_TAG(options, collection, EAS_AirSync_Options)
    {
        eas_options_t fresh;
        eas_options_init(&fresh);
        fresh.has_supported = o->has_supported;
        fresh.supported = o->supported;
        fresh.window = o->window;
        fresh.conversations = o->conversations;
        int status = eas_options_block(&fresh, options, version, cls);
        if (status)
            return status;
        sms |= is_sms(options);
        if (options == own) /* of the other one only its being there counts: short messages are told as mails are */
            *o = fresh;
    }
    o->sms = sms;
    return 0;
}

void eas_options_apply(usm_turn_params_t *params, const eas_options_t *o, usm_class_e cls, eas_ctx_t *ctx)
{
    static const int days[] = {0, 1, 3, 7, 14, 31, 92, 183, 0};
    usm_time_t now = apr_time_as_msec(apr_time_now());
    int back = o->filter >= 0 && o->filter <= 8 ? days[o->filter] : 0;
    if (cls == USM_EMAIL && ctx->conf->window_max_days && (!back || back > ctx->conf->window_max_days))
        back = (int)ctx->conf->window_max_days;
    params->since = back && (cls == USM_EMAIL || cls == USM_EVENT) ? now - back * USM_DAY_MS : USM_TIME_NONE;
    params->open_tasks_only = cls == USM_TASK && o->filter == 8;
    params->max_items = o->max_items;
    params->conflict = o->conflict;
    eas_map_fetch(&params->fetch, cls, ctx->version, &o->view);
}
