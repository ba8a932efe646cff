/* SPDX-License-Identifier: Apache-2.0 */
/* Tests: ap_park.c ap_parkloop.c ap_finish.c ap_slim.c */
/* Connections that are this module's: who gets them when, what wakes a device, and that each end is reached. */
#include "ap_conn_test.h"

#include <ap_mpm.h>
#include <apr_portable.h>
#include <http_protocol.h>
#include <sys/socket.h>
#include <util_filter.h>
#include <unistd.h>

static apr_pool_t *pool;
static request_rec *first;
static int other; /* the device's end of the connection */
static volatile int gone; /* the connection was ended */
static eas_park_t park;
static int writes_blocked;

static apr_status_t last_filter(ap_filter_t *f, apr_bucket_brigade *b)
{
    f->c->data_in_output_filters = writes_blocked > 0 && writes_blocked-- > 0;
    return APR_SUCCESS;
}

static apr_status_t note_gone(void *data)
{
    gone = 1;
    return APR_SUCCESS;
}

/* A connection as httpd hands it to a handler, with a request. */
static void connect_device(void)
{
    static ap_filter_rec_t rec = {.filter_func.out_func = last_filter};
    apr_os_sock_t fds[2];
    apr_socket_t *sock = NULL;
    apr_allocator_t *allocator;
    apr_pool_t *own;
    conn_rec *c;

    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
    apr_allocator_create(&allocator);
    apr_pool_create_ex(&own, pool, NULL, allocator);
    apr_allocator_owner_set(allocator, own);
    c = apr_pcalloc(own, sizeof(*c));
    c->pool = own;
    c->bucket_alloc = apr_bucket_alloc_create(own);
    c->base_server = first->server;
    c->base_server->timeout = c->base_server->keep_alive_timeout = apr_time_from_sec(30);
    c->conn_config = apr_pcalloc(own, 2 * sizeof(void *));
    c->cs = apr_pcalloc(own, sizeof(*c->cs));
    c->output_filters = apr_pcalloc(own, sizeof(*c->output_filters));
    c->output_filters->frec = &rec;
    c->output_filters->c = c;
    assert_int_equal(apr_os_sock_put(&sock, &fds[0], own), APR_SUCCESS);
    ap_fake.socket = sock;
    ap_conn_fake.fd = fds[0];
    other = fds[1];
    gone = 0;
    apr_pool_cleanup_register(own, NULL, note_gone, apr_pool_cleanup_null);
    first->connection = c;
}

static request_rec *next_request(conn_rec *c)
{
    request_rec *r = ap_create_request(c);

    r->uri = (char *)"/Microsoft-Server-ActiveSync";
    r->the_request = (char *)"POST /Microsoft-Server-ActiveSync HTTP/1.1";
    r->useragent_ip = (char *)"192.0.2.1";
    r->user = (char *)"anna";
    r->proto_num = HTTP_VERSION(1, 1);
    r->handler = "eas";
    r->per_dir_config = ap_conn_fake.per_dir_config;
    apr_table_setn(r->headers_in, "User-Agent", "Phone");
    return r;
}

static void waits(eas_response_t *rsp, const eas_request_t *req)
{
    assert_true(req->can_park);
    req->claim(req->baton, &park.key);
    rsp->park = &park;
}

static void start(void **state)
{
    pool = *state;
    ap_test_async = 1;
    memset(&ap_conn_fake, 0, sizeof(ap_conn_fake));
    first = ap_test_start(pool);
    ap_test_async = 0;
    assert_non_null(eas_ring);
    ap_fake.dispatch = waits;
    ap_conn_fake.per_dir_config = first->per_dir_config;
    ap_conn_fake.arm = EAS_PARK_ARMED;
    writes_blocked = 0;
    memset(&park, 0, sizeof(park));
    park.key = (eas_slot_key_t){.device = 4711, .user = 11};
    park.deadline = apr_time_as_msec(apr_time_now()) + 60000;
    connect_device();
}

