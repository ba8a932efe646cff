/* SPDX-License-Identifier: Apache-2.0 */
/* Mail: flags, deleting, sending. */
#include "ox/ox_mail.h"

#include <apr_strings.h>
#include <string.h>

#define NEWEST_LOOKED_AT "50" /* mails of a folder, when one is looked for */

usm_error_t *ox_mail_add(usm_bwrite_t *result, usm_bcall_t *call, const usm_bref_t *folder, const usm_item_t *item,
                         const char *uid, apr_pool_t *result_pool, apr_pool_t *scratch_pool)
{
    return USM_ERROR(result_pool, USM_EUNSUPPORTED, "mails are sent, not added");
}

usm_error_t *ox_mail_find_uid(usm_bwrite_t *result, usm_bcall_t *call, const usm_bref_t *folder, const char *uid,
                              apr_pool_t *result_pool, apr_pool_t *scratch_pool)
{
    result->id = NULL; /* none was ever added */
    return NULL;
}

/* ---- flags ---- */

/* The bits a change sets and clears. */
static void wanted_flags(int *set, int *clear, const usm_item_t *item, const usm_fieldset_t *fields)
{
    *set = *clear = 0;
    if (USM_FIELDSET_HAS(fields, USM_EMAIL_READ))
        *(usm_item_num(item, USM_EMAIL_READ, 0) ? set : clear) |= OX_SEEN;
    if (USM_FIELDSET_HAS(fields, USM_EMAIL_FLAG)) {
        const usm_value_t *v = &item->v[USM_EMAIL_FLAG];
        *(v->state == USM_SET && v->u.flag->status == 2 ? set : clear) |= OX_FLAGGED;
    }
    if (USM_FIELDSET_HAS(fields, USM_EMAIL_LAST_VERB)) {
        apr_int64_t verb = usm_item_num(item, USM_EMAIL_LAST_VERB, USM_VERB_NONE);
        if (verb == USM_VERB_REPLIED || verb == USM_VERB_REPLIED_ALL)
            *set |= OX_ANSWERED;
        else if (verb == USM_VERB_FORWARDED)
            *set |= OX_FORWARDED;
    }
}

static usm_error_t *read_rev(usm_bwrite_t *result, usm_bcall_t *call, const usm_bref_t *folder, apr_pool_t *pool)
{
    ox_answer_t answer;
    ox_json_t *list = ox_json_array(pool), *one = ox_json_object(pool);
    ox_json_set_text(one, "folder", folder->id);
    ox_json_set_text(one, "id", result->id);
    ox_json_add(list, one);
    USM_ERR(ox_put(&answer, call,
                   ox_path(pool, "mail", "action", "list", "columns", "600,611,102,610", "timezone", "UTC", NULL), list,
                   pool));
    const ox_json_t *row = ox_json_at(answer.data, 0);
    if (!ox_json_is_array(row))
        return USM_ERROR(pool, USM_ENOTFOUND, "mail %.60s is gone", result->id);
    result->rev = ox_mail_rev(ox_json_int(ox_json_at(row, 1), 0), ox_json_int(ox_json_at(row, 2), 0));
    result->edge = ox_json_int(ox_json_at(row, 3), 0);
    return NULL;
}

/* "Complete" is no state of the server's, so that a device may clear what others have set since: look first. */
static usm_error_t *check_flagged(usm_bcall_t *call, const usm_bref_t *folder, const char *id, apr_uint64_t rev,
                                  apr_pool_t *pool)
{
    usm_bwrite_t now = {.id = id};
    if (!(rev & OX_MAIL_REV))
        return NULL;
    USM_ERR(read_rev(&now, call, folder, pool));
    if ((now.rev ^ rev) & OX_FLAGGED)
        return USM_ERROR(pool, USM_ECONFLICT, "the mail's flag was changed meanwhile");
    return NULL;
}

