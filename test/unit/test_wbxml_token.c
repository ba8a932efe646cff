/* SPDX-License-Identifier: Apache-2.0 */
/* Tests: wbxml_token.c */
#include "wbxml_test.h"

#include "wbxml/wbxml_token.h"

static void test_rows(void **state)
{
    static const struct {
        unsigned tag, value;
        const char *page, *name, *xmlns;
        unsigned first, last;
        eas_type_t type;
    } rows[] = {
        {EAS_AirSync_Sync, 0x0005, "AirSync", "Sync", "AirSync:", 25, 255, EAS_TYPE_container},
        {EAS_AirSync_Version, 0x0011, "AirSync", "Version", "AirSync:", 25, 25, EAS_TYPE_string},
        {EAS_ComposeMail_Mime, 0x1510, "ComposeMail", "Mime", "ComposeMail:", 140, 255, EAS_TYPE_opaque},
        {EAS_AirSyncBase_Data, 0x110B, "AirSyncBase", "Data", "AirSyncBase:", 120, 255, EAS_TYPE_stringOrOpaque},
        {EAS_Find_Picture, 0x1922, "Find", "Picture", "Find:", 161, 255, EAS_TYPE_container},
        {EAS_AirSyncBase_InstanceId, 0x112D, "AirSyncBase", "InstanceId", "AirSyncBase:", 160, 255,
         EAS_TYPE_compactDateTime},
    };
    size_t i;

    for (i = 0; i < COUNT(rows); i++) {
        const eas_token_t *row = eas_token_find(rows[i].tag);

        if (row == NULL || rows[i].tag != rows[i].value || strcmp(row->name, rows[i].name) != 0 ||
            strcmp(row->page_name, rows[i].page) != 0 || strcmp(row->xmlns, rows[i].xmlns) != 0 ||
            row->min_version != rows[i].first || row->max_version != rows[i].last || row->type != rows[i].type) {
            fail_msg("row %zu", i);
        }
    }
}

static void test_every_row_is_found_both_ways(void **state)
{
    const eas_token_t *row = NULL;
    unsigned count = 0, last = 0;

    while ((row = eas_token_next(row)) != NULL) {
        unsigned tag = eas_token_tag(row);

        count++;
        if (tag <= last || eas_token_find(tag) != row || eas_token_by_name(row->page_name, row->name) != row ||
            strcmp(eas_page_name(row->page), row->page_name) != 0) {
            fail_msg("tag 0x%04X", tag);
        }
        last = tag;
    }
    assert_int_equal(count, EAS_TOKEN_COUNT);
    assert_int_equal(count, 655);
}

static void test_what_is_not_there(void **state)
{
    /* MS-ASWBXML leaves these free; the last ones are outside of all pages. */
    static const unsigned tags[] = {0x080F, 0x0F16, 0x1109, 0x122A, 0x1514, 0x1614, 0x190F,  0x191A,    0x191F,
                                    0x0000, 0x0004, 0x003F, 0x0045, 0x1A05, 0xFF05, 0x10005, 0xFFFFFFFF};
    size_t i;

    for (i = 0; i < COUNT(tags); i++) {
        if (eas_token_find(tags[i]) != NULL) {
            fail_msg("row %zu", i);
        }
    }
    assert_null(eas_page_name(26));
    assert_non_null(eas_page_name(25));
    assert_null(eas_token_by_name("AirSync", "Subject"));
    assert_null(eas_token_by_name("Airsync", "Sync"));
}

static void test_versions(void **state)
{
    static const struct {
        unsigned tag, version;
        int in;
    } rows[] = {
        {EAS_AirSync_Sync, 25, 1},
        {EAS_AirSync_Sync, 161, 1},
        {EAS_AirSync_Version, 25, 1},
        {EAS_AirSync_Version, 120, 0},
        {EAS_Find_Find, 160, 0},
        {EAS_Find_Find, 161, 1},
        {EAS_GetItemEstimate_Class, 121, 1},
        {EAS_GetItemEstimate_Class, 140, 0},
        {0x080F, 161, 0},
    };
    size_t i;

    for (i = 0; i < COUNT(rows); i++) {
        if (eas_token_in_version(rows[i].tag, rows[i].version) != rows[i].in) {
            fail_msg("row %zu", i);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows),
        cmocka_unit_test(test_every_row_is_found_both_ways),
        cmocka_unit_test(test_what_is_not_there),
        cmocka_unit_test(test_versions),
    };

    return RUN_TESTS(tests);
}
