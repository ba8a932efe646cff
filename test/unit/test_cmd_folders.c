/* SPDX-License-Identifier: Apache-2.0 */
/* Tests: cmd_foldercreate.c cmd_folderdelete.c cmd_foldersync.c cmd_folderupdate.c eas_folder.c */
/* FolderSync, FolderCreate, FolderUpdate, FolderDelete: schema, types, statuses. The engine behind them is a stand-in.
 */
#include "eas_test.h"

#include "eas_folder.h"

typedef struct element_t {
    unsigned tag;
    const char *text;
} element_t;

typedef struct body_t {
    unsigned root;
    const element_t *elements; /* ends with tag 0 */
} body_t;

static void write_body(eas_writer_t *w, void *baton)
{
    const body_t *body = baton;
    const element_t *e;

    eas_writer_start(w, body->root);
    for (e = body->elements; e->tag != 0; e++) {
        eas_writer_tag_text(w, e->tag, e->text);
    }
    eas_writer_end(w);
}

static eas_node_t *run(const char *cmd, unsigned root, const element_t *elements, const char *version, apr_pool_t *pool)
{
    test_request_t request = {.cmd = cmd, .version = version};
    eas_conf_t *conf = eas_conf_create(pool);
    body_t body = {root, elements};
    test_answer_t *answer;

    conf->require_policy = 0;
    test_body(&request, write_body, &body, pool);
    answer = test_run(&request, conf, pool);
    assert_int_equal(answer->rsp.http, 200);
    assert_non_null(answer->doc);
    assert_int_equal(answer->doc->tag, root);
    return answer->doc;
}

#define KEY EAS_FolderHierarchy_SyncKey
#define ID EAS_FolderHierarchy_ServerId
#define PARENT EAS_FolderHierarchy_ParentId
#define NAME EAS_FolderHierarchy_DisplayName
#define TYPE EAS_FolderHierarchy_Type
#define LONG_ID "0123456789012345678901234567890123456789012345678901234567890123456789"

