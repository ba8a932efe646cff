/* SPDX-License-Identifier: Apache-2.0 */
/* A groupware server in memory, for tests of the engine: items in flat folders, a change feed, and faults on
 * command. One process, one thread. */
#ifndef FAKE_BACKEND_H
#define FAKE_BACKEND_H

#include <usm/backend.h>
#include <usm/fields.h>

#define FAKE_ITEMS 4000
#define FAKE_FOLDERS 1100
/* The bytes of the attachment that every mail has as its part "2". */
#define FAKE_PART "bytes of an attachment"

typedef struct fake_item_t {
    char id[300], uid[64], folder[16];
    char text[4][40]; /* FIRST_NAME, LAST_NAME, COMPANY, JOB_TITLE */
    apr_uint64_t rev;
    int alive;
    usm_time_t edge;
    usm_item_t *full; /* all fields of any class; NULL: a contact of the four texts */
    int broken;       /* USM_E… that reading it gives; negative: that the whole call fails with */
} fake_item_t;

typedef struct fake_t {
    usm_backend_t base;
    fake_item_t items[FAKE_ITEMS];
    int count;
    apr_uint64_t clock; /* last revision given out */
    struct {
        char id[32], name[40], parent[32], token[16];
        usm_role_e role;
        usm_class_e cls;
        int alive;
    } folders[FAKE_FOLDERS];
    int folder_count;
    int down;          /* every call fails with UNAVAILABLE */
    int no_get;        /* reading items does */
    int full;          /* items that devices add keep all fields */
    int refuse;        /* changes of items are refused for good */
    void (*on_call)(void); /* looks at each call */
    char sent[4000];   /* the last message */
    int die_after;     /* n > 0: the n-th write from now is done, and then reported as failed;
                        * -n: the n-th send is not done */
    int confirms, confirmed; /* answers to invitations, and the last one */
    usm_time_t confirmed_day;
    const char *take_into; /* folder that invitations in mails are put into, NULL: none can be */
    int taken;             /* the answer that came with the last of them */
    char said[100];
    int adds, updates, removes, moves, gets, sends, logins;
    int edits, searches;       /* calls about many mails, and searches */
    const char *unsearchable;  /* the folder that cannot be searched */
    int slow_write_ms; /* a write takes that long */
    char bad_password[40];
    int renew;            /* the next call finds its session gone and logs in again */
    apr_uint64_t overlap; /* revisions before the cursor that are told again */
    apr_uint64_t cursor_void; /* cursors older than this are void */
    usm_person_t people[8]; /* a text finds whoever's name or address begins with it */
    int person_count;
    const char *picture;    /* of everybody who has one */
    usm_busy_t busy[8];     /* of user 1; user 2 tells nobody, user 3 is never there */
    int busy_count;
    usm_away_t away;
    apr_status_t refusal;   /* not 0: what has to do with people and notices fails with it */
} fake_t;

extern fake_t fake;
const usm_backend_vtable_t *fake_backend(void);
void fake_reset(void);
/* Edits behind everybody's back. */
fake_item_t *fake_add(const char *folder, const char *first, const char *last);
fake_item_t *fake_add_full(const char *folder, const usm_item_t *item);
void fake_move(fake_item_t *item, const char *folder);
void fake_touch(fake_item_t *item);
void fake_remove(fake_item_t *item);
fake_item_t *fake_find(const char *id);
int fake_alive(const char *folder);
int fake_folder(const char *id, const char *name, const char *parent, usm_role_e role, usm_class_e cls,
                const char *token);

#endif
