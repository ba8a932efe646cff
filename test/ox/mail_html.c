/* SPDX-License-Identifier: Apache-2.0 */
#include "mail_html.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <glib.h>

/* Name of the tag that starts at p ('<'), in lower case, with its slash for end tags. */
static void tag_name(const char *p, char *name, size_t max)
{
    size_t n = 0;
    for (p++; n + 1 < max && *p && (g_ascii_isalnum(*p) || (n == 0 && (*p == '/' || *p == '!'))); p++) {
        name[n++] = g_ascii_tolower(*p);
    }
    name[n] = '\0';
}

/* End of the tag: one past '>', or the end of the text. Quoted attribute values may hold '>'. */
static const char *tag_end(const char *p)
{
    if (strncmp(p, "<!--", 4) == 0) {
        const char *e = strstr(p + 4, "-->");
        return e ? e + 3 : p + strlen(p);
    }
    char quote = 0;
    for (; *p; p++) {
        if (quote) {
            quote = *p == quote ? 0 : quote;
        } else if (*p == '"' || *p == '\'') {
            quote = *p;
        } else if (*p == '>') {
            return p + 1;
        }
    }
    return p;
}

/* Skips to behind the end tag of an element whose content is no text (script, style, head). */
static const char *element_end(const char *p, const char *name)
{
    char close[16];
    g_snprintf(close, sizeof(close), "/%s", name);
    for (p = tag_end(p); *p;) {
        if (*p == '<') {
            char here[16];
            tag_name(p, here, sizeof(here));
            if (strcmp(here, close) == 0) {
                return tag_end(p);
            }
        }
        p++;
    }
    return p;
}

static const struct {
    const char *name;
    gunichar ch;
} entities[] = {
    {"amp", '&'},    {"lt", '<'},      {"gt", '>'},    {"quot", '"'},    {"apos", '\''},     {"nbsp", 0xa0},
    {"auml", 0xe4},  {"ouml", 0xf6},   {"uuml", 0xfc}, {"Auml", 0xc4},   {"Ouml", 0xd6},     {"Uuml", 0xdc},
    {"szlig", 0xdf}, {"euro", 0x20ac}, {"copy", 0xa9}, {"eacute", 0xe9}, {"hellip", 0x2026}, {"ndash", 0x2013},
};

/* Appends what an entity stands for; answers its length, 0 when it is none. */
static size_t entity_add(GString *out, const char *p)
{
    const char *semi = memchr(p, ';', strnlen(p, 12));
    if (!semi) {
        return 0;
    }
    size_t n = (size_t)(semi - p) - 1;
    gunichar ch = 0;
    if (p[1] == '#') {
        ch = (gunichar)((p[2] | 0x20) == 'x' ? strtoul(p + 3, NULL, 16) : strtoul(p + 2, NULL, 10));
    }
    for (size_t i = 0; i < G_N_ELEMENTS(entities) && !ch; i++) {
        if (strlen(entities[i].name) == n && strncmp(entities[i].name, p + 1, n) == 0) {
            ch = entities[i].ch;
        }
    }
    if (!ch || !g_unichar_validate(ch)) {
        return 0;
    }
    g_string_append_unichar(out, ch == 0xa0 ? ' ' : ch);
    return n + 2;
}

static bool in_list(const char *name, const char *list)
{
    size_t n = strlen(name);
    for (const char *p = list; (p = strstr(p, name)) != NULL; p += n) {
        if ((p == list || p[-1] == ' ') && (p[n] == ' ' || p[n] == '\0')) {
            return n > 0;
        }
    }
    return false;
}

static void newline_add(GString *out)
{
    while (out->len && out->str[out->len - 1] == ' ') {
        g_string_truncate(out, out->len - 1);
    }
    if (out->len && !g_str_has_suffix(out->str, "\n\n")) {
        g_string_append_c(out, '\n');
    }
}

static const char *text_tag(GString *out, const char *p)
{
    char name[16];
    tag_name(p, name, sizeof(name));
    if (in_list(name, "script style head title")) {
        return element_end(p, name);
    }
    if (in_list(name, "br /p /div /tr /li /h1 /h2 /h3 /table hr")) {
        newline_add(out);
    } else if (in_list(name, "li")) {
        g_string_append(out, "* ");
    } else if (in_list(name, "td th") && out->len && !g_ascii_isspace(out->str[out->len - 1])) {
        g_string_append_c(out, ' ');
    }
    return tag_end(p);
}