static const struct {
    const char *what, *cmd;
    unsigned root;
    element_t elements[6];
    apr_status_t open, outcome; /* what the engine says */
    int status;
} rows[] = {
#define SYNC "FolderSync", EAS_FolderHierarchy_FolderSync
    {"sync", SYNC, {{KEY, "0"}}, 0, 0, 1},
    {"sync without key", SYNC, {{0}}, 0, 0, 10},
    {"sync with empty key", SYNC, {{KEY, ""}}, 0, 0, 9},
    {"sync with long key", SYNC, {{KEY, LONG_ID}}, 0, 0, 9},
    {"sync with Status", SYNC, {{KEY, "0"}, {EAS_FolderHierarchy_Status, "1"}}, 0, 0, 10},
    {"sync with two keys", SYNC, {{KEY, "0"}, {KEY, "0"}}, 0, 0, 10},
    {"sync stale", SYNC, {{KEY, "1"}}, USM_ESTALE_KEY, 0, 9},
    {"sync, too many folders", SYNC, {{KEY, "1"}}, USM_ELIMIT, 0, 151},
    {"sync, server error", SYNC, {{KEY, "1"}}, USM_EBACKEND, 0, 6},
    {"sync, bug", SYNC, {{KEY, "1"}}, USM_EINTERNAL, 0, 110},
#define CREATE "FolderCreate", EAS_FolderHierarchy_FolderCreate
    {"create", CREATE, {{KEY, "1"}, {PARENT, "0"}, {NAME, "N"}, {TYPE, "12"}}, 0, 0, 1},
    {"create, key 0", CREATE, {{KEY, "0"}, {PARENT, "0"}, {NAME, "N"}, {TYPE, "12"}}, 0, 0, 9},
    {"create, no key", CREATE, {{PARENT, "0"}, {NAME, "N"}, {TYPE, "12"}}, 0, 0, 10},
    {"create, no parent", CREATE, {{KEY, "1"}, {NAME, "N"}, {TYPE, "12"}}, 0, 0, 10},
    {"create, no name", CREATE, {{KEY, "1"}, {PARENT, "0"}, {TYPE, "12"}}, 0, 0, 10},
    {"create, empty name", CREATE, {{KEY, "1"}, {PARENT, "0"}, {NAME, ""}, {TYPE, "12"}}, 0, 0, 10},
    {"create, no type", CREATE, {{KEY, "1"}, {PARENT, "0"}, {NAME, "N"}}, 0, 0, 10},
    {"create, type of text", CREATE, {{KEY, "1"}, {PARENT, "0"}, {NAME, "N"}, {TYPE, "twelve"}}, 0, 0, 10},
    {"create, default type", CREATE, {{KEY, "1"}, {PARENT, "0"}, {NAME, "N"}, {TYPE, "2"}}, 0, 0, 10},
    {"create, journal", CREATE, {{KEY, "1"}, {PARENT, "0"}, {NAME, "N"}, {TYPE, "16"}}, 0, 0, 10},
    {"create, notes", CREATE, {{KEY, "1"}, {PARENT, "0"}, {NAME, "N"}, {TYPE, "17"}}, 0, 0, 10},
    {"create RI", CREATE, {{KEY, "1"}, {PARENT, "0"}, {NAME, "N"}, {TYPE, "19"}}, 0, 0, 3},
    {"create in RI", CREATE, {{KEY, "1"}, {PARENT, "RI"}, {NAME, "N"}, {TYPE, "12"}}, 0, 0, 3},
    {"create stale", CREATE, {{KEY, "1"}, {PARENT, "0"}, {NAME, "N"}, {TYPE, "12"}}, USM_ESTALE_KEY, 0, 9},
    {"create, exists", CREATE, {{KEY, "1"}, {PARENT, "0"}, {NAME, "N"}, {TYPE, "12"}}, 0, USM_EEXISTS, 2},
    {"create, no such parent", CREATE, {{KEY, "1"}, {PARENT, "9"}, {NAME, "N"}, {TYPE, "12"}}, 0, USM_EPARENT, 5},
    {"create, forbidden", CREATE, {{KEY, "1"}, {PARENT, "0"}, {NAME, "N"}, {TYPE, "12"}}, 0, USM_EFORBIDDEN, 3},
    {"create, bad name", CREATE, {{KEY, "1"}, {PARENT, "0"}, {NAME, "N"}, {TYPE, "12"}}, 0, USM_EINVALID, 10},
#define UPDATE "FolderUpdate", EAS_FolderHierarchy_FolderUpdate
    {"update", UPDATE, {{KEY, "1"}, {ID, "5"}, {PARENT, "0"}, {NAME, "N"}}, 0, 0, 1},
    {"update, no parent", UPDATE, {{KEY, "1"}, {ID, "5"}, {NAME, "N"}}, 0, 0, 10},
    {"update, no name", UPDATE, {{KEY, "1"}, {ID, "5"}, {PARENT, "0"}}, 0, 0, 10},
    {"update, no id", UPDATE, {{KEY, "1"}, {PARENT, "0"}, {NAME, "N"}}, 0, 0, 10},
    {"update with Status",
     UPDATE,
     {{EAS_FolderHierarchy_Status, "1"}, {KEY, "1"}, {ID, "5"}, {PARENT, "0"}, {NAME, "N"}},
     0,
     0,
     10},
    {"update RI", UPDATE, {{KEY, "1"}, {ID, "RI"}, {PARENT, "0"}, {NAME, "N"}}, 0, 0, 3},
    {"update, exists", UPDATE, {{KEY, "1"}, {ID, "5"}, {PARENT, "0"}, {NAME, "N"}}, 0, USM_EEXISTS, 2},
    {"update, special", UPDATE, {{KEY, "1"}, {ID, "5"}, {PARENT, "0"}, {NAME, "N"}}, 0, USM_ESPECIAL_FOLDER, 2},
    {"update, gone", UPDATE, {{KEY, "1"}, {ID, "5"}, {PARENT, "0"}, {NAME, "N"}}, 0, USM_ENOTFOUND, 4},
    {"update, no such parent", UPDATE, {{KEY, "1"}, {ID, "5"}, {PARENT, "9"}, {NAME, "N"}}, 0, USM_EPARENT, 5},
#define DELETE "FolderDelete", EAS_FolderHierarchy_FolderDelete
    {"delete", DELETE, {{KEY, "1"}, {ID, "5"}}, 0, 0, 1},
    {"delete, no id", DELETE, {{KEY, "1"}}, 0, 0, 10},
    {"delete, no key", DELETE, {{ID, "5"}}, 0, 0, 10},
    {"delete, long id", DELETE, {{KEY, "1"}, {ID, LONG_ID}}, 0, 0, 10},
    {"delete RI", DELETE, {{KEY, "1"}, {ID, "RI"}}, 0, 0, 3},
    {"delete, special", DELETE, {{KEY, "1"}, {ID, "5"}}, 0, USM_ESPECIAL_FOLDER, 3},
    {"delete, gone", DELETE, {{KEY, "1"}, {ID, "5"}}, 0, USM_EFOLDER_GONE, 4},
    {"delete, stale", DELETE, {{KEY, "1"}, {ID, "5"}}, USM_ESTALE_KEY, 0, 9},
    {"delete, busy", DELETE, {{KEY, "1"}, {ID, "5"}}, USM_EBUSY, 0, 6},
};

