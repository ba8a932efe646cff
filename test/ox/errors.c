/* SPDX-License-Identifier: Apache-2.0 */
#include <stdatomic.h>
#include <string.h>
#include "oxd.h"

struct error_row {
    const char *code;
    enum oxd_cat cat;
    const char *message;
};

#define EDIT_CONFLICT \
    "Edit Conflict. Your change cannot be completed because somebody else has made a conflicting change to the same " \
    "item. Please refresh or synchronize and try again."

/* Every error the stand-in can answer, sorted by prefix. */
static const struct error_row rows[] = {
    /* sessions, spec 1.3 */
    {"SES-0007", OXC_USER_INPUT, "Too many active sessions for this user."},
    {"SES-0008", OXC_ERROR, "The login attempt was already used."},
    {"SES-0201", OXC_ERROR, "The session parameter is missing."},
    {"SES-0203", OXC_TRY_AGAIN, "Your session expired. Please login again."},
    {"SES-0204", OXC_TRY_AGAIN, "The context is locked."},
    {"SES-0205", OXC_PERMISSION_DENIED, "Your session was invalidated. Please try again."},
    {"SES-0206", OXC_TRY_AGAIN, "Your session was invalidated. Please try again."},
    {"LGI-0006", OXC_USER_INPUT, "The user name or password is incorrect."},
    {"LGI-0016", OXC_USER_INPUT, "No session to log in again."},
    /* servlets */
    {"SVL-0001", OXC_ERROR, "The request is denied."},
    {"SVL-0002", OXC_ERROR, "A required parameter is missing."},
    {"SVL-0003", OXC_ERROR, "The request's body is not what the call needs."},
    {"SVL-0004", OXC_ERROR, "A parameter's value is invalid."},
    {"SVL-0012", OXC_ERROR, "Unknown action."},
    {"SVL-0021", OXC_ERROR, "Unknown module."},
    {"OX-0001", OXC_CONFLICT, EDIT_CONFLICT},
    {"UPL-0005", OXC_USER_INPUT, "The upload is too large or empty."},
    /* folders */
    {"FLD-0008", OXC_ERROR, "The folder could not be found."},
    {"FLD-1004", OXC_PERMISSION_DENIED, "You do not have the permission to see this folder."},
    {"FLD-1022", OXC_CONFLICT, "The object has been changed in the meantime."},
    {"FLD-1026", OXC_PERMISSION_DENIED, "This folder cannot be deleted."},
    {"FLD-1027", OXC_PERMISSION_DENIED, "This folder cannot be renamed or moved."},
    {"FLD-1029", OXC_PERMISSION_DENIED, "You are not allowed to create a folder here."},
    {"FLD-1012", OXC_USER_INPUT, "A folder with this name exists already."},
    {"FLD-1013", OXC_PERMISSION_DENIED, "You are not allowed to change this folder."},
    {"FLD-1014", OXC_USER_INPUT, "The folder's name is missing or invalid."},
    {"FLD-1015", OXC_USER_INPUT, "The folder cannot be moved there."},
    {"FLD-1016", OXC_USER_INPUT, "The content type is not allowed here."},
    {"IMAP-1002", OXC_ERROR, "The mail folder could not be found."},
    {"IMAP-1016", OXC_USER_INPUT, "A mail folder with this name exists already."},
    /* contacts */
    {"CON-0101", OXC_TRUNCATED, "Some fields have values that are too long."},
    {"CON-0104", OXC_PERMISSION_DENIED, "You do not have the permission to read objects in this folder."},
    {"CON-0105", OXC_PERMISSION_DENIED, "You do not have the permission to create objects in this folder."},
    {"CON-0106", OXC_PERMISSION_DENIED, "You do not have the permission to change this object."},
    {"CON-0107", OXC_PERMISSION_DENIED, "You do not have the permission to delete this object."},
    {"CON-0103", OXC_ERROR, "The folder is not a contacts folder."},
    {"CON-0110", OXC_PERMISSION_DENIED, "You do not have the permission to use contacts."},
    {"CON-0119", OXC_CONFLICT, EDIT_CONFLICT},
    {"CON-0125", OXC_ERROR, "The contact was not found."},
    {"CON-0166", OXC_USER_INPUT, "The picture is not usable."},
    {"CON-0170", OXC_USER_INPUT, "The contact has nothing in it."},
    {"CON-0171", OXC_USER_INPUT, "A field has a value of a wrong type."},
    {"CON-1000", OXC_USER_INPUT, "The search text is too short."},
    /* tasks */
    {"TSK-0006", OXC_ERROR, "The folder is not a task folder."},
    {"TSK-0007", OXC_CONFLICT, EDIT_CONFLICT},
    {"TSK-0008", OXC_USER_INPUT, "Private tasks are not allowed in public or shared folders."},
    {"TSK-0014", OXC_PERMISSION_DENIED, "You do not have the permission to delete this task."},
    {"TSK-0019", OXC_ERROR, "The task was not found."},
    {"TSK-0023", OXC_PERMISSION_DENIED, "You do not have the permission to read tasks in this folder."},
    {"TSK-0024", OXC_PERMISSION_DENIED, "You do not have the permission to use tasks."},
    {"TSK-0025", OXC_PERMISSION_DENIED, "You do not have the permission to create tasks in this folder."},
    {"TSK-0026", OXC_PERMISSION_DENIED, "You do not have the permission to delegate tasks."},
    {"TSK-0028", OXC_USER_INPUT, "Private tasks cannot be delegated."},
    {"TSK-0030", OXC_USER_INPUT, "The percentage must be from 0 to 100."},
    {"TSK-0031", OXC_USER_INPUT, "Tasks that are not started need to have a percentage of 0."},
    {"TSK-0033", OXC_PERMISSION_DENIED, "You do not have the permission to change this task."},
    {"TSK-0034", OXC_PERMISSION_DENIED, "Moving this task to a shared folder is not allowed."},
    {"TSK-0036", OXC_USER_INPUT, "A value needed for the recurrence is missing."},
    {"TSK-0037", OXC_USER_INPUT, "A value of the recurrence is invalid."},
    {"TSK-0038", OXC_USER_INPUT, "Finished tasks need to have a percentage of 100."},
    {"TSK-0040", OXC_USER_INPUT, "The start date is after the due date."},
    {"TSK-0041", OXC_TRUNCATED, "Some fields have values that are too long."},
    {"TSK-0042", OXC_USER_INPUT, "Private tasks cannot be moved to public folders."},
    {"TSK-0043", OXC_PERMISSION_DENIED, "Only the creator may set the private flag."},
    {"TSK-0044", OXC_USER_INPUT, "External participants need a mail address."},
    {"TSK-0046", OXC_PERMISSION_DENIED, "You do not have the permission to see this task."},
    {"TSK-0048", OXC_ERROR, "The task is not in this folder."},
    {"TSK-0053", OXC_USER_INPUT, "The unique id of a task cannot be changed."},
    {"TSK-0055", OXC_USER_INPUT, "The duration must be a number of minutes."},
    {"TSK-0057", OXC_USER_INPUT, "The priority must be from 1 to 3."},
    {"TSK-0058", OXC_USER_INPUT, "A field has a bad character."},
    {"TSK-0059", OXC_PERMISSION_DENIED, "The folder is not visible to you."},
    {"TSK-0060", OXC_USER_INPUT, "A field has a value of a wrong type."},
    /* calendar and chronos */
    {"CAL-4030", OXC_PERMISSION_DENIED, "You do not have the permission to read appointments in this calendar."},
    {"CAL-4031", OXC_PERMISSION_DENIED, "You do not have the permission to change appointments in this calendar."},
    {"CAL-4032", OXC_PERMISSION_DENIED, "You do not have the permission to delete appointments in this calendar."},
    {"CAL-4033", OXC_PERMISSION_DENIED, "You may not change this participant."},
    {"CAL-40310", OXC_PERMISSION_DENIED, "The appointment has another organizer."},
    {"CAL-4034", OXC_USER_INPUT, "The calendar user is not known here."},
    {"CAL-4035", OXC_PERMISSION_DENIED, "The requested change is not allowed."},
    {"CAL-4036", OXC_PERMISSION_DENIED, "You do not have the permission to use the calendar."},
    {"CAL-4037", OXC_PERMISSION_DENIED, "The appointment is private."},
    {"CAL-4038", OXC_PERMISSION_DENIED, "Only the organizer may change this."},
    {"CAL-4040", OXC_USER_INPUT, "The requested appointment was not found."},
    {"CAL-4041", OXC_USER_INPUT, "The requested appointment was not found in this calendar."},
    {"CAL-4042", OXC_USER_INPUT, "The requested occurrence was not found."},
    {"CAL-4045", OXC_USER_INPUT, "The requested calendar was not found."},
    {"CAL-4047", OXC_USER_INPUT, "The requested attachment was not found."},
    {"CAL-4061", OXC_USER_INPUT, "The recurrence id is invalid."},
    {"CAL-4090", OXC_CONFLICT, "An appointment with this unique id exists already."},
    {"CAL-4120", OXC_CONFLICT,
     "The operation could not be completed due to a concurrent modification. Please reload the "
     "data and try again."},
    {"CAL-4121", OXC_CONFLICT, "The appointment has been changed meanwhile."},
    {"CAL-4220", OXC_USER_INPUT, "A mandatory field is missing."},
    {"CAL-4221", OXC_USER_INPUT, "The end lies before the start."},
    {"CAL-4222", OXC_USER_INPUT, "Private appointments are not allowed in public or shared calendars."},
    {"CAL-4223", OXC_USER_INPUT, "The recurrence rule is not supported."},
    {"CAL-4229", OXC_TRUNCATED, "Some fields have values that are too long."},
    {"CAL-4230", OXC_USER_INPUT, "A field has a value of a wrong type."},
    {"CAL-5000", OXC_ERROR, "The invitation could not be read."},
    /* attachments, mail filter, the rest */
    {"ATT-0001", OXC_ERROR, "The attachment was not found."},
    {"ATT-0011", OXC_ERROR, "The module is not known to have attachments."},
    {"ATT-0405", OXC_PERMISSION_DENIED, "You may not change this object."},
    {"ATT-0404", OXC_ERROR, "The object of the attachment was not found."},
    {"FLS-0003", OXC_CAPACITY, "There is not enough space left."},
    {"MAIL_FILTER-0002", OXC_ERROR, "The rule was not found."},
    {"MAIL_FILTER-0012", OXC_PERMISSION_DENIED, "Mail filters are not available."},
    {"MAIL_FILTER-0019", OXC_USER_INPUT, "The rule is not valid."},
    {"REM-0009", OXC_ERROR, "The reminder was not found."},
    {"USR-0010", OXC_ERROR, "The user was not found."},
    {"USR-0011", OXC_PERMISSION_DENIED, "You may only change yourself."},
    {"PERM-0001", OXC_PERMISSION_DENIED, "You do not have the permission for this module."},
    /* mail */
    {"MSG-0010", OXC_USER_INPUT, "A header of the message is invalid."},
    {"MSG-0013", OXC_PERMISSION_DENIED, "You do not have the permission to use mail."},
    {"MSG-0032", OXC_USER_INPUT, "The message could not be found."},
    {"MSG-0042", OXC_CAPACITY, "The message was sent, but there was no room for a copy in the sent folder."},
    {"MSG-0049", OXC_USER_INPUT, "The attachment could not be found."},
    {"MSG-0056", OXC_USER_INPUT, "Invalid or unknown sender address."},
    {"MSG-0067", OXC_USER_INPUT, "The mail to answer or forward could not be found."},
    {"MSG-0078", OXC_ERROR, "The mail system does not support this."},
    {"MSG-0114", OXC_USER_INPUT, "The message has no recipient."},
    {"MSG-1031", OXC_CAPACITY, "The mailbox is full."},
};

