/* SPDX-License-Identifier: Apache-2.0 */
/* usmsync: contacts as vCard 3.0. One table says where each field goes. */
#include "tools/sync.h"

#include <apr_lib.h>
#include <apr_strings.h>
#include <apr_time.h>
#include <string.h>

#define FOLD 74 /* bytes of a line */

/* property: with its parameters, which are matched as a set; part: which component of a structured value, -1 the whole.
 * Rows of one structured property stand together, in the order of their parts. */
typedef struct row_t {
    int field;
    const char *property;
    int part;
} row_t;

static const row_t rows[] = {
    {USM_CONTACT_LAST_NAME, "N", 0},
    {USM_CONTACT_FIRST_NAME, "N", 1},
    {USM_CONTACT_MIDDLE_NAME, "N", 2},
    {USM_CONTACT_TITLE, "N", 3},
    {USM_CONTACT_SUFFIX, "N", 4},
    {USM_CONTACT_NICK_NAME, "NICKNAME", -1},
    {USM_CONTACT_COMPANY, "ORG", 0},
    {USM_CONTACT_DEPARTMENT, "ORG", 1},
    {USM_CONTACT_JOB_TITLE, "TITLE", -1},
    {USM_CONTACT_EMAIL1, "EMAIL;TYPE=PREF", -1},
    {USM_CONTACT_EMAIL2, "EMAIL;TYPE=X-SECOND", -1},
    {USM_CONTACT_EMAIL3, "EMAIL;TYPE=X-THIRD", -1},
    {USM_CONTACT_PHONE_MOBILE, "TEL;TYPE=CELL", -1},
    {USM_CONTACT_PHONE_HOME, "TEL;TYPE=HOME", -1},
    {USM_CONTACT_PHONE_BUSINESS, "TEL;TYPE=WORK", -1},
    {USM_CONTACT_FAX_HOME, "TEL;TYPE=HOME,FAX", -1},
    {USM_CONTACT_FAX_BUSINESS, "TEL;TYPE=WORK,FAX", -1},
    {USM_CONTACT_PAGER, "TEL;TYPE=PAGER", -1},
    {USM_CONTACT_PHONE_CAR, "TEL;TYPE=CAR", -1},
    {USM_CONTACT_HOME_STREET, "ADR;TYPE=HOME", 2},
    {USM_CONTACT_HOME_CITY, "ADR;TYPE=HOME", 3},
    {USM_CONTACT_HOME_STATE, "ADR;TYPE=HOME", 4},
    {USM_CONTACT_HOME_POSTAL, "ADR;TYPE=HOME", 5},
    {USM_CONTACT_HOME_COUNTRY, "ADR;TYPE=HOME", 6},
    {USM_CONTACT_BUSINESS_STREET, "ADR;TYPE=WORK", 2},
    {USM_CONTACT_BUSINESS_CITY, "ADR;TYPE=WORK", 3},
    {USM_CONTACT_BUSINESS_STATE, "ADR;TYPE=WORK", 4},
    {USM_CONTACT_BUSINESS_POSTAL, "ADR;TYPE=WORK", 5},
    {USM_CONTACT_BUSINESS_COUNTRY, "ADR;TYPE=WORK", 6},
    {USM_CONTACT_WEB_PAGE, "URL", -1},
    {USM_CONTACT_BIRTHDAY, "BDAY", -1},
    {USM_CONTACT_CATEGORIES, "CATEGORIES", -1},
    {USM_CONTACT_BODY, "NOTE", -1},
};
#define ROWS (sizeof rows / sizeof rows[0])

static const row_t *row_of(int field)
{
    for (apr_size_t i = 0; i < ROWS; i++) {
        if (rows[i].field == field)
            return &rows[i];
    }
    return NULL;
}

/* Fields that a card can carry: those of the table, and every other text a user may change. */
static int carried(int field)
{
    const usm_fieldinfo_t *info = usm_field(USM_CONTACT, field);
    if (field == USM_CONTACT_UID || field == USM_CONTACT_DISPLAY_NAME || (info->flags & USM_F_RO))
        return 0;
    return row_of(field) || info->type == USM_T_TEXT;
}

/* ---- writing ---- */

static const char *escaped(const char *text, apr_pool_t *pool)
{
    char *out = apr_palloc(pool, 2 * strlen(text) + 1), *o = out;
    for (; *text; text++) {
        if (*text == '\r')
            continue;
        if (strchr("\\;,\n", *text))
            *o++ = '\\';
        *o++ = *text == '\n' ? 'n' : *text;
    }
    *o = '\0';
    return out;
}

static const char *day_text(usm_time_t t, apr_pool_t *pool)
{
    apr_time_exp_t e;
    apr_time_exp_gmt(&e, apr_time_from_msec(t));
    return apr_psprintf(pool, "%04d-%02d-%02d", e.tm_year + 1900, e.tm_mon + 1, e.tm_mday);
}

