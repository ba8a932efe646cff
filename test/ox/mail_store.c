/* SPDX-License-Identifier: Apache-2.0 */
#include "mail.h"

#include <stdlib.h>
#include <string.h>

mail_box_t *mail_box(struct oxd_folder *f)
{
    mail_box_t *box = g_atomic_pointer_get(&f->mail);
    if (!box) {
        box = g_new0(mail_box_t, 1);
        g_mutex_init(&box->order_lock);
        box->folder = f;
        if (!g_atomic_pointer_compare_and_exchange(&f->mail, NULL, box)) {
            mail_box_free(box);
            box = g_atomic_pointer_get(&f->mail);
        }
    }
    return box;
}

const mail_box_t *mail_box_peek(const struct oxd_folder *f)
{
    return g_atomic_pointer_get((void **)(uintptr_t)&f->mail);
}

static void msg_free(mail_msg_t *msg)
{
    if (msg->raw) {
        g_bytes_unref(msg->raw);
    }
    mime_head_free(msg->head);
    g_free(msg);
}

static void order_forget(mail_box_t *box)
{
    g_clear_pointer(&box->order, g_ptr_array_unref);
}

void mail_box_free(mail_box_t *box)
{
    if (!box) {
        return;
    }
    order_forget(box);
    for (size_t i = 0; i < box->n; i++) {
        msg_free(box->v[i]);
    }
    g_free(box->v);
    g_free(box->imap_state);
    g_mutex_clear(&box->order_lock);
    g_free(box);
}

/* Index of the first message with a UID not below uid. */
static size_t box_index(const mail_box_t *box, uint32_t uid)
{
    size_t lo = 0;
    size_t hi = box->n;
    while (lo < hi) {
        size_t mid = lo + (hi - lo) / 2;
        if (box->v[mid]->uid < uid) {
            lo = mid + 1;
        } else {
            hi = mid;
        }
    }
    return lo;
}

mail_msg_t *mail_find(const mail_box_t *box, uint32_t uid)
{
    size_t i = box_index(box, uid);
    return i < box->n && box->v[i]->uid == uid ? box->v[i] : NULL;
}

mail_msg_t *mail_find_id(const mail_box_t *box, const char *id)
{
    guint64 uid;
    if (!id || !g_ascii_string_to_unsigned(id, 10, 1, UINT32_MAX, &uid, NULL)) {
        return NULL;
    }
    return mail_find(box, (uint32_t)uid);
}

/* Compares ids whatever brackets and blanks surround them. */
static bool id_equal(const char *a, const char *b)
{
    size_t na;
    size_t nb;
    a += strspn(a, "< ");
    b += strspn(b, "< ");
    na = strcspn(a, "> ");
    nb = strcspn(b, "> ");
    return na == nb && na > 0 && strncmp(a, b, na) == 0;
}

mail_msg_t *mail_find_message_id(const struct oxd_user *user, const mail_box_t *box, const char *message_id)
{
    for (size_t i = box->n; i-- > 0;) {
        const mime_head_t *head = mail_head(user, box->v[i]);
        if (head->message_id && id_equal(json_string_value(head->message_id), message_id)) {
            return box->v[i];
        }
    }
    return NULL;
}

static void count_in(mail_box_t *box, const mail_msg_t *msg, int sign)
{
    box->unread += msg->flags & MAIL_SEEN ? 0 : sign;
    box->deleted += msg->flags & MAIL_DELETED ? sign : 0;
    box->bytes += sign * (int64_t)msg->size;
}

/* Appends under the folder's next UID. */
static mail_msg_t *msg_append(struct oxd_folder *f, mail_msg_t *msg)
{
    mail_box_t *box = mail_box(f);
    if (box->n == box->cap) {
        box->cap = box->cap ? box->cap * 2 : 16;
        box->v = g_renew(mail_msg_t *, box->v, box->cap);
    }
    if (oxd_backed) {
        GBytes *raw = mail_raw(oxd_user_find(f->ctx, f->owner), msg);
        uint32_t uid = mail_imap_append(f, raw, msg->flags, msg->color, msg->received);
        f->uidnext = uid ? uid : f->uidnext;
        g_bytes_unref(raw);
    }
    msg->uid = (uint32_t)f->uidnext++;
    box->v[box->n++] = msg;
    count_in(box, msg, 1);
    order_forget(box);
    return msg;
}

mail_msg_t *mail_add(struct oxd_folder *f, GBytes *raw, int flags, int color, int64_t received)
{
    mail_msg_t *msg = g_new0(mail_msg_t, 1);
    msg->raw = g_bytes_ref(raw);
    msg->size = (uint32_t)g_bytes_get_size(raw);
    msg->flags = (uint16_t)(flags & MAIL_SETTABLE);
    msg->color = (uint8_t)(color >= 0 && color <= 10 ? color : 0);
    msg->received = received >= 0 ? received : oxd_now();
    return msg_append(f, msg);
}

