/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The configuration of a location, made from the rows of tbl/directives.h. Knows no httpd: the ap ring only feeds it.
 * A configuration is constant once read: any thread may read it.
 */
#ifndef EAS_CONF_H
#define EAS_CONF_H

#include <apr_pools.h>
#include <usm/session.h>

/* C types of the members, by kind. */
#define EAS_CONF_STRING const char *
#define EAS_CONF_PATH const char *
#define EAS_CONF_RULES const char *
#define EAS_CONF_STORE const char *
#define EAS_CONF_URL const char *
#define EAS_CONF_FLAG apr_int64_t
#define EAS_CONF_NUMBER apr_int64_t
#define EAS_CONF_BYTES apr_int64_t
#define EAS_CONF_CHOICE apr_int64_t

/* One number per row, dense from 0. */
typedef enum {
#define EAS_DIRECTIVE(name_, field_, kind_, group_, default_, min_, max_, help_) EAS_DIRECTIVE_##field_,
#include "tbl/directives.h"
    EAS_DIRECTIVE_COUNT
} eas_directive_id_t;

typedef struct eas_conf_t {
    unsigned char given[EAS_DIRECTIVE_COUNT]; /* by row: was it written? */
#define EAS_DIRECTIVE(name_, field_, kind_, group_, default_, min_, max_, help_) EAS_CONF_##kind_ field_;
#include "tbl/directives.h"
    const struct eas_rules_t *rules; /* what is in the file of EASRulesFile, NULL without */
} eas_conf_t;

typedef enum {
    EAS_KIND_STRING,
    EAS_KIND_PATH,
    EAS_KIND_RULES,
    EAS_KIND_STORE,
    EAS_KIND_URL,
    EAS_KIND_FLAG,
    EAS_KIND_NUMBER,
    EAS_KIND_BYTES,
    EAS_KIND_CHOICE
} eas_kind_t;

typedef enum { EAS_GROUP_BACKEND, EAS_GROUP_LOCATION } eas_group_t;

typedef struct eas_directive_t {
    const char *name;
    const char *help;
    eas_directive_id_t id;
    eas_kind_t kind;
    eas_group_t group;
    const char *dflt; /* as written, NULL without; CHOICE: all words, separated by |, the first is the default */
    apr_int64_t min, max;
    apr_size_t offset; /* of the member in eas_conf_t */
} eas_directive_t;

/* The row with this number. */
const eas_directive_t *eas_directive_get(eas_directive_id_t id);

/* A configuration with all defaults in POOL, nothing set. */
eas_conf_t *eas_conf_create(apr_pool_t *pool);

/*
 * Sets one member from TEXT as written in the configuration, copied into POOL. Returns NULL, or what is wrong with it,
 * in POOL. A PATH must be absolute already.
 */
const char *eas_conf_set(eas_conf_t *conf, eas_directive_id_t id, const char *text, apr_pool_t *pool);

/* BASE with what INNER has set on top, in POOL. */
eas_conf_t *eas_conf_merge(const eas_conf_t *base, const eas_conf_t *inner, apr_pool_t *pool);

/* Are all BACKEND rows equal, so that both can share one context? */
int eas_conf_same_backend(const eas_conf_t *a, const eas_conf_t *b);

/* A deep copy in POOL. */
eas_conf_t *eas_conf_copy(const eas_conf_t *conf, apr_pool_t *pool);

/* What does not fit together, or is missing, in a configuration that is to serve requests; NULL when all is well. */
const char *eas_conf_check(const eas_conf_t *conf);

/* Fills a library configuration from the BACKEND rows; its strings are CONF's. */
void eas_conf_usm(usm_config_t *config, const eas_conf_t *conf, const usm_log_t *log);

#endif
