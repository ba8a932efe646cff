/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>
#include "data.h"
#include "pim.h"
#include "contacts.h"
#include "modules.h"
#include "seedfield.h"

/*
 * Module contacts, spec 4: columns, new, update, delete, users. Searching is in contactsearch.c, pictures in picture.c.
 */

enum { G_IMAGES = OXG_MODULE, G_IMAGE_MODIFIED, G_IMAGE_TYPE, G_IMAGE_URL, G_LIST_SIZE, G_NOTHING };

#define S(id, name) {id, name, OXG_STR}

static const struct oxd_column columns[] = {
    {1, "id", OXG_ID},
    {2, "created_by", OXG_CREATED_BY},
    {3, "modified_by", OXG_MODIFIED_BY},
    {4, "creation_date", OXG_CREATED},
    {5, "last_modified", OXG_MODIFIED},
    {6, "last_modified_utc", OXG_MODIFIED_UTC},
    {20, "folder_id", OXG_FOLDER},
    S(100, "categories"),
    {101, "private_flag", OXG_BOOL},
    {102, "color_label", OXG_INT},
    {104, "number_of_attachments", OXG_ATTACHMENTS},
    {105, "lastModifiedOfNewestAttachmentUTC", OXG_ATTACHMENT_MODIFIED},
    S(223, "uid"),
    S(500, "display_name"),
    S(501, "first_name"),
    S(502, "last_name"),
    S(503, "second_name"),
    S(504, "suffix"),
    S(505, "title"),
    S(506, "street_home"),
    S(507, "postal_code_home"),
    S(508, "city_home"),
    S(509, "state_home"),
    S(510, "country_home"),
    {511, "birthday", OXG_DATE},
    S(512, "marital_status"),
    S(513, "number_of_children"),
    S(514, "profession"),
    S(515, "nickname"),
    S(516, "spouse_name"),
    {517, "anniversary", OXG_DATE},
    S(518, "note"),
    S(519, "department"),
    S(520, "position"),
    S(521, "employee_type"),
    S(522, "room_number"),
    S(523, "street_business"),
    {524, "user_id", OXG_INT},
    S(525, "postal_code_business"),
    S(526, "city_business"),
    S(527, "state_business"),
    S(528, "country_business"),
    S(529, "number_of_employees"),
    S(530, "sales_volume"),
    S(531, "tax_id"),
    S(532, "commercial_register"),
    S(533, "branches"),
    S(534, "business_category"),
    S(535, "info"),
    S(536, "manager_name"),
    S(537, "assistant_name"),
    S(538, "street_other"),
    S(539, "city_other"),
    S(540, "postal_code_other"),
    S(541, "country_other"),
    S(542, "telephone_business1"),
    S(543, "telephone_business2"),
    S(544, "fax_business"),
    S(545, "telephone_callback"),
    S(546, "telephone_car"),
    S(547, "telephone_company"),
    S(548, "telephone_home1"),
    S(549, "telephone_home2"),
    S(550, "fax_home"),
    S(551, "cellular_telephone1"),
    S(552, "cellular_telephone2"),
    S(553, "telephone_other"),
    S(554, "fax_other"),
    S(555, "email1"),
    S(556, "email2"),
    S(557, "email3"),
    S(558, "url"),
    S(559, "telephone_isdn"),
    S(560, "telephone_pager"),
    S(561, "telephone_primary"),
    S(562, "telephone_radio"),
    S(563, "telephone_telex"),
    S(564, "telephone_ttytdd"),
    S(565, "instant_messenger1"),
    S(566, "instant_messenger2"),
    S(567, "telephone_ip"),
    S(568, "telephone_assistant"),
    S(569, "company"),
    {570, "image1", G_NOTHING},
    S(571, "userfield01"),
    S(572, "userfield02"),
    S(573, "userfield03"),
    S(574, "userfield04"),
    S(575, "userfield05"),
    S(576, "userfield06"),
    S(577, "userfield07"),
    S(578, "userfield08"),
    S(579, "userfield09"),
    S(580, "userfield10"),
    S(581, "userfield11"),
    S(582, "userfield12"),
    S(583, "userfield13"),
    S(584, "userfield14"),
    S(585, "userfield15"),
    S(586, "userfield16"),
    S(587, "userfield17"),
    S(588, "userfield18"),
    S(589, "userfield19"),
    S(590, "userfield20"),
    {592, "distribution_list", OXG_JSON},
    {594, "number_of_distribution_list", G_LIST_SIZE},
    {596, "number_of_images", G_IMAGES},
    {597, "image_last_modified", G_IMAGE_MODIFIED},
    S(598, "state_other"),
    S(599, "file_as"),
    {601, "image1_content_type", G_IMAGE_TYPE},
    {602, "mark_as_distributionlist", OXG_BOOL},
    {605, "default_address", OXG_INT},
    {606, "image1_url", G_IMAGE_URL},
    {608, "useCount", OXG_INT},
    S(610, "yomiFirstName"),
    S(611, "yomiLastName"),
    S(612, "yomiCompany"),
    S(613, "addressHome"),
    S(614, "addressBusiness"),
    S(615, "addressOther"),
    {0, NULL, 0},
};

