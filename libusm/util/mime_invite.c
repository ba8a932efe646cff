/* SPDX-License-Identifier: Apache-2.0 */
/* A meeting put into a message, so that readers show it as an invitation. */
#include "util/mime_int.h"
#include "util/text.h"

#include <apr_strings.h>
#include <string.h>

static GMimeObject *calendar_part(const char *calendar, const char *method)
{
    GMimeTextPart *part = g_mime_text_part_new_with_subtype("calendar");
    g_mime_text_part_set_charset(part, "utf-8");
    g_mime_text_part_set_text(part, calendar);
    g_mime_object_set_content_type_parameter(GMIME_OBJECT(part), "method", method);
    g_mime_part_set_content_encoding(GMIME_PART(part), GMIME_CONTENT_ENCODING_BASE64);
    return GMIME_OBJECT(part);
}

static int is_type(GMimeObject *part, const char *type, const char *subtype)
{
    return g_mime_content_type_is_type(g_mime_object_get_content_type(part), type, subtype);
}

/* One more way to show what @a body shows; a new reference. */
static GMimeObject *with_calendar(GMimeObject *body, GMimeObject *part)
{
    if (is_type(body, "multipart", "alternative")) {
        g_mime_multipart_add(GMIME_MULTIPART(body), part);
        return g_object_ref(body);
    }
    GMimeMultipart *both = g_mime_multipart_new_with_subtype("alternative");
    g_mime_multipart_set_boundary(both, NULL);
    g_mime_multipart_add(both, body);
    g_mime_multipart_add(both, part);
    return GMIME_OBJECT(both);
}

usm_error_t *usm__mime_invite(const char **data_p, apr_size_t *len_p, const char *calendar, const char *method,
                              apr_pool_t *pool)
{
    usm__mime_init();
    GMimeMessage *msg = usm__gmime_parse(*data_p, *len_p);
    GMimeObject *top = msg ? g_mime_message_get_mime_part(msg) : NULL;
    if (!top || usm__gmime_is_sealed(top)) { /* nobody may put anything into that */
        g_clear_object(&msg);
        return NULL;
    }
    GMimeObject *part = calendar_part(calendar, method);
    if (is_type(top, "multipart", "mixed") && g_mime_multipart_get_count(GMIME_MULTIPART(top))) {
        GMimeObject *body = with_calendar(g_mime_multipart_get_part(GMIME_MULTIPART(top), 0), part);
        GMimeObject *old = g_mime_multipart_replace(GMIME_MULTIPART(top), 0, body);
        g_clear_object(&old);
        g_object_unref(body);
    } else {
        GMimeObject *body = with_calendar(top, part);
        if (body != top)
            g_mime_message_set_mime_part(msg, body);
        g_object_unref(body);
    }
    g_object_unref(part);
    usm_error_t *err = usm__gmime_write(data_p, len_p, msg, *len_p, pool);
    g_object_unref(msg);
    return err;
}

const usm_addrs_t *usm__mime_recipients(const char *mime, apr_size_t len, apr_pool_t *pool)
{
    static const char *const names[] = {"To", "Cc"};
    usm_addrs_t *all = apr_pcalloc(pool, sizeof *all);
    usm__mime_init();
    GMimeMessage *msg = usm__gmime_parse(mime, len);
    for (int i = 0; msg && i < 2; i++) {
        const char *text = g_mime_object_get_header(GMIME_OBJECT(msg), names[i]);
        const usm_addrs_t *list = text ? usm__mime_addresses(text, pool) : NULL;
        if (!list || !list->count)
            continue;
        usm_addr_t *items = apr_palloc(pool, sizeof *items * (apr_size_t)(all->count + list->count));
        if (all->count)
            memcpy(items, all->items, sizeof *items * (apr_size_t)all->count);
        memcpy(items + all->count, list->items, sizeof *items * (apr_size_t)list->count);
        all->items = items;
        all->count += list->count;
    }
    g_clear_object(&msg);
    return all;
}
