/* SPDX-License-Identifier: Apache-2.0 */
/* Tests: eas_slot.c */
/* Which request of a device is the newest and where it waits, limits, and what becomes of processes that end. */
#include "eas_test.h"

#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "eas_slot.h"

static eas_slots_t *slots;
static const apr_time_t now = APR_USEC_PER_SEC * APR_INT64_C(1700000000);

static int start(void **state)
{
    void *memory = mmap(NULL, eas_slots_size(), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

    slots = memory != MAP_FAILED ? eas_slots_table(memory) : NULL;
    return slots == NULL;
}

static int end(void **state)
{
    return munmap(slots, eas_slots_size());
}
#define SLOT_TEST(function) cmocka_unit_test_setup_teardown(function, start, end)

static eas_slot_key_t key(apr_uint64_t user, apr_uint64_t device)
{
    return (eas_slot_key_t){.device = device, .user = user};
}

/* The number of a process that has ended. */
static apr_uint32_t dead_pid(void)
{
    pid_t pid = fork();
    int status;

    if (pid == 0) {
        _exit(0);
    }
    assert_true(pid > 0 && waitpid(pid, &status, 0) == pid);
    return (apr_uint32_t)pid;
}

static void test_slots(void **state)
{
    apr_uint32_t me = (apr_uint32_t)getpid(), parent = (apr_uint32_t)getppid(), gone = dead_pid();

    assert_int_equal(eas_slot_take(slots, 2, gone), 0);
    assert_int_equal(eas_slot_take(slots, 2, me), 0); /* over from the dead */
    assert_int_equal(eas_slot_take(slots, 2, parent), 1);
    assert_int_equal(eas_slot_take(slots, 2, gone), EAS_SLOT_NONE);
    assert_true(eas_slot_is_used(slots, 1));
    eas_slot_free(slots, parent);
    assert_false(eas_slot_is_used(slots, 1));
    assert_false(eas_slot_is_used(slots, EAS_SLOT_NONE));
    assert_false(eas_slot_is_used(slots, EAS_SLOTS_MAX));
    eas_slot_note_loss(slots, 0);
    assert_true(eas_slot_take_loss(slots, 0));
    assert_false(eas_slot_take_loss(slots, 0));
}

static void test_newest(void **state)
{
    eas_slot_key_t first = key(7, 70), second = first, other = key(7, 71);

    assert_true(eas_slot_is_newest(slots, &first)); /* nothing is known of it */
    assert_int_equal(eas_slot_take(slots, 4, (apr_uint32_t)getpid()), 0);
    assert_int_equal(eas_slot_claim(slots, &first, now), EAS_SLOT_NONE);
    assert_int_equal(eas_slot_claim(slots, &other, now), EAS_SLOT_NONE);
    assert_true(eas_slot_is_newest(slots, &first));
    assert_int_equal(eas_slot_park(slots, &first, 0, 10, 10, now), EAS_SLOT_PARKED);
    assert_int_equal(eas_slot_claim(slots, &second, now), 0); /* there it waits */
    assert_false(eas_slot_is_newest(slots, &first));
    assert_true(eas_slot_is_newest(slots, &second));
    assert_true(eas_slot_is_newest(slots, &other));
    /* The older one, still on its way, does not park any more. */
    assert_int_equal(eas_slot_park(slots, &first, 0, 10, 10, now), EAS_SLOT_OLD);
    eas_slot_unpark(slots, &first, 0, now);
    assert_int_equal(eas_slots_parked(slots), 0);
    assert_int_equal(eas_slot_park(slots, &second, 0, 10, 10, now), EAS_SLOT_PARKED);
    assert_int_equal(eas_slot_parked(slots, 0), 1);
    /* Its process ends: nobody waits there, whoever has the slot next. */
    eas_slot_free(slots, (apr_uint32_t)getpid());
    assert_int_equal(eas_slot_take(slots, 4, (apr_uint32_t)getpid()), 0);
    assert_int_equal(eas_slots_parked(slots), 0);
    assert_int_equal(eas_slot_claim(slots, &first, now), EAS_SLOT_NONE);
}

static void test_limits(void **state)
{
    eas_slot_key_t a = key(7, 70), b = key(7, 71), c = key(8, 72), d = key(9, 73);

    eas_slot_take(slots, 4, (apr_uint32_t)getpid());
    eas_slot_claim(slots, &a, now);
    eas_slot_claim(slots, &b, now);
    eas_slot_claim(slots, &c, now);
    eas_slot_claim(slots, &d, now);
    assert_int_equal(eas_slot_park(slots, &a, 0, 1, 2, now), EAS_SLOT_PARKED);
    assert_int_equal(eas_slot_park(slots, &b, 0, 1, 2, now), EAS_SLOT_USER_FULL);
    assert_int_equal(eas_slot_park(slots, &c, 0, 1, 2, now), EAS_SLOT_PARKED);
    assert_int_equal(eas_slot_park(slots, &d, 0, 1, 2, now), EAS_SLOT_FULL);
    eas_slot_unpark(slots, &a, 0, now);
    assert_int_equal(eas_slot_park(slots, &b, 0, 1, 2, now), EAS_SLOT_PARKED);
}

/* More devices in a set than it has room for: those that wait stay known. */
static void test_crowd(void **state)
{
    eas_slot_key_t waits = key(7, 1), again;

    eas_slot_take(slots, 4, (apr_uint32_t)getpid());
    eas_slot_claim(slots, &waits, now);
    assert_int_equal(eas_slot_park(slots, &waits, 0, 10, 10, now), EAS_SLOT_PARKED);
    for (apr_uint64_t i = 2; i < 200; i++) {
        eas_slot_key_t passer = key(7, i);

        assert_int_equal(eas_slot_claim(slots, &passer, now + (apr_time_t)i * APR_USEC_PER_SEC), EAS_SLOT_NONE);
    }
    assert_true(eas_slot_is_newest(slots, &waits));
    again = waits;
    assert_int_equal(eas_slot_claim(slots, &again, now), 0);
}

/* What cuts connections is known by its regularity. */
static void test_cut(void **state)
{
    static const struct {
        unsigned seconds, limit;
    } rows[] = {{5, 0}, {60, 0}, {61, 0}, {59, 54}, {60, 0}, {120, 0}, {58, 0}, {60, 0}, {14, 0}, {62, 53}, {70000, 0}};
    eas_slot_key_t k = key(7, 70);

    assert_int_equal(eas_slot_cut(slots, &k, 60, now), 0); /* nothing is known of it */
    eas_slot_take(slots, 4, (apr_uint32_t)getpid());
    eas_slot_claim(slots, &k, now);
    for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        if (eas_slot_cut(slots, &k, rows[i].seconds, now) != rows[i].limit) {
            fail_msg("row %u", i);
        }
    }
    eas_slot_cut(slots, &k, 60, now);
    eas_slot_cut(slots, &k, 60, now);
    eas_slot_park(slots, &k, 0, 9, 9, now);
    eas_slot_unpark(slots, &k, 0, now + apr_time_from_sec(300)); /* it can be longer */
    assert_int_equal(eas_slot_cut(slots, &k, 60, now), 0);
}

/* Two processes at once. */
static void test_processes(void **state)
{
    int status;
    pid_t pid = fork();

    for (apr_uint64_t i = 1; i <= 20000; i++) {
        eas_slot_key_t k = key(i % 100 + 1, i % 1000 + 1);

        eas_slot_claim(slots, &k, apr_time_now());
        if (k.serial == 0 && pid == 0) {
            _exit(1);
        }
        assert_int_not_equal(k.serial, 0);
    }
    if (pid == 0) {
        _exit(0);
    }
    assert_true(waitpid(pid, &status, 0) == pid && status == 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {SLOT_TEST(test_slots), SLOT_TEST(test_newest), SLOT_TEST(test_limits),
                                       SLOT_TEST(test_crowd), SLOT_TEST(test_cut), SLOT_TEST(test_processes)};

    return cmocka_run_group_tests_name("slots", tests, NULL, NULL);
}
