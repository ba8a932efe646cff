/* SPDX-License-Identifier: Apache-2.0 */
/* usmsync mirrors the folders of a user into a directory of files, both ways. It is a sync protocol of its own on
 * libusm, and an example of one: libusm/doc/own-protocol.md goes through this file. Manual: usmsync(1). */
#include "tools/sync.h"

#include <apr_file_io.h>
#include <apr_general.h>
#include <apr_getopt.h>
#include <apr_strings.h>
#include <stdio.h>
#include <string.h>

#define WINDOW 100     /* server changes of one turn */
#define TURNS_MAX 5000 /* of one folder in one run */

static const char *const extensions[USM_CLASS_COUNT] = {[USM_CONTACT] = ".vcf", [USM_EVENT] = ".ics",
                                                        [USM_TASK] = ".ics", [USM_EMAIL] = ".eml"};

typedef struct sync_t {
    usm_session_t *session;
    sync_state_t state;
    usm_policy_e policy;
    apr_pool_t *pool;
    int faults, in, out;
} sync_t;

/* ---- items as files ---- */

const char *sync_body_text(const usm_item_t *item, int field)
{
    if (!usm_item_isset(item, field) || !item->v[field].u.body->text.data)
        return NULL;
    return apr_pstrmemdup(item->pool, item->v[field].u.body->text.data, item->v[field].u.body->text.len);
}

void sync_set_body(usm_item_t *item, int field, const char *text)
{
    usm_body_t *body = NULL;
    if (text) {
        body = apr_pcalloc(item->pool, sizeof *body);
        body->native = USM_BODY_TEXT;
        body->text = (usm_bodyform_t){.data = text, .len = strlen(text), .full_size = strlen(text)};
    }
    usm_item_set_ptr(item, field, body);
}

static const char *item_text(apr_size_t *len_p, const usm_item_t *item, apr_pool_t *pool)
{
    const char *text = "";
    if (item->cls == USM_EMAIL) {
        const usm_body_t *body = usm_item_isset(item, USM_EMAIL_BODY) ? item->v[USM_EMAIL_BODY].u.body : NULL;
        *len_p = body && body->mime.data ? body->mime.len : 0;
        return *len_p ? body->mime.data : text;
    }
    text = item->cls == USM_CONTACT ? sync_vcard_write(item, pool) : sync_ical_write(item, pool);
    *len_p = strlen(text);
    return text;
}

static const char *title(const usm_item_t *item)
{
    static const int fields[USM_CLASS_COUNT] = {[USM_CONTACT] = USM_CONTACT_DISPLAY_NAME,
                                                [USM_EVENT] = USM_EVENT_SUBJECT, [USM_TASK] = USM_TASK_SUBJECT,
                                                [USM_EMAIL] = USM_EMAIL_SUBJECT};
    return usm_item_text(item, fields[item->cls]);
}

static const char *path_of(const sync_t *s, const sync_folder_t *f, const char *name, apr_pool_t *pool)
{
    return apr_pstrcat(pool, s->state.top, "/", f->dir, "/", name, NULL);
}

static void complain(sync_t *s, const sync_folder_t *f, const char *name, const usm_error_t *err)
{
    fprintf(stderr, "usmsync: %s/%s: %s\n", f->dir, name, usm_error_text(err, s->pool));
    s->faults++;
}

/* ---- from the directory to the server ---- */

/* The version that lost stays beside the one that won; nobody but its owner looks at it again. */
static usm_error_t *set_aside(sync_t *s, sync_folder_t *f, const char *name, apr_pool_t *pool)
{
    const char *path = path_of(s, f, name, pool), *aside = apr_pstrcat(pool, path, ".conflict", NULL);
    apr_status_t rv = apr_file_rename(path, aside, pool);
    fprintf(stderr, "usmsync: %s/%s was changed on both sides: this side's version is %s\n", f->dir, name, aside);
    return rv ? USM_ERROR_APR(pool, rv, "%s", path) : NULL;
}

static usm_error_t *send_new(sync_t *s, sync_folder_t *f, usm_turn_t *turn, const usm_item_t *item, const char *name,
                             const char *hash)
{
    usm_outcome_t out;
    /* The same file has the same client id: a repeat of a turn whose end was not seen adds nothing twice. */
    const char *client_id = sync_hash(name, strlen(name), s->pool);
    USM_ERR(usm_turn_add(&out, turn, client_id, item));
    if (out.error) {
        complain(s, f, name, out.error);
        return NULL;
    }
    sync_file_t file = {.sid = apr_pstrdup(s->pool, out.server_id), .name = name, .hash = hash, .seen = 1};
    APR_ARRAY_PUSH(f->files, sync_file_t) = file;
    s->out++;
    return NULL;
}

