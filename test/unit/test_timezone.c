/* SPDX-License-Identifier: Apache-2.0 */
/* Tests: eas_timezone.c */
/* Time zones: POSIX rules, blobs, and every zone of the system's data against the C library. */
#include "wbxml_test.h"

#include <time.h>

#include "eas_timezone.h"

#define ZONES "/usr/share/zoneinfo/tzdata.zi"
#define Y2026 APR_INT64_C(1767225600000)
/* The rule holds from the last change that a zone's file lists, which may lie a little ahead: British Columbia's did in
 * the data of 2026. */
#define SETTLED APR_INT64_C(1893456000000) /* 2030 */

static void test_posix(void **state)
{
    static const struct {
        const char *text;
        int good, std, dst, to_dst_month, to_dst_seconds, to_std_month;
    } rows[] = {
        {"UTC0", 1, 0, 0, 0, 0, 0},
        {"CET-1CEST,M3.5.0,M10.5.0/3", 1, 3600, 7200, 3, 7200, 10},
        {"EST5EDT,M3.2.0,M11.1.0", 1, -18000, -14400, 3, 7200, 11},
        {"<+0330>-3:30", 1, 12600, 12600, 0, 0, 0},
        {"<+1030>-10:30<+11>-11,M10.1.0,M4.1.0", 1, 37800, 39600, 10, 7200, 4},
        {"<-02>2<-01>,M3.5.0/-1,M10.5.0/0", 1, -7200, -3600, 3, -3600, 10},
        {"IST-2IDT,M3.4.4/26,M10.5.0", 1, 7200, 10800, 3, 93600, 10},
        /* Ireland: winter is the exception there; the meaning is that of the next row */
        {"IST-1GMT0,M10.5.0,M3.5.0/1", 1, 0, 3600, 3, 3600, 10},
        {"GMT0BST,M3.5.0/1,M10.5.0", 1, 0, 3600, 3, 3600, 10},
        {"XST-1XDT-1,M3.5.0,M10.5.0", 1, 3600, 3600, 0, 0, 0},
        {"", 0, 0, 0, 0, 0, 0},
        {"C-1", 0, 0, 0, 0, 0, 0},
        {"CET", 0, 0, 0, 0, 0, 0},
        {"<CET-1", 0, 0, 0, 0, 0, 0},
        {"CET-1CEST,J60,J300", 0, 0, 0, 0, 0, 0},
        {"CET-1CEST,M13.5.0,M10.5.0", 0, 0, 0, 0, 0, 0},
        {"CET-1CEST,M3.6.0,M10.5.0", 0, 0, 0, 0, 0, 0},
        {"CET-1CEST,M3.0.0,M10.5.0", 0, 0, 0, 0, 0, 0},
        {"CET-1CEST,M3.5.7,M10.5.0", 0, 0, 0, 0, 0, 0},
        {"CET-1CEST,M3.5.0", 0, 0, 0, 0, 0, 0},
        {"CET-1CEST,M3.5.0,M10.5.0/3 ", 0, 0, 0, 0, 0, 0},
        {"CET-1CEST,M3.5.0/,M10.5.0", 0, 0, 0, 0, 0, 0},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        eas_tzrule_t rule;
        int good = eas_tz_posix(&rule, rows[i].text);
        if (good != rows[i].good)
            fail_msg("row %zu (%s): %d", i, rows[i].text, good);
        if (good && (rule.std_offset != rows[i].std || rule.dst_offset != rows[i].dst ||
                     rule.to_dst.month != rows[i].to_dst_month || rule.to_dst.seconds != rows[i].to_dst_seconds ||
                     rule.to_std.month != rows[i].to_std_month))
            fail_msg("row %zu (%s): %d %d %d %d %d", i, rows[i].text, rule.std_offset, rule.dst_offset,
                     rule.to_dst.month, rule.to_dst.seconds, rule.to_std.month);
    }
}

static void test_names(void **state)
{
    static const char *const bad[] = {
        "",         "No/Such",           "Europe",          "/etc/passwd", "../../../etc/passwd",
        "zone.tab", "Europe/../Etc/UTC", "Europe/Ber\nlin", "tzdata.zi"};
    eas_tzrule_t rule;
    for (size_t i = 0; i < COUNT(bad); i++) {
        if (eas_tz_zone(&rule, bad[i], *state))
            fail_msg("row %zu (%s) is a zone", i, bad[i]);
    }
    assert_false(eas_tz_zone(&rule, NULL, *state));
    assert_true(eas_tz_zone(&rule, "Europe/Berlin", *state));
    assert_int_equal(rule.std_offset, 3600);
}

