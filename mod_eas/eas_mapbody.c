/* SPDX-License-Identifier: Apache-2.0 */
/* Bodies: which form a device gets (MS-ASAIRS 2.2.2.9, 3.2.5), and what version 2.5 has instead. */
#include "eas_map.h"

#include <apr_strings.h>
#include <string.h>

#include "eas_html.h"
#include "wbxml/wbxml_text.h"

typedef struct form_t {
    int type;
    const char *data;
    apr_size_t len;
    apr_uint64_t full;
    int cut;
} form_t;

/* The body in one of the types; 0 when it cannot be had. */
static int make_form(form_t *form, int type, const usm_body_t *b, apr_pool_t *pool)
{
    const usm_bodyform_t *src = type == 4 ? &b->mime : type == 2 ? &b->html : &b->text;
    memset(form, 0, sizeof *form);
    form->type = type;
    if (src->data) {
        form->data = src->data;
        form->len = src->len;
        form->full = src->full_size > src->len ? src->full_size : src->len;
        form->cut = src->truncated;
        return 1;
    }
    if (type == 1 && b->html.data) {
        form->data = eas_html_to_text(&form->len, b->html.data, b->html.len, pool);
        form->cut = b->html.truncated;
    } else if (type == 2 && b->text.data) {
        form->data = eas_text_to_html(&form->len, b->text.data, b->text.len, pool);
        form->cut = b->text.truncated;
    } else {
        return 0;
    }
    form->full = form->len;
    if (form->cut) /* nobody has seen the end of it: an estimate that is not below what there is */
        form->full = type == 1 ? b->html.full_size : b->text.full_size;
    return 1;
}

/* Cut to @a max bytes, -1 = leave. */
static void cut(form_t *form, apr_int64_t max)
{
    if (max < 0 || form->len <= (apr_size_t)max)
        return;
    form->len = form->type == 4 ? (apr_size_t)max : eas_utf8_cut(form->data, form->len, (apr_size_t)max);
    form->cut = 1;
}

static const eas_bodypref_t *pref_of(const eas_view_t *view, int type)
{
    for (int i = 0; i < view->prefs; i++) {
        if (view->pref[i].type == type)
            return &view->pref[i];
    }
    return NULL;
}

static int fits(const form_t *form, const eas_bodypref_t *p)
{
    return !p->all_or_none || p->truncation < 0 || form->full <= (apr_uint64_t)p->truncation;
}

static int gets_mime(const eas_view_t *view, const usm_body_t *b)
{
    return b->mime.data && (view->mime_support == 2 || (view->mime_support == 1 && b->is_signed));
}

/* MIME where it is asked for and to be had, then the native type, then the other one of HTML and text. Where all that
 * were asked for are too large for AllOrNone, only the size is told; where none was asked for that can be had, the
 * native type stands in. */
static int choose(form_t *form, const eas_bodypref_t **pref_p, const eas_map_t *map, const usm_body_t *b)
{
    const eas_view_t *view = map->view;
    int order[2] = {b->native == USM_BODY_HTML ? 2 : 1, b->native == USM_BODY_HTML ? 1 : 2}, asked = 0;
    *pref_p = pref_of(view, 4);
    if (*pref_p && gets_mime(view, b) && make_form(form, 4, b, map->pool) && (b->is_signed || fits(form, *pref_p)))
        return 1;
    for (int n = 0; n < 2; n++) {
        const eas_bodypref_t *p = pref_of(view, order[n]);
        if (!p || !make_form(form, order[n], b, map->pool))
            continue;
        *pref_p = p;
        if (fits(form, p))
            return 1;
        asked = 1;
    }
    if (asked) {
        form->len = 0;
        form->cut = 1;
        return 1;
    }
    *pref_p = &view->pref[0];
    return make_form(form, order[0], b, map->pool) || make_form(form, order[1], b, map->pool);
}

