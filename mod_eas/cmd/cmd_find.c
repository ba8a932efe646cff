/* SPDX-License-Identifier: Apache-2.0 */
/* Find (MS-ASCMD 2.2.1.2), 16.1: a search with an id, by which later requests go on in its result. */
#include <apr_strings.h>
#include <string.h>

#include "eas_search.h"

#define LAST_DEFAULT 99
#define PREVIEW_CHARS 255
#define SEARCH_ID_MAX 128

/* ---- the mailbox ---- */

/* What a result of Find shows of a mail is less than what Sync does. */
static void view_of(eas_view_t *view, usm_fetch_t *fetch)
{
    static const int fields[] = {USM_EMAIL_SUBJECT, USM_EMAIL_RECEIVED, USM_EMAIL_TO,    USM_EMAIL_CC,
                                 USM_EMAIL_FROM,    USM_EMAIL_READ,     USM_EMAIL_DRAFT, USM_EMAIL_IMPORTANCE,
                                 USM_EMAIL_BODY,    USM_EMAIL_BCC,      USM_EMAIL_ATTACHMENTS};
    memset(view, 0, sizeof *view);
    memset(fetch, 0, sizeof *fetch);
    for (apr_size_t i = 0; i < sizeof fields / sizeof fields[0]; i++)
        USM_FIELDSET_ADD(&fetch->fields, fields[i]);
    fetch->body_forms = USM_BODY_TEXT;
    fetch->text_max = 4 * PREVIEW_CHARS;
}

static const char *names(const usm_item_t *item, int field, apr_pool_t *pool)
{
    const usm_addrs_t *list = usm_item_isset(item, field) ? item->v[field].u.addrs : NULL;
    const char *text = "";
    for (int i = 0; list && i < list->count && strlen(text) < 4096; i++) {
        const usm_addr_t *a = &list->items[i];
        text = apr_pstrcat(pool, text, *text ? ";" : "", a->name && *a->name ? a->name : a->addr ? a->addr : "", NULL);
    }
    return *text ? text : NULL;
}

static const char *sender(const usm_item_t *item, apr_pool_t *pool)
{
    const usm_addrs_t *from = usm_item_isset(item, USM_EMAIL_FROM) ? item->v[USM_EMAIL_FROM].u.addrs : NULL;
    if (!from || !from->count)
        return NULL;
    const usm_addr_t *a = &from->items[0];
    return a->name && *a->name ? apr_psprintf(pool, "\"%s\" <%s>", a->name, a->addr ? a->addr : "") : a->addr;
}

static void put_preview(eas_writer_t *out, const usm_item_t *item)
{
    const usm_body_t *body = usm_item_isset(item, USM_EMAIL_BODY) ? item->v[USM_EMAIL_BODY].u.body : NULL;
    apr_size_t n = 0;
    if (!body || !body->text.data || !body->text.len)
        return;
    for (int c = 0; n < body->text.len && c < PREVIEW_CHARS; c++) {
        n++;
        while (n < body->text.len && ((unsigned char)body->text.data[n] & 0xC0) == 0x80)
            n++;
    }
    eas_writer_start(out, EAS_Find_Preview);
    eas_writer_text(out, body->text.data, n);
    eas_writer_end(out);
}

static void put_mail(eas_ctx_t *ctx, eas_writer_t *out, const usm_hit_t *hit, const usm_item_t *item)
{
    const usm_attachments_t *files =
        usm_item_isset(item, USM_EMAIL_ATTACHMENTS) ? item->v[USM_EMAIL_ATTACHMENTS].u.attachments : NULL;
    eas_writer_start(out, EAS_Find_Result);
    eas_writer_tag_text(out, EAS_AirSync_Class, eas_class_name(hit->cls));
    eas_writer_tag_text(out, EAS_AirSync_ServerId, hit->id);
    eas_writer_tag_text(out, EAS_AirSync_CollectionId, hit->folder);
    eas_writer_start(out, EAS_Find_Properties);
    eas_writer_tag_text(out, EAS_Email_Subject, usm_item_text(item, USM_EMAIL_SUBJECT));
    eas_writer_tag_time(out, EAS_Email_DateReceived, usm_item_num(item, USM_EMAIL_RECEIVED, hit->at), EAS_TIME_DASHED);
    eas_writer_tag_text(out, EAS_Email_DisplayTo, names(item, USM_EMAIL_TO, ctx->pool));
    eas_writer_tag_text(out, EAS_Find_DisplayCc, names(item, USM_EMAIL_CC, ctx->pool));
    eas_writer_tag_text(out, EAS_Find_DisplayBcc, names(item, USM_EMAIL_BCC, ctx->pool));
    eas_writer_tag_int(out, EAS_Email_Importance, usm_item_num(item, USM_EMAIL_IMPORTANCE, USM_IMP_NORMAL));
    eas_writer_tag_int(out, EAS_Email_Read, usm_item_num(item, USM_EMAIL_READ, 0));
    eas_writer_tag_int(out, EAS_Email2_IsDraft, usm_item_num(item, USM_EMAIL_DRAFT, 0));
    put_preview(out, item);
    eas_writer_tag_int(out, EAS_Find_HasAttachments, files && files->count > 0);
    eas_writer_tag_text(out, EAS_Email_From, sender(item, ctx->pool));
    eas_writer_end(out);
    eas_writer_end(out);
}

