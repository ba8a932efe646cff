/* SPDX-License-Identifier: Apache-2.0 */
/** @file fields.h  Field ids of all classes, made from the rows of usm/tbl/. */
#ifndef USM_FIELDS_H
#define USM_FIELDS_H

#include <usm/item.h>

/* The ids depend on the order of rows inside one build only: what is stored are digests keyed by these ids, so a new
 * row goes to the end of its table. */
enum {
#define USM_FIELD(id, type, column, key, page, tag, since, until, flags) USM_CONTACT_##id,
#define USM_FIELD_INNER(id, type, column, key, flags) USM_CONTACT_##id,
#include <usm/tbl/contact.h>
#undef USM_FIELD
#undef USM_FIELD_INNER
    USM_CONTACT_COUNT_
};
enum {
#define USM_FIELD(id, type, column, key, page, tag, since, until, flags) USM_EVENT_##id,
#define USM_FIELD_INNER(id, type, column, key, flags) USM_EVENT_##id,
#include <usm/tbl/event.h>
#undef USM_FIELD
#undef USM_FIELD_INNER
    USM_EVENT_COUNT_
};
enum {
#define USM_FIELD(id, type, column, key, page, tag, since, until, flags) USM_TASK_##id,
#define USM_FIELD_INNER(id, type, column, key, flags) USM_TASK_##id,
#include <usm/tbl/task.h>
#undef USM_FIELD
#undef USM_FIELD_INNER
    USM_TASK_COUNT_
};
enum {
#define USM_FIELD(id, type, column, key, page, tag, since, until, flags) USM_EMAIL_##id,
#define USM_FIELD_INNER(id, type, column, key, flags) USM_EMAIL_##id,
#include <usm/tbl/email.h>
#undef USM_FIELD
#undef USM_FIELD_INNER
    USM_EMAIL_COUNT_
};
enum {
#define USM_FIELD(id, type, column, key, page, tag, since, until, flags) USM_NOTE_##id,
#define USM_FIELD_INNER(id, type, column, key, flags) USM_NOTE_##id,
#include <usm/tbl/note.h>
#undef USM_FIELD
#undef USM_FIELD_INNER
    USM_NOTE_COUNT_
};
enum {
#define USM_FIELD(id, type, column, key, page, tag, since, until, flags) USM_FOLDER_##id,
#define USM_FIELD_INNER(id, type, column, key, flags) USM_FOLDER_##id,
#include <usm/tbl/folder.h>
#undef USM_FIELD
#undef USM_FIELD_INNER
    USM_FOLDER_COUNT_
};
enum {
#define USM_FIELD(id, type, column, key, page, tag, since, until, flags) USM_RECIPIENT_##id,
#define USM_FIELD_INNER(id, type, column, key, flags) USM_RECIPIENT_##id,
#include <usm/tbl/recipient.h>
#undef USM_FIELD
#undef USM_FIELD_INNER
    USM_RECIPIENT_COUNT_
};

#endif
