/* SPDX-License-Identifier: Apache-2.0 */
/* People: contacts?action=search (spec 4.6), their pictures (4.4), and when they are free (5.8). */
#include "ox/ox.h"

#include <apr_strings.h>
#include <apr_lib.h>
#include <stddef.h>
#include <string.h>
#include <usm/people.h>

#include "ox/ox_chronos.h"
#include "ox/ox_picture.h"

#define DIRECTORY 6 /* folder of the global address list */
#define WILD "*?%_\\" /* what some server takes for a wildcard, or for its escape */
#define BUSY_MAX 5000

/* ---- columns: those of person.h, then these ---- */

enum { P_ID, P_FOLDER, P_USER, P_EMAIL2, P_EMAIL3, P_LIST, P_IS_LIST, P_PICTURE, P_IMAGES, P_COUNT };
static const int more_columns[P_COUNT] = {1, 20, 524, 556, 557, 592, 602, 606, 596};
static const int columns[] = {
#define USM_PERSON(member, column, tag) column,
#include <usm/tbl/person.h>
#undef USM_PERSON
};
static const size_t offsets[] = {
#define USM_PERSON(member, column, tag) offsetof(usm_person_t, member),
#include <usm/tbl/person.h>
#undef USM_PERSON
};
#define COLUMNS ((int)(sizeof columns / sizeof columns[0]))

static const char *all_columns(apr_pool_t *pool)
{
    int all[COLUMNS + P_COUNT];
    memcpy(all, columns, sizeof columns);
    memcpy(all + COLUMNS, more_columns, sizeof more_columns);
    return ox_columns(pool, all, COLUMNS + P_COUNT);
}

static const char *text_of(const ox_json_t *value, apr_pool_t *pool)
{
    const char *text = ox_json_text(value, pool);
    return text && *text ? text : NULL;
}

static void read_members(usm_person_t *person, const ox_json_t *list, apr_pool_t *pool)
{
    int count = ox_json_count(list);
    count = count > USM_MEMBERS_MAX ? USM_MEMBERS_MAX : count;
    person->members = apr_pcalloc(pool, sizeof(usm_person_t) * (apr_size_t)(count + 1));
    for (int i = 0; i < count; i++) {
        const ox_json_t *member = ox_json_at(list, i);
        usm_person_t *to = &person->members[person->member_count];
        to->display_name = text_of(ox_json_get(member, "display_name"), pool);
        to->address = text_of(ox_json_get(member, "mail"), pool);
        if (to->display_name || to->address)
            person->member_count++;
    }
}

static void read_person(usm_person_t *person, const ox_json_t *row, apr_pool_t *pool)
{
    memset(person, 0, sizeof *person);
    for (int i = 0; i < COLUMNS; i++)
        *(const char **)(void *)((char *)person + offsets[i]) = text_of(ox_json_at(row, i), pool);
    const ox_json_t *more[P_COUNT];
    for (int i = 0; i < P_COUNT; i++)
        more[i] = ox_json_at(row, COLUMNS + i);
    person->id = text_of(more[P_ID], pool);
    person->folder = text_of(more[P_FOLDER], pool);
    person->address2 = text_of(more[P_EMAIL2], pool);
    person->address3 = text_of(more[P_EMAIL3], pool);
    person->in_directory = ox_json_int(more[P_FOLDER], 0) == DIRECTORY;
    person->user = person->in_directory ? ox_json_int(more[P_USER], 0) : 0;
    person->picture = text_of(more[P_PICTURE], pool);
    if (!person->picture && ox_json_int(more[P_IMAGES], 0) > 0)
        person->picture = "";
    if (!person->address)
        person->address = person->address2 ? person->address2 : person->address3;
    person->is_list = ox_json_true(more[P_IS_LIST]);
    if (person->is_list)
        read_members(person, more[P_LIST], pool);
}

/* ---- searching ---- */

/* Wildcards become "any character"; is_hit() sees to it that it is the one that was meant. */
static const char *pattern_of(const char *text, apr_size_t len, apr_pool_t *pool)
{
    char *pattern = apr_pstrcat(pool, apr_pstrmemdup(pool, text, len), "*", NULL);
    for (apr_size_t i = 0; i < len; i++) {
        if (strchr(WILD, pattern[i]))
            pattern[i] = '?';
    }
    return pattern;
}

static int begins_with(const char *text, const char *beginning)
{
    return text && strncasecmp(text, beginning, strlen(beginning)) == 0;
}

