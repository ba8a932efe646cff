/* SPDX-License-Identifier: Apache-2.0 */
/* Tests: wbxml_text.c */
#include "wbxml_test.h"

#include "wbxml/wbxml_text.h"

/* Hex, length of the good prefix, length of what is bad there, hex after cleaning. */
static const struct {
    const char *text;
    size_t good, bad;
    const char *clean;
} rows[] = {
    {"", 0, 0, ""},
    {"'plain text, longer than eight bytes'", 35, 0, "'plain text, longer than eight bytes'"},
    {"09 0A 0D 20 7E 7F", 6, 0, "09 0A 0D 20 7E 7F"},
    {"'a' 00 'b'", 1, 1, "'a' EF BF BD 'b'"},
    {"'12345678' 1F", 8, 1, "'12345678' EF BF BD"},
    {"'1234567' 1F '9'", 7, 1, "'1234567' EF BF BD '9'"},
    {"0B", 0, 1, "EF BF BD"},
    {"C3 A4 C3 B6", 4, 0, "C3 A4 C3 B6"},
    {"E2 82 AC F0 9F 98 80", 7, 0, "E2 82 AC F0 9F 98 80"},
    {"'x' 80 'y'", 1, 1, "'x' EF BF BD 'y'"},
    {"C0 80", 0, 1, "EF BF BD EF BF BD"},
    {"C1 BF", 0, 1, "EF BF BD EF BF BD"},
    {"C2", 0, 1, "EF BF BD"},
    {"C2 'a'", 0, 1, "EF BF BD 'a'"},
    {"E2 82", 0, 2, "EF BF BD"},
    {"E2 82 'a'", 0, 2, "EF BF BD 'a'"},
    {"E0 9F BF", 0, 3, "EF BF BD"},
    {"E0 A0 80", 3, 0, "E0 A0 80"},
    {"ED 9F BF", 3, 0, "ED 9F BF"},
    {"ED A0 80", 0, 3, "EF BF BD"},
    {"ED BF BF 'z'", 0, 3, "EF BF BD 'z'"},
    {"EE 80 80", 3, 0, "EE 80 80"},
    {"EF BF BD", 3, 0, "EF BF BD"},
    {"EF BF BE", 0, 3, "EF BF BD"},
    {"EF BF BF", 0, 3, "EF BF BD"},
    {"F0 8F BF BF", 0, 4, "EF BF BD"},
    {"F0 90 80 80", 4, 0, "F0 90 80 80"},
    {"F4 8F BF BF", 4, 0, "F4 8F BF BF"},
    {"F4 90 80 80", 0, 4, "EF BF BD"},
    {"F5 80 80 80", 0, 1, "EF BF BD EF BF BD EF BF BD EF BF BD"},
    {"FF FE", 0, 1, "EF BF BD EF BF BD"},
    {"F0 9F 98", 0, 3, "EF BF BD"},
};

static void test_check(void **state)
{
    size_t i;

    for (i = 0; i < COUNT(rows); i++) {
        size_t len, bad = 0;
        char *text = test_bytes(rows[i].text, &len, *state);

        if (eas_xml_check(text, len, &bad) != rows[i].good || bad != rows[i].bad ||
            eas_xml_check(text, len, NULL) != rows[i].good) {
            fail_msg("row %zu: good %zu, bad %zu", i, (size_t)eas_xml_check(text, len, NULL), bad);
        }
    }
}

static void test_clean(void **state)
{
    size_t i;

    for (i = 0; i < COUNT(rows); i++) {
        size_t len, want_len;
        char *text = test_bytes(rows[i].text, &len, *state);
        char *want = test_bytes(rows[i].clean, &want_len, *state);
        const char *clean = eas_xml_clean(text, &len, *state);

        if (len != want_len || memcmp(clean, want, len) != 0 || (rows[i].bad == 0 && clean != text) ||
            (clean != text && clean[len] != '\0')) {
            fail_msg("row %zu: %s", i, test_hex(clean, len, *state));
        }
    }
}

