/* SPDX-License-Identifier: Apache-2.0 */
/* Searching the mailbox: the query of Search (MS-ASCMD 2.2.1.16) and what it has in common with Find. */
#include "eas_search.h"

#include <apr_escape.h>
#include <apr_sha1.h>
#include <apr_strings.h>
#include <ctype.h>
#include <string.h>

#define LAST_DEFAULT 99
#define READ_AT_ONCE 25 /* mails in memory with their bodies */
#define PAGE_MAX 100 /* results of one answer: each may bring a body */

/* ---- in common ---- */

int eas_range_read(int *first, int *last, const eas_node_t *node, int last_default)
{
    const char *text = node ? eas_node_text(node) : "";
    *first = 0;
    *last = last_default;
    if (!node || (text && !*text))
        return 1;
    apr_size_t a = text ? strspn(text, "0123456789") : 0;
    apr_size_t b = a && text[a] == '-' ? strspn(text + a + 1, "0123456789") : 0;
    if (!a || !b || a > 9 || b > 9 || text[a + 1 + b])
        return 0;
    *first = (int)apr_atoi64(text);
    *last = (int)apr_atoi64(text + a + 1);
    return *first <= *last;
}

static const struct {
    const char *name;
    usm_where_e where;
} keyword_rows[] = {{"from:", USM_IN_FROM}, {"to:", USM_IN_TO},     {"cc:", USM_IN_CC},
                    {"bcc:", USM_IN_BCC},   {"subject:", USM_IN_SUBJECT}, {"body:", USM_IN_BODY}};

/* One word or phrase at *text_p. */
static const char *take_word(const char **text_p, apr_pool_t *pool)
{
    const char *text = *text_p;
    apr_size_t n;
    if (*text == '"' && strchr(text + 1, '"')) {
        n = strcspn(text + 1, "\"");
        *text_p = text + n + 2;
        return apr_pstrmemdup(pool, text + 1, n);
    }
    n = strcspn(text, " \t\r\n");
    *text_p = text + n;
    return apr_pstrmemdup(pool, text, n);
}

int eas_query_words(usm_query_t *query, const char *text, int keywords, apr_pool_t *pool)
{
    if (!text || strlen(text) > EAS_SEARCH_TEXT_MAX)
        return 0;
    for (;;) {
        usm_term_t term = {.where = USM_IN_ANY};
        text += strspn(text, " \t\r\n");
        if (!*text)
            return 1;
        if (*text == '-' && text[1] && !isspace((unsigned char)text[1])) {
            term.not = 1;
            text++;
        }
        for (apr_size_t i = 0; keywords && i < sizeof keyword_rows / sizeof keyword_rows[0]; i++) {
            apr_size_t n = strlen(keyword_rows[i].name);
            if (strncasecmp(text, keyword_rows[i].name, n) == 0 && text[n] && !isspace((unsigned char)text[n])) {
                term.where = keyword_rows[i].where;
                text += n;
                break;
            }
        }
        term.text = take_word(&text, pool);
        if (keywords && term.where == USM_IN_ANY && !term.not &&
            (strcmp(term.text, "AND") == 0 || strcmp(term.text, "*") == 0))
            continue; /* all words must be there anyway */
        if (!*term.text)
            continue;
        if (query->term_count == USM_TERMS_MAX)
            return 0;
        query->terms[query->term_count++] = term;
    }
}

static void digest_node(apr_sha1_ctx_t *sha, const eas_node_t *node)
{
    const eas_node_t *child;
    char tag[16];
    apr_snprintf(tag, sizeof tag, "<%d:%d>", (int)node->tag, (int)node->len);
    apr_sha1_update(sha, tag, (unsigned)strlen(tag));
    apr_sha1_update(sha, node->data, (unsigned)node->len);
    EAS_NODE_EACH(child, node)
    {
        digest_node(sha, child);
    }
    apr_sha1_update(sha, ">", 1);
}

const char *eas_query_name(const eas_node_t *node, const char *more, apr_pool_t *pool)
{
    unsigned char sum[APR_SHA1_DIGESTSIZE];
    apr_sha1_ctx_t sha;
    apr_sha1_init(&sha);
    digest_node(&sha, node);
    apr_sha1_update(&sha, more, (unsigned)strlen(more));
    apr_sha1_final(sum, &sha);
    return apr_pescape_hex(pool, sum, sizeof sum, 0);
}

int eas_search_page(const apr_array_header_t *hits, int first, int last, int most)
{
    int count = hits->nelts - first, asked = last - first + 1;
    count = count > asked ? asked : count;
    count = count > most ? most : count;
    return count < 0 ? 0 : count;
}

