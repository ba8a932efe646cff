/* SPDX-License-Identifier: Apache-2.0 */
#include <stdatomic.h>
#include <string.h>
#include "server.h"

/* Faults on command and the counters of calls. Manual: README.md. */

struct rule {
    char *module, *action;     /* NULL: any */
    int user;                  /* 0: any */
    char *mentions;            /* text of the body, written compactly; NULL: any */
    json_t *params;            /* all of these parameters must have these values; NULL: any */
    int64_t skip, count;       /* count < 0: for ever */
    int64_t every, seen;       /* every n-th match only */
    struct oxd_fault fault;
};

static GMutex lock;
static GPtrArray *rules;
static atomic_int n_rules;

static GHashTable *counts;     /* "module.action" -> int64_t * */
static _Atomic uint64_t bytes_in, bytes_out, n_calls;

static void rule_free(void *data)
{
    struct rule *r = data;

    g_free(r->module);
    g_free(r->action);
    json_decref(r->params);
    g_free(r->mentions);
    g_free(r->fault.body);
    g_free(r->fault.content_type);
    g_free(r);
}

static bool params_match(const struct oxd_req *req, const json_t *params)
{
    const char *key;
    json_t *value;

    json_object_foreach((json_t *)(uintptr_t)params, key, value) {
        const char *have = oxd_param(req, key), *want = json_string_value(value);

        if (!have || !want || strcmp(have, want))
            return false;
    }
    return true;
}

static bool body_mentions(const struct oxd_req *req, const char *text)
{
    json_t *parsed = req->body ? NULL : req->raw ? json_loads(req->raw, JSON_DECODE_ANY, NULL) : NULL;
    const json_t *body = req->body ? req->body : parsed;
    char *compact = body ? json_dumps(body, JSON_COMPACT | JSON_ENCODE_ANY) : NULL;
    bool found = compact && strstr(compact, text);

    free(compact);
    json_decref(parsed);
    return found;
}

static bool matches(const struct rule *r, const struct oxd_req *req)
{
    const char *session = oxd_param(req, "session");
    size_t n = r->module ? strlen(r->module) : 0;

    if (n && (strncmp(req->module, r->module, n) || (req->module[n] && req->module[n] != '/')))
        return false;
    if (r->action && strcmp(r->action, req->action))
        return false;
    if (r->user && (!session || oxd_session_user(session) != r->user))
        return false;
    if (r->mentions && !body_mentions(req, r->mentions))
        return false;
    return !r->params || params_match(req, r->params);
}

struct oxd_fault oxd_fault_take(const struct oxd_req *req)
{
    struct oxd_fault f = {0};

    if (!atomic_load(&n_rules))
        return f;
    g_mutex_lock(&lock);
    for (guint i = 0; i < rules->len; i++) {
        struct rule *r = rules->pdata[i];

        if (!r->count || !matches(r, req))
            continue;
        if (r->skip > 0) {
            r->skip--;
            continue;
        }
        if (r->every > 1 && ++r->seen % r->every)
            continue;
        if (r->count > 0)
            r->count--;
        f = r->fault;
        f.body = g_strdup(f.body);
        f.content_type = g_strdup(f.content_type);
        break;
    }
    g_mutex_unlock(&lock);
    return f;
}

static const struct {
    const char *name;
    enum oxd_fault_kind kind;
    int status;
    const char *body, *type;
} kinds[] = {
    {"delay", OXF_NO_FAULT, 200, NULL, NULL},
    {"status", OXF_STATUS, 503, "<html><body><h1>Service Unavailable</h1></body></html>", "text/html; charset=UTF-8"},
    {"error", OXF_ERROR, 200, NULL, NULL},
    {"warning", OXF_WARN, 200, NULL, NULL},
    {"garbage", OXF_BODY, 200, "\xff\xfe%$ \x01{{[not json", "text/javascript; charset=UTF-8"},
    {"html", OXF_BODY, 200, "<html><body>Proxy login</body></html>", "text/html; charset=UTF-8"},
    {"body", OXF_BODY, 200, "", "text/javascript; charset=UTF-8"},
    {"truncate", OXF_TRUNCATE, 200, NULL, NULL},
    {"cut", OXF_CUT, 200, NULL, NULL},
};

static int64_t num(const json_t *rule, const char *key, int64_t dflt)
{
    const json_t *v = json_object_get(rule, key);

    return json_is_integer(v) ? json_integer_value(v) : dflt;
}

static const char *str(const json_t *rule, const char *key, const char *dflt)
{
    const json_t *v = json_object_get(rule, key);

    return json_is_string(v) ? json_string_value(v) : dflt;
}

