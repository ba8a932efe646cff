/* SPDX-License-Identifier: Apache-2.0 */
/* Tests: usmsync.c sync_state.c sync_vcard.c sync_ical.c */
/* usmsync: items as files and back, its state file, and whole runs against the stand-in for a groupware server. */

/* The program's source with another name for main(), so that its command line is the real one. */
int usmsync_main(int argc, const char *const *argv);
#define main usmsync_main
#include "tools/usmsync.c"
#undef main

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include <unistd.h>

#include "ox_test.h"

static const char seed[] =
    "{\"contexts\":[{\"id\":1,\"name\":\"example.org\",\"users\":["
    "{\"id\":4,\"login\":\"anton\",\"password\":\"secret\",\"displayName\":\"Anton Meier\",\"timezone\":"
    "\"Europe/Berlin\",\"email\":\"anton@example.org\",\"caps\":{\"usm\":true,\"active_sync\":true},\"contactId\":7,"
    "\"contacts\":[{\"id\":101,\"display_name\":\"Meier, Carla\",\"first_name\":\"Carla\",\"last_name\":\"Meier\","
    "\"email1\":\"carla@example.org\"}],"
    "\"mails\":[{\"from\":\"Berta <berta@example.org>\",\"subject\":\"Minutes\",\"text\":\"Hello\","
    "\"date\":1700470800000}]}]}]}";

static apr_pool_t *pool;

static int setup(void **state)
{
    apr_initialize();
    return apr_pool_create(&pool, NULL);
}

static int teardown(void **state)
{
    apr_pool_destroy(pool);
    apr_terminate();
    return 0;
}

/* Files and folders of PATH, and itself. */
static void remove_tree(const char *path)
{
    apr_dir_t *dir;
    apr_finfo_t info;
    if (apr_dir_open(&dir, path, pool) == APR_SUCCESS) {
        while (apr_dir_read(&info, APR_FINFO_NAME, dir) == APR_SUCCESS) {
            if (strcmp(info.name, ".") != 0 && strcmp(info.name, "..") != 0)
                remove_tree(apr_pstrcat(pool, path, "/", info.name, NULL));
        }
        apr_dir_close(dir);
    }
    remove(path);
}

static apr_status_t remove_folder(void *data)
{
    remove_tree(data);
    return APR_SUCCESS;
}

static const char *new_folder(void)
{
    char *path = apr_pstrdup(pool, "/tmp/usmsync_test.XXXXXX");
    assert_non_null(mkdtemp(path));
    apr_pool_pre_cleanup_register(pool, path, remove_folder);
    return path;
}

static void put_file(const char *path, const char *text)
{
    test_ok(sync_file_write(path, text, strlen(text), pool), path);
}

static const char *get_file(const char *path)
{
    const char *text;
    apr_size_t len;
    test_ok(sync_file_read(&text, &len, path, pool), path);
    return text;
}

/* ---- cards ---- */

static const char head[] = "BEGIN:VCARD\r\nVERSION:3.0\r\n", foot[] = "END:VCARD\r\n";