static void expect16(const unsigned char *p, int value, const char *what)
{
    if ((p[0] | p[1] << 8) != value)
        fail_msg("%s is %d, not %d", what, p[0] | p[1] << 8, value);
}

/* Berlin as Outlook writes it (names left out): the week is in `day`, the weekday in `dayOfWeek`. */
static void test_blob_bytes(void **state)
{
    eas_tzrule_t rule;
    unsigned char blob[EAS_TZ_BLOB];
    eas_tz_posix(&rule, "CET-1CEST,M3.5.0,M10.5.0/3");
    eas_tz_to_blob(blob, &rule);
    assert_memory_equal(blob, "\xC4\xFF\xFF\xFF", 4);
    assert_memory_equal(blob + 84, "\0\0\0\0", 4);
    assert_memory_equal(blob + 168, "\xC4\xFF\xFF\xFF", 4);
    static const int std[] = {0, 10, 0, 5, 3, 0, 0, 0}, dst[] = {0, 3, 0, 5, 2, 0, 0, 0};
    for (int i = 0; i < 8; i++) {
        expect16(blob + 68 + 2 * i, std[i], "a word of StandardDate");
        expect16(blob + 152 + 2 * i, dst[i], "a word of DaylightDate");
    }
    eas_tz_posix(&rule, "PST8PDT,M3.2.0,M11.1.0");
    eas_tz_to_blob(blob, &rule);
    assert_memory_equal(blob, "\xE0\x01\0\0", 4);
}

typedef void (*zone_fn)(const char *name, const eas_tzrule_t *rule, apr_pool_t *pool);

/* Calls FN for each zone and each link of the system's data. @return how many. */
static int each_zone(zone_fn fn, apr_pool_t *pool)
{
    char line[256], a[128], b[128];
    int count = 0;
    apr_pool_t *iterpool;
    FILE *file = fopen(ZONES, "r");
    assert_non_null(file);
    apr_pool_create(&iterpool, pool);
    while (fgets(line, sizeof line, file)) {
        const char *name;
        eas_tzrule_t rule;
        if (sscanf(line, "Z %127s", a) == 1)
            name = a;
        else if (sscanf(line, "L %127s %127s", a, b) == 2)
            name = b;
        else
            continue;
        apr_pool_clear(iterpool);
        if (!eas_tz_zone(&rule, name, iterpool))
            fail_msg("%s has no rule", name);
        fn(name, &rule, iterpool);
        count++;
    }
    fclose(file);
    return count;
}

/* The clocks of Morocco and Palestine follow the moon; their files list the dates up to 2087 and no rule can. */
static int follows_no_rule(const char *name)
{
    static const char *const names[] = {"Africa/Casablanca", "Africa/El_Aaiun", "Asia/Gaza", "Asia/Hebron"};
    for (size_t i = 0; i < COUNT(names); i++) {
        if (strcmp(name, names[i]) == 0)
            return 1;
    }
    return 0;
}

static void same_as_libc(const char *name, const eas_tzrule_t *rule, apr_pool_t *pool)
{
    uint64_t seed = 4711;
    if (follows_no_rule(name))
        return;
    setenv("TZ", name, 1);
    tzset();
    for (int i = 0; i < 200; i++) {
        usm_time_t t = SETTLED + (usm_time_t)test_random(&seed) * 100; /* about eleven years */
        time_t seconds = (time_t)(t / 1000);
        struct tm tm;
        localtime_r(&seconds, &tm);
        if (eas_tz_offset(rule, t) != tm.tm_gmtoff)
            fail_msg("%s at %lld: %d, the C library has %ld", name, (long long)seconds, eas_tz_offset(rule, t),
                     tm.tm_gmtoff);
    }
    /* To the second around the changes of some years. */
    for (time_t t = SETTLED / 1000; rule->to_dst.month && t < SETTLED / 1000 + 3 * 366 * 86400; t += 1799) {
        struct tm tm;
        localtime_r(&t, &tm);
        if (eas_tz_offset(rule, (usm_time_t)t * 1000) != tm.tm_gmtoff)
            fail_msg("%s at %lld", name, (long long)t);
    }
}

