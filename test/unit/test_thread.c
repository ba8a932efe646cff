/* SPDX-License-Identifier: Apache-2.0 */
/* Tests: thread.c */
/* Conversations: their names and indexes; searched and moved on a real engine, and the rules for what arrives later. */
#include "sync_test.h"

#include <apr_escape.h>
#include <usm/thread.h>

static apr_pool_t *pool;

static int start(void **state)
{
    int rv = sync_setup(state);
    pool = *state;
    fake_folder("60", "Project", NULL, USM_ROLE_USER, USM_EMAIL, NULL);
    fake_folder("61", "Sent", NULL, USM_ROLE_SENT, USM_EMAIL, NULL);
    sync_run(eas_cmd_foldersync, 141, "FolderHierarchy:FolderSync{SyncKey=0}");
    return rv;
}
#define RUN_TEST(function) cmocka_unit_test_setup_teardown(function, start, sync_teardown)

static usm_item_t *mail(const char *own, const char *references, const char *subject)
{
    usm_item_t *item = usm_item_create(USM_EMAIL, pool);
    usm_item_set_text(item, USM_EMAIL_MESSAGE_ID, own);
    usm_item_set_text(item, USM_EMAIL_REFERENCES, references);
    usm_item_set_text(item, USM_EMAIL_SUBJECT, subject);
    return item;
}

static const char *id_of(const usm_item_t *item)
{
    unsigned char id[USM_THREAD_ID];
    usm_thread_id(id, item);
    return apr_pescape_hex(pool, id, sizeof id, 0);
}

static void test_names(void **state)
{
    static const struct {
        const char *own, *references, *subject;
        int same; /* as the first row */
    } rows[] = {
        {"<a@x>", NULL, "x", 1},         {"<b@x>", "<a@x>", "y", 1},   {"<c@x>", "<a@x> <b@x>", "x", 1},
        {"<d@x>", NULL, "x", 0},         {NULL, NULL, "x", 0},         {NULL, "rubbish", "x", 0},
        {"<e@x>", "<b@x> <a@x>", "x", 0}, {NULL, "<a@x", "x", 0},
    };
    const char *first = id_of(mail("<a@x>", NULL, "x"));
    for (size_t i = 0; i < COUNT(rows); i++) {
        if ((strcmp(id_of(mail(rows[i].own, rows[i].references, rows[i].subject)), first) == 0) != rows[i].same)
            fail_msg("row %zu", i);
    }
    assert_string_equal(id_of(mail(NULL, NULL, "Re: AW: x")), id_of(mail(NULL, NULL, "x")));
    assert_string_equal(id_of(mail(NULL, NULL, NULL)), id_of(mail(NULL, NULL, "")));
}

static void test_indexes(void **state)
{
    static const struct {
        const char *references;
        apr_size_t len;
    } rows[] = {{NULL, 5}, {"<a@x>", 10}, {"<a@x> <b@x>", 15}, {"rubbish", 5}, {"", 5}};
    apr_size_t len, more;
    for (size_t i = 0; i < COUNT(rows); i++) {
        usm_thread_index(&len, mail("<z@x>", rows[i].references, "s"));
        if (len != rows[i].len)
            fail_msg("row %zu: %zu bytes", i, (size_t)len);
    }
    const char *many = "";
    for (int i = 0; i < 200; i++)
        many = apr_psprintf(pool, "%s <%d@x>", many, i);
    usm_thread_index(&len, mail("<z@x>", many, "s"));
    assert_true(len <= 512 && len > 100);
    const unsigned char *parent = usm_thread_index(&len, mail("<b@x>", "<a@x>", "s")),
                        *child = usm_thread_index(&more, mail("<c@x>", "<a@x> <b@x>", "s"));
    assert_memory_equal(parent, child, len);
    usm_item_t *outlook = mail("<a@x>", NULL, "s");
    usm_item_set_text(outlook, USM_EMAIL_THREAD_INDEX, "AQ==");
    usm_thread_index(&len, outlook);
    assert_int_equal(len, 5);
    usm_item_set_text(outlook, USM_EMAIL_THREAD_INDEX, "AdABAgMEAAECAwQFBgcICQoLDA0ODxEiM0RQ");
    assert_int_equal(usm_thread_index(&len, outlook)[0], 0xD0);
    assert_int_equal(len, 10);
    assert_string_equal(id_of(outlook), "000102030405060708090a0b0c0d0e0f");
}