/* Decodes one character by the definition of UTF-8 alone: 0 when there is none that XML allows. */
static size_t slow_char(const unsigned char *s, size_t len)
{
    unsigned long c;
    size_t need = s[0] < 0x80 ? 1 : s[0] >= 0xF0 ? 4 : s[0] >= 0xE0 ? 3 : 2, i;

    if (need > len || (s[0] & 0xC0) == 0x80 || s[0] >= 0xF8) {
        return 0;
    }
    c = need == 1 ? s[0] : s[0] & ((1u << (7 - need)) - 1);
    for (i = 1; i < need; i++) {
        if (s[i] < 0x80 || s[i] > 0xBF) {
            return 0;
        }
        c = c * 64 + s[i] - 0x80;
    }
    if (need != (c < 0x80 ? 1u : c < 0x800 ? 2u : c < 0x10000 ? 3u : 4u)) {
        return 0;
    }
    return c == 9 || c == 10 || c == 13 || (c >= 0x20 && c <= 0xD7FF) || (c >= 0xE000 && c <= 0xFFFD) ||
                   (c >= 0x10000 && c <= 0x10FFFF)
               ? need
               : 0;
}

static void test_check_against_the_definition(void **state)
{
    static const char *const pieces[] = {"abc",      "\r\n", "\xC3\xA4",     "\xE2\x82\xAC", "\xF0\x9F\x98\x80",
                                         "\x01",     "\x80", "\xED\xA0\x80", "\xEF\xBF\xBE", "\xE2\x82",
                                         "01234567", "\x1F", "\x7F",         "\xFF"};
    uint64_t seed = 20260101;
    int round;

    for (round = 0; round < 20000; round++) {
        char text[160];
        size_t len = 0, want = 0, n, bad, clean_len;
        const char *clean;
        int i, count = (int)(test_random(&seed) % 16);

        for (i = 0; i < count; i++) {
            const char *piece = pieces[test_random(&seed) % (test_random(&seed) % 4 == 0 ? COUNT(pieces) : 5)];

            memcpy(text + len, piece, strlen(piece));
            len += strlen(piece);
        }
        while (want < len && (n = slow_char((unsigned char *)text + want, len - want)) > 0) {
            want += n;
        }
        if (eas_xml_check(text, len, &bad) != want) {
            fail_msg("round %d: %s", round, test_hex(text, len, *state));
        }
        clean_len = len;
        clean = eas_xml_clean(text, &clean_len, *state);
        if (eas_xml_check(clean, clean_len, NULL) != clean_len) {
            fail_msg("round %d: not clean: %s", round, test_hex(clean, clean_len, *state));
        }
        if (round % 500 == 0) {
            apr_pool_clear(*state);
        }
    }
}

static void test_tail_and_cut(void **state)
{
    static const struct {
        const char *text;
        size_t max, cut, tail;
    } cuts[] = {
        {"'abc'", 5, 3, 0},
        {"'abc'", 2, 2, 0},
        {"'a' C3 A4", 2, 1, 0},
        {"'a' C3 A4", 3, 3, 0},
        {"'a' C3", 9, 2, 1},
        {"F0 9F 98 80 'x'", 3, 0, 0},
        {"F0 9F 98 80", 4, 4, 0},
        {"E2 82", 2, 2, 2},
        {"E2 82 AC E2 82", 4, 3, 2},
        {"F0 9F 98", 3, 3, 3},
        {"80 80 80 80", 3, 3, 0},
        {"'abc'", 0, 0, 0},
        {"", 0, 0, 0},
    };
    size_t i;

    for (i = 0; i < COUNT(cuts); i++) {
        size_t len;
        char *text = test_bytes(cuts[i].text, &len, *state);

        if (eas_utf8_cut(text, len, cuts[i].max) != cuts[i].cut || eas_xml_tail(text, len) != cuts[i].tail) {
            fail_msg("row %zu: cut %zu, tail %zu", i, (size_t)eas_utf8_cut(text, len, cuts[i].max),
                     (size_t)eas_xml_tail(text, len));
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        POOL_TEST(test_check),
        POOL_TEST(test_clean),
        POOL_TEST(test_check_against_the_definition),
        POOL_TEST(test_tail_and_cut),
    };

    return RUN_TESTS(tests);
}
