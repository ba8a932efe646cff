/* SPDX-License-Identifier: Apache-2.0 */
/* The hierarchy: which folders there are, and the short ids under which devices know them. A short id belongs to the
 * user, is the same on every device and after every start-over, survives renames and moves, and is never reused. */
#include "core.h"

#define HELD_MAX 100000 /* folders of a device; the configured limit is far below */
#define REFRESH_TRIES 32

typedef struct node_t {
    usm_folder_row_t row;
    const usm_bfolder_t *now; /**< what the backend lists for it, NULL = vanished (so far) */
    int dirty, fresh;
} node_t;

typedef struct refresh_t {
    usm_session_t *session;
    apr_pool_t *pool;
    apr_array_header_t *nodes; /**< node_t * */
    apr_hash_t *by_id;         /**< backend id → node_t */
    usm_txn_t *txn;            /**< open while folders are settled, but for calls of the backend */
} refresh_t;

static node_t *add_node(refresh_t *re, const usm_folder_row_t *row)
{
    node_t *node = apr_pcalloc(re->pool, sizeof *node);
    node->row = *row;
    node->row.backend_id = apr_pstrdup(re->pool, row->backend_id);
    node->row.name = apr_pstrdup(re->pool, row->name ? row->name : "");
    node->row.token = apr_pstrdup(re->pool, row->token ? row->token : "");
    APR_ARRAY_PUSH(re->nodes, node_t *) = node;
    apr_hash_set(re->by_id, node->row.backend_id, APR_HASH_KEY_STRING, node);
    return node;
}

static usm_error_t *collect_row(void *baton, const usm_folder_row_t *row)
{
    add_node(baton, row);
    return NULL;
}

static usm_error_t *load_rows(refresh_t *re)
{
    usm_txn_t *txn;
    usm_session_t *session = re->session;
    USM_ERR(usm__read(&txn, session, re->pool));
    return usm__finish(session, txn,
                       USM__VT(session)->folder_scan(txn, session->device.user, 0, collect_row, re, re->pool));
}

static apr_array_header_t *known_folders(refresh_t *re)
{
    apr_array_header_t *known = apr_array_make(re->pool, re->nodes->nelts + 1, sizeof(usm_bfolder_t));
    for (int i = 0; i < re->nodes->nelts; i++) {
        const usm_folder_row_t *row = &APR_ARRAY_IDX(re->nodes, i, node_t *)->row;
        if (row->role == USM_ROLE_OUTBOX || row->cls == USM_RECIPIENT)
            continue;
        APR_ARRAY_PUSH(known, usm_bfolder_t) = (usm_bfolder_t){.id = row->backend_id,
                                                               .name = row->name,
                                                               .cls = row->cls,
                                                               .role = row->role,
                                                               .rights = row->rights,
                                                               .token = *row->token ? row->token : NULL,
                                                               .has_children = row->has_children};
    }
    return known;
}

static usm_error_t *pause_writing(refresh_t *re)
{
    usm_txn_t *txn = re->txn;
    re->txn = NULL;
    return txn ? usm__finish(re->session, txn, NULL) : NULL;
}

/* Which vanished folder is this new one? By its token, or as the child of the same name of a renamed parent. */
static usm_error_t *find_renamed(node_t **node_p, refresh_t *re, const usm_bfolder_t *now, const char **token_p)
{
    node_t *match = NULL;
    int candidates = 0, with_token = 0;
    *node_p = NULL;
    for (int i = 0; i < re->nodes->nelts; i++) {
        node_t *node = APR_ARRAY_IDX(re->nodes, i, node_t *);
        if (node->now || node->fresh || node->row.cls != now->cls)
            continue;
        candidates++;
        with_token += *node->row.token != '\0';
        node_t *parent = now->parent ? apr_hash_get(re->by_id, now->parent, APR_HASH_KEY_STRING) : NULL;
        if (parent && parent->dirty && parent->row.fid == node->row.parent && strcmp(node->row.name, now->name) == 0)
            match = node;
    }
    if (match || !candidates) {
        *node_p = match;
        return NULL;
    }
    if (!now->token && with_token) {
        USM_ERR(pause_writing(re)); /* none is held while the server is asked */
        usm_bref_t ref = {.id = now->id, .cls = now->cls, .role = now->role};
        USM_ERR(usm__checked(re->session,
                             USM__BVT(re->session)->folder_token(token_p, &re->session->call, &ref, re->pool)));
    }
    for (int i = 0; *token_p && **token_p && i < re->nodes->nelts; i++) {
        node_t *node = APR_ARRAY_IDX(re->nodes, i, node_t *);
        if (!node->now && !node->fresh && node->row.cls == now->cls && strcmp(node->row.token, *token_p) == 0)
            *node_p = node;
    }
    return NULL;
}

