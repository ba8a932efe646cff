/* SPDX-License-Identifier: Apache-2.0 */
/* Tests: conflict.c merge.c */
/* Every row of libusm/tbl/conflicts.h, in each of its classes, under both policies, with the answer arriving at once,
 * and lost once or twice. Afterwards device and server must have the same, and the log what the row says. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <apr_file_io.h>
#include <apr_general.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/core.h"
#include "fake_backend.h"

#define OK(expr)                                                                                                       \
    do {                                                                                                               \
        usm_error_t *e_ = (expr);                                                                                      \
        if (e_)                                                                                                        \
            fail_msg("%s: %s: %s", cell, #expr, usm_error_text(e_, pool));                                             \
    } while (0)

/* ---- rows ---- */

typedef enum kind_e { PIM, EVENT, MEETING, PART, MAIL, NOTE } kind_e;
typedef enum edit_e { FIELD, FIELDS, OTHER, EQUAL, UNIT, UNIT2, HIDDEN, DELETE, MOVE, MOVE_FIELD, ADD, ADD_UID } edit_e;
typedef enum result_e {
    BOTH, DEVICE, SERVER, PARTLY, AGAIN, THERE, THERE_SERVER, GONE, BACK, STAYS, TWO
} result_e;
enum { NOTHING = 100, DELETION };

static const struct row_t {
    kind_e kind;
    edit_e device, server;
    struct {
        result_e result;
        int status;
        int lost;
    } policy[2]; /* by usm_policy_e */
    const char *text;
} rows[] = {
#define USM_CLASH(kind, device, server, result, status, lost, client_result, client_status, client_lost, text)         \
    {kind, device, server, {{result, status, (int)lost}, {client_result, client_status, (int)client_lost}}, text},
#include "tbl/conflicts.h"
#undef USM_CLASH
};

/* ---- fields to edit: two independent ones, and two of one unit ---- */

static const struct pick_t {
    usm_class_e cls;
    const char *folder, *elsewhere;
    int a, b, unit, unit2;
} picks[] = {
    {USM_CONTACT, "60", "61", USM_CONTACT_FIRST_NAME, USM_CONTACT_COMPANY, USM_CONTACT_HOME_STREET,
     USM_CONTACT_HOME_CITY},
    {USM_EVENT, "62", "63", USM_EVENT_SUBJECT, USM_EVENT_LOCATION, USM_EVENT_START, USM_EVENT_END},
    {USM_TASK, "64", "65", USM_TASK_SUBJECT, USM_TASK_IMPORTANCE, USM_TASK_START, USM_TASK_DUE},
    {USM_EMAIL, "66", "67", USM_EMAIL_FLAG, USM_EMAIL_READ, -1, -1},
    {USM_EVENT, "68", "69", USM_EVENT_SUBJECT, USM_EVENT_LOCATION, USM_EVENT_START, USM_EVENT_RECURRENCE},
    {USM_NOTE, "70", "71", USM_NOTE_SUBJECT, USM_NOTE_CATEGORIES, -1, -1},
};
enum { EVENT_PICK = 1, MAIL_PICK = 3, SERIES_PICK = 4, NOTE_PICK = 5, PICKS = 6 };

static apr_pool_t *root, *pool;
static usm_context_t *ctx;
static char db_path[200], cell[300] = "start";
static const struct pick_t *pick;

/* The values 0 (what both had), 1 (the device's) and 2 (the server's) of a field. */
static void set(usm_item_t *item, int field, int n)
{
    static const usm_flag_t flags[3] = {{.status = 0}, {.status = 1}, {.status = 2}};
    static const char *const texts[3] = {"base", "device", "server"};
    static const usm_recurrence_t rules[3] = {{.freq = USM_RECUR_DAILY, .interval = 1},
                                              {.freq = USM_RECUR_DAILY, .interval = 2},
                                              {.freq = USM_RECUR_DAILY, .interval = 3}};
    static const char *words[3] = {"base", "device", "server"};
    static const usm_list_t lists[3] = {{1, &words[0]}, {1, &words[1]}, {1, &words[2]}};
    const usm_fieldinfo_t *info = usm_field(item->cls, field);
    if (info->type == USM_T_RECURRENCE)
        usm_item_set_ptr(item, field, &rules[n]);
    else if (info->type == USM_T_LIST)
        usm_item_set_ptr(item, field, &lists[n]);
    else if (usm__type_kind(info->type) == USM__KIND_text)
        usm_item_set_text(item, field, texts[n]);
    else if (usm__type_kind(info->type) == USM__KIND_flag)
        usm_item_set_ptr(item, field, &flags[n]);
    else if (info->type == USM_T_BOOL)
        usm_item_set_num(item, field, n > 0);
    else
        usm_item_set_num(item, field, (20000 + field * 3 + n) * USM_DAY_MS);
}

