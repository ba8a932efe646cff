/* SPDX-License-Identifier: Apache-2.0 */
#include <usm/log.h>

#include <stdarg.h>
#include <stdio.h>

#define LINE_MAX_ 1024

int usm_log_on(const usm_log_t *log, usm_level_e level)
{
    return log && log->write && (!log->enabled || log->enabled(log->baton, level));
}

/* What comes from outside must not be able to start a line of its own or steer a terminal. */
static void escape(char *line)
{
    for (unsigned char *p = (unsigned char *)line; *p; p++) {
        if (*p < 0x20 || *p == 0x7F)
            *p = '?';
    }
}

void usm_log(const usm_log_t *log, usm_level_e level, int number, const char *fmt, ...)
{
    if (!usm_log_on(log, level))
        return;
    char line[LINE_MAX_];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(line, sizeof line, fmt, ap);
    va_end(ap);
    escape(line);
    log->write(log->baton, level, number, line);
}