static int merge(node_t *node, const usm_bfolder_t *now, apr_int64_t parent, apr_pool_t *pool)
{
    usm_folder_row_t *row = &node->row;
    int same = strcmp(row->backend_id, now->id) == 0 && strcmp(row->name, now->name) == 0 && row->parent == parent &&
               row->cls == now->cls && row->role == now->role && row->rights == now->rights &&
               row->has_children == now->has_children &&
               (!now->token || !*now->token || strcmp(row->token, now->token) == 0);
    if (same)
        return 0;
    row->backend_id = now->id;
    row->name = now->name;
    row->parent = parent;
    row->cls = now->cls;
    row->role = now->role;
    row->rights = now->rights;
    row->has_children = now->has_children;
    if (now->token && *now->token)
        row->token = apr_pstrdup(pool, now->token);
    return 1;
}

static apr_int64_t parent_fid(refresh_t *re, const usm_bfolder_t *now)
{
    node_t *parent = now->parent ? apr_hash_get(re->by_id, now->parent, APR_HASH_KEY_STRING) : NULL;
    return parent ? parent->row.fid : 0;
}

/* One folder of the backend's list, whose parent was looked at before. */
static usm_error_t *match_folder(refresh_t *re, const usm_bfolder_t *now, const char *token, node_t *renamed)
{
    usm_session_t *session = re->session;
    if (!re->txn)
        USM_ERR(usm__write(&re->txn, session, re->pool));
    usm_txn_t *txn = re->txn;
    node_t *node = apr_hash_get(re->by_id, now->id, APR_HASH_KEY_STRING);
    if (!node && renamed) {
        node = renamed;
        apr_hash_set(re->by_id, node->row.backend_id, APR_HASH_KEY_STRING, NULL);
    }
    if (node) {
        node->now = now;
        node->dirty |= strcmp(node->row.backend_id, now->id) != 0;
        if (merge(node, now, parent_fid(re, now), re->pool))
            USM_ERR(USM__VT(session)->folder_update(txn, &node->row));
        apr_hash_set(re->by_id, node->row.backend_id, APR_HASH_KEY_STRING, node);
        return NULL;
    }
    usm_folder_row_t row = {.user = session->device.user, .backend_id = now->id, .parent = parent_fid(re, now),
                            .name = now->name, .cls = now->cls, .role = now->role, .rights = now->rights,
                            .token = token ? token : "", .has_children = now->has_children,
                            .fid = now->cls == USM_RECIPIENT ? USM__FID_RECIPIENTS : 0};
    USM_ERR(USM__VT(session)->folder_add(txn, &row));
    node = add_node(re, &row);
    node->fresh = 1;
    node->now = now;
    return NULL;
}

/* Parents first. A folder whose parent is not listed hangs below the root. */
static void order_folders(apr_array_header_t *out, const apr_array_header_t *in, apr_pool_t *pool)
{
    apr_hash_t *listed = apr_hash_make(pool), *placed = apr_hash_make(pool);
    for (int i = 0; i < in->nelts; i++)
        apr_hash_set(listed, APR_ARRAY_IDX(in, i, usm_bfolder_t).id, APR_HASH_KEY_STRING, "");
    for (int progress = 1; progress;) {
        progress = 0;
        for (int i = 0; i < in->nelts; i++) {
            usm_bfolder_t *f = &APR_ARRAY_IDX(in, i, usm_bfolder_t);
            if (apr_hash_get(placed, f->id, APR_HASH_KEY_STRING))
                continue;
            if (f->parent && !apr_hash_get(listed, f->parent, APR_HASH_KEY_STRING))
                f->parent = NULL;
            if (f->parent && !apr_hash_get(placed, f->parent, APR_HASH_KEY_STRING))
                continue;
            apr_hash_set(placed, f->id, APR_HASH_KEY_STRING, "");
            APR_ARRAY_PUSH(out, usm_bfolder_t) = *f;
            progress = 1;
        }
    }
}