static void put_preview(eas_map_t *map, const usm_body_t *b, int chars)
{
    form_t text;
    apr_size_t n = 0;
    if (!make_form(&text, 1, b, map->pool))
        return;
    for (int c = 0; n < text.len && c < chars; c++) {
        n++;
        while (n < text.len && ((unsigned char)text.data[n] & 0xC0) == 0x80)
            n++;
    }
    eas_writer_start(map->out, EAS_AirSyncBase_Preview);
    eas_writer_text(map->out, text.data, n);
    eas_writer_end(map->out);
}

static int native_type(const usm_body_t *b)
{
    return b->native == USM_BODY_HTML ? 2 : 1;
}

static void put_data(eas_map_t *map, unsigned tag, const form_t *form)
{
    apr_size_t bad;
    if (!form->len)
        return;
    if (map->ctx->multipart && tag == EAS_AirSyncBase_Data) {
        eas_part_t part = {.data = apr_pmemdup(map->ctx->pool, form->data, form->len), .len = (apr_off_t)form->len};
        eas_writer_tag_int(map->out, EAS_ItemOperations_Part, eas_part_add(map->ctx, &part));
        return;
    }
    eas_writer_start(map->out, tag);
    if (form->type == 4 && eas_xml_check(form->data, form->len, &bad) != form->len)
        eas_writer_opaque(map->out, form->data, form->len); /* the only way to carry such bytes unharmed */
    else
        eas_writer_text(map->out, form->data, form->len);
    eas_writer_end(map->out);
}

static void put_body(eas_map_t *map, const form_t *form)
{
    eas_writer_tag_int(map->out, EAS_AirSyncBase_Type, form->type);
    eas_writer_tag_int(map->out, EAS_AirSyncBase_EstimatedDataSize, (apr_int64_t)form->full);
    if (form->cut)
        eas_writer_tag_int(map->out, EAS_AirSyncBase_Truncated, 1);
    put_data(map, EAS_AirSyncBase_Data, form);
}

/* What is new in this message, as far as anybody can tell: all of it (MS-ASAIRS 2.2.2.10). */
static void put_part(eas_map_t *map, const usm_body_t *b)
{
    const eas_bodypref_t *p = &map->view->part;
    form_t form;
    if (!make_form(&form, p->type, b, map->pool))
        return;
    if (fits(&form, p)) {
        cut(&form, p->truncation);
    } else {
        form.len = 0;
        form.cut = 1;
    }
    eas_writer_start(map->out, EAS_AirSyncBase_BodyPart);
    eas_writer_tag_int(map->out, EAS_AirSyncBase_Status, 1);
    put_body(map, &form);
    if (p->preview)
        put_preview(map, b, p->preview);
    eas_writer_end(map->out);
}

static void encode_body12(eas_map_t *map, const eas_row_t *row, const usm_body_t *b)
{
    const eas_bodypref_t *pref = NULL;
    form_t form;
    int is_mail = map->cls == USM_EMAIL;
    if (map->view->prefs == 0) {
        /* No preference: a mail tells its size only, everything else comes as text (MS-ASAIRS). */
        if (make_form(&form, is_mail ? native_type(b) : 1, b, map->pool) || make_form(&form, 1, b, map->pool)) {
            eas_writer_start(map->out, row->tag);
            if (is_mail && !map->view->full) {
                form.cut = form.full > 0;
                form.len = 0;
            }
            put_body(map, &form);
            eas_writer_end(map->out);
        }
    } else if (choose(&form, &pref, map, b)) {
        int whole_mime = form.type == 4 && b->is_signed; /* a cut signature is a broken one */
        apr_int64_t max =
            form.type == 4 && map->view->mime_truncation >= 0 ? map->view->mime_truncation : pref->truncation;
        cut(&form, whole_mime ? -1 : max);
        eas_writer_start(map->out, row->tag);
        put_body(map, &form);
        if (pref->preview && map->ctx->version >= 140)
            put_preview(map, b, pref->preview);
        eas_writer_end(map->out);
    }
    if (is_mail && map->view->part.type && map->ctx->version >= 141)
        put_part(map, b);
    if (is_mail || map->cls == USM_EVENT)
        eas_writer_tag_int(map->out, EAS_AirSyncBase_NativeBodyType, native_type(b));
}