/* Flags have no timestamps at the server: the last writer wins. With a known revision the new one follows from it. */
ox_json_t *ox_mail_flags_body(apr_uint64_t *rev_p, const usm_item_t *item, const usm_fieldset_t *fields,
                              apr_uint64_t rev, apr_pool_t *pool)
{
    ox_json_t *body = ox_json_object(pool);
    int set, clear;
    wanted_flags(&set, &clear, item, fields);
    if (set)
        ox_json_set_int(body, "set_flags", set);
    if (clear)
        ox_json_set_int(body, "clear_flags", clear);
    int color = USM_FIELDSET_HAS(fields, USM_EMAIL_CATEGORIES)
                    ? ox_color_of(usm_item_num(item, USM_EMAIL_CATEGORIES, USM_LABEL_NONE))
                    : -1;
    if (color >= 0)
        ox_json_set_int(body, "color_label", color);
    *rev_p = 0;
    if (rev & OX_MAIL_REV) {
        *rev_p = (rev & ~(apr_uint64_t)clear) | (apr_uint64_t)set;
        if (color >= 0)
            *rev_p = ox_mail_rev((apr_int64_t)(*rev_p & 0xffff), color);
    }
    return set || clear || color >= 0 ? body : NULL;
}

usm_error_t *ox_mail_update(usm_bwrite_t *result, usm_bcall_t *call, const usm_bref_t *folder, const char *id,
                            const usm_item_t *item, const usm_fieldset_t *fields, apr_uint64_t rev,
                            apr_pool_t *result_pool, apr_pool_t *scratch_pool)
{
    ox_answer_t answer;
    apr_uint64_t after;
    result->id = apr_pstrdup(result_pool, id);
    if (USM_FIELDSET_HAS(fields, USM_EMAIL_FLAG))
        USM_ERR(check_flagged(call, folder, id, rev, scratch_pool));
    ox_json_t *body = ox_mail_flags_body(&after, item, fields, rev, scratch_pool);
    if (body)
        USM_ERR(ox_put(&answer, call,
                       ox_path(scratch_pool, "mail", "action", "update", "folder", folder->id, "id", id, NULL), body,
                       scratch_pool));
    if (!after)
        return read_rev(result, call, folder, scratch_pool);
    result->rev = after;
    return NULL;
}

usm_error_t *ox_mail_remove(usm_bcall_t *call, const usm_bref_t *folder, const char *id, usm_delete_e how,
                            apr_uint64_t rev, apr_pool_t *scratch_pool)
{
    ox_answer_t answer;
    ox_json_t *list = ox_json_array(scratch_pool), *one = ox_json_object(scratch_pool);
    ox_json_set_text(one, "folder", folder->id);
    ox_json_set_text(one, "id", id);
    ox_json_add(list, one);
    return ox_put(&answer, call,
                  ox_path(scratch_pool, "mail", "action", "delete", "harddelete",
                          how == USM_DELETE_HARD ? "true" : NULL, NULL),
                  list, scratch_pool);
}

/* ---- sending ---- */

/* The mail has gone out, only its copy could not be kept: an error that must not make anybody send again. */
static int is_copy_failure(const ox_json_t *envelope, apr_pool_t *pool)
{
    const char *text = ox_json_get_text(envelope, "error_desc", pool);
    if (!text)
        text = ox_json_get_text(envelope, "error", pool);
    return text && (strstr(text, "sent folder") || strstr(text, "Sent folder")) &&
           (strstr(text, "copy") || strstr(text, "Copy") || strstr(text, "copied"));
}

static usm_error_t *send_error(usm_error_t *err, const ox_json_t *envelope, apr_pool_t *pool)
{
    const char *text = ox_json_get_text(envelope, "error_desc", pool);
    if (usm_error_code(err) != USM_EINVALID || !text)
        return err;
    if (strstr(text, "ecipient"))
        return USM_ERROR(pool, USM_ERECIPIENT, "%s", usm_error_text(err, pool));
    if (strstr(text, "sender"))
        return USM_ERROR(pool, USM_ESENDER, "%s", usm_error_text(err, pool));
    return err;
}

usm_error_t *ox_mail_send(usm_bcall_t *call, const char *mime, apr_size_t len, int save_in_sent,
                          apr_pool_t *scratch_pool)
{
    ox_answer_t answer;
    usm_error_t *err = ox_put_text(&answer, call,
                                   ox_path(scratch_pool, "mail", "action", "new", "copy2Sent",
                                           save_in_sent ? "true" : "false", NULL),
                                   mime, len, scratch_pool);
    if (!err)
        return NULL;
    if (is_copy_failure(answer.root, scratch_pool)) {
        usm_log(call->log, USM_LOG_WARNING, 303, "a mail was sent, but not copied to the Sent folder: %s",
                usm_error_text(err, scratch_pool));
        usm_error_clear(err);
        return NULL;
    }
    return send_error(err, answer.root, scratch_pool);
}