static int has(const usm_item_t *item, int field, int n)
{
    usm_item_t *want = usm_item_create(item->cls, pool);
    set(want, field, n);
    return usm_value_equal(usm_field(item->cls, field)->type, &item->v[field], &want->v[field]);
}

static usm_item_t *base_item(kind_e kind, const char *uid)
{
    static usm_attendee_t guest = {.name = "Berta", .email = "berta@example.org"};
    static const usm_attendees_t guests = {.count = 1, .items = &guest};
    const int fields[4] = {pick->a, pick->b, pick->unit, pick->unit2};
    usm_item_t *item = usm_item_create(pick->cls, pool);
    for (int i = 0; i < 4; i++) {
        if (fields[i] >= 0)
            set(item, fields[i], 0);
    }
    if (pick == &picks[SERIES_PICK])
        set(item, USM_EVENT_END, 0); /* an event without times is not made again */
    if (kind == MEETING)
        usm_item_set_ptr(item, USM_EVENT_ATTENDEES, &guests);
    if (uid)
        usm_item_set_text(item, USM_EVENT_UID, uid);
    return item;
}

static void edit(usm_item_t *item, edit_e what, int n)
{
    if (what == FIELD || what == FIELDS || what == MOVE_FIELD)
        set(item, pick->a, n);
    if (what == FIELDS)
        set(item, pick->unit, n);
    if (what == EQUAL)
        set(item, pick->a, 1);
    if (what == OTHER)
        set(item, pick->b, n);
    if (what == UNIT)
        set(item, pick->unit, n);
    if (what == UNIT2)
        set(item, pick->unit2, n);
}

/* ---- a device ---- */

typedef struct held_t {
    apr_pool_t *pool;
    apr_hash_t *items; /* server id → usm_item_t */
    char key[70], folder[20];
} held_t;

typedef struct command_t {
    edit_e op; /* FIELD: change */
    const char *id;
    const usm_item_t *item;
    int partial, status;
} command_t;

static usm_session_t *session_of(apr_pool_t *p)
{
    usm_login_t *login;
    usm_session_t *session;
    OK(usm_login(&login, ctx, "anton", "secret", NULL, p));
    OK(usm_session_open(&session, ctx, login, "secret", "phone", "Test", 0, NULL, p));
    return session;
}

static void take(held_t *h, const usm_change_t *change)
{
    const char *id = apr_pstrdup(h->pool, change->id);
    usm_item_t *old = apr_hash_get(h->items, id, APR_HASH_KEY_STRING);
    if ((change->kind == USM_CHANGE_ADD) == (old != NULL))
        fail_msg("%s: change of kind %d for %s item %s", cell, change->kind, old ? "the known" : "the unknown", id);
    apr_hash_set(h->items, id, APR_HASH_KEY_STRING, change->item ? usm_item_copy(change->item, h->pool) : NULL);
}

static int says(usm_error_t *err)
{
    switch (usm_error_class(err)) {
    case USM_CLASS_CONFLICT:
        return 7;
    case USM_CLASS_NOTFOUND:
        return 8;
    case USM_CLASS_INVALID:
        return 6;
    default:
        return err ? 5 : 1;
    }
}

static usm_error_t *command(usm_outcome_t *out, usm_turn_t *turn, command_t *c)
{
    if (c->op == ADD)
        return usm_turn_add(out, turn, "cid", c->item);
    if (c->op == DELETE)
        return usm_turn_delete(out, turn, c->id, USM_DELETE_TRASH);
    return usm_turn_change(out, turn, c->id, c->item, c->partial);
}

