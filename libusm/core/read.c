/* SPDX-License-Identifier: Apache-2.0 */
/* Single items and parts, and the references that name them. A reference is base64url of
 *
 *     tag 8 bytes | server id | [NUL part]
 *
 * where the tag digests user, server id and part. It keeps one user's references from meaning something else to
 * another; it is no secret, and need not be one: whoever makes up a reference of his own reads his own mail. */
#include "hint.h"

#include <apr_base64.h>
#include <ctype.h>
#include <usm/read.h>

#define TAG_LEN 8

static void make_tag(unsigned char tag[TAG_LEN], usm_session_t *session, const char *server_id, const char *part,
                     apr_pool_t *pool)
{
    char hex[65];
    const char *name = apr_pstrcat(pool, part ? "p" : "i", server_id, part ? " " : "", part, NULL);
    usm__hmac_hex(hex, "usm reference", 13, session->user, name);
    for (int i = 0; i < TAG_LEN; i++) {
        const char *p = hex + 2 * i;
        int high = p[0] <= '9' ? p[0] - '0' : p[0] - 'a' + 10, low = p[1] <= '9' ? p[1] - '0' : p[1] - 'a' + 10;
        tag[i] = (unsigned char)(high << 4 | low);
    }
}

const char *usm_ref_make(usm_session_t *session, const char *server_id, const char *part, apr_pool_t *pool)
{
    apr_size_t id_len = strlen(server_id), part_len = part ? strlen(part) + 1 : 0, len = TAG_LEN + id_len + part_len;
    if (len > USM_REF_MAX / 4 * 3)
        return NULL;
    unsigned char *raw = apr_palloc(pool, len + 1);
    make_tag(raw, session, server_id, part, pool);
    memcpy(raw + TAG_LEN, server_id, id_len);
    if (part) {
        raw[TAG_LEN + id_len] = '\0';
        memcpy(raw + TAG_LEN + id_len + 1, part, part_len - 1);
    }
    char *text = apr_palloc(pool, (apr_size_t)apr_base64_encode_len((int)len) + 1);
    apr_base64_encode_binary(text, raw, (int)len);
    for (char *p = text; *p; p++)
        *p = (char)(*p == '+' ? '-' : *p == '/' ? '_' : *p == '=' ? '\0' : *p);
    return text;
}

/* The bytes of base64url without padding, a NUL behind them; NULL when it is none. */
static const unsigned char *from_base64url(apr_size_t *len_p, const char *ref, apr_pool_t *pool)
{
    static const char *const padding[] = {"", NULL, "==", "="};
    apr_size_t len = ref ? strlen(ref) : 0;
    if (len < 12 || len > USM_REF_MAX || !padding[len % 4])
        return NULL;
    char *text = apr_pstrcat(pool, ref, padding[len % 4], NULL);
    for (apr_size_t i = 0; i < len; i++) {
        if (!isalnum((unsigned char)text[i]) && text[i] != '-' && text[i] != '_')
            return NULL;
        text[i] = (char)(text[i] == '-' ? '+' : text[i] == '_' ? '/' : text[i]);
    }
    unsigned char *raw = apr_pcalloc(pool, (apr_size_t)apr_base64_decode_len(text) + 1);
    *len_p = (apr_size_t)apr_base64_decode_binary(raw, text);
    raw[*len_p] = '\0';
    return raw;
}

usm_error_t *usm_ref_parse(const char **server_id_p, const char **part_p, usm_session_t *session, const char *ref,
                           apr_pool_t *pool)
{
    unsigned char want[TAG_LEN];
    apr_size_t len = 0;
    const unsigned char *raw = from_base64url(&len, ref, pool);
    const char *id = raw && len > TAG_LEN ? (const char *)raw + TAG_LEN : "", *end = raw ? (const char *)raw + len : id;
    const char *part = *id && id + strlen(id) < end ? id + strlen(id) + 1 : NULL;
    *server_id_p = *part_p = NULL;
    if (*id && (!part || part + strlen(part) == end)) {
        make_tag(want, session, id, part, pool);
        /* One text each: what decodes to the same bytes is not the same reference. */
        if (memcmp(want, raw, TAG_LEN) == 0 && strcmp(usm_ref_make(session, id, part, pool), ref) == 0) {
            *server_id_p = id;
            *part_p = part;
            return NULL;
        }
    }
    return USM_ERROR(pool, USM_ENOTFOUND, "not a reference of this user");
}

