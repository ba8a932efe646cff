/* SPDX-License-Identifier: Apache-2.0 */
#ifndef OXD_DATA_H
#define OXD_DATA_H

/* Making and ending the things of the data model; for seeds, state files and the folders module. Exclusive lock. */

#include "oxd.h"

struct oxd_world *oxd_world_new(void);
void oxd_world_free(struct oxd_world *world);
/* A context with its system folders 0 … 16 and groups 0 and 1. */
struct oxd_ctx *oxd_ctx_new(struct oxd_world *world, int id, const char *name);
/* A user without folders, in groups 0 (all) and 1 (standard), with all capabilities but usm. */
struct oxd_user *oxd_user_new(struct oxd_ctx *ctx, int id, const char *login);
/* Default PIM folders (ids given, or 0 for new ones) and the mail account with its special folders. */
void oxd_user_folders(struct oxd_user *user, const int ids[4], int64_t stamp);
struct oxd_group *oxd_group_new(struct oxd_ctx *ctx, int id, const char *name);
struct oxd_group *oxd_group_find(const struct oxd_ctx *ctx, int id);
/* A groupware folder; num 0: a new number. Its owner has all rights. */
struct oxd_folder *oxd_folder_new(struct oxd_ctx *ctx, struct oxd_folder *parent, int num, const char *title,
                                  enum oxd_kind kind, int type, int owner, int64_t stamp);
void oxd_folder_perm(struct oxd_folder *f, int entity, bool group, uint32_t bits);
/* Takes the folder and everything below it away for good; tombstones with the stamp unless it is 0. */
void oxd_folder_remove(struct oxd_folder *f, int64_t stamp);
/* The user a mail folder belongs to. */
struct oxd_user *oxd_folder_owner(const struct oxd_folder *f);
/* Title or parent change of a mail folder: ids of it and all below are made anew. -1: the new id is taken. */
int oxd_mail_folder_rename(struct oxd_folder *f, struct oxd_folder *parent, const char *title);
struct oxd_folder *oxd_folder_child(const struct oxd_folder *parent, const char *title);
void oxd_tomb_folder(struct oxd_folder *f, int viewer, int64_t when);

extern const char *const oxd_kind_names[OXK_MAX];
enum oxd_kind oxd_kind_by_name(const char *name); /* name or number; OXK_NONE: unknown */

extern GRWLock oxd_lock; /* the data lock */

#endif