/* What the device sees of its own command at once. */
static void see(held_t *h, const command_t *c, const char *id)
{
    usm_item_t *old = c->op == ADD ? NULL : apr_hash_get(h->items, id, APR_HASH_KEY_STRING);
    usm_item_t *now = c->op == DELETE ? NULL : usm_item_copy(c->item, h->pool);
    for (int f = 0; now && old && f < usm_class_fields(now->cls); f++) {
        if (now->v[f].state == USM_ABSENT)
            now->v[f] = old->v[f];
    }
    apr_hash_set(h->items, apr_pstrdup(h->pool, id), APR_HASH_KEY_STRING, now);
}

/* One request; its answer gets lost @a lost times, and it is repeated. */
static void exchange(held_t *h, command_t *c, int client_wins, int lost)
{
    const char *key, *id = "";
    do {
        apr_pool_t *p;
        usm_turn_t *turn;
        usm_outcome_t out = {0};
        const usm_change_t *change;
        apr_pool_create(&p, pool);
        usm_turn_params_t params = {.folder = h->folder, .key = h->key, .since = USM_TIME_NONE, .window = 20,
                                    .conflict = client_wins ? USM_CLIENT_WINS : USM_SERVER_WINS};
        for (int f = 0; f < usm_class_fields(pick->cls); f++)
            USM_FIELDSET_ADD(&params.fetch.fields, f);
        params.fetch.body_forms = USM_BODY_TEXT;
        held_t after = {.pool = h->pool, .items = apr_hash_copy(h->pool, h->items)};
        OK(usm_turn_open(&turn, session_of(p), &params, p));
        if (c) {
            OK(command(&out, turn, c));
            c->status = says(out.error);
            id = apr_pstrdup(pool, out.server_id ? out.server_id : c->id ? c->id : "");
        }
        /* What was refused by "not found" the device keeps until it is told. */
        if (c && *id && c->status != 8)
            see(&after, c, id);
        for (;;) {
            OK(usm_turn_next(&change, turn, p));
            if (!change)
                break;
            take(&after, change);
        }
        OK(usm_turn_close(&key, turn, p));
        if (lost == 0) {
            apr_cpystrn(h->key, key, sizeof h->key);
            h->items = after.items;
        }
        apr_pool_destroy(p);
    } while (lost-- > 0);
    if (c && c->op == ADD)
        c->id = id;
}

/* ---- the state of both sides ---- */

static const fake_item_t *first_in(int *count_p, const char *folder)
{
    const fake_item_t *found = NULL;
    *count_p = 0;
    for (int i = 0; i < fake.count; i++) {
        if (fake.items[i].alive && strcmp(fake.items[i].folder, folder) == 0) {
            found = &fake.items[i];
            ++*count_p;
        }
    }
    return found;
}

static void same_on_both(const held_t *h)
{
    int count;
    first_in(&count, pick->folder);
    if ((int)apr_hash_count(h->items) != count)
        fail_msg("%s: the device has %u items, the server %d", cell, apr_hash_count(h->items), count);
    for (apr_hash_index_t *hi = apr_hash_first(pool, h->items); hi; hi = apr_hash_next(hi)) {
        const char *id = apr_hash_this_key(hi);
        const usm_item_t *mine = apr_hash_this_val(hi);
        const fake_item_t *item = fake_find(strchr(id, ':') + 1);
        if (!item || !item->alive || strcmp(item->folder, pick->folder) != 0)
            fail_msg("%s: the device has %s, which the server has not", cell, id);
        for (int f = 0; f < usm_class_fields(pick->cls); f++) {
            const usm_fieldinfo_t *info = usm_field(pick->cls, f);
            if (!(info->flags & USM_F_NODIGEST) && !usm_value_equal(info->type, &mine->v[f], &item->full->v[f]))
                fail_msg("%s: field %s is not the same on both sides", cell, info->name);
        }
    }
}

typedef struct logged_t {
    int count;
    usm_conflict_row_t last;
} logged_t;

