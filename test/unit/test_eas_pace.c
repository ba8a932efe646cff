/* SPDX-License-Identifier: Apache-2.0 */
/* Tests: eas_pace.c */
/* Who is slowed, who is not, and when it ends: stories of devices, by the clock. */
#include "eas_test.h"

#include <apr_thread_proc.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "eas_pace.h"

static const eas_pace_limits_t limits = {.burst = 120, .rate = 12, .repeats = 8}; /* the defaults */
static eas_pace_t *pace;
static apr_time_t clock_now;
static unsigned tells;

static int start(void **state)
{
    pace = eas_pace_table(calloc(1, eas_pace_size()));
    clock_now = apr_time_from_sec(1700000000);
    tells = 0;
    return pace == NULL;
}

static int end(void **state)
{
    free(pace);
    return 0;
}
#define PACE_TEST(function) cmocka_unit_test_setup_teardown(function, start, end)

/* A request; 0 when it was refused. BODY NULL: it is like none before. */
static int ask(const char *device, int command, int is_paced, const char *body, eas_pace_result_e result)
{
    static int serial;
    char fresh[32];
    eas_pace_request_t request = {.is_paced = is_paced, .now = clock_now};
    unsigned count;
    int tell;

    snprintf(fresh, sizeof(fresh), "fresh %d", serial++);
    body = body != NULL ? body : fresh;
    request.device = eas_pace_device("1/4", device);
    request.what = eas_pace_what(command, body, strlen(body));
    request.is_poll = *body == '\0';
    if (eas_pace_ask(&tell, &count, pace, &limits, &request) != EAS_PACE_GO) {
        tells += (unsigned)tell;
        return 0;
    }
    eas_pace_note(pace, &limits, &request, result);
    return 1;
}

/* How many of N requests are served, one every STEP_MS. */
static int served(int n, int step_ms, const char *body, eas_pace_result_e result)
{
    int good = 0;

    for (int i = 0; i < n; i++) {
        good += ask("phone", 0, 1, body, result);
        clock_now += apr_time_from_msec(step_ms);
    }
    return good;
}

static void test_healthy(void **state)
{
    static const struct {
        const char *what, *body;
        int n, step_ms;
        eas_pace_result_e result;
    } rows[] = {
        {"first sync of a large mailbox", NULL, 5000, 50, EAS_PACE_NEWS},
        {"four repeats of a lost answer", "same", 5, 2000, EAS_PACE_NEWS},
        {"eight repeats at once", "same", 9, 0, EAS_PACE_NEWS},
        {"a poll every quarter of an hour", "poll", 500, 900000, EAS_PACE_IDLE},
        {"a poll every ten seconds for a day", "poll", 8640, 10000, EAS_PACE_IDLE},
        {"twenty refreshes in a row", "poll", 20, 500, EAS_PACE_IDLE},
        {"long waits that end at once when it is busy", "", 1000, 100, EAS_PACE_WAITED},
        {"errors now and then", NULL, 500, 10000, EAS_PACE_FAILED},
    };

    for (size_t i = 0; i < COUNT(rows); i++) {
        end(NULL);
        start(NULL);
        int good = served(rows[i].n, rows[i].step_ms, rows[i].body, rows[i].result);
        if (good != rows[i].n) {
            fail_msg("%s: %d of %d served", rows[i].what, good, rows[i].n);
        }
    }
}

/* A busy mailbox: Ping says "changes" at once, Sync fetches them, and again. */
static void test_busy_mailbox(void **state)
{
    for (int i = 0; i < 2000; i++) {
        assert_true(ask("phone", 18, 1, "", EAS_PACE_NEWS));
        assert_true(ask("phone", 0, 1, NULL, EAS_PACE_NEWS));
        clock_now += apr_time_from_msec(500);
    }
}

static void test_loops(void **state)
{
    static const struct {
        const char *what, *body;
        int n, step_ms, least, most;
        eas_pace_result_e result;
    } rows[] = {
        {"the same key and body, answered each time", "same", 1000, 1000, 15, 60, EAS_PACE_NEWS},
        {"the same refused request", "same", 1000, 1000, 15, 60, EAS_PACE_FAILED},
        {"Ping that answers at once, and no Sync", "", 1000, 1000, 15, 60, EAS_PACE_NEWS},
        {"a storm of questions", "poll", 6000, 10, 121, 140, EAS_PACE_IDLE},
        {"a storm of other refused requests", NULL, 6000, 10, 121, 140, EAS_PACE_FAILED},
    };

    for (size_t i = 0; i < COUNT(rows); i++) {
        end(NULL);
        start(NULL);
        int good = served(rows[i].n, rows[i].step_ms, rows[i].body, rows[i].result);
        unsigned lines = ((unsigned)rows[i].n * (unsigned)rows[i].step_ms + 599999) / 600000;
        if (good < rows[i].least || good > rows[i].most || tells != lines) {
            fail_msg("%s: %d of %d served, told %u times", rows[i].what, good, rows[i].n, tells);
        }
    }
}

