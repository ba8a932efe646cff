/* SPDX-License-Identifier: Apache-2.0 */
/* Converters of values that name people, and those of mail. */
#include "ox/ox_map.h"

#include <apr_strings.h>
#include <stdlib.h>
#include <string.h>

#define PEOPLE_MAX 2000

/* participants[].type, spec 5.4 */
enum { P_USER = 1, P_GROUP = 2, P_RESOURCE = 3, P_RESOURCE_GROUP = 4, P_EXTERNAL = 5 };

/* ---- mail addresses ---- */

const usm_addrs_t *ox_addrs(const ox_json_t *list, apr_pool_t *pool)
{
    int count = ox_json_count(list);
    usm_addrs_t *addrs = apr_pcalloc(pool, sizeof *addrs);
    if (count > PEOPLE_MAX)
        count = PEOPLE_MAX;
    addrs->items = apr_pcalloc(pool, sizeof(usm_addr_t) * (apr_size_t)(count + 1));
    for (int i = 0; i < count; i++) {
        const ox_json_t *pair = ox_json_at(list, i);
        const char *name = ox_json_text(ox_json_at(pair, 0), pool), *addr = ox_json_text(ox_json_at(pair, 1), pool);
        if (!addr || !*addr)
            continue;
        addrs->items[addrs->count++] = (usm_addr_t){.name = name && *name ? name : NULL, .addr = addr};
    }
    return addrs->count ? addrs : NULL;
}

void ox_read_ADDRS(const ox_read_t *r, const ox_field_t *f, const ox_json_t *value)
{
    usm_item_set_ptr(r->item, f->field, ox_addrs(value, r->item->pool));
}

void ox_write_ADDRS(const ox_write_t *w, const ox_field_t *f, const usm_value_t *v)
{
    ox_json_t *list = ox_json_array(w->pool);
    for (int i = 0; v->state == USM_SET && i < v->u.addrs->count; i++) {
        ox_json_t *pair = ox_json_array(w->pool);
        ox_json_add_text(pair, v->u.addrs->items[i].name);
        ox_json_add_text(pair, v->u.addrs->items[i].addr);
        ox_json_add(list, pair);
    }
    ox_json_set(w->object, f->key, list);
}

/* ---- attendees ---- */

static int status_of_confirm(apr_int64_t confirm)
{
    static const int rows[] = {USM_ATT_NONE, USM_ATT_ACCEPTED, USM_ATT_DECLINED, USM_ATT_TENTATIVE};
    return confirm >= 0 && confirm < 4 ? rows[confirm] : USM_ATT_NONE;
}

static int same_address(const char *a, const char *b)
{
    return a && b && strcasecmp(a, b) == 0;
}

static const char *address_of(const ox_json_t *person, apr_pool_t *pool)
{
    const char *mail = ox_json_get_text(person, "mail", pool);
    return mail && *mail ? mail : NULL;
}

/* Entry of confirmations[] for an address, NULL when there is none. */
static const ox_json_t *confirmation_of(const ox_json_t *confirmations, const char *mail)
{
    for (int i = 0; mail && i < ox_json_count(confirmations); i++) {
        const ox_json_t *one = ox_json_at(confirmations, i);
        if (same_address(ox_json_str(ox_json_get(one, "mail"), NULL), mail))
            return one;
    }
    return NULL;
}

static const ox_json_t *participant_of(const ox_json_t *participants, apr_int64_t id)
{
    for (int i = 0; i < ox_json_count(participants); i++) {
        const ox_json_t *one = ox_json_at(participants, i);
        if (ox_json_int(ox_json_get(one, "type"), 0) == P_USER && ox_json_int(ox_json_get(one, "id"), -1) == id)
            return one;
    }
    return NULL;
}

/* Internal users: the resolved list has the members of groups too. */
static void add_users(apr_array_header_t *out, const ox_read_t *r, const ox_json_t *participants, apr_int64_t organizer)
{
    apr_pool_t *pool = r->item->pool;
    const ox_json_t *users = ox_plan_cell(r->plan, r->row, 221);
    for (int i = 0; i < ox_json_count(users) && out->nelts < PEOPLE_MAX; i++) {
        const ox_json_t *user = ox_json_at(users, i);
        apr_int64_t id = ox_json_int(ox_json_get(user, "id"), -1);
        const ox_json_t *p = participant_of(participants, id);
        if (id < 0 || id == organizer)
            continue;
        usm_attendee_t a = {.type = USM_ATT_REQUIRED,
                            .status = status_of_confirm(ox_json_int(ox_json_get(user, "confirm"), 0)),
                            .backend_ref = apr_psprintf(pool, "%" APR_INT64_T_FMT, id)};
        a.name = ox_json_get_text(user, "display_name", pool);
        a.email = address_of(user, pool);
        if (!a.email)
            a.email = address_of(p, pool);
        if (!a.name)
            a.name = ox_json_get_text(p, "display_name", pool);
        APR_ARRAY_PUSH(out, usm_attendee_t) = a;
    }
}

