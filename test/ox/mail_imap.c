/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A user whose mail lies on a real IMAP server, as that of a real OX does: the boxes in memory are a cache of it.
 * Before each call of the user they are brought up to date; whatever changes them is done on the server first. UIDs are
 * the server's. Loopback only, IMAP4rev1 with UIDPLUS and CONDSTORE; the data lock is held exclusively all the time.
 */
#define _GNU_SOURCE /* memmem, memrchr */
#include "mail.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

int oxd_backed;

struct mail_imap {
    int fd, tag, port;
    char *login, *password;
    GString *in;          /* read, not yet taken */
    char *selected;       /* name of the mailbox that is selected */
    bool refreshing;
    int64_t refreshed;
};

/* Flags of OX and what IMAP calls them. */
static const struct {
    int bit;
    const char *name;
} flag_names[] = {
    {MAIL_ANSWERED, "\\Answered"}, {MAIL_DRAFT, "\\Draft"},         {MAIL_FLAGGED, "\\Flagged"}, {MAIL_SEEN, "\\Seen"},
    {MAIL_SPAM, "$Junk"},          {MAIL_FORWARDED, "$Forwarded"},  {MAIL_MDN_SENT, "$MDNSent"},
};

/* ---- the wire ---- */

static void hang_up(mail_imap_t *im)
{
    if (im->fd >= 0) {
        close(im->fd);
    }
    im->fd = -1;
    g_string_truncate(im->in, 0);
    g_clear_pointer(&im->selected, g_free);
}

static bool fill(mail_imap_t *im)
{
    char buf[65536];
    ssize_t n = recv(im->fd, buf, sizeof(buf), 0);
    if (n > 0) {
        g_string_append_len(im->in, buf, n);
    }
    return n > 0;
}

static bool put(mail_imap_t *im, const char *data, size_t len)
{
    while (len > 0) {
        ssize_t n = send(im->fd, data, len, MSG_NOSIGNAL);
        if (n <= 0) {
            return false;
        }
        data += n;
        len -= (size_t)n;
    }
    return true;
}

/* One response: a line, and the literals in it. NULL: the connection is gone. */
static GString *response(mail_imap_t *im)
{
    GString *out = g_string_new(NULL);
    for (;;) {
        char *end;
        while (!(end = memmem(im->in->str, im->in->len, "\r\n", 2))) {
            if (!fill(im)) {
                g_string_free(out, TRUE);
                return NULL;
            }
        }
        size_t line = (size_t)(end - im->in->str), literal = 0;
        char *open = line > 1 && end[-1] == '}' ? memrchr(im->in->str, '{', line) : NULL;
        if (open) {
            literal = strtoul(open + 1, NULL, 10);
        }
        while (im->in->len < line + 2 + literal) {
            if (!fill(im)) {
                g_string_free(out, TRUE);
                return NULL;
            }
        }
        g_string_append_len(out, im->in->str, (gssize)(line + (open ? 2 + literal : 0)));
        g_string_erase(im->in, 0, (gssize)(line + 2 + literal));
        if (!open) {
            return out;
        }
    }
}

typedef void each_fn(void *baton, GString *line);

/* One command, each untagged response handed to @p each. The text after OK, NULL when it failed. literal: NULL or what
 * is sent when the server asks for more. */
static char *command(mail_imap_t *im, GBytes *literal, each_fn *each, void *baton, const char *text)
{
    char tag[16];
    g_snprintf(tag, sizeof(tag), "a%d", ++im->tag);
    char *line = g_strdup_printf("%s %s\r\n", tag, text);
    bool good = im->fd >= 0 && put(im, line, strlen(line));
    g_free(line);
    while (good) {
        GString *r = response(im);
        if (!r) {
            break;
        }
        if (r->str[0] == '+' && literal) {
            gsize len;
            const char *data = g_bytes_get_data(literal, &len);
            good = put(im, data ? data : "", len) && put(im, "\r\n", 2);
        } else if (r->str[0] == '*') {
            if (each) {
                each(baton, r);
            }
        } else if (g_str_has_prefix(r->str, tag)) {
            const char *rest = r->str + strlen(tag) + 1;
            char *out = g_str_has_prefix(rest, "OK") ? g_strdup(rest) : NULL;
            g_string_free(r, TRUE);
            return out;
        }
        g_string_free(r, TRUE);
    }
    hang_up(im);
    return NULL;
}

