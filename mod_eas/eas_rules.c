/* SPDX-License-Identifier: Apache-2.0 */
#include "eas_rules.h"

#include <apr_file_io.h>
#include <apr_lib.h>
#include <apr_strings.h>
#include <apr_tables.h>
#include <regex.h>
#include <string.h>

#include "eas_version.h"

#define FACT_LEN_MAX 1024 /* bytes of a fact that an expression is tried on */

enum {
#define EAS_FACT(name_, text_) FACT_##name_,
    EAS_FACTS
#undef EAS_FACT
        FACT_COUNT
};

static const char *const fact_names[FACT_COUNT] = {
#define EAS_FACT(name_, text_) #name_,
    EAS_FACTS
#undef EAS_FACT
};

typedef struct condition_t {
    int fact;
    regex_t regex;
} condition_t;

typedef struct rule_t {
    eas_decision_t decision;
    apr_array_header_t *conditions; /* condition_t *, all must strike */
} rule_t;

struct eas_rules_t {
    apr_array_header_t *rules;    /* rule_t */
    apr_array_header_t *policies; /* eas_policy_t * */
    const eas_policy_t *fallback;
    int needs_information;
};

typedef struct reader_t {
    eas_rules_t *rules;
    apr_pool_t *pool;
    const char *file;
    int line;
    enum { NOWHERE, IN_RULES, IN_POLICY } section;
    eas_policy_t *policy;
    int policy_line;
    const char *fault;
} reader_t;