static usm_error_t *on_logged(void *baton, const usm_conflict_row_t *row)
{
    logged_t *l = baton;
    l->count++;
    l->last = *row;
    l->last.winner = apr_pstrdup(pool, row->winner);
    l->last.lost = apr_pstrdup(pool, row->lost);
    l->last.copy = row->copy ? apr_pstrdup(pool, row->copy) : NULL;
    return NULL;
}

static logged_t logged(void)
{
    logged_t l = {0};
    usm_txn_t *txn;
    OK(ctx->store_vt->begin(&txn, ctx->store, USM_TXN_READ, NULL, pool));
    OK(ctx->store_vt->conflict_scan(txn, 0, on_logged, &l, pool));
    OK(ctx->store_vt->commit(txn));
    return l;
}

static void check_log(const logged_t *before, int lost)
{
    logged_t now = logged();
    const char *winner = lost == SERVER ? "device" : "server";
    const char *value = lost == DEVICE ? "device" : "server";
    if (now.count != before->count + (lost != NOTHING))
        fail_msg("%s: %d entries in the conflict log", cell, now.count - before->count);
    if (lost == NOTHING)
        return;
    if (strcmp(now.last.winner, winner) != 0)
        fail_msg("%s: the log says that the %s won", cell, now.last.winner);
    if (lost == DELETION ? *now.last.lost != '\0' : now.last.lost[0] == '\0')
        fail_msg("%s: the log keeps \"%s\"", cell, now.last.lost);
    if (lost != DELETION && usm__type_kind(usm_field(pick->cls, pick->a)->type) == USM__KIND_text &&
        strncmp(now.last.lost, "START", 5) != 0 && strncmp(now.last.lost, "HOME_", 5) != 0 &&
        !strstr(now.last.lost, value))
        fail_msg("%s: the log keeps \"%s\"", cell, now.last.lost);
}

/* ---- one cell ---- */

static void check_place(result_e result, const char *old_id)
{
    int here, there;
    const fake_item_t *item = first_in(&here, pick->folder), *moved = first_in(&there, pick->elsewhere);
    int wants_here = result == TWO ? 2 : result == GONE || result == THERE || result == THERE_SERVER || result == STAYS
                                             ? 0
                                             : 1;
    int wants_there = result == THERE || result == THERE_SERVER || result == STAYS;
    if (here != wants_here || there != wants_there)
        fail_msg("%s: %d items in the folder, %d elsewhere", cell, here, there);
    if (result == AGAIN && strcmp(item->id, old_id) == 0)
        fail_msg("%s: a deleted item has come to life", cell);
    if ((result == THERE && !has(moved->full, pick->a, 1)) || (result == THERE_SERVER && !has(moved->full, pick->a, 2)))
        fail_msg("%s: the moved item has the wrong value", cell);
}

static void check_values(const struct row_t *row, result_e result)
{
    int here, unit = row->device == UNIT;
    const fake_item_t *item = first_in(&here, pick->folder);
    const usm_item_t *full = item ? item->full : NULL;
    int good = 1;
    switch (result) {
    case BOTH:
        good = has(full, pick->a, 1) && (row->server != OTHER || has(full, pick->b, 2));
        break;
    case DEVICE:
        good = unit ? has(full, pick->unit, 1) && has(full, pick->unit2, 0) : has(full, pick->a, 1);
        good &= row->device != FIELDS || has(full, pick->unit, 1);
        break;
    case SERVER:
        good = unit ? has(full, pick->unit, 0) && has(full, pick->unit2, 2) : has(full, pick->a, 2);
        break;
    case PARTLY:
        good = has(full, pick->a, 2) && has(full, pick->unit, 1);
        break;
    case AGAIN:
        good = has(full, pick->a, 1) && has(full, pick->b, 0) &&
               (pick->unit < 0 || has(full, pick->unit, 0));
        break;
    case BACK:
        good = has(full, pick->a, 2);
        break;
    default:
        break;
    }
    if (!good)
        fail_msg("%s: wrong value at the server", cell);
}

