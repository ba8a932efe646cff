/* SPDX-License-Identifier: Apache-2.0 */
/* Tests: draft.c class_draft.c mime_draft.c ahead.c */
/* Mails that a device writes: drafts added, changed and sent in Sync, and many flags and deletions in one request. */
#include "sync_test.h"

#include <usm/fields.h>

static apr_pool_t *pool;
static const char *drafts; /* id of the folder */

static const char *folder_named(const char *name)
{
    const eas_node_t *node;
    eas_node_t *answer = sync_run(eas_cmd_foldersync, 161, "FolderHierarchy:FolderSync{SyncKey=0}");
    EAS_NODE_EACH_TAG(node, eas_node_child(answer, EAS_FolderHierarchy_Changes), EAS_FolderHierarchy_Add)
    {
        if (strcmp(eas_node_child_text(node, EAS_FolderHierarchy_DisplayName), name) == 0)
            return eas_node_child_text(node, EAS_FolderHierarchy_ServerId);
    }
    fail_msg("there is no folder %s", name);
    return NULL;
}

static int start(void **state)
{
    int rv = sync_setup(state);
    pool = *state;
    fake_folder("70", "Entwurf", NULL, USM_ROLE_DRAFTS, USM_EMAIL, NULL);
    drafts = folder_named("Entwurf");
    return rv;
}
#define RUN_TEST(function) cmocka_unit_test_setup_teardown(function, start, sync_teardown)

/* Commands about a folder, with its key, which moves on. */
static const eas_node_t *ask(unsigned version, const char *folder, const char **key, const char *commands)
{
    static const unsigned path[] = {EAS_AirSync_Collections, EAS_AirSync_Collection, 0};
    eas_node_t *answer =
        sync_run(eas_cmd_sync, version,
                 apr_pstrcat(pool, "AirSync:Sync{Collections{Collection{SyncKey=", *key, " CollectionId=", folder,
                             *commands ? " Commands{" : "", commands, *commands ? "}" : "", "}}}", NULL));
    const eas_node_t *node = eas_node_path(answer, path);
    if (!node)
        return NULL;
    *key = eas_node_child_text(node, EAS_AirSync_SyncKey);
    return node;
}

static const char *text(const eas_node_t *node)
{
    return node ? map_text(node, pool) : "";
}

/* The text of the first element below PATH. */
static const char *at(const eas_node_t *node, unsigned a, unsigned b, unsigned c)
{
    const unsigned path[] = {a, b, c, 0};
    const eas_node_t *found = eas_node_path(node, path);
    return found ? eas_node_text(found) : NULL;
}

static const char *source(void)
{
    for (int i = fake.count - 1; i >= 0; i--) {
        if (fake.items[i].alive && strcmp(fake.items[i].folder, "70") == 0)
            return apr_pstrmemdup(pool, fake.items[i].full->v[USM_EMAIL_BODY].u.body->mime.data,
                                  fake.items[i].full->v[USM_EMAIL_BODY].u.body->mime.len);
    }
    return "";
}

#define ADD(more)                                                                                                      \
    "Add{ClientId=d1 ApplicationData{Email:To='j@example.org' Email2:Bcc=b@example.org Email:Subject=Eins "            \
    "Importance=2 ReplyTo='r@example.org;s@example.org' AirSyncBase:Body{Type=1 Data=Hallo}" more "}}"
#define FILE_OF(id, name, data) "Add{ClientId=" id " Method=1 Content='#" data "' DisplayName=" name "}"

/* Adds a draft; its server id. */
static const char *added(const char **key, const char *commands)
{
    const eas_node_t *node = ask(161, drafts, key, commands);
    const char *status = at(node, EAS_AirSync_Responses, EAS_AirSync_Add, EAS_AirSync_Status);
    if (!status || strcmp(status, "1") != 0)
        fail_msg("not added: %s", text(node));
    return at(node, EAS_AirSync_Responses, EAS_AirSync_Add, EAS_AirSync_ServerId);
}

static void test_add(void **state)
{
    (void)state;
    const char *key = sync_all(161, drafts, ""), *old = key;
    const char *sid = added(&key, ADD(""));
    assert_int_equal(fake_alive("70"), 1);
    const char *mime = source();
    assert_non_null(strstr(mime, "To: j@example.org"));
    assert_non_null(strstr(mime, "Bcc: b@example.org"));
    assert_non_null(strstr(mime, "Reply-To: r@example.org, s@example.org"));
    assert_non_null(strstr(mime, "Subject: Eins"));
    assert_non_null(strstr(mime, "Hallo"));
    /* The answer got lost: the same again stores nothing and is answered the same. */
    assert_string_equal(added(&old, ADD("")), sid);
    assert_int_equal(fake_alive("70"), 1);
    const eas_node_t *nothing = ask(161, drafts, &old, "");
    assert_true(!nothing || !eas_node_child(nothing, EAS_AirSync_Commands));
}

