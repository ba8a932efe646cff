/* SPDX-License-Identifier: Apache-2.0 */
#include "eas_test.h"

#include <apr_strings.h>

fake_t fake;

struct usm_login_t {
    int dummy;
};
struct usm_session_t {
    apr_pool_t *pool;
};
struct usm_turn_t {
    apr_pool_t *pool;
    int next, initial;
};

static struct usm_login_t the_login;
static int the_context;

/* ---- what libusm would do ---- */

static usm_error_t *refuse_with(apr_pool_t *pool, apr_status_t code)
{
    return code != 0 ? USM_ERROR(pool, code, "as the test wants it") : NULL;
}

usm_error_t *usm_login(usm_login_t **login_p, usm_context_t *ctx, const char *name, const char *password,
                       const usm_log_t *log, apr_pool_t *pool)
{
    fake.logins++;
    USM_ERR(refuse_with(pool, fake.login_code));
    *login_p = &the_login;
    return NULL;
}

usm_error_t *usm_session_open(usm_session_t **session_p, usm_context_t *ctx, usm_login_t *login, const char *password,
                              const char *device_id, const char *device_type, int transient, const usm_log_t *log,
                              apr_pool_t *pool)
{
    fake.sessions++;
    fake.transient = transient;
    USM_ERR(refuse_with(pool, fake.session_code));
    *session_p = apr_pcalloc(pool, sizeof(**session_p));
    (*session_p)->pool = pool;
    return NULL;
}

void usm_session_hide(usm_session_t *session, unsigned classes)
{
    fake.hidden = classes;
}

usm_error_t *usm_session_userinfo(const usm_userinfo_t **info_p, usm_session_t *session)
{
    static const char *addresses[] = {"a@example.org", "b@example.org"};
    static const usm_userinfo_t info = {"Anna Test", "a@example.org", "Europe/Berlin", 2, addresses};

    *info_p = &info;
    return NULL;
}

const usm_stats_t *usm_session_stats(const usm_session_t *session)
{
    static const usm_stats_t stats = {.backend_calls = 3, .store_statements = 5};

    return &stats;
}

const usm_policy_t *usm_device_policy(const usm_session_t *session)
{
    fake.policy.digest = fake.digest;
    fake.policy.pending_digest = fake.pending_digest;
    return &fake.policy;
}

const usm_standing_t *usm_device_standing(const usm_session_t *session)
{
    return &fake.standing;
}

usm_error_t *usm_device_wiped(const usm_standing_t **standing_p, usm_session_t *session, usm_wipe_e wipe,
                              const char *detail)
{
    if (fake.standing.wipe != USM_WIPE_NONE && !fake.cancelled) {
        fake.standing.wipe = wipe;
    } else {
        fake.standing.wipe = USM_WIPE_NONE;
    }
    *standing_p = &fake.standing;
    return NULL;
}

usm_error_t *usm_device_quarantine(int *first_p, usm_session_t *session, const char *why)
{
    *first_p = fake.standing.access == USM_ACCESS_UNSET;
    fake.standing.access = USM_ACCESS_QUARANTINE;
    return NULL;
}

usm_error_t *usm_device_policy_set(usm_session_t *session, const usm_policy_t *policy)
{
    char digest[65], pending[65];

    apr_cpystrn(digest, policy->digest, sizeof(digest));
    apr_cpystrn(pending, policy->pending_digest, sizeof(pending));
    fake.policy = *policy;
    memcpy(fake.digest, digest, sizeof(digest));
    memcpy(fake.pending_digest, pending, sizeof(pending));
    usm_device_policy(session);
    return NULL;
}

usm_error_t *usm_device_attr_get(const char **value_p, usm_session_t *session, const char *name, apr_pool_t *pool)
{
    *value_p = fake.devinfo;
    return NULL;
}

const char *usm_session_user(const usm_session_t *session)
{
    return "1/4";
}

usm_error_t *usm_mail_send(usm_session_t *session, const usm_outgoing_t *mail)
{
    fake.sends++;
    fake.sent = apr_pstrmemdup(session->pool, mail->mime, mail->len);
    return NULL;
}

usm_error_t *usm_device_attr_set(usm_session_t *session, const char *name, const char *value)
{
    fake.devinfo = apr_pstrdup(session->pool, value);
    return NULL;
}

usm_error_t *usm_turn_open(usm_turn_t **turn_p, usm_session_t *session, const usm_turn_params_t *params,
                           apr_pool_t *pool)
{
    USM_ERR(refuse_with(pool, fake.turn_code));
    *turn_p = apr_pcalloc(pool, sizeof(**turn_p));
    (*turn_p)->pool = pool;
    return NULL;
}

usm_error_t *usm_turn_next(const usm_change_t **change_p, usm_turn_t *turn, apr_pool_t *pool)
{
    *change_p = turn->next < fake.change_count ? &fake.changes[turn->next++] : NULL;
    return NULL;
}

static usm_error_t *apply(usm_outcome_t *out, usm_turn_t *turn, const char *id, const usm_item_t *item)
{
    memset(out, 0, sizeof(*out));
    out->error = refuse_with(turn->pool, fake.outcome_code);
    fake.applied = item;
    fake.applied_id = id;
    return NULL;
}

usm_error_t *usm_turn_add(usm_outcome_t *out, usm_turn_t *turn, const char *client_id, const usm_item_t *item)
{
    USM_ERR(apply(out, turn, client_id, item));
    out->server_id = "77";
    return NULL;
}

