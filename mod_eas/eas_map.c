/* SPDX-License-Identifier: Apache-2.0 */
#include "eas_map.h"

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
#undef USM_FIELD
#undef USM_FIELD_INNER
static const eas_row_t no_rows[] = {{NULL, USM_T_TEXT, 0, 0, 0, 0}};

typedef struct class_t {
    const eas_row_t *rows;
    unsigned body25;                                                     /* Body element of version 2.5 */
    void (*extra)(eas_map_t *map, const usm_item_t *item);               /* elements made of no single field */
    int (*skips)(eas_map_t *map, const eas_row_t *row);                  /* rows that do not apply to this item */
    usm_error_t *(*decoded)(usm_item_t *, eas_map_t *, const eas_node_t *); /* what needs several elements */
} class_t;

static const class_t classes[USM_CLASS_COUNT] = {
    [USM_FOLDER] = {no_rows, 0, NULL, NULL, NULL},
    [USM_EMAIL] = {email_rows, EAS_Email_Body, eas_email_extra, NULL, NULL},
    [USM_CONTACT] = {contact_rows, EAS_Contacts_Body, eas_contact_extra, NULL, NULL},
    [USM_EVENT] = {event_rows, EAS_Calendar_Body, eas_event_extra, eas_event_skips, eas_event_decoded},
    [USM_TASK] = {task_rows, EAS_Tasks_Body, eas_task_extra, NULL, eas_task_decoded},
    [USM_NOTE] = {no_rows, 0, NULL, NULL, NULL},
};

const eas_row_t *eas_map_rows(usm_class_e cls)
{
    return (unsigned)cls < USM_CLASS_COUNT ? classes[cls].rows : no_rows;
}

static int in_version(const eas_row_t *row, unsigned version)
{
    return version >= row->since && version <= row->until;
}

void eas_map_encode(eas_map_t *map, const usm_item_t *item, const usm_fieldset_t *changed)
{
    const class_t *cls = &classes[map->cls];
    int only = changed && map->cls == USM_EMAIL;
    map->item = item;
    for (const eas_row_t *row = cls->rows; row->name; row++) {
        const usm_value_t *v = &item->v[row->field];
        if (!in_version(row, map->ctx->version) || !eas_convs[row->type].encode)
            continue;
        if (only && !USM_FIELDSET_HAS(changed, row->field))
            continue;
        if (cls->skips && cls->skips(map, row))
            continue;
        /* A flag that is gone has to be said; any other value that is not there is not mentioned. */
        if (v->state == USM_SET || row->type == USM_T_FLAG)
            eas_convs[row->type].encode(map, row, v);
    }
    if (cls->extra && !only)
        cls->extra(map, item);
}

static const eas_row_t *row_of(usm_class_e cls, unsigned tag, unsigned version)
{
    for (const eas_row_t *row = classes[cls].rows; row->name; row++) {
        if (row->tag == tag && in_version(row, version))
            return row;
        if (row->type == USM_T_BODY && version < 120 && tag == classes[cls].body25)
            return row;
    }
    return NULL;
}

usm_error_t *eas_map_decode(usm_item_t **item_p, eas_map_t *map, const eas_node_t *data)
{
    usm_item_t *item = usm_item_create(map->cls, map->pool);
    const eas_node_t *node;
    EAS_NODE_EACH(node, data)
    {
        const eas_row_t *row = row_of(map->cls, node->tag, map->ctx->version);
        if (!row || !eas_convs[row->type].decode)
            continue;
        if (node->is_empty && row->type != USM_T_BOOL && row->type != USM_T_FLAG)
            usm_item_set_empty(item, row->field);
        else
            USM_ERR_W(eas_convs[row->type].decode(item, map, row, node), "field %s", row->name);
    }
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
        if (in_version(row, version) && !ghost)
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

static void fetch_bodies(usm_fetch_t *fetch, unsigned version, const eas_view_t *view)
{
    apr_uint64_t most = 0;
    if (version < 120)
        most = generous(view->full ? -1 : view->truncation);
    for (int i = 0; i < view->prefs; i++) {
        const eas_bodypref_t *p = &view->pref[i];
        apr_uint64_t wanted = generous(p->truncation);
        if (p->type == 4 && view->mime_support) {
            fetch->body_forms |= view->mime_support == 2 ? USM_BODY_MIME : USM_BODY_MIME_IF_SIGNED;
            fetch->mime_max = APR_UINT64_MAX;
        } else if (p->type == 1 || p->type == 2) {
            fetch->body_forms |= USM_BODY_TEXT | USM_BODY_HTML;
            most = wanted > most ? wanted : most;
        }
        if (p->preview)
            most = most > 16384 ? most : 16384;
    }
    if (version < 120 && view->mime_support) {
        fetch->body_forms |= view->mime_support == 2 ? USM_BODY_MIME : USM_BODY_MIME_IF_SIGNED;
        fetch->mime_max = APR_UINT64_MAX;
    }
    if (view->prefs == 0 && version >= 120)
        most = 1024; /* only sizes are told */
    fetch->body_forms |= USM_BODY_TEXT | USM_BODY_HTML;
    fetch->text_max = fetch->html_max = most;
}

void eas_map_fetch(usm_fetch_t *fetch, usm_class_e cls, unsigned version, const eas_view_t *view)
{
    memset(fetch, 0, sizeof *fetch);
    for (int f = 0; f < usm_class_fields(cls); f++)
        USM_FIELDSET_ADD(&fetch->fields, f);
    fetch->picture_max = 36864; /* MS-ASCNTC 2.2.2.57: 48 KB of base64 */
    if (cls == USM_EMAIL) {
        fetch_bodies(fetch, version, view);
    } else {
        fetch->body_forms = USM_BODY_TEXT; /* whole: its digest is part of change detection */
        fetch->text_max = APR_UINT64_MAX;
    }
}
