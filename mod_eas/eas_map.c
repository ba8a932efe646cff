/* SPDX-License-Identifier: Apache-2.0 */
#include "eas_map.h"

#include <apr_strings.h>
#include <string.h>

#define USM_FIELD(id, type, column, key, page, tag, since, until, flags)                                               \
    {#id, USM_T_##type, ROW_FIELD(id), EAS_##page##_##tag, since, until},
#define USM_FIELD_INNER(id, type, column, key, flags)
#define ROW_FIELD(id) USM_CONTACT_##id
static const eas_row_t contact_rows[] = {
#include <usm/tbl/contact.h>
    {NULL, USM_T_TEXT, 0, 0, 0, 0}};
#undef ROW_FIELD
#define ROW_FIELD(id) USM_EVENT_##id
static const eas_row_t event_rows[] = {
#include <usm/tbl/event.h>
    {NULL, USM_T_TEXT, 0, 0, 0, 0}};
#undef ROW_FIELD
#define ROW_FIELD(id) USM_TASK_##id
static const eas_row_t task_rows[] = {
#include <usm/tbl/task.h>
    {NULL, USM_T_TEXT, 0, 0, 0, 0}};
#undef ROW_FIELD
#define ROW_FIELD(id) USM_EMAIL_##id
static const eas_row_t email_rows[] = {
#include <usm/tbl/email.h>
    {NULL, USM_T_TEXT, 0, 0, 0, 0}};
#undef ROW_FIELD
#define ROW_FIELD(id) USM_NOTE_##id
static const eas_row_t note_rows[] = {
#include <usm/tbl/note.h>
    {NULL, USM_T_TEXT, 0, 0, 0, 0}};
#undef ROW_FIELD
#define ROW_FIELD(id) USM_RECIPIENT_##id
static const eas_row_t recipient_rows[] = {
#include <usm/tbl/recipient.h>
    {NULL, USM_T_TEXT, 0, 0, 0, 0}};
#undef ROW_FIELD
#undef USM_FIELD
#undef USM_FIELD_INNER
static const eas_row_t no_rows[] = {{NULL, USM_T_TEXT, 0, 0, 0, 0}};

typedef struct class_t {
    const eas_row_t *rows;
    unsigned body25, truncated25;                                        /* Body elements of version 2.5 */
    void (*extra)(eas_map_t *map, const usm_item_t *item);               /* elements made of no single field */
    int (*skips)(eas_map_t *map, const eas_row_t *row);                  /* rows that do not apply to this item */
    usm_error_t *(*decoded)(usm_item_t *, eas_map_t *, const eas_node_t *); /* what needs several elements */
} class_t;

static const class_t classes[USM_CLASS_COUNT] = {
    [USM_FOLDER] = {.rows = no_rows},
    [USM_EMAIL] = {email_rows, EAS_Email_Body, EAS_Email_BodyTruncated, eas_email_extra, NULL, NULL},
    [USM_CONTACT] = {contact_rows, EAS_Contacts_Body, EAS_Contacts_BodyTruncated, eas_contact_extra, NULL, NULL},
    [USM_EVENT] = {event_rows, EAS_Calendar_Body, EAS_Calendar_BodyTruncated, eas_event_extra, eas_event_skips,
                   eas_event_decoded},
    [USM_TASK] = {task_rows, EAS_Tasks_Body, EAS_Tasks_BodyTruncated, eas_task_extra, NULL, eas_task_decoded},
    [USM_NOTE] = {note_rows, 0, 0, eas_note_extra, NULL, eas_note_decoded},
    [USM_RECIPIENT] = {.rows = recipient_rows},
};

const eas_row_t *eas_map_rows(usm_class_e cls)
{
    return (unsigned)cls < USM_CLASS_COUNT ? classes[cls].rows : no_rows;
}

int eas_map_in_version(const eas_row_t *row, unsigned version)
{
    return version >= row->since && version <= row->until;
}

static void encode_row(eas_map_t *map, const eas_row_t *row)
{
    const class_t *cls = &classes[map->cls];
    const usm_value_t *v = &map->item->v[row->field];
    if (!eas_map_in_version(row, map->ctx->version) || !eas_convs[row->type].encode ||
        (cls->skips && cls->skips(map, row)))
        return;
    /* A flag or label that is gone has to be said; any other value that is not there is not mentioned. */
    if (v->state == USM_SET || row->type == USM_T_FLAG || row->type == USM_T_LABEL)
        eas_convs[row->type].encode(map, row, v);
}

/* A mail of which only flags changed. What this version has no element for still has to be answered by something:
 * Read, as it is, changes nothing. */
static void encode_changed(eas_map_t *map, const usm_fieldset_t *changed)
{
    apr_off_t before = eas_writer_bytes(map->out);
    for (const eas_row_t *row = email_rows; row->name; row++) {
        if (USM_FIELDSET_HAS(changed, row->field))
            encode_row(map, row);
    }
    for (const eas_row_t *row = email_rows; eas_writer_bytes(map->out) == before && row->name; row++) {
        if (row->field == USM_EMAIL_READ)
            encode_row(map, row);
    }
}

void eas_map_encode(eas_map_t *map, const usm_item_t *item, const usm_fieldset_t *changed)
{
    const class_t *cls = &classes[map->cls];
    map->item = item;
    if (changed && map->cls == USM_EMAIL) {
        encode_changed(map, changed);
        return;
    }
    for (const eas_row_t *row = cls->rows; row->name; row++) {
        /* A device keeps the picture it has until another one comes, or an empty one. */
        if (changed && row->type == USM_T_PICTURE && !USM_FIELDSET_HAS(changed, row->field))
            continue;
        if (changed && row->type == USM_T_PICTURE && item->v[row->field].state != USM_SET)
            eas_writer_empty(map->out, row->tag);
        encode_row(map, row);
    }
    if (cls->extra)
        cls->extra(map, item);
}

/* With room for any zone. */
static int writable(apr_int64_t ms)
{
    char text[EAS_TIME_LEN];
    return ms > -APR_INT64_C(62135000000000) && ms < APR_INT64_C(253402000000000) &&
           eas_time_format(text, ms, EAS_TIME_COMPACT);
}

const char *eas_map_fault(const usm_item_t *item, apr_pool_t *pool)
{
    const char *fault = NULL;
    for (int f = 0; !fault && f < usm_class_fields(item->cls); f++) {
        const usm_fieldinfo_t *info = usm_field(item->cls, f);
        const usm_value_t *v = &item->v[f];
        int time = info->type == USM_T_TIME || info->type == USM_T_EVTIME || info->type == USM_T_DATE;
        if (v->state != USM_SET)
            continue;
        if (time && !writable(v->u.num))
            fault = apr_psprintf(pool, "field %s: no date: %" APR_INT64_T_FMT, info->name, v->u.num);
        for (int i = 0; info->type == USM_T_EXCEPTIONS && !fault && i < v->u.exceptions->count; i++) {
            if (v->u.exceptions->items[i].item)
                fault = eas_map_fault(v->u.exceptions->items[i].item, pool);
        }
    }
    return fault;
}

static const eas_row_t *row_of(usm_class_e cls, unsigned tag, unsigned version)
{
    for (const eas_row_t *row = classes[cls].rows; row->name; row++) {
        if (row->tag == tag && eas_map_in_version(row, version))
            return row;
        if (row->type == USM_T_BODY && version < 120 && tag == classes[cls].body25)
            return row;
    }
    return NULL;
}

/* Booleans and flags have a meaning for the empty tag (MS-ASDTYPE 2.1); for all others it deletes. */
static int empty_deletes(usm_type_e type)
{
    return type != USM_T_BOOL && type != USM_T_TASKSTATE && type != USM_T_FLAG;
}

/* A body that the device has only the start of must not replace the whole one. */
static int is_cut_body25(const eas_map_t *map, const eas_row_t *row, const eas_node_t *data)
{
    int cut = 0;
    return row->type == USM_T_BODY && map->ctx->version < 120 &&
           eas_node_bool(eas_node_child(data, classes[map->cls].truncated25), &cut) && cut;
}

usm_error_t *eas_map_read_rows(usm_item_t *item, eas_map_t *map, const eas_node_t *data)
{
    const eas_node_t *node;
    EAS_NODE_EACH(node, data)
    {
        const eas_row_t *row = row_of(map->cls, node->tag, map->ctx->version);
        if (!row || !eas_convs[row->type].decode || usm_field(map->cls, row->field)->flags & USM_F_RO ||
            is_cut_body25(map, row, data))
            continue;
        if (node->is_empty && empty_deletes(row->type))
            usm_item_set_empty(item, row->field);
        else
            USM_ERR_W(eas_convs[row->type].decode(item, map, row, node), "field %s", row->name);
    }
    return NULL;
}

usm_error_t *eas_map_decode(usm_item_t **item_p, eas_map_t *map, const eas_node_t *data)
{
    usm_item_t *item = usm_item_create(map->cls, map->pool);
    USM_ERR(eas_map_read_rows(item, map, data));
    if (classes[map->cls].decoded)
        USM_ERR(classes[map->cls].decoded(item, map, data));
    *item_p = item;
    return NULL;
}

void eas_map_ghosted(usm_fieldset_t *ghosted, usm_class_e cls, unsigned version, const usm_fieldset_t *supported)
{
    memset(ghosted, 0, sizeof *ghosted);
    for (int f = 0; f < usm_class_fields(cls); f++)
        USM_FIELDSET_ADD(ghosted, f);
    for (const eas_row_t *row = classes[cls].rows; row->name; row++) {
        unsigned flags = usm_field(cls, row->field)->flags;
        int ghost = supported && (flags & USM_F_GHOST) && !USM_FIELDSET_HAS(supported, row->field);
        if (eas_map_in_version(row, version) && !ghost)
            USM_FIELDSET_DEL(ghosted, row->field);
    }
}

void eas_map_supported(usm_fieldset_t *set, usm_class_e cls, const eas_node_t *supported)
{
    const eas_node_t *node;
    memset(set, 0, sizeof *set);
    EAS_NODE_EACH(node, supported)
    {
        for (const eas_row_t *row = classes[cls].rows; row->name; row++) {
            if (row->tag == node->tag)
                USM_FIELDSET_ADD(set, row->field);
        }
    }
}

/* Cutting HTML down to text needs more of it than the text will have. */
static apr_uint64_t generous(apr_int64_t truncation)
{
    return truncation < 0 ? APR_UINT64_MAX : (apr_uint64_t)truncation * 8 + 16384;
}

static void fetch_mime(usm_fetch_t *fetch, const eas_view_t *view)
{
    fetch->body_forms |= view->mime_support == 2 ? USM_BODY_MIME : USM_BODY_MIME_IF_SIGNED;
    fetch->mime_max = APR_UINT64_MAX;
}

static void fetch_bodies(usm_fetch_t *fetch, unsigned version, const eas_view_t *view)
{
    apr_uint64_t most = 0;
    if (version < 120)
        most = generous(view->full ? -1 : view->truncation);
    else if (view->prefs == 0)
        most = view->full ? APR_UINT64_MAX : 1024; /* but for a Fetch only sizes are told */
    for (int i = 0; i < view->prefs; i++) {
        const eas_bodypref_t *p = &view->pref[i];
        apr_uint64_t wanted = generous(p->truncation);
        if (p->type == 4 && view->mime_support)
            fetch_mime(fetch, view);
        /* Where MIME may not be had, and for RTF, text stands in. */
        if ((p->type != 4 || view->mime_support != 2 || p->all_or_none) && wanted > most)
            most = wanted;
        if (p->preview && most < 16384)
            most = 16384;
    }
    if (view->part.type && generous(view->part.truncation) > most)
        most = generous(view->part.truncation);
    if (version < 120 && view->mime_support)
        fetch_mime(fetch, view);
    fetch->body_forms |= USM_BODY_TEXT | USM_BODY_HTML;
    fetch->text_max = fetch->html_max = most;
}

void eas_map_fetch(usm_fetch_t *fetch, usm_class_e cls, unsigned version, const eas_view_t *view)
{
    memset(fetch, 0, sizeof *fetch);
    for (int f = 0; f < usm_class_fields(cls); f++)
        USM_FIELDSET_ADD(&fetch->fields, f);
    for (const eas_row_t *row = classes[cls].rows; row->name; row++) {
        if (row->type == USM_T_ATTACHMENTS && cls != USM_EMAIL && !eas_map_in_version(row, version))
            USM_FIELDSET_DEL(&fetch->fields, row->field); /* a call of its own for what nobody is told */
    }
    fetch->picture_max = 36864; /* MS-ASCNTC 2.2.2.57: 48 KB of base64 */
    if (cls == USM_EMAIL) {
        fetch_bodies(fetch, version, view);
    } else {
        fetch->body_forms = USM_BODY_TEXT; /* whole: its digest is part of change detection */
        fetch->text_max = APR_UINT64_MAX;
    }
}