mail_msg_t *mail_add_generated(struct oxd_folder *f, uint32_t seed, uint32_t index, uint32_t size, int flags, int color,
                               int64_t received)
{
    mail_msg_t *msg = g_new0(mail_msg_t, 1);
    msg->gen_seed = seed;
    msg->gen_index = index;
    msg->size = size;
    msg->flags = (uint16_t)(flags & MAIL_SETTABLE);
    msg->color = (uint8_t)color;
    msg->received = received;
    return msg_append(f, msg);
}

void mail_flags_set(mail_box_t *box, mail_msg_t *msg, int flags)
{
    count_in(box, msg, -1);
    msg->flags = (uint16_t)(flags & MAIL_SETTABLE);
    count_in(box, msg, 1);
    mail_imap_flags(box->folder, msg);
}

void mail_remove(struct oxd_folder *f, mail_msg_t *msg)
{
    mail_box_t *box = mail_box(f);
    size_t i = box_index(box, msg->uid);
    if (i >= box->n || box->v[i] != msg) {
        return;
    }
    mail_imap_expunge(f, msg->uid);
    memmove(box->v + i, box->v + i + 1, (box->n - i - 1) * sizeof(*box->v));
    box->n--;
    count_in(box, msg, -1);
    order_forget(box);
    msg_free(msg);
}

mail_msg_t *mail_copy(struct oxd_folder *dst, const mail_msg_t *msg)
{
    mail_msg_t *copy = g_new0(mail_msg_t, 1);
    *copy = *msg;
    copy->head = NULL;
    if (copy->raw) {
        g_bytes_ref(copy->raw);
    }
    return msg_append(dst, copy);
}

mail_msg_t *mail_move(struct oxd_folder *src, mail_msg_t *msg, struct oxd_folder *dst)
{
    mail_msg_t *copy = mail_copy(dst, msg);
    copy->head = msg->head;
    msg->head = NULL;
    mail_remove(src, msg);
    return copy;
}

bool mail_delete_is_hard(const struct oxd_user *user, const struct oxd_folder *f)
{
    return user->hard_delete || oxd_folder_in_trash(f) || !oxd_mail_folder_std(user, OXF_TRASH);
}

void mail_empty(struct oxd_user *user, struct oxd_folder *f, bool hard)
{
    mail_box_t *box = mail_box(f);
    struct oxd_folder *trash = oxd_mail_folder_std(user, OXF_TRASH);
    hard = hard || !trash || trash == f;
    for (size_t i = 0; i < box->n; i++) {
        if (!hard) {
            mail_copy(trash, box->v[i]);
        }
        mail_imap_expunge(f, box->v[i]->uid);
        msg_free(box->v[i]);
    }
    box->n = 0;
    box->unread = box->deleted = 0;
    box->bytes = 0;
    order_forget(box);
}

GBytes *mail_raw(const struct oxd_user *user, const mail_msg_t *msg)
{
    if (msg->raw) {
        return g_bytes_ref(msg->raw);
    }
    GString *out = g_string_sized_new(msg->size + 1);
    mail_gen_raw(user, msg->gen_seed, msg->gen_index, msg->received, out);
    return g_string_free_to_bytes(out);
}

const mime_head_t *mail_head(const struct oxd_user *user, mail_msg_t *msg)
{
    mime_head_t *head = g_atomic_pointer_get(&msg->head);
    if (!head) {
        GBytes *raw = mail_raw(user, msg);
        gsize len;
        const char *data = g_bytes_get_data(raw, &len);
        head = mime_head_new(data ? data : "", len);
        g_bytes_unref(raw);
        /* Readers share the lock: the first one to finish wins, the others drop their work. */
        if (!g_atomic_pointer_compare_and_exchange(&msg->head, NULL, head)) {
            mime_head_free(head);
            head = g_atomic_pointer_get(&msg->head);
        }
    }
    return head;
}

bool mail_has_attachment(const struct oxd_user *user, mail_msg_t *msg)
{
    gint known = g_atomic_int_get(&msg->attachment);
    if (!known) {
        const char *type = json_string_value(mail_head(user, msg)->content_type);
        bool has = false;
        if (!g_str_has_prefix(type, "text/")) {
            GBytes *raw = mail_raw(user, msg);
            gsize len;
            const char *data = g_bytes_get_data(raw, &len);
            has = mime_has_attachment(data ? data : "", len);
            g_bytes_unref(raw);
        }
        known = has ? 2 : 1;
        g_atomic_int_set(&msg->attachment, known);
    }
    return known == 2;
}

int64_t mail_usage(const struct oxd_user *user)
{
    int64_t sum = 0;
    GHashTableIter it;
    gpointer value;
    g_hash_table_iter_init(&it, user->mail_folders);
    while (g_hash_table_iter_next(&it, NULL, &value)) {
        const mail_box_t *box = mail_box_peek(value);
        sum += box ? box->bytes : 0;
    }
    return sum;
}