static void test_card_there_and_back(void **state)
{
    static const struct {
        int field;
        const char *value, *line;
    } rows[] = {
        {USM_CONTACT_LAST_NAME, "M\xc3\xbcller; A,\\B", "N:M\xc3\xbcller\\; A\\,\\\\B;;;;\r\n"},
        {USM_CONTACT_DEPARTMENT, "IT", "ORG:;IT\r\n"},
        {USM_CONTACT_EMAIL2, "b@x", "EMAIL;TYPE=X-SECOND:b@x\r\n"},
        {USM_CONTACT_FAX_BUSINESS, "1", "TEL;TYPE=WORK,FAX:1\r\n"},
        {USM_CONTACT_PHONE_BUSINESS, "2", "TEL;TYPE=WORK:2\r\n"},
        {USM_CONTACT_HOME_STREET, "Weg 1\nHof", "ADR;TYPE=HOME:;;Weg 1\\nHof;;;;\r\n"},
        {USM_CONTACT_WEB_PAGE, "http://x/", "URL:http://x/\r\n"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        usm_item_t *item = usm_item_create(USM_CONTACT, pool), *back;
        usm_item_set_text(item, rows[i].field, rows[i].value);
        const char *card = sync_vcard_write(item, pool);
        test_ok(sync_vcard_read(&back, card, pool), card);
        const char *got = usm_item_text(back, rows[i].field);
        if (!strstr(card, rows[i].line) || !got || strcmp(got, rows[i].value) != 0)
            fail_msg("row %zu: %s is %s", i, card, got ? got : "nothing");
    }
}

/* A line has 75 bytes at most; what is folded comes back whole. */
static void test_card_is_folded(void **state)
{
    usm_item_t *item = usm_item_create(USM_CONTACT, pool), *back;
    char *note = apr_pcalloc(pool, 1001);
    for (int i = 0; i < 1000; i += 2)
        memcpy(note + i, "\xc3\xa4", 2);
    sync_set_body(item, USM_CONTACT_BODY, note);
    usm_item_set_num(item, USM_CONTACT_BIRTHDAY, 86400000);
    const char *card = sync_vcard_write(item, pool);
    for (const char *at = card, *end; (end = strstr(at, "\r\n")); at = end + 2)
        assert_true(end - at <= 75 && ((unsigned char)*at & 0xc0) != 0x80);
    test_ok(sync_vcard_read(&back, card, pool), "read");
    assert_string_equal(sync_body_text(back, USM_CONTACT_BODY), note);
    assert_int_equal(usm_item_num(back, USM_CONTACT_BIRTHDAY, 0), 86400000);
}

static void test_cards_of_others(void **state)
{
    static const struct {
        const char *line;
        int field;
        const char *value;
    } rows[] = {
        {"tel;type=VOICE;type=CELL:12", USM_CONTACT_PHONE_MOBILE, "12"},
        {"TEL;TYPE=FAX;TYPE=HOME:12", USM_CONTACT_FAX_HOME, "12"},
        {"TEL;TYPE=FAX;TYPE=HOME:12", USM_CONTACT_PHONE_HOME, NULL},
        {"EMAIL;TYPE=INTERNET:a@b", USM_CONTACT_EMAIL1, "a@b"},
        {"TITLE:Ch\n ef", USM_CONTACT_JOB_TITLE, "Chef"},
        {"X-OTHER:y", USM_CONTACT_JOB_TITLE, NULL},
    };
    static const char *const wrong[] = {"rubbish", "VERSION:3.0\n", "BEGIN:VCARD\nBDAY:gestern\nEND:VCARD\n",
                                        "BEGIN:VCARD\nEND:VCARD\nBEGIN:VCARD\nEND:VCARD\n"};
    usm_item_t *item;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        test_ok(sync_vcard_read(&item, apr_pstrcat(pool, head, rows[i].line, "\n", foot, NULL), pool), rows[i].line);
        const char *got = usm_item_text(item, rows[i].field);
        if (!got != !rows[i].value || (got && strcmp(got, rows[i].value) != 0))
            fail_msg("row %zu: %s", i, got ? got : "nothing");
    }
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
        test_fails(sync_vcard_read(&item, wrong[i], pool), USM_EINVALID, wrong[i]);
}

/* ---- calendars ---- */

static void test_event_there_and_back(void **state)
{
    usm_item_t *item = usm_item_create(USM_EVENT, pool), *back;
    usm_item_set_text(item, USM_EVENT_SUBJECT, "Termin; mit, Zeichen");
    usm_item_set_text(item, USM_EVENT_LOCATION, "Raum");
    sync_set_body(item, USM_EVENT_BODY, "Zeile\nzwei");
    usm_item_set_num(item, USM_EVENT_START, 1900000000000);
    usm_item_set_num(item, USM_EVENT_END, 1900003600000);
    usm_item_set_num(item, USM_EVENT_REMINDER, 15);
    usm_item_set_num(item, USM_EVENT_BUSY, USM_BUSY_AWAY);
    test_ok(sync_ical_read(&back, USM_EVENT, sync_ical_write(item, pool), pool), "event");
    assert_string_equal(usm_item_text(back, USM_EVENT_SUBJECT), "Termin; mit, Zeichen");
    assert_string_equal(usm_item_text(back, USM_EVENT_LOCATION), "Raum");
    assert_string_equal(sync_body_text(back, USM_EVENT_BODY), "Zeile\nzwei");
    assert_int_equal(usm_item_num(back, USM_EVENT_START, 0), 1900000000000);
    assert_int_equal(usm_item_num(back, USM_EVENT_END, 0), 1900003600000);
    assert_int_equal(usm_item_num(back, USM_EVENT_REMINDER, 0), 15);
    assert_int_equal(usm_item_num(back, USM_EVENT_BUSY, 0), USM_BUSY_AWAY);
    usm_item_set_num(item, USM_EVENT_ALL_DAY, 1);
    usm_item_set_num(item, USM_EVENT_START, 1900022400000);
    usm_item_set_num(item, USM_EVENT_END, 1900108800000);
    const char *text = sync_ical_write(item, pool);
    assert_non_null(strstr(text, "DTSTART;VALUE=DATE:20300318"));
    test_ok(sync_ical_read(&back, USM_EVENT, text, pool), "whole day");
    assert_int_equal(usm_item_num(back, USM_EVENT_ALL_DAY, 0), 1);
    assert_int_equal(usm_item_num(back, USM_EVENT_START, 0), 1900022400000);
}

