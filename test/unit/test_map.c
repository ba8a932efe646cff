/* SPDX-License-Identifier: Apache-2.0 */
/* Tests: eas_map.c eas_recur.c class_series.c */
/* Every row of usm/tbl/ at every version, ghosting, and what is asked of the backend. */
#include "map_test.h"

#include <usm/fields.h>
#include <usm/recur.h>

static const usm_class_e classes[] = {USM_EMAIL, USM_CONTACT, USM_EVENT, USM_TASK, USM_NOTE};

/* ---- round trip ---- */

static const char *random_text(uint64_t *seed, apr_pool_t *pool)
{
    static const char *const pieces[] = {"a", "Z",  " ",  "\xC3\xA4", "\xE2\x82\xAC", "\xF0\x9F\x98\x80", "<",
                                         "&", "\"", "\t", ";"};
    const char *text = "x";
    for (unsigned n = test_random(seed) % 20; n > 0; n--)
        text = apr_pstrcat(pool, text, pieces[test_random(seed) % COUNT(pieces)], NULL);
    return text;
}

/* Milliseconds are not part of either form on the wire that every device understands. */
static usm_time_t random_time(uint64_t *seed)
{
    return ((usm_time_t)test_random(seed) - 1000000000) * 1000;
}

static usm_time_t random_day(uint64_t *seed)
{
    return ((usm_time_t)(test_random(seed) % 60000) - 25000) * USM_DAY_MS;
}

static const void *random_body(uint64_t *seed, apr_pool_t *pool)
{
    usm_body_t *body = apr_pcalloc(pool, sizeof *body);
    body->native = USM_BODY_TEXT;
    body->text.data = apr_pstrcat(pool, random_text(seed, pool), "\r\n", random_text(seed, pool), NULL);
    body->text.len = body->text.full_size = strlen(body->text.data);
    return body;
}

static const void *random_list(uint64_t *seed, apr_pool_t *pool)
{
    usm_list_t *list = apr_pcalloc(pool, sizeof *list);
    list->count = 1 + (int)(test_random(seed) % 5);
    list->items = apr_palloc(pool, sizeof(char *) * (size_t)list->count);
    for (int i = 0; i < list->count; i++)
        list->items[i] = random_text(seed, pool);
    return list;
}

static const void *random_blob(uint64_t *seed, apr_pool_t *pool)
{
    usm_blob_t *blob = apr_pcalloc(pool, sizeof *blob);
    unsigned char *data = apr_palloc(pool, 4000);
    blob->len = 1 + test_random(seed) % 4000;
    for (size_t i = 0; i < blob->len; i++)
        data[i] = (unsigned char)test_random(seed);
    blob->data = data;
    return blob;
}

/* Statuses and types are not on the wire before 12.0. */
static const void *random_attendees(uint64_t *seed, unsigned version, apr_pool_t *pool)
{
    usm_attendees_t *list = apr_pcalloc(pool, sizeof *list);
    list->count = 1 + (int)(test_random(seed) % 4);
    list->items = apr_pcalloc(pool, sizeof(usm_attendee_t) * (size_t)list->count);
    for (int i = 0; i < list->count; i++) {
        list->items[i].email = apr_psprintf(pool, "%u@example.org", test_random(seed) % 1000);
        list->items[i].name = random_text(seed, pool);
        list->items[i].type = 1 + (int)(test_random(seed) % 3);
        list->items[i].status = version < 120 ? USM_ATT_NONE : (int)(test_random(seed) % 4);
    }
    return list;
}

static const void *random_flag(uint64_t *seed, apr_pool_t *pool)
{
    usm_flag_t *flag = apr_pcalloc(pool, sizeof *flag);
    flag->status = 1 + (int)(test_random(seed) % 2);
    flag->type = random_text(seed, pool);
    return flag;
}