bool mail_room(const struct oxd_user *user, int64_t more)
{
    if (oxd_switch_is("mail-quota", "full")) {
        return false;
    }
    return user->quota_mail < 0 || mail_usage(user) + more <= user->quota_mail;
}

/* ---- sorting ---- */

/* One row to sort: numbers compare first, then texts, then UIDs. */
typedef struct sort_row {
    int64_t num;
    char *text;
    mail_msg_t *msg;
} sort_row_t;

static int row_compare(const void *pa, const void *pb)
{
    const sort_row_t *a = pa;
    const sort_row_t *b = pb;
    if (a->num != b->num) {
        return a->num < b->num ? -1 : 1;
    }
    int c = a->text && b->text ? strcmp(a->text, b->text) : 0;
    if (c) {
        return c;
    }
    return a->msg->uid < b->msg->uid ? -1 : a->msg->uid > b->msg->uid;
}

/* Subjects sort without their reply and forward marks. */
static const char *subject_base(const char *s)
{
    static const char *const marks[] = {"re:", "aw:", "fwd:", "fw:", "wg:"};
    for (size_t i = 0; i < G_N_ELEMENTS(marks);) {
        size_t n = strlen(marks[i]);
        s += strspn(s, " ");
        if (g_ascii_strncasecmp(s, marks[i], n) == 0) {
            s += n;
            i = 0;
        } else {
            i++;
        }
    }
    return s;
}

static char *address_key(const json_t *list)
{
    const json_t *first = json_array_get(list, 0);
    const char *name = json_string_value(json_array_get(first, 0));
    const char *addr = json_string_value(json_array_get(first, 1));
    return g_utf8_casefold(name ? name : addr ? addr : "", -1);
}

static int64_t flag_num(const mail_msg_t *msg, int bit)
{
    return msg->flags & bit ? 1 : 0;
}

static void sort_row_fill(sort_row_t *row, const struct oxd_user *user, mail_msg_t *msg, int key)
{
    row->msg = msg;
    const mime_head_t *head = (key >= 603 && key <= 607) || key == 609 ? mail_head(user, msg) : NULL;
    switch (key) {
    case 102:
        row->num = msg->color;
        break;
    case 602:
        row->num = mail_has_attachment(user, msg);
        break;
    case 603:
        row->text = address_key(head->from);
        break;
    case 604:
        row->text = address_key(head->to);
        break;
    case 605:
        row->text = address_key(head->cc);
        break;
    case 607:
        row->text = g_utf8_casefold(subject_base(head->subject ? json_string_value(head->subject) : ""), -1);
        break;
    case 608:
        row->num = msg->size;
        break;
    case 609:
        row->num = head->sent;
        break;
    case 610:
    case 661:
        row->num = msg->received;
        break;
    case 611:
        row->num = msg->flags;
        break;
    case 651:
        row->num = flag_num(msg, MAIL_SEEN);
        break;
    case 657:
        row->num = flag_num(msg, MAIL_ANSWERED);
        break;
    case 658:
        row->num = flag_num(msg, MAIL_FORWARDED);
        break;
    case 659:
        row->num = flag_num(msg, MAIL_DRAFT);
        break;
    case 660:
        row->num = flag_num(msg, MAIL_FLAGGED);
        break;
    default:
        break;
    }
}

/* Orders that flags change are not worth keeping. */
static bool key_is_stable(int key)
{
    return key >= 600 && key <= 610;
}

static GPtrArray *order_make(const struct oxd_user *user, const mail_box_t *box, int key)
{
    GPtrArray *out = g_ptr_array_sized_new((guint)box->n);
    sort_row_t *rows = g_new0(sort_row_t, box->n + 1);
    bool sorted = true;
    for (size_t i = 0; i < box->n; i++) {
        sort_row_fill(&rows[i], user, box->v[i], key);
        sorted = sorted && (i == 0 || row_compare(&rows[i - 1], &rows[i]) < 0);
    }
    if (!sorted) {
        qsort(rows, box->n, sizeof(*rows), row_compare);
    }
    for (size_t i = 0; i < box->n; i++) {
        g_ptr_array_add(out, rows[i].msg);
        g_free(rows[i].text);
    }
    g_free(rows);
    return out;
}

GPtrArray *mail_order(const struct oxd_user *user, mail_box_t *box, int key)
{
    if (key == 661) {
        key = 610;
    }
    g_mutex_lock(&box->order_lock);
    if (!box->order || box->order_key != key || !key_is_stable(key)) {
        order_forget(box);
        box->order = order_make(user, box, key);
        box->order_key = key;
    }
    GPtrArray *out = g_ptr_array_ref(box->order);
    g_mutex_unlock(&box->order_lock);
    return out;
}