#undef S

/* Lengths of the database's columns where they are not the class's default. */
static const struct oxd_limit limits[] = {
    {500, 320}, {518, 5680}, {100, 255}, {506, 256}, {523, 256}, {538, 256}, {555, 512}, {556, 512}, {557, 512},
    {558, 256}, {569, 512}, {223, 1024}, {599, 320}, {519, 128}, {535, 64}, {613, 512}, {614, 512}, {615, 512}, {0, 0},
};

static json_t *own(struct oxd_req *req, const struct oxd_obj *o, const struct oxd_folder *view, int type)
{
    const json_t *list;

    switch (type) {
    case G_IMAGES:
        return json_integer(o->image ? 1 : 0);
    case G_IMAGE_MODIFIED:
        return o->image ? json_integer(o->image_modified) : NULL;
    case G_IMAGE_TYPE:
        return o->image ? json_string(o->image_type) : NULL;
    case G_IMAGE_URL:
        return o->image ? json_sprintf("%simage/contact/picture?folder=%s&id=%d&timestamp=%" G_GINT64_FORMAT,
                                       oxd_options.prefix, view ? view->id : o->folder->id, o->id, o->image_modified)
                        : NULL;
    case G_LIST_SIZE:
        list = json_object_get(o->f, "distribution_list");
        return list ? json_integer((json_int_t)json_array_size(list)) : NULL;
    default:
        return NULL;
    }
}

const struct oxd_class oxd_contacts = {
    .kind = OXK_CONTACTS, .columns = columns, .limits = limits, .text_max = 128, .e_not_found = "CON-0125",
    .e_read = "CON-0104", .e_write = "CON-0106", .e_delete = "CON-0107", .e_create = "CON-0105", .e_folder = "CON-0103",
    .e_no_folder = "FLD-0008", .e_conflict = "CON-0119", .e_long = "CON-0101", .e_type = "CON-0171",
    .e_private = "CON-0106", .noun = "Contact", .deletions_by_default = false, .switch_ids = "contact-ids",
    .string_ids = true, .own = own,
};

/* ---- pictures ---- */

void oxd_contact_image(struct oxd_obj *o, const char *type, const char *data, size_t len, int64_t stamp)
{
    if (o->image)
        g_string_free(o->image, TRUE);
    g_free(o->image_type);
    o->image = data ? g_string_new_len(data, (gssize)len) : NULL;
    o->image_type = data ? g_strdup(type) : NULL;
    o->image_modified = stamp;
}

/* The upload's part "file": 0 none, 1 a good picture, -1 error set. */
static int picture_part(struct oxd_req *req, const struct oxd_part **part)
{
    *part = oxd_part(req, "file");
    if (!*part)
        *part = oxd_part(req, "file_0");
    if (!*part)
        return 0;
    if (!(*part)->len || strncmp((*part)->content_type, "image/", 6))
        return oxd_fail(req, "CON-0166", "%zu bytes of type %s", (*part)->len, (*part)->content_type);
    if ((*part)->len > 5u << 20)
        return oxd_fail(req, "UPL-0005", "The picture has %zu bytes", (*part)->len);
    return 1;
}