static void test_offsets(void **state)
{
    assert_true(each_zone(same_as_libc, *state) > 400);
    unsetenv("TZ");
    tzset();
}

static void blob_round_trip(const char *name, const eas_tzrule_t *rule, apr_pool_t *pool)
{
    unsigned char blob[EAS_TZ_BLOB];
    eas_tzrule_t back;
    int wrong = 0;
    eas_tz_to_blob(blob, rule);
    if (!eas_tz_from_blob(&back, blob, sizeof blob) || !eas_tz_same(rule, &back))
        fail_msg("the blob of %s is another rule", name);
    if (rule->dst_offset < rule->std_offset)
        fail_msg("%s has its summer in winter", name);
    /* What no SYSTEMTIME can say may cost a day and a bit at a change, never a week. */
    for (int day = 0; day < 12 * 366; day++) {
        usm_time_t t = Y2026 + day * USM_DAY_MS + 12 * 3600000;
        wrong += eas_tz_offset(rule, t) != eas_tz_offset(&back, t);
    }
    if (wrong > 2 * 12)
        fail_msg("the blob of %s is wrong on %d of %d days", name, wrong, 12 * 366);
}

static void test_blobs(void **state)
{
    each_zone(blob_round_trip, *state);
}

/* A blob is what is in force now. At 200 instants of the next years each zone's is held against the zone's own history,
 * and where the two differ the reason is one of these: */
static const struct {
    const char *name;
    int most; /* of 200 */
} by_the_moon[] = {
    /* Summer time ends and begins again around Ramadan, on other dates each year: about one month in twelve (Gaza and
     * Hebron: about two weeks) is an hour off. No rule can say that. */
    {"Africa/Casablanca", 40}, {"Africa/El_Aaiun", 40}, {"Asia/Gaza", 30}, {"Asia/Hebron", 30}};

/* ... a change of the clock outside of its day ("the eve of the last Sunday, 23:00"; "26 o'clock"), which SYSTEMTIME
 * cannot hold and which is moved to the edge of the day: wrong for some hours, twice a year at most. */
static int outside_of_day(const eas_tzrule_t *rule)
{
    return rule->to_dst.month && (rule->to_dst.seconds < 0 || rule->to_dst.seconds >= 86400 ||
                                  rule->to_std.seconds < 0 || rule->to_std.seconds >= 86400);
}

static int moon_days(const char *name)
{
    for (size_t i = 0; i < COUNT(by_the_moon); i++) {
        if (strcmp(by_the_moon[i].name, name) == 0)
            return by_the_moon[i].most;
    }
    return 0;
}

/* The rule for an instant, out of the blob as devices read it; the zone's own offset from the C library. */
static void blob_tells_the_zone(const char *name, const eas_tzrule_t *rule, apr_pool_t *pool)
{
    unsigned char blob[EAS_TZ_BLOB];
    eas_tzrule_t told;
    uint64_t seed = 200;
    int wrong = 0, most = moon_days(name);
    eas_tz_to_blob(blob, rule);
    assert_true(eas_tz_from_blob(&told, blob, sizeof blob));
    setenv("TZ", name, 1);
    tzset();
    for (int i = 0; i < 200; i++) {
        usm_time_t t = SETTLED + (usm_time_t)test_random(&seed) * 100;
        time_t seconds = (time_t)(t / 1000);
        struct tm tm;
        localtime_r(&seconds, &tm);
        wrong += eas_tz_offset(&told, t) != tm.tm_gmtoff;
    }
    if (outside_of_day(rule))
        most += 3; /* two days a year at the most: one instant in 180 */
    if (wrong > most)
        fail_msg("the blob of %s is wrong at %d of 200 instants", name, wrong);
}

/* What a device sends back of a zone is a zone with that very rule, whatever the user's own is. */
static void blob_finds_a_zone(const char *name, const eas_tzrule_t *rule, apr_pool_t *pool)
{
    unsigned char blob[EAS_TZ_BLOB];
    eas_tzrule_t told, found;
    eas_tz_to_blob(blob, rule);
    assert_true(eas_tz_from_blob(&told, blob, sizeof blob));
    const char *zone = eas_tz_find(&told, "Europe/Berlin", pool);
    if (!zone || !eas_tz_zone(&found, zone, pool) || !eas_tz_same(rule, &found))
        fail_msg("the blob of %s is read as %s", name, zone ? zone : "none");
}