/* ---- the query ---- */

/* DateReceived is the one property that can be compared. */
static int read_date(usm_time_t *t, const eas_node_t *node)
{
    static const unsigned tags[] = {EAS_Email_DateReceived, EAS_Search_Value, 0};
    const char *value = eas_node_child_text(node, EAS_Search_Value);
    return *t == USM_TIME_NONE && eas_node_only(node, tags) && eas_node_child(node, EAS_Email_DateReceived) && value &&
           eas_time_parse(t, value);
}

typedef struct classes_t {
    int any, email;
} classes_t;

static int read_class(classes_t *classes, const eas_node_t *node)
{
    const char *name = eas_node_text(node);
    classes->any = 1;
    if (name && strcmp(name, "Email") == 0)
        classes->email = 1;
    return name && (strcmp(name, "SMS") == 0 || eas_class_parse(name) != USM_CLASS_COUNT);
}

static int read_folder(usm_query_t *query, int *all_p, const eas_node_t *node)
{
    const char *id = eas_node_text(node);
    if (!id || !*id || strlen(id) > EAS_ID_MAX)
        return 0;
    if (strcmp(id, "0") == 0) /* Outlook on phones: everywhere */
        *all_p = 1;
    else
        query->folders[query->folder_count++] = id;
    return 1;
}

/* 0, or the status that says what is wrong. */
static int read_condition(usm_query_t *query, classes_t *classes, int *all_p, const eas_node_t *node, apr_pool_t *pool)
{
    int good = 0;
    apr_size_t len = 0;
    switch (node->tag) {
    case EAS_AirSync_Class:
        good = read_class(classes, node);
        break;
    case EAS_AirSync_CollectionId:
        good = read_folder(query, all_p, node);
        break;
    case EAS_Search_FreeText:
        good = !eas_node_next(node, node->tag) && eas_query_words(query, eas_node_text(node), 0, pool);
        break;
    case EAS_Search_GreaterThan:
        good = read_date(&query->after, node);
        break;
    case EAS_Search_LessThan:
        good = read_date(&query->before, node);
        break;
    case EAS_Search_And:
    case EAS_Search_Or:
    case EAS_Search_EqualTo:
        return SEARCH_TOO_COMPLEX;
    case EAS_Search_ConversationId:
        query->thread = (const unsigned char *)eas_node_bytes(node, &len);
        good = !eas_node_next(node, node->tag) && query->thread && len == USM_THREAD_ID;
        break;
    default:
        break;
    }
    return good ? 0 : SEARCH_INVALID;
}

static int read_query(usm_query_t *query, int *nothing_p, const eas_node_t *node, apr_pool_t *pool)
{
    const eas_node_t *and = eas_node_child(node, EAS_Search_And), *child;
    classes_t classes = {0, 0};
    int all = 0;
    query->after = query->before = USM_TIME_NONE;
    query->cls = USM_EMAIL;
    if (!node || node->is_empty || (and && and->is_empty))
        return SEARCH_INVALID;
    if (!and || and != node->child || and->next)
        return SEARCH_TOO_COMPLEX;
    query->folders = apr_pcalloc(pool, sizeof(char *) * (eas_node_count(and, EAS_AirSync_CollectionId) + 1));
    EAS_NODE_EACH(child, and)
    {
        int status = read_condition(query, &classes, &all, child, pool);
        if (status)
            return status;
    }
    if (all)
        query->folder_count = 0;
    *nothing_p = classes.any && !classes.email;
    return 0;
}

/* ---- the answer ---- */

static void put_hit(eas_ctx_t *ctx, eas_writer_t *out, const usm_hit_t *hit, const usm_item_t *item,
                    const eas_view_t *view, apr_pool_t *pool)
{
    eas_map_t map = {.ctx = ctx, .out = out, .cls = hit->cls, .view = view, .server_id = hit->id, .pool = pool};
    eas_writer_start(out, EAS_Search_Result);
    eas_writer_tag_text(out, EAS_AirSync_Class, eas_class_name(hit->cls));
    eas_writer_tag_text(out, EAS_Search_LongId, usm_ref_make(ctx->session, hit->id, NULL, pool));
    eas_writer_tag_text(out, EAS_AirSync_CollectionId, hit->folder);
    eas_writer_start(out, EAS_Search_Properties);
    eas_map_encode(&map, item, NULL);
    eas_writer_end(out);
    eas_writer_end(out);
}

/* *count_p becomes the number of those that the answer has room for: the range tells it, and the next page goes on. A
 * mail that is larger than any answer comes as nothing. */