/* Escaped; NULL when the field is not set. */
static const char *value_of(const usm_item_t *item, int field, apr_pool_t *pool)
{
    if (!usm_item_isset(item, field))
        return NULL;
    switch (usm_field(USM_CONTACT, field)->type) {
    case USM_T_DATE:
        return day_text(usm_item_num(item, field, 0), pool);
    case USM_T_BODY:
        return sync_body_text(item, field) ? escaped(sync_body_text(item, field), pool) : NULL;
    case USM_T_LIST: {
        const usm_list_t *list = item->v[field].u.list;
        const char *out = "";
        for (int i = 0; i < list->count; i++)
            out = apr_pstrcat(pool, out, i ? "," : "", escaped(list->items[i], pool), NULL);
        return out;
    }
    default:
        return usm_item_text(item, field) ? escaped(usm_item_text(item, field), pool) : NULL;
    }
}

/* Long lines go on behind a blank; never in the middle of a character. */
static void put_line(apr_array_header_t *out, const char *line, apr_pool_t *pool)
{
    apr_size_t len = strlen(line);
    for (apr_size_t room = FOLD; len > room; room = FOLD - 1) {
        apr_size_t n = room;
        while (n > 1 && ((unsigned char)line[n] & 0xc0) == 0x80)
            n--;
        APR_ARRAY_PUSH(out, const char *) = apr_pstrcat(pool, apr_pstrmemdup(pool, line, n), "\r\n ", NULL);
        line += n;
        len -= n;
    }
    APR_ARRAY_PUSH(out, const char *) = apr_pstrcat(pool, line, "\r\n", NULL);
}

static void put_structured(apr_array_header_t *out, apr_size_t *at, const usm_item_t *item, apr_pool_t *pool)
{
    const char *property = rows[*at].property, *value = "";
    int part = 0, any = 0;
    for (; *at < ROWS && strcmp(rows[*at].property, property) == 0; ++*at) {
        const char *v = value_of(item, rows[*at].field, pool);
        for (; part < rows[*at].part; part++)
            value = apr_pstrcat(pool, value, ";", NULL);
        value = apr_pstrcat(pool, value, v ? v : "", NULL);
        any |= v != NULL;
    }
    if (any || strcmp(property, "N") == 0)
        put_line(out, apr_pstrcat(pool, property, ":", value, NULL), pool);
}

const char *sync_vcard_write(const usm_item_t *item, apr_pool_t *pool)
{
    apr_array_header_t *out = apr_array_make(pool, 64, sizeof(const char *));
    const char *full = usm_item_text(item, USM_CONTACT_DISPLAY_NAME);
    put_line(out, "BEGIN:VCARD", pool);
    put_line(out, "VERSION:3.0", pool);
    if (!full)
        full = usm_item_text(item, USM_CONTACT_LAST_NAME);
    put_line(out, apr_pstrcat(pool, "FN:", escaped(full ? full : "", pool), NULL), pool);
    for (apr_size_t i = 0; i < ROWS;) {
        if (rows[i].part >= 0) {
            put_structured(out, &i, item, pool);
            continue;
        }
        const char *v = value_of(item, rows[i].field, pool);
        if (v)
            put_line(out, apr_pstrcat(pool, rows[i].property, ":", v, NULL), pool);
        i++;
    }
    for (int f = 0; f < usm_class_fields(USM_CONTACT); f++) {
        const char *v = carried(f) && !row_of(f) ? value_of(item, f, pool) : NULL;
        if (v)
            put_line(out, apr_pstrcat(pool, "X-USM-", usm_field(USM_CONTACT, f)->name, ":", v, NULL), pool);
    }
    put_line(out, "END:VCARD", pool);
    return apr_array_pstrcat(pool, out, 0);
}

/* ---- reading ---- */

/* Lines that go on are joined, in place. */
static char *unfolded(const char *text, apr_pool_t *pool)
{
    char *out = apr_palloc(pool, strlen(text) + 1), *o = out;
    for (; *text; text++) {
        if (*text == '\r')
            continue;
        if (*text == '\n' && (text[1] == ' ' || text[1] == '\t')) {
            text++;
            continue;
        }
        *o++ = *text;
    }
    *o = '\0';
    return out;
}

/* The part-th piece of an escaped value between @a sep, unescaped; NULL when there are fewer or it is empty. */
static const char *piece(const char *value, int part, char sep, apr_pool_t *pool)
{
    char *out = apr_palloc(pool, strlen(value) + 1), *o = out;
    for (; *value; value++) {
        if (sep && *value == sep) {
            if (part-- == 0)
                break;
            continue;
        }
        char c = *value;
        if (c == '\\' && value[1]) {
            value++;
            c = *value == 'n' || *value == 'N' ? '\n' : *value;
        }
        if (part == 0 || !sep)
            *o++ = c;
    }
    *o = '\0';
    return o == out ? NULL : out;
}