static void test_task_there_and_back(void **state)
{
    usm_item_t *item = usm_item_create(USM_TASK, pool), *back;
    const char *names[] = {"x", "y"};
    const usm_list_t categories = {.count = 2, .items = names};
    usm_item_set_text(item, USM_TASK_SUBJECT, "Aufgabe");
    usm_item_set_num(item, USM_TASK_DUE, 1900022400000);
    usm_item_set_num(item, USM_TASK_STATE, USM_TASK_DONE);
    usm_item_set_num(item, USM_TASK_IMPORTANCE, USM_IMP_HIGH);
    usm_item_set_ptr(item, USM_TASK_CATEGORIES, &categories);
    test_ok(sync_ical_read(&back, USM_TASK, sync_ical_write(item, pool), pool), "task");
    assert_string_equal(usm_item_text(back, USM_TASK_SUBJECT), "Aufgabe");
    assert_int_equal(usm_item_num(back, USM_TASK_DUE, 0), 1900022400000);
    assert_int_equal(usm_item_num(back, USM_TASK_STATE, USM_TASK_OPEN), USM_TASK_DONE);
    assert_int_equal(usm_item_num(back, USM_TASK_IMPORTANCE, 0), USM_IMP_HIGH);
    assert_int_equal(back->v[USM_TASK_CATEGORIES].u.list->count, 2);
    assert_false(usm_item_isset(back, USM_TASK_START));
    test_fails(sync_ical_read(&back, USM_EVENT, sync_ical_write(item, pool), pool), USM_EINVALID, "a task is no event");
    test_fails(sync_ical_read(&back, USM_TASK, "rubbish", pool), USM_EINVALID, "rubbish");
    test_fails(sync_ical_read(&back, USM_EVENT, "BEGIN:VCALENDAR\nBEGIN:VEVENT\nSUMMARY:x\nEND:VEVENT\nEND:VCALENDAR\n",
                              pool),
               USM_EINVALID, "an event at no time");
}

/* ---- the state ---- */

static void test_state(void **state)
{
    sync_state_t s, back;
    const char *top = new_folder(), *path = apr_pstrcat(pool, top, "/.usmsync", NULL);
    test_ok(sync_state_read(&s, top, pool), "none");
    assert_string_equal(s.hierarchy_key, "0");
    s.hierarchy_key = "k.1";
    APR_ARRAY_PUSH(s.folders, sync_folder_t) =
        (sync_folder_t){.fid = "7", .key = "k.2", .dir = "Contacts-7", .cls = USM_CONTACT,
                        .files = apr_array_make(pool, 2, sizeof(sync_file_t))};
    sync_folder_t *f = sync_folder_find(&s, "7");
    APR_ARRAY_PUSH(f->files, sync_file_t) = (sync_file_t){.sid = "7:1", .name = "a.vcf", .hash = "00"};
    APR_ARRAY_PUSH(f->files, sync_file_t) = (sync_file_t){.sid = NULL, .name = "gone.vcf", .hash = "00"};
    test_ok(sync_state_write(&s, pool), "write");
    test_ok(sync_state_read(&back, top, pool), "read");
    f = sync_folder_find(&back, "7");
    assert_non_null(f);
    assert_string_equal(f->key, "k.2");
    assert_int_equal(f->files->nelts, 1);
    assert_string_equal(sync_file_find(f, "7:1", NULL)->name, "a.vcf");
    assert_string_equal(sync_file_find(f, NULL, "a.vcf")->sid, "7:1");
    assert_null(sync_file_find(f, NULL, "gone.vcf"));
    assert_null(sync_folder_find(&back, "8"));
    static const char *const wrong[] = {"rubbish\n", "hierarchy\n", "item\t9\tx\ty\tz\n", "folder\t1\t2\n"};
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        put_file(path, wrong[i]);
        test_fails(sync_state_read(&back, top, pool), USM_EINVALID, wrong[i]);
    }
    assert_string_equal(sync_safe_name("../a b\xc3\xa4;c", pool), "a_b_c");
    assert_int_equal(strlen(sync_safe_name(apr_pstrcat(pool, head, head, head, NULL), pool)) <= 60, 1);
    assert_string_equal(sync_hash("abc", 3, pool), "a9993e364706816aba3e25717850c26c9cd0d89d");
}

