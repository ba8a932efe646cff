/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Synthetic mail. Message i of seed s is a function of both, so that a folder of 100,000 messages keeps only their
 * numbers and writes the bytes when somebody asks. A reply knows its thread because the ancestors' ids are functions
 * too.
 */
#include "mail.h"

#include <string.h>

/* A stream of numbers that starts from (seed, index, salt). */
typedef struct rng {
    uint64_t state;
} rng_t;

static uint64_t rng_next(rng_t *r)
{
    uint64_t z = r->state += 0x9e3779b97f4a7c15u;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

static rng_t rng_of(uint32_t seed, uint32_t index, uint32_t salt)
{
    rng_t r = {.state = ((uint64_t)seed << 32 | index) ^ ((uint64_t)salt * 0xd6e8feb86659fd93u)};
    rng_next(&r);
    return r;
}

static unsigned rng_below(rng_t *r, unsigned n)
{
    return (unsigned)(rng_next(r) % n);
}

enum { SALT_META = 1, SALT_THREAD, SALT_SUBJECT, SALT_SENDER, SALT_BODY, SALT_KIND };

/* Names with what real address books hold: umlauts, apostrophes, other alphabets. */
static const struct {
    const char *name, *addr;
} people[] = {
    {"Berta Beispiel", "berta@example.org"},
    {"Jörg Müller", "joerg.mueller@firma.example"},
    {"Ada Lovelace", "ada@analytical.example"},
    {"Zoë Ångström", "zoe@angstrom.example"},
    {"Siobhán O'Neill", "siobhan@oneill.example"},
    {"Łukasz Żółć", "lukasz@example.pl.example"},
    {"山田 太郎", "taro@yamada.example"},
    {"Иван Петров", "ivan@petrov.example"},
    {"Newsletter", "news@shop.example"},
    {"Max Mustermann", "max@mustermann.example"},
    {"", "noreply@service.example"},
    {"Vertrieb Süd", "vertrieb@firma.example"},
    {"Grace Hopper", "grace@navy.example"},
    {"Frédéric Noël", "fred@noel.example"},
};

static const char *const topics[] = {
    "Minutes of the meeting",
    "Angebot für Büromöbel",
    "Rechnung",
    "Lunch on Friday?",
    "Projektplan Überarbeitung",
    "Server maintenance",
    "Fotos vom Ausflug",
    "Weekly report",
    "Urlaubsantrag",
    "Your order",
    "Größe der Lieferung",
    "Réunion annuelle",
    "Quarterly figures",
    "Besprechung Straße",
    "Travel plans",
};

static const char *const words[] = {
    "the",      "project", "meeting", "wir",      "haben",  "für",    "nächste", "Woche",    "please",  "find",
    "attached", "report",  "Grüße",   "schöne",   "Straße", "budget", "team",    "review",   "zurück",  "deadline",
    "customer", "über",    "change",  "question", "answer", "morgen", "Termin",  "schedule", "version", "größer",
};

static const char *const ascii_words[] = {
    "the",    "project", "meeting", "please",   "find",     "report",
    "budget", "team",    "review",  "deadline", "customer", "change",
};

/* The message this one answers, or itself: chains are short and go back a little only. */
static uint32_t parent_of(uint32_t seed, uint32_t index)
{
    rng_t r = rng_of(seed, index, SALT_THREAD);
    if (index == 0 || rng_below(&r, 100) >= 40) {
        return index;
    }
    return index - 1 - rng_below(&r, MIN(index, 12));
}

static void message_id_add(GString *out, uint32_t seed, uint32_t index)
{
    g_string_append_printf(out, "<g%u.%u@mail.example.org>", seed, index);
}

void mail_gen_meta(uint32_t seed, uint32_t index, uint32_t count, int64_t until, int64_t *received, int *flags,
                   int *color)
{
    rng_t r = rng_of(seed, index, SALT_META);
    int64_t step = 20 * 60 * 1000;
    int64_t jitter = (int64_t)rng_below(&r, 15 * 60) * 1000;
    *received = until - (int64_t)(count - 1 - index) * step - (index + 1 == count ? 0 : jitter);
    *flags = rng_below(&r, 100) < 85 ? MAIL_SEEN : 0;
    *flags |= rng_below(&r, 100) < 12 ? MAIL_ANSWERED : 0;
    *flags |= rng_below(&r, 100) < 4 ? MAIL_FLAGGED : 0;
    *flags |= rng_below(&r, 100) < 3 ? MAIL_FORWARDED : 0;
    *color = rng_below(&r, 100) < 3 ? (int)rng_below(&r, 11) : 0;
}

/* ---- encodings ---- */

static void base64_lines(GString *out, const char *data, size_t len)
{
    char *text = g_base64_encode((const guchar *)data, len);
    size_t n = strlen(text);
    for (size_t i = 0; i < n; i += 76) {
        g_string_append_len(out, text + i, (gssize)MIN(76, n - i));
        g_string_append(out, "\r\n");
    }
    g_free(text);
}

static void quoted_printable(GString *out, const char *data, size_t len)
{
    static const char hex[] = "0123456789ABCDEF";
    size_t col = 0;
    for (size_t i = 0; i < len; i++) {
        unsigned char c = (unsigned char)data[i];
        if (c == '\n') {
            g_string_append(out, "\r\n");
            col = 0;
            continue;
        }
        if (col > 70) {
            g_string_append(out, "=\r\n");
            col = 0;
        }
        if (c >= 33 && c <= 126 && c != '=' && !(c == '.' && col == 0)) {
            g_string_append_c(out, (char)c);
            col++;
        } else if (c == ' ' && i + 1 < len && data[i + 1] != '\n') {
            g_string_append_c(out, ' ');
            col++;
        } else {
            g_string_append_printf(out, "=%c%c", hex[c >> 4], hex[c & 15]);
            col += 3;
        }
    }
    g_string_append(out, "\r\n");
}

static bool is_ascii(const char *s)
{
    for (; *s; s++) {
        if ((unsigned char)*s > 126) {
            return false;
        }
    }
    return true;
}

/* Header text: encoded words of at most 30 bytes each, cut between characters. */
static void header_text(GString *out, const char *utf8)
{
    if (is_ascii(utf8)) {
        g_string_append(out, utf8);
        return;
    }
    while (*utf8) {
        size_t n = 0;
        while (utf8[n]) {
            size_t next = (size_t)(g_utf8_next_char(utf8 + n) - utf8);
            if (next > 30) {
                break;
            }
            n = next;
        }
        char *b64 = g_base64_encode((const guchar *)utf8, n);
        g_string_append_printf(out, "=?UTF-8?B?%s?=", b64);
        g_free(b64);
        utf8 += n;
        g_string_append(out, *utf8 ? "\r\n " : "");
    }
}

/* ---- content ---- */

static void prose(GString *out, rng_t *r, bool ascii, const char *eol)
{
    unsigned paragraphs = 1 + rng_below(r, 4);
    for (unsigned p = 0; p < paragraphs; p++) {
        unsigned n = 15 + rng_below(r, 60);
        for (unsigned i = 0; i < n; i++) {
            const char *w =
                ascii ? ascii_words[rng_below(r, G_N_ELEMENTS(ascii_words))] : words[rng_below(r, G_N_ELEMENTS(words))];
            g_string_append(out, w);
            g_string_append(out, i % 12 == 11 || i + 1 == n ? eol : " ");
        }
        g_string_append(out, eol);
    }
}

/* A text part with its headers. charset NULL: plain ASCII. */
static void text_part(GString *out, const char *sub, const char *charset, char encoding, const char *utf8)
{
    gsize len = strlen(utf8);
    char *bytes = charset && strcmp(charset, "utf-8") != 0
                      ? g_convert_with_fallback(utf8, -1, charset, "UTF-8", "?", NULL, &len, NULL)
                      : NULL;
    const char *data = bytes ? bytes : utf8;
    g_string_append_printf(out, "Content-Type: text/%s; charset=%s\r\n", sub, charset ? charset : "us-ascii");
    switch (encoding) {
    case 'b':
        g_string_append(out, "Content-Transfer-Encoding: base64\r\n\r\n");
        base64_lines(out, data, len);
        break;
    case 'q':
        g_string_append(out, "Content-Transfer-Encoding: quoted-printable\r\n\r\n");
        quoted_printable(out, data, len);
        break;
    default:
        g_string_append_printf(out, "Content-Transfer-Encoding: %s\r\n\r\n", encoding == '8' ? "8bit" : "7bit");
        for (gsize i = 0; i < len; i++) {
            if (data[i] == '\n') {
                g_string_append_c(out, '\r');
            }
            g_string_append_c(out, data[i]);
        }
    }
    g_free(bytes);
}

static char *html_of(const char *text)
{
    char **lines = g_strsplit(text, "\n\n", -1);
    GString *out =
        g_string_new("<!DOCTYPE html>\n<html><head><title>Mail</title><style>p{margin:0}</style></head><body>\n");
    for (char **line = lines; *line; line++) {
        if (**line) {
            g_string_append_printf(out, "<p class=\"text\" style=\"font-family:sans-serif\">%s</p>\n", *line);
        }
    }
    g_string_append(out, "<p><a href=\"https://example.org/\">example.org</a>"
                         " <img src=\"https://example.org/logo.png\" alt=\"\"></p>\n</body></html>\n");
    g_strfreev(lines);
    return g_string_free(out, FALSE);
}

static void file_part(GString *out, rng_t *r, const char *type, const char *name, size_t len, const char *extra)
{
    GString *data = g_string_sized_new(len + 8);
    g_string_append(data, strcmp(type, "application/pdf") == 0 ? "%PDF-1.4\n" : "");
    while (data->len < len) {
        uint64_t v = rng_next(r);
        g_string_append_len(data, (const char *)&v, sizeof(v));
    }
    g_string_truncate(data, len);
    g_string_append_printf(out, "Content-Type: %s; name=\"%s\"\r\nContent-Transfer-Encoding: base64\r\n%s\r\n", type,
                           name, extra);
    base64_lines(out, data->str, data->len);
    g_string_free(data, TRUE);
}

typedef struct gen {
    uint32_t seed, index;
    rng_t r;
    char bound[40];
} gen_t;

static void bound_open(GString *out, const gen_t *g, const char *sub, char level)
{
    g_string_append_printf(out, "Content-Type: multipart/%s; boundary=\"%s%c\"\r\n\r\n", sub, g->bound, level);
}

static void bound_part(GString *out, const gen_t *g, char level)
{
    g_string_append_printf(out, "--%s%c\r\n", g->bound, level);
}

static void bound_close(GString *out, const gen_t *g, char level)
{
    g_string_append_printf(out, "--%s%c--\r\n", g->bound, level);
}

static void alternative(GString *out, gen_t *g, const char *text, char level)
{
    char *html = html_of(text);
    bound_open(out, g, "alternative", level);
    bound_part(out, g, level);
    text_part(out, "plain", "utf-8", 'q', text);
    bound_part(out, g, level);
    text_part(out, "html", "utf-8", rng_below(&g->r, 2) ? 'q' : 'b', html);
    bound_close(out, g, level);
    g_free(html);
}

static void mixed(GString *out, gen_t *g, const char *text)
{
    char disp[120];
    bound_open(out, g, "mixed", 'm');
    bound_part(out, g, 'm');
    if (rng_below(&g->r, 2)) {
        alternative(out, g, text, 'a');
    } else {
        text_part(out, "plain", "utf-8", 'q', text);
    }
    bound_part(out, g, 'm');
    g_snprintf(disp, sizeof(disp), "Content-Disposition: attachment; filename=\"report-%u.pdf\"\r\n", g->index);
    file_part(out, &g->r, "application/pdf", "report.pdf", 2000 + rng_below(&g->r, 40000), disp);
    bound_close(out, g, 'm');
}

static void related(GString *out, gen_t *g, const char *text)
{
    char *html = html_of(text);
    GString *with = g_string_new(html);
    g_string_append(with, "<img src=\"cid:logo@example.org\">\n");
    bound_open(out, g, "related", 'r');
    bound_part(out, g, 'r');
    text_part(out, "html", "utf-8", 'q', with->str);
    bound_part(out, g, 'r');
    file_part(out, &g->r, "image/png", "logo.png", 400 + rng_below(&g->r, 3000),
              "Content-ID: <logo@example.org>\r\nContent-Disposition: inline; filename=\"logo.png\"\r\n");
    bound_close(out, g, 'r');
    g_string_free(with, TRUE);
    g_free(html);
}

static void nested(GString *out, gen_t *g, const char *text)
{
    bound_open(out, g, "mixed", 'm');
    bound_part(out, g, 'm');
    text_part(out, "plain", "utf-8", 'q', text);
    bound_part(out, g, 'm');
    g_string_append(out,
                    "Content-Type: message/rfc822\r\nContent-Disposition: attachment\r\n\r\n"
                    "From: Ada Lovelace <ada@analytical.example>\r\nTo: berta@example.org\r\nSubject: Inner message\r\n"
                    "Date: Tue, 14 Nov 2023 22:13:20 +0000\r\nMIME-Version: 1.0\r\n");
    text_part(out, "plain", NULL, '7', "The message inside.\n");
    bound_close(out, g, 'm');
}

static void body(GString *out, gen_t *g)
{
    rng_t kind = rng_of(g->seed, g->index, SALT_KIND);
    unsigned k = rng_below(&kind, 100);
    GString *text = g_string_new(NULL);
    prose(text, &g->r, k < 35, "\n");
    if (k < 35) {
        text_part(out, "plain", NULL, '7', text->str);
    } else if (k < 50) {
        text_part(out, "plain", "utf-8", 'q', text->str);
    } else if (k < 55) {
        text_part(out, "plain", "iso-8859-1", '8', text->str);
    } else if (k < 60) {
        text_part(out, "plain", "iso-8859-15", 'q', text->str);
    } else if (k < 64) {
        text_part(out, "plain", "windows-1252", 'b', text->str);
    } else if (k < 83) {
        alternative(out, g, text->str, 'a');
    } else if (k < 90) {
        char *html = html_of(text->str);
        text_part(out, "html", "utf-8", 'q', html);
        g_free(html);
    } else if (k < 97) {
        mixed(out, g, text->str);
    } else if (k < 99) {
        related(out, g, text->str);
    } else {
        nested(out, g, text->str);
    }
    g_string_free(text, TRUE);
}

/* ---- headers ---- */

static void address_add(GString *out, const char *header, const char *name, const char *addr)
{
    g_string_append_printf(out, "%s: ", header);
    if (name && *name) {
        bool plain = is_ascii(name);
        g_string_append(out, plain ? "\"" : "");
        header_text(out, name);
        g_string_append_printf(out, "%s <%s>\r\n", plain ? "\"" : "", addr);
    } else {
        g_string_append_printf(out, "%s\r\n", addr);
    }
}

static void date_add(GString *out, int64_t utc)
{
    static const char *const days[] = {"Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"};
    static const char *const months[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                         "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    GDateTime *t = g_date_time_new_from_unix_utc(utc / 1000);
    g_string_append_printf(out, "Date: %s, %d %s %d %02d:%02d:%02d +0000\r\n", days[g_date_time_get_day_of_week(t) - 1],
                           g_date_time_get_day_of_month(t), months[g_date_time_get_month(t) - 1],
                           g_date_time_get_year(t), g_date_time_get_hour(t), g_date_time_get_minute(t),
                           g_date_time_get_second(t));
    g_date_time_unref(t);
}

/* Subject and References; the ancestors are listed from the thread's first message on. */
static void thread_headers(GString *out, uint32_t seed, uint32_t index)
{
    uint32_t chain[16];
    size_t n = 0;
    uint32_t root = index;
    for (uint32_t up; (up = parent_of(seed, root)) != root; root = up) {
        if (n < G_N_ELEMENTS(chain)) {
            chain[n++] = up;
        }
    }
    rng_t r = rng_of(seed, root, SALT_SUBJECT);
    g_string_append(out, "Subject: ");
    g_string_append(out, root != index ? "Re: " : "");
    header_text(out, topics[rng_below(&r, G_N_ELEMENTS(topics))]);
    g_string_append_printf(out, " %u\r\n", root);
    if (n) {
        g_string_append(out, "In-Reply-To: ");
        message_id_add(out, seed, chain[0]);
        g_string_append(out, "\r\nReferences:");
        while (n > 0) {
            g_string_append(out, "\r\n ");
            message_id_add(out, seed, chain[--n]);
        }
        g_string_append(out, "\r\n");
    }
}

void mail_gen_raw(const struct oxd_user *user, uint32_t seed, uint32_t index, int64_t received, GString *out)
{
    gen_t g = {.seed = seed, .index = index, .r = rng_of(seed, index, SALT_BODY)};
    rng_t who = rng_of(seed, index, SALT_SENDER);
    unsigned from = rng_below(&who, G_N_ELEMENTS(people));
    unsigned cc = rng_below(&who, G_N_ELEMENTS(people));
    g_snprintf(g.bound, sizeof(g.bound), "=_part_%08x_%u_", seed, index);
    g_string_append_printf(out, "Return-Path: <%s>\r\n", people[from].addr);
    date_add(out, received - (int64_t)rng_below(&who, 90) * 1000);
    address_add(out, "From", people[from].name, people[from].addr);
    address_add(out, "To", user->display_name, user->email);
    if (rng_below(&who, 100) < 25) {
        address_add(out, "Cc", people[cc].name, people[cc].addr);
    }
    g_string_append(out, "Message-ID: ");
    message_id_add(out, seed, index);
    g_string_append(out, "\r\n");
    thread_headers(out, seed, index);
    if (rng_below(&who, 100) < 5) {
        g_string_append(out, "X-Priority: 1\r\nImportance: high\r\n");
    }
    g_string_append(out, "MIME-Version: 1.0\r\n");
    body(out, &g);
}
