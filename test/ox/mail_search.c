/* SPDX-License-Identifier: Apache-2.0 */
/* Search terms (spec 3.7). */
#include "mail.h"

#include <string.h>

#define MAX_DEPTH 32

enum op { OP_EQ, OP_NE, OP_LT, OP_GT, OP_LE, OP_GE, OP_AND, OP_OR, OP_NOT };

static const struct {
    const char *name;
    enum op op;
    enum op flipped; /* the same with its operands exchanged */
} ops[] = {
    {"=", OP_EQ, OP_EQ},  {"<>", OP_NE, OP_NE},    {"<", OP_LT, OP_GT},  {">", OP_GT, OP_LT},     {"<=", OP_LE, OP_GE},
    {">=", OP_GE, OP_LE}, {"and", OP_AND, OP_AND}, {"or", OP_OR, OP_OR}, {"not", OP_NOT, OP_NOT},
};

enum field {
    F_FROM,
    F_TO,
    F_CC,
    F_BCC,
    F_SUBJECT,
    F_RECEIVED,
    F_SENT,
    F_SIZE,
    F_FLAGS,
    F_CONTENT,
    F_CONTENT_TYPE,
    F_DISP,
    F_PRIORITY,
    F_COLOR,
    F_ATTACHMENT,
    F_ATTACHMENT_NAME
};

static const struct {
    const char *name;
    int col; /* for the older form */
    enum field field;
} fields[] = {
    {"from", 603, F_FROM},
    {"to", 604, F_TO},
    {"cc", 605, F_CC},
    {"bcc", 606, F_BCC},
    {"subject", 607, F_SUBJECT},
    {"received_date", 610, F_RECEIVED},
    {"date", 661, F_RECEIVED},
    {"sent_date", 609, F_SENT},
    {"size", 608, F_SIZE},
    {"flags", 611, F_FLAGS},
    {"content", -1, F_CONTENT},
    {"body", -1, F_CONTENT},
    {"content_type", 656, F_CONTENT_TYPE},
    {"disp", 0, F_DISP},
    {"priority", 614, F_PRIORITY},
    {"color_label", 102, F_COLOR},
    {"attachment", 602, F_ATTACHMENT},
};

struct mail_term {
    enum op op;
    GPtrArray *kids; /* of and, or, not */
    enum field field;
    int64_t num;
    char *text;            /* constant, case folded */
    GPatternSpec *pattern; /* set when the constant has wildcards */
};

void mail_term_free(mail_term_t *term)
{
    if (!term) {
        return;
    }
    if (term->kids) {
        g_ptr_array_unref(term->kids);
    }
    if (term->pattern) {
        g_pattern_spec_free(term->pattern);
    }
    g_free(term->text);
    g_free(term);
}

static void kid_free(gpointer p)
{
    mail_term_free(p);
}

static int fail_search(struct oxd_req *req, const char *why)
{
    return oxd_fail(req, "SVL-0003", "Bad search term: %s", why);
}

/* Text or number or boolean, kept as both a number and a text. */
static bool constant_read(struct oxd_req *req, mail_term_t *term, const json_t *value)
{
    char *text = NULL;
    if (json_is_string(value)) {
        text = g_strdup(json_string_value(value));
        term->num = g_ascii_strtoll(text, NULL, 10);
    } else if (json_is_integer(value)) {
        term->num = json_integer_value(value);
        text = g_strdup_printf("%" G_GINT64_FORMAT, term->num);
    } else if (json_is_boolean(value)) {
        term->num = json_is_true(value);
        text = g_strdup(term->num ? "true" : "false");
    } else {
        fail_search(req, "a constant must be text or a number");
        return false;
    }
    if (strcmp(text, "true") == 0) {
        term->num = 1;
    }
    if (term->field == F_RECEIVED || term->field == F_SENT) {
        term->num = oxd_time_in(req->tz, term->num);
    }
    term->text = g_utf8_casefold(text, -1);
    g_free(text);
    if (strpbrk(term->text, "*?")) {
        term->pattern = g_pattern_spec_new(term->text);
    }
    return true;
}

