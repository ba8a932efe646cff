/* SPDX-License-Identifier: Apache-2.0 */
/* Tests: ox_conv_people.c ox_conv_simple.c ox_map.c */
/* Each row of usm/tbl: random value → JSON → row of columns → item → the same value. */
#include "ox_test.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#include <apr_strings.h>
#include <stdlib.h>
#include <string.h>
#include <usm/recur.h>
#include "ox/ox_map.h"

static apr_pool_t *pool;
static const usm_class_e classes[] = {USM_CONTACT, USM_EVENT, USM_TASK};

static const char *random_text(apr_pool_t *p)
{
    static const char *const words[] = {"a",  "Meier", "\xc3\xbc", "\xf0\x9f\x98\x80", "\"x\"", "<&>", " ",
                                        "\\", "1",     "z\t"};
    const char *text = "t";
    for (int n = rand() % 8; n > 0; n--)
        text = apr_pstrcat(p, text, words[rand() % 10], NULL);
    return text;
}

/* Set a random value of the field's type. */
static void set_random(usm_item_t *item, const ox_field_t *f)
{
    apr_pool_t *p = item->pool;
    switch (f->type) {
    case USM_T_TEXT:
    case USM_T_EMAIL:
        usm_item_set_text(item, f->field, random_text(p));
        break;
    case USM_T_ZONE:
        usm_item_set_text(item, f->field, rand() % 2 ? "Europe/Berlin" : "America/New_York");
        break;
    case USM_T_DATE:
        usm_item_set_num(item, f->field, (rand() % 60000 - 20000) * USM_DAY_MS);
        break;
    case USM_T_EVTIME:
        usm_item_set_num(item, f->field,
                         (rand() % 30000) * USM_DAY_MS + (usm_item_num(item, USM_EVENT_ALL_DAY, 0) ? 0 : 61000));
        break;
    case USM_T_TIME:
        usm_item_set_num(item, f->field, (apr_int64_t)rand() * 1000 + 1);
        break;
    case USM_T_BOOL:
    case USM_T_TASKSTATE:
        usm_item_set_num(item, f->field, rand() % 2);
        break;
    case USM_T_BUSY:
        usm_item_set_num(item, f->field, rand() % 4);
        break;
    case USM_T_SENSITIVITY:
        usm_item_set_num(item, f->field, rand() % 2 ? USM_SENS_PRIVATE : USM_SENS_NORMAL);
        break;
    case USM_T_IMPORTANCE:
        usm_item_set_num(item, f->field, rand() % 3);
        break;
    case USM_T_REMINDER:
        usm_item_set_num(item, f->field, rand() % 10000);
        break;
    case USM_T_LIST: {
        static const char *const items[] = {"red", "gr\xc3\xbcn", "very blue"};
        usm_list_t *list = apr_palloc(p, sizeof *list);
        list->count = 1 + rand() % 3;
        list->items = apr_pmemdup(p, items, sizeof items);
        usm_item_set_ptr(item, f->field, list);
        break;
    }
    case USM_T_BODY: {
        const char *text = random_text(p);
        usm_item_set_ptr(item, f->field, ox_text_body(text, strlen(text), APR_UINT64_MAX, p));
        break;
    }
    default:
        break; /* INT, ATTENDEES, PICTURE: tests of their own */
    }
}

/* What OX would list of the object: its members by column. */
static ox_json_t *row_of(const ox_plan_t *plan, const ox_json_t *object, apr_pool_t *p)
{
    int count;
    const ox_field_t *fields = ox_map_fields(&count, plan->cls);
    ox_json_t *row = ox_json_array(p);
    for (int c = 0; c < plan->count; c++) {
        ox_json_t *value = NULL;
        for (int i = 0; i < count && !value; i++) {
            if (fields[i].column == plan->columns[c])
                value = ox_json_get(object, fields[i].key);
        }
        ox_json_add(row, value ? value : ox_json_parse("null", 4, p));
    }
    return row;
}