static usm_error_t *send_changed(sync_t *s, sync_folder_t *f, usm_turn_t *turn, const usm_item_t *item,
                                 sync_file_t *file, const char *hash, apr_pool_t *pool)
{
    usm_outcome_t out;
    USM_ERR(usm_turn_change(&out, turn, file->sid, item, 1));
    if (!out.error) {
        file->hash = hash;
        s->out++;
        return NULL;
    }
    if (usm_error_is(out.error, USM_ECONFLICT) || usm_error_is(out.error, USM_ENOTFOUND)) {
        file->hash = ""; /* the server's version follows, or its end */
        return set_aside(s, f, file->name, pool);
    }
    complain(s, f, file->name, out.error);
    return NULL;
}

static usm_error_t *look_at_file(sync_t *s, sync_folder_t *f, usm_turn_t *turn, const char *name, apr_pool_t *pool)
{
    const char *text, *hash;
    apr_size_t len;
    usm_item_t *item = NULL;
    sync_file_t *file = sync_file_find(f, NULL, name);
    if (file)
        file->seen = 1;
    USM_ERR(sync_file_read(&text, &len, path_of(s, f, name, pool), pool));
    hash = sync_hash(text, len, s->pool);
    if ((file && strcmp(file->hash, hash) == 0) || f->cls == USM_EMAIL) /* mails are only read and deleted */
        return NULL;
    usm_error_t *err = f->cls == USM_CONTACT ? sync_vcard_read(&item, text, pool)
                                             : sync_ical_read(&item, f->cls, text, pool);
    if (err) { /* one bad file does not stop the others; it is looked at again in the next run */
        complain(s, f, name, err);
        usm_error_clear(err);
        return NULL;
    }
    return file ? send_changed(s, f, turn, item, file, hash, pool)
                : send_new(s, f, turn, item, apr_pstrdup(s->pool, name), hash);
}

static usm_error_t *send_deleted(sync_t *s, sync_folder_t *f, usm_turn_t *turn)
{
    for (int i = 0; i < f->files->nelts; i++) {
        sync_file_t *file = &APR_ARRAY_IDX(f->files, i, sync_file_t);
        usm_outcome_t out;
        if (!file->sid || file->seen || !*file->hash)
            continue;
        USM_ERR(usm_turn_delete(&out, turn, file->sid, USM_DELETE_TRASH));
        if (out.error && !usm_error_is(out.error, USM_ENOTFOUND) && !usm_error_is(out.error, USM_ECONFLICT))
            complain(s, f, file->name, out.error);
        file->sid = NULL; /* what the server keeps comes back as new */
        s->out++;
    }
    return NULL;
}

static int ends_in(const char *name, const char *end)
{
    apr_size_t n = strlen(name), m = strlen(end);
    return n > m && strcmp(name + n - m, end) == 0;
}

static usm_error_t *send_all(sync_t *s, sync_folder_t *f, usm_turn_t *turn, apr_pool_t *pool)
{
    apr_dir_t *dir;
    apr_finfo_t info;
    const char *path = apr_pstrcat(pool, s->state.top, "/", f->dir, NULL);
    apr_array_header_t *names = apr_array_make(pool, 64, sizeof(const char *));
    apr_status_t rv = apr_dir_open(&dir, path, pool);
    if (rv)
        return USM_ERROR_APR(pool, rv, "%s", path);
    while (apr_dir_read(&info, APR_FINFO_NAME, dir) == APR_SUCCESS) {
        if (*info.name != '.' && ends_in(info.name, extensions[f->cls]))
            APR_ARRAY_PUSH(names, const char *) = apr_pstrdup(pool, info.name);
    }
    apr_dir_close(dir);
    for (int i = 0; i < f->files->nelts; i++)
        APR_ARRAY_IDX(f->files, i, sync_file_t).seen = 0;
    for (int i = 0; i < names->nelts; i++)
        USM_ERR(look_at_file(s, f, turn, APR_ARRAY_IDX(names, i, const char *), pool));
    return send_deleted(s, f, turn);
}