static void add_others(apr_array_header_t *out, const ox_read_t *r, const ox_json_t *participants,
                       const char *organizer)
{
    apr_pool_t *pool = r->item->pool;
    const ox_json_t *confirmations = ox_plan_cell(r->plan, r->row, 226);
    for (int i = 0; i < ox_json_count(participants) && out->nelts < PEOPLE_MAX; i++) {
        const ox_json_t *p = ox_json_at(participants, i);
        apr_int64_t type = ox_json_int(ox_json_get(p, "type"), 0);
        const char *mail = address_of(p, pool);
        if ((type != P_EXTERNAL && type != P_RESOURCE) || !mail || same_address(mail, organizer))
            continue;
        const ox_json_t *said = confirmation_of(confirmations, mail);
        usm_attendee_t a = {.type = type == P_RESOURCE ? USM_ATT_RESOURCE : USM_ATT_REQUIRED,
                            .status = status_of_confirm(ox_json_int(ox_json_get(said, "status"), 0)),
                            .email = mail};
        a.name = ox_json_get_text(p, "display_name", pool);
        APR_ARRAY_PUSH(out, usm_attendee_t) = a;
    }
}

/* Devices have the organizer in a field of its own: in the list there are the others only. */
void ox_read_ATTENDEES(const ox_read_t *r, const ox_field_t *f, const ox_json_t *value)
{
    apr_pool_t *pool = r->item->pool;
    apr_array_header_t *out = apr_array_make(pool, 4, sizeof(usm_attendee_t));
    apr_int64_t organizer = ox_json_int(ox_plan_cell(r->plan, r->row, 227), 0);
    const char *mail = ox_json_text(ox_plan_cell(r->plan, r->row, 224), pool);
    /* No organizer known: the one whose folder it is. An external one has no id, then the own user is an attendee. */
    if (organizer <= 0 && (!mail || !*mail))
        organizer = r->own_id;
    add_users(out, r, value, organizer);
    add_others(out, r, value, mail);
    if (out->nelts == 0) {
        usm_item_set_empty(r->item, f->field);
        return;
    }
    usm_attendees_t *list = apr_palloc(pool, sizeof *list);
    list->count = out->nelts;
    list->items = (usm_attendee_t *)out->elts;
    usm_item_set_ptr(r->item, f->field, list);
}

void ox_attendees_unknown(apr_array_header_t *ids, const usm_item_t *item)
{
    if (item->cls != USM_EVENT || !usm_item_isset(item, USM_EVENT_ATTENDEES))
        return;
    const usm_attendees_t *list = item->v[USM_EVENT_ATTENDEES].u.attendees;
    for (int i = 0; i < list->count; i++) {
        int id = list->items[i].backend_ref ? atoi(list->items[i].backend_ref) : 0, k = 0;
        if (list->items[i].email || id <= 0)
            continue;
        while (k < ids->nelts && APR_ARRAY_IDX(ids, k, int) != id)
            k++;
        if (k == ids->nelts && k < PEOPLE_MAX)
            APR_ARRAY_PUSH(ids, int) = id;
    }
}

static const ox_json_t *user_row(const ox_json_t *users, const char *ref)
{
    apr_int64_t id = ref ? apr_atoi64(ref) : -1;
    for (int i = 0; i < ox_json_count(users); i++) {
        if (ox_json_int(ox_json_at(ox_json_at(users, i), 0), -2) == id)
            return ox_json_at(users, i);
    }
    return NULL;
}

void ox_attendees_resolve(usm_item_t *item, const ox_json_t *users)
{
    if (item->cls != USM_EVENT || !usm_item_isset(item, USM_EVENT_ATTENDEES))
        return;
    const usm_attendees_t *old = item->v[USM_EVENT_ATTENDEES].u.attendees;
    usm_attendees_t *list = apr_palloc(item->pool, sizeof *list);
    list->items = apr_palloc(item->pool, sizeof(usm_attendee_t) * (apr_size_t)old->count);
    list->count = 0;
    for (int i = 0; i < old->count; i++) {
        usm_attendee_t a = old->items[i];
        const ox_json_t *user = a.email ? NULL : user_row(users, a.backend_ref);
        if (user) {
            a.email = ox_json_text(ox_json_at(user, 2), item->pool);
            if (!a.name)
                a.name = ox_json_text(ox_json_at(user, 1), item->pool);
        }
        /* an organizer that a device has named is known by the address alone */
        if (a.email && *a.email && !same_address(a.email, usm_item_text(item, USM_EVENT_ORGANIZER_EMAIL)))
            list->items[list->count++] = a;
    }
    usm_item_set_ptr(item, USM_EVENT_ATTENDEES, list->count ? list : NULL);
}

