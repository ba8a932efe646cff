/* SPDX-License-Identifier: Apache-2.0 */
/** @file sync.h  What the files of usmsync share: its state, and items as texts.
 *
 * usmsync uses the public interface of libusm only. One process, one thread. Errors are libusm's. */
#ifndef USM_TOOLS_SYNC_H
#define USM_TOOLS_SYNC_H

#include <usm/usm.h>

#include <apr_tables.h>

#define SYNC_FILE_MAX (16 * 1024 * 1024) /**< bytes of a file that is read */

/** A file and the item it stands for. */
typedef struct sync_file_t {
    const char *sid;  /**< the item's id; NULL: the file is gone from the list */
    const char *name; /**< in the folder's directory */
    const char *hash; /**< of the content as both sides last agreed on it */
    int seen;
} sync_file_t;

typedef struct sync_folder_t {
    const char *fid, *key, *dir; /**< dir: below the top, no path */
    usm_class_e cls;
    int gone;
    apr_array_header_t *files; /**< sync_file_t */
} sync_folder_t;

/** What usmsync remembers between two runs. */
typedef struct sync_state_t {
    const char *top, *hierarchy_key;
    apr_array_header_t *folders; /**< sync_folder_t */
} sync_state_t;

/* sync_state.c */
/** Read DIR/.usmsync; a missing one is an empty state. Errors: INVALID, APR's. */
usm_error_t *sync_state_read(sync_state_t *state, const char *top, apr_pool_t *pool);
/** Write it, all or nothing. */
usm_error_t *sync_state_write(const sync_state_t *state, apr_pool_t *pool);
sync_folder_t *sync_folder_find(sync_state_t *state, const char *fid);
sync_file_t *sync_file_find(sync_folder_t *folder, const char *sid, const char *name);
usm_error_t *sync_file_read(const char **text_p, apr_size_t *len_p, const char *path, apr_pool_t *pool);
/** By a temporary file beside it, so that nobody ever sees half of one. */
usm_error_t *sync_file_write(const char *path, const char *text, apr_size_t len, apr_pool_t *pool);
/** Lower-case hex. */
const char *sync_hash(const char *text, apr_size_t len, apr_pool_t *pool);
/** @a text as a part of a file's name: at most 60 characters, nothing that a shell or a path would take amiss. */
const char *sync_safe_name(const char *text, apr_pool_t *pool);

/* sync_vcard.c: contacts as vCard 3.0 (RFC 2426). What has no property of its own is X-USM-<field>. */
const char *sync_vcard_write(const usm_item_t *item, apr_pool_t *pool);
/** Fields that the card can carry and does not are empty in the item. Errors: INVALID. */
usm_error_t *sync_vcard_read(usm_item_t **item_p, const char *text, apr_pool_t *pool);

/* sync_ical.c: events and tasks as iCalendar (RFC 5545), one in a file. */
const char *sync_ical_write(const usm_item_t *item, apr_pool_t *pool);
usm_error_t *sync_ical_read(usm_item_t **item_p, usm_class_e cls, const char *text, apr_pool_t *pool);

/** Text form of a body; NULL when there is none. */
const char *sync_body_text(const usm_item_t *item, int field);
void sync_set_body(usm_item_t *item, int field, const char *text);

#endif
