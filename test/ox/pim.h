/* SPDX-License-Identifier: Apache-2.0 */
#ifndef OXD_PIM_H
#define OXD_PIM_H

/*
 * The store of groupware objects: contacts, appointments, tasks. One object is one JSON object with the API's member
 * names, all instants as UTC ms; what is derived (id, folder, stamps, times in a zone) is not in it. All functions run
 * under the data lock.
 */

#include "oxd.h"

/* Where an object is shown: every participant of an appointment has a row of his own. */
struct oxd_place {
    struct oxd_folder *folder;
    int user;               /* whose row this is; 0: the folder's */
    int alarm;              /* minutes, -1 none: appointments */
    int confirm;            /* 0 none, 1 accepted, 2 declined, 3 tentative */
    char *message;
};

struct oxd_obj {
    int id;
    enum oxd_kind kind;
    struct oxd_folder *folder;   /* the folder it was made in */
    int64_t created, modified;
    int created_by, modified_by;
    json_t *f;                   /* the members */
    GArray *places;              /* struct oxd_place: further folders; NULL for contacts and tasks */
    GString *image;              /* contacts: picture bytes */
    char *image_type;
    int64_t image_modified;
    int attachments;             /* how many there are now */
    int64_t attachment_modified;
};

/* An object that left a folder. viewer 0: for everybody. */
struct oxd_tomb {
    int id;
    int64_t when;
    int series;                  /* the series it belonged to, 0 */
};

/* How a column's value is made from an object. */
enum oxd_getter {
    OXG_STR = 1,    /* member of that name, a string */
    OXG_INT,        /* a number */
    OXG_BOOL,
    OXG_JSON,       /* any JSON */
    OXG_DATE,       /* a Date: as it is */
    OXG_TIME,       /* a Time: the zone's offset is added */
    OXG_TIME_FULL,  /* a Time, or a Date when full_time is set */
    OXG_STAMP,      /* an instant, never shifted */
    OXG_DIGITS,     /* a string of digits */
    OXG_NUMBER,     /* any number */
    OXG_RO = 100,   /* derived: by the functions of the module from here on */
    OXG_ID,
    OXG_CREATED_BY,
    OXG_MODIFIED_BY,
    OXG_CREATED,
    OXG_MODIFIED,
    OXG_MODIFIED_UTC,
    OXG_FOLDER,
    OXG_ATTACHMENTS,
    OXG_ATTACHMENT_MODIFIED,
    OXG_MODULE      /* and above: the module's own */
};

/* A text column may be that long; 0: the default of the class. */
struct oxd_limit {
    int id;
    int chars;
};

/* What the generic code must know of a class. One row per module: pim.c's functions take it. */
struct oxd_class {
    enum oxd_kind kind;
    const struct oxd_column *columns;
    const struct oxd_limit *limits;     /* ended by id 0 */
    int text_max;                       /* default limit in characters */
    const char *e_not_found, *e_read, *e_write, *e_delete, *e_create, *e_folder, *e_no_folder, *e_conflict, *e_long,
        *e_type, *e_private;
    const char *noun;                   /* "Contact" */
    bool deletions_by_default;          /* updates without `ignore` */
    const char *switch_ids;             /* control switch "string"/"int" for deleted ids */
    bool string_ids;                    /* form of deleted ids without the switch */
    /* Own columns (type >= OXG_MODULE) as the viewer sees them: a new reference or NULL. */
    json_t *(*own)(struct oxd_req *req, const struct oxd_obj *o, const struct oxd_folder *view, int type);
};

struct oxd_obj *oxd_obj_find(const struct oxd_ctx *ctx, enum oxd_kind kind, int64_t id);
/* A new object with a new id (id 0) or the id given; it is in its folder's list. Takes the reference of members. */
struct oxd_obj *oxd_obj_new(struct oxd_folder *folder, int id, int user, json_t *members, int64_t stamp);
/* Ends the object: out of all folders, tombstones with the stamp unless it is 0. */
void oxd_obj_delete(struct oxd_obj *o, int64_t stamp);
/* Into another folder: a tombstone in the old one. */
void oxd_obj_move(struct oxd_obj *o, struct oxd_folder *to, int64_t stamp);
void oxd_obj_free(void *o);
/* Shows the object in one more folder, or changes nothing but returns the row if it is there already. */
struct oxd_place *oxd_obj_place(struct oxd_obj *o, struct oxd_folder *folder, int user);
/* Takes it out of the folder, with a tombstone unless stamp is 0. */
void oxd_obj_unplace(struct oxd_obj *o, int user, int64_t stamp);
/* The row of a user or NULL. */
struct oxd_place *oxd_obj_place_of(const struct oxd_obj *o, int user);
bool oxd_obj_in(const struct oxd_obj *o, const struct oxd_folder *folder);
/* Modification: stamps the object and tells listeners. */
void oxd_obj_touch(struct oxd_obj *o, int user, int64_t stamp);
void oxd_folder_tomb(struct oxd_folder *f, const struct oxd_obj *o, int64_t when);