static usm_error_t *drop_vanished(refresh_t *re)
{
    if (!re->txn)
        USM_ERR(usm__write(&re->txn, re->session, re->pool));
    for (int i = 0; i < re->nodes->nelts; i++) {
        node_t *node = APR_ARRAY_IDX(re->nodes, i, node_t *);
        if (node->now || node->fresh)
            continue;
        node->row.gone = 1;
        USM_ERR(USM__VT(re->session)->folder_update(re->txn, &node->row));
    }
    return NULL;
}

/* Devices need an Outbox of the mail class; OX has none, so it exists for them alone. Nor has it a folder of
 * recipients: that one is a view. */
static void add_own_folders(apr_array_header_t *list)
{
    APR_ARRAY_PUSH(list, usm_bfolder_t) = (usm_bfolder_t){.id = USM__OUTBOX_ID, .name = "Outbox", .cls = USM_EMAIL,
                                                          .role = USM_ROLE_OUTBOX, .rights = USM_RIGHT_READ};
    APR_ARRAY_PUSH(list, usm_bfolder_t) = (usm_bfolder_t){.id = USM__RECIPIENTS_ID, .name = "RecipientInfo",
                                                          .cls = USM_RECIPIENT, .role = USM_ROLE_DEFAULT,
                                                          .rights = USM_RIGHT_READ};
}

static usm_error_t *settle_list(refresh_t *re, const apr_array_header_t *list)
{
    for (int i = 0; i < list->nelts; i++) {
        const usm_bfolder_t *now = &APR_ARRAY_IDX(list, i, usm_bfolder_t);
        node_t *node = apr_hash_get(re->by_id, now->id, APR_HASH_KEY_STRING);
        if (node)
            node->now = now;
    }
    for (int i = 0; i < list->nelts; i++) {
        const usm_bfolder_t *now = &APR_ARRAY_IDX(list, i, usm_bfolder_t);
        const char *token = now->token;
        node_t *renamed = NULL;
        if (!apr_hash_get(re->by_id, now->id, APR_HASH_KEY_STRING))
            USM_ERR(find_renamed(&renamed, re, now, &token));
        USM_ERR(match_folder(re, now, token, renamed));
    }
    return drop_vanished(re);
}

/* One transaction for all of them, interrupted only where the server must be asked. */
static usm_error_t *settle_folders(refresh_t *re, const apr_array_header_t *list)
{
    usm_error_t *err = settle_list(re, list);
    return re->txn ? usm__finish(re->session, re->txn, err) : err;
}

static int nothing_changed(refresh_t *re, const apr_array_header_t *list)
{
    if (list->nelts != re->nodes->nelts)
        return 0;
    for (int i = 0; i < list->nelts; i++) {
        const usm_bfolder_t *now = &APR_ARRAY_IDX(list, i, usm_bfolder_t);
        node_t *node = apr_hash_get(re->by_id, now->id, APR_HASH_KEY_STRING);
        if (!node || node->now)
            return 0;
        node_t probe = *node;
        if (merge(&probe, now, parent_fid(re, now), re->pool))
            return 0;
        node->now = now;
    }
    return 1;
}

/* A device must not lose a folder for a new one, nor ever be without its inbox. */
static int importance(const refresh_t *re, const usm_bfolder_t *f)
{
    const node_t *node = apr_hash_get(re->by_id, f->id, APR_HASH_KEY_STRING);
    return f->role != USM_ROLE_USER ? 2 : node && !node->row.gone ? 1 : 0;
}

/* The first @a max folders by importance, in the order of the list: parents first. A folder whose parent is left out
 * hangs below the root. */