static bool field_read(struct oxd_req *req, mail_term_t *term, const json_t *operand)
{
    const char *name = json_string_value(json_object_get(operand, "field"));
    const char *att = json_string_value(json_object_get(operand, "attachment"));
    if (att && strcmp(att, "name") == 0) {
        term->field = F_ATTACHMENT_NAME;
        return true;
    }
    for (size_t i = 0; name && i < G_N_ELEMENTS(fields); i++) {
        if (strcmp(fields[i].name, name) == 0) {
            term->field = fields[i].field;
            return true;
        }
    }
    fail_search(req, name ? name : "no field");
    return false;
}

static mail_term_t *term_read(struct oxd_req *req, const json_t *list, int depth);

static bool compare_read(struct oxd_req *req, mail_term_t *term, const json_t *list, enum op flipped)
{
    const json_t *a = json_array_get(list, 1);
    const json_t *b = json_array_get(list, 2);
    if (json_array_size(list) != 3) {
        fail_search(req, "a comparison has two operands");
        return false;
    }
    if (!json_is_object(a)) {
        const json_t *swap = a;
        a = b;
        b = swap;
        term->op = flipped;
    }
    return field_read(req, term, a) && constant_read(req, term, b);
}

static bool logic_read(struct oxd_req *req, mail_term_t *term, const json_t *list, int depth)
{
    size_t n = json_array_size(list);
    term->kids = g_ptr_array_new_with_free_func(kid_free);
    if (n < 2 || (term->op == OP_NOT && n != 2)) {
        fail_search(req, "wrong number of operands");
        return false;
    }
    for (size_t i = 1; i < n; i++) {
        mail_term_t *kid = term_read(req, json_array_get(list, i), depth + 1);
        if (!kid) {
            return false;
        }
        g_ptr_array_add(term->kids, kid);
    }
    return true;
}

static mail_term_t *term_read(struct oxd_req *req, const json_t *list, int depth)
{
    const char *name = json_string_value(json_array_get(list, 0));
    for (size_t i = 0; name && depth < MAX_DEPTH && i < G_N_ELEMENTS(ops); i++) {
        if (g_ascii_strcasecmp(ops[i].name, name) != 0) {
            continue;
        }
        mail_term_t *term = g_new0(mail_term_t, 1);
        term->op = ops[i].op;
        bool ok =
            term->op >= OP_AND ? logic_read(req, term, list, depth) : compare_read(req, term, list, ops[i].flipped);
        if (!ok) {
            mail_term_free(term);
            return NULL;
        }
        return term;
    }
    fail_search(req, name ? name : "no operator");
    return NULL;
}

/* [{"col":607,"pattern":"x"}, …]: all must match. */
static mail_term_t *old_read(struct oxd_req *req, const json_t *list)
{
    size_t i;
    json_t *row;
    mail_term_t *all = g_new0(mail_term_t, 1);
    all->op = OP_AND;
    all->kids = g_ptr_array_new_with_free_func(kid_free);
    json_array_foreach(list, i, row)
    {
        int64_t col = oxd_json_id(json_object_get(row, "col"));
        mail_term_t *kid = g_new0(mail_term_t, 1);
        size_t k = 0;
        while (k < G_N_ELEMENTS(fields) && fields[k].col != col) {
            k++;
        }
        g_ptr_array_add(all->kids, kid);
        if (k == G_N_ELEMENTS(fields) || col <= 0) {
            fail_search(req, "unknown col");
            mail_term_free(all);
            return NULL;
        }
        kid->field = fields[k].field;
        if (!constant_read(req, kid, json_object_get(row, "pattern"))) {
            mail_term_free(all);
            return NULL;
        }
    }
    return all;
}

mail_term_t *mail_term_parse(struct oxd_req *req, const json_t *body)
{
    if (json_is_array(body)) {
        return old_read(req, body);
    }
    const json_t *filter = json_object_get(body, "filter");
    if (!json_is_array(filter)) {
        fail_search(req, "no filter");
        return NULL;
    }
    return term_read(req, filter, 0);
}

/* ---- matching ---- */

/* Wildcards take the whole text, anything else is looked for inside. */
static bool text_match(void *baton, const char *value)
{
    const mail_term_t *term = baton;
    char *folded = g_utf8_casefold(value, -1);
    bool hit = term->pattern ? g_pattern_spec_match_string(term->pattern, folded) : strstr(folded, term->text) != NULL;
    g_free(folded);
    return hit;
}