static const struct {
    enum oxd_cat cat;
    const char *name;
} cats[] = {
    {OXC_USER_INPUT, "USER_INPUT"},   {OXC_CONFIGURATION, "CONFIGURATION"},
    {OXC_TRY_AGAIN, "TRY_AGAIN"},     {OXC_PERMISSION_DENIED, "PERMISSION_DENIED"},
    {OXC_CONFLICT, "CONFLICT"},       {OXC_SERVICE_DOWN, "SERVICE_DOWN"},
    {OXC_ERROR, "ERROR"},             {OXC_CONNECTIVITY, "CONNECTIVITY"},
    {OXC_CAPACITY, "CAPACITY"},       {OXC_TRUNCATED, "TRUNCATED"},
    {OXC_WARNING, "WARNING"},
};

const char *oxd_cat_name(enum oxd_cat cat)
{
    for (size_t i = 0; i < G_N_ELEMENTS(cats); i++)
        if (cats[i].cat == cat)
            return cats[i].name;
    return "ERROR";
}

enum oxd_cat oxd_cat_by_name(const char *name)
{
    for (size_t i = 0; name && i < G_N_ELEMENTS(cats); i++)
        if (!g_ascii_strcasecmp(cats[i].name, name))
            return cats[i].cat;
    return 0;
}

