/* SPDX-License-Identifier: Apache-2.0 */
/* Tests: item.c */
#include "test_core.h"

/* A value of each kind; two different ones for n = 1 and 2. */
static void set_value(usm_item_t *item, int field, int n)
{
    const usm_fieldinfo_t *info = usm_field(item->cls, field);
    const char *text = n == 1 ? "Grüße" : "other";
    switch (info->type) {
    case USM_T_LIST: {
        usm_list_t *list = apr_pcalloc(pool, sizeof *list);
        list->count = n;
        list->items = apr_pcalloc(pool, sizeof(char *) * 2);
        list->items[0] = "a";
        list->items[1] = "b";
        usm_item_set_ptr(item, field, list);
        return;
    }
    case USM_T_ADDRS: {
        usm_addrs_t *addrs = apr_pcalloc(pool, sizeof *addrs);
        addrs->count = 1;
        addrs->items = apr_pcalloc(pool, sizeof(usm_addr_t));
        addrs->items[0].addr = n == 1 ? "a@example.org" : "b@example.org";
        usm_item_set_ptr(item, field, addrs);
        return;
    }
    case USM_T_BODY: {
        usm_body_t *body = apr_pcalloc(pool, sizeof *body);
        body->text.data = text;
        body->text.len = strlen(text);
        usm_item_set_ptr(item, field, body);
        return;
    }
    case USM_T_PICTURE: {
        usm_blob_t *blob = apr_pcalloc(pool, sizeof *blob);
        blob->data = (const unsigned char *)text;
        blob->len = strlen(text);
        usm_item_set_ptr(item, field, blob);
        return;
    }
    case USM_T_ATTENDEES: {
        usm_attendees_t *list = apr_pcalloc(pool, sizeof *list);
        list->count = 1;
        list->items = apr_pcalloc(pool, sizeof(usm_attendee_t));
        list->items[0].email = "a@example.org";
        list->items[0].status = n;
        usm_item_set_ptr(item, field, list);
        return;
    }
    case USM_T_ATTACHMENTS: {
        usm_attachments_t *list = apr_pcalloc(pool, sizeof *list);
        list->count = 1;
        list->items = apr_pcalloc(pool, sizeof(usm_attachment_t));
        list->items[0].id = "1";
        list->items[0].name = text;
        usm_item_set_ptr(item, field, list);
        return;
    }
    case USM_T_MEETING: {
        usm_meetrecur_t rule = {.type = USM_RECUR_WEEKLY, .days = n};
        usm_meeting_t *meeting = apr_pcalloc(pool, sizeof *meeting);
        meeting->uid = text;
        meeting->recur = apr_pmemdup(pool, &rule, sizeof rule);
        usm_item_set_ptr(item, field, meeting);
        return;
    }
    case USM_T_FLAG: {
        usm_flag_t *flag = apr_pcalloc(pool, sizeof *flag);
        flag->status = n;
        usm_item_set_ptr(item, field, flag);
        return;
    }
    case USM_T_RECURRENCE: {
        usm_recurrence_t *rule = apr_pcalloc(pool, sizeof *rule);
        rule->interval = n;
        usm_item_set_ptr(item, field, rule);
        return;
    }
    case USM_T_EXCEPTIONS: {
        usm_exceptions_t *list = apr_pcalloc(pool, sizeof *list);
        list->count = 1;
        list->items = apr_pcalloc(pool, sizeof(usm_exception_t));
        list->items[0].day = USM_DAY_MS;
        if (n == 2) {
            usm_item_t *own = usm_item_create(USM_EVENT, pool);
            usm_item_set_empty(own, USM_EVENT_LOCATION);
            list->items[0].item = own;
        }
        usm_item_set_ptr(item, field, list);
        return;
    }
    case USM_T_TEXT:
    case USM_T_EMAIL:
    case USM_T_ZONE:
    case USM_T_FOLDERREF:
        usm_item_set_text(item, field, text);
        return;
    default:
        usm_item_set_num(item, field, n);
    }
}

/* Every field of every class: a copy is equal, another value is not, absent equals empty, and a digest finds just it.
 */