static apr_array_header_t *most_important(const refresh_t *re, const apr_array_header_t *list, int max)
{
    apr_array_header_t *kept = apr_array_make(re->pool, max + 1, sizeof(usm_bfolder_t));
    apr_hash_t *chosen = apr_hash_make(re->pool);
    for (int rank = 2, left = max; rank >= 0; rank--) {
        for (int i = 0; i < list->nelts && left; i++) {
            const usm_bfolder_t *f = &APR_ARRAY_IDX(list, i, usm_bfolder_t);
            if (importance(re, f) == rank) {
                apr_hash_set(chosen, f->id, APR_HASH_KEY_STRING, f);
                left--;
            }
        }
    }
    for (int i = 0; i < list->nelts; i++) {
        usm_bfolder_t f = APR_ARRAY_IDX(list, i, usm_bfolder_t);
        if (!apr_hash_get(chosen, f.id, APR_HASH_KEY_STRING))
            continue;
        if (f.parent && !apr_hash_get(chosen, f.parent, APR_HASH_KEY_STRING))
            f.parent = NULL;
        APR_ARRAY_PUSH(kept, usm_bfolder_t) = f;
    }
    return kept;
}

/* What there is now, for a listing that follows. */
static void hand_over(refresh_t *re)
{
    apr_array_header_t *rows = apr_array_make(re->pool, re->nodes->nelts + 1, sizeof(usm_folder_row_t));
    for (int i = 0; i < re->nodes->nelts; i++) {
        const node_t *node = APR_ARRAY_IDX(re->nodes, i, node_t *);
        if (!node->row.gone)
            APR_ARRAY_PUSH(rows, usm_folder_row_t) = node->row;
    }
    re->session->folders = rows;
}

static usm_error_t *refresh(usm_session_t *session, apr_int64_t moved, apr_pool_t *pool)
{
    refresh_t re = {.session = session, .pool = pool, .nodes = apr_array_make(pool, 32, sizeof(node_t *)),
                    .by_id = apr_hash_make(pool)};
    const apr_array_header_t *listed;
    USM_ERR(load_rows(&re));
    USM_ERR(usm__checked(session, USM__BVT(session)->folders(&listed, &session->call, known_folders(&re), pool)));
    apr_array_header_t *list = apr_array_make(pool, listed->nelts + 1, sizeof(usm_bfolder_t));
    order_folders(list, listed, pool);
    if (list->nelts == 0) /* an empty answer would wipe the phone; no OX account is without a folder */
        return USM_ERROR(pool, USM_EBACKEND, "the groupware server listed no folder at all");
    int all = list->nelts, max = session->ctx->config.folders_max;
    if (all > max)
        list = most_important(&re, list, max);
    add_own_folders(list);
    if (nothing_changed(&re, list)) {
        hand_over(&re);
        return NULL;
    }
    if (all > max)
        usm_log(session->log, USM_LOG_WARNING, 110, "devices get %d of %d folders: default folders and those they have "
                "come first", max, all);
    for (int i = 0; i < re.nodes->nelts; i++) {
        node_t *node = APR_ARRAY_IDX(re.nodes, i, node_t *);
        node->now = NULL;
        node->dirty = moved && node->row.fid == moved;
    }
    USM_ERR(settle_folders(&re, list));
    hand_over(&re);
    return NULL;
}

usm_error_t *usm__hierarchy_refresh(usm_session_t *session, apr_int64_t moved, apr_pool_t *pool)
{
    usm_error_t *err = refresh(session, moved, pool);
    /* Another device of the user writes the same folders at this moment: look again at what is there now. */
    for (int tries = 1; usm_error_is(err, USM_EEXISTS) && tries < REFRESH_TRIES; tries++) {
        usm_error_clear(err);
        err = refresh(session, moved, pool);
    }
    return err;
}

usm_error_t *usm__hierarchy_refresh_ahead(usm_session_t *session)
{
    USM_ERR(usm__hierarchy_refresh(session, 0, session->pool));
    session->refreshed = 1;
    return NULL;
}

/* ---- the hierarchy as a collection ---- */