usm_error_t *usm_turn_change(usm_outcome_t *out, usm_turn_t *turn, const char *server_id, const usm_item_t *item,
                             int partial)
{
    return apply(out, turn, server_id, item);
}

usm_error_t *usm_turn_delete(usm_outcome_t *out, usm_turn_t *turn, const char *server_id, usm_delete_e how)
{
    return apply(out, turn, server_id, NULL);
}

usm_error_t *usm_turn_close(const char **key_p, usm_turn_t *turn, apr_pool_t *pool)
{
    fake.closes++;
    *key_p = "next-key";
    return NULL;
}

usm_error_t *usm_session_send(usm_session_t *session, const char *client_id, const char *mime, apr_size_t len,
                              int save_in_sent)
{
    fake.sends++;
    return refuse_with(session->pool, fake.outcome_code);
}

usm_error_t *usm_away_get(usm_away_t *away, usm_session_t *session, apr_pool_t *pool)
{
    return USM_ERROR(pool, USM_EUNSUPPORTED, "no mail filter");
}

usm_error_t *usm_away_set(usm_session_t *session, const usm_away_t *away, apr_pool_t *pool)
{
    return USM_ERROR(pool, USM_EUNSUPPORTED, "no mail filter");
}

/* ---- a request ---- */

static const char *get_header(void *baton, const char *name)
{
    const test_request_t *request = baton;

    if (strcmp(name, "MS-ASProtocolVersion") == 0) {
        return request->version;
    }
    if (strcmp(name, "X-MS-PolicyKey") == 0) {
        return request->policy_key;
    }
    if (strcmp(name, "Content-Type") == 0) {
        return request->type != NULL ? request->type : EAS_WBXML_TYPE;
    }
    return strcmp(name, "Content-Encoding") == 0 ? request->coding : NULL;
}

static int read_body(void *baton, apr_size_t max, const char **data_p, apr_size_t *len_p)
{
    const test_request_t *request = baton;

    if (request->http_body != 0) {
        return request->http_body;
    }
    if (request->body_len > max) {
        return 413;
    }
    *data_p = request->body != NULL ? request->body : "";
    *len_p = request->body_len;
    return 0;
}

static int never(void *baton)
{
    return 0;
}

eas_conf_t *test_start(apr_pool_t *pool)
{
    eas_conf_t *conf = eas_conf_create(pool);

    memset(&fake, 0, sizeof(fake));
    conf->require_policy = 0;
    return conf;
}

void test_request_fill(eas_request_t *req, const test_request_t *request, const eas_conf_t *conf, apr_pool_t *pool)
{
    *req = (eas_request_t){.method = request->method != NULL ? request->method : "POST",
                           .args = request->args,
                           .user = request->no_login ? NULL : "anna",
                           .password = request->no_login ? NULL : "secret",
                           .is_tls = !request->clear,
                           .usm = (usm_context_t *)(void *)&the_context,
                           .conf = conf,
                           .pool = pool,
                           .bucket_alloc = apr_bucket_alloc_create(pool),
                           .baton = (void *)request,
                           .header = get_header,
                           .read_body = read_body,
                           .stop = never};
    if (req->args == NULL && request->cmd != NULL) {
        req->args = apr_psprintf(pool, "Cmd=%s&User=anna&DeviceId=%s&DeviceType=Phone", request->cmd,
                                 request->device != NULL ? request->device : "ABC123");
    }
}

void test_answer_read(test_answer_t *answer, apr_pool_t *pool)
{
    apr_off_t length = 0;
    char *data;

    apr_brigade_length(answer->rsp.body, 1, &length);
    answer->len = (apr_size_t)length;
    data = apr_palloc(pool, answer->len + 1);
    apr_brigade_flatten(answer->rsp.body, data, &answer->len);
    data[answer->len] = '\0';
    answer->data = data;
    assert_int_equal(length, answer->rsp.length);
    assert_int_equal(length > 0, answer->rsp.content_type != NULL);
}

test_answer_t *test_run(const test_request_t *request, const eas_conf_t *conf, apr_pool_t *pool)
{
    test_answer_t *answer = apr_pcalloc(pool, sizeof(*answer));
    eas_request_t req;

    test_request_fill(&req, request, conf, pool);
    eas_dispatch(&answer->rsp, &req);
    test_answer_read(answer, pool);
    if (answer->len > 0) {
        assert_int_equal(eas_node_parse(&answer->doc, NULL, answer->data, answer->len, NULL, pool), EAS_WBXML_OK);
    }
    return answer;
}

void test_body(test_request_t *request, test_write_fn call, void *baton, apr_pool_t *pool)
{
    apr_bucket_brigade *brigade = apr_brigade_create(pool, apr_bucket_alloc_create(pool));
    eas_writer_t *w = eas_writer_create(brigade, 1 << 20, pool);
    char *data;

    call(w, baton);
    assert_int_equal(eas_writer_finish(w), EAS_WBXML_OK);
    apr_brigade_pflatten(brigade, &data, &request->body_len, pool);
    request->body = data;
}

int test_int(const eas_node_t *node, unsigned tag)
{
    apr_int64_t value = -1;

    eas_node_int(eas_node_child(node, tag), 0, 1000000, &value);
    return (int)value;
}