static usm_error_t *write_hits(eas_ctx_t *ctx, eas_writer_t *out, const usm_hit_t *hits, int *count_p,
                               const eas_view_t *view)
{
    usm_item_t *items[READ_AT_ONCE];
    usm_fetch_t fetch;
    apr_pool_t *pool;
    int written = 0, count = *count_p;
    eas_map_fetch(&fetch, USM_EMAIL, ctx->version, view);
    apr_pool_create(&pool, ctx->pool);
    for (int i = 0; i < count; i++) {
        eas_writer_mark_t mark;
        int left = count - i, at = i % READ_AT_ONCE;
        if (at == 0) {
            apr_pool_clear(pool);
            USM_ERR(usm_hits_read(items, ctx->session, hits + i, left < READ_AT_ONCE ? left : READ_AT_ONCE, &fetch,
                                  pool));
        }
        if (!items[at])
            continue;
        eas_writer_mark(out, &mark);
        put_hit(ctx, out, &hits[i], items[at], view, pool);
        if (eas_writer_error(out)->code == EAS_WBXML_SIZE) {
            eas_writer_rollback(out, &mark);
            count = written ? i : count;
        } else {
            written++;
        }
    }
    apr_pool_destroy(pool); /* the writer has copied what goes out */
    *count_p = count;
    return NULL;
}

static usm_error_t *answer(eas_ctx_t *ctx, eas_writer_t *out, const apr_array_header_t *hits, int first, int last,
                           const eas_view_t *view)
{
    int count = eas_search_page(hits, first, last, PAGE_MAX);
    eas_put_status(ctx, out, EAS_Search_Status, SEARCH_OK);
    if (count)
        USM_ERR(write_hits(ctx, out, &APR_ARRAY_IDX(hits, first, usm_hit_t), &count, view));
    else
        eas_writer_empty(out, EAS_Search_Result);
    /* Android needs both, also when nothing was found. */
    eas_writer_tag_text(out, EAS_Search_Range,
                        apr_psprintf(ctx->pool, "%d-%d", count ? first : 0, count ? first + count - 1 : 0));
    eas_writer_tag_int(out, EAS_Search_Total, hits->nelts);
    return NULL;
}

/* 0, or the status that says what is wrong. */
static int read_options(eas_options_t *options, int *first, int *last, usm_query_t *query, const eas_node_t *node,
                        eas_ctx_t *ctx)
{
    eas_options_init(options);
    if (!eas_range_read(first, last, eas_node_child(node, EAS_Search_Range), LAST_DEFAULT))
        return SEARCH_INVALID;
    if (*last >= USM_HITS_MAX)
        return SEARCH_BEYOND;
    /* Parts of bodies belong to conversations. */
    if ((eas_node_child(node, EAS_AirSyncBase_BodyPartPreference) && !query->thread) ||
        eas_options_block(options, node, ctx->version, USM_EMAIL))
        return SEARCH_INVALID;
    query->deep = eas_node_child(node, EAS_Search_DeepTraversal) != NULL;
    query->reuse = *first > 0 && !eas_node_child(node, EAS_Search_RebuildResults);
    return 0;
}

static void only_status(eas_ctx_t *ctx, eas_writer_t *out, int status)
{
    eas_put_status(ctx, out, EAS_Search_Status, status);
}

usm_error_t *eas_search_mailbox(eas_ctx_t *ctx, const eas_node_t *store, eas_writer_t *out)
{
    const eas_node_t *node = eas_node_child(store, EAS_Search_Query);
    const eas_node_t *given = eas_node_child(store, EAS_Search_Options);
    const apr_array_header_t *hits = apr_array_make(ctx->pool, 1, sizeof(usm_hit_t));
    usm_query_t query = {.term_count = 0};
    eas_options_t options;
    int first, last, nothing = 0, status = read_query(&query, &nothing, node, ctx->pool);
    if (!status)
        status = read_options(&options, &first, &last, &query, given, ctx);
    if (status) {
        only_status(ctx, out, status);
        return NULL;
    }
    query.name = eas_query_name(node, query.deep ? "deep" : "", ctx->pool);
    usm_error_t *err = nothing ? NULL : usm_search(&hits, ctx->session, &query, ctx->pool);
    if (err && usm_error_class(err) == USM_CLASS_NOTFOUND) {
        usm_log(ctx->log, USM_LOG_INFO, EASLOGNO(46), "Search: %s", usm_error_text(err, ctx->pool));
        usm_error_clear(err);
        only_status(ctx, out, SEARCH_HIERARCHY);
        return NULL;
    }
    USM_ERR(err);
    return answer(ctx, out, hits, first, last, &options.view);
}