static void set_series(usm_item_t *item, int rule_field, int exceptions, apr_pool_t *pool)
{
    usm_recurrence_t *rule = apr_pcalloc(pool, sizeof *rule);
    rule->freq = USM_RECUR_DAILY;
    rule->interval = 2;
    rule->first_weekday = 1;
    rule->occurrences = 10;
    rule->until = USM_TIME_NONE;
    usm_item_set_ptr(item, rule_field, rule);
    if (!exceptions)
        return;
    usm_exceptions_t *list = apr_pcalloc(pool, sizeof *list);
    usm_item_t *own = usm_item_create(USM_EVENT, pool);
    usm_time_t first = usm_series_first(item, pool);
    usm_item_set_text(own, USM_EVENT_SUBJECT, "another");
    list->count = 2;
    list->items = apr_pcalloc(pool, 2 * sizeof(usm_exception_t));
    list->items[0].day = first + 2 * USM_DAY_MS;
    list->items[1] = (usm_exception_t){.day = first + 4 * USM_DAY_MS, .item = own};
    usm_item_set_ptr(item, USM_EVENT_EXCEPTIONS, list);
}

static void set_random(usm_item_t *item, const eas_row_t *row, unsigned version, uint64_t *seed)
{
    static const char *const zones[] = {"Europe/Berlin", "America/New_York", "Asia/Tokyo", "Australia/Sydney",
                                        "Etc/UTC"};
    apr_pool_t *pool = item->pool;
    int f = row->field;
    switch (row->type) {
    case USM_T_TEXT:
        usm_item_set_text(item, f, random_text(seed, pool));
        break;
    case USM_T_EMAIL:
        usm_item_set_text(item, f, apr_psprintf(pool, "%u@example.org", test_random(seed)));
        break;
    case USM_T_ZONE:
        usm_item_set_text(item, f, zones[test_random(seed) % COUNT(zones)]);
        break;
    case USM_T_DATE:
        usm_item_set_num(item, f, random_day(seed));
        break;
    case USM_T_TIME:
    case USM_T_EVTIME:
        usm_item_set_num(item, f, random_time(seed));
        break;
    case USM_T_BOOL:
    case USM_T_TASKSTATE:
        usm_item_set_num(item, f, test_random(seed) % 2);
        break;
    case USM_T_BUSY: /* 4 is told from 16.0 on */
        usm_item_set_num(item, f, test_random(seed) % (version < 160 ? 4 : 5));
        break;
    case USM_T_SENSITIVITY:
        usm_item_set_num(item, f, test_random(seed) % 4);
        break;
    case USM_T_IMPORTANCE:
        usm_item_set_num(item, f, test_random(seed) % 3);
        break;
    case USM_T_LABEL:
        usm_item_set_num(item, f, USM_LABEL_RED + test_random(seed) % USM_LABEL_LIGHT_BLUE);
        break;
    case USM_T_INT:
    case USM_T_REMINDER:
        usm_item_set_num(item, f, test_random(seed) % 100000);
        break;
    case USM_T_LIST:
        usm_item_set_ptr(item, f, random_list(seed, pool));
        break;
    case USM_T_BODY:
        usm_item_set_ptr(item, f, random_body(seed, pool));
        break;
    case USM_T_PICTURE:
        usm_item_set_ptr(item, f, random_blob(seed, pool));
        break;
    case USM_T_ATTENDEES:
        usm_item_set_ptr(item, f, random_attendees(seed, version, pool));
        break;
    case USM_T_FLAG:
        usm_item_set_ptr(item, f, random_flag(seed, pool));
        break;
    case USM_T_RECURRENCE:
        set_series(item, f, 0, pool);
        break;
    case USM_T_EXCEPTIONS:
        set_series(item, USM_EVENT_RECURRENCE, 1, pool);
        break;
    case USM_T_ATTACHMENTS: {
        usm_attachments_t *list = apr_pcalloc(pool, sizeof *list);
        list->items = apr_pcalloc(pool, sizeof(usm_attachment_t));
        list->items[list->count++] = (usm_attachment_t){.id = "1", .name = "a.txt", .size = test_random(seed) % 1000};
        usm_item_set_ptr(item, f, list);
        break;
    }
    default:
        fail_msg("%s: no random value for this type", row->name);
    }
}

