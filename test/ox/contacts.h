/* SPDX-License-Identifier: Apache-2.0 */
#ifndef OXD_CONTACTS_H
#define OXD_CONTACTS_H

/* Between the files of module contacts. */

#include "pim.h"

/* Sets (data NULL: removes) the picture. */
void oxd_contact_image(struct oxd_obj *o, const char *type, const char *data, size_t len, int64_t stamp);
/* The entry of a user in the global address book. */
struct oxd_obj *oxd_contact_of_user(const struct oxd_user *user);

/* contactsearch.c */
int oxd_contact_search(struct oxd_req *req);
int oxd_contact_advanced(struct oxd_req *req);
int oxd_contact_autocomplete(struct oxd_req *req);
int oxd_contact_birthdays(struct oxd_req *req);

#endif
