/* SPDX-License-Identifier: Apache-2.0 */
/* Messages of both rings and of the library go to httpd's error log. */
#include "ap_eas.h"

#include <http_log.h>

APLOG_USE_MODULE(eas);

static int httpd_level(usm_level_e level)
{
    static const int levels[] = {
        [USM_LOG_ERR] = APLOG_ERR,   [USM_LOG_WARNING] = APLOG_WARNING, [USM_LOG_NOTICE] = APLOG_NOTICE,
        [USM_LOG_INFO] = APLOG_INFO, [USM_LOG_DEBUG] = APLOG_DEBUG,     [USM_LOG_TRACE] = APLOG_TRACE2,
    };

    return levels[level];
}

/* "EAS00012: " before the module's messages, "USM00012: " before the library's, nothing before traces. */
#define PREFIX(number_) ((number_) < 0 ? "EAS" : "USM"), ((number_) < 0 ? -(number_) : (number_))

static int request_enabled(void *baton, usm_level_e level)
{
    const request_rec *r = baton;

    return APLOG_R_IS_LEVEL(r, httpd_level(level));
}

static void request_write(void *baton, usm_level_e level, int number, const char *line)
{
    const request_rec *r = baton;

    if (number == 0) {
        ap_log_rerror(APLOG_MARK, httpd_level(level), 0, r, "%s", line);
    } else {
        ap_log_rerror(APLOG_MARK, httpd_level(level), 0, r, "%s%05d: %s", PREFIX(number), line);
    }
}

void eas_ap_log_request(usm_log_t *log, request_rec *r)
{
    log->baton = r;
    log->enabled = request_enabled;
    log->write = request_write;
}

static int server_enabled(void *baton, usm_level_e level)
{
    const server_rec *server = baton;

    return APLOG_IS_LEVEL(server, httpd_level(level));
}

static void server_write(void *baton, usm_level_e level, int number, const char *line)
{
    const server_rec *server = baton;

    if (number == 0) {
        ap_log_error(APLOG_MARK, httpd_level(level), 0, server, "%s", line);
    } else {
        ap_log_error(APLOG_MARK, httpd_level(level), 0, server, "%s%05d: %s", PREFIX(number), line);
    }
}

void eas_ap_log_server(usm_log_t *log, server_rec *server)
{
    log->baton = server;
    log->enabled = server_enabled;
    log->write = server_write;
}