static usm_item_t *there_and_back(const usm_item_t *item, const usm_fieldset_t *fields, ox_json_t *object)
{
    static ox_plan_t plan;
    apr_pool_t *p = item->pool;
    ox_write_t w = {.object = object, .item = item, .fields = fields, .own_id = 4, .pool = p};
    usm_item_t *back = usm_item_create(item->cls, p);
    ox_map_write(&w);
    ox_plan_init(&plan, item->cls);
    ox_plan_fields(&plan, fields);
    ox_read_t r = {.plan = &plan, .row = row_of(&plan, object, p), .item = back, .own_id = 4};
    ox_map_read(&r, fields);
    return back;
}

static void test_rows(void **state)
{
    srand(20231120);
    for (int c = 0; c < 3; c++) {
        int count;
        const ox_field_t *fields = ox_map_fields(&count, classes[c]);
        for (int i = 0; i < count; i++) {
            for (int round = 0; round < 50; round++) {
                apr_pool_t *p;
                apr_pool_create(&p, pool);
                usm_item_t *item = usm_item_create(classes[c], p);
                usm_fieldset_t set = {{0}};
                if (classes[c] == USM_EVENT && rand() % 2)
                    usm_item_set_num(item, USM_EVENT_ALL_DAY, 1);
                set_random(item, &fields[i]);
                int skip_row = !usm_item_isset(item, fields[i].field) || fields[i].flags & USM_F_RO ||
                               strcmp(fields[i].key, "uid") == 0;
                USM_FIELDSET_ADD(&set, fields[i].field);
                if (classes[c] == USM_EVENT)
                    USM_FIELDSET_ADD(&set, USM_EVENT_ALL_DAY);
                usm_item_t *back = skip_row ? NULL : there_and_back(item, &set, ox_json_object(p));
                if (back && !usm_value_equal(fields[i].type, &item->v[fields[i].field], &back->v[fields[i].field]))
                    fail_msg("class %d, %s", (int)classes[c], fields[i].key);
                apr_pool_destroy(p);
            }
        }
    }
}

/* An empty field is written as what OX understands as "without" and read back as empty or the type's rest value. */
static void test_empty(void **state)
{
    for (int c = 0; c < 3; c++) {
        int count;
        const ox_field_t *fields = ox_map_fields(&count, classes[c]);
        for (int i = 0; i < count; i++) {
            usm_item_t *item = usm_item_create(classes[c], pool);
            usm_fieldset_t set = {{0}};
            usm_item_set_empty(item, fields[i].field);
            USM_FIELDSET_ADD(&set, fields[i].field);
            usm_item_t *back = there_and_back(item, &set, ox_json_object(pool));
            usm_state_e want = fields[i].column ? USM_EMPTY : USM_ABSENT;
            usm_state_e is = usm_item_state(back, fields[i].field);
            apr_int64_t num = is == USM_SET && fields[i].type != USM_T_ATTENDEES ? back->v[fields[i].field].u.num : 0;
            int rest = is == USM_SET && (num == 0 || (fields[i].type == USM_T_BUSY && num == USM_BUSY_BUSY) ||
                                         (fields[i].type == USM_T_IMPORTANCE && num == USM_IMP_NORMAL));
            if (is != want && !rest)
                fail_msg("class %d, %s: state %d", (int)classes[c], fields[i].key, (int)is);
        }
    }
}

/* Only what was asked for is written. */
static void test_only_fields(void **state)
{
    usm_item_t *item = usm_item_create(USM_CONTACT, pool);
    usm_fieldset_t set = {{0}};
    ox_json_t *o = ox_json_object(pool);
    usm_item_set_text(item, USM_CONTACT_FIRST_NAME, "A");
    usm_item_set_text(item, USM_CONTACT_LAST_NAME, "B");
    usm_item_set_text(item, USM_CONTACT_UID, "u");
    USM_FIELDSET_ADD(&set, USM_CONTACT_LAST_NAME);
    USM_FIELDSET_ADD(&set, USM_CONTACT_UID);
    ox_write_t w = {.object = o, .item = item, .fields = &set, .pool = pool};
    ox_map_write(&w);
    assert_string_equal(ox_json_dump(NULL, o, pool), "{\"last_name\":\"B\"}");
}

