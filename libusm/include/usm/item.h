/* SPDX-License-Identifier: Apache-2.0 */
/** @file item.h  Items: typed fields of one class.
 *
 * Which fields a class has is said by the rows of usm/tbl/<class>.h and nowhere else. A field of an item is in one of
 * three states: absent (nobody said anything about it), empty (explicitly without value: in a change this deletes
 * it), or set. Strings are UTF-8 without characters that XML 1.0 forbids (who reads them from outside cleans them).
 * An item and all it points to live in the pool it was made in. Not thread safe. */
#ifndef USM_ITEM_H
#define USM_ITEM_H

#include <usm/error.h>
#include <usm/types.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Types of fields. Converters, equality and digest exist per type, never per field.
 * Rows: USM_TYPE(name, kind) where kind is the member of usm_value_t that holds it. */
#define USM_TYPES(USM_TYPE)                                                                                            \
    USM_TYPE(TEXT, text)        /* one string */                                                                       \
    USM_TYPE(INT, num)                                                                                                 \
    USM_TYPE(BOOL, num)         /* 0 or 1 */                                                                           \
    USM_TYPE(DATE, num)         /* midnight UTC of the day it names, ms */                                             \
    USM_TYPE(TIME, num)         /* an instant, ms */                                                                   \
    USM_TYPE(EVTIME, num)       /* an instant; when the item's ALL_DAY is 1: a DATE (end is exclusive) */              \
    USM_TYPE(BUSY, num)         /* enum usm_busy_e */                                                                  \
    USM_TYPE(SENSITIVITY, num)  /* enum usm_sensitivity_e */                                                           \
    USM_TYPE(IMPORTANCE, num)   /* enum usm_importance_e */                                                            \
    USM_TYPE(TASKSTATE, num)    /* enum usm_taskstate_e */                                                             \
    USM_TYPE(VERB, num)         /* enum usm_verb_e */                                                                  \
    USM_TYPE(REMINDER, num)     /* minutes before the start; empty = none */                                           \
    USM_TYPE(ZONE, text)        /* IANA name of a time zone */                                                         \
    USM_TYPE(LIST, list)        /* strings, order kept */                                                              \
    USM_TYPE(ADDRS, addrs)      /* mail addresses */                                                                   \
    USM_TYPE(EMAIL, text)       /* one bare mail address */                                                            \
    USM_TYPE(BODY, body)                                                                                               \
    USM_TYPE(PICTURE, blob)                                                                                            \
    USM_TYPE(ATTENDEES, attendees)                                                                                     \
    USM_TYPE(ATTACHMENTS, attachments)                                                                                 \
    USM_TYPE(FLAG, flag)        /* follow-up flag of a mail */                                                         \
    USM_TYPE(LABEL, num)        /* colour of a mail, enum usm_label_e; 0 = none */                                     \
    USM_TYPE(MEETING, meeting)  /* what a mail about a meeting says */                                                 \
    USM_TYPE(FOLDERREF, text)   /* short id of a folder, "0" = root */                                                 \
    USM_TYPE(ROLE, num)         /* usm_role_e */                                                                       \
    USM_TYPE(CLASS, num)        /* usm_class_e of a folder's content */                                                \
    USM_TYPE(RECURRENCE, recurrence)                                                                                   \
    USM_TYPE(EXCEPTIONS, exceptions) /* of a series of events */

typedef enum usm_type_e {
#define USM_TYPE(name, kind) USM_T_##name,
    USM_TYPES(USM_TYPE)
#undef USM_TYPE
    USM_T_COUNT
} usm_type_e;

typedef struct usm_blob_t {
    const unsigned char *data;
    apr_size_t len;
    const char *content_type; /**< may be NULL */
} usm_blob_t;

typedef struct usm_list_t {
    int count;
    const char **items;
} usm_list_t;

typedef struct usm_addr_t {
    const char *name; /**< may be NULL */
    const char *addr;
} usm_addr_t;
typedef struct usm_addrs_t {
    int count;
    usm_addr_t *items;
} usm_addrs_t;

/** One form of a body. @a full_size is the size in bytes before cutting; data is NULL when the form is not there. */
typedef struct usm_bodyform_t {
    const char *data;
    apr_size_t len;
    apr_uint64_t full_size;
    int truncated;
} usm_bodyform_t;
typedef struct usm_body_t {
    int native; /**< form it is stored in: USM_BODY_TEXT or USM_BODY_HTML */
    usm_bodyform_t text, html, mime;
    int is_signed; /**< S/MIME or PGP: only the MIME form is faithful */
} usm_body_t;