static void test_zone_blobs(void **state)
{
    assert_true(each_zone(blob_tells_the_zone, *state) > 400);
    unsetenv("TZ");
    tzset();
    each_zone(blob_finds_a_zone, *state);
}

static void local_round_trip(const char *name, const eas_tzrule_t *rule, apr_pool_t *pool)
{
    uint64_t seed = 99;
    for (int i = 0; i < 100; i++) {
        usm_time_t t = Y2026 + (usm_time_t)test_random(&seed) * 100, day = t - t % USM_DAY_MS;
        usm_time_t utc = eas_tz_to_utc(rule, day), local = utc + eas_tz_offset(rule, utc) * APR_INT64_C(1000);
        /* Midnight does not exist on days that begin with the change to summer time. */
        if (local != day && local != day + 3600000)
            fail_msg("%s: midnight of %lld comes back as %lld", name, (long long)day, (long long)local);
    }
}

static void test_to_utc(void **state)
{
    each_zone(local_round_trip, *state);
}

static void put(unsigned char *blob, int at, int value)
{
    blob[at] = (unsigned char)value;
    blob[at + 1] = (unsigned char)(value >> 8);
}

static void test_broken_blobs(void **state)
{
    static const struct {
        int at, value, good;
    } rows[] = {
        {0, 1441, 0},    {2, 0x8000, 0},   {86, 0x8000, 0}, {170, 0x8000, 0}, {84, -1441, 0},   {84, 1439, 0},
        {168, -1439, 0}, {70, 13, 0},      {154, 255, 0},   {72, 7, 0},       {156, 0xFFFF, 0}, {74, 0, 0},
        {74, 6, 0},      {158, 0xFFFF, 0}, {76, 25, 0},     {160, 0xFFFF, 0}, {78, 0xFFFF, 0},  {76, 24, 1},
        {80, 59, 1},     {82, 999, 1},     {4, 0x41, 1},    {68, 2026, 1},    {68, 0xFFFF, 1},
    };
    unsigned char blob[EAS_TZ_BLOB + 8] = {0};
    eas_tzrule_t rule, berlin;
    eas_tz_posix(&berlin, "CET-1CEST,M3.5.0,M10.5.0/3");
    for (size_t i = 0; i < COUNT(rows); i++) {
        eas_tz_to_blob(blob, &berlin);
        put(blob, rows[i].at, rows[i].value);
        if (eas_tz_from_blob(&rule, blob, EAS_TZ_BLOB) != rows[i].good)
            fail_msg("row %zu: offset %d value %d", i, rows[i].at, rows[i].value);
    }
    eas_tz_to_blob(blob, &berlin);
    for (apr_size_t len = 0; len < sizeof blob; len++) {
        if (eas_tz_from_blob(&rule, (unsigned char *)test_exact(blob, len, *state), len) != (len == EAS_TZ_BLOB))
            fail_msg("a blob of %zu bytes", (size_t)len);
    }
}

/* One of the two dates alone, or a summer time that changes nothing, is no summer time. */
static void test_half_blobs(void **state)
{
    unsigned char blob[EAS_TZ_BLOB];
    eas_tzrule_t rule, berlin;
    eas_tz_posix(&berlin, "CET-1CEST,M3.5.0,M10.5.0/3");
    static const int cleared[] = {68, 152, 168};
    for (size_t i = 0; i < COUNT(cleared); i++) {
        eas_tz_to_blob(blob, &berlin);
        memset(blob + cleared[i], 0, cleared[i] == 168 ? 4 : 16);
        assert_true(eas_tz_from_blob(&rule, blob, sizeof blob));
        if (rule.to_dst.month || rule.to_std.month || rule.dst_offset != 3600 || eas_tz_offset(&rule, Y2026) != 3600)
            fail_msg("row %zu keeps half a summer time", i);
    }
}

