/* SPDX-License-Identifier: Apache-2.0 */
#include "core.h"

#include <apr_base64.h>
#include <apr_sha1.h>
#include <ctype.h>
#include <stdlib.h>

usm_time_t usm__now(void)
{
    return apr_time_as_msec(apr_time_now());
}

const char *usm__fid_text(apr_int64_t fid, apr_pool_t *pool)
{
    if (fid == USM__FID_RECIPIENTS)
        return USM_FOLDER_RECIPIENTS;
    return apr_psprintf(pool, "%" APR_INT64_T_FMT, fid);
}

static int parse_num(apr_int64_t *n_p, const char *text, apr_size_t len)
{
    apr_int64_t n = 0;
    if (len == 0 || len > 15 || (text[0] == '0' && len > 1))
        return 0;
    for (apr_size_t i = 0; i < len; i++) {
        if (!isdigit((unsigned char)text[i]))
            return 0;
        n = n * 10 + (text[i] - '0');
    }
    *n_p = n;
    return 1;
}

apr_int64_t usm__fid_parse(const char *text)
{
    apr_int64_t n;
    if (text && strcmp(text, USM_FOLDER_RECIPIENTS) == 0)
        return USM__FID_RECIPIENTS;
    return text && parse_num(&n, text, strlen(text)) && n < USM__FID_OWN ? n : 0;
}

int usm__folder_shown(const usm_session_t *session, const usm_folder_row_t *row)
{
    return row->fid && !(session->hidden >> row->cls & 1);
}

static const char *long_id(const char *id, apr_pool_t *pool)
{
    unsigned char digest[APR_SHA1_DIGESTSIZE];
    apr_sha1_ctx_t sha;
    apr_sha1_init(&sha);
    apr_sha1_update_binary(&sha, (const unsigned char *)id, (unsigned)strlen(id));
    apr_sha1_final(digest, &sha);
    char *text = apr_palloc(pool, (apr_size_t)apr_base64_encode_len(sizeof digest) + 2);
    text[0] = '~';
    apr_base64_encode_binary(text + 1, digest, sizeof digest);
    for (char *p = text; *p; p++)
        *p = (char)(*p == '+' ? '-' : *p == '/' ? '_' : *p == '=' ? '\0' : *p);
    return text;
}

static int is_plain(const char *id)
{
    apr_size_t len = strlen(id);
    if (len == 0 || len > 40 || *id == '~')
        return 0;
    for (const char *p = id; *p; p++) {
        if (!isalnum((unsigned char)*p) && !strchr("-_.", *p))
            return 0;
    }
    return 1;
}

const char *usm__sid_make(apr_int64_t fid, const char *id, apr_pool_t *pool)
{
    if (fid == 0)
        return apr_pstrdup(pool, id); /* the hierarchy's items are folders: their id is the short one */
    return apr_pstrcat(pool, usm__fid_text(fid, pool), ":", is_plain(id) ? id : long_id(id, pool), NULL);
}

/* Ids that are kept as a digest are found by a look at all that the device has; one look serves a whole request. */
typedef struct longs_t {
    usm_id_t collection;
    apr_int64_t gen;
    apr_hash_t *ids; /* digest → backend id */
    apr_pool_t *pool, *scratch;
} longs_t;

static usm_error_t *keep_long(void *baton, const usm_item_row_t *row)
{
    longs_t *longs = baton;
    if (!is_plain(row->id))
        apr_hash_set(longs->ids, apr_pstrdup(longs->pool, long_id(row->id, longs->scratch)), APR_HASH_KEY_STRING,
                     apr_pstrdup(longs->pool, row->id));
    apr_pool_clear(longs->scratch);
    return NULL;
}

static usm_error_t *find_long(const char **id_p, usm_session_t *session, usm_id_t collection, apr_int64_t gen,
                              const char *hash)
{
    longs_t *longs = session->longs;
    usm_txn_t *txn;
    if (!longs || longs->collection != collection || longs->gen != gen) {
        if (!longs) {
            longs = session->longs = apr_pcalloc(session->pool, sizeof *longs);
            apr_pool_create(&longs->pool, session->pool);
            apr_pool_create(&longs->scratch, session->pool);
        }
        apr_pool_clear(longs->pool);
        longs->collection = 0;
        longs->ids = apr_hash_make(longs->pool);
        USM_ERR(usm__read(&txn, session, longs->pool));
        USM_ERR(usm__finish(session, txn, USM__VT(session)->item_scan(txn, collection, gen, "", APR_INT32_MAX,
                                                                      keep_long, longs, longs->pool)));
        longs->collection = collection;
        longs->gen = gen;
    }
    *id_p = apr_hash_get(longs->ids, hash, APR_HASH_KEY_STRING);
    return NULL;
}

usm_error_t *usm__sid_find(const char **id_p, usm_session_t *session, apr_int64_t folder, usm_id_t collection,
                           apr_int64_t gen, const char *sid, apr_pool_t *pool)
{
    const char *colon = sid && strlen(sid) <= 64 ? strchr(sid, ':') : NULL;
    *id_p = NULL;
    if (!colon || usm__fid_parse(apr_pstrmemdup(pool, sid, (apr_size_t)(colon - sid))) != folder || !colon[1])
        return NULL;
    if (colon[1] != '~') { /* each item has one server id, and no other leads to it */
        *id_p = is_plain(colon + 1) ? apr_pstrdup(pool, colon + 1) : NULL;
        return NULL;
    }
    if (!collection)
        return NULL;
    const char *id;
    USM_ERR(find_long(&id, session, collection, gen, colon + 1));
    *id_p = apr_pstrdup(pool, id);
    return NULL;
}

usm_error_t *usm__sid_parse(const char **id_p, usm_turn_t *turn, const char *sid)
{
    if (turn->folder.fid)
        return usm__sid_find(id_p, turn->session, turn->folder.fid, turn->coll.id, turn->base, sid, turn->pool);
    *id_p = sid && strlen(sid) <= 64 && usm__fid_parse(sid) ? apr_pstrdup(turn->pool, sid) : NULL;
    return NULL;
}

const char *usm__key_make(apr_int64_t epoch, apr_int64_t gen, apr_pool_t *pool)
{
    return apr_psprintf(pool, "%012" APR_UINT64_T_HEX_FMT ".%" APR_INT64_T_FMT, (apr_uint64_t)epoch, gen);
}

int usm__key_parse(apr_int64_t *epoch_p, apr_int64_t *gen_p, const char *key)
{
    apr_int64_t epoch = 0;
    apr_size_t len = key ? strlen(key) : 0;
    if (len < 14 || len > USM__KEY_MAX || key[12] != '.')
        return 0;
    for (int i = 0; i < 12; i++) {
        int c = key[i];
        if (!(c >= '0' && c <= '9') && !(c >= 'a' && c <= 'f'))
            return 0;
        epoch = epoch * 16 + (c <= '9' ? c - '0' : c - 'a' + 10);
    }
    *epoch_p = epoch;
    return parse_num(gen_p, key + 13, len - 13) && *gen_p > 0 && *gen_p < USM_GEN_INF;
}