static apr_uint64_t folder_rev(const usm_folder_row_t *row)
{
    apr_uint64_t h = usm__hash(row->name, strlen(row->name), 11);
    apr_int64_t n[3] = {row->parent, row->cls, row->role};
    return usm__hash(n, sizeof n, h);
}

static int depth_of(const apr_array_header_t *rows, apr_int64_t fid, int limit)
{
    for (int i = 0; fid && limit && i < rows->nelts; i++) {
        const usm_folder_row_t *row = &APR_ARRAY_IDX(rows, i, usm_folder_row_t);
        if (row->fid == fid)
            return 1 + depth_of(rows, row->parent, limit - 1);
    }
    return 0;
}

usm_error_t *usm__hierarchy_changes(const char **cursor_p, usm_session_t *session, const usm_bsink_t *sink,
                                    apr_pool_t *result_pool, apr_pool_t *scratch_pool)
{
    if (!session->refreshed)
        USM_ERR(usm__hierarchy_refresh(session, 0, scratch_pool));
    session->refreshed = 0;
    const apr_array_header_t *rows = session->folders;
    session->folders = NULL;
    USM_ERR(sink->begin_full(sink->baton));
    for (int i = 0; i < rows->nelts; i++) {
        const usm_folder_row_t *row = &APR_ARRAY_IDX(rows, i, usm_folder_row_t);
        if (!usm__folder_shown(session, row))
            continue;
        /* Parents before children: larger `order` is delivered first. */
        apr_int64_t order = -(apr_int64_t)depth_of(rows, row->parent, 64) * 1000000 - row->fid;
        USM_ERR(
            sink->upsert(sink->baton, usm__fid_text(row->fid, scratch_pool), folder_rev(row), USM_TIME_NONE, order));
    }
    USM_ERR(sink->end_full(sink->baton));
    *cursor_p = apr_pstrdup(result_pool, "h");
    return NULL;
}

usm_error_t *usm__hierarchy_get(usm_bget_t *gets, int count, usm_session_t *session, apr_pool_t *pool)
{
    usm_txn_t *txn;
    usm_error_t *err = NULL;
    USM_ERR(usm__read(&txn, session, pool));
    for (int i = 0; !err && i < count; i++) {
        usm_folder_row_t row;
        int found = 0;
        err = USM__VT(session)->folder_get(&found, &row, txn, session->device.user, usm__fid_parse(gets[i].id), pool);
        gets[i].item = NULL;
        if (err || !found || row.gone || !usm__folder_shown(session, &row))
            continue;
        usm_item_t *item = usm_item_create(USM_FOLDER, pool);
        usm_item_set_text(item, USM_FOLDER_PARENT, usm__fid_text(row.parent, pool));
        usm_item_set_text(item, USM_FOLDER_NAME, row.name);
        usm_item_set_num(item, USM_FOLDER_CLASS, row.cls);
        usm_item_set_num(item, USM_FOLDER_ROLE, row.role);
        usm_item_set_num(item, USM_FOLDER_RIGHTS, row.rights);
        gets[i].item = item;
        gets[i].rev = folder_rev(&row);
        gets[i].edge = USM_TIME_NONE;
    }
    return usm__finish(session, txn, err);
}

void usm__folder_ref(usm_bref_t *ref, const usm_folder_row_t *row)
{
    ref->id = row->backend_id;
    ref->cls = row->cls;
    ref->role = row->role;
}

/* ---- folder commands of the device ---- */

static usm_error_t *get_folder(int *found_p, usm_folder_row_t *row, usm_turn_t *turn, apr_int64_t fid)
{
    usm_txn_t *txn;
    usm_session_t *session = turn->session;
    USM_ERR(usm__read(&txn, session, turn->pool));
    USM_ERR(usm__finish(session, txn, USM__VT(session)->folder_get(found_p, row, txn, session->device.user, fid,
                                                                   turn->pool)));
    if (*found_p && row->gone)
        *found_p = 0;
    return NULL;
}

static int same_name(const char *a, const char *b)
{
    return strcasecmp(a, b) == 0;
}

typedef struct sibling_t {
    apr_int64_t parent, except;
    const char *name;
    usm_class_e cls;
    int any_class;
    apr_int64_t found; /**< fid */
} sibling_t;