static void test_find(void **state)
{
    static const struct {
        const char *rule, *prefer, *want;
    } rows[] = {
        {"CET-1CEST,M3.5.0,M10.5.0/3", NULL, "Europe/Berlin"},
        {"CET-1CEST,M3.5.0,M10.5.0/3", "Europe/Vienna", "Europe/Vienna"},
        {"CET-1CEST,M3.5.0,M10.5.0/3", "America/New_York", "Europe/Berlin"},
        {"EST5EDT,M3.2.0,M11.1.0", "No/Such", "America/New_York"},
        {"GMT0BST,M3.5.0/1,M10.5.0", "Europe/Dublin", "Europe/Dublin"},
        {"UTC0", "Europe/Berlin", "Etc/UTC"},
        /* made by a device from the dates of one year, in which the fourth Sunday was the last */
        {"CET-1CEST,M3.4.0,M10.4.0/3", "Europe/Vienna", "Europe/Vienna"},
        {"CET-1CEST,M3.4.0,M10.4.0/3", NULL, "Europe/Berlin"},
        {"IST-2IDT,M3.4.5/2,M10.5.0", NULL, "Asia/Jerusalem"},
        {"QQQ-1RRR,M5.1.0,M8.1.0", "Europe/Berlin", NULL},
        {"QQQ-1:17", "Europe/Berlin", NULL},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        eas_tzrule_t rule;
        assert_true(eas_tz_posix(&rule, rows[i].rule));
        const char *found = eas_tz_find(&rule, rows[i].prefer, *state);
        if (!found != !rows[i].want || (found && strcmp(found, rows[i].want) != 0))
            fail_msg("row %zu (%s): %s", i, rows[i].rule, found ? found : "none");
    }
}

/* A phone in Casablanca sends what its clock does this year: that is the user's own zone, and no other's. */
static void test_this_year(void **state)
{
    const usm_zone_t *zone = usm_zone_open("Africa/Casablanca", *state);
    usm_time_t now = usm_date_floor(apr_time_as_msec(apr_time_now())), changes[2] = {0, 0};
    eas_tzrule_t rule = {.std_offset = 0, .dst_offset = 3600};
    int year, month, day, weekday, count = 0;
    usm_date_split(now, &year, NULL, NULL, NULL);
    for (usm_time_t t = usm_date_make(year, 1, 1); t < usm_date_make(year + 1, 1, 1); t += 3600000) {
        int before = usm_zone_offset(zone, t - 3600000), after = usm_zone_offset(zone, t);
        count += before != after;
        if (before != after && !changes[after == 3600])
            changes[after == 3600] = t + before * 1000;
    }
    if (count != 2) /* a year that has two Ramadans, or a half: no rule tells it */
        return;
    eas_tzchange_t *const set[] = {&rule.to_std, &rule.to_dst};
    for (int i = 0; i < 2; i++) {
        usm_date_split(changes[i], NULL, &month, &day, &weekday);
        *set[i] = (eas_tzchange_t){month, (day + 6) / 7, weekday, (int)(changes[i] % USM_DAY_MS / 1000)};
    }
    assert_string_equal(eas_tz_find(&rule, "Africa/Casablanca", *state), "Africa/Casablanca");
    const char *other = eas_tz_find(&rule, "Europe/Berlin", *state);
    assert_true(!other || strcmp(other, "Europe/Berlin") != 0);
}

/* A blob with absolute dates stands for the rule of its year. */
static void test_absolute_dates(void **state)
{
    unsigned char blob[EAS_TZ_BLOB];
    eas_tzrule_t rule;
    eas_tz_posix(&rule, "CET-1CEST,M3.5.0,M10.5.0/3");
    eas_tz_to_blob(blob, &rule);
    put(blob, 68, 2026); /* 2026-10-25, a Sunday */
    put(blob, 74, 25);
    put(blob, 152, 2026); /* 2026-03-29, a Sunday */
    put(blob, 158, 29);
    assert_true(eas_tz_from_blob(&rule, blob, sizeof blob));
    assert_int_equal(rule.to_dst.weekday, 0);
    assert_int_equal(rule.to_std.weekday, 0);
    assert_string_equal(eas_tz_find(&rule, "Europe/Paris", *state), "Europe/Paris");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        POOL_TEST(test_posix),      POOL_TEST(test_names),          POOL_TEST(test_blob_bytes),
        POOL_TEST(test_offsets),    POOL_TEST(test_blobs),          POOL_TEST(test_zone_blobs),
        POOL_TEST(test_to_utc),     POOL_TEST(test_broken_blobs),   POOL_TEST(test_half_blobs),
        POOL_TEST(test_this_year),  POOL_TEST(test_find),           POOL_TEST(test_absolute_dates),
    };
    return RUN_TESTS(tests);
}