/* A refusal has its status and nothing else, and commits nothing. */
static void test_statuses(void **state)
{
    apr_pool_t *pool = *state;
    unsigned i;

    for (i = 0; i < COUNT(rows); i++) {
        eas_node_t *doc;

        test_start(pool);
        fake.turn_code = rows[i].open;
        fake.outcome_code = rows[i].outcome;
        doc = run(rows[i].cmd, rows[i].root, rows[i].elements, "14.1", pool);
        if (test_int(doc, EAS_FolderHierarchy_Status) != rows[i].status) {
            fail_msg("row %u, %s: status %d", i, rows[i].what, test_int(doc, EAS_FolderHierarchy_Status));
        }
        if ((eas_node_child(doc, KEY) != NULL) != (rows[i].status == 1) ||
            (rows[i].status != 1 && doc->child->next != NULL) || fake.closes != (rows[i].status == 1)) {
            fail_msg("row %u, %s: key, or more, or committed", i, rows[i].what);
        }
    }
}

/* What is asked for names a FolderCreate: the same asks twice, another does not. */
static void test_client_id(void **state)
{
    static const element_t a[] = {{KEY, "1"}, {PARENT, "0"}, {NAME, "N"}, {TYPE, "12"}, {0}};
    static const element_t b[] = {{KEY, "1"}, {PARENT, "0"}, {NAME, "N"}, {TYPE, "13"}, {0}};
    apr_pool_t *pool = *state;
    const char *first;
    eas_node_t *doc;

    test_start(pool);
    doc = run(CREATE, a, "14.1", pool);
    assert_string_equal(eas_node_child_text(doc, ID), "77");
    assert_int_equal(usm_item_num(fake.applied, USM_FOLDER_CLASS, -1), USM_EMAIL);
    first = fake.applied_id;
    assert_true(strlen(first) <= EAS_ID_MAX);
    run(CREATE, a, "14.1", pool);
    assert_string_equal(fake.applied_id, first);
    run(CREATE, b, "14.1", pool);
    assert_string_not_equal(fake.applied_id, first);
    assert_int_equal(usm_item_num(fake.applied, USM_FOLDER_CLASS, -1), USM_EVENT);
}

static void add_change(usm_change_e kind, const char *id, usm_class_e cls, usm_role_e role, apr_pool_t *pool)
{
    usm_item_t *item = usm_item_create(USM_FOLDER, pool);
    usm_change_t *change = &fake.changes[fake.change_count++];

    usm_item_set_text(item, USM_FOLDER_PARENT, "0");
    usm_item_set_text(item, USM_FOLDER_NAME, id);
    usm_item_set_num(item, USM_FOLDER_CLASS, cls);
    usm_item_set_num(item, USM_FOLDER_ROLE, role);
    change->kind = kind;
    change->id = id;
    change->item = kind == USM_CHANGE_DELETE ? NULL : item;
}