/* The server stored it, and its answer was lost: it is found by its Message-ID. */
static void test_add_lost(void **state)
{
    (void)state;
    const char *key = sync_all(161, drafts, ""), *old = key;
    fake.die_after = 1;
    ask(161, drafts, &key, ADD(""));
    assert_int_equal(fake_alive("70"), 1);
    added(&old, ADD(""));
    assert_int_equal(fake_alive("70"), 1);
    assert_int_equal(fake.adds, 1);
}

static void test_change(void **state)
{
    (void)state;
    const char *key = sync_all(161, drafts, ""), *sid = added(&key, ADD(""));
    const eas_node_t *node =
        ask(161, drafts, &key,
             apr_pstrcat(pool, "Change{ServerId=", sid, " ApplicationData{Email:Subject=Zwei}}", NULL));
    /* It is another item now; what was not named stays. */
    assert_int_equal(fake_alive("70"), 1);
    assert_non_null(strstr(source(), "Subject: Zwei"));
    assert_non_null(strstr(source(), "Hallo"));
    assert_non_null(strstr(source(), "To: j@example.org"));
    assert_string_equal(at(node, EAS_AirSync_Commands, EAS_AirSync_Delete, EAS_AirSync_ServerId), sid);
    const char *now = at(node, EAS_AirSync_Commands, EAS_AirSync_Add, EAS_AirSync_ServerId);
    assert_non_null(now);
    /* Two changes of one request go on from one another. */
    ask(161, drafts, &key,
         apr_pstrcat(pool, "Change{ServerId=", now, " ApplicationData{Email:Subject=Drei}} AirSync:Change{ServerId=",
                     now, " ApplicationData{Email:To=k@example.org}}", NULL));
    assert_int_equal(fake_alive("70"), 1);
    assert_non_null(strstr(source(), "Subject: Drei"));
    assert_non_null(strstr(source(), "To: k@example.org"));
}

static void test_files(void **state)
{
    (void)state;
    const char *key = sync_all(161, drafts, "");
    const eas_node_t *node = ask(161, drafts, &key,
                                  ADD(" Attachments{" FILE_OF("f1", "eins.txt", "eins") " " //
                                      FILE_OF("f2", "zwei.txt", "zwei") "}"));
    const char *told = text(node);
    assert_non_null(strstr(told, "ClientId=f1 FileReference="));
    assert_non_null(strstr(told, "ClientId=f2 FileReference="));
    assert_non_null(strstr(source(), "eins.txt"));
    const char *sid = at(node, EAS_AirSync_Responses, EAS_AirSync_Add, EAS_AirSync_ServerId);
    const char *ref = strstr(told, "ClientId=f1 FileReference=") + 26;
    ref = apr_pstrmemdup(pool, ref, strcspn(ref, "} "));
    ask(161, drafts, &key,
         apr_pstrcat(pool, "Change{ServerId=", sid, " ApplicationData{AirSyncBase:Attachments{Delete{FileReference=",
                     ref, "}}}}", NULL));
    assert_int_equal(fake_alive("70"), 1);
    assert_null(strstr(source(), "eins.txt"));
    assert_non_null(strstr(source(), "zwei.txt"));
    assert_non_null(strstr(source(), "Hallo"));
}

static void test_send(void **state)
{
    (void)state;
    const char *key = sync_all(161, drafts, ""), *sid = added(&key, ADD(""));
    const eas_node_t *node =
        ask(161, drafts, &key, apr_pstrcat(pool, "Change{ServerId=", sid, " Email2:Send}", NULL));
    assert_int_equal(fake.sends, 1);
    assert_int_equal(fake_alive("70"), 0);
    assert_non_null(strstr(fake.sent, "Subject: Eins"));
    assert_non_null(strstr(fake.sent, "Hallo"));
    assert_string_equal(at(node, EAS_AirSync_Commands, EAS_AirSync_Delete, EAS_AirSync_ServerId), sid);
    /* At once, without ever being kept. */
    added(&key, "Add{ClientId=d2 ApplicationData{Email:To=j@example.org Subject=Sofort AirSyncBase:Body{Type=1 "
                "Data=x}} Email2:Send}");
    assert_int_equal(fake.sends, 2);
    assert_int_equal(fake_alive("70"), 0);
}