/* All-day events are days, and an event does not end before it starts; a task neither. */
static void make_sane(usm_item_t *item, uint64_t *seed)
{
    if (item->cls == USM_EVENT) {
        int all_day = (int)item->v[USM_EVENT_ALL_DAY].u.num;
        usm_time_t start = all_day ? random_day(seed) : random_time(seed);
        usm_item_set_num(item, USM_EVENT_START, start);
        usm_item_set_num(item, USM_EVENT_END, start + (all_day ? 2 * USM_DAY_MS : 5400000));
        set_series(item, USM_EVENT_RECURRENCE, 1, item->pool); /* on the days that follow from these times */
    } else if (item->cls == USM_TASK) {
        usm_item_set_num(item, USM_TASK_DUE, usm_item_num(item, USM_TASK_START, 0) + 3 * USM_DAY_MS);
    }
}

static int is_writable(usm_class_e cls, const eas_row_t *row, unsigned version)
{
    if (usm_field(cls, row->field)->flags & USM_F_RO || version < row->since || version > row->until)
        return 0;
    /* From 16.0 on the server makes these (MS-ASCAL 2.2.2). */
    if (cls == USM_EVENT && version >= 160 && (row->field == USM_EVENT_UID || row->field == USM_EVENT_ORGANIZER_EMAIL ||
                                               row->field == USM_EVENT_EXCEPTIONS ||
                                               row->field == USM_EVENT_ATTACHMENTS)) /* written file by file */
        return 0;
    return 1;
}

static void compare(const usm_item_t *out, const usm_item_t *back, unsigned version, int turn)
{
    for (const eas_row_t *row = eas_map_rows(out->cls); row->name; row++) {
        if (!is_writable(out->cls, row, version))
            continue;
        if (out->cls == USM_EVENT && row->field == USM_EVENT_TIMEZONE && version >= 160 &&
            out->v[USM_EVENT_ALL_DAY].u.num)
            continue; /* such days float */
        if (!usm_value_equal(row->type, &out->v[row->field], &back->v[row->field]))
            fail_msg("class %d version %u turn %d: %s came back as something else", out->cls, version, turn, row->name);
    }
}

static void test_round_trip(void **state)
{
    uint64_t seed = 20260101;
    apr_pool_t *pool;
    apr_pool_create(&pool, *state);
    for (size_t c = 0; c < COUNT(classes); c++) {
        for (const unsigned *version = map_versions; *version; version++) {
            for (int turn = 0; turn < 30; turn++) {
                eas_ctx_t *ctx = map_ctx(*version, "Asia/Tokyo", pool);
                usm_item_t *item = usm_item_create(classes[c], pool);
                for (const eas_row_t *row = eas_map_rows(classes[c]); row->name; row++) {
                    if (is_writable(classes[c], row, *version))
                        set_random(item, row, *version, &seed);
                }
                make_sane(item, &seed);
                compare(item, map_decode_node(ctx, classes[c], map_encode(ctx, item, NULL, NULL, pool), "5:7", pool),
                        *version, turn);
                apr_pool_clear(pool);
            }
        }
    }
}

/* Everything that is written belongs into that version; a row is written in its versions and in no other. */
static void test_versions(void **state)
{
    uint64_t seed = 5;
    for (size_t c = 0; c < COUNT(classes); c++) {
        for (const unsigned *version = map_versions; *version; version++) {
            eas_ctx_t *ctx = map_ctx(*version, "Europe/Berlin", *state);
            for (const eas_row_t *row = eas_map_rows(classes[c]); row->name; row++) {
                usm_item_t *item = usm_item_create(classes[c], *state);
                if (usm_field(classes[c], row->field)->flags & USM_F_RO || row->type == USM_T_BODY)
                    continue;
                set_random(item, row, *version, &seed);
                if (classes[c] == USM_EVENT) /* a meeting: else some rows are left out */
                    usm_item_set_ptr(item, USM_EVENT_ATTENDEES, random_attendees(&seed, *version, *state));
                const eas_node_t *node = map_encode(ctx, item, NULL, NULL, *state);
                int want = *version >= row->since && *version <= row->until;
                if (eas_node_outside_version(node, *version))
                    fail_msg("%s at %u: a tag of another version", row->name, *version);
                if ((eas_node_child(node, row->tag) != NULL) != want)
                    fail_msg("%s at %u is %s", row->name, *version, want ? "missing" : "there");
            }
        }
    }
}