static const struct {
    const char *in;
    int state, status;
    const char *current, *out;
} state_rows[] = {
    {"3", 1, 1, NULL, NULL}, /* read: only status 3 is done */
    {"1", 0, 1, NULL, NULL},
    {"2", 0, 1, NULL, NULL},
    {"4", 0, 1, NULL, NULL},
    {"5", 0, 1, NULL, NULL},
    {NULL, 0, 0, "{\"status\":3}", "{\"status\":1,\"percent_completed\":0,\"date_completed\":null}"},
    {NULL, 0, 0, "{\"status\":2}", "{}"},
    {NULL, 0, 0, "{\"status\":5}", "{}"},
    {NULL, 0, 0, NULL, "{\"status\":1,\"percent_completed\":0,\"date_completed\":null}"},
};

static void test_task_state(void **state)
{
    for (size_t i = 0; i < sizeof state_rows / sizeof state_rows[0]; i++) {
        usm_item_t *item = usm_item_create(USM_TASK, pool);
        const ox_field_t *f = NULL;
        int count;
        const ox_field_t *fields = ox_map_fields(&count, USM_TASK);
        for (int k = 0; k < count; k++)
            f = fields[k].field == USM_TASK_STATE ? &fields[k] : f;
        if (state_rows[i].in) {
            ox_read_t r = {.item = item};
            ox_map_read_value(&r, f, ox_json_parse(state_rows[i].in, 1, pool));
            if (usm_item_num(item, USM_TASK_STATE, -1) != state_rows[i].state)
                fail_msg("row %d", (int)i);
            continue;
        }
        const char *now = state_rows[i].current;
        usm_fieldset_t set = {{0}};
        usm_item_set_num(item, USM_TASK_STATE, state_rows[i].state);
        USM_FIELDSET_ADD(&set, USM_TASK_STATE);
        ox_write_t w = {.object = ox_json_object(pool), .item = item, .fields = &set, .pool = pool,
                        .current = now ? ox_json_parse(now, strlen(now), pool) : NULL};
        ox_map_write(&w);
        if (strcmp(ox_json_dump(NULL, w.object, pool), state_rows[i].out) != 0)
            fail_msg("row %d: %s", (int)i, ox_json_dump(NULL, w.object, pool));
    }
}

/* ---- attendees ---- */

static usm_item_t *read_people(const char *participants, const char *users, const char *confirmations, int organizer,
                               const char *mail)
{
    static ox_plan_t plan;
    usm_item_t *item = usm_item_create(USM_EVENT, pool);
    usm_fieldset_t set = {{0}};
    ox_json_t *row = ox_json_array(pool);
    USM_FIELDSET_ADD(&set, USM_EVENT_ATTENDEES);
    USM_FIELDSET_ADD(&set, USM_EVENT_OWN_STATUS);
    ox_plan_init(&plan, USM_EVENT);
    ox_plan_fields(&plan, &set);
    for (int i = 0; i < plan.count; i++) {
        const char *text = plan.columns[i] == 220   ? participants
                           : plan.columns[i] == 221 ? users
                           : plan.columns[i] == 226 ? confirmations
                           : plan.columns[i] == 224 ? mail
                           : plan.columns[i] == 227 ? apr_itoa(pool, organizer)
                                                    : "null";
        ox_json_add(row, ox_json_parse(text, strlen(text), pool));
    }
    ox_read_t r = {.plan = &plan, .row = row, .item = item, .own_id = 4};
    ox_map_read(&r, &set);
    return item;
}

#define USERS                                                                                                          \
    "[{\"id\":4,\"display_name\":\"Anton\",\"confirm\":3},{\"id\":5,\"display_name\":\"Berta\",\"confirm\":2}]"
#define PARTICIPANTS                                                                                                   \
    "[{\"id\":4,\"type\":1},{\"id\":5,\"type\":1,\"mail\":\"berta@example.org\"},{\"type\":5,\"mail\":\"X@example."    \
    "net\","                                                                                                           \
    "\"display_name\":\"Ex\"},{\"id\":9,\"type\":3},{\"id\":2,\"type\":2}]"
#define CONFIRMATIONS "[{\"type\":5,\"mail\":\"x@example.net\",\"status\":1}]"

