/* SPDX-License-Identifier: Apache-2.0 */
#include "ap_test.h"

#include <ap_mpm.h>
#include <apr_file_io.h>
#include <apr_hooks.h>
#include <apr_optional.h>
#include <http_core.h>
#include <mpm_common.h>
#include <http_protocol.h>
#include <http_request.h>
#include <mod_ssl.h>

ap_fake_t ap_fake;
int ap_test_async;
static int pieces_given;
static int the_login;

/* ---- registration ---- */

AP_DECLARE(void) ap_hook_child_init(ap_HOOK_child_init_t *fn, const char *const *pre, const char *const *succ,
                                    int order)
{
    ap_fake.child_init = fn;
}

AP_DECLARE(void) ap_hook_post_config(ap_HOOK_post_config_t *fn, const char *const *pre, const char *const *succ,
                                     int order)
{
    ap_fake.post_config = fn;
}

AP_DECLARE(void) ap_hook_child_status(ap_HOOK_child_status_t *fn, const char *const *pre, const char *const *succ,
                                      int order)
{
    ap_fake.child_status = fn;
}

AP_DECLARE(int) ap_state_query(int query_code)
{
    return AP_SQ_MS_CREATE_CONFIG;
}

AP_DECLARE(void) ap_hook_handler(ap_HOOK_handler_t *fn, const char *const *pre, const char *const *succ, int order)
{
    ap_fake.handlers[ap_fake.handler_count++] = fn;
}

AP_DECLARE(void) ap_hook_check_authn(ap_HOOK_check_user_id_t *fn, const char *const *pre, const char *const *succ,
                                     int order, int type)
{
    ap_fake.check_authn = fn;
    ap_fake.authn_before = succ != NULL ? succ[0] : NULL;
}

AP_DECLARE(void) ap_hook_optional_fn_retrieve(ap_HOOK_optional_fn_retrieve_t *fn, const char *const *pre,
                                              const char *const *succ, int order)
{
    ap_fake.retrieve = fn;
}

AP_DECLARE(apr_status_t) ap_register_auth_provider(apr_pool_t *pool, const char *group, const char *name,
                                                   const char *version, const void *provider, int type)
{
    ap_fake.provider_group = group;
    ap_fake.provider_name = name;
    ap_fake.provider = provider;
    return APR_SUCCESS;
}

static int mod_ssl_is_https(conn_rec *c)
{
    return ap_fake.https;
}

/* ---- the log ---- */

static void note_line(int level, const char *fmt, va_list args) __attribute__((format(printf, 2, 0)));
static void note_line(int level, const char *fmt, va_list args)
{
    ap_fake.log_level = level & APLOG_LEVELMASK;
    ap_fake.log_lines++;
    apr_vsnprintf(ap_fake.log_line, sizeof(ap_fake.log_line), fmt, args);
}

AP_DECLARE(void) ap_log_rerror_(const char *file, int line, int module_index, int level, apr_status_t status,
                                const request_rec *r, const char *fmt, ...)
{
    va_list args;

    va_start(args, fmt);
    note_line(level, fmt, args);
    va_end(args);
}

AP_DECLARE(void) ap_log_error_(const char *file, int line, int module_index, int level, apr_status_t status,
                               const server_rec *s, const char *fmt, ...)
{
    va_list args;

    va_start(args, fmt);
    note_line(level, fmt, args);
    va_end(args);
}

/* ---- bodies ---- */

static apr_status_t broken_read(apr_bucket *b, const char **data_p, apr_size_t *len_p, apr_read_type_e block)
{
    return APR_EGENERAL;
}

static const apr_bucket_type_t broken_type = {
    .name = "BROKEN", .num_func = 5, .is_metadata = APR_BUCKET_DATA, .destroy = apr_bucket_destroy_noop,
    .read = broken_read, .setaside = apr_bucket_setaside_noop, .split = apr_bucket_split_notimpl,
    .copy = apr_bucket_copy_notimpl};