/* Elements that a device cannot set, does not know or has of another version change nothing and harm nothing. */
static void test_passed_over(void **state)
{
    static const struct {
        unsigned version;
        usm_class_e cls;
        const char *text;
    } rows[] = {
        {141, USM_EMAIL, "Email:Subject=x To=y DateReceived=rubbish Email2:ConversationId=#123 LastVerbExecuted=1"},
        {141, USM_EVENT, "Calendar:DtStamp=rubbish MeetingStatus=3 ResponseType=2"},
        {161, USM_EVENT, "Calendar:UID=x OrganizerEmail=o@p"},
        {161, USM_EVENT, "Calendar:Location=old"},
        {141, USM_CONTACT, "Contacts:Alias=x Tasks:Subject=x"},
        {141, USM_CONTACT, "Contacts:Body=old"},
        {25, USM_CONTACT, "AirSyncBase:NativeBodyType=1"},
        {161, USM_TASK, "Tasks:OrdinalDate=rubbish SubOrdinalDate=x"},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        usm_item_t *item =
            map_decode(map_ctx(rows[i].version, "Europe/Berlin", *state), rows[i].cls, rows[i].text, "5:1", *state);
        if (!item)
            fail_msg("row %zu is refused", i);
        for (int f = 0; f < usm_class_fields(rows[i].cls); f++) {
            if (item->v[f].state != USM_ABSENT)
                fail_msg("row %zu sets %s", i, usm_field(rows[i].cls, f)->name);
        }
    }
}

/* ---- ghosting ---- */

static void test_ghosted(void **state)
{
    static const struct {
        unsigned version;
        usm_class_e cls;
        const char *supported; /* NULL: no Supported element */
        int field, ghosted;
    } rows[] = {
        /* without Supported what is left out is deleted */
        {141, USM_CONTACT, NULL, USM_CONTACT_FIRST_NAME, 0},
        {141, USM_CONTACT, NULL, USM_CONTACT_DISPLAY_NAME, 1}, /* no device can say it */
        /* with it, what it names is not ghosted, all else is */
        {141, USM_CONTACT, "Contacts:FirstName Contacts2:NickName", USM_CONTACT_FIRST_NAME, 0},
        {141, USM_CONTACT, "Contacts:FirstName Contacts2:NickName", USM_CONTACT_NICK_NAME, 0},
        {141, USM_CONTACT, "Contacts:FirstName Contacts2:NickName", USM_CONTACT_LAST_NAME, 1},
        {141, USM_CONTACT, "", USM_CONTACT_FIRST_NAME, 1}, /* an empty one: everything */
        {141, USM_EVENT, "Calendar:Subject", USM_EVENT_LOCATION, 1},
        {141, USM_EVENT, "Calendar:Subject", USM_EVENT_SUBJECT, 0},
        {141, USM_EVENT, NULL, USM_EVENT_LOCATION, 0},
        {161, USM_EVENT, NULL, USM_EVENT_LOCATION, 1}, /* that element is gone in 16.0 */
        {141, USM_EVENT, NULL, USM_EVENT_OWN_STATUS, 1},
        /* tasks and mails have nothing to be ghosted */
        {141, USM_TASK, "Tasks:Subject", USM_TASK_DUE, 0},
        {25, USM_EMAIL, NULL, USM_EMAIL_FLAG, 1},
        {120, USM_EMAIL, NULL, USM_EMAIL_FLAG, 0},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        usm_fieldset_t ghosted, supported;
        if (rows[i].supported)
            eas_map_supported(&supported, rows[i].cls,
                              map_doc(apr_pstrcat(*state, "AirSync:Supported{", rows[i].supported, "}", NULL), *state));
        eas_map_ghosted(&ghosted, rows[i].cls, rows[i].version, rows[i].supported ? &supported : NULL);
        if ((int)USM_FIELDSET_HAS(&ghosted, rows[i].field) != rows[i].ghosted)
            fail_msg("row %zu: %s is %sghosted", i, usm_field(rows[i].cls, rows[i].field)->name,
                     rows[i].ghosted ? "not " : "");
    }
}