static int fail(reader_t *r, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
static int fail(reader_t *r, const char *fmt, ...)
{
    va_list args;

    va_start(args, fmt);
    r->fault = apr_psprintf(r->pool, "%s, line %d: %s", r->file, r->line, apr_pvsprintf(r->pool, fmt, args));
    va_end(args);
    return 0;
}

/* ---- words ---- */

/* The next word at *AT_P, up to white space; a part in quotes may have some. NULL at the end. *BAD_P: a quote is open.
 */
static char *next_word(char **at_p, int *bad_p)
{
    char *at = *at_p, *to, *start;
    int quoted = 0;

    while (apr_isspace(*at)) {
        at++;
    }
    if (*at == '\0' || *at == '#') {
        return NULL;
    }
    for (start = to = at; *at != '\0' && (quoted || !apr_isspace(*at)); at++) {
        if (*at == '"') {
            quoted = !quoted;
        } else if (quoted && *at == '\\' && at[1] == '"') {
            *to++ = *++at;
        } else {
            *to++ = *at;
        }
    }
    *bad_p = quoted;
    *at_p = *at != '\0' ? at + 1 : at;
    *to = '\0';
    return start;
}

static eas_policy_t *find_policy(const eas_rules_t *rules, const char *name)
{
    int i;

    for (i = 0; i < rules->policies->nelts; i++) {
        eas_policy_t *policy = APR_ARRAY_IDX(rules->policies, i, eas_policy_t *);

        if (strcmp(policy->name, name) == 0) {
            return policy;
        }
    }
    return NULL;
}

static int good_name(const char *name)
{
    const char *at;

    for (at = name; *at != '\0'; at++) {
        if (!apr_isalnum(*at) && *at != '-' && *at != '_') {
            return 0;
        }
    }
    return at > name && at - name <= 64;
}

/* ---- sections ---- */

static int read_section(reader_t *r, char *text)
{
    char *end = strchr(text, ']'), *name;

    if (end == NULL || end[1] != '\0') {
        return fail(r, "a section is written [rules] or [policy NAME]");
    }
    *end = '\0';
    text++;
    if (strcmp(text, "rules") == 0) {
        r->section = IN_RULES;
        return 1;
    }
    name = strncmp(text, "policy ", 7) == 0 ? text + 7 : NULL;
    if (name == NULL || !good_name(name)) {
        return fail(r, "a section is written [rules] or [policy NAME], where NAME has letters, digits, - and _");
    }
    if (find_policy(r->rules, name) != NULL) {
        return fail(r, "there is a policy %s already", name);
    }
    if (r->rules->policies->nelts == EAS_RULES_MAX) {
        return fail(r, "there are more than %d policies", EAS_RULES_MAX);
    }
    r->section = IN_POLICY;
    r->policy = eas_policy_create(name, r->pool);
    APR_ARRAY_PUSH(r->rules->policies, eas_policy_t *) = r->policy;
    return 1;
}

/* Element = value */
static int read_setting(reader_t *r, char *text)
{
    char *equals = strchr(text, '='), *name = text, *value, *end;
    const char *fault;

    if (equals == NULL) {
        return fail(r, "a setting of a policy is written ELEMENT = VALUE");
    }
    *equals = '\0';
    value = equals + 1;
    while (apr_isspace(*value)) {
        value++;
    }
    for (end = equals; end > name && apr_isspace(end[-1]); end--) {
        end[-1] = '\0';
    }
    fault = eas_policy_set(r->policy, name, value, r->pool);
    return fault == NULL || fail(r, "%s", fault);
}

static apr_status_t free_regex(void *data)
{
    regfree(data);
    return APR_SUCCESS;
}

static int read_condition(reader_t *r, rule_t *rule, const char *name, const char *pattern)
{
    condition_t *condition = apr_pcalloc(r->pool, sizeof(*condition));
    char why[200];
    int code;

    while (condition->fact < FACT_COUNT && strcmp(fact_names[condition->fact], name) != 0) {
        condition->fact++;
    }
    if (condition->fact == FACT_COUNT) {
        return fail(r,
                    "nothing is called %s: write user, group, device, type, agent, version, model, os or name, "
                    "policy, or max",
                    name);
    }
    code = regcomp(&condition->regex, pattern, REG_EXTENDED | REG_ICASE | REG_NOSUB);
    if (code != 0) {
        regerror(code, &condition->regex, why, sizeof(why));
        return fail(r, "%s is no regular expression: %s", pattern, why);
    }
    apr_pool_cleanup_register(r->pool, &condition->regex, free_regex, apr_pool_cleanup_null);
    APR_ARRAY_PUSH(rule->conditions, condition_t *) = condition;
    r->rules->needs_information |=
        condition->fact == FACT_model || condition->fact == FACT_os || condition->fact == FACT_name;
    return 1;
}

static int read_word(reader_t *r, rule_t *rule, char *word)
{
    char *equals = strchr(word, '=');

    if (equals == NULL) {
        return fail(r, "%s: what a rule looks at is written NAME=EXPRESSION", word);
    }
    *equals = '\0';
    if (strcmp(word, "policy") == 0) {
        rule->decision.policy = find_policy(r->rules, equals + 1);
        return rule->decision.policy != NULL || fail(r, "there is no policy %s above", equals + 1);
    }
    if (strcmp(word, "max") == 0) {
        rule->decision.max_version = eas_version_parse(equals + 1);
        return rule->decision.max_version != 0 ||
               fail(r, "%s is no protocol version: %s", equals + 1, eas_version_list());
    }
    return read_condition(r, rule, word, equals + 1);
}

static int read_rule(reader_t *r, char *text)
{
    static const char *const actions[] = {"allow", "block", "quarantine"};
    int bad = 0;
    char *word = next_word(&text, &bad);
    rule_t rule = {.conditions = apr_array_make(r->pool, 2, sizeof(condition_t *))};

    while (rule.decision.action < 3 && strcmp(actions[rule.decision.action], word) != 0) {
        rule.decision.action++;
    }
    if (rule.decision.action == 3) {
        return fail(r, "%s: a rule begins with allow, block or quarantine", word);
    }
    rule.decision.line = r->line;
    while (!bad && (word = next_word(&text, &bad)) != NULL) {
        if (!bad && !read_word(r, &rule, word)) {
            return 0;
        }
    }
    if (bad) {
        return fail(r, "a quotation mark is not closed");
    }
    if (r->rules->rules->nelts == EAS_RULES_MAX) {
        return fail(r, "there are more than %d rules", EAS_RULES_MAX);
    }
    APR_ARRAY_PUSH(r->rules->rules, rule_t) = rule;
    return 1;
}

static int read_line(reader_t *r, char *text)
{
    char *end = text + strlen(text);

    while (end > text && apr_isspace(end[-1])) {
        *--end = '\0';
    }
    while (apr_isspace(*text)) {
        text++;
    }
    if (*text == '\0' || *text == '#') {
        return 1;
    }
    if (*text == '[') {
        return read_section(r, text);
    }
    switch (r->section) {
    case IN_RULES:
        return read_rule(r, text);
    case IN_POLICY:
        return read_setting(r, text);
    default:
        return fail(r, "before this there must be a section: [rules] or [policy NAME]");
    }
}

static const char *load(char **text_p, const char *name, apr_pool_t *pool)
{
    apr_file_t *file;
    apr_finfo_t info;
    apr_size_t len;
    char why[200];
    apr_status_t rv = apr_file_open(&file, name, APR_FOPEN_READ, 0, pool);

    if (rv != APR_SUCCESS) {
        return apr_psprintf(pool, "%s cannot be read: %s", name, apr_strerror(rv, why, sizeof(why)));
    }
    rv = apr_file_info_get(&info, APR_FINFO_SIZE, file);
    if (rv == APR_SUCCESS && info.size > EAS_RULES_FILE_MAX) {
        apr_file_close(file);
        return apr_psprintf(pool, "%s has more than %d bytes", name, EAS_RULES_FILE_MAX);
    }
    *text_p = apr_pcalloc(pool, (apr_size_t)info.size + 1);
    if (rv == APR_SUCCESS && info.size > 0) {
        rv = apr_file_read_full(file, *text_p, (apr_size_t)info.size, &len);
    }
    apr_file_close(file);
    if (rv != APR_SUCCESS) {
        return apr_psprintf(pool, "%s cannot be read: %s", name, apr_strerror(rv, why, sizeof(why)));
    }
    return NULL;
}

const char *eas_rules_read(const eas_rules_t **rules_p, const char *file, apr_pool_t *pool)
{
    eas_rules_t *rules = apr_pcalloc(pool, sizeof(*rules));
    reader_t reader = {.rules = rules, .pool = pool, .file = file};
    const char *fault;
    char *text = NULL, *next;
    int i;

    rules->rules = apr_array_make(pool, 16, sizeof(rule_t));
    rules->policies = apr_array_make(pool, 4, sizeof(eas_policy_t *));
    fault = load(&text, file, pool);
    if (fault != NULL) {
        return fault;
    }
    for (; text != NULL; text = next) {
        next = strchr(text, '\n');
        if (next != NULL) {
            *next++ = '\0';
        }
        reader.line++;
        if (!read_line(&reader, text)) {
            return reader.fault;
        }
    }
    rules->fallback = find_policy(rules, "default");
    if (rules->fallback == NULL) {
        rules->fallback = eas_policy_default();
    }
    for (i = 0; i < rules->rules->nelts; i++) {
        rule_t *rule = &APR_ARRAY_IDX(rules->rules, i, rule_t);

        if (rule->decision.policy == NULL) {
            rule->decision.policy = rules->fallback;
        }
    }
    *rules_p = rules;
    return NULL;
}

/* ---- asking ---- */

static const char *fact_of(const eas_facts_t *facts, int fact)
{
    switch (fact) {
#define EAS_FACT(name_, text_)                                                                                         \
    case FACT_##name_:                                                                                                 \
        return facts->name_;
        EAS_FACTS
#undef EAS_FACT
    default:
        return NULL;
    }
}

static int strikes(const rule_t *rule, const eas_facts_t *facts)
{
    int i;

    for (i = 0; i < rule->conditions->nelts; i++) {
        const condition_t *condition = APR_ARRAY_IDX(rule->conditions, i, condition_t *);
        const char *text = fact_of(facts, condition->fact);
        char shortened[FACT_LEN_MAX + 1];

        if (text == NULL) {
            return 0;
        }
        apr_cpystrn(shortened, text, sizeof(shortened));
        if (regexec(&condition->regex, shortened, 0, NULL, 0) != 0) {
            return 0;
        }
    }
    return 1;
}

void eas_rules_ask(eas_decision_t *decision, const eas_rules_t *rules, const eas_facts_t *facts)
{
    int i;

    *decision = (eas_decision_t){.policy = rules != NULL ? rules->fallback : eas_policy_default()};
    for (i = 0; rules != NULL && i < rules->rules->nelts; i++) {
        const rule_t *rule = &APR_ARRAY_IDX(rules->rules, i, rule_t);

        if (strikes(rule, facts)) {
            *decision = rule->decision;
            return;
        }
    }
}

int eas_rules_need_information(const eas_rules_t *rules)
{
    return rules != NULL && rules->needs_information;
}