/* The handler and what httpd's worker does then. */
static int park_it(void)
{
    conn_rec *c = first->connection;
    request_rec *r = next_request(c);
    int rc = eas_ap_handler(r);

    if (rc == SUSPENDED) {
        c->cs->state = CONN_STATE_SUSPENDED;
        ap_conn_fake.suspend(c, r);
    }
    return rc;
}

#define UNTIL(condition)                                                                                               \
    do {                                                                                                               \
        for (int i_ = 0; i_ < 800 && !(condition); i_++) {                                                             \
            apr_sleep(5000);                                                                                           \
        }                                                                                                              \
        assert_true(condition);                                                                                        \
    } while (0)

static eas_conn_state_e state_of(void)
{
    eas_conn_state_e state;

    apr_thread_mutex_lock(eas_ring->lock);
    state = ((eas_conn_t *)ap_conn_fake.baton)->state;
    apr_thread_mutex_unlock(eas_ring->lock);
    return state;
}

static void hang_up(void)
{
    close(other);
    UNTIL(gone);
}

/* The second request of the connection is to wait as well. */
static int process(conn_rec *c)
{
    char byte;

    if (recv(ap_conn_fake.fd, &byte, 1, 0) != 1) {
        c->cs->state = CONN_STATE_LINGER;
        return OK;
    }
    if (byte == 'r') {
        c->cs->state = CONN_STATE_WRITE_COMPLETION;
        return OK;
    }
    c->cs->state = eas_ap_handler(next_request(c)) == SUSPENDED ? CONN_STATE_SUSPENDED : CONN_STATE_WRITE_COMPLETION;
    return OK;
}

static void test_hint_answers_and_the_connection_goes_on(void **state)
{
    start(state);
    ap_conn_fake.process = process;
    ap_conn_fake.again = 1;
    assert_int_equal(park_it(), SUSPENDED);
    UNTIL(state_of() == EAS_CONN_PARKED);
    assert_int_equal(eas_slots_parked(eas_ap_slots()), 1);
    ap_conn_fake.wake(ap_conn_fake.baton, USM_WAKE_HINT); /* nothing is new */
    UNTIL(ap_conn_fake.armed == 2 && state_of() == EAS_CONN_PARKED);
    writes_blocked = 1; /* the answer goes out in two pieces */
    ap_conn_fake.wake(ap_conn_fake.baton, USM_WAKE_POLL);
    UNTIL(ap_conn_fake.ended == 1 && state_of() == EAS_CONN_IDLE);
    assert_int_equal(ap_conn_fake.resumed, 2);
    assert_int_equal(ap_conn_fake.why, EAS_RESUME_LOOK);
    assert_string_equal(ap_conn_fake.user, "anna");
    assert_int_equal(ap_conn_fake.freed, 1);
    assert_int_equal(eas_slots_parked(eas_ap_slots()), 0);
    assert_int_equal(send(other, "rp", 2, 0), 2); /* one that is answered, and one that waits */
    UNTIL(ap_conn_fake.armed == 3 && state_of() == EAS_CONN_PARKED);
    hang_up();
    assert_int_equal(ap_conn_fake.status, 499);
    assert_int_equal(ap_conn_fake.freed, 2);
}

static void test_deadline(void **state)
{
    start(state);
    park.deadline = apr_time_as_msec(apr_time_now()) + 300;
    assert_int_equal(park_it(), SUSPENDED);
    UNTIL(ap_conn_fake.ended == 1);
    assert_int_equal(ap_conn_fake.why, EAS_RESUME_END);
    assert_true(apr_time_as_msec(apr_time_now()) >= park.deadline);
    ap_conn_fake.process = process;
    hang_up();
}