/* ---- looking for a message ---- */

typedef struct lookup_t {
    const char *message_id; /* without brackets */
    const char *id;         /* of the mail that has it */
    apr_pool_t *pool;
} lookup_t;

static usm_error_t *on_id_row(void *baton, const ox_json_t *row)
{
    lookup_t *l = baton;
    const char *id = ox_json_str(ox_json_at(row, 1), NULL);
    apr_size_t len = strlen(l->message_id);
    while (id && (*id == ' ' || *id == '<'))
        id++;
    if (id && !l->id && strncmp(id, l->message_id, len) == 0 && (id[len] == '>' || id[len] == '\0'))
        l->id = ox_json_text(ox_json_at(row, 0), l->pool);
    return NULL;
}

static usm_error_t *look_up(lookup_t *l, usm_bcall_t *call, const char *folder, const char *message_id,
                            apr_pool_t *scratch_pool)
{
    ox_answer_t answer;
    /* With or without angle brackets. */
    while (*message_id == '<')
        message_id++;
    l->message_id = apr_pstrmemdup(scratch_pool, message_id, strcspn(message_id, ">"));
    if (!*l->message_id)
        return NULL;
    return ox_get_rows(&answer, call,
                       ox_path(scratch_pool, "mail", "action", "all", "folder", folder, "columns", "600", "headers",
                               "Message-ID", "sort", "610", "order", "desc", "left_hand_limit", "0",
                               "right_hand_limit", NEWEST_LOOKED_AT, "timezone", "UTC", NULL),
                       on_id_row, l, scratch_pool);
}

usm_error_t *ox_mail_was_sent(int *found_p, usm_bcall_t *call, const char *message_id, apr_pool_t *scratch_pool)
{
    const char *folder;
    lookup_t l = {.pool = scratch_pool};
    *found_p = 0;
    USM_ERR(ox_login_sent_folder(&folder, call, scratch_pool));
    USM_ERR(look_up(&l, call, folder, message_id, scratch_pool));
    *found_p = l.id != NULL;
    return NULL;
}

usm_error_t *ox_mail_find(usm_bwrite_t *result, usm_bcall_t *call, const usm_bref_t *folder, const char *message_id,
                          apr_pool_t *result_pool, apr_pool_t *scratch_pool)
{
    lookup_t l = {.pool = result_pool};
    *result = (usm_bwrite_t){.edge = USM_TIME_NONE};
    USM_ERR(look_up(&l, call, folder->id, message_id, scratch_pool));
    result->id = l.id;
    return l.id ? read_rev(result, call, folder, scratch_pool) : NULL;
}

/* ---- drafts ---- */

usm_error_t *ox_mail_import(const char **id_p, usm_bcall_t *call, const char *folder, int flags, const char *mime,
                            apr_size_t len, apr_pool_t *pool)
{
    const ox_part_t part = {.name = "file", .filename = "mail.eml", .content_type = "message/rfc822", .data = mime,
                            .len = len};
    ox_answer_t answer;
    USM_ERR(ox_post_parts(&answer, call,
                          ox_path(pool, "mail", "action", "import", "folder", folder, "flags", apr_itoa(pool, flags),
                                  "force", "true", NULL),
                          &part, 1, pool));
    *id_p = ox_json_get_text(ox_json_at(answer.data, 0), "id", pool);
    return *id_p ? NULL : USM_ERROR(pool, USM_EBACKEND, "a stored mail without id");
}

usm_error_t *ox_mail_store(usm_bwrite_t *result, usm_bcall_t *call, const usm_bref_t *folder, const char *mime,
                           apr_size_t len, int how, apr_pool_t *result_pool, apr_pool_t *scratch_pool)
{
    int flags = (how & USM_STORE_READ ? OX_SEEN : 0) | (how & USM_STORE_DRAFT ? OX_DRAFT : 0);
    const char *id;
    *result = (usm_bwrite_t){.edge = USM_TIME_NONE};
    USM_ERR(ox_mail_import(&id, call, folder->id, flags, mime, len, scratch_pool));
    result->id = apr_pstrdup(result_pool, id);
    return read_rev(result, call, folder, scratch_pool);
}
