/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>
#include "data.h"
#include "server.h"
#include "modules.h"

/* Every module of the stand-in. A new one is one row here and one in modules.h. */
const struct oxs_module *const oxd_modules[] = {
    &oxs_login,        &oxs_multiple,         &oxs_folders,       &oxs_folder,       &oxs_sync,
    &oxs_contacts,     &oxs_contacts_picture, &oxs_image_picture, &oxs_halo_picture, &oxs_tasks,
    &oxs_user,         &oxs_user_me,          &oxs_config,        &oxs_capabilities, &oxs_quota,
    &oxs_calendar,     &oxs_chronos,          &oxs_itip,          &oxs_attachment,   &oxs_mailfilter,
    &oxs_reminder,     &oxs_itip_legacy,      &oxs_mail,          NULL,
};

const struct oxs_module *oxd_module_by_kind(enum oxd_kind kind)
{
    for (size_t i = 0; kind != OXK_NONE && oxd_modules[i]; i++)
        if (oxd_modules[i]->kind == kind)
            return oxd_modules[i];
    return NULL;
}

/* The row whose name is the longest prefix of req->module; the rest becomes req->path. */
static const struct oxs_module *find_module(struct oxd_req *req)
{
    const struct oxs_module *best = NULL;
    size_t len = 0;

    for (size_t i = 0; oxd_modules[i]; i++) {
        size_t n = strlen(oxd_modules[i]->name);

        if (n < len || strncmp(req->module, oxd_modules[i]->name, n))
            continue;
        if (req->module[n] && req->module[n] != '/')
            continue;
        best = oxd_modules[i];
        len = n;
    }
    if (best) {
        req->path = req->module[len] ? req->module + len + 1 : "";
        req->module = best->name;
    }
    return best;
}

static const struct oxs_action *find_action(const struct oxs_module *m, const char *name)
{
    for (const struct oxs_action *a = m->actions; a->name; a++)
        if (!strcmp(a->name, name))
            return a;
    return NULL;
}

static void run(struct oxd_req *req, const struct oxs_module *m, const struct oxs_action *a, unsigned flags)
{
    if (!(flags & OXS_NOSESSION)) {
        if (!req->internal && oxd_session_check(req) < 0)
            return;
        if (req->internal && oxd_req_zone(req) < 0)
            return;
        if (oxd_backed)
            mail_imap_refresh(req->user, req->in_multiple);
        if (m->cap && !oxd_user_has_cap(req->user, m->cap)) {
            oxd_fail(req, m->denied ? m->denied : "PERM-0001", "Module %s is not enabled for user %d", m->name,
                     req->user->id);
            return;
        }
    }
    if (a->handle(req) < 0 && req->reply.kind != OXR_ERROR)
        oxd_fail(req, "SVL-0004", "The call failed.");
}

unsigned oxd_action_flags(const char *module, const char *action)
{
    for (size_t i = 0; oxd_modules[i]; i++) {
        const struct oxs_action *a;

        if (strcmp(oxd_modules[i]->name, module))
            continue;
        a = find_action(oxd_modules[i], action);
        return oxd_modules[i]->flags | (a ? a->flags : 0);
    }
    return 0;
}

/* Faults of the kind error reach into multiple; the others are about whole answers. */
static bool element_fault(struct oxd_req *req)
{
    struct oxd_fault f = oxd_fault_take(req);

    if (f.kind == OXF_ERROR) {
        oxd_fail_cat(req, f.code, f.cat, "Fault on command");
        req->out = oxd_reply_body(req, &req->out_type);
    }
    g_free(f.body);
    g_free(f.content_type);
    return f.kind == OXF_ERROR;
}

void oxd_dispatch(struct oxd_req *req)
{
    const struct oxs_module *m = find_module(req);
    const struct oxs_action *a = m ? find_action(m, req->action) : NULL;
    unsigned flags = m && a ? m->flags | a->flags : 0;

    oxd_count_call(req->module, req->action);
    if ((flags & OXS_WRITE_UNSEEN) && !oxd_param_bool(req, "unseen", false))
        flags |= OXS_WRITE;
    if (req->in_multiple && element_fault(req))
        return;
    if (!m) {
        oxd_reply_status(req, 404, "Not Found");
    } else if (!a) {
        oxd_fail(req, "SVL-0012", "Unknown action %s in module %s", req->action, req->module);
    } else if ((flags & OXS_NOMULTI) && req->in_multiple) {
        oxd_fail(req, "SVL-0001", "%s is not possible inside multiple", req->module);
    } else if (flags & OXS_NOLOCK) {
        a->handle(req);
    } else if (flags & OXS_WRITE || oxd_backed) {
        g_rw_lock_writer_lock(&oxd_lock);
        run(req, m, a, flags);
        req->out = oxd_reply_body(req, &req->out_type);
        g_rw_lock_writer_unlock(&oxd_lock);
    } else {
        g_rw_lock_reader_lock(&oxd_lock);
        run(req, m, a, flags);
        req->out = oxd_reply_body(req, &req->out_type);
        g_rw_lock_reader_unlock(&oxd_lock);
    }
    if (!req->out)
        req->out = oxd_reply_body(req, &req->out_type);
}