static usm_error_t *answer(eas_ctx_t *ctx, eas_writer_t *out, const apr_array_header_t *hits, int first, int last)
{
    int count = eas_search_page(hits, first, last, USM_HITS_MAX);
    usm_item_t **items = apr_pcalloc(ctx->pool, sizeof *items * (apr_size_t)(count + 1));
    eas_view_t view;
    usm_fetch_t fetch;
    view_of(&view, &fetch);
    if (count)
        USM_ERR(usm_hits_read(items, ctx->session, &APR_ARRAY_IDX(hits, first, usm_hit_t), count, &fetch, ctx->pool));
    eas_writer_tag_text(out, EAS_ItemOperations_Store, "Mailbox");
    eas_put_status(ctx, out, EAS_Find_Status, FIND_OK);
    for (int i = 0; i < count; i++) {
        if (items[i])
            put_mail(ctx, out, &APR_ARRAY_IDX(hits, first + i, usm_hit_t), items[i]);
    }
    if (count)
        eas_writer_tag_text(out, EAS_Find_Range, apr_psprintf(ctx->pool, "%d-%d", first, first + count - 1));
    eas_writer_tag_int(out, EAS_Find_Total, hits->nelts);
    return NULL;
}

/* 0, or the status that says what is wrong. */
static int read_criterion(usm_query_t *query, int *first, int *last, const eas_node_t *criterion, apr_pool_t *pool)
{
    const eas_node_t *node = eas_node_child(criterion, EAS_Find_Query);
    const eas_node_t *options = eas_node_child(criterion, EAS_Find_Options);
    const eas_node_t *folder = eas_node_child(node, EAS_AirSync_CollectionId);
    const char *text = eas_node_child_text(node, EAS_Find_FreeText);
    const char *cls = eas_node_child_text(node, EAS_AirSync_Class);
    query->cls = USM_EMAIL;
    query->after = query->before = USM_TIME_NONE;
    if (!text || !cls || strcmp(cls, "Email") != 0 || !eas_query_words(query, text, 1, pool) ||
        !eas_range_read(first, last, eas_node_child(options, EAS_Find_Range), LAST_DEFAULT) || *last >= USM_HITS_MAX)
        return FIND_INVALID;
    if (folder) {
        query->folders = apr_pcalloc(pool, sizeof(char *));
        query->folders[0] = eas_node_text(folder);
        if (!query->folders[0] || !*query->folders[0] || strlen(query->folders[0]) > EAS_ID_MAX)
            return FIND_INVALID;
        query->folder_count = 1;
    }
    query->deep = eas_node_child(options, EAS_Find_DeepTraversal) != NULL;
    query->reuse = *first > 0;
    return 0;
}

usm_error_t *eas_find_is_kept(int *kept_p, eas_ctx_t *ctx, const char *name)
{
    const char *known;
    USM_ERR(usm_device_attr_get(&known, ctx->session, "find", ctx->pool));
    *kept_p = known && strcmp(known, name) == 0;
    return NULL;
}

usm_error_t *eas_find_keep(eas_ctx_t *ctx, const char *name)
{
    return usm_device_attr_set(ctx->session, "find", name);
}

usm_error_t *eas_find_mailbox(eas_ctx_t *ctx, const eas_node_t *criterion, eas_writer_t *out)
{
    const char *id = eas_node_child_text(ctx->doc, EAS_Find_SearchId);
    const apr_array_header_t *hits;
    usm_query_t query = {.term_count = 0};
    int first, last, known = 0, status = read_criterion(&query, &first, &last, criterion, ctx->pool);
    if (status)
        return eas_answer_status(ctx, status);
    query.name = eas_query_name(eas_node_child(criterion, EAS_Find_Query),
                                apr_pstrcat(ctx->pool, id, query.deep ? "/deep" : "", NULL), ctx->pool);
    if (first > 0)
        USM_ERR(eas_find_is_kept(&known, ctx, query.name));
    if (first > 0 && !known)
        return eas_answer_status(ctx, FIND_BAD_RANGE);
    usm_error_t *err = usm_search(&hits, ctx->session, &query, ctx->pool);
    if (err && usm_error_class(err) == USM_CLASS_NOTFOUND) {
        usm_log(ctx->log, USM_LOG_INFO, EASLOGNO(47), "Find: %s", usm_error_text(err, ctx->pool));
        usm_error_clear(err);
        return eas_answer_status(ctx, FIND_HIERARCHY);
    }
    USM_ERR(err);
    if (!known)
        USM_ERR(eas_find_keep(ctx, query.name));
    return answer(ctx, out, hits, first, last);
}

/* ---- the command ---- */

static const struct {
    unsigned tag;
    eas_store_fn run;
} stores[] = {
    {EAS_Find_MailBoxSearchCriterion, eas_find_mailbox},
    {EAS_Find_GalSearchCriterion, eas_find_gal},
};

usm_error_t *eas_cmd_find(eas_ctx_t *ctx, const eas_node_t *doc, eas_writer_t *out)
{
    const eas_node_t *search = eas_node_child(doc, EAS_Find_ExecuteSearch);
    const char *id = eas_node_child_text(doc, EAS_Find_SearchId);
    if (!search || !search->child || search->child->next || !id || !*id || strlen(id) > SEARCH_ID_MAX)
        return eas_answer_status(ctx, FIND_INVALID);
    for (apr_size_t i = 0; i < sizeof stores / sizeof stores[0]; i++) {
        if (stores[i].tag != search->child->tag)
            continue;
        eas_writer_start(out, EAS_Find_Find);
        eas_put_status(ctx, out, EAS_Find_Status, FIND_OK);
        eas_writer_start(out, EAS_Find_Response);
        USM_ERR(stores[i].run(ctx, search->child, out));
        if (ctx->answered)
            return NULL;
        eas_writer_end(out);
        eas_writer_end(out);
        return NULL;
    }
    return eas_answer_status(ctx, FIND_INVALID);
}
