/* SPDX-License-Identifier: Apache-2.0 */
#include "sync_test.h"

#include <apr_file_io.h>

#include "core/core.h"

const char *sync_cert_ca;
int sync_http, sync_status, sync_patience;
void (*sync_meanwhile)(void);

static apr_pool_t *pool;
static usm_context_t *context;
static char path[] = "/tmp/sync_test.XXXXXX";
static const char *ids[128]; /* by letter */

static void ok(usm_error_t *err)
{
    if (err)
        fail_msg("%s", usm_error_text(err, pool));
}

static usm_session_t *open_session(apr_pool_t *own)
{
    usm_login_t *login;
    usm_session_t *session;
    ok(usm_login(&login, context, "anton", "secret", NULL, own));
    ok(usm_session_open(&session, context, login, "secret", "dev1", "Test", 0, NULL, own));
    return session;
}

/* FolderSync: the short ids of the folders, by the letter their name begins with. */
static void learn_ids(void)
{
    usm_turn_params_t params = {.key = "0", .since = USM_TIME_NONE, .window = 512};
    usm_turn_t *turn;
    const usm_change_t *change;
    const char *key;
    USM_FIELDSET_ADD(&params.fetch.fields, USM_FOLDER_NAME);
    ok(usm_turn_open(&turn, open_session(pool), &params, pool));
    for (ok(usm_turn_next(&change, turn, pool)); change; ok(usm_turn_next(&change, turn, pool)))
        ids[(unsigned char)*usm_item_text(change->item, USM_FOLDER_NAME) & 127] = apr_pstrdup(pool, change->id);
    ok(usm_turn_close(&key, turn, pool));
}

int sync_setup(void **state)
{
    usm_config_t config = {.backend_url = "fake:", .poll_interval_ms = 50};
    apr_file_t *file;
    if (apr_pool_create(&pool, NULL))
        return -1;
    memcpy(path + sizeof path - 7, "XXXXXX", 6);
    assert_int_equal(apr_file_mktemp(&file, path, APR_CREATE | APR_EXCL | APR_READ | APR_WRITE, pool), APR_SUCCESS);
    apr_file_close(file);
    config.store = apr_pstrcat(pool, "sqlite:", path, NULL);
    fake_reset();
    snprintf(fake.folders[0].name, sizeof fake.folders[0].name, "Contacts");
    snprintf(fake.folders[1].name, sizeof fake.folders[1].name, "Directory");
    fake_folder("40", "Mails", NULL, USM_ROLE_INBOX, USM_EMAIL, NULL);
    fake_folder("41", "Events", NULL, USM_ROLE_DEFAULT, USM_EVENT, NULL);
    fake_folder("42", "Tasks", NULL, USM_ROLE_DEFAULT, USM_TASK, NULL);
    ok(usm__context_make(&context, &config, usm_store_sql(), fake_backend(), pool));
    learn_ids();
    sync_patience = 8;
    sync_meanwhile = NULL;
    *state = pool;
    return 0;
}

int sync_teardown(void **state)
{
    static const char *const ends[] = {"", "-wal", "-shm"};
    char file[sizeof path + 8];
    apr_pool_destroy(pool);
    for (size_t i = 0; i < COUNT(ends); i++) {
        snprintf(file, sizeof file, "%s%s", path, ends[i]);
        remove(file);
    }
    return 0;
}

/* ---- requests ---- */

static int stop(void *baton)
{
    if (sync_meanwhile)
        sync_meanwhile();
    return --sync_patience < 0;
}

static const char *no_header(void *baton, const char *name)
{
    return NULL;
}

static eas_ctx_t *make_ctx(unsigned version, apr_pool_t *own)
{
    eas_ctx_t *ctx = apr_pcalloc(own, sizeof *ctx);
    eas_request_t *req = apr_pcalloc(own, sizeof *req);
    eas_response_t *rsp = apr_pcalloc(own, sizeof *rsp);
    req->stop = stop;
    req->header = no_header;
    rsp->headers = apr_table_make(own, 4);
    rsp->body = test_brigade(own);
    ctx->req = req;
    ctx->rsp = rsp;
    eas_conf_t *conf = eas_conf_create(own);
    conf->cert_ca = sync_cert_ca;
    ctx->conf = conf;
    ctx->pool = own;
    ctx->version = version;
    ctx->session = open_session(own);
    ctx->began = apr_time_now();
    ctx->query = apr_pcalloc(own, sizeof *ctx->query);
    ctx->out = eas_writer_create(rsp->body, EAS_ANSWER_MAX, own);
    eas_writer_mark(ctx->out, &ctx->start);
    return ctx;
}