static fake_item_t *server_edit(fake_item_t *item, const struct row_t *row, const char *uid)
{
    if (row->server == ADD || row->server == ADD_UID) {
        usm_item_t *other = base_item(row->kind, row->server == ADD_UID ? uid : NULL);
        set(other, pick->a, 2);
        item = fake_add_full(pick->folder, other);
        if (row->server == ADD_UID)
            snprintf(item->uid, sizeof item->uid, "%s", uid);
        return item;
    }
    edit(item->full, row->server, 2);
    if (row->server == DELETE)
        fake_remove(item);
    else if (row->server == MOVE || row->server == MOVE_FIELD)
        fake_move(item, pick->elsewhere);
    else
        fake_touch(item);
    return item;
}

static void clear_folders(held_t *h)
{
    for (int i = 0; i < fake.count; i++) {
        if (fake.items[i].alive)
            fake_remove(&fake.items[i]);
    }
    exchange(h, NULL, 0, 0);
    if (apr_hash_count(h->items))
        fail_msg("%s: the device does not become empty", cell);
}

static void run_cell(const struct row_t *row, held_t *h, int client_wins, int lost)
{
    static int n;
    char uid[40], old_id[300] = "";
    fake_item_t *item = NULL;
    snprintf(uid, sizeof uid, "uid-%d", n++);
    clear_folders(h);
    if (row->device != ADD) {
        item = fake_add_full(pick->folder, base_item(row->kind, NULL));
        snprintf(old_id, sizeof old_id, "%s", item->id);
        exchange(h, NULL, client_wins, 0);
        same_on_both(h);
    }
    logged_t before = logged();
    server_edit(item, row, uid);
    int in_part = row->kind == PART || row->kind == MAIL;
    usm_item_t *mine = in_part ? usm_item_create(pick->cls, pool)
                               : base_item(row->kind, row->server == ADD_UID ? uid : NULL);
    edit(mine, row->device == ADD ? FIELD : row->device, 1);
    command_t c = {.op = row->device == ADD || row->device == DELETE ? row->device : FIELD, .item = mine,
                   .partial = row->kind == PART,
                   .id = item ? apr_psprintf(pool, "%s:%s", h->folder, old_id) : NULL};
    exchange(h, &c, client_wins, lost);
    for (int i = 0; i < 2; i++)
        exchange(h, NULL, client_wins, 0);
    if (c.status != row->policy[client_wins].status)
        fail_msg("%s: status %d", cell, c.status);
    check_place(row->policy[client_wins].result, old_id);
    check_values(row, row->policy[client_wins].result);
    same_on_both(h);
    check_log(&before, row->policy[client_wins].lost);
}

/* ---- set-up ---- */

static usm_error_t *find_fid(void *baton, const usm_folder_row_t *row)
{
    if (strcmp(row->backend_id, pick->folder) == 0)
        snprintf(baton, 20, "%" APR_INT64_T_FMT, row->fid);
    return NULL;
}

static void start(held_t *h, const struct pick_t *p)
{
    usm_txn_t *txn;
    pick = p;
    *h = (held_t){.pool = pool, .items = apr_hash_make(pool), .key = "0"};
    OK(ctx->store_vt->begin(&txn, ctx->store, USM_TXN_READ, NULL, pool));
    OK(ctx->store_vt->folder_scan(txn, 1, 0, find_fid, h->folder, pool));
    OK(ctx->store_vt->commit(txn));
    exchange(h, NULL, 0, 0);
}

static int setup(void **state)
{
    usm_config_t config = {.backend_url = "fake:", .full_compare_s = 100000};
    usm_turn_params_t hierarchy = {.key = "0", .since = USM_TIME_NONE};
    usm_turn_t *turn;
    const usm_change_t *change;
    const char *dir, *key;
    static int n;
    if (apr_pool_create(&pool, root))
        return 1;
    apr_temp_dir_get(&dir, pool);
    snprintf(db_path, sizeof db_path, "%s/usm-conflicts-%ld-%d.db", dir, (long)getpid(), n++);
    fake_reset();
    fake.full = 1;
    for (int i = 0; i < PICKS; i++) {
        fake_folder(picks[i].folder, "Here", NULL, USM_ROLE_USER, picks[i].cls, NULL);
        fake_folder(picks[i].elsewhere, "There", NULL, USM_ROLE_USER, picks[i].cls, NULL);
    }
    config.store = apr_pstrcat(pool, "sqlite:", db_path, NULL);
    OK(usm__context_make(&ctx, &config, usm_store_sql(), fake_backend(), pool));
    OK(usm_turn_open(&turn, session_of(pool), &hierarchy, pool));
    do
        OK(usm_turn_next(&change, turn, pool));
    while (change);
    OK(usm_turn_close(&key, turn, pool));
    return 0;
}