/* Kinds in the schema's order, folders of one kind in the engine's; notes only where the version knows them. */
static void test_changes(void **state)
{
    static const element_t key[] = {{KEY, "1"}, {0}};
    static const struct {
        const char *version;
        int count;
    } versions[] = {{"12.1", 4}, {"14.0", 5}};
    apr_pool_t *pool = *state;
    unsigned i;

    for (i = 0; i < COUNT(versions); i++) {
        const eas_node_t *changes, *node;
        const char *order = "";

        test_start(pool);
        add_change(USM_CHANGE_ADD, "1", USM_EMAIL, USM_ROLE_INBOX, pool);
        add_change(USM_CHANGE_DELETE, "2", USM_EMAIL, USM_ROLE_USER, pool);
        add_change(USM_CHANGE_ADD, "3", USM_NOTE, USM_ROLE_DEFAULT, pool);
        add_change(USM_CHANGE_CHANGE, "4", USM_TASK, USM_ROLE_USER, pool);
        add_change(USM_CHANGE_ADD, "5", USM_EMAIL, USM_ROLE_OUTBOX, pool);
        changes = eas_node_child(run(SYNC, key, versions[i].version, pool), EAS_FolderHierarchy_Changes);
        assert_int_equal(test_int(changes, EAS_FolderHierarchy_Count), versions[i].count);
        EAS_NODE_EACH(node, changes)
        {
            if (node->tag != EAS_FolderHierarchy_Count) {
                order = apr_pstrcat(pool, order, eas_node_child_text(node, ID), NULL);
            }
        }
        assert_string_equal(order, versions[i].count == 4 ? "4215" : "42135");
    }
}

static void test_types(void **state)
{
    static const struct {
        usm_class_e cls;
        usm_role_e role;
        unsigned version;
        int type;
    } types[] = {
        {USM_EMAIL, USM_ROLE_INBOX, 25, 2},    {USM_EMAIL, USM_ROLE_DRAFTS, 25, 3},
        {USM_EMAIL, USM_ROLE_TRASH, 25, 4},    {USM_EMAIL, USM_ROLE_SENT, 25, 5},
        {USM_EMAIL, USM_ROLE_OUTBOX, 25, 6},   {USM_EMAIL, USM_ROLE_SPAM, 25, 12},
        {USM_EMAIL, USM_ROLE_USER, 161, 12},   {USM_TASK, USM_ROLE_DEFAULT, 25, 7},
        {USM_TASK, USM_ROLE_USER, 25, 15},     {USM_EVENT, USM_ROLE_DEFAULT, 25, 8},
        {USM_EVENT, USM_ROLE_USER, 25, 13},    {USM_CONTACT, USM_ROLE_DEFAULT, 25, 9},
        {USM_CONTACT, USM_ROLE_USER, 161, 14}, {USM_NOTE, USM_ROLE_DEFAULT, 121, 0},
        {USM_NOTE, USM_ROLE_DEFAULT, 140, 10}, {USM_NOTE, USM_ROLE_USER, 161, 17},
        {USM_FOLDER, USM_ROLE_USER, 161, 0},   {USM_RECIPIENT, USM_ROLE_DEFAULT, 121, 0},
        {USM_RECIPIENT, USM_ROLE_DEFAULT, 140, 19},
    };
    eas_conf_t conf = {.recipient_cache = 1};
    usm_class_e cls;
    unsigned i;
    int type;

    for (i = 0; i < COUNT(types); i++) {
        if (eas_folder_type(types[i].cls, types[i].role, types[i].version) != types[i].type) {
            fail_msg("row %u: %d", i, eas_folder_type(types[i].cls, types[i].role, types[i].version));
        }
    }
    assert_int_equal(eas_folder_hidden(&conf, 121), 1U << USM_NOTE | 1U << USM_RECIPIENT);
    assert_int_equal(eas_folder_hidden(&conf, 140), 0);
    conf.recipient_cache = 0;
    assert_int_equal(eas_folder_hidden(&conf, 161), 1U << USM_RECIPIENT);
    for (type = 0; type < 30; type++) {
        assert_int_equal(eas_folder_creatable(&cls, type, 161), type == 1 || (type >= 12 && type <= 15));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {POOL_TEST(test_statuses), POOL_TEST(test_client_id), POOL_TEST(test_changes),
                                       POOL_TEST(test_types)};
    int failed;

    apr_initialize();
    failed = cmocka_run_group_tests(tests, NULL, NULL);
    apr_terminate();
    return failed;
}
