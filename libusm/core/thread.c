/* SPDX-License-Identifier: Apache-2.0 */
/* Conversations: their names, finding and moving them. A server has no index of them: mails are looked through by what
 * their headers say, the newest of each folder. */
#include "hint.h"

#include <apr_base64.h>
#include <apr_sha1.h>
#include <apr_escape.h>
#include <ctype.h>
#include <usm/thread.h>

#define THREAD_HEAD 22 /* bytes of a Thread-Index before its levels: 1, time 5, GUID 16 */
#define THREAD_MAX 512 /* bytes that are kept of one */
#define LEVELS_MAX 40
#define MAILS_MAX 20000
#define BUDGET_MS 20000
#define TOGETHER 50 /* moves of one call */
#define RULE 'C'
#define RULES_MAX 100

/* ---- names ---- */

const char *usm_thread_topic(const char *subject)
{
    static const char *const prefixes[] = {"re", "aw", "fw", "fwd", "wg", "sv", "antw", "vs", "tr", "rv"};
    for (;;) {
        while (isspace((unsigned char)*subject))
            subject++;
        size_t n = 0;
        while (isalpha((unsigned char)subject[n]) && n < 5)
            n++;
        if (n < 1 || n > 4 || subject[n] != ':')
            return subject;
        int known = 0;
        for (apr_size_t i = 0; i < sizeof prefixes / sizeof prefixes[0]; i++)
            known |= strlen(prefixes[i]) == n && strncasecmp(prefixes[i], subject, n) == 0;
        if (!known)
            return subject;
        subject += n + 1;
    }
}

/* What Outlook and Exchange have written into the mail; NULL when it is none. */
static const unsigned char *raw_index(apr_size_t *len_p, const usm_item_t *mail)
{
    const char *text = usm_item_text(mail, USM_EMAIL_THREAD_INDEX);
    if (!text || strlen(text) > 4 * THREAD_MAX)
        return NULL;
    char *bare = apr_pstrdup(mail->pool, text), *to = bare;
    for (const char *p = text; *p; p++) {
        if (isalnum((unsigned char)*p) || *p == '+' || *p == '/' || *p == '=')
            *to++ = *p;
    }
    *to = '\0';
    unsigned char *raw = apr_pcalloc(mail->pool, (apr_size_t)apr_base64_decode_len(bare) + 1);
    int len = apr_base64_decode_binary(raw, bare);
    if (len < THREAD_HEAD)
        return NULL;
    len = len > THREAD_MAX ? THREAD_MAX : len;
    *len_p = (apr_size_t)(len - (len - THREAD_HEAD) % 5);
    return raw;
}

/* The next "<id>" at *text_p, with its brackets; 0 at the end. */
static apr_size_t next_id(const char **id_p, const char **text_p)
{
    const char *id = *text_p ? strchr(*text_p, '<') : NULL, *end = id ? strchr(id, '>') : NULL;
    if (!id)
        return 0;
    apr_size_t len = end ? (apr_size_t)(end - id) + 1 : strlen(id);
    *id_p = id;
    *text_p = id + len;
    return len;
}

static void digest(unsigned char out[APR_SHA1_DIGESTSIZE], const char *text, apr_size_t len)
{
    apr_sha1_ctx_t sha;
    apr_sha1_init(&sha);
    apr_sha1_update(&sha, text, (unsigned)len);
    apr_sha1_final(out, &sha);
}

void usm_thread_id(unsigned char id[USM_THREAD_ID], const usm_item_t *mail)
{
    unsigned char sum[APR_SHA1_DIGESTSIZE];
    const char *text = usm_item_text(mail, USM_EMAIL_REFERENCES), *root;
    const char *own = usm_item_text(mail, USM_EMAIL_MESSAGE_ID), *subject = usm_item_text(mail, USM_EMAIL_SUBJECT);
    apr_size_t len;
    const unsigned char *raw = raw_index(&len, mail);
    if (raw) {
        memcpy(id, raw + 6, USM_THREAD_ID);
        return;
    }
    len = next_id(&root, &text);
    if (!len && own)
        len = strcspn(root = own, ">") + (strchr(own, '>') != NULL);
    if (!len)
        len = strlen(root = usm_thread_topic(subject ? subject : ""));
    digest(sum, root, len);
    memcpy(id, sum, USM_THREAD_ID);
}

/* One level of answers. When it was written nobody knows: a number that is the same for the same message. */
static void put_level(unsigned char *to, const char *id, apr_size_t len)
{
    unsigned char sum[APR_SHA1_DIGESTSIZE];
    digest(sum, id, len);
    memcpy(to, sum, 5);
    to[0] &= 0x7F;
    to[4] = 0;
}

