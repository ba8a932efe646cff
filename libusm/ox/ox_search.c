/* SPDX-License-Identifier: Apache-2.0 */
/* Searching mail: one mail?action=search for each folder, several in one `multiple` (spec 3.7). */
#include "ox/ox_mail.h"

#include <apr_strings.h>
#include <string.h>
#include <usm/search.h>

static const char *const fields[] = {[USM_IN_FROM] = "from", [USM_IN_TO] = "to",           [USM_IN_CC] = "cc",
                                     [USM_IN_BCC] = "bcc",   [USM_IN_SUBJECT] = "subject", [USM_IN_BODY] = "content"};

/* [op, {"field": name}]: its second operand is to be added. */
static ox_json_t *comparison(const char *op, const char *field, apr_pool_t *pool)
{
    ox_json_t *list = ox_json_array(pool), *name = ox_json_object(pool);
    ox_json_add_text(list, op);
    ox_json_set_text(name, "field", field);
    ox_json_add(list, name);
    return list;
}

static void add_text(ox_json_t *to, const char *field, const char *text, apr_pool_t *pool)
{
    ox_json_t *list = comparison("=", field, pool);
    ox_json_add_text(list, text);
    ox_json_add(to, list);
}

static void add_time(ox_json_t *to, const char *op, usm_time_t t, apr_pool_t *pool)
{
    ox_json_t *list = comparison(op, "received_date", pool), *holder = ox_json_object(pool);
    ox_json_set_int(holder, "t", t);
    ox_json_add(list, ox_json_get(holder, "t"));
    ox_json_add(to, list);
}

static void add_term(ox_json_t *to, const usm_term_t *term, apr_pool_t *pool)
{
    ox_json_t *holder = to;
    if (term->not) {
        holder = ox_json_array(pool);
        ox_json_add_text(holder, "not");
    }
    if (term->where == USM_IN_ANY) {
        ox_json_t *any = ox_json_array(pool);
        ox_json_add_text(any, "or");
        for (int i = USM_IN_FROM; i <= USM_IN_BODY; i++)
            add_text(any, fields[i], term->text, pool);
        ox_json_add(holder, any);
    } else {
        add_text(holder, fields[term->where], term->text, pool);
    }
    if (term->not)
        ox_json_add(to, holder);
}

/* Mail servers compare days: a day more on either side, and the rest is done here. */
static ox_json_t *filter_json(const usm_query_t *query, apr_pool_t *pool)
{
    ox_json_t *all = ox_json_array(pool), *body = ox_json_object(pool);
    ox_json_add_text(all, "and");
    for (int i = 0; i < query->term_count; i++)
        add_term(all, &query->terms[i], pool);
    /* Also for a query that says nothing: a filter must have an operand. */
    usm_time_t from = query->after != USM_TIME_NONE ? query->after - USM_DAY_MS : -USM_DAY_MS;
    add_time(all, ">", from, pool);
    if (query->before != USM_TIME_NONE)
        add_time(all, "<", query->before + USM_DAY_MS, pool);
    ox_json_set(body, "filter", all);
    return body;
}

static void take_rows(usm_bsearch_t *search, const ox_json_t *rows, const usm_query_t *query, apr_pool_t *pool)
{
    for (int i = 0; i < ox_json_count(rows) && search->hits->nelts < USM_HITS_MAX; i++) {
        const ox_json_t *row = ox_json_at(rows, i);
        const char *id = ox_json_text(ox_json_at(row, 0), pool);
        usm_time_t at = ox_json_int(ox_json_at(row, 1), 0);
        if (!id || !*id || ox_json_int(ox_json_at(row, 2), 0) & OX_DELETED ||
            (query->after != USM_TIME_NONE && at <= query->after) ||
            (query->before != USM_TIME_NONE && at >= query->before))
            continue;
        APR_ARRAY_PUSH(search->hits, usm_bhit_t) = (usm_bhit_t){.id = id, .at = at};
    }
}

usm_error_t *ox_search(usm_bsearch_t *searches, int count, usm_bcall_t *call, const usm_query_t *query,
                       apr_pool_t *result_pool, apr_pool_t *scratch_pool)
{
    ox_json_t *requests = ox_json_array(scratch_pool), *answers, *filter = filter_json(query, scratch_pool);
    if (query->cls != USM_EMAIL)
        return NULL;
    for (int i = 0; i < count; i++) {
        ox_json_t *request = ox_request(scratch_pool, "mail", "search", "folder", searches[i].folder->id, "columns",
                                        "600,610,611", "sort", "610", "order", "desc", "timezone", "UTC", NULL);
        ox_json_set(request, "data", filter);
        ox_json_add(requests, request);
    }
    usm_error_t *err = ox_multiple(&answers, call, requests, scratch_pool);
    if (usm_error_is(err, USM_ELIMIT) && count > 1) { /* too much at once */
        usm_error_clear(err);
        for (int i = 0; i < count; i++)
            USM_ERR(ox_search(&searches[i], 1, call, query, result_pool, scratch_pool));
        return NULL;
    }
    if (usm_error_is(err, USM_ELIMIT)) {
        searches[0].error = err;
        return NULL;
    }
    USM_ERR(err);
    for (int i = 0; i < count; i++) {
        const ox_json_t *answer = ox_json_at(answers, i);
        searches[i].error = ox_error_of(answer, result_pool);
        if (searches[i].error && usm_error_class(searches[i].error) == USM_CLASS_UNAVAILABLE)
            return searches[i].error;
        if (!searches[i].error)
            take_rows(&searches[i], ox_json_get(answer, "data"), query, result_pool);
    }
    return NULL;
}