AP_DECLARE(apr_status_t) ap_get_brigade(ap_filter_t *filter, apr_bucket_brigade *brigade, ap_input_mode_t mode,
                                        apr_read_type_e block, apr_off_t readbytes)
{
    const char *piece = ap_fake.pieces != NULL ? ap_fake.pieces[pieces_given] : NULL;
    apr_bucket_alloc_t *alloc = brigade->bucket_alloc;

    ap_fake.reads++;
    if (piece == NULL && ap_fake.brigade_error != 0) {
        return ap_fake.brigade_error;
    }
    if (ap_fake.broken_bucket) {
        apr_bucket *b = apr_bucket_alloc(sizeof(*b), alloc);

        APR_BUCKET_INIT(b);
        b->free = apr_bucket_free;
        b->list = alloc;
        b->type = &broken_type;
        b->length = 1;
        b->start = 0;
        b->data = NULL;
        APR_BRIGADE_INSERT_TAIL(brigade, b);
        return APR_SUCCESS;
    }
    if (ap_fake.flushes) {
        APR_BRIGADE_INSERT_TAIL(brigade, apr_bucket_flush_create(alloc));
    }
    if (piece == NULL) {
        APR_BRIGADE_INSERT_TAIL(brigade, apr_bucket_eos_create(alloc));
    } else {
        APR_BRIGADE_INSERT_TAIL(brigade, apr_bucket_transient_create(piece, strlen(piece), alloc));
        pieces_given++;
    }
    return APR_SUCCESS;
}

AP_DECLARE(int) ap_map_http_request_error(apr_status_t rv, int status)
{
    return rv == APR_TIMEUP ? HTTP_REQUEST_TIME_OUT : rv == APR_ENOSPC ? HTTP_REQUEST_ENTITY_TOO_LARGE : status;
}

AP_DECLARE(apr_status_t) ap_pass_brigade(ap_filter_t *filter, apr_bucket_brigade *brigade)
{
    apr_size_t len;
    char *data;

    apr_brigade_pflatten(brigade, &data, &len, brigade->p);
    ap_fake.sent = apr_pstrmemdup(brigade->p, data, len);
    ap_fake.sent_eos = !APR_BRIGADE_EMPTY(brigade) && APR_BUCKET_IS_EOS(APR_BRIGADE_LAST(brigade));
    return ap_fake.pass_error;
}

AP_DECLARE(void) ap_set_content_length(request_rec *r, apr_off_t length)
{
    ap_fake.content_length = length;
}

AP_DECLARE(void) ap_set_content_type(request_rec *r, const char *type)
{
    r->content_type = type;
}

/* ---- the rest of httpd ---- */

AP_DECLARE(const char *) ap_auth_type(request_rec *r)
{
    return ap_fake.auth_type;
}

AP_DECLARE(apr_status_t) ap_get_basic_auth_components(const request_rec *r, const char **user_p,
                                                       const char **password_p)
{
    if (ap_fake.user == NULL) {
        return APR_EINVAL;
    }
    *user_p = ap_fake.user;
    *password_p = ap_fake.password;
    return APR_SUCCESS;
}

AP_DECLARE(void) ap_note_auth_failure(request_rec *r)
{
    ap_fake.auth_failures++;
}

AP_DECLARE(apr_port_t) ap_get_server_port(const request_rec *r)
{
    return (apr_port_t)ap_fake.port;
}

AP_DECLARE(const char *) ap_get_server_name(request_rec *r)
{
    return "www.example.org";
}

AP_DECLARE(apr_socket_t *) ap_get_conn_socket(conn_rec *c)
{
    return ap_fake.socket;
}

AP_DECLARE(apr_status_t) ap_mpm_query(int code, int *result)
{
    switch (code) {
    case AP_MPMQ_HARD_LIMIT_DAEMONS:
    case AP_MPMQ_MAX_DAEMONS:
        *result = ap_fake.children;
        return APR_SUCCESS;
    case AP_MPMQ_MAX_THREADS:
        *result = 4;
        return APR_SUCCESS;
    case AP_MPMQ_IS_ASYNC:
        *result = ap_test_async;
        return APR_SUCCESS;
    case AP_MPMQ_MPM_STATE:
        *result = ap_fake.mpm_state;
        return APR_SUCCESS;
    default:
        return APR_ENOTIMPL;
    }
}

AP_DECLARE(char *) ap_server_root_relative(apr_pool_t *pool, const char *name)
{
    if (ap_fake.server_root == NULL) {
        return NULL;
    }
    return *name == '/' ? apr_pstrdup(pool, name) : apr_pstrcat(pool, ap_fake.server_root, "/", name, NULL);
}

/* ---- libusm and the protocol ring ---- */

usm_error_t *usm_login(usm_login_t **login_p, usm_context_t *ctx, const char *name, const char *password,
                       const usm_log_t *log, apr_pool_t *pool)
{
    assert_non_null(ctx);
    ap_fake.logins++;
    apr_cpystrn(ap_fake.login_user, name, sizeof(ap_fake.login_user));
    apr_cpystrn(ap_fake.login_password, password, sizeof(ap_fake.login_password));
    if (ap_fake.login_code != 0) {
        return USM_ERROR(pool, ap_fake.login_code, "as the test wants it");
    }
    *login_p = (usm_login_t *)(void *)&the_login;
    return NULL;
}