const char *usm_server_id_folder(const char *server_id, apr_pool_t *pool)
{
    const char *colon = server_id ? strchr(server_id, ':') : NULL;
    const char *fid = colon ? apr_pstrmemdup(pool, server_id, (apr_size_t)(colon - server_id)) : NULL;
    return fid && usm__fid_parse(fid) ? fid : NULL;
}

/* ---- where an item is ---- */

static usm_error_t *find_folder(usm_folder_row_t *row, usm_collection_row_t *coll, usm_session_t *session,
                                const char *folder, apr_pool_t *pool)
{
    usm_txn_t *txn;
    int found = 0;
    apr_int64_t fid = usm__fid_parse(folder);
    memset(row, 0, sizeof *row);
    memset(coll, 0, sizeof *coll);
    if (!fid)
        return USM_ERROR(pool, USM_EFOLDER_GONE, "not a folder id");
    USM_ERR(usm__read(&txn, session, pool));
    USM_ERR(usm__finish(session, txn, USM__VT(session)->collection_get(&found, coll, row, txn, session->device.id,
                                                                       session->device.user, fid, pool)));
    if (!found)
        coll->id = 0;
    if (!usm__folder_shown(session, row) || row->gone || row->role == USM_ROLE_OUTBOX)
        return USM_ERROR(pool, USM_EFOLDER_GONE, "folder %s is gone or unknown", folder);
    return NULL;
}

usm_error_t *usm__item_place(usm__place_t *place, usm_session_t *session, const char *server_id, apr_pool_t *pool)
{
    usm_collection_row_t coll;
    const char *folder = usm_server_id_folder(server_id, pool);
    if (!folder)
        return USM_ERROR(pool, USM_ENOTFOUND, "not an id of an item");
    USM_ERR(find_folder(&place->folder, &coll, session, folder, pool));
    usm__folder_ref(&place->ref, &place->folder);
    USM_ERR(usm__sid_find(&place->id, session, place->folder.fid, coll.id, coll.gen, server_id, pool));
    if (!place->id)
        return USM_ERROR(pool, USM_ENOTFOUND, "no item has this id");
    return NULL;
}

/* ---- items ---- */

static usm_error_t *read_item(usm_item_t **item_p, usm_session_t *session, const usm__place_t *place,
                              const usm_fetch_t *fetch, apr_pool_t *pool)
{
    usm_bget_t get = {.id = place->id};
    apr_pool_t *scratch;
    apr_pool_create(&scratch, pool);
    usm_error_t *err = usm__checked(session, USM__BVT(session)->get(&get, 1, &session->call, &place->ref, fetch, pool,
                                                                    scratch));
    if (!err)
        err = get.error;
    if (err)
        return err; /* it may live in the scratch pool, which goes with the caller's */
    apr_pool_destroy(scratch);
    if (!get.item)
        return USM_ERROR(pool, USM_ENOTFOUND, "the item is gone");
    USM_ERR(usm__flags_show(session, &place->ref, &get, 1));
    *item_p = get.item;
    return NULL;
}

usm_error_t *usm_item_read(usm_item_t **item_p, usm_class_e *cls_p, usm_session_t *session, const char *server_id,
                           const usm_fetch_t *fetch, apr_pool_t *pool)
{
    usm__place_t place;
    USM_ERR(usm__item_place(&place, session, server_id, pool));
    if (cls_p)
        *cls_p = place.folder.cls;
    return read_item(item_p, session, &place, fetch, pool);
}

/* ---- parts ---- */