/* What no event can be without is never deleted by leaving it out. */
static void test_kept(void **state)
{
    static const int fields[] = {USM_EVENT_START,     USM_EVENT_END,  USM_EVENT_TIMEZONE,
                                 USM_EVENT_ATTENDEES, USM_EVENT_BODY, USM_EVENT_UID};
    for (size_t i = 0; i < COUNT(fields); i++)
        assert_true(usm_field(USM_EVENT, fields[i])->flags & USM_F_KEEP);
    usm_item_t *item = map_decode(map_ctx(141, "Europe/Berlin", *state), USM_EVENT,
                                  "Calendar:StartTime EndTime Timezone Subject", "5:1", *state);
    assert_int_equal(usm_item_state(item, USM_EVENT_START), USM_ABSENT);
    assert_int_equal(usm_item_state(item, USM_EVENT_END), USM_ABSENT);
    assert_int_equal(usm_item_state(item, USM_EVENT_TIMEZONE), USM_ABSENT);
    assert_int_equal(usm_item_state(item, USM_EVENT_SUBJECT), USM_EMPTY);
}

/* ---- a mail whose flags changed ---- */

static void test_changed_mail(void **state)
{
    static const struct {
        unsigned version;
        int fields[3];
        const char *want;
    } rows[] = {
        {141, {USM_EMAIL_READ, -1, -1}, "Read=1"},
        {141, {USM_EMAIL_FLAG, -1, -1}, "Flag"},
        {141, {USM_EMAIL_READ, USM_EMAIL_FLAG, -1}, "Read=1 Flag"},
        {141, {USM_EMAIL_LAST_VERB, -1, -1}, "LastVerbExecuted=1"},
        /* a version without that element still gets a change that says something */
        {121, {USM_EMAIL_LAST_VERB, -1, -1}, "Read=1"},
        {25, {USM_EMAIL_FLAG, -1, -1}, "Read=1"},
    };
    usm_item_t *item = usm_item_create(USM_EMAIL, *state);
    usm_item_set_text(item, USM_EMAIL_SUBJECT, "x");
    usm_item_set_num(item, USM_EMAIL_READ, 1);
    usm_item_set_num(item, USM_EMAIL_LAST_VERB, USM_VERB_REPLIED);
    for (size_t i = 0; i < COUNT(rows); i++) {
        usm_fieldset_t changed = {{0}};
        for (int n = 0; n < 3 && rows[i].fields[n] >= 0; n++)
            USM_FIELDSET_ADD(&changed, rows[i].fields[n]);
        eas_node_t *node = map_encode(map_ctx(rows[i].version, NULL, *state), item, &changed, NULL, *state);
        if (strcmp(map_text(node, *state), rows[i].want) != 0)
            fail_msg("row %zu: %s", i, map_text(node, *state));
    }
}

/* ---- what the backend is asked for ---- */

