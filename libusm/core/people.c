/* SPDX-License-Identifier: Apache-2.0 */
/* People: what the backend knows of them, within bounds. */
#include "core.h"

#include <stdlib.h>
#include <usm/people.h>

#define BATCH 25

static int compare_people(const void *a, const void *b)
{
    const usm_person_t *x = a, *y = b;
    int c = strcasecmp(x->display_name ? x->display_name : "", y->display_name ? y->display_name : "");
    if (!c)
        c = strcasecmp(x->address ? x->address : "", y->address ? y->address : "");
    return c ? c : strcmp(x->id ? x->id : "", y->id ? y->id : "");
}

/* A text that cannot be looked for, in whatever groupware. */
static int is_senseless(const char *text)
{
    return !text || !text[strspn(text, " \t\r\n")] || strlen(text) > USM_PEOPLE_TEXT_MAX;
}

usm_error_t *usm_people_search(usm_people_query_t *queries, int count, usm_session_t *session, apr_pool_t *pool)
{
    apr_pool_t *iterpool;
    for (int i = 0; i < count; i++) {
        queries[i].people = apr_array_make(pool, 8, sizeof(usm_person_t));
        queries[i].error = NULL;
        if (is_senseless(queries[i].text))
            queries[i].error = USM_ERROR(pool, USM_EINVALID, "nobody can be looked for by this");
    }
    apr_pool_create(&iterpool, pool);
    for (int i = 0; i < count; i += BATCH) {
        usm_people_query_t *batch[BATCH];
        int n = 0;
        apr_pool_clear(iterpool);
        for (int k = i; k < count && k < i + BATCH; k++) {
            if (!queries[k].error)
                batch[n++] = &queries[k];
        }
        if (n)
            USM_ERR(usm__checked(session, USM__BVT(session)->people(batch, n, &session->call, pool, iterpool)));
        for (int k = 0; k < n; k++) {
            apr_array_header_t *people = batch[k]->people;
            qsort(people->elts, (size_t)people->nelts, sizeof(usm_person_t), compare_people);
            people->nelts = people->nelts > USM_PEOPLE_MAX ? USM_PEOPLE_MAX : people->nelts;
        }
    }
    apr_pool_destroy(iterpool);
    return NULL;
}

usm_error_t *usm_people_picture(const usm_blob_t **picture_p, usm_session_t *session, const usm_person_t *person,
                                apr_size_t max, apr_pool_t *pool)
{
    *picture_p = NULL;
    if (!person->picture)
        return USM_ERROR(pool, USM_ENOTFOUND, "a person without a picture");
    return usm__checked(session, USM__BVT(session)->picture(picture_p, &session->call, person, max, pool));
}

usm_error_t *usm_people_busy(usm_busy_query_t *queries, int count, usm_session_t *session, usm_time_t from,
                             usm_time_t to, apr_pool_t *pool)
{
    apr_pool_t *iterpool;
    if (from >= to)
        return USM_ERROR(pool, USM_EINVALID, "a time that ends before it begins");
    apr_pool_create(&iterpool, pool);
    for (int i = 0; i < count; i++) {
        queries[i].times = apr_array_make(pool, 8, sizeof(usm_busy_t));
        queries[i].error = NULL;
    }
    for (int i = 0; i < count; i += BATCH) {
        apr_pool_clear(iterpool);
        USM_ERR(usm__checked(session, USM__BVT(session)->busy(queries + i, count - i < BATCH ? count - i : BATCH,
                                                              &session->call, from, to, pool, iterpool)));
    }
    apr_pool_destroy(iterpool);
    return NULL;
}

usm_error_t *usm_away_get(usm_away_t *away, usm_session_t *session, apr_pool_t *pool)
{
    *away = (usm_away_t){.first = USM_TIME_NONE, .last = USM_TIME_NONE};
    return usm__checked(session, USM__BVT(session)->away_get(away, &session->call, pool));
}

usm_error_t *usm_away_set(usm_session_t *session, const usm_away_t *away, apr_pool_t *pool)
{
    const usm_userinfo_t *info;
    if (away->state == USM_AWAY_DAYS && away->first != USM_TIME_NONE && away->last != USM_TIME_NONE &&
        away->last < away->first)
        return USM_ERROR(pool, USM_EINVALID, "days that end before they begin");
    USM_ERR(usm_session_userinfo(&info, session));
    return usm__checked(session, USM__BVT(session)->away_set(&session->call, away, info, pool));
}
