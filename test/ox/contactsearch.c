/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>
#include "data.h"
#include "contacts.h"
#include "seedfield.h"

/* Searching contacts, spec 4.5 and 4.6. */

/* '*' and '?' in pattern; without them a prefix (prefix) or a part of the text. Case does not matter. */
static bool text_match(const char *text, const char *pattern, bool prefix, bool exact)
{
    char *t, *p, *glob;
    bool hit;

    if (!text)
        return false;
    t = g_utf8_casefold(text, -1);
    p = g_utf8_casefold(pattern, -1);
    if (exact)
        glob = g_strdup(p);
    else if (prefix)
        glob = g_strdup_printf("%s*", p);
    else
        glob = g_strdup_printf("*%s*", p);
    hit = g_pattern_match_simple(glob, t);
    g_free(t);
    g_free(p);
    g_free(glob);
    return hit;
}

static const char *const fields[] = {"last_name", "first_name", "display_name", "email1",    "email2",
                                     "email3",    "company",    "categories",   "department", "nickname"};

static bool has_address(const struct oxd_obj *o)
{
    return oxd_obj_str(o, "email1") || oxd_obj_str(o, "email2") || oxd_obj_str(o, "email3");
}

static bool search_hit(const struct oxd_obj *o, const json_t *body)
{
    const char *pattern = oxd_field_str(body, "pattern", NULL), *letter = oxd_field_str(body, "startletter", NULL);
    bool complete = oxd_field_bool(body, "emailAutoComplete", false);
    bool any = oxd_field_bool(body, "orSearch", false) || complete, exact = oxd_field_bool(body, "exactMatch", false);
    int asked = 0, hits = 0;

    if (complete && !has_address(o))
        return false;
    if (letter && strcmp(letter, ".") && !text_match(oxd_obj_str(o, "display_name"), letter, true, false))
        return false;
    if (pattern && !text_match(oxd_obj_str(o, "display_name"), pattern, false, false))
        return false;
    for (size_t i = 0; i < G_N_ELEMENTS(fields); i++) {
        const char *want = oxd_field_str(body, fields[i], NULL);

        if (!want)
            continue;
        asked++;
        hits += text_match(oxd_obj_str(o, fields[i]), want, any, exact);
    }
    return !asked || (any ? hits > 0 : hits == asked);
}

static bool id_in(const json_t *list, const struct oxd_folder *f)
{
    const json_t *v;
    size_t i;

    if (!json_is_array(list))
        return oxd_json_id(list) == f->num;
    json_array_foreach(list, i, v)
        if (oxd_json_id(v) == f->num)
            return true;
    return false;
}

/* Contacts of all folders the user can read, or of those named. */
static GPtrArray *candidates(struct oxd_req *req, const json_t *only, const json_t *except)
{
    GPtrArray *objs = g_ptr_array_new();
    GHashTableIter it;
    void *value;

    g_hash_table_iter_init(&it, req->ctx->folders);
    while (g_hash_table_iter_next(&it, NULL, &value)) {
        struct oxd_folder *f = value;

        if (f->kind != OXK_CONTACTS || (only && !id_in(only, f)) || (except && id_in(except, f)))
            continue;
        if (!oxd_folder_visible(f, req->user))
            continue;
        for (guint i = 0; i < f->objs->len; i++)
            if (oxd_obj_can(f->objs->pdata[i], f, req->user, OXD_R_READ))
                g_ptr_array_add(objs, f->objs->pdata[i]);
    }
    return objs;
}

static int answer(struct oxd_req *req, GPtrArray *objs)
{
    int rc;

    oxd_pim_sort(req, &oxd_contacts, objs);
    rc = oxd_pim_rows(req, &oxd_contacts, objs, NULL);
    g_ptr_array_free(objs, TRUE);
    return rc;
}

static bool too_short(struct oxd_req *req, const char *text)
{
    const json_t *min = oxd_switch("minimum-search-characters");

    if (!text || !json_is_integer(min) || g_utf8_strlen(text, -1) >= json_integer_value(min))
        return false;
    oxd_fail(req, "CON-1000", "At least %d characters are needed", (int)json_integer_value(min));
    return true;
}

int oxd_contact_search(struct oxd_req *req)
{
    json_t *body = oxd_body_object(req);
    GPtrArray *objs, *hits;

    if (!body || too_short(req, oxd_field_str(body, "pattern", NULL)))
        return -1;
    for (size_t i = 0; i < G_N_ELEMENTS(fields); i++)
        if (too_short(req, oxd_field_str(body, fields[i], NULL)))
            return -1;
    objs = candidates(req, json_object_get(body, "folder"), json_object_get(body, "exclude_folders"));
    hits = g_ptr_array_new();
    for (guint i = 0; i < objs->len; i++)
        if (search_hit(objs->pdata[i], body))
            g_ptr_array_add(hits, objs->pdata[i]);
    g_ptr_array_free(objs, TRUE);
    return answer(req, hits);
}