static void test_refused(void **state)
{
    static const char *const rows[] = {
        "Email:To='a@b%0D%0ABcc: x@y'",
        "Email:Importance=3",
        "Email:Importance=x",
        "AirSyncBase:Body{Data=x}",
        "AirSyncBase:Body{Type=3 Data=x}",
        "AirSyncBase:Body{Type=4 Data}",
        "AirSyncBase:Attachments{Add{ClientId=f Method=6 Content='#x' DisplayName=a}}",
        "AirSyncBase:Attachments{Add{ClientId=f Method=1 DisplayName=a}}",
        "AirSyncBase:Attachments{Add{ClientId=f Method=1 Content='#x' DisplayName='a%0D%0Ab'}}",
        "Email2:IsDraft=1",
    };
    (void)state;
    const char *key = sync_all(161, drafts, "");
    for (size_t i = 0; i < COUNT(rows); i++) {
        const eas_node_t *node =
            ask(161, drafts, &key,
                 apr_psprintf(pool, "Add{ClientId=r%d ApplicationData{Email:Subject=x %s}}", (int)i, rows[i]));
        const char *status = at(node, EAS_AirSync_Responses, EAS_AirSync_Add, EAS_AirSync_Status);
        if (!status || strcmp(status, "6") != 0)
            fail_msg("row %zu: %s", i, text(node));
    }
    assert_int_equal(fake.adds, 0);
    /* Something that is not there. */
    const eas_node_t *node = ask(161, drafts, &key,
                                 "Add{ClientId=f ApplicationData{AirSyncBase:Attachments{Delete{FileReference=x}}}}");
    assert_string_equal(at(node, EAS_AirSync_Responses, EAS_AirSync_Add, EAS_AirSync_Status), "8");
    node = ask(161, drafts, &key,
               apr_pstrcat(pool, "Change{ServerId=", drafts, ":999 ApplicationData{Email:Subject=x}}", NULL));
    assert_string_equal(at(node, EAS_AirSync_Responses, EAS_AirSync_Change, EAS_AirSync_Status), "8");
    fake.refuse = 1;
    node = ask(161, drafts, &key, ADD(""));
    assert_string_not_equal(at(node, EAS_AirSync_Responses, EAS_AirSync_Add, EAS_AirSync_Status), "1");
    assert_int_equal(fake.adds, 0);
}

/* ---- many at once ---- */

static fake_item_t *add_mail(const char *subject)
{
    usm_item_t *item = usm_item_create(USM_EMAIL, pool);
    usm_item_set_text(item, USM_EMAIL_SUBJECT, subject);
    usm_item_set_num(item, USM_EMAIL_READ, 0);
    return fake_add_full("40", item);
}

static void test_many(void **state)
{
    fake_item_t *mails[6];
    const char *folder = sync_expand("$M"), *commands = "";
    (void)state;
    for (int i = 0; i < 6; i++)
        mails[i] = add_mail(apr_psprintf(pool, "M%d", i));
    const char *key = sync_all(141, "$M", ""), *old = key;
    mails[2]->broken = USM_EINVALID; /* cannot be done with the others, but alone */
    for (int i = 0; i < 4; i++)
        commands = apr_psprintf(pool, "%s AirSync:Change{ServerId=%s:%s ApplicationData{Email:Read=1}}", commands,
                                folder, mails[i]->id);
    commands = apr_psprintf(pool, "%s AirSync:Delete{ServerId=%s:%s}", commands, folder, mails[4]->id);
    for (int i = 1; i >= 0; i--) /* twice about one mail: in their order, alone */
        commands = apr_psprintf(pool, "%s AirSync:Change{ServerId=%s:%s ApplicationData{Email:Read=%d}}", commands,
                                folder, mails[5]->id, i);
    const eas_node_t *node = ask(141, folder, &key, commands + 1);
    assert_null(strstr(text(node), "Responses"));
    assert_int_equal(fake.edits, 1);
    for (int i = 0; i < 4; i++)
        assert_int_equal(usm_item_num(mails[i]->full, USM_EMAIL_READ, 0), 1);
    assert_int_equal(mails[4]->alive, 0);
    assert_int_equal(usm_item_num(mails[5]->full, USM_EMAIL_READ, 1), 0);
    /* The answer got lost: nothing is done again. */
    int updates = fake.updates;
    ask(141, folder, &old, commands + 1);
    assert_int_equal(fake.edits, 1);
    assert_int_equal(fake.updates, updates);
}

/* What became of the call nobody knows: the repeat does it. */
static void test_many_down(void **state)
{
    const char *folder = sync_expand("$M"), *commands = "";
    fake_item_t *mails[2] = {add_mail("A"), add_mail("B")};
    (void)state;
    const char *key = sync_all(141, "$M", ""), *old = key;
    for (int i = 0; i < 2; i++)
        commands = apr_psprintf(pool, "%s AirSync:Change{ServerId=%s:%s ApplicationData{Email:Read=1}}", commands,
                                folder, mails[i]->id);
    fake.die_after = 1;
    ask(141, folder, &key, commands + 1);
    const eas_node_t *node = ask(141, folder, &old, commands + 1);
    assert_null(strstr(text(node), "Responses"));
    for (int i = 0; i < 2; i++)
        assert_int_equal(usm_item_num(mails[i]->full, USM_EMAIL_READ, 0), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {RUN_TEST(test_add), RUN_TEST(test_add_lost), RUN_TEST(test_change),
                                       RUN_TEST(test_files), RUN_TEST(test_send), RUN_TEST(test_refused),
                                       RUN_TEST(test_many), RUN_TEST(test_many_down)};
    return RUN_TESTS(tests);
}