static bool addresses_match(const mail_term_t *term, const json_t *list)
{
    size_t i;
    json_t *row;
    json_array_foreach(list, i, row)
    {
        const char *name = json_string_value(json_array_get(row, 0));
        const char *addr = json_string_value(json_array_get(row, 1));
        char *whole = g_strdup_printf("%s <%s>", name ? name : "", addr ? addr : "");
        bool hit = (addr && text_match((void *)term, addr)) || (name && text_match((void *)term, name)) ||
                   text_match((void *)term, whole);
        g_free(whole);
        if (hit) {
            return true;
        }
    }
    return false;
}

static bool body_match(const mail_term_t *term, const struct oxd_user *user, const mail_msg_t *msg)
{
    GBytes *raw = mail_raw(user, msg);
    gsize len;
    const char *data = g_bytes_get_data(raw, &len);
    bool hit;
    if (!data) {
        hit = false;
    } else if (term->field == F_CONTENT) {
        hit = mime_text_any(data, len, text_match, (void *)term);
    } else {
        char kind = term->field == F_DISP ? 'd' : term->field == F_ATTACHMENT_NAME ? 'n' : 't';
        hit = mime_attr_any(data, len, kind, text_match, (void *)term);
    }
    g_bytes_unref(raw);
    return hit;
}

static bool order_match(enum op op, int c)
{
    switch (op) {
    case OP_EQ:
        return c == 0;
    case OP_NE:
        return c != 0;
    case OP_LT:
        return c < 0;
    case OP_GT:
        return c > 0;
    case OP_LE:
        return c <= 0;
    default:
        return c >= 0;
    }
}

static bool num_match(const mail_term_t *term, int64_t value)
{
    return order_match(term->op, value < term->num ? -1 : value > term->num);
}

/* First value of a text field, for < and >. */
static const char *text_value(const mail_term_t *term, const mime_head_t *head)
{
    const json_t *list = term->field == F_FROM ? head->from : term->field == F_TO ? head->to : head->cc;
    const char *s = term->field == F_SUBJECT ? json_string_value(head->subject)
                                             : json_string_value(json_array_get(json_array_get(list, 0), 1));
    return s ? s : "";
}

static bool contains(const mail_term_t *term, const struct oxd_user *user, mail_msg_t *msg)
{
    const mime_head_t *head = term->field <= F_SUBJECT ? mail_head(user, msg) : NULL;
    switch (term->field) {
    case F_FROM:
        return addresses_match(term, head->from);
    case F_TO:
        return addresses_match(term, head->to);
    case F_CC:
        return addresses_match(term, head->cc);
    case F_BCC:
        return addresses_match(term, head->bcc);
    case F_SUBJECT:
        return text_match((void *)term, head->subject ? json_string_value(head->subject) : "");
    default:
        return body_match(term, user, msg);
    }
}

static bool compare_match(const mail_term_t *term, const struct oxd_user *user, mail_msg_t *msg)
{
    switch (term->field) {
    case F_RECEIVED:
        return num_match(term, msg->received);
    case F_SENT:
        return num_match(term, mail_head(user, msg)->sent);
    case F_SIZE:
        return num_match(term, msg->size);
    case F_COLOR:
        return num_match(term, msg->color);
    case F_PRIORITY:
        return num_match(term, mail_head(user, msg)->priority);
    case F_ATTACHMENT:
        return num_match(term, mail_has_attachment(user, msg));
    case F_FLAGS:
        return ((msg->flags & term->num) == term->num) != (term->op == OP_NE);
    default:
        break;
    }
    if (term->op == OP_EQ || term->op == OP_NE) {
        return contains(term, user, msg) == (term->op == OP_EQ);
    }
    if (term->field > F_SUBJECT) {
        return false;
    }
    char *folded = g_utf8_casefold(text_value(term, mail_head(user, msg)), -1);
    bool hit = order_match(term->op, strcmp(folded, term->text));
    g_free(folded);
    return hit;
}

bool mail_term_match(const mail_term_t *term, const struct oxd_req *req, mail_msg_t *msg)
{
    if (!term->kids) {
        return compare_match(term, req->user, msg);
    }
    for (guint i = 0; i < term->kids->len; i++) {
        bool hit = mail_term_match(g_ptr_array_index(term->kids, i), req, msg);
        if (term->op == OP_NOT) {
            return !hit;
        }
        if (hit == (term->op == OP_OR)) {
            return hit;
        }
    }
    return term->op == OP_AND;
}
