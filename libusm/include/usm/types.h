/* SPDX-License-Identifier: Apache-2.0 */
/** @file types.h  Words that all of libusm shares. Knows neither EAS nor OX nor SQL. */
#ifndef USM_TYPES_H
#define USM_TYPES_H

#include <apr.h>
#include <apr_pools.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct usm_context_t usm_context_t;
typedef struct usm_login_t usm_login_t;
typedef struct usm_session_t usm_session_t;
typedef struct usm_turn_t usm_turn_t;
typedef struct usm_watch_t usm_watch_t;

/** Milliseconds since 1970-01-01 00:00 UTC. A DATE is midnight UTC of the calendar day it names. */
typedef apr_int64_t usm_time_t;
#define USM_TIME_NONE ((usm_time_t)APR_INT64_MIN)
#define USM_DAY_MS APR_INT64_C(86400000)

/** Data classes. The hierarchy is a collection of class FOLDER. Values are stored: append only. */
typedef enum usm_class_e {
    USM_FOLDER = 0,
    USM_EMAIL = 1,
    USM_CONTACT = 2,
    USM_EVENT = 3,
    USM_TASK = 4,
    USM_NOTE = 5,
    USM_RECIPIENT = 6, /**< whom the user writes to: a folder that libusm makes, see USM_FOLDER_RECIPIENTS */
    USM_CLASS_COUNT
} usm_class_e;

/** What a folder is for. Values are stored: append only. */
typedef enum usm_role_e {
    USM_ROLE_USER = 0, /**< ordinary folder of its class */
    USM_ROLE_DEFAULT,  /**< the user's default folder of a groupware class */
    USM_ROLE_INBOX,
    USM_ROLE_DRAFTS,
    USM_ROLE_SENT,
    USM_ROLE_TRASH,
    USM_ROLE_SPAM,
    USM_ROLE_OUTBOX, /**< exists on devices only: made by libusm, always empty */
    USM_ROLE_COUNT
} usm_role_e;

/** Id, for devices, of the folder of class RECIPIENT that each user has: the addresses of his contacts, of those
 * written to most. It can only be read. Sessions see it when usm_session_hide() says so. */
#define USM_FOLDER_RECIPIENTS "RI"
#define USM_RECIPIENTS_MAX 200 /**< items in it at most */

/** Rights of the user in a folder, a bit set. */
enum {
    USM_RIGHT_READ = 1,
    USM_RIGHT_CREATE = 2,
    USM_RIGHT_WRITE = 4,
    USM_RIGHT_DELETE = 8,
    USM_RIGHT_SUBFOLDER = 16,
    USM_RIGHT_ADMIN = 32,
    USM_RIGHT_ALL = 63
};

enum usm_busy_e { USM_BUSY_FREE, USM_BUSY_TENTATIVE, USM_BUSY_BUSY, USM_BUSY_AWAY, USM_BUSY_ELSEWHERE };
enum usm_sensitivity_e { USM_SENS_NORMAL, USM_SENS_PERSONAL, USM_SENS_PRIVATE, USM_SENS_CONFIDENTIAL };
enum usm_importance_e { USM_IMP_LOW, USM_IMP_NORMAL, USM_IMP_HIGH };
enum usm_taskstate_e { USM_TASK_OPEN, USM_TASK_DONE };
enum usm_attendee_status_e { USM_ATT_NONE, USM_ATT_TENTATIVE, USM_ATT_ACCEPTED, USM_ATT_DECLINED };
enum usm_attendee_type_e { USM_ATT_REQUIRED = 1, USM_ATT_OPTIONAL = 2, USM_ATT_RESOURCE = 3 };
/** Last thing done with a mail. */
enum usm_verb_e { USM_VERB_NONE, USM_VERB_REPLIED, USM_VERB_REPLIED_ALL, USM_VERB_FORWARDED };

enum usm_recur_e { USM_RECUR_DAILY, USM_RECUR_WEEKLY, USM_RECUR_MONTHLY, USM_RECUR_MONTHLY_NTH, USM_RECUR_YEARLY,
                   USM_RECUR_YEARLY_NTH };
enum usm_meeting_e { USM_MEETING_NONE, USM_MEETING_REQUEST, USM_MEETING_CANCEL, USM_MEETING_REPLY,
                     USM_MEETING_COUNTER };
/** Colour that the user has given to a mail. Values are part of digests: append only. */
enum usm_label_e { USM_LABEL_NONE, USM_LABEL_RED, USM_LABEL_ORANGE, USM_LABEL_YELLOW, USM_LABEL_GREEN, USM_LABEL_BLUE,
                   USM_LABEL_PURPLE, USM_LABEL_PINK, USM_LABEL_GRAY, USM_LABEL_LIGHT_GREEN, USM_LABEL_LIGHT_BLUE };
/** What kind of mail it is. */
enum usm_mailkind_e {
    USM_MAIL_NOTE,
    USM_MAIL_CLEAR_SIGNED, /**< multipart/signed */
    USM_MAIL_SEALED,       /**< S/MIME in one part: encrypted, or signed and opaque */
    USM_MAIL_MEETING,      /**< see the meeting's method */
    USM_MAIL_FAILED,       /**< delivery report: not delivered */
    USM_MAIL_DELIVERED,
    USM_MAIL_DELAYED,
    USM_MAIL_READ,   /**< receipt: it was read */
    USM_MAIL_UNREAD, /**< receipt: it went unread */
    USM_MAIL_SMS,    /**< a short message of a phone */
};

/** Forms of a body; a bit set where several are asked for. */
enum { USM_BODY_TEXT = 1, USM_BODY_HTML = 2, USM_BODY_MIME = 4, USM_BODY_MIME_IF_SIGNED = 8 };

#ifdef __cplusplus
}
#endif
#endif