/* Key 0, then the new key, then key 0 again: each second request is new, and still it is a loop. */
static void test_start_over_for_ever(void **state)
{
    int rounds = 0;

    while (rounds < 1000 && ask("phone", 0, 1, "key 0", EAS_PACE_NEWS) && ask("phone", 0, 1, NULL, EAS_PACE_NEWS)) {
        clock_now += apr_time_from_sec(1);
        rounds++;
    }
    assert_in_range(rounds, 15, 40);
    /* What has nothing to do with it still goes through; the same message again and again does not. */
    assert_true(ask("phone", 1, 0, NULL, EAS_PACE_NEWS));
    for (rounds = 0; ask("phone", 1, 0, "mail", EAS_PACE_FAILED); rounds++) {
        assert_in_range(rounds, 0, 20);
    }
    assert_in_range(rounds, 8, 10);
}

static void test_it_ends(void **state)
{
    assert_in_range(served(400, 10, "poll", EAS_PACE_IDLE), 121, 125);
    assert_false(ask("phone", 0, 1, NULL, EAS_PACE_NEWS));
    assert_true(ask("other phone", 0, 1, "poll", EAS_PACE_IDLE));
    clock_now += apr_time_from_sec(60);
    assert_in_range(served(400, 10, "poll", EAS_PACE_IDLE), 11, 14);
    clock_now += apr_time_from_sec(3600);
    assert_in_range(served(400, 10, "poll", EAS_PACE_IDLE), 121, 125);
    clock_now -= apr_time_from_sec(7200); /* a clock that is put back neither forgives nor harms for ever */
    served(10, 10, "poll", EAS_PACE_IDLE);
    clock_now += apr_time_from_sec(3600);
    assert_true(ask("phone", 0, 1, NULL, EAS_PACE_NEWS));
}

/* More devices than there are slots: the bad one is not forgotten. */
static void test_crowd(void **state)
{
    served(400, 10, "poll", EAS_PACE_IDLE);
    for (int i = 0; i < 20000; i++) {
        char device[16];

        snprintf(device, sizeof(device), "d%d", i);
        assert_true(ask(device, 0, 1, "poll", EAS_PACE_IDLE));
    }
    assert_false(ask("phone", 0, 1, "poll", EAS_PACE_IDLE));
    assert_in_range(eas_pace_size(), 1, 2 << 20);
}

static void test_names(void **state)
{
    assert_true(eas_pace_device("1/4", "x") != eas_pace_device("1/5", "x"));
    assert_true(eas_pace_device("1/4", "5") != eas_pace_device("1/45", ""));
    assert_true(eas_pace_what(0, "ab", 2) != eas_pace_what(1, "ab", 2));
    assert_true(eas_pace_what(0, "ab", 2) != eas_pace_what(0, "ac", 2));
    assert_true(eas_pace_what(0, "", 0) == eas_pace_what(0, NULL, 0));
}

/* Processes share the table, and one that dies with the lock costs the others seconds only. */
static void test_processes(void **state)
{
    void *memory = mmap(NULL, eas_pace_size(), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    eas_pace_t *own = pace;
    int status;

    assert_true(memory != MAP_FAILED);
    pace = eas_pace_table(memory);
    for (int child = 0; child < 4; child++) {
        pid_t pid = fork();

        if (pid == 0) {
            for (int i = 0; i < 35; i++) {
                ask("phone", 0, 1, NULL, EAS_PACE_FAILED);
            }
            _exit(0);
        }
    }
    for (int child = 0; child < 4; child++) {
        assert_true(wait(&status) > 0 && status == 0);
    }
    assert_false(ask("phone", 0, 1, NULL, EAS_PACE_NEWS));
    /* A lock that nobody gives back: first nobody is counted, then it is taken over. */
    memset(memory, 0, eas_pace_size());
    for (size_t at = 0; at < eas_pace_size(); at += eas_pace_size() / 512) {
        *(apr_uint32_t *)((char *)memory + at) = (apr_uint32_t)apr_time_sec(clock_now) | 1;
    }
    assert_int_equal(served(200, 0, "poll", EAS_PACE_IDLE), 200);
    clock_now += apr_time_from_sec(10);
    assert_in_range(served(200, 0, "poll", EAS_PACE_IDLE), 121, 122);
    pace = own;
    munmap(memory, eas_pace_size());
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        PACE_TEST(test_healthy),     PACE_TEST(test_busy_mailbox), PACE_TEST(test_loops),
        PACE_TEST(test_start_over_for_ever), PACE_TEST(test_it_ends),      PACE_TEST(test_crowd),
        PACE_TEST(test_names),       PACE_TEST(test_processes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