static void test_fetch(void **state)
{
    enum { T = USM_BODY_TEXT, H = USM_BODY_HTML, M = USM_BODY_MIME, S = USM_BODY_MIME_IF_SIGNED };
    const apr_uint64_t all = APR_UINT64_MAX;
    const struct {
        unsigned version;
        eas_view_t view;
        int forms;
        apr_uint64_t least, most; /* bounds of text_max */
    } rows[] = {
        {141, {.truncation = -1}, T | H, 1, 4096},
        {141, {.truncation = -1, .full = 1}, T | H, all, all},
        {141, {.prefs = 1, .pref = {{.type = 1, .truncation = -1}}}, T | H, all, all},
        {141, {.prefs = 1, .pref = {{.type = 2, .truncation = 1000}}}, T | H, 1000, 100000},
        {141, {.prefs = 1, .pref = {{.type = 1, .truncation = 0, .preview = 255}}}, T | H, 1000, 100000},
        {141, {.prefs = 1, .pref = {{.type = 3, .truncation = 500}}}, T | H, 500, 100000},
        {141, {.prefs = 1, .pref = {{.type = 4, .truncation = -1}}, .mime_support = 2}, T | H | M, 0, 0},
        {141, {.prefs = 1, .pref = {{.type = 4, .truncation = -1}}, .mime_support = 1}, T | H | S, all, all},
        {141, {.prefs = 1, .pref = {{.type = 4, .truncation = -1}}}, T | H, all, all},
        {25, {.truncation = 512}, T | H, 512, 100000},
        {25, {.truncation = 512, .full = 1}, T | H, all, all},
        {25, {.truncation = -1, .mime_support = 2}, T | H | M, all, all},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        usm_fetch_t fetch;
        eas_map_fetch(&fetch, USM_EMAIL, rows[i].version, &rows[i].view);
        if (fetch.body_forms != rows[i].forms || fetch.text_max < rows[i].least || fetch.text_max > rows[i].most)
            fail_msg("row %zu: forms %d, %" APR_UINT64_T_FMT " bytes", i, fetch.body_forms, fetch.text_max);
    }
    usm_fetch_t fetch;
    eas_map_fetch(&fetch, USM_CONTACT, 141, &rows[0].view);
    assert_true(fetch.text_max == all && fetch.body_forms == USM_BODY_TEXT);
    assert_int_equal(fetch.picture_max, 36864);
}

/* Times that have no text: they would spoil the whole answer. */
static void test_fault(void **state)
{
    apr_pool_t *pool = *state;
    static const struct {
        usm_class_e cls;
        int field;
        apr_int64_t value;
        int good;
    } rows[] = {
        {USM_CONTACT, USM_CONTACT_BIRTHDAY, 0, 1},
        {USM_CONTACT, USM_CONTACT_BIRTHDAY, APR_INT64_C(-62135000000000), 0},
        {USM_CONTACT, USM_CONTACT_BIRTHDAY, APR_INT64_C(-62134000000000), 1},
        {USM_CONTACT, USM_CONTACT_BIRTHDAY, APR_INT64_C(569000000000000), 0},
        {USM_EVENT, USM_EVENT_START, APR_INT64_MAX, 0},
        {USM_EVENT, USM_EVENT_REMINDER, APR_INT64_MAX, 1}, /* no time */
        {USM_TASK, USM_TASK_DUE, APR_INT64_MIN, 0},
        {USM_EMAIL, USM_EMAIL_RECEIVED, APR_INT64_C(253402000000001), 0},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        usm_item_t *item = usm_item_create(rows[i].cls, pool);
        usm_item_set_num(item, rows[i].field, rows[i].value);
        if ((eas_map_fault(item, pool) == NULL) != rows[i].good)
            fail_msg("row %zu", i);
    }
    usm_item_t *series = usm_item_create(USM_EVENT, pool), *changed = usm_item_create(USM_EVENT, pool);
    usm_exception_t one = {.day = 0, .item = changed};
    usm_exceptions_t list = {.count = 1, .items = &one};
    usm_item_set_ptr(series, USM_EVENT_EXCEPTIONS, &list);
    usm_item_set_num(changed, USM_EVENT_END, 1000);
    assert_null(eas_map_fault(series, pool));
    usm_item_set_num(changed, USM_EVENT_END, APR_INT64_MAX);
    assert_non_null(eas_map_fault(series, pool));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        POOL_TEST(test_round_trip), POOL_TEST(test_versions),     POOL_TEST(test_passed_over), POOL_TEST(test_ghosted),
        POOL_TEST(test_kept),       POOL_TEST(test_changed_mail), POOL_TEST(test_fetch),
        POOL_TEST(test_fault),
    };
    return RUN_TESTS(tests);
}