const unsigned char *usm_thread_index(apr_size_t *len_p, const usm_item_t *mail)
{
    unsigned char *index = apr_palloc(mail->pool, THREAD_MAX);
    const unsigned char *raw = raw_index(len_p, mail);
    if (raw) {
        memcpy(index, raw + 1, 5);
        memcpy(index + 5, raw + THREAD_HEAD, *len_p - THREAD_HEAD);
        *len_p += 5 - THREAD_HEAD;
        return index;
    }
    /* The header of a conversation index: bits 55 to 16 of the FILETIME (MS-ASCON 2.2.2.4). */
    usm_time_t t = usm_item_num(mail, USM_EMAIL_SENT, usm_item_num(mail, USM_EMAIL_RECEIVED, 0));
    apr_uint64_t filetime = ((apr_uint64_t)t + APR_UINT64_C(11644473600000)) * 10000;
    for (int i = 0; i < 5; i++)
        index[i] = (unsigned char)(filetime >> (48 - 8 * i));
    *len_p = 5;
    /* The first reference is the thread's root; each further one, and the mail itself, is an answer. */
    const char *text = usm_item_text(mail, USM_EMAIL_REFERENCES), *id;
    const char *own = usm_item_text(mail, USM_EMAIL_MESSAGE_ID);
    apr_size_t len;
    int n = 0;
    while (n < LEVELS_MAX && (len = next_id(&id, &text))) {
        if (n++ == 0)
            continue;
        put_level(index + *len_p, id, len);
        *len_p += 5;
    }
    if (n) {
        put_level(index + *len_p, own ? own : "", own ? strlen(own) : 0);
        *len_p += 5;
    }
    return index;
}

/* ---- finding ---- */

typedef struct find_t {
    const unsigned char *id;
    apr_array_header_t *hits; /* usm_bhit_t */
} find_t;

static usm_error_t *on_mail(void *baton, const char *id, usm_time_t at, const usm_item_t *mail)
{
    find_t *f = baton;
    unsigned char own[USM_THREAD_ID];
    usm_thread_id(own, mail);
    if (memcmp(own, f->id, USM_THREAD_ID) == 0)
        APR_ARRAY_PUSH(f->hits, usm_bhit_t) = (usm_bhit_t){.id = apr_pstrdup(f->hits->pool, id), .at = at};
    return NULL;
}

usm_error_t *usm__thread_find(apr_array_header_t *hits, usm_session_t *session, const usm_bref_t *ref,
                              const unsigned char *id, apr_pool_t *scratch)
{
    find_t f = {.id = id, .hits = hits};
    return usm__checked(session, USM__BVT(session)->threads(&session->call, ref, MAILS_MAX, on_mail, &f, scratch));
}

/* ---- rules: by conversation, the folder ---- */

static const char *hex_of(const unsigned char *id, apr_pool_t *pool)
{
    return apr_pescape_hex(pool, id, USM_THREAD_ID, 0);
}

/* ---- moving ---- */

typedef struct places_t {
    apr_array_header_t *rows; /* usm_folder_row_t: where mails are moved from */
    usm_folder_row_t to;      /* fid as asked for; backend_id NULL = not found */
    apr_pool_t *pool;
} places_t;

static usm_error_t *take_place(void *baton, const usm_folder_row_t *row)
{
    places_t *p = baton;
    usm_folder_row_t copy = *row;
    copy.backend_id = apr_pstrdup(p->pool, row->backend_id);
    if (row->fid == p->to.fid)
        p->to = copy;
    else if (row->cls == USM_EMAIL && row->role != USM_ROLE_SENT && row->role != USM_ROLE_OUTBOX &&
             row->role != USM_ROLE_DRAFTS)
        APR_ARRAY_PUSH(p->rows, usm_folder_row_t) = copy;
    return NULL;
}

static usm_error_t *find_places(places_t *p, usm_session_t *session, const char *to, apr_pool_t *pool)
{
    usm_txn_t *txn;
    *p = (places_t){.rows = apr_array_make(pool, 32, sizeof(usm_folder_row_t)), .to.fid = usm__fid_parse(to),
                    .pool = pool};
    USM_ERR(usm__read(&txn, session, pool));
    USM_ERR(usm__finish(session, txn, USM__VT(session)->folder_scan(txn, session->device.user, 0, take_place, p,
                                                                    pool)));
    if (!p->to.fid || !p->to.backend_id)
        return USM_ERROR(pool, USM_EFOLDER_GONE, "the folder for the conversation is gone or unknown");
    if (p->to.cls != USM_EMAIL || p->to.role == USM_ROLE_OUTBOX)
        return USM_ERROR(pool, USM_EPARENT, "the folder for the conversation is none for mail");
    return NULL;
}