static int teardown(void **state)
{
    apr_pool_destroy(pool);
    remove(db_path);
    remove(apr_pstrcat(root, db_path, "-wal", NULL));
    remove(apr_pstrcat(root, db_path, "-shm", NULL));
    return 0;
}

static int applies(kind_e kind, int p)
{
    if (kind == PIM)
        return p != MAIL_PICK && p != NOTE_PICK;
    if (kind == NOTE)
        return p == NOTE_PICK;
    return p == (kind == MAIL ? MAIL_PICK : EVENT_PICK);
}

/* ---- tests ---- */

static void test_every_cell(void **state)
{
    held_t h;
    for (int p = 0; p < PICKS; p++) {
        start(&h, &picks[p]);
        for (size_t r = 0; r < sizeof rows / sizeof rows[0]; r++) {
            for (int i = 0; i < 6 && applies(rows[r].kind, p); i++) {
                snprintf(cell, sizeof cell, "row %zu (%s), class %d, %s wins, answer lost %d times", r, rows[r].text,
                         (int)picks[p].cls, i % 2 ? "client" : "server", i / 2);
                run_cell(&rows[r], &h, i % 2, i / 2);
            }
        }
    }
}

/* The losing version becomes an item of its own: once, and on both sides. */
static void test_copies(void **state)
{
    static const struct row_t row = {.kind = PIM, .device = FIELD, .server = FIELD};
    held_t h;
    ctx->config.conflict_keep = USM_KEEP_COPY;
    for (int p = 0; p < PICKS; p++) {
        start(&h, &picks[p]);
        for (int i = 0; i < 6; i++) {
            int copies = 0, count, client_wins = i % 2;
            const char *want = client_wins ? "server (conflict)" : "device (conflict)";
            snprintf(cell, sizeof cell, "copy, class %d, variant %d", (int)picks[p].cls, i);
            clear_folders(&h);
            fake_item_t *item = fake_add_full(pick->folder, base_item(PIM, NULL));
            exchange(&h, NULL, client_wins, 0);
            server_edit(item, &row, NULL);
            usm_item_t *mine = p == MAIL_PICK ? usm_item_create(pick->cls, pool) : base_item(PIM, NULL);
            edit(mine, FIELD, 1);
            command_t c = {.op = FIELD, .item = mine, .id = apr_psprintf(pool, "%s:%s", h.folder, item->id)};
            exchange(&h, &c, client_wins, i / 2);
            exchange(&h, NULL, client_wins, 0);
            same_on_both(&h);
            first_in(&count, pick->folder);
            for (int k = 0; k < fake.count && p != MAIL_PICK; k++) {
                /* The mark stands in the last name of a contact, else in the subject. */
                int title = p == 0 ? USM_CONTACT_LAST_NAME : pick->a;
                const char *text = fake.items[k].alive ? usm_item_text(fake.items[k].full, title) : NULL;
                copies += text && strcmp(text, p == 0 ? "(conflict)" : want) == 0 &&
                          (p > 0 || has(fake.items[k].full, pick->a, client_wins ? 2 : 1));
            }
            if (count != (p == MAIL_PICK ? 1 : 2) || (p != MAIL_PICK && copies != 1))
                fail_msg("%s: %d items, %d copies", cell, count, copies);
        }
    }
}

static void test_nothing_kept(void **state)
{
    static const struct row_t row = {PIM, FIELD, FIELD, {{SERVER, 7, NOTHING}, {DEVICE, 1, NOTHING}}, "off"};
    held_t h;
    ctx->config.conflict_keep = USM_KEEP_OFF;
    start(&h, &picks[0]);
    run_cell(&row, &h, 0, 1);
    run_cell(&row, &h, 1, 0);
}