/* ---- writing attendees ---- */

static void add_participant(const ox_write_t *w, ox_json_t *list, int type, apr_int64_t id, const usm_attendee_t *a)
{
    ox_json_t *p = ox_json_object(w->pool);
    ox_json_set_int(p, "type", type);
    if (type == P_EXTERNAL) {
        ox_json_set_text(p, "mail", a->email);
        if (a->name)
            ox_json_set_text(p, "display_name", a->name);
    } else {
        ox_json_set_int(p, "id", id);
    }
    ox_json_add(list, p);
}

static int has_user(const ox_json_t *list, apr_int64_t id)
{
    return participant_of(list, id) != NULL;
}

/* Internal id behind an attendee: what the item says, or a user of the object as it is with that address; 0 = none. */
static apr_int64_t internal_id(const ox_write_t *w, const usm_attendee_t *a)
{
    static const char *const keys[] = {"users", "participants"};
    if (a->backend_ref && apr_atoi64(a->backend_ref) > 0)
        return apr_atoi64(a->backend_ref);
    for (int k = 0; k < 2; k++) {
        const ox_json_t *people = ox_json_get(w->current, keys[k]);
        for (int i = 0; i < ox_json_count(people); i++) {
            const ox_json_t *one = ox_json_at(people, i);
            if ((k == 0 || ox_json_int(ox_json_get(one, "type"), 0) == P_USER) &&
                same_address(ox_json_str(ox_json_get(one, "mail"), NULL), a->email))
                return ox_json_int(ox_json_get(one, "id"), 0);
        }
    }
    return 0;
}

/* A room or a device that OX knows as a resource of the object: it stays, see below. */
static int is_resource(const ox_json_t *participants, const char *mail)
{
    for (int i = 0; i < ox_json_count(participants); i++) {
        const ox_json_t *one = ox_json_at(participants, i);
        apr_int64_t type = ox_json_int(ox_json_get(one, "type"), 0);
        if ((type == P_RESOURCE || type == P_RESOURCE_GROUP) &&
            same_address(ox_json_str(ox_json_get(one, "mail"), NULL), mail))
            return 1;
    }
    return 0;
}

/* The list replaces OX's own. Devices do not know groups and resources, nor do they list the organizer: those stay. */
void ox_write_ATTENDEES(const ox_write_t *w, const ox_field_t *f, const usm_value_t *v)
{
    ox_json_t *list = ox_json_array(w->pool);
    const ox_json_t *old = ox_json_get(w->current, f->key);
    apr_int64_t organizer = ox_json_int(ox_json_get(w->current, "organizerId"), 0);
    add_participant(w, list, P_USER, w->own_id, NULL);
    if (organizer > 0 && organizer != w->own_id)
        add_participant(w, list, P_USER, organizer, NULL);
    for (int i = 0; i < ox_json_count(old); i++) {
        apr_int64_t type = ox_json_int(ox_json_get(ox_json_at(old, i), "type"), 0);
        if (type == P_GROUP || type == P_RESOURCE || type == P_RESOURCE_GROUP)
            ox_json_add(list, ox_json_at(old, i));
    }
    for (int i = 0; v->state == USM_SET && i < v->u.attendees->count; i++) {
        const usm_attendee_t *a = &v->u.attendees->items[i];
        apr_int64_t id = internal_id(w, a);
        if (id > 0 && !has_user(list, id))
            add_participant(w, list, P_USER, id, a);
        else if (id <= 0 && a->email && *a->email && !is_resource(old, a->email))
            add_participant(w, list, P_EXTERNAL, 0, a);
    }
    ox_json_set(w->object, f->key, list);
}

/* ---- mail: ox_mail.c reads these from flag bits and parts, for which a single value is not enough ---- */

#define FROM_MAIL(name)                                                                                                \
    void ox_read_##name(const ox_read_t *r, const ox_field_t *f, const ox_json_t *value)                              \
    {                                                                                                                  \
    }                                                                                                                  \
    void ox_write_##name(const ox_write_t *w, const ox_field_t *f, const usm_value_t *v)                              \
    {                                                                                                                  \
    }
FROM_MAIL(FLAG)
FROM_MAIL(VERB)

/* An event tells how many it has; which is another call (ox_attach.c). */
void ox_read_ATTACHMENTS(const ox_read_t *r, const ox_field_t *f, const ox_json_t *value)
{
    if (r->item->cls == USM_EVENT && ox_json_int(value, 0) <= 0)
        usm_item_set_empty(r->item, f->field);
}

void ox_write_ATTACHMENTS(const ox_write_t *w, const ox_field_t *f, const usm_value_t *v)
{
}