/* ---- from the server to the directory ---- */

static usm_error_t *take_item(sync_t *s, sync_folder_t *f, const usm_change_t *change, apr_pool_t *pool)
{
    apr_size_t len;
    const char *text = item_text(&len, change->item, pool), *colon = strchr(change->id, ':');
    sync_file_t *file = sync_file_find(f, change->id, NULL);
    if (!file) {
        file = apr_array_push(f->files);
        *file = (sync_file_t){.sid = apr_pstrdup(s->pool, change->id)};
        file->name = apr_pstrcat(s->pool, sync_safe_name(title(change->item), pool), "-",
                                 sync_safe_name(colon ? colon + 1 : change->id, pool), extensions[f->cls], NULL);
    }
    file->hash = sync_hash(text, len, s->pool);
    file->seen = 1;
    s->in++;
    return sync_file_write(path_of(s, f, file->name, pool), text, len, pool);
}

static usm_error_t *take_change(sync_t *s, sync_folder_t *f, const usm_change_t *change, apr_pool_t *pool)
{
    if (change->kind == USM_CHANGE_ADD || change->kind == USM_CHANGE_CHANGE)
        return take_item(s, f, change, pool);
    sync_file_t *file = sync_file_find(f, change->id, NULL);
    if (file) {
        apr_file_remove(path_of(s, f, file->name, pool), pool);
        file->sid = NULL;
        s->in++;
    }
    return NULL;
}

/* ---- a folder ---- */

static void what_to_fetch(usm_fetch_t *fetch, usm_class_e cls)
{
    *fetch = (usm_fetch_t){.body_forms = cls == USM_EMAIL ? USM_BODY_MIME : USM_BODY_TEXT,
                           .text_max = APR_UINT64_MAX, .mime_max = APR_UINT64_MAX};
    for (int f = 0; f < usm_class_fields(cls); f++)
        USM_FIELDSET_ADD(&fetch->fields, f);
}

/* The key is no longer known: all items come again. What its owner has changed in the meantime is set aside. */
static usm_error_t *start_over(sync_t *s, sync_folder_t *f, apr_pool_t *pool)
{
    for (int i = 0; i < f->files->nelts; i++) {
        sync_file_t *file = &APR_ARRAY_IDX(f->files, i, sync_file_t);
        const char *text, *path = path_of(s, f, file->name, pool);
        apr_size_t len;
        usm_error_t *err = file->sid ? sync_file_read(&text, &len, path, pool) : NULL;
        if (file->sid && !err && strcmp(sync_hash(text, len, pool), file->hash) == 0)
            apr_file_remove(path, pool);
        else if (file->sid && !err)
            USM_ERR(set_aside(s, f, file->name, pool));
        usm_error_clear(err);
    }
    f->files->nelts = 0;
    f->key = "0";
    return NULL;
}

/* One step from key to key. *more_p: another one is needed. */
static usm_error_t *one_turn(int *more_p, sync_t *s, sync_folder_t *f, apr_pool_t *pool)
{
    const usm_change_t *change;
    usm_turn_t *turn;
    usm_turn_params_t params = {.folder = f->fid, .key = f->key, .since = USM_TIME_NONE, .conflict = s->policy,
                                .window = WINDOW};
    what_to_fetch(&params.fetch, f->cls);
    usm_error_t *err = usm_turn_open(&turn, s->session, &params, pool);
    *more_p = 1;
    if (err && usm_error_class(err) == USM_CLASS_STALE_KEY) {
        usm_error_clear(err);
        return start_over(s, f, pool);
    }
    USM_ERR(err);
    int first = usm_turn_initial(turn);
    if (!first)
        USM_ERR(send_all(s, f, turn, pool));
    for (;;) {
        USM_ERR(usm_turn_next(&change, turn, pool));
        if (!change)
            break;
        USM_ERR(take_change(s, f, change, pool));
    }
    *more_p = first || usm_turn_more(turn);
    USM_ERR(usm_turn_close(&f->key, turn, s->pool));
    return sync_state_write(&s->state, pool);
}