/* The log is bounded in number and in age. */
static void test_log_is_bounded(void **state)
{
    usm_conflict_row_t row = {.user = 1, .cls = USM_CONTACT, .device = "d", .folder = "f", .id = "i",
                              .device_edit = "change", .server_edit = "change", .winner = "server", .fields = "A",
                              .lost = "A: x"};
    usm_txn_t *txn;
    OK(ctx->store_vt->begin(&txn, ctx->store, USM_TXN_WRITE, NULL, pool));
    for (int i = 0; i < 30; i++) {
        row.at = 1000 + i;
        OK(ctx->store_vt->conflict_add(txn, &row));
    }
    OK(ctx->store_vt->conflict_trim(txn, 1, 20, 0));
    OK(ctx->store_vt->commit(txn));
    assert_int_equal(logged().count, 20);
    assert_int_equal(logged().last.at, 1029);
    OK(ctx->store_vt->begin(&txn, ctx->store, USM_TXN_WRITE, NULL, pool));
    OK(ctx->store_vt->conflict_trim(txn, 1, 20, 1025));
    OK(ctx->store_vt->commit(txn));
    assert_int_equal(logged().count, 5);
}

/* ---- the timestamp race ---- */

static fake_item_t *racing;
static int races;

static void race(void)
{
    if (races > 0 && races--)
        fake_touch(racing);
}

/* Somebody edits between each of our reads and writes: bounded tries, then "come again"; and the repeat succeeds. */
static void test_race(void **state)
{
    static const struct {
        int races, status;
    } tries[] = {{0, 1}, {3, 1}, {5, 1}, {100, 5}};
    held_t h;
    start(&h, &picks[0]);
    for (size_t i = 0; i < sizeof tries / sizeof tries[0]; i++) {
        snprintf(cell, sizeof cell, "race %zu", i);
        clear_folders(&h);
        racing = fake_add_full(pick->folder, base_item(PIM, NULL));
        exchange(&h, NULL, 0, 0);
        usm_item_t *mine = base_item(PIM, NULL);
        edit(mine, FIELD, 1);
        command_t c = {.op = FIELD, .item = mine, .id = apr_psprintf(pool, "%s:%s", h.folder, racing->id)};
        held_t before = h;
        races = tries[i].races;
        fake.on_call = race;
        exchange(&h, &c, 0, 0);
        fake.on_call = NULL;
        if (c.status != tries[i].status)
            fail_msg("%s: status %d", cell, c.status);
        if (c.status == 5) { /* the device repeats its request */
            h = before;
            exchange(&h, &c, 0, 0);
        }
        exchange(&h, NULL, 0, 0);
        assert_int_equal(c.status, 1);
        assert_true(has(racing->full, pick->a, 1));
        same_on_both(&h);
    }
}

/* Two changes of a deleted item, told of nothing in between, and another device's: one new item. */
static void test_made_again_once(void **state)
{
    held_t h;
    int count;
    start(&h, &picks[0]);
    fake_item_t *item = fake_add_full(pick->folder, base_item(PIM, NULL));
    exchange(&h, NULL, 0, 0);
    held_t other = h;
    fake_remove(item);
    usm_item_t *mine = base_item(PIM, NULL);
    edit(mine, FIELD, 1);
    command_t c = {.op = FIELD, .item = mine, .id = apr_psprintf(pool, "%s:%s", h.folder, item->id)};
    exchange(&h, &c, 0, 0);
    other.items = apr_hash_copy(pool, other.items);
    edit(mine, OTHER, 1);
    exchange(&other, &c, 0, 0); /* the same key as before: its command is a new one */
    exchange(&other, NULL, 0, 0);
    const fake_item_t *made = first_in(&count, pick->folder);
    assert_int_equal(count, 1);
    assert_true(has(made->full, pick->a, 1) && has(made->full, pick->b, 1));
    same_on_both(&other);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {T(test_every_cell),     T(test_copies), T(test_nothing_kept),
                                       T(test_log_is_bounded), T(test_race),   T(test_made_again_once)};
    apr_initialize();
    apr_pool_create(&root, NULL);
    int failed = cmocka_run_group_tests_name("conflicts", tests, NULL, NULL);
    apr_pool_destroy(root);
    apr_terminate();
    return failed;
}