void eas_dispatch(eas_response_t *rsp, const eas_request_t *req)
{
    rsp->http = 200;
    rsp->headers = apr_table_make(req->pool, 4);
    rsp->notes = apr_table_make(req->pool, 4);
    rsp->body = apr_brigade_create(req->pool, req->bucket_alloc);
    ap_fake.dispatch(rsp, req);
}

/* ---- tests ---- */

static apr_status_t remove_store(void *folder)
{
    static const char *const names[] = {"eas.db", "eas.db-wal", "eas.db-shm", "eas.db-journal"};
    apr_pool_t *pool;
    unsigned i;

    apr_pool_create(&pool, NULL);
    for (i = 0; i < COUNT(names); i++) {
        apr_file_remove(apr_pstrcat(pool, folder, "/", names[i], NULL), pool);
    }
    apr_dir_remove(folder, pool);
    apr_pool_destroy(pool);
    return APR_SUCCESS;
}

/* In a folder of its own that goes with POOL, after everything that uses it. */
static const char *fresh_store(apr_pool_t *pool)
{
    const char *tmp;
    char *folder;

    assert_int_equal(apr_temp_dir_get(&tmp, pool), APR_SUCCESS);
    folder = apr_pstrcat(pool, tmp, "/ap_test.XXXXXX", NULL);
    assert_non_null(mkdtemp(folder));
    apr_pool_cleanup_register(pool, folder, remove_store, apr_pool_cleanup_null);
    return apr_pstrcat(pool, "sqlite:", folder, "/eas.db", NULL);
}

request_rec *ap_test_start(apr_pool_t *pool)
{
    request_rec *r = apr_pcalloc(pool, sizeof(*r));
    eas_ap_dir_t *dir;

    memset(&ap_fake, 0, sizeof(ap_fake));
    pieces_given = 0;
    ap_fake.mpm_state = AP_MPMQ_RUNNING;
    ap_fake.children = 2;
    ap_fake.auth_type = "Basic";
    ap_fake.server_root = "/etc/httpd";
    /* APR keeps its list of optional functions in this pool for good. */
    if (apr_hook_global_pool == NULL) {
        apr_pool_create(&apr_hook_global_pool, NULL);
    }
    apr_dynamic_fn_register("ssl_is_https", (apr_opt_fn_t *)mod_ssl_is_https);
    eas_module.module_index = 1; /* number 0 is the core */
    eas_module.register_hooks(pool);

    r->pool = pool;
    r->server = apr_pcalloc(pool, sizeof(*r->server));
    r->server->log.level = APLOG_INFO;
    r->connection = apr_pcalloc(pool, sizeof(*r->connection));
    r->connection->bucket_alloc = apr_bucket_alloc_create(pool);
    r->method = "POST";
    r->handler = "eas";
    r->useragent_ip = (char *)"192.0.2.1";
    r->headers_in = apr_table_make(pool, 4);
    r->headers_out = apr_table_make(pool, 4);
    r->err_headers_out = apr_table_make(pool, 4);
    r->subprocess_env = apr_table_make(pool, 4);
    r->notes = apr_table_make(pool, 4);
    r->request_config = apr_pcalloc(pool, 2 * sizeof(void *));
    r->per_dir_config = apr_pcalloc(pool, 2 * sizeof(void *));
    *(void **)(void *)r->per_dir_config = apr_pcalloc(pool, sizeof(core_dir_config));
    dir = eas_module.create_dir_config(pool, NULL);
    ap_set_module_config(r->per_dir_config, &eas_module, dir);
    assert_null(ap_test_directive(dir, "EASStore", fresh_store(pool), pool));
    assert_null(ap_test_directive(dir, "EASOxUrl", "https://ox.example.org/ajax/", pool));
    assert_int_equal(ap_fake.post_config(pool, pool, pool, r->server), OK);
    ap_fake.child_init(pool, r->server);
    return r;
}

eas_ap_dir_t *ap_test_dir(request_rec *r)
{
    return ap_get_module_config(r->per_dir_config, &eas_module);
}

const char *ap_test_directive(eas_ap_dir_t *dir, const char *name, const char *text, apr_pool_t *pool)
{
    const command_rec *row = eas_module.cmds;
    cmd_parms parms = {.pool = pool, .temp_pool = pool};

    while (row->name != NULL && strcmp(row->name, name) != 0) {
        row++;
    }
    assert_non_null(row->name);
    parms.info = row->cmd_data;
    parms.cmd = row;
    return row->AP_TAKE1(&parms, dir, text);
}