static int attachments_field(usm_class_e cls)
{
    for (int f = 0; f < usm_class_fields(cls); f++) {
        if (usm_field(cls, f)->type == USM_T_ATTACHMENTS)
            return f;
    }
    return -1;
}

usm_error_t *usm_part_info(usm_attachment_t *info, usm_session_t *session, const char *server_id, const char *part,
                           apr_pool_t *pool)
{
    usm_fetch_t fetch = {.text_max = 0};
    usm_item_t *item;
    usm__place_t place;
    USM_ERR(usm__item_place(&place, session, server_id, pool));
    int field = attachments_field(place.folder.cls);
    if (field >= 0) {
        USM_FIELDSET_ADD(&fetch.fields, field);
        USM_ERR(read_item(&item, session, &place, &fetch, pool));
        const usm_attachments_t *list = usm_item_isset(item, field) ? item->v[field].u.attachments : NULL;
        for (int i = 0; list && i < list->count; i++) {
            if (strcmp(list->items[i].id, part) == 0) {
                *info = list->items[i];
                return NULL;
            }
        }
    }
    return USM_ERROR(pool, USM_ENOTFOUND, "the item has no such part");
}

usm_error_t *usm_part_read(apr_uint64_t *size_p, usm_session_t *session, const char *server_id, const char *part,
                           usm_data_fn fn, void *baton, apr_pool_t *pool)
{
    usm__place_t place;
    USM_ERR(usm__item_place(&place, session, server_id, pool));
    return usm__checked(session, USM__BVT(session)->part(size_p, &session->call, &place.ref, place.id, part, fn, baton,
                                                         pool));
}

/* ---- folders ---- */

typedef struct children_t {
    apr_int64_t parent;
    apr_array_header_t *rows; /* usm_bref_t */
    apr_pool_t *pool;
} children_t;

static usm_error_t *keep_child(void *baton, const usm_folder_row_t *row)
{
    children_t *c = baton;
    if (row->parent == c->parent && !row->gone && row->role == USM_ROLE_USER) { /* Sent may stand below Inbox */
        usm_bref_t *ref = apr_array_push(c->rows);
        usm__folder_ref(ref, row);
        ref->id = apr_pstrdup(c->pool, row->backend_id);
    }
    return NULL;
}

/* Those of today, not those that the device knows. */
static usm_error_t *delete_children(usm_session_t *session, apr_int64_t fid, apr_pool_t *pool)
{
    children_t children = {.parent = fid, .rows = apr_array_make(pool, 8, sizeof(usm_bref_t)), .pool = pool};
    usm_txn_t *txn;
    USM_ERR(usm__hierarchy_refresh(session, 0, pool));
    USM_ERR(usm__read(&txn, session, pool));
    USM_ERR(usm__finish(session, txn, USM__VT(session)->folder_scan(txn, session->device.user, 0, keep_child,
                                                                    &children, pool)));
    for (int i = 0; i < children.rows->nelts; i++)
        USM_ERR(usm__checked(session, USM__BVT(session)->folder_delete(
                                          &session->call, &APR_ARRAY_IDX(children.rows, i, usm_bref_t), pool)));
    return NULL;
}

usm_error_t *usm_folder_clear(usm_session_t *session, const char *folder, int subfolders, apr_pool_t *pool)
{
    usm_folder_row_t row;
    usm_collection_row_t coll;
    usm_bref_t ref;
    USM_ERR(find_folder(&row, &coll, session, folder, pool));
    if (!(row.rights & USM_RIGHT_DELETE))
        return USM_ERROR(pool, USM_EFORBIDDEN, "no right to delete items of folder %s", folder);
    usm__folder_ref(&ref, &row);
    USM_ERR(usm__checked(session, USM__BVT(session)->folder_clear(&session->call, &ref, pool)));
    usm__hint_own(session, ref.id, USM_HINT_ITEMS);
    if (!subfolders)
        return NULL;
    USM_ERR(delete_children(session, row.fid, pool));
    usm__hint_own(session, NULL, USM_HINT_FOLDERS);
    return NULL;
}