static usm_error_t *look_for_sibling(void *baton, const usm_folder_row_t *row)
{
    sibling_t *s = baton;
    if (row->parent == s->parent && row->fid != s->except && (s->any_class || row->cls == s->cls) &&
        same_name(row->name, s->name))
        s->found = row->fid;
    return NULL;
}

/* Names are unique among siblings of one class: OX keeps mail and groupware folders in trees of their own. */
static usm_error_t *check_name(usm_turn_t *turn, apr_int64_t parent, apr_int64_t except, const char *name,
                               usm_class_e cls)
{
    usm_session_t *session = turn->session;
    sibling_t s = {.parent = parent, .except = except, .name = name, .cls = cls};
    usm_txn_t *txn;
    USM_ERR(usm__read(&txn, session, turn->pool));
    USM_ERR(usm__finish(session, txn, USM__VT(session)->folder_scan(txn, session->device.user, 0, look_for_sibling, &s,
                                                                    turn->pool)));
    return s.found ? USM_ERROR(turn->pool, USM_EEXISTS, "a folder of that name is there already") : NULL;
}

/* *parent_id_p NULL = root. */
static usm_error_t *resolve_parent(const char **parent_id_p, apr_int64_t *fid_p, usm_turn_t *turn, const char *text,
                                   usm_class_e cls)
{
    usm_folder_row_t row;
    int found = 0;
    *parent_id_p = NULL;
    *fid_p = 0;
    if (!text || strcmp(text, "0") == 0)
        return NULL;
    USM_ERR(get_folder(&found, &row, turn, usm__fid_parse(text)));
    if (!found || row.cls != cls || row.role == USM_ROLE_OUTBOX)
        return USM_ERROR(turn->pool, USM_EPARENT, "parent folder not found or of another class");
    *parent_id_p = row.backend_id;
    *fid_p = row.fid;
    return NULL;
}

static usm_error_t *find_row(void *baton, const usm_folder_row_t *row)
{
    usm_folder_row_t *want = baton;
    if (strcmp(row->backend_id, want->backend_id) == 0) {
        want->fid = row->fid;
    }
    return NULL;
}

static usm_error_t *fid_of(apr_int64_t *fid_p, usm_turn_t *turn, const char *backend_id)
{
    usm_session_t *session = turn->session;
    usm_folder_row_t want = {.backend_id = backend_id};
    usm_txn_t *txn;
    USM_ERR(usm__read(&txn, session, turn->pool));
    USM_ERR(usm__finish(session, txn, USM__VT(session)->folder_scan(txn, session->device.user, 0, find_row, &want,
                                                                    turn->pool)));
    *fid_p = want.fid;
    return NULL;
}

static usm_error_t *result_for(usm_bwrite_t *result, usm_turn_t *turn, apr_int64_t fid)
{
    usm_bget_t get = {.id = usm__fid_text(fid, turn->pool)};
    USM_ERR(usm__hierarchy_get(&get, 1, turn->session, turn->pool));
    result->id = get.id;
    result->rev = get.item ? get.rev : 0;
    result->edge = USM_TIME_NONE;
    return NULL;
}

/* A first try may have made the folder: there is one of that name that the device has not been told of. */
static usm_error_t *made_before(apr_int64_t *fid_p, usm_turn_t *turn, apr_int64_t parent, const char *name,
                                usm_class_e cls)
{
    usm_session_t *session = turn->session;
    sibling_t s = {.parent = parent, .name = name, .cls = cls};
    usm_item_row_t has;
    usm_txn_t *txn;
    int known = 0;
    *fid_p = 0;
    USM_ERR(usm__hierarchy_refresh(session, 0, turn->pool));
    USM_ERR(usm__read(&txn, session, turn->pool));
    USM_ERR(usm__finish(session, txn, USM__VT(session)->folder_scan(txn, session->device.user, 0, look_for_sibling, &s,
                                                                    turn->pool)));
    if (!s.found)
        return NULL;
    USM_ERR(usm__device_has(&known, &has, turn, usm__fid_text(s.found, turn->pool), turn->pool));
    *fid_p = known ? 0 : s.found;
    return NULL;
}

