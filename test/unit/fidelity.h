/* SPDX-License-Identifier: Apache-2.0 */
/* What the property tests of loss-free trips share: random objects of Open-Xchange, and the way into and out of them.
 *
 * USM_FIDELITY=N in the environment makes N objects of each class at each version instead of the few of a check. */
#ifndef FIDELITY_H
#define FIDELITY_H

#include "map_test.h"

#include "ox/ox_chronos.h"
#include "ox/ox_map.h"

/* Objects per class and version. */
int fidelity_turns(int dflt);
void fidelity_seed(uint64_t value);
unsigned dice(unsigned n);

const char *random_words(apr_pool_t *pool);
/* One of the zones that the objects live in. */
const char *random_zone(void);
ox_json_t *random_event(apr_pool_t *pool);
ox_json_t *random_task(apr_pool_t *pool);
ox_json_t *random_contact(apr_pool_t *pool);

/* 1: events are those of module chronos. */
extern int fidelity_chronos;
/* An event of module chronos, with much that no device has words for. */
ox_json_t *random_chronos_event(apr_pool_t *pool);
/* The item that the backend makes of an object, all fields. */
usm_item_t *read_object(usm_class_e cls, const ox_json_t *o, apr_pool_t *pool);
/* The object that the backend writes for a new item, with what the server adds. */
ox_json_t *write_object(const usm_item_t *item, apr_pool_t *pool);
/* Members beside the rows' own; ended by NULL. */
extern const char *const more_keys[];

#endif