/* ---- whole runs ---- */

typedef struct run_t {
    int code;
    const char *out, *err;
} run_t;

static int aside(int fd, const char *path)
{
    int kept = dup(fd);
    assert_non_null(freopen(path, "w", fd == STDOUT_FILENO ? stdout : stderr));
    return kept;
}

static void put_back(int fd, int kept)
{
    fflush(fd == STDOUT_FILENO ? stdout : stderr);
    dup2(kept, fd);
    close(kept);
}

/* usmsync with these words, up to NULL. */
static run_t run_words(const char *const *words)
{
    const char *dir = new_folder(), *out = apr_pstrcat(pool, dir, "/out", NULL), *err = apr_pstrcat(pool, dir, "/err",
                                                                                                     NULL);
    run_t result;
    int argc = 0;
    while (words[argc])
        argc++;
    fflush(stdout);
    int kept_out = aside(STDOUT_FILENO, out), kept_err = aside(STDERR_FILENO, err);
    result.code = usmsync_main(argc, words);
    put_back(STDOUT_FILENO, kept_out);
    put_back(STDERR_FILENO, kept_err);
    result.out = get_file(out);
    result.err = get_file(err);
    return result;
}

typedef struct mirror_t {
    const char *top, *store, *ox, *secret;
} mirror_t;

static run_t run_mirror(const mirror_t *m)
{
    const char *const words[] = {"usmsync", "--store", m->store, "--ox", m->ox, "--user", "anton", "--password-file",
                                 m->secret, m->top, NULL};
    return run_words(words);
}

static void moved(const mirror_t *m, const char *wanted)
{
    run_t result = run_mirror(m);
    if (result.code != 0 || strcmp(result.out, wanted) != 0 || *result.err)
        fail_msg("%d: %s%s, not %s", result.code, result.out, result.err, wanted);
}

/* The file below the mirror whose folder begins with FOLDER and that ends in END. */
static const char *file_of(const mirror_t *m, const char *folder, const char *end)
{
    apr_dir_t *dir;
    apr_finfo_t info;
    const char *below = NULL, *found = NULL;
    assert_int_equal(apr_dir_open(&dir, m->top, pool), APR_SUCCESS);
    while (apr_dir_read(&info, APR_FINFO_NAME, dir) == APR_SUCCESS) {
        if (strncmp(info.name, folder, strlen(folder)) == 0)
            below = apr_pstrcat(pool, m->top, "/", info.name, NULL);
    }
    apr_dir_close(dir);
    if (!below || apr_dir_open(&dir, below, pool) != APR_SUCCESS)
        fail_msg("there is no folder %s", folder);
    while (apr_dir_read(&info, APR_FINFO_NAME, dir) == APR_SUCCESS) {
        if (ends_in(info.name, end))
            found = apr_pstrcat(pool, below, "/", info.name, NULL);
    }
    apr_dir_close(dir);
    return found ? found : apr_pstrcat(pool, below, "/new", end, NULL);
}

static const char *replaced(const char *text, const char *old, const char *new)
{
    const char *at = strstr(text, old);
    assert_non_null(at);
    return apr_pstrcat(pool, apr_pstrmemdup(pool, text, (apr_size_t)(at - text)), new, at + strlen(old), NULL);
}