static usm_error_t *sync_folder(sync_t *s, sync_folder_t *f)
{
    const char *path = apr_pstrcat(s->pool, s->state.top, "/", f->dir, NULL);
    apr_status_t rv = apr_dir_make_recursive(path, APR_FPROT_UREAD | APR_FPROT_UWRITE | APR_FPROT_UEXECUTE, s->pool);
    apr_pool_t *pool;
    int more = 1;
    if (rv)
        return USM_ERROR_APR(s->pool, rv, "%s", path);
    apr_pool_create(&pool, s->pool);
    for (int i = 0; more && i < TURNS_MAX; i++) {
        apr_pool_clear(pool);
        usm_error_t *err = one_turn(&more, s, f, pool);
        if (err && (usm_error_is(err, USM_EFOLDER_GONE) || usm_error_is(err, USM_ENOTFOUND))) {
            usm_error_clear(err);
            return NULL; /* it went after the hierarchy was read: the next run hears of it */
        }
        USM_ERR_W(err, "folder %s", f->dir);
    }
    apr_pool_destroy(pool);
    return NULL;
}

/* ---- the hierarchy is a collection like any other ---- */

static void take_folder(sync_t *s, const usm_change_t *change)
{
    sync_folder_t *f = sync_folder_find(&s->state, change->id);
    if (change->kind == USM_CHANGE_DELETE) {
        if (f)
            f->gone = 1; /* its files stay: nobody but their owner removes a directory */
        return;
    }
    usm_class_e cls = (usm_class_e)usm_item_num(change->item, USM_FOLDER_CLASS, USM_FOLDER);
    int outbox = usm_item_num(change->item, USM_FOLDER_ROLE, 0) == USM_ROLE_OUTBOX;
    if (f || outbox || cls <= USM_FOLDER || cls >= USM_CLASS_COUNT || !extensions[cls])
        return; /* a renamed folder keeps its directory */
    const char *name = sync_safe_name(usm_item_text(change->item, USM_FOLDER_NAME), s->pool);
    sync_folder_t made = {.fid = apr_pstrdup(s->pool, change->id), .key = "0", .cls = cls,
                          .dir = apr_pstrcat(s->pool, name, "-", change->id, NULL),
                          .files = apr_array_make(s->pool, 64, sizeof(sync_file_t))};
    APR_ARRAY_PUSH(s->state.folders, sync_folder_t) = made;
}

static usm_error_t *sync_hierarchy(sync_t *s)
{
    usm_turn_params_t params = {.key = s->state.hierarchy_key, .since = USM_TIME_NONE, .window = 512};
    const usm_change_t *change;
    usm_turn_t *turn;
    what_to_fetch(&params.fetch, USM_FOLDER);
    usm_error_t *err = usm_turn_open(&turn, s->session, &params, s->pool);
    if (err && usm_error_class(err) == USM_CLASS_STALE_KEY && strcmp(params.key, "0") != 0) {
        usm_error_clear(err);
        s->state.hierarchy_key = "0"; /* all folders come again; those we have stay what they are */
        return sync_hierarchy(s);
    }
    USM_ERR(err);
    for (;;) {
        USM_ERR(usm_turn_next(&change, turn, s->pool));
        if (!change)
            break;
        take_folder(s, change);
    }
    USM_ERR(usm_turn_close(&s->state.hierarchy_key, turn, s->pool));
    return sync_state_write(&s->state, s->pool);
}

static usm_error_t *sync_all(sync_t *s)
{
    USM_ERR(sync_hierarchy(s));
    for (int i = 0; i < s->state.folders->nelts; i++) {
        sync_folder_t *f = &APR_ARRAY_IDX(s->state.folders, i, sync_folder_t);
        if (!f->gone)
            USM_ERR(sync_folder(s, f));
    }
    return NULL;
}

/* ---- the command line ---- */

enum { OPT_STORE = 256, OPT_OX, OPT_USER, OPT_PASSWORD_FILE, OPT_DEVICE, OPT_CLIENT_WINS, OPT_CA, OPT_INSECURE,
       OPT_CHRONOS, OPT_HELP };
static const apr_getopt_option_t opts[] = {
    {"store", OPT_STORE, 1, "state database: sqlite:/path or mariadb://user@host/database"},
    {"ox", OPT_OX, 1, "base URL of the Open-Xchange HTTP API"},
    {"user", OPT_USER, 1, "login name"},
    {"password-file", OPT_PASSWORD_FILE, 1, "file whose first line is the password"},
    {"device", OPT_DEVICE, 1, "name of this mirror (usmsync); each directory needs its own"},
    {"client-wins", OPT_CLIENT_WINS, 0, "of two edits of one field the directory's wins"},
    {"ca", OPT_CA, 1, "CA certificates of the Open-Xchange server"},
    {"insecure", OPT_INSECURE, 0, "do not check the server's certificate"},
    {"chronos", OPT_CHRONOS, 0, "calendars through the server's module chronos (Open-Xchange 7.10)"},
    {"help", OPT_HELP, 0, "tell the options"},
    {NULL, 0, 0, NULL},
};