eas_ctx_t *sync_ctx(unsigned version)
{
    return make_ctx(version, pool);
}

const char *sync_expand(const char *text)
{
    apr_array_header_t *parts = apr_array_make(pool, 8, sizeof(const char *));
    for (const char *at; (at = strchr(text, '$')); text = at + 2) {
        const char *id = ids[(unsigned char)at[1] & 127];
        if (!id)
            fail_msg("there is no folder $%c", at[1]);
        APR_ARRAY_PUSH(parts, const char *) = apr_pstrmemdup(pool, text, (apr_size_t)(at - text));
        APR_ARRAY_PUSH(parts, const char *) = id;
    }
    APR_ARRAY_PUSH(parts, const char *) = text;
    return apr_array_pstrcat(pool, parts, '\0');
}

static eas_node_t *answer_of(eas_ctx_t *ctx)
{
    eas_wbxml_error_t error;
    eas_node_t *root;
    size_t len;
    if (eas_writer_bytes(ctx->out) == ctx->start.state.bytes)
        return NULL;
    if (eas_writer_finish(ctx->out) != EAS_WBXML_OK)
        fail_msg("the answer: %s", eas_wbxml_error_text(eas_writer_error(ctx->out), pool));
    char *data = test_flatten(ctx->rsp->body, &len, pool);
    if (eas_node_parse(&root, &error, data, len, NULL, pool) != EAS_WBXML_OK)
        fail_msg("the answer: %s", eas_wbxml_error_text(&error, pool));
    if (eas_node_outside_version(root, ctx->version))
        fail_msg("the answer has a tag of another version: %s", map_text(root, pool));
    return root;
}

eas_node_t *sync_run(eas_handler_t handler, unsigned version, const char *text)
{
    apr_pool_t *own; /* ends with the request: leases are given back then */
    apr_pool_create(&own, pool);
    eas_ctx_t *ctx = make_ctx(version, own);
    for (int i = 0; i < EAS_COMMAND_COUNT; i++) {
        if (eas_command_handler((eas_command_id_t)i) == handler)
            ctx->command = eas_command_get((eas_command_id_t)i);
    }
    eas_node_t *doc = map_doc(sync_expand(text), pool);
    ctx->doc = doc;
    if (doc && eas_node_outside_version(doc, version))
        fail_msg("the request has a tag of another version: %s", text);
    ctx->rsp->http = 200;
    usm_error_t *err = handler(ctx, doc, ctx->out);
    if (err)
        eas_answer_error(ctx, err);
    sync_http = ctx->rsp->http;
    sync_status = ctx->status;
    eas_node_t *answer = answer_of(ctx);
    apr_pool_destroy(own);
    return answer;
}

static const eas_node_t *collection_of(const eas_node_t *answer, const char *id)
{
    const eas_node_t *node;
    EAS_NODE_EACH_TAG(node, eas_node_child(answer, EAS_AirSync_Collections), EAS_AirSync_Collection)
    {
        if (strcmp(eas_node_child_text(node, EAS_AirSync_CollectionId), id) == 0)
            return node;
    }
    return NULL;
}

const char *sync_key(const eas_node_t *answer, const char *folder)
{
    const eas_node_t *node = answer ? collection_of(answer, sync_expand(folder)) : NULL;
    if (!node)
        fail_msg("no answer for %s: %s", folder, answer ? map_text(answer, pool) : "empty");
    return eas_node_child_text(node, EAS_AirSync_SyncKey);
}

const char *sync_all(unsigned version, const char *folder, const char *options)
{
    const char *old = version < 121 ? "Class=Contacts " : "", *key;
    key = sync_key(sync_run(eas_cmd_sync, version,
                            apr_psprintf(pool, "AirSync:Sync{Collections{Collection{%sSyncKey=0 CollectionId=%s %s}}}",
                                         old, folder, options)),
                   folder);
    for (int i = 0; i < 50; i++) {
        const eas_node_t *answer =
            sync_run(eas_cmd_sync, version,
                     apr_psprintf(pool, "AirSync:Sync{Collections{Collection{%sSyncKey=%s CollectionId=%s}}}", old, key,
                                  folder));
        const eas_node_t *node = answer ? collection_of(answer, sync_expand(folder)) : NULL;
        if (!node)
            return key;
        key = eas_node_child_text(node, EAS_AirSync_SyncKey);
        if (version < 121 && !eas_node_child(node, EAS_AirSync_Commands))
            return key;
    }
    fail_msg("%s never comes to an end", folder);
    return NULL;
}