static bool simple(mail_imap_t *im, const char *text)
{
    char *answer = command(im, NULL, NULL, NULL, text);
    g_free(answer);
    return answer != NULL;
}

static bool reach(mail_imap_t *im)
{
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons((uint16_t)im->port)};
    struct timeval patience = {.tv_sec = 10};
    if (im->fd >= 0) {
        return true;
    }
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    im->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    setsockopt(im->fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
    GString *greeting = connect(im->fd, (struct sockaddr *)&to, sizeof(to)) == 0 ? response(im) : NULL;
    char *login = g_strdup_printf("LOGIN \"%s\" \"%s\"", im->login, im->password);
    bool good = greeting && simple(im, login) && simple(im, "ENABLE CONDSTORE");
    g_free(login);
    if (greeting) {
        g_string_free(greeting, TRUE);
    }
    if (!good) {
        fprintf(stderr, "oxd: no IMAP server on port %d\n", im->port);
        hang_up(im);
    }
    return good;
}

/* ---- names ---- */

static mail_imap_t *imap_of(const struct oxd_folder *f)
{
    struct oxd_user *owner = oxd_backed ? oxd_user_find(f->ctx, f->owner) : NULL;
    return owner ? owner->mail : NULL;
}

/* Names of these tests are plain ASCII. */
static const char *box_name(const struct oxd_folder *f)
{
    const char *slash = strchr(f->id, '/');
    return slash ? slash + 1 : f->id;
}

static bool selected(mail_imap_t *im, const struct oxd_folder *f)
{
    if (!reach(im)) {
        return false;
    }
    if (g_strcmp0(im->selected, box_name(f)) == 0) {
        return true;
    }
    char *text = g_strdup_printf("SELECT \"%s\"", box_name(f));
    bool good = simple(im, text);
    g_free(text);
    g_free(im->selected);
    im->selected = good ? g_strdup(box_name(f)) : NULL;
    return good;
}

/* STATUS of what is selected says what this connection has seen of it, no more. */
static void unselect(mail_imap_t *im)
{
    if (im->selected) {
        simple(im, "UNSELECT");
    }
    g_clear_pointer(&im->selected, g_free);
}

static char *flag_list(int flags, int color)
{
    GString *out = g_string_new("(");
    for (size_t i = 0; i < G_N_ELEMENTS(flag_names); i++) {
        if (flags & flag_names[i].bit) {
            g_string_append_printf(out, "%s%s", out->len > 1 ? " " : "", flag_names[i].name);
        }
    }
    if (color) {
        g_string_append_printf(out, "%s$cl_%d", out->len > 1 ? " " : "", color);
    }
    return g_string_free(g_string_append_c(out, ')'), FALSE);
}

/* ---- reading ---- */

typedef struct seen {
    uint32_t uid;
    int flags, color;
    int64_t received;
} seen_t;

static int64_t date_of(const char *text)
{
    static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
    int day, year, h, m, s, zone;
    char name[4];
    const char *at;
    if (sscanf(text, "%d-%3s-%d %d:%d:%d %d", &day, name, &year, &h, &m, &s, &zone) != 7 ||
        !(at = strstr(months, name))) {
        return oxd_now();
    }
    GDateTime *t = g_date_time_new_utc(year, (int)(at - months) / 3 + 1, day, h, m, s);
    int64_t ms = t ? (g_date_time_to_unix(t) - (zone / 100 * 3600 + zone % 100 * 60)) * 1000 : oxd_now();
    if (t) {
        g_date_time_unref(t);
    }
    return ms;
}