typedef struct args_t {
    usm_config_t config;
    const char *user, *password_file, *device, *dir;
    usm_policy_e policy;
    int help;
} args_t;

static int usage(FILE *to)
{
    fputs("usage: usmsync --store URL --ox URL --user NAME --password-file FILE [OPTION]... DIRECTORY\n", to);
    for (const apr_getopt_option_t *o = opts; o->name; o++)
        fprintf(to, "  --%-15s %s\n", o->name, o->description);
    return to == stdout ? 0 : 2;
}

static int read_args(args_t *args, int argc, const char *const *argv, apr_pool_t *pool)
{
    apr_getopt_t *os;
    const char *value;
    int opt;
    apr_status_t rv;
    apr_getopt_init(&os, pool, argc, argv);
    while ((rv = apr_getopt_long(os, opts, &opt, &value)) == APR_SUCCESS) {
        switch (opt) {
        case OPT_STORE: args->config.store = value; break;
        case OPT_OX: args->config.backend_url = value; break;
        case OPT_USER: args->user = value; break;
        case OPT_PASSWORD_FILE: args->password_file = value; break;
        case OPT_DEVICE: args->device = value; break;
        case OPT_CLIENT_WINS: args->policy = USM_CLIENT_WINS; break;
        case OPT_CA: args->config.backend_ca = value; break;
        case OPT_INSECURE: args->config.backend_insecure = 1; break;
        case OPT_CHRONOS: args->config.calendar = USM_CALENDAR_CHRONOS; break;
        case OPT_HELP: args->help = 1; break;
        }
    }
    if (os->ind + 1 == argc)
        args->dir = argv[os->ind];
    return rv == APR_EOF && (args->help || (args->config.store && args->config.backend_url && args->user &&
                                            args->password_file && args->dir));
}

static int log_enabled(void *baton, usm_level_e level)
{
    return level <= USM_LOG_WARNING;
}

static void log_write(void *baton, usm_level_e level, int number, const char *line)
{
    fprintf(stderr, "usmsync: %s\n", line);
}

static usm_error_t *run(sync_t *s, const args_t *args)
{
    static const usm_log_t log = {.enabled = log_enabled, .write = log_write};
    usm_config_t config = args->config;
    usm_context_t *ctx;
    usm_login_t *login;
    const char *text;
    apr_size_t len;
    char *password;
    config.backend = "ox";
    config.log = log;
    USM_ERR(usm_library_init(s->pool));
    USM_ERR(sync_state_read(&s->state, args->dir, s->pool));
    USM_ERR(sync_file_read(&text, &len, args->password_file, s->pool));
    password = apr_pstrmemdup(s->pool, text, strcspn(text, "\r\n"));
    USM_ERR(usm_context_create(&ctx, &config, s->pool));
    USM_ERR(usm_login(&login, ctx, args->user, password, &log, s->pool));
    USM_ERR(usm_session_open(&s->session, ctx, login, password, args->device ? args->device : "usmsync", "usmsync", 0,
                             &log, s->pool));
    return sync_all(s);
}

int main(int argc, const char *const *argv)
{
    sync_t s = {.policy = USM_SERVER_WINS};
    args_t args = {.policy = USM_SERVER_WINS};
    apr_pool_t *top;
    if (apr_app_initialize(&argc, &argv, NULL) != APR_SUCCESS || apr_pool_create(&top, NULL) != APR_SUCCESS)
        return 1;
    apr_pool_create(&s.pool, top);
    if (!read_args(&args, argc, argv, s.pool))
        return usage(stderr);
    if (args.help)
        return usage(stdout);
    s.policy = args.policy;
    usm_error_t *err = run(&s, &args);
    if (err)
        fprintf(stderr, "usmsync: %s\n", usm_error_text(err, s.pool));
    else
        printf("%d from the server, %d to the server\n", s.in, s.out);
    int code = err != NULL || s.faults;
    apr_pool_destroy(top);
    apr_terminate();
    return code;
}