typedef struct usm_attendee_t {
    const char *name, *email;
    int type;   /**< enum usm_attendee_type_e */
    int status; /**< enum usm_attendee_status_e */
    const char *backend_ref; /**< backend's own id of an internal user, or NULL */
} usm_attendee_t;
typedef struct usm_attendees_t {
    int count;
    usm_attendee_t *items;
} usm_attendees_t;

typedef struct usm_attachment_t {
    const char *id; /**< backend's part id inside the item */
    const char *name, *content_type, *content_id;
    apr_uint64_t size; /**< bytes, may be an estimate */
    int is_inline, is_message;
    const char *data; /**< of one that is to be added, which has no id yet: its @a size bytes; else NULL */
} usm_attachment_t;
typedef struct usm_attachments_t {
    int count;
    usm_attachment_t *items;
} usm_attachments_t;

/** What a follow-up flag says beside being set; times may be USM_TIME_NONE, texts NULL. Local times stand as if they
 * were UTC. */
typedef struct usm_flagmore_t {
    const char *subject, *sub_ordinal;
    usm_time_t start, due, utc_start, utc_due;
    int reminder_set; /**< 0, 1; -1 = not said */
    usm_time_t reminder, completed_on, completed, ordinal;
} usm_flagmore_t;
/** status 0 clear, 1 complete, 2 active. Equal when the status is. */
typedef struct usm_flag_t {
    int status;
    const char *type;
    const usm_flagmore_t *more; /**< NULL = nothing */
} usm_flag_t;

/** Rule of a series. */
typedef struct usm_meetrecur_t {
    int type;        /**< enum usm_recur_e */
    int interval, occurrences; /**< occurrences 0 = not said */
    usm_time_t until;          /**< USM_TIME_NONE = for ever, or occurrences */
    int days;        /**< weekdays, bit 0 = Sunday */
    int week;        /**< 1..5, 5 = last */
    int day, month;  /**< of the month, of the year; 0 = not of this type */
    int first_day;   /**< of a week, 0 = Sunday */
} usm_meetrecur_t;

/** An invitation, or what came after it. Times are instants; with @a floating 1 they are in local reckoning instead
 * (of whoever reads it), with @a all_day 1 days. */
typedef struct usm_meeting_t {
    int method; /**< enum usm_meeting_e */
    int answer; /**< REPLY, COUNTER: enum usm_attendee_status_e */
    int all_day, floating;
    usm_time_t start, end, stamp; /**< stamp may be USM_TIME_NONE */
    usm_time_t recurrence_id;     /**< USM_TIME_NONE: not about one occurrence */
    int rid_year, rid_month, rid_day; /**< its day where the series is at home */
    const char *uid, *location;
    usm_addr_t organizer;
    int sequence, busy, sensitivity, reminder; /**< minutes, -1 = none */
    int response_requested, disallow_counter;
    const char *zone;      /**< IANA name, or NULL */
    const char *zone_rule; /**< POSIX text of the zone's rule, or NULL */
    const usm_meetrecur_t *recur; /**< NULL = no series */
} usm_meeting_t;
/** How a recurring item repeats. Members: weekdays for WEEKLY (with first_weekday) and for the n-th ones (the week-th
 * day among them), day for MONTHLY (months without it are passed over) and YEARLY, month for the yearly ones; what a
 * kind does not use is 0. */
typedef struct usm_recurrence_t {
    int freq;          /**< enum usm_recur_e */
    int interval;      /**< from 1 */
    int weekdays;      /**< bits: 1 Sunday … 64 Saturday */
    int week;          /**< 1..4, 5 = the last one */
    int day, month;    /**< 1..31, 1..12 */
    int first_weekday; /**< 0 Sunday … 6 Saturday: where weeks begin when every n-th one counts */
    int occurrences;   /**< 0 = not limited by number */
    usm_time_t until;  /**< DATE of the last day; USM_TIME_NONE = not limited by date */
    int regenerate;    /**< tasks: the next one comes an interval after this one was completed */
} usm_recurrence_t;

typedef enum usm_state_e { USM_ABSENT, USM_EMPTY, USM_SET } usm_state_e;

/** What became of one occurrence of a series (see usm/recur.h). */
typedef struct usm_exception_t {
    usm_time_t day;                /**< DATE it was planned for, in the series' zone */
    const struct usm_item_t *item; /**< an event's fields that differ from the series: set, or empty for taken away;
                                        absent is as the series has it. NULL: there is no such occurrence any more */
    const char *id;                /**< backend's own id of it, or NULL */
} usm_exception_t;
typedef struct usm_exceptions_t {
    int count;
    usm_exception_t *items;
} usm_exceptions_t;