static void test_woken_before_it_was_parked(void **state)
{
    start(state);
    ap_conn_fake.arm = EAS_PARK_MOVED;
    ap_conn_fake.process = process;
    assert_int_equal(park_it(), SUSPENDED);
    UNTIL(ap_conn_fake.ended == 1);
    assert_int_equal(ap_conn_fake.why, EAS_RESUME_LOOK);
    hang_up();
}

static void test_cannot_be_armed(void **state)
{
    start(state);
    ap_conn_fake.arm = EAS_PARK_FAILED;
    assert_int_equal(park_it(), OK);
    assert_int_equal(ap_conn_fake.why, EAS_RESUME_END);
    assert_int_equal(ap_conn_fake.freed, 1);
    apr_pool_destroy(first->connection->pool);
    close(other);
}

static void test_limits(void **state)
{
    start(state);
    assert_null(ap_test_directive(ap_test_dir(first), "EASMaxParked", "1", pool));
    ap_conn_fake.process = process;
    assert_int_equal(park_it(), SUSPENDED);
    int one = other;
    connect_device();
    park.key.device = 4712;
    assert_int_equal(park_it(), OK);
    assert_int_equal(ap_conn_fake.why, EAS_RESUME_FULL);
    apr_pool_destroy(first->connection->pool);
    close(other);
    other = one;
    hang_up();
}

/* A newer request of the device in another child: its message comes, or is lost. */
static void newer_request(void **state, int lost)
{
    eas_slot_key_t newer;

    start(state);
    ap_conn_fake.process = process;
    assert_int_equal(park_it(), SUSPENDED);
    UNTIL(state_of() == EAS_CONN_PARKED);
    newer = park.key;
    assert_int_equal(eas_slot_claim(eas_ap_slots(), &newer, apr_time_now()), eas_ap_slot_mine());
    if (lost) {
        eas_slot_note_loss(eas_ap_slots(), eas_ap_slot_mine());
        eas_ap_slot_post(eas_ap_slot_mine(), EAS_SLOT_HINT, 1);
    } else {
        eas_ap_slot_post(eas_ap_slot_mine(), EAS_SLOT_SUPERSEDED, newer.device);
    }
    UNTIL(ap_conn_fake.ended == 1);
    assert_int_equal(ap_conn_fake.why, EAS_RESUME_END);
    hang_up();
}

static void test_newer_request_elsewhere(void **state)
{
    newer_request(state, 0);
}

static void test_message_of_it_lost(void **state)
{
    newer_request(state, 1);
}

static void test_stop_answers(void **state)
{
    start(state);
    ap_conn_fake.process = process;
    assert_int_equal(park_it(), SUSPENDED);
    UNTIL(state_of() == EAS_CONN_PARKED);
    ap_conn_fake.stopping(pool, 1);
    UNTIL(ap_conn_fake.ended == 1);
    assert_int_equal(ap_conn_fake.why, EAS_RESUME_END);
    hang_up(); /* it was closed at our end already */
}

/* Two threads of three quarters of four may wait. */
static void test_threads(void **state)
{
    eas_request_t req = {0};
    int n = 0;

    ap_test_start(*state); /* of an MPM that cannot suspend */
    assert_null(eas_ring);
    first = ap_test_start(*state);
    eas_ap_park_offer(&req, first);
    assert_false(req.can_park);
    while (req.enter(req.baton)) {
        n++;
    }
    assert_int_equal(n, 6); /* of 2 processes with 4 threads */
    req.leave(req.baton);
    assert_true(req.enter(req.baton));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        POOL_TEST(test_hint_answers_and_the_connection_goes_on),
        POOL_TEST(test_deadline),
        POOL_TEST(test_woken_before_it_was_parked),
        POOL_TEST(test_cannot_be_armed),
        POOL_TEST(test_limits),
        POOL_TEST(test_newer_request_elsewhere),
        POOL_TEST(test_message_of_it_lost),
        POOL_TEST(test_stop_answers),
        POOL_TEST(test_threads),
    };

    return RUN_TESTS(tests);
}
