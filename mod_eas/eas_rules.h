/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The file of EASRulesFile: named policies, and rules that say of each device whether it may come in, with which of the
 * policies, and up to which protocol version. It is read and checked when the configuration is, and constant from then
 * on: any thread may ask. mod_eas(5) has its grammar.
 */
#ifndef EAS_RULES_H
#define EAS_RULES_H

#include <apr_pools.h>

#include "eas_policy.h"

#define EAS_RULES_FILE_MAX (1 << 20) /* bytes of a file */
#define EAS_RULES_MAX 1000           /* rules, and policies, in a file */

typedef struct eas_rules_t eas_rules_t;

/*
 * What a rule can look at. EAS_FACT(name in the file, where it comes from).
 * Unknown ones are NULL: a rule that looks at one does not strike.
 */
#define EAS_FACTS                                                                                                      \
    EAS_FACT(user, "the name the user logged in with")                                                                 \
    EAS_FACT(group, "the environment variable EAS_GROUP of the request")                                               \
    EAS_FACT(device, "DeviceId")                                                                                       \
    EAS_FACT(type, "DeviceType")                                                                                       \
    EAS_FACT(agent, "User-Agent of the request")                                                                       \
    EAS_FACT(version, "the protocol version, as 14.1")                                                                 \
    EAS_FACT(model, "Model, as the device has told in DeviceInformation")                                              \
    EAS_FACT(os, "OS, likewise")                                                                                       \
    EAS_FACT(name, "FriendlyName, likewise")

typedef struct eas_facts_t {
#define EAS_FACT(name_, text_) const char *name_;
    EAS_FACTS
#undef EAS_FACT
} eas_facts_t;

typedef enum { EAS_RULE_ALLOW, EAS_RULE_BLOCK, EAS_RULE_QUARANTINE } eas_rule_action_t;

typedef struct eas_decision_t {
    eas_rule_action_t action;
    const eas_policy_t *policy; /* never NULL */
    unsigned max_version;       /* times ten, 0 = any */
    int line;                   /* of the rule in the file, 0 = none struck */
} eas_decision_t;

/*
 * Reads FILE. Returns NULL, or what is wrong with it: the file, the line, and what could stand there instead. All in
 * POOL, which must live as long as the rules.
 */
const char *eas_rules_read(const eas_rules_t **rules_p, const char *file, apr_pool_t *pool);

/* The first rule that strikes; without rules (NULL), or when none strikes, the device is allowed with the first policy
 * of the file called "default", or the one that forbids nothing. */
void eas_rules_ask(eas_decision_t *decision, const eas_rules_t *rules, const eas_facts_t *facts);

/* Does any rule look at what only DeviceInformation tells? Then it must be loaded. */
int eas_rules_need_information(const eas_rules_t *rules);

#endif