int oxd_fault_add(const json_t *in, char **err)
{
    const char *kind = str(in, "kind", json_object_get(in, "status") ? "status" : "delay");
    struct rule *r;
    size_t k;

    for (k = 0; k < G_N_ELEMENTS(kinds); k++)
        if (!strcmp(kinds[k].name, kind))
            break;
    if (!json_is_object(in) || k == G_N_ELEMENTS(kinds)) {
        *err = g_strdup_printf("unknown kind of fault: %s", kind);
        return -1;
    }
    r = g_new0(struct rule, 1);
    r->module = g_strdup(str(in, "module", NULL));
    r->action = g_strdup(str(in, "action", NULL));
    r->user = (int)num(in, "userId", 0);
    r->params = json_incref(json_object_get(in, "params"));
    r->mentions = g_strdup(str(in, "mentions", NULL));
    r->skip = num(in, "skip", 0);
    r->count = num(in, "count", 1);
    r->every = num(in, "every", 0);
    r->fault.kind = kinds[k].kind;
    r->fault.delay_ms = num(in, "delay", 0);
    r->fault.after = json_is_true(json_object_get(in, "after"));
    r->fault.status = (int)num(in, "status", kinds[k].status);
    r->fault.retry_after = (int)num(in, "retryAfter", 0);
    r->fault.cat = oxd_cat_by_name(str(in, "category", "TRY_AGAIN"));
    g_strlcpy(r->fault.code, str(in, "code", "OX-9999"), sizeof(r->fault.code));
    r->fault.body = g_strdup(str(in, "body", kinds[k].body));
    r->fault.content_type = g_strdup(str(in, "contentType", kinds[k].type));
    if (!r->fault.cat)
        r->fault.cat = OXC_ERROR;
    g_mutex_lock(&lock);
    if (!rules)
        rules = g_ptr_array_new_with_free_func(rule_free);
    g_ptr_array_add(rules, r);
    atomic_store(&n_rules, (int)rules->len);
    g_mutex_unlock(&lock);
    return 0;
}

void oxd_fault_clear(void)
{
    g_mutex_lock(&lock);
    if (rules)
        g_ptr_array_set_size(rules, 0);
    atomic_store(&n_rules, 0);
    g_mutex_unlock(&lock);
}

json_t *oxd_fault_dump(void)
{
    json_t *out = json_array();

    g_mutex_lock(&lock);
    for (guint i = 0; rules && i < rules->len; i++) {
        const struct rule *r = rules->pdata[i];

        json_array_append_new(out, json_pack("{s:s?, s:s?, s:I, s:i, s:I}", "module", r->module, "action", r->action,
                                             "count", (json_int_t)r->count, "kind", (int)r->fault.kind, "delay",
                                             (json_int_t)r->fault.delay_ms));
    }
    g_mutex_unlock(&lock);
    return out;
}

/* ---- counters ---- */

void oxd_count_call(const char *module, const char *action)
{
    char key[128];
    int64_t *n;

    g_snprintf(key, sizeof(key), "%s%s%s", module, *action ? "." : "", action);
    atomic_fetch_add(&n_calls, 1);
    g_mutex_lock(&lock);
    if (!counts)
        counts = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    n = g_hash_table_lookup(counts, key);
    if (!n && g_hash_table_size(counts) < 4096) {
        n = g_new0(int64_t, 1);
        g_hash_table_insert(counts, g_strdup(key), n);
    }
    if (n)
        ++*n;
    g_mutex_unlock(&lock);
}

void oxd_count_bytes(size_t in, size_t out)
{
    atomic_fetch_add(&bytes_in, in);
    atomic_fetch_add(&bytes_out, out);
}

json_t *oxd_counts(void)
{
    json_t *calls = json_object();
    GHashTableIter it;
    void *key, *value;

    g_mutex_lock(&lock);
    if (counts) {
        g_hash_table_iter_init(&it, counts);
        while (g_hash_table_iter_next(&it, &key, &value))
            json_object_set_new(calls, key, json_integer(*(int64_t *)value));
    }
    g_mutex_unlock(&lock);
    return json_pack("{s:I, s:o, s:I, s:I}", "total", (json_int_t)atomic_load(&n_calls), "calls", calls, "bytesIn",
                     (json_int_t)atomic_load(&bytes_in), "bytesOut", (json_int_t)atomic_load(&bytes_out));
}

void oxd_counts_reset(void)
{
    g_mutex_lock(&lock);
    if (counts)
        g_hash_table_remove_all(counts);
    g_mutex_unlock(&lock);
    atomic_store(&bytes_in, 0);
    atomic_store(&bytes_out, 0);
    atomic_store(&n_calls, 0);
}