static usm_error_t *set_field(usm_item_t *item, int field, const char *value)
{
    apr_pool_t *pool = item->pool;
    apr_time_exp_t e = {0};
    apr_time_t t;
    usm_list_t *list;
    switch (usm_field(USM_CONTACT, field)->type) {
    case USM_T_DATE: {
        const char *p = value;
        int n[3] = {0}, digits = 0;
        for (; digits < 8 && (apr_isdigit(*p) || *p == '-'); p++) {
            int *of = &n[digits < 4 ? 0 : digits < 6 ? 1 : 2];
            if (*p != '-') {
                *of = *of * 10 + *p - '0';
                digits++;
            }
        }
        e.tm_year = n[0] - 1900;
        e.tm_mon = n[1] - 1;
        e.tm_mday = n[2];
        if (digits != 8 || apr_time_exp_gmt_get(&t, &e) != APR_SUCCESS)
            return USM_ERROR(pool, USM_EINVALID, "a date of the card cannot be read");
        usm_item_set_num(item, field, apr_time_as_msec(t));
        return NULL;
    }
    case USM_T_BODY:
        sync_set_body(item, field, piece(value, 0, 0, pool));
        return NULL;
    case USM_T_LIST:
        list = apr_pcalloc(pool, sizeof *list);
        list->items = apr_palloc(pool, sizeof(char *) * (strlen(value) + 1));
        for (const char *one; (one = piece(value, list->count, ',', pool)) != NULL;)
            list->items[list->count++] = one;
        usm_item_set_ptr(item, field, list->count ? list : NULL);
        return NULL;
    default:
        usm_item_set_text(item, field, piece(value, 0, 0, pool));
        return NULL;
    }
}

/* "TEL;TYPE=HOME;TYPE=VOICE" is "TEL;TYPE=HOME" of the table: each type named there must be there, FAX only then. */
static int same_property(const char *line, const char *property, apr_pool_t *pool)
{
    char *mine = apr_pstrdup(pool, line), *theirs = apr_pstrdup(pool, property), *rest;
    for (char *p = mine; *p; p++)
        *p = (char)apr_toupper(*p);
    apr_size_t n = strcspn(theirs, ";");
    if (strcspn(mine, ";") != n || strncmp(mine, theirs, n) != 0)
        return 0;
    if ((strstr(mine, "FAX") != NULL) != (strstr(theirs, "FAX") != NULL))
        return 0;
    if (!theirs[n])
        return 1;
    for (char *type = apr_strtok(theirs + n + 6, ",", &rest); type; type = apr_strtok(NULL, ",", &rest)) {
        if (!strstr(mine + n, type))
            return 0;
    }
    return 1;
}

static usm_error_t *take_property(usm_item_t *item, const char *name, const char *value)
{
    apr_pool_t *pool = item->pool;
    if (strncasecmp(name, "X-USM-", 6) == 0) {
        for (int f = 0; f < usm_class_fields(USM_CONTACT); f++) {
            if (carried(f) && !row_of(f) && strcasecmp(usm_field(USM_CONTACT, f)->name, name + 6) == 0)
                return set_field(item, f, value);
        }
        return NULL;
    }
    int other_mail = strncasecmp(name, "EMAIL", 5) == 0 && !strstr(name, "TYPE=X-") && !strstr(name, "PREF");
    for (apr_size_t i = 0; i < ROWS; i++) {
        int fits = other_mail ? strncmp(rows[i].property, "EMAIL", 5) == 0
                              : same_property(name, rows[i].property, pool);
        if (usm_item_isset(item, rows[i].field) || !fits)
            continue;
        if (rows[i].part < 0)
            return set_field(item, rows[i].field, value);
        const char *v = piece(value, rows[i].part, ';', pool);
        if (v)
            usm_item_set_text(item, rows[i].field, v);
    }
    return NULL;
}

usm_error_t *sync_vcard_read(usm_item_t **item_p, const char *text, apr_pool_t *pool)
{
    usm_item_t *item = usm_item_create(USM_CONTACT, pool);
    char *rest, *lines = unfolded(text, pool);
    int inside = 0;
    for (int f = 0; f < usm_class_fields(USM_CONTACT); f++) {
        if (carried(f))
            usm_item_set_empty(item, f);
    }
    for (char *line = apr_strtok(lines, "\n", &rest); line; line = apr_strtok(NULL, "\n", &rest)) {
        char *colon = strchr(line, ':');
        if (!colon)
            return USM_ERROR(pool, USM_EINVALID, "a line of the card has no colon");
        *colon = '\0';
        if (strcasecmp(line, "BEGIN") == 0 && ++inside > 1)
            return USM_ERROR(pool, USM_EINVALID, "more than one card in a file");
        USM_ERR(take_property(item, line, colon + 1));
    }
    if (!inside)
        return USM_ERROR(pool, USM_EINVALID, "not a vCard");
    *item_p = item;
    return NULL;
}