/* ---- on the engine ---- */

static int in_folder(const char *folder)
{
    int n = 0;
    for (int i = 0; i < fake.count; i++)
        n += fake.items[i].alive && strcmp(fake.items[i].folder, folder) == 0;
    return n;
}

static const char *move(const char *hex, const char *to)
{
    eas_node_t *answer = sync_run(
        eas_cmd_itemoperations, 141,
        apr_psprintf(pool, "ItemOperations:ItemOperations{Move{ConversationId=#%s DstFldId=%s Options{MoveAlways}}}",
                     hex, to));
    const unsigned path[] = {EAS_ItemOperations_Response, EAS_ItemOperations_Move, EAS_ItemOperations_Status, 0};
    const eas_node_t *status = eas_node_path(answer, path);
    return status ? eas_node_text(status) : "";
}

/* %HH for each byte of the name. */
static const char *hex_of(const char *own)
{
    unsigned char id[USM_THREAD_ID];
    const char *out = "";
    usm_thread_id(id, mail(own, NULL, NULL));
    for (size_t i = 0; i < sizeof id; i++)
        out = apr_psprintf(pool, "%s%%%02X", out, id[i]);
    return out;
}

static const char *folder_named(const char *name)
{
    eas_node_t *answer = sync_run(eas_cmd_foldersync, 141, "FolderHierarchy:FolderSync{SyncKey=0}");
    const eas_node_t *node;
    EAS_NODE_EACH(node, eas_node_child(answer, EAS_FolderHierarchy_Changes))
    {
        const char *text = eas_node_child_text(node, EAS_FolderHierarchy_DisplayName);
        if (text && strcmp(text, name) == 0)
            return eas_node_child_text(node, EAS_FolderHierarchy_ServerId);
    }
    fail_msg("no folder %s", name);
    return NULL;
}

static void test_moved_and_later(void **state)
{
    fake_add_full("40", mail("<r@x>", NULL, "a"));
    fake_add_full("40", mail("<s@x>", "<r@x>", "Re: a"));
    fake_add_full("40", mail("<z@x>", NULL, "b"));
    fake_add_full("61", mail("<t@x>", "<r@x>", "Re: a"));
    const char *key = sync_all(141, "$M", ""), *project = folder_named("Project");
    assert_string_equal(move("%00", project), "6");
    assert_string_equal(move(hex_of("<r@x>"), "4711"), "6");
    assert_string_equal(move(hex_of("<r@x>"), "$C"), "156");
    assert_string_equal(move(hex_of("<q@x>"), project), "6");
    assert_int_equal(in_folder("40"), 3);
    assert_string_equal(move(hex_of("<r@x>"), project), "1");
    assert_string_equal(move(hex_of("<r@x>"), project), "1");
    assert_int_equal(in_folder("40") + 10 * in_folder("61"), 11);
    /* What arrives later is moved and not told of. */
    fake_add_full("40", mail("<u@x>", "<r@x> <s@x>", "Re: a"));
    int there = in_folder("40");
    const char *request =
        apr_psprintf(pool, "AirSync:Sync{Collections{Collection{SyncKey=%s CollectionId=$M}}}", key);
    eas_node_t *answer = sync_run(eas_cmd_sync, 141, request);
    assert_int_equal(in_folder("40"), there - 1);
    const char *text = map_text(answer, pool);
    assert_null(strstr(text, "Add"));
    /* To where it came from: the rule goes. */
    assert_string_equal(move(hex_of("<r@x>"), "$M"), "1");
    fake_add_full("40", mail("<v@x>", "<r@x> <s@x>", "Re: a"));
    there = in_folder("40");
    sync_all(141, "$M", "");
    assert_int_equal(in_folder("40"), there);
}

int main(void)
{
    const struct CMUnitTest tests[] = {RUN_TEST(test_names), RUN_TEST(test_indexes), RUN_TEST(test_moved_and_later)};
    return RUN_TESTS(tests);
}