/* One that is gone by now has been moved by somebody else. */
static usm_error_t *move_hits(usm_session_t *session, const usm_bref_t *from, const usm_bref_t *to,
                              const apr_array_header_t *hits, apr_pool_t *pool)
{
    usm_bmove_t moves[TOGETHER];
    for (int i = 0; i < hits->nelts; i += TOGETHER) {
        int n = hits->nelts - i < TOGETHER ? hits->nelts - i : TOGETHER;
        for (int k = 0; k < n; k++)
            moves[k] = (usm_bmove_t){.id = APR_ARRAY_IDX(hits, i + k, usm_bhit_t).id};
        USM_ERR(usm__checked(session, USM__BVT(session)->move(moves, n, &session->call, from, to, pool, pool)));
        for (int k = 0; k < n; k++) {
            if (moves[k].error && usm_error_class(moves[k].error) != USM_CLASS_NOTFOUND)
                return moves[k].error;
            usm_error_clear(moves[k].error);
        }
    }
    if (hits->nelts) {
        usm__hint_own(session, from->id, USM_HINT_ITEMS);
        usm__hint_own(session, to->id, USM_HINT_ITEMS);
    }
    return NULL;
}

/* A folder that went meanwhile has nothing for us. */
static usm_error_t *find_in(apr_array_header_t *hits, usm_session_t *session, const usm_bref_t *ref,
                            const unsigned char *id, apr_pool_t *pool)
{
    usm_error_t *err = usm__thread_find(hits, session, ref, id, pool);
    if (err && usm_error_class(err) == USM_CLASS_NOTFOUND) {
        usm_error_clear(err);
        return NULL;
    }
    return err;
}

usm_error_t *usm_thread_move(int *found_p, usm_session_t *session, const unsigned char id[USM_THREAD_ID],
                             const char *to, int always, apr_pool_t *pool)
{
    usm_time_t until = usm__now() + BUDGET_MS;
    places_t p;
    usm_bref_t target, from;
    apr_pool_t *iterpool;
    *found_p = 0;
    if (session->transient)
        return USM_ERROR(pool, USM_EUNSUPPORTED, "nothing is kept for this device");
    USM_ERR(find_places(&p, session, to, pool));
    usm__folder_ref(&target, &p.to);
    apr_pool_create(&iterpool, pool);
    for (int i = 0; i <= p.rows->nelts; i++) {
        apr_pool_clear(iterpool);
        apr_array_header_t *hits = apr_array_make(iterpool, 16, sizeof(usm_bhit_t));
        if (usm__now() > until)
            return USM_ERROR(pool, USM_EBUSY, "looking for the conversation takes too long");
        if (i < p.rows->nelts) {
            usm__folder_ref(&from, &APR_ARRAY_IDX(p.rows, i, usm_folder_row_t));
            USM_ERR(find_in(hits, session, &from, id, iterpool));
            USM_ERR(move_hits(session, &from, &target, hits, iterpool));
        } else if (!*found_p) { /* a repeat: all of it is where it is wanted */
            USM_ERR(find_in(hits, session, &target, id, iterpool));
        }
        *found_p |= hits->nelts > 0;
    }
    if (always && *found_p)
        USM_ERR(usm__mailattr_set(session, RULE, hex_of(id, iterpool), p.to.role == USM_ROLE_INBOX ? NULL : to,
                                  RULES_MAX));
    apr_pool_destroy(iterpool);
    return NULL;
}

/* ---- what arrives later ---- */

static const char *rule_for(const apr_array_header_t *lines, const usm_item_t *mail)
{
    unsigned char id[USM_THREAD_ID];
    usm_thread_id(id, mail);
    return usm__mailattr_find(lines, RULE, hex_of(id, mail->pool));
}

static usm_error_t *follow(usm_turn_t *turn, usm_bget_t *get, const char *folder, apr_pool_t *pool)
{
    usm_session_t *session = turn->session;
    apr_array_header_t *hits = apr_array_make(pool, 1, sizeof(usm_bhit_t));
    places_t p;
    usm_bref_t to;
    usm_error_t *err = find_places(&p, session, folder, pool);
    APR_ARRAY_PUSH(hits, usm_bhit_t) = (usm_bhit_t){.id = get->id};
    if (!err) {
        usm__folder_ref(&to, &p.to);
        err = move_hits(session, &turn->ref, &to, hits, pool);
    }
    if (!err) {
        get->item = NULL;
        return NULL;
    }
    if (usm_error_class(err) == USM_CLASS_UNAVAILABLE)
        return err;
    usm_log(session->log, USM_LOG_INFO, 111, "mail %s stays in the inbox: %s", get->id, usm_error_text(err, pool));
    usm_error_clear(err);
    return NULL;
}

usm_error_t *usm__thread_rules(usm_turn_t *turn, usm_bget_t *gets, const char *is_new, int count)
{
    const apr_array_header_t *lines;
    if (!memchr(is_new, 1, (size_t)count) || turn->folder.role != USM_ROLE_INBOX || turn->folder.cls != USM_EMAIL ||
        turn->session->transient)
        return NULL;
    USM_ERR(usm__mailattr_lines(&lines, turn->session));
    for (int i = 0; lines->nelts && i < count; i++) {
        const char *folder = gets[i].item && is_new[i] ? rule_for(lines, gets[i].item) : NULL;
        if (folder)
            USM_ERR(follow(turn, &gets[i], folder, turn->batch_pool));
    }
    return NULL;
}