typedef struct usm_value_t {
    usm_state_e state;
    union {
        const char *text;
        apr_int64_t num;
        const usm_list_t *list;
        const usm_addrs_t *addrs;
        const usm_body_t *body;
        const usm_blob_t *blob;
        const usm_attendees_t *attendees;
        const usm_attachments_t *attachments;
        const usm_flag_t *flag;
        const usm_meeting_t *meeting;
        const usm_recurrence_t *recurrence;
        const usm_exceptions_t *exceptions;
    } u;
} usm_value_t;

/** Flags of a field's row. */
enum {
    USM_F_RW = 0,
    USM_F_RO = 1,     /**< devices cannot change it */
    USM_F_GHOST = 2,  /**< a client may declare it unsupported ("ghosted"): absent then means unchanged */
    USM_F_KEEP = 4,   /**< absent in a change always means unchanged */
    USM_F_NODIGEST = 8, /**< not part of change detection by digest (body of a mail, sizes) */
    USM_F_SERIES = 64, /**< of a series as a whole: its occurrences have none of their own */
    USM_F_UNIT_MASK = 0xF00
};
/** Fields of a class with the same unit (1..15) make sense only together: a conflict in one is a conflict in all of
 * them, and one side wins them all. */
#define USM_F_UNIT(n) ((n) << 8)

/** What core knows of a field: the row without the words of either side. */
typedef struct usm_fieldinfo_t {
    const char *name; /**< e.g. "FIRST_NAME" */
    usm_type_e type;
    unsigned flags;
} usm_fieldinfo_t;

#define USM_MAX_FIELDS 128 /**< of one class */
typedef struct usm_fieldset_t {
    apr_uint64_t bits[USM_MAX_FIELDS / 64];
} usm_fieldset_t;
#define USM_FIELDSET_ADD(set, f) ((set)->bits[(f) / 64] |= APR_UINT64_C(1) << ((f) % 64))
#define USM_FIELDSET_DEL(set, f) ((set)->bits[(f) / 64] &= ~(APR_UINT64_C(1) << ((f) % 64)))
#define USM_FIELDSET_HAS(set, f) (((set)->bits[(f) / 64] >> ((f) % 64)) & 1)

typedef struct usm_item_t {
    usm_class_e cls;
    apr_pool_t *pool;
    usm_value_t *v; /**< as many as the class has fields, indexed by field id */
} usm_item_t;

/** Number of fields of a class; field ids are 0 … count-1. */
int usm_class_fields(usm_class_e cls);
/** Row of a field; NULL when @a field is out of range. Static storage. */
const usm_fieldinfo_t *usm_field(usm_class_e cls, int field);

/** Make an item with all fields absent. */
usm_item_t *usm_item_create(usm_class_e cls, apr_pool_t *pool);
/** Set a field; what is pointed to must live as long as the item's pool. A NULL pointer makes the field empty. */
void usm_item_set_text(usm_item_t *item, int field, const char *text);
void usm_item_set_num(usm_item_t *item, int field, apr_int64_t num);
void usm_item_set_ptr(usm_item_t *item, int field, const void *ptr);
void usm_item_set_empty(usm_item_t *item, int field);
/** Read a field: NULL / @a dflt when it is not set. */
const char *usm_item_text(const usm_item_t *item, int field);
apr_int64_t usm_item_num(const usm_item_t *item, int field, apr_int64_t dflt);
static inline usm_state_e usm_item_state(const usm_item_t *item, int field)
{
    return item->v[field].state;
}
static inline int usm_item_isset(const usm_item_t *item, int field)
{
    return item->v[field].state == USM_SET;
}
/** Deep copy into @a pool. */
usm_item_t *usm_item_copy(const usm_item_t *item, apr_pool_t *pool);
/** Are two values of a type equal? Absent equals empty. */
int usm_value_equal(usm_type_e type, const usm_value_t *a, const usm_value_t *b);
/** 48-bit digest of a value; 0 for absent and empty, never 0 for a set one. */
apr_uint64_t usm_value_digest(usm_type_e type, const usm_value_t *v);

/** Digests of all set fields that take part in change detection, packed (7 bytes each: id, digest). */
void usm_item_digests(const unsigned char **data_p, apr_size_t *len_p, const usm_item_t *item, apr_pool_t *pool);
/** Digest of one field out of a packed list; 0 when it is not there. */
apr_uint64_t usm_digest_of(const unsigned char *data, apr_size_t len, int field);
/** Fields of @a item whose digest differs from the packed ones, into @a changed. @return number of them. */
int usm_digest_diff(usm_fieldset_t *changed, const usm_item_t *item, const unsigned char *data, apr_size_t len);

#ifdef __cplusplus
}
#endif
#endif