static void test_attendees(void **state)
{
    usm_item_t *item = read_people(PARTICIPANTS, USERS, CONFIRMATIONS, 4, "\"anton@example.org\"");
    const usm_attendees_t *a = item->v[USM_EVENT_ATTENDEES].u.attendees;
    assert_int_equal(a->count, 2);
    assert_string_equal(a->items[0].email, "berta@example.org");
    assert_int_equal(a->items[0].status, USM_ATT_DECLINED);
    assert_string_equal(a->items[1].email, "X@example.net");
    assert_int_equal(a->items[1].status, USM_ATT_ACCEPTED);
    assert_int_equal(usm_item_num(item, USM_EVENT_OWN_STATUS, -1), USM_ATT_TENTATIVE);

    /* Invited by a stranger: the user is an attendee, the stranger is not. */
    item = read_people("[{\"id\":4,\"type\":1},{\"type\":5,\"mail\":\"boss@example.net\"}]",
                       "[{\"id\":4,\"display_name\":\"Anton\",\"confirm\":0}]", "null", 0, "\"boss@example.net\"");
    a = item->v[USM_EVENT_ATTENDEES].u.attendees;
    assert_int_equal(a->count, 1);
    assert_string_equal(a->items[0].backend_ref, "4");
    assert_null(a->items[0].email);
    apr_array_header_t *ids = apr_array_make(pool, 2, sizeof(int));
    ox_attendees_unknown(ids, item);
    ox_attendees_unknown(ids, item);
    assert_int_equal(ids->nelts, 1);
    static const char found[] = "[[\"4\",\"Anton M\",\"anton@example.org\"]]";
    ox_attendees_resolve(item, ox_json_parse(found, sizeof found - 1, pool));
    assert_string_equal(item->v[USM_EVENT_ATTENDEES].u.attendees->items[0].email, "anton@example.org");
    ox_attendees_resolve(read_people(PARTICIPANTS, USERS, "null", 4, "null"), NULL);

    /* Nobody but the user. */
    item = read_people("[{\"id\":4,\"type\":1}]", "[{\"id\":4}]", "null", 4, "null");
    assert_int_equal(usm_item_state(item, USM_EVENT_ATTENDEES), USM_EMPTY);
}

static void test_attendees_write(void **state)
{
    static const char now[] = "{\"organizerId\":4,\"participants\":" PARTICIPANTS ",\"users\":" USERS "}";
    usm_attendee_t people[] = {{.email = "BERTA@example.org"}, {.email = "new@example.net", .name = "New"}};
    usm_attendees_t list = {2, people};
    usm_item_t *item = usm_item_create(USM_EVENT, pool);
    usm_fieldset_t set = {{0}};
    usm_item_set_ptr(item, USM_EVENT_ATTENDEES, &list);
    USM_FIELDSET_ADD(&set, USM_EVENT_ATTENDEES);
    ox_write_t w = {.object = ox_json_object(pool), .item = item, .fields = &set, .own_id = 4, .pool = pool,
                    .current = ox_json_parse(now, sizeof now - 1, pool)};
    ox_map_write(&w);
    assert_string_equal(ox_json_dump(NULL, w.object, pool),
                        "{\"participants\":[{\"type\":1,\"id\":4},{\"id\":9,\"type\":3},{\"id\":2,\"type\":2},"
                        "{\"type\":1,\"id\":5},{\"type\":5,\"mail\":\"new@example.net\",\"display_name\":\"New\"}]}");
}

/* ---- bodies ---- */