/* ---- new, update, delete ---- */

/* Members of lists that point at contacts get their addresses from there. */
static int check_list(struct oxd_req *req, json_t *members)
{
    json_t *list = json_object_get(members, "distribution_list"), *m;
    size_t i;

    if (list && !json_is_array(list))
        return oxd_fail(req, "CON-0171", "distribution_list must be an array");
    json_array_foreach(list, i, m) {
        const struct oxd_obj *o = oxd_obj_find(req->ctx, OXK_CONTACTS, oxd_json_id(json_object_get(m, "id")));
        int64_t field = oxd_field_int(m, "mail_field", 0);
        const char *name = field == 2 ? "email2" : field == 3 ? "email3" : "email1";

        if (!json_is_object(m))
            return oxd_fail(req, "CON-0171", "A member of distribution_list must be an object");
        if (o && field && !json_object_get(m, "mail") && oxd_obj_str(o, name))
            json_object_set_new(m, "mail", json_string(oxd_obj_str(o, name)));
    }
    return 0;
}

static bool empty_contact(const json_t *members)
{
    const char *key;
    json_t *v;

    json_object_foreach((json_t *)(uintptr_t)members, key, v)
        if (json_is_string(v) && strcmp(key, "uid"))
            return false;
    return true;
}

static int do_new(struct oxd_req *req)
{
    json_t *body = oxd_body_object(req), *members;
    struct oxd_folder *f = body ? oxd_pim_folder(req, &oxd_contacts, oxd_json_text(req, body, "folder_id")) : NULL;
    const struct oxd_part *picture = NULL;
    struct oxd_obj *o;
    int64_t stamp;

    if (req->parts)
        oxd_reply_as_html(req, "new");
    if (!f || !oxd_pim_may_create(req, &oxd_contacts, f) || picture_part(req, &picture) < 0)
        return -1;
    members = json_pack("{s:b, s:b}", "private_flag", 0, "mark_as_distributionlist", 0);
    if (oxd_pim_apply(req, &oxd_contacts, body, members) < 0 || check_list(req, members) < 0) {
        json_decref(members);
        return -1;
    }
    json_object_del(members, "user_id");
    if (oxd_switch_is("contacts-empty", "refuse") && empty_contact(members)) {
        json_decref(members);
        return oxd_fail(req, "CON-0170", NULL);
    }
    if (!json_object_get(members, "uid"))
        json_object_set_new(members, "uid", oxd_uid());
    stamp = oxd_stamp();
    o = oxd_obj_new(f, 0, req->user->id, members, stamp);
    if (picture)
        oxd_contact_image(o, picture->content_type, picture->data, picture->len, stamp);
    return oxd_reply(req, json_pack("{s:o}", "id", json_sprintf("%d", o->id)), stamp);
}

/* The folder an update moves to: the old one if it does not move; NULL: error set. */
static struct oxd_folder *target(struct oxd_req *req, struct oxd_folder *from, const struct oxd_obj *o)
{
    const char *id = oxd_json_text(req, req->body, "folder_id");
    struct oxd_folder *to = id && strcmp(id, from->id) ? oxd_pim_folder(req, &oxd_contacts, id) : from;

    if (!to || to == from)
        return to;
    if (!oxd_obj_can(o, from, req->user, OXD_R_DELETE)) {
        oxd_fail(req, "CON-0107", NULL);
        return NULL;
    }
    return oxd_pim_may_create(req, &oxd_contacts, to) ? to : NULL;
}