static void on_fetch(void *baton, GString *line)
{
    GArray *all = baton;
    const char *uid = strstr(line->str, "UID "), *flags = strstr(line->str, "FLAGS ("),
               *date = strstr(line->str, "INTERNALDATE \"");
    if (!uid || !flags || !date) {
        return;
    }
    char *list = g_strndup(flags, strcspn(flags, ")"));
    seen_t one = {.uid = (uint32_t)strtoul(uid + 4, NULL, 10), .received = date_of(date + 14)};
    for (size_t i = 0; i < G_N_ELEMENTS(flag_names); i++) {
        one.flags |= strstr(list, flag_names[i].name) ? flag_names[i].bit : 0;
    }
    const char *color = strstr(list, "$cl_");
    one.color = color ? atoi(color + 4) : 0;
    g_free(list);
    g_array_append_val(all, one);
}

static void on_body(void *baton, GString *line)
{
    GBytes **raw = baton;
    char *open = memmem(line->str, line->len, "BODY[] {", 8);
    char *start = open ? strstr(open, "\r\n") : NULL;
    if (start && !*raw) {
        size_t len = strtoul(open + 8, NULL, 10);
        *raw = g_bytes_new(start + 2, MIN(len, line->len - (size_t)(start + 2 - line->str)));
    }
}

static void take(mail_imap_t *im, struct oxd_folder *f, const seen_t *one)
{
    mail_msg_t *msg = mail_find(mail_box(f), one->uid);
    if (msg) {
        mail_flags_set(mail_box(f), msg, one->flags);
        msg->color = (uint8_t)one->color;
        return;
    }
    GBytes *raw = NULL;
    char *text = g_strdup_printf("UID FETCH %u (BODY.PEEK[])", one->uid);
    char *answer = command(im, NULL, on_body, &raw, text);
    if (raw) {
        f->uidnext = one->uid;
        msg = mail_add(f, raw, one->flags, one->color, one->received);
        mail_announce(oxd_user_find(f->ctx, f->owner), f, msg);
        g_bytes_unref(raw);
    }
    g_free(answer);
    g_free(text);
}

static void refresh_box(mail_imap_t *im, struct oxd_folder *f)
{
    mail_box_t *box = mail_box(f);
    GArray *all = g_array_new(FALSE, FALSE, sizeof(seen_t));
    char *answer = selected(im, f) ? command(im, NULL, on_fetch, all, "UID FETCH 1:* (UID FLAGS INTERNALDATE)") : NULL;
    if (answer) {
        for (size_t i = box->n; i-- > 0;) {
            bool there = false;
            for (guint k = 0; k < all->len && !there; k++) {
                there = g_array_index(all, seen_t, k).uid == box->v[i]->uid;
            }
            if (!there) {
                mail_remove(f, box->v[i]);
            }
        }
        for (guint k = 0; k < all->len; k++) {
            take(im, f, &g_array_index(all, seen_t, k));
        }
    }
    g_free(answer);
    g_array_free(all, TRUE);
}

/* What STATUS says, as text: the same text means that nothing has happened. */
static void on_status(void *baton, GString *line)
{
    char **state = baton;
    if (g_str_has_prefix(line->str, "* STATUS ") && strchr(line->str, '(')) {
        g_free(*state);
        *state = g_strdup(strrchr(line->str, '('));
    }
}

