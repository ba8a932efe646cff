/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "eas_html.h"
#include "eas_map.h"

#define MESSAGE_CLASS "IPM.StickyNote"

void eas_note_extra(eas_map_t *map, const usm_item_t *item)
{
    (void)item;
    if (map->ctx->version >= 140)
        eas_writer_tag_text(map->out, EAS_Notes_MessageClass, MESSAGE_CLASS);
}

/* IPM.StickyNote or one of its own kinds (MS-ASNOTE 2.2.2.4). */
static int is_note(const char *text)
{
    apr_size_t len = strlen(MESSAGE_CLASS);
    return strncasecmp(text, MESSAGE_CLASS, len) == 0 && (!text[len] || (text[len] == '.' && text[len + 1]));
}

static int is_text(const eas_node_t *data)
{
    apr_int64_t type;
    const eas_node_t *body = eas_node_child(data, EAS_AirSyncBase_Body);
    return eas_node_int(eas_node_child(body, EAS_AirSyncBase_Type), 1, 1, &type);
}

int eas_note_needs_base(const eas_node_t *data)
{
    return is_text(data);
}

/* A device that asks for text gets it of a formatted note too, and sends it back as it is when something else of the
 * note was changed: no reason to drop the formatting. */
static int is_same_text(const usm_item_t *item, const eas_map_t *map)
{
    const usm_body_t *was = map->base && usm_item_isset(map->base, USM_NOTE_BODY) ? map->base->v[USM_NOTE_BODY].u.body
                                                                                  : NULL;
    usm_body_t text = {.native = USM_BODY_TEXT};
    const usm_value_t now = {.state = USM_SET, .u.body = &text};
    if (!was || !was->html.data || !usm_item_isset(item, USM_NOTE_BODY))
        return 0;
    text.text.data = eas_html_to_text(&text.text.len, was->html.data, was->html.len, map->pool);
    return usm_value_equal(USM_T_BODY, &now, &item->v[USM_NOTE_BODY]);
}

usm_error_t *eas_note_decoded(usm_item_t *item, eas_map_t *map, const eas_node_t *data)
{
    const char *cls = eas_node_child_text(data, EAS_Notes_MessageClass);
    if (cls && *cls && !is_note(cls))
        return USM_ERROR(map->pool, USM_EINVALID, "MessageClass \"%.60s\" is none of a note", cls);
    if (is_text(data) && is_same_text(item, map))
        item->v[USM_NOTE_BODY].state = USM_ABSENT;
    return NULL;
}