int oxd_contact_autocomplete(struct oxd_req *req)
{
    const char *query = oxd_param_need(req, "query"), *folder = oxd_param(req, "folder");
    bool mail = oxd_param_bool(req, "email", false);
    GPtrArray *objs, *hits;
    json_t *only;

    if (!query || too_short(req, query))
        return -1;
    only = folder ? json_string(folder) : NULL;
    objs = candidates(req, only, NULL);
    json_decref(only);
    hits = g_ptr_array_new();
    for (guint i = 0; i < objs->len; i++) {
        const struct oxd_obj *o = objs->pdata[i];
        bool hit = false;

        if (mail && !has_address(o))
            continue;
        for (size_t k = 0; k < 6 && !hit; k++)
            hit = text_match(oxd_obj_str(o, fields[k]), query, true, false);
        if (hit)
            g_ptr_array_add(hits, objs->pdata[i]);
    }
    g_ptr_array_free(objs, TRUE);
    return answer(req, hits);
}

/* ---- advancedSearch: the prefix notation of 3.7 over contact fields ---- */

static const json_t *operand(const struct oxd_obj *o, const json_t *v, json_t **made)
{
    const char *field = oxd_field_str(v, "field", NULL);

    if (!json_is_object(v))
        return v;
    if (field && !strcmp(field, "folder_id"))
        return *made = json_string(o->folder->id);
    if (field && !strcmp(field, "id"))
        return *made = json_sprintf("%d", o->id);
    return field ? json_object_get(o->f, field) : NULL;
}

static bool compare(const char *op, const json_t *a, const json_t *b)
{
    int c;

    if (!a || !b)
        return !strcmp(op, "<>") && a != b;
    if (json_is_string(a) && json_is_string(b)) {
        if (!strcmp(op, "="))
            return text_match(json_string_value(a), json_string_value(b), false, strpbrk(json_string_value(b), "*?"));
        if (!strcmp(op, "<>"))
            return !text_match(json_string_value(a), json_string_value(b), false, true);
        c = g_utf8_collate(json_string_value(a), json_string_value(b));
    } else {
        int64_t x = json_is_boolean(a) ? json_is_true(a) : oxd_json_id(a);
        int64_t y = json_is_boolean(b) ? json_is_true(b) : oxd_json_id(b);

        c = (x > y) - (x < y);
    }
    if (!strcmp(op, "="))
        return c == 0;
    if (!strcmp(op, "<>"))
        return c != 0;
    if (op[0] == '<')
        return c < 0 || (op[1] == '=' && c == 0);
    return c > 0 || (op[1] == '=' && c == 0);
}

static bool term_hit(const struct oxd_obj *o, const json_t *term, int depth)
{
    const char *op = json_string_value(json_array_get(term, 0));
    size_t n = json_array_size(term);
    json_t *ma = NULL, *mb = NULL;
    bool hit;

    if (!op || n < 2 || depth > 20)
        return false;
    if (!strcmp(op, "not"))
        return !term_hit(o, json_array_get(term, 1), depth + 1);
    if (!strcmp(op, "and") || !strcmp(op, "or")) {
        bool any = op[0] == 'o';

        for (size_t i = 1; i < n; i++)
            if (term_hit(o, json_array_get(term, i), depth + 1) == any)
                return any;
        return !any;
    }
    hit = compare(op, operand(o, json_array_get(term, 1), &ma), operand(o, json_array_get(term, 2), &mb));
    json_decref(ma);
    json_decref(mb);
    return hit;
}

int oxd_contact_advanced(struct oxd_req *req)
{
    json_t *body = oxd_body_object(req);
    const json_t *filter = json_object_get(body, "filter");
    GPtrArray *objs, *hits;

    if (!body)
        return -1;
    if (!json_is_array(filter))
        return oxd_fail(req, "SVL-0003", "filter is missing");
    objs = candidates(req, json_object_get(body, "folders"), NULL);
    hits = g_ptr_array_new();
    for (guint i = 0; i < objs->len; i++)
        if (term_hit(objs->pdata[i], filter, 0))
            g_ptr_array_add(hits, objs->pdata[i]);
    g_ptr_array_free(objs, TRUE);
    return answer(req, hits);
}

/* Does the day of the year of the Date lie in [start, end)? */
static bool day_between(int64_t date, int64_t start, int64_t end)
{
    GDateTime *d = g_date_time_new_from_unix_utc(date / 1000 - (date % 1000 < 0));
    int month = d ? g_date_time_get_month(d) : 0, day = d ? g_date_time_get_day_of_month(d) : 0;
    bool hit = false;

    for (int64_t at = start - start % 86400000; d && at < end && at < start + 366 * (int64_t)86400000 && !hit;
         at += 86400000) {
        GDateTime *x = g_date_time_new_from_unix_utc(at / 1000);

        hit = x && g_date_time_get_month(x) == month && g_date_time_get_day_of_month(x) == day;
        if (x)
            g_date_time_unref(x);
    }
    if (d)
        g_date_time_unref(d);
    return hit;
}

int oxd_contact_birthdays(struct oxd_req *req)
{
    const char *field = strcmp(req->action, "birthdays") ? "anniversary" : "birthday",
               *folder = oxd_param(req, "folder");
    json_t *only = folder ? json_string(folder) : NULL;
    GPtrArray *objs = candidates(req, only, NULL), *hits = g_ptr_array_new();
    int64_t start = oxd_param_int(req, "start", 0), end = oxd_param_int(req, "end", 0);

    json_decref(only);
    for (guint i = 0; i < objs->len; i++) {
        const struct oxd_obj *o = objs->pdata[i];

        if (json_object_get(o->f, field) && day_between(oxd_obj_int(o, field, 0), start, end))
            g_ptr_array_add(hits, objs->pdata[i]);
    }
    g_ptr_array_free(objs, TRUE);
    return answer(req, hits);
}