/* Times that nobody can reckon with are taken to the edge of those one can; the item is then one that has no text. */
static void test_far_times(void **state)
{
    static const char *const texts[] = {"9223372036854775807", "-9223372036854775808", "9.1e18", "8640000000000001",
                                        "-8640000000000001"};
    static const apr_int64_t limit = APR_INT64_C(8640000000000000);
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        const ox_json_t *list = ox_json_parse(apr_psprintf(pool, "[%s]", texts[i]), strlen(texts[i]) + 2, pool);
        apr_int64_t t = ox_json_time(ox_json_at(list, 0), 7);
        if (t != (texts[i][0] == '-' ? -limit : strchr(texts[i], '.') ? 7 : limit))
            fail_msg("row %zu: %s is %" APR_INT64_T_FMT, i, texts[i], t);
    }
    assert_int_equal(ox_json_time(NULL, 7), 7);
    for (size_t i = 0; i < 2; i++) {
        ox_plan_t plan;
        usm_fieldset_t all = {{0}};
        ox_json_t *row = ox_json_array(pool);
        usm_item_t *item = usm_item_create(USM_EVENT, pool);
        for (int f = 0; f < USM_EVENT_COUNT_; f++)
            USM_FIELDSET_ADD(&all, f);
        ox_plan_init(&plan, USM_EVENT);
        ox_plan_fields(&plan, &all);
        for (int k = 0; k < plan.count; k++) {
            int day = plan.columns[k] == 201 || plan.columns[k] == 202 || plan.columns[k] == 216;
            const char *text = day ? texts[i] : plan.columns[k] == 209 || plan.columns[k] == 215 ? "1" : "null";
            if (plan.columns[k] == 211)
                text = texts[i];
            ox_json_t *list = ox_json_parse(apr_psprintf(pool, "[%s]", text), strlen(text) + 2, pool);
            ox_json_add(row, plan.columns[k] == 211 ? list : ox_json_at(list, 0));
        }
        ox_read_t r = {.plan = &plan, .row = row, .item = item, .own_id = 4};
        ox_map_read(&r, &all);
        assert_int_equal(usm_item_num(item, USM_EVENT_START, 0), i ? -limit : limit);
        if (usm_item_isset(item, USM_EVENT_RECURRENCE))
            assert_true(usm_series_edge(item, pool) != USM_TIME_NONE);
    }
}

static void test_body(void **state)
{
    static const struct {
        const char *in;
        apr_uint64_t max;
        const char *out;
        int truncated;
    } body_rows[] = {
        {"hello", APR_UINT64_MAX, "hello", 0}, {"hello", 5, "hello", 0},        {"hello", 4, "hell", 1},
        {"hello", 0, "", 1},                   {"a\xc3\xbc" "b", 2, "a", 1},    {"a\xc3\xbc" "b", 3, "a\xc3\xbc", 1},
        {"\xf0\x9f\x98\x80", 3, "", 1},
    };
    for (size_t i = 0; i < sizeof body_rows / sizeof body_rows[0]; i++) {
        const usm_body_t *b = ox_text_body(body_rows[i].in, strlen(body_rows[i].in), body_rows[i].max, pool);
        if (strcmp(b->text.data, body_rows[i].out) != 0 || b->text.truncated != body_rows[i].truncated ||
            b->text.full_size != strlen(body_rows[i].in))
            fail_msg("row %d", (int)i);
    }
    /* Line ends of devices become those of OX; a form OX cannot hold changes nothing. */
    usm_item_t *item = usm_item_create(USM_TASK, pool);
    usm_fieldset_t set = {{0}};
    usm_body_t body = {.text = {.data = "a\r\nb\rc\n", .len = 7}};
    usm_item_set_ptr(item, USM_TASK_BODY, &body);
    USM_FIELDSET_ADD(&set, USM_TASK_BODY);
    ox_write_t w = {.object = ox_json_object(pool), .item = item, .fields = &set, .pool = pool};
    ox_map_write(&w);
    assert_string_equal(ox_json_dump(NULL, w.object, pool), "{\"note\":\"a\\nb\\rc\\n\"}");
    body = (usm_body_t){.html = {.data = "<p>", .len = 3}};
    w.object = ox_json_object(pool);
    ox_map_write(&w);
    assert_string_equal(ox_json_dump(NULL, w.object, pool), "{}");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows),           cmocka_unit_test(test_empty),     cmocka_unit_test(test_only_fields),
        cmocka_unit_test(test_task_state),     cmocka_unit_test(test_attendees), cmocka_unit_test(test_attendees_write),
        cmocka_unit_test(test_body),           cmocka_unit_test(test_far_times),
    };
    apr_initialize();
    apr_pool_create(&pool, NULL);
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    apr_pool_destroy(pool);
    apr_terminate();
    return failed;
}