static int do_update(struct oxd_req *req)
{
    const char *folder = oxd_param_need(req, "folder"), *id = folder ? oxd_param_need(req, "id") : NULL;
    json_t *body = id && oxd_param_need(req, "timestamp") ? oxd_body_object(req) : NULL, *members;
    struct oxd_folder *f = body ? oxd_pim_folder(req, &oxd_contacts, folder) : NULL, *to;
    struct oxd_obj *o = f ? oxd_pim_find(req, &oxd_contacts, f, g_ascii_strtoll(id, NULL, 10)) : NULL;
    const struct oxd_part *picture = NULL;
    int64_t stamp;

    if (req->parts)
        oxd_reply_as_html(req, "update");
    if (!o)
        return -1;
    if (!oxd_obj_can(o, f, req->user, OXD_R_WRITE))
        return oxd_fail(req, "CON-0106", "User %d may not change contact %d", req->user->id, o->id);
    if (oxd_pim_stale(req, &oxd_contacts, o) || picture_part(req, &picture) < 0)
        return -1;
    to = target(req, f, o);
    members = json_deep_copy(o->f);
    if (!to || oxd_pim_apply(req, &oxd_contacts, body, members) < 0 || check_list(req, members) < 0) {
        json_decref(members);
        return -1;
    }
    json_object_set(members, "uid", json_object_get(o->f, "uid"));
    if (json_object_get(o->f, "user_id"))
        json_object_set(members, "user_id", json_object_get(o->f, "user_id"));
    else
        json_object_del(members, "user_id");
    json_decref(o->f);
    o->f = members;
    stamp = oxd_stamp();
    if (picture)
        oxd_contact_image(o, picture->content_type, picture->data, picture->len, stamp);
    else if (json_is_null(json_object_get(body, "image1")))
        oxd_contact_image(o, NULL, NULL, 0, stamp);
    oxd_obj_move(o, to, stamp);
    oxd_obj_touch(o, req->user->id, stamp);
    return oxd_reply(req, json_object(), stamp);
}

static int remove_one(struct oxd_req *req, struct oxd_obj *o, struct oxd_folder *view, const json_t *item)
{
    if (!oxd_obj_can(o, view, req->user, OXD_R_DELETE))
        return oxd_fail(req, "CON-0107", "User %d may not delete contact %d", req->user->id, o->id);
    oxd_obj_delete(o, oxd_stamp());
    return 0;
}

static int do_delete(struct oxd_req *req)
{
    return oxd_pim_delete(req, &oxd_contacts, remove_one);
}

static int do_all(struct oxd_req *req)
{
    return oxd_pim_all(req, &oxd_contacts);
}

static int do_list(struct oxd_req *req)
{
    return oxd_pim_list(req, &oxd_contacts);
}

static int do_get(struct oxd_req *req)
{
    return oxd_pim_get(req, &oxd_contacts);
}

static int do_updates(struct oxd_req *req)
{
    return oxd_pim_updates(req, &oxd_contacts);
}

/* ---- users as contacts ---- */

struct oxd_obj *oxd_contact_of_user(const struct oxd_user *user)
{
    return user ? oxd_obj_find(user->ctx, OXK_CONTACTS, user->contact_id) : NULL;
}

static int do_getuser(struct oxd_req *req)
{
    const struct oxd_user *u = oxd_user_find(req->ctx, (int)oxd_param_int(req, "id", req->user->id));
    const struct oxd_obj *o = oxd_contact_of_user(u);

    if (!o)
        return oxd_fail(req, "CON-0125", "User %s not found", oxd_param(req, "id"));
    return oxd_reply(req, oxd_pim_object(req, &oxd_contacts, o, NULL), o->modified);
}

static int do_listuser(struct oxd_req *req)
{
    json_t *body = oxd_body_array(req), *v;
    GPtrArray *objs;
    size_t i;
    int rc;

    if (!body)
        return -1;
    objs = g_ptr_array_new();
    json_array_foreach(body, i, v) {
        struct oxd_obj *o = oxd_contact_of_user(oxd_user_find(req->ctx, (int)oxd_json_id(v)));

        if (o)
            g_ptr_array_add(objs, o);
    }
    rc = oxd_pim_rows(req, &oxd_contacts, objs, NULL);
    g_ptr_array_free(objs, TRUE);
    return rc;
}