void mail_imap_refresh(struct oxd_user *user, bool in_multiple)
{
    mail_imap_t *im = user->mail;
    GHashTableIter it;
    gpointer value;
    int64_t now = g_get_monotonic_time();
    if (!im || (in_multiple && now - im->refreshed < 20000) || !reach(im)) {
        return;
    }
    im->refreshed = now;
    im->refreshing = true;
    unselect(im);
    g_hash_table_iter_init(&it, user->mail_folders);
    while (g_hash_table_iter_next(&it, NULL, &value)) {
        struct oxd_folder *f = value;
        mail_box_t *box = f->parent ? mail_box(f) : NULL;
        char *state = NULL, *text;
        if (!box) {
            continue;
        }
        text = g_strdup_printf("STATUS \"%s\" (MESSAGES UIDNEXT HIGHESTMODSEQ)", box_name(f));
        g_free(command(im, NULL, on_status, &state, text));
        if (state && g_strcmp0(state, box->imap_state) != 0) {
            refresh_box(im, f);
            unselect(im);
            g_free(box->imap_state);
            box->imap_state = g_steal_pointer(&state);
        }
        g_free(state);
        g_free(text);
    }
    im->refreshing = false;
}

/* ---- writing ---- */

uint32_t mail_imap_append(struct oxd_folder *f, GBytes *raw, int flags, int color, int64_t received)
{
    mail_imap_t *im = imap_of(f);
    uint32_t uid = 0, validity;
    if (!im || im->refreshing || !reach(im)) {
        return 0;
    }
    GDateTime *t = g_date_time_new_from_unix_utc(received / 1000);
    static const char *const months[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                         "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    char *list = flag_list(flags, color);
    char *text = g_strdup_printf("APPEND \"%s\" %s \"%02d-%s-%d %02d:%02d:%02d +0000\" {%zu}", box_name(f), list,
                                 g_date_time_get_day_of_month(t), months[g_date_time_get_month(t) - 1],
                                 g_date_time_get_year(t), g_date_time_get_hour(t), g_date_time_get_minute(t),
                                 g_date_time_get_second(t), g_bytes_get_size(raw));
    char *answer = command(im, raw, NULL, NULL, text), *at = answer ? strstr(answer, "[APPENDUID ") : NULL;
    if (at && sscanf(at, "[APPENDUID %u %u]", &validity, &uid) != 2) {
        uid = 0;
    }
    g_free(answer);
    g_free(text);
    g_free(list);
    g_date_time_unref(t);
    return uid;
}

static void store(const struct oxd_folder *f, const char *format, uint32_t uid, const char *list)
{
    mail_imap_t *im = imap_of(f);
    if (im && !im->refreshing && selected(im, f)) {
        GString *text = g_string_new("UID STORE ");
        g_string_append_printf(text, "%u %s %s", uid, format, list);
        simple(im, text->str);
        g_string_free(text, TRUE);
    }
}

void mail_imap_flags(const struct oxd_folder *f, const mail_msg_t *msg)
{
    if (!oxd_backed) {
        return;
    }
    char *list = flag_list(msg->flags, msg->color);
    store(f, "FLAGS.SILENT", msg->uid, list);
    g_free(list);
}

void mail_imap_expunge(const struct oxd_folder *f, uint32_t uid)
{
    mail_imap_t *im = imap_of(f);
    store(f, "+FLAGS.SILENT", uid, "(\\Deleted)");
    if (im && !im->refreshing && selected(im, f)) {
        char *text = g_strdup_printf("UID EXPUNGE %u", uid);
        simple(im, text);
        g_free(text);
    }
}

void mail_imap_attach(struct oxd_user *user, int port, const char *login, const char *password)
{
    mail_imap_t *im = g_new0(mail_imap_t, 1);
    im->fd = -1;
    im->port = port;
    im->login = g_strdup(login);
    im->password = g_strdup(password);
    im->in = g_string_new(NULL);
    user->mail = im;
    oxd_backed++;
    mail_imap_refresh(user, false);
}

void mail_imap_detach(struct oxd_user *user)
{
    mail_imap_t *im = user->mail;
    if (!im) {
        return;
    }
    user->mail = NULL;
    oxd_backed--;
    hang_up(im);
    g_string_free(im->in, TRUE);
    g_free(im->login);
    g_free(im->password);
    g_free(im);
}