static void test_every_field(void **state)
{
    (void)state;
    for (int cls = 0; cls < USM_CLASS_COUNT; cls++) {
        for (int f = 0; f < usm_class_fields((usm_class_e)cls); f++) {
            const usm_fieldinfo_t *info = usm_field((usm_class_e)cls, f);
            usm_item_t *a = usm_item_create((usm_class_e)cls, pool), *b = usm_item_create((usm_class_e)cls, pool);
            const unsigned char *digests;
            apr_size_t len;
            usm_fieldset_t changed;
            set_value(a, f, 1);
            set_value(b, f, 2);
            usm_item_t *copy = usm_item_copy(a, pool);
            if (!usm_value_equal(info->type, &a->v[f], &copy->v[f]) || usm_value_equal(info->type, &a->v[f], &b->v[f]))
                fail_msg("class %d field %s: equality", cls, info->name);
            usm_item_digests(&digests, &len, a, pool);
            int kept = !(info->flags & USM_F_NODIGEST);
            if (len != (kept ? 7u : 0u) || usm_digest_diff(&changed, copy, digests, len) != 0)
                fail_msg("class %d field %s: digest of %d bytes", cls, info->name, (int)len);
            if (usm_digest_diff(&changed, b, digests, len) != kept || USM_FIELDSET_HAS(&changed, f) != (unsigned)kept)
                fail_msg("class %d field %s: change not seen", cls, info->name);
            usm_item_set_empty(b, f);
            assert_int_equal(usm_value_digest(info->type, &b->v[f]), 0);
        }
    }
}

static void test_bounds(void **state)
{
    (void)state;
    assert_null(usm_field(USM_CONTACT, -1));
    assert_null(usm_field(USM_CONTACT, usm_class_fields(USM_CONTACT)));
    assert_int_equal(usm_class_fields(USM_CLASS_COUNT), 0);
    assert_int_equal(usm_digest_of((const unsigned char *)"\1\2", 2, 1), 0); /* cut short */
    usm_item_t *item = usm_item_create(USM_CONTACT, pool);
    usm_item_set_text(item, USM_CONTACT_FIRST_NAME, "");
    assert_int_equal(usm_item_state(item, USM_CONTACT_FIRST_NAME), USM_EMPTY);
    assert_null(usm_item_text(item, USM_CONTACT_FIRST_NAME));
    assert_int_equal(usm_item_num(item, USM_CONTACT_BIRTHDAY, 42), 42);
}

/* Line ends and blanks at the end of a body change on every trip and are no edit. */
static void test_body_digest(void **state)
{
    static const struct {
        const char *a, *b;
        int same;
    } rows[] = {{"x\r\ny", "x\ny", 1},  {"x\n", "x", 1},     {"x \r\n\r\n", "x", 1}, {"x\ry", "x\ny", 1},
                {"x\n\ny", "x\ny", 0}, {" x", "x", 0},      {"\n", "", 1},          {"x\r\n\r\ny", "x\n\ny", 1}};
    (void)state;
    for (unsigned i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        usm_body_t a = {.text = {.data = rows[i].a, .len = strlen(rows[i].a)}};
        usm_body_t b = {.text = {.data = rows[i].b, .len = strlen(rows[i].b)}};
        usm_value_t va = {.state = USM_SET, .u.body = &a}, vb = {.state = USM_SET, .u.body = &b};
        if (usm_value_equal(USM_T_BODY, &va, &vb) != rows[i].same)
            fail_msg("row %u", i);
    }
}

/* Neither order nor the case of addresses makes another list of attendees; an answer does. */
static void test_attendee_digest(void **state)
{
    usm_attendee_t one[] = {{.email = "a@x.org", .status = 1}, {.email = "b@x.org"}};
    usm_attendee_t two[] = {{.email = "B@x.org"}, {.email = "A@X.org", .status = 1, .name = "A"}};
    usm_attendee_t three[] = {{.email = "a@x.org"}, {.email = "b@x.org", .status = 1}};
    usm_attendees_t l[] = {{2, one}, {2, two}, {2, three}};
    usm_value_t v[3];
    (void)state;
    for (int i = 0; i < 3; i++)
        v[i] = (usm_value_t){.state = USM_SET, .u.attendees = &l[i]};
    assert_true(usm_value_equal(USM_T_ATTENDEES, &v[0], &v[1]));
    assert_false(usm_value_equal(USM_T_ATTENDEES, &v[0], &v[2]));
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_every_field), cmocka_unit_test(test_bounds),
                                       cmocka_unit_test(test_body_digest), cmocka_unit_test(test_attendee_digest)};
    return cmocka_run_group_tests_name("item", tests, pool_up, pool_down);
}