static void test_both_ways(void **state)
{
    standin_t *oxd = standin_start(seed, pool);
    mirror_t m;
    if (!oxd)
        skip();
    const char *dir = new_folder();
    m.top = apr_pstrcat(pool, dir, "/mirror", NULL);
    assert_int_equal(apr_dir_make(m.top, APR_FPROT_OS_DEFAULT, pool), APR_SUCCESS);
    m.store = apr_pstrcat(pool, "sqlite:", dir, "/x.db", NULL);
    m.ox = apr_psprintf(pool, "http://127.0.0.1:%d/ajax/", oxd->port);
    m.secret = apr_pstrcat(pool, dir, "/secret", NULL);
    put_file(m.secret, "secret\n");
    moved(&m, "2 from the server, 0 to the server\n");
    moved(&m, "0 from the server, 0 to the server\n");
    const char *card = file_of(&m, "Contacts", ".vcf");
    assert_non_null(strstr(get_file(card), "N:Meier;Carla;"));

    /* An edited file, a new one, and one that is no card. */
    put_file(card, replaced(get_file(card), "carla@", "c.meier@"));
    const char *folder = apr_pstrmemdup(pool, card, (apr_size_t)(strrchr(card, '/') - card));
    put_file(apr_pstrcat(pool, folder, "/new.vcf", NULL), apr_pstrcat(pool, head, "N:Neu;Nora;;;\r\n", foot, NULL));
    moved(&m, "0 from the server, 2 to the server\n");
    const char *bad = apr_pstrcat(pool, folder, "/bad.vcf", NULL);
    put_file(bad, "rubbish");
    run_t result = run_mirror(&m);
    assert_int_equal(result.code, 1);
    assert_non_null(strstr(result.err, "bad.vcf: "));
    remove(bad);

    /* A deleted file is a deleted item. */
    remove(apr_pstrcat(pool, folder, "/new.vcf", NULL));
    moved(&m, "0 from the server, 1 to the server\n");

    /* The database is gone: all comes again, and what was edited meanwhile is set aside. */
    put_file(card, replaced(get_file(card), "c.meier@", "carla@"));
    remove(apr_pstrcat(pool, dir, "/x.db", NULL));
    remove(apr_pstrcat(pool, dir, "/x.db-wal", NULL));
    remove(apr_pstrcat(pool, dir, "/x.db-shm", NULL));
    result = run_mirror(&m);
    assert_int_equal(result.code, 0);
    assert_non_null(strstr(result.err, "changed on both sides"));
    assert_non_null(strstr(get_file(file_of(&m, "Contacts", ".conflict")), "carla@"));
    assert_non_null(strstr(get_file(file_of(&m, "Contacts", ".vcf")), "c.meier@"));
    moved(&m, "0 from the server, 0 to the server\n");
}

static void test_command_line(void **state)
{
    const char *dir = new_folder(), *store = apr_pstrcat(pool, "sqlite:", dir, "/x.db", NULL);
    const char *const help[] = {"usmsync", "--help", NULL}, *const none[] = {"usmsync", NULL},
               *const odd[] = {"usmsync", "--odd", NULL},
               *const lost[] = {"usmsync", "--store", store, "--ox", "http://127.0.0.1:1/ajax/", "--user", "anton",
                                "--password-file", "/nonexistent/secret", dir, NULL};
    run_t result = run_words(help);
    assert_int_equal(result.code, 0);
    assert_non_null(strstr(result.out, "--client-wins"));
    result = run_words(none);
    assert_int_equal(result.code, 2);
    assert_non_null(strstr(result.err, "usage: usmsync"));
    assert_int_equal(run_words(odd).code, 2);
    result = run_words(lost);
    assert_int_equal(result.code, 1);
    assert_non_null(strstr(result.err, "/nonexistent/secret"));
}

#define RUN_TEST(function) cmocka_unit_test_setup_teardown(function, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        RUN_TEST(test_card_there_and_back), RUN_TEST(test_card_is_folded),      RUN_TEST(test_cards_of_others),
        RUN_TEST(test_event_there_and_back), RUN_TEST(test_task_there_and_back), RUN_TEST(test_state),
        RUN_TEST(test_both_ways),           RUN_TEST(test_command_line)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