static const struct error_row *row_find(const char *code)
{
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++)
        if (!strcmp(rows[i].code, code))
            return &rows[i];
    return NULL;
}

static void fail(struct oxd_req *req, const char *code, enum oxd_cat cat, const char *message, const char *desc)
{
    static atomic_uint serial;
    unsigned n = atomic_fetch_add(&serial, 1) + 1;

    if (req->reply.error)
        json_decref(req->reply.error);
    if (cat != OXC_WARNING) {
        json_decref(req->reply.data);
        req->reply.data = NULL;
    }
    req->reply.kind = OXR_ERROR;
    req->reply.error = json_pack("{s:s, s:[], s:s, s:i, s:s, s:o, s:s}", "error", message, "error_params", "categories",
                                 oxd_cat_name(cat), "category", (int)cat, "code", code, "error_id",
                                 json_sprintf("1-%u", n), "error_desc", desc ? desc : message);
}

int oxd_fail(struct oxd_req *req, const char *code, const char *desc, ...)
{
    const struct error_row *row = row_find(code);
    char *text = NULL;
    va_list ap;

    if (desc) {
        va_start(ap, desc);
        text = g_strdup_vprintf(desc, ap);
        va_end(ap);
    }
    fail(req, code, row ? row->cat : OXC_ERROR, row ? row->message : "An error occurred.", text);
    g_free(text);
    return -1;
}

int oxd_fail_cat(struct oxd_req *req, const char *code, enum oxd_cat cat, const char *desc, ...)
{
    const struct error_row *row = row_find(code);
    char *text = NULL;
    va_list ap;

    if (desc) {
        va_start(ap, desc);
        text = g_strdup_vprintf(desc, ap);
        va_end(ap);
    }
    fail(req, code, cat, row ? row->message : "An error occurred.", text);
    g_free(text);
    return -1;
}