/* ---- hooks ---- */

static int made(struct oxd_obj *o, const json_t *seed, char **err)
{
    const char *image = oxd_field_str(seed, "image", NULL);

    if (!json_object_get(o->f, "mark_as_distributionlist"))
        json_object_set_new(o->f, "mark_as_distributionlist", json_boolean(json_object_get(o->f, "distribution_list")));
    if (image) {
        gsize len;
        guchar *raw = g_base64_decode(image, &len);

        oxd_contact_image(o, oxd_field_str(seed, "imageType", "image/jpeg"), (char *)raw, len, o->modified);
        g_free(raw);
    }
    return 0;
}

/* The entry in the global address book. */
static int seed_gab(struct oxd_ctx *ctx, struct oxd_user *user, const json_t *seed, char **err)
{
    json_t *entry = json_object(), *list;
    const char *first = oxd_field_str(seed, "firstName", NULL), *last = oxd_field_str(seed, "lastName", NULL);
    const char *photo = oxd_field_str(seed, "photo", NULL);
    int rc;

    if (json_object_get(seed, "contact"))
        json_object_update(entry, json_object_get(seed, "contact"));
    json_object_set_new(entry, "folder", json_string("6"));
    json_object_set_new(entry, "id", json_integer(user->contact_id));
    json_object_set_new(entry, "user_id", json_integer(user->id));
    json_object_set_new(entry, "display_name", json_string(user->display_name));
    json_object_set_new(entry, "email1", json_string(user->email));
    if (first)
        json_object_set_new(entry, "first_name", json_string(first));
    if (last)
        json_object_set_new(entry, "last_name", json_string(last));
    if (photo)
        json_object_set_new(entry, "image", json_string(photo));
    if (json_object_get(seed, "modified"))
        json_object_set(entry, "modified", json_object_get(seed, "modified"));
    list = json_pack("[o]", entry);
    if (!user->contact_id) {
        user->contact_id = oxd_new_id(ctx);
        json_object_set_new(entry, "id", json_integer(user->contact_id));
    }
    rc = oxd_pim_seed(ctx, user, &oxd_contacts, list, err, made);
    json_decref(list);
    return rc;
}

static int seed_load(struct oxd_ctx *ctx, struct oxd_user *user, const json_t *seed, char **err)
{
    if (user && seed_gab(ctx, user, seed, err) < 0)
        return -1;
    return oxd_pim_seed(ctx, user, &oxd_contacts, json_object_get(seed, "contacts"), err, made);
}

static json_t *dump(const struct oxd_ctx *ctx)
{
    return oxd_pim_dump(ctx, OXK_CONTACTS);
}

static int restore(struct oxd_ctx *ctx, const json_t *state, char **err)
{
    return oxd_pim_restore(ctx, OXK_CONTACTS, state, err);
}

static const struct oxs_action actions[] = {
    {"all", 0, do_all},
    {"list", 0, do_list},
    {"get", 0, do_get},
    {"updates", 0, do_updates},
    {"new", OXS_WRITE | OXS_SERIAL, do_new},
    {"update", OXS_WRITE | OXS_SERIAL, do_update},
    {"delete", OXS_WRITE | OXS_SERIAL, do_delete},
    {"search", 0, oxd_contact_search},
    {"advancedSearch", 0, oxd_contact_advanced},
    {"autocomplete", 0, oxd_contact_autocomplete},
    {"birthdays", 0, oxd_contact_birthdays},
    {"anniversaries", 0, oxd_contact_birthdays},
    {"getuser", 0, do_getuser},
    {"listuser", 0, do_listuser},
    {NULL, 0, NULL},
};

const struct oxs_module oxs_contacts = {
    .name = "contacts", .cap = "contacts", .denied = "CON-0110", .kind = OXK_CONTACTS, .actions = actions,
    .seed_load = seed_load, .dump = dump, .restore = restore, .folder_counts = oxd_pim_counts,
    .folder_clear = oxd_pim_clear,
};
