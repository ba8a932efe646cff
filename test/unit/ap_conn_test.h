/* SPDX-License-Identifier: Apache-2.0 */
/* Connections for the tests of the ap ring; the commands behind them are stand-ins. */
#ifndef AP_CONN_TEST_H
#define AP_CONN_TEST_H

#include "ap_test.h"

#include "ap_park.h"

typedef struct ap_conn_fake_t {
    /* hooks */
    void (*suspend)(conn_rec *c, request_rec *r);
    void (*stopping)(apr_pool_t *pool, int graceful);
    /* what httpd is to do, and was told */
    int fd;                                /* of the connection */
    int (*process)(conn_rec *c);           /* serves a request of it */
    ap_conf_vector_t *per_dir_config;      /* of the location */
    int restored, ended, status;           /* requests made again, and ended, with which status */
    /* the commands */
    eas_park_arm_e arm;
    int again;                             /* how many looks find nothing */
    usm_wake_fn wake;
    void *baton;
    int armed, freed, resumed;
    eas_resume_e why;
    eas_request_t seen;                    /* the last request that went on */
    char user[64];                         /* its user */
} ap_conn_fake_t;
extern ap_conn_fake_t ap_conn_fake;

#endif