usm_error_t *usm__folder_add(usm_bwrite_t *result, usm_turn_t *turn, const usm_item_t *item, int begun)
{
    usm_session_t *session = turn->session;
    const char *name = usm_item_text(item, USM_FOLDER_NAME), *parent_id, *id;
    usm_class_e cls = (usm_class_e)usm_item_num(item, USM_FOLDER_CLASS, USM_FOLDER);
    apr_int64_t parent, fid;
    if (!name || strlen(name) > 256 || cls == USM_FOLDER || cls >= USM_NOTE)
        return USM_ERROR(turn->pool, USM_EINVALID, "a new folder needs a name of 1 to 256 bytes and a known class");
    USM_ERR(resolve_parent(&parent_id, &parent, turn, usm_item_text(item, USM_FOLDER_PARENT), cls));
    if (begun) {
        USM_ERR(made_before(&fid, turn, parent, name, cls));
        if (fid)
            return result_for(result, turn, fid);
    }
    USM_ERR(check_name(turn, parent, 0, name, cls));
    USM_ERR(usm__checked(session, USM__BVT(session)->folder_create(&id, &session->call, parent_id, cls, name,
                                                                   turn->pool)));
    USM_ERR(usm__hierarchy_refresh(session, 0, turn->pool));
    USM_ERR(fid_of(&fid, turn, id));
    if (!fid)
        return USM_ERROR(turn->pool, USM_EBACKEND, "the new folder is not in the server's list");
    return result_for(result, turn, fid);
}

/* What the device left as it was may have been changed by somebody else: then it has to be told. */
static usm_error_t *result_of_change(usm_bwrite_t *result, usm_turn_t *turn, const usm_folder_row_t *asked,
                                     const usm_item_t *item)
{
    const char *name = usm_item_text(item, USM_FOLDER_NAME), *parent = usm_item_text(item, USM_FOLDER_PARENT);
    usm_folder_row_t now;
    int found;
    USM_ERR(get_folder(&found, &now, turn, asked->fid));
    USM_ERR(result_for(result, turn, asked->fid));
    if (!found || (name && strcmp(name, now.name) != 0) || (parent && usm__fid_parse(parent) != now.parent))
        result->rev = 0;
    return NULL;
}

usm_error_t *usm__folder_change(usm_bwrite_t *result, usm_turn_t *turn, const char *id, const usm_item_t *item,
                                const usm_fieldset_t *ours)
{
    usm_session_t *session = turn->session;
    usm_folder_row_t row;
    int found = 0;
    const char *name = NULL, *parent_id = NULL, *new_id;
    if (USM_FIELDSET_HAS(ours, USM_FOLDER_NAME))
        name = usm_item_text(item, USM_FOLDER_NAME);
    USM_ERR(get_folder(&found, &row, turn, usm__fid_parse(id)));
    if (!found)
        return USM_ERROR(turn->pool, USM_ENOTFOUND, "folder not found");
    if (row.role != USM_ROLE_USER)
        return USM_ERROR(turn->pool, USM_ESPECIAL_FOLDER, "special folder cannot be changed");
    apr_int64_t parent = row.parent;
    if (USM_FIELDSET_HAS(ours, USM_FOLDER_PARENT) && usm_item_isset(item, USM_FOLDER_PARENT)) {
        USM_ERR(resolve_parent(&parent_id, &parent, turn, usm_item_text(item, USM_FOLDER_PARENT), row.cls));
        for (apr_int64_t up = parent; up;) { /* below itself? */
            usm_folder_row_t above;
            if (up == row.fid)
                return USM_ERROR(turn->pool, USM_EPARENT, "a folder cannot be moved below itself");
            USM_ERR(get_folder(&found, &above, turn, up));
            up = found ? above.parent : 0;
        }
    }
    if (name && strlen(name) > 256)
        return USM_ERROR(turn->pool, USM_EINVALID, "folder name too long");
    if (name || parent != row.parent)
        USM_ERR(check_name(turn, parent, row.fid, name ? name : row.name, row.cls));
    usm_bref_t ref;
    usm__folder_ref(&ref, &row);
    const char *move_to = parent == row.parent ? NULL : parent ? parent_id : "";
    const char *rename_to = name && strcmp(name, row.name) ? name : NULL;
    if (!move_to && !rename_to)
        return result_of_change(result, turn, &row, item);
    USM_ERR(usm__checked(session, USM__BVT(session)->folder_update(&new_id, &session->call, &ref, move_to, rename_to,
                                                                   turn->pool)));
    /* Keep the short id under the new backend id before the listing is compared. */
    row.backend_id = new_id;
    row.name = name ? name : row.name;
    row.parent = parent;
    usm_txn_t *txn;
    USM_ERR(usm__write(&txn, session, turn->pool));
    USM_ERR(usm__finish(session, txn, USM__VT(session)->folder_update(txn, &row)));
    USM_ERR(usm__hierarchy_refresh(session, row.fid, turn->pool));
    return result_of_change(result, turn, &row, item);
}