static int is_hit(const usm_person_t *person, const char *text)
{
    return !strpbrk(text, WILD) || begins_with(person->display_name, text) ||
           begins_with(person->first_name, text) || begins_with(person->last_name, text) ||
           begins_with(person->address, text) || begins_with(person->address2, text) ||
           begins_with(person->address3, text);
}

static void add_request(ox_json_t *requests, const usm_people_query_t *query, ox_json_t *body, apr_pool_t *pool)
{
    ox_json_t *request = ox_request(pool, "contacts", "search", "columns", all_columns(pool), "sort", "500", "order",
                                    "asc", "timezone", "UTC", NULL);
    if (!query->everywhere) {
        ox_json_t *folders = ox_json_array(pool), *holder = ox_json_object(pool);
        ox_json_set_int(holder, "n", DIRECTORY);
        ox_json_add(folders, ox_json_get(holder, "n"));
        ox_json_set(body, "folder", folders);
    }
    ox_json_set(request, "data", body);
    ox_json_add(requests, request);
}

/* Anything that begins with the text. */
static void ask_whole(ox_json_t *requests, const usm_people_query_t *query, const char *text, apr_pool_t *pool)
{
    static const char *const fields[] = {"display_name", "first_name", "last_name", "email1", "email2", "email3"};
    ox_json_t *body = ox_json_object(pool);
    const char *pattern = pattern_of(text, strlen(text), pool);
    for (apr_size_t i = 0; i < sizeof fields / sizeof fields[0]; i++)
        ox_json_set_text(body, fields[i], pattern);
    ox_json_set_bool(body, "orSearch", 1);
    add_request(requests, query, body, pool);
}

/* "Anna Mei": a first and a last name, either way round. The same people may come as by the whole text. */
static int ask_pairs(ox_json_t *requests, const usm_people_query_t *query, const char *text, apr_pool_t *pool)
{
    apr_size_t n = strcspn(text, " ,\t");
    const char *rest = text + n + strspn(text + n, " ,\t");
    if (!*rest || !n || strpbrk(text, WILD))
        return 0;
    for (int way = 0; way < 2; way++) {
        ox_json_t *body = ox_json_object(pool);
        ox_json_set_text(body, way ? "last_name" : "first_name", pattern_of(text, n, pool));
        ox_json_set_text(body, way ? "first_name" : "last_name", pattern_of(rest, strlen(rest), pool));
        ox_json_set_bool(body, "orSearch", 0);
        add_request(requests, query, body, pool);
    }
    return 2;
}

static int is_there(const apr_array_header_t *people, const usm_person_t *person)
{
    for (int i = 0; person->id && i < people->nelts; i++) {
        const char *id = APR_ARRAY_IDX(people, i, usm_person_t).id;
        if (id && strcmp(id, person->id) == 0)
            return 1;
    }
    return 0;
}

/* @a again: the answer may name people that were found before. */
static void take_rows(usm_people_query_t *query, const ox_json_t *rows, const char *text, int again, apr_pool_t *pool)
{
    for (int i = 0; i < ox_json_count(rows) && query->people->nelts < USM_PEOPLE_MAX; i++) {
        usm_person_t person;
        read_person(&person, ox_json_at(rows, i), pool);
        if ((person.is_list && !query->everywhere) || (!person.display_name && !person.address) ||
            (!again && !is_hit(&person, text)) || (again && is_there(query->people, &person)))
            continue;
        APR_ARRAY_PUSH(query->people, usm_person_t) = person;
    }
}

static const char *trimmed(const char *text, apr_pool_t *pool)
{
    apr_size_t n;
    text += strspn(text, " \t\r\n");
    for (n = strlen(text); n && apr_isspace(text[n - 1]); n--) {
    }
    return apr_pstrmemdup(pool, text, n);
}

usm_error_t *ox_people(usm_people_query_t **queries, int count, usm_bcall_t *call, apr_pool_t *result_pool,
                       apr_pool_t *scratch_pool)
{
    ox_json_t *requests = ox_json_array(scratch_pool), *answers;
    const char **texts = apr_pcalloc(scratch_pool, sizeof *texts * (apr_size_t)(count + 1));
    int *pairs = apr_pcalloc(scratch_pool, sizeof *pairs * (apr_size_t)(count + 1)), at = 0;
    for (int i = 0; i < count; i++) {
        texts[i] = trimmed(queries[i]->text, scratch_pool);
        ask_whole(requests, queries[i], texts[i], scratch_pool);
        pairs[i] = ask_pairs(requests, queries[i], texts[i], scratch_pool);
    }
    USM_ERR(ox_multiple(&answers, call, requests, scratch_pool));
    for (int i = 0; i < count; i++) {
        for (int k = 0; k <= pairs[i]; k++, at++) {
            const ox_json_t *answer = ox_json_at(answers, at);
            usm_error_t *err = ox_error_of(answer, result_pool);
            if (err && usm_error_class(err) != USM_CLASS_INVALID && usm_error_class(err) != USM_CLASS_PERM)
                return err;
            if (!err)
                take_rows(queries[i], ox_json_get(answer, "data"), texts[i], k, result_pool);
            else if (k == 0)
                queries[i]->error = err;
            else
                usm_error_clear(err); /* one of the names is too short for itself */
        }
    }
    return NULL;
}