/* Members as typed values. */
int64_t oxd_obj_int(const struct oxd_obj *o, const char *name, int64_t dflt);
const char *oxd_obj_str(const struct oxd_obj *o, const char *name);
bool oxd_obj_bool(const struct oxd_obj *o, const char *name);

/* May the user read / change / delete the object through this folder? field: OXD_R_READ, WRITE, DELETE. */
bool oxd_obj_can(const struct oxd_obj *o, const struct oxd_folder *view, const struct oxd_user *user, int field);

/* ---- generic parts of the modules' actions (pim.c) ---- */

/* One row as JSON text: "[…]". */
void oxd_pim_row(struct oxd_req *req, const struct oxd_class *cls, GString *out, const struct oxd_obj *o,
                 const struct oxd_folder *view, const struct oxd_colsel *sel, size_t n);
/* The object as `get` shows it: a new reference. */
json_t *oxd_pim_object(struct oxd_req *req, const struct oxd_class *cls, const struct oxd_obj *o,
                       const struct oxd_folder *view);
/* The folder of a parameter value, checked for kind and visibility; NULL: error set. */
struct oxd_folder *oxd_pim_folder(struct oxd_req *req, const struct oxd_class *cls, const char *id);
/* Object by id seen through a folder (folder NULL: its own), readable; NULL: error set. */
struct oxd_obj *oxd_pim_find(struct oxd_req *req, const struct oxd_class *cls, struct oxd_folder *view, int64_t id);
/*
 * Checks a body's members against the columns and writes them to members: types, lengths, times into UTC, "" and null
 * delete. Unknown members are left out. full: is the object (after the change) full_time. Error set: -1.
 */
int oxd_pim_apply(struct oxd_req *req, const struct oxd_class *cls, const json_t *body, json_t *members);
/* timestamp parameter against the object: true means conflict, error set. */
bool oxd_pim_stale(struct oxd_req *req, const struct oxd_class *cls, const struct oxd_obj *o);
/* A deleted id in the form of the class and the switches. */
void oxd_pim_deleted_id(const struct oxd_class *cls, GString *out, int id);
/* Sorts by `sort` and `order`. */
void oxd_pim_sort(struct oxd_req *req, const struct oxd_class *cls, GPtrArray *objs);

/* Actions that need nothing of the module: all, list, get, updates. */
int oxd_pim_all(struct oxd_req *req, const struct oxd_class *cls);
int oxd_pim_list(struct oxd_req *req, const struct oxd_class *cls);
int oxd_pim_get(struct oxd_req *req, const struct oxd_class *cls);
int oxd_pim_updates(struct oxd_req *req, const struct oxd_class *cls);
/* Rows of objects already chosen; timestamp is the newest of them. view NULL: each in its own folder. */
int oxd_pim_rows(struct oxd_req *req, const struct oxd_class *cls, GPtrArray *objs, struct oxd_folder *view);
/*
 * delete: body of {id, folder}; `remove` deletes one or refuses by -1 with the error set. Answers ids that were too
 * new, in the way the switch "delete-conflict" says: "ids" (default) or "error".
 */
int oxd_pim_delete(struct oxd_req *req, const struct oxd_class *cls,
                   int (*remove)(struct oxd_req *req, struct oxd_obj *o, struct oxd_folder *view, const json_t *item));

/* Classes. */
extern const struct oxd_class oxd_contacts, oxd_tasks, oxd_calendar;

/* Dump and restore of a class's objects, used by the modules' hooks. */
json_t *oxd_pim_dump(const struct oxd_ctx *ctx, enum oxd_kind kind);
int oxd_pim_restore(struct oxd_ctx *ctx, enum oxd_kind kind, const json_t *state, char **err);
/*
 * Seeds: objects of a list, each with the API's members and "id", "folder" (default: the user's), "created",
 * "modified". made is called for every object made (NULL: not).
 */
int oxd_pim_seed(struct oxd_ctx *ctx, struct oxd_user *user, const struct oxd_class *cls, const json_t *list,
                 char **err, int (*made)(struct oxd_obj *o, const json_t *seed, char **err));
/* May the user make objects in the folder? Error set if not. */
bool oxd_pim_may_create(struct oxd_req *req, const struct oxd_class *cls, const struct oxd_folder *f);
/* A random uid as objects get it. */
json_t *oxd_uid(void);
/* Folder hooks shared by the PIM modules. */
void oxd_pim_counts(const struct oxd_folder *f, const struct oxd_user *viewer, int *total, int *fresh, int *unread,
                    int *deleted);
void oxd_pim_clear(struct oxd_folder *f, struct oxd_user *by);

#endif