static void encode_body25(eas_map_t *map, const usm_body_t *b)
{
    static const struct {
        unsigned body, size, truncated;
    } tags[USM_CLASS_COUNT] = {
        [USM_EMAIL] = {EAS_Email_Body, EAS_Email_BodySize, EAS_Email_BodyTruncated},
        [USM_CONTACT] = {EAS_Contacts_Body, EAS_Contacts_BodySize, EAS_Contacts_BodyTruncated},
        [USM_EVENT] = {EAS_Calendar_Body, 0, EAS_Calendar_BodyTruncated},
        [USM_TASK] = {EAS_Tasks_Body, EAS_Tasks_BodySize, EAS_Tasks_BodyTruncated},
    };
    form_t form;
    const eas_view_t *view = map->view;
    if (map->cls == USM_EMAIL && gets_mime(view, b)) {
        make_form(&form, 4, b, map->pool);
        if (!b->is_signed)
            cut(&form, view->mime_truncation);
        eas_writer_tag_int(map->out, EAS_Email_MIMETruncated, form.cut);
        put_data(map, EAS_Email_MIMEData, &form);
        eas_writer_tag_int(map->out, EAS_Email_MIMESize, (apr_int64_t)form.full);
        return;
    }
    if (!make_form(&form, 1, b, map->pool))
        return;
    cut(&form, view->full ? -1 : view->truncation);
    if (tags[map->cls].size)
        eas_writer_tag_int(map->out, tags[map->cls].size, (apr_int64_t)form.full);
    eas_writer_tag_int(map->out, tags[map->cls].truncated, form.cut);
    put_data(map, tags[map->cls].body, &form);
}

void eas_encode_body(eas_map_t *map, const eas_row_t *row, const usm_value_t *v)
{
    if (map->ctx->version < 120)
        encode_body25(map, v->u.body);
    else
        encode_body12(map, row, v->u.body);
}

usm_error_t *eas_decode_body(usm_item_t *item, eas_map_t *map, const eas_row_t *row, const eas_node_t *node)
{
    usm_body_t *body = apr_pcalloc(map->pool, sizeof *body);
    apr_int64_t type = 1;
    const eas_node_t *data = node;
    apr_size_t len;
    int cut = 0;
    if (node->tag == row->tag) { /* AirSyncBase: Type and Data */
        data = eas_node_child(node, EAS_AirSyncBase_Data);
        if (!eas_node_int(eas_node_child(node, EAS_AirSyncBase_Type), 1, 4, &type))
            return USM_ERROR(map->pool, USM_EINVALID, "Body without a Type that is known");
        if (!data || (eas_node_bool(eas_node_child(node, EAS_AirSyncBase_Truncated), &cut) && cut))
            return NULL; /* the device does not have the whole of it: what the server has stays */
    }
    if (type > 2) /* RTF and MIME of contacts, events and tasks: nothing that the server could keep */
        return NULL;
    const char *bytes = eas_node_bytes(data, &len);
    if (!bytes || !len) {
        usm_item_set_empty(item, row->field);
        return NULL;
    }
    bytes = eas_xml_clean(bytes, &len, map->pool); /* opaque bytes have not been looked at yet */
    int html = type == 2 && map->cls == USM_NOTE; /* of the others the server keeps text only */
    if (type == 2 && !html)
        bytes = eas_html_to_text(&len, bytes, len, map->pool);
    else if (data->is_opaque)
        bytes = apr_pstrmemdup(map->pool, bytes, len);
    usm_bodyform_t *form = html ? &body->html : &body->text;
    body->native = html ? USM_BODY_HTML : USM_BODY_TEXT;
    form->data = bytes;
    form->len = len;
    form->full_size = len;
    usm_item_set_ptr(item, row->field, len ? body : NULL);
    return NULL;
}