/* ---- pictures ---- */

usm_error_t *ox_people_picture(const usm_blob_t **picture_p, usm_bcall_t *call, const usm_person_t *person,
                               apr_size_t max, apr_pool_t *pool)
{
    ox_rsp_t rsp = {0};
    if (!max)
        return USM_ERROR(pool, USM_ELIMIT, "no picture is that small");
    usm_error_t *err = ox_picture_fetch(&rsp, call, person->folder, person->id, person->picture,
                                        max > APR_INT32_MAX ? APR_INT32_MAX : (int)max, pool);
    if (!err && rsp.len) {
        usm_blob_t *blob = apr_pcalloc(pool, sizeof *blob);
        blob->data = apr_pmemdup(pool, rsp.body, rsp.len);
        blob->len = rsp.len;
        blob->content_type = apr_pstrdup(pool, rsp.content_type);
        *picture_p = blob;
    } else if (!err) {
        err = USM_ERROR(pool, USM_ENOTFOUND, "an empty picture");
    }
    ox_http_free(&rsp, pool);
    return err;
}

/* ---- free and busy ---- */

static const struct {
    int shown_as;
    enum usm_busy_e busy;
} busy_rows[] = {{1, USM_BUSY_BUSY}, {2, USM_BUSY_TENTATIVE}, {3, USM_BUSY_AWAY}, {4, USM_BUSY_FREE}};

static void take_busy(apr_array_header_t *times, const ox_json_t *list)
{
    for (int i = 0; i < ox_json_count(list) && times->nelts < BUSY_MAX; i++) {
        const ox_json_t *entry = ox_json_at(list, i);
        usm_busy_t t = {.start = ox_json_time(ox_json_get(entry, "start_date"), USM_TIME_NONE),
                        .end = ox_json_time(ox_json_get(entry, "end_date"), USM_TIME_NONE),
                        .whole_days = ox_json_true(ox_json_get(entry, "full_time")),
                        .busy = USM_BUSY_BUSY};
        apr_int64_t shown = ox_json_int(ox_json_get(entry, "shown_as"), 1);
        for (apr_size_t k = 0; k < sizeof busy_rows / sizeof busy_rows[0]; k++) {
            if (busy_rows[k].shown_as == shown)
                t.busy = busy_rows[k].busy;
        }
        if (t.start != USM_TIME_NONE && t.end > t.start && t.busy != USM_BUSY_FREE)
            APR_ARRAY_PUSH(times, usm_busy_t) = t;
    }
}

usm_error_t *ox_people_busy(usm_busy_query_t *queries, int count, usm_bcall_t *call, usm_time_t from, usm_time_t to,
                            apr_pool_t *result_pool, apr_pool_t *scratch_pool)
{
    ox_json_t *requests = ox_json_array(scratch_pool), *answers;
    /* Both are days for the server; a zone may put a day's edge up to a day off. */
    usm_time_t first = (from / USM_DAY_MS - 1) * USM_DAY_MS, last = (to / USM_DAY_MS + 2) * USM_DAY_MS;
    if (ox_is_chronos(call, USM_EVENT))
        return ox_chronos_busy(queries, count, call, from, to, result_pool, scratch_pool);
    for (int i = 0; i < count; i++)
        ox_json_add(requests, ox_request(scratch_pool, "calendar", "freebusy", "id",
                                         apr_psprintf(scratch_pool, "%" APR_INT64_T_FMT, queries[i].user), "type", "1",
                                         "start", apr_psprintf(scratch_pool, "%" APR_INT64_T_FMT, first), "end",
                                         apr_psprintf(scratch_pool, "%" APR_INT64_T_FMT, last), "timezone", "UTC",
                                         NULL));
    USM_ERR(ox_multiple(&answers, call, requests, scratch_pool));
    for (int i = 0; i < count; i++) {
        const ox_json_t *answer = ox_json_at(answers, i);
        queries[i].error = ox_error_of(answer, result_pool);
        if (!queries[i].error)
            take_busy(queries[i].times, ox_json_get(answer, "data"));
    }
    return NULL;
}