usm_error_t *usm__folder_delete(usm_turn_t *turn, const char *id, int begun)
{
    usm_session_t *session = turn->session;
    usm_folder_row_t row;
    usm_bref_t ref;
    int found = 0;
    USM_ERR(get_folder(&found, &row, turn, usm__fid_parse(id)));
    if (!found && begun)
        return NULL;
    if (!found)
        return USM_ERROR(turn->pool, USM_ENOTFOUND, "folder not found");
    if (row.role != USM_ROLE_USER)
        return USM_ERROR(turn->pool, USM_ESPECIAL_FOLDER, "special folder cannot be deleted");
    usm__folder_ref(&ref, &row);
    usm_error_t *err = USM__BVT(session)->folder_delete(&session->call, &ref, turn->pool);
    if (err && begun && usm_error_class(err) == USM_CLASS_NOTFOUND) {
        usm_error_clear(err);
        err = NULL;
    }
    USM_ERR(usm__checked(session, err));
    return usm__hierarchy_refresh(session, 0, turn->pool);
}

/* A folder as the device has it: of its parent the digest is known. */
typedef struct held_t {
    const char *id;
    apr_uint64_t parent;
} held_t;

typedef struct below_t {
    apr_array_header_t *held; /**< held_t */
    apr_pool_t *pool;
} below_t;

static usm_error_t *keep_held(void *baton, const usm_item_row_t *row)
{
    below_t *b = baton;
    held_t *h = apr_array_push(b->held);
    h->id = apr_pstrdup(b->pool, row->id);
    h->parent = usm_digest_of(row->digests, row->digests_len, USM_FOLDER_PARENT);
    return NULL;
}

usm_error_t *usm__folders_below(apr_array_header_t **ids_p, usm_turn_t *turn, const char *id)
{
    usm_session_t *session = turn->session;
    below_t b = {.held = apr_array_make(turn->pool, 64, sizeof(held_t)), .pool = turn->pool};
    usm_item_t *like = usm_item_create(USM_FOLDER, turn->pool);
    apr_array_header_t *ids = apr_array_make(turn->pool, 8, sizeof(const char *));
    usm_txn_t *txn;
    USM_ERR(usm__read(&txn, session, turn->pool));
    USM_ERR(usm__finish(session, txn, USM__VT(session)->item_scan(txn, turn->coll.id, turn->base, "", HELD_MAX,
                                                                  keep_held, &b, turn->pool)));
    for (int n = -1; n < ids->nelts; n++) {
        usm_item_set_text(like, USM_FOLDER_PARENT, n < 0 ? id : APR_ARRAY_IDX(ids, n, const char *));
        apr_uint64_t parent = usm_value_digest(usm_field(USM_FOLDER, USM_FOLDER_PARENT)->type,
                                               &like->v[USM_FOLDER_PARENT]);
        for (int i = 0; i < b.held->nelts; i++) {
            held_t *h = &APR_ARRAY_IDX(b.held, i, held_t);
            if (h->id && h->parent == parent) {
                APR_ARRAY_PUSH(ids, const char *) = h->id;
                h->id = NULL; /* once, whatever the digests say */
            }
        }
    }
    *ids_p = ids;
    return NULL;
}