char *mail_html_to_text(const char *html)
{
    GString *out = g_string_new(NULL);
    for (const char *p = html; *p;) {
        size_t n;
        if (*p == '<' && (g_ascii_isalpha(p[1]) || p[1] == '/' || p[1] == '!')) {
            p = text_tag(out, p);
        } else if (*p == '&' && (n = entity_add(out, p)) > 0) {
            p += n;
        } else if (g_ascii_isspace(*p)) {
            if (out->len && !g_ascii_isspace(out->str[out->len - 1])) {
                g_string_append_c(out, ' ');
            }
            p++;
        } else {
            g_string_append_c(out, *p++);
        }
    }
    while (out->len && g_ascii_isspace(out->str[out->len - 1])) {
        g_string_truncate(out, out->len - 1);
    }
    return g_string_free(out, FALSE);
}

char *mail_html_from_text(const char *text)
{
    GString *out = g_string_new(NULL);
    for (const char *p = text; *p; p++) {
        switch (*p) {
        case '&':
            g_string_append(out, "&amp;");
            break;
        case '<':
            g_string_append(out, "&lt;");
            break;
        case '>':
            g_string_append(out, "&gt;");
            break;
        case '"':
            g_string_append(out, "&quot;");
            break;
        case '\r':
            break;
        case '\n':
            g_string_append(out, "<br />\n");
            break;
        default:
            g_string_append_c(out, *p);
        }
    }
    return g_string_free(out, FALSE);
}

/* One attribute inside a tag; p is at its name. Answers where it ends and the span of its value. */
static const char *attr_span(const char *p, const char *end, const char **val, size_t *val_len)
{
    while (p < end && *p != '=' && *p != '>' && !g_ascii_isspace(*p)) {
        p++;
    }
    *val = p;
    *val_len = 0;
    if (p >= end || *p != '=') {
        return p;
    }
    p++;
    char quote = p < end && (*p == '"' || *p == '\'') ? *p++ : 0;
    *val = p;
    while (p < end && (quote ? *p != quote : *p != '>' && !g_ascii_isspace(*p))) {
        p++;
    }
    *val_len = (size_t)(p - *val);
    return quote && p < end ? p + 1 : p;
}

/* True when an attribute may not go out: handlers, script links, and images elsewhere when asked. */
static bool attr_bad(const char *name, const char *val, size_t val_len, bool img)
{
    if (strncasecmp(name, "on", 2) == 0 && g_ascii_isalpha(name[2])) {
        return true;
    }
    if (val_len >= 11 && strncasecmp(val, "javascript:", 11) == 0) {
        return true;
    }
    return img && strncasecmp(name, "src=", 4) == 0 && val_len >= 4 && strncasecmp(val, "http", 4) == 0;
}

static void tag_copy(GString *out, const char *p, const char *end, bool img)
{
    while (p < end && *p != '>' && !g_ascii_isspace(*p)) {
        g_string_append_c(out, *p++);
    }
    while (p < end) {
        if (*p == '>' || *p == '/' || g_ascii_isspace(*p)) {
            g_string_append_c(out, *p++);
            continue;
        }
        const char *val;
        size_t val_len;
        const char *next = attr_span(p, end, &val, &val_len);
        if (next == p) {
            next++;
        }
        if (!attr_bad(p, val, val_len, img)) {
            g_string_append_len(out, p, next - p);
        }
        p = next;
    }
}

char *mail_html_clean(const char *html, bool body_only, bool no_images)
{
    GString *out = g_string_new(NULL);
    for (const char *p = html; *p;) {
        if (*p != '<' || !(g_ascii_isalpha(p[1]) || p[1] == '/' || p[1] == '!')) {
            g_string_append_c(out, *p++);
            continue;
        }
        char name[16];
        tag_name(p, name, sizeof(name));
        if (strcmp(name, "script") == 0 || (body_only && strcmp(name, "head") == 0)) {
            p = element_end(p, name);
            continue;
        }
        const char *end = tag_end(p);
        if (!body_only || !in_list(name, "html /html body /body ! !doctype")) {
            tag_copy(out, p, end, no_images && strcmp(name, "img") == 0);
        }
        p = end;
    }
    return g_string_free(out, FALSE);
}
