/* SPDX-License-Identifier: Apache-2.0 */
#ifndef OXD_FOLDERS_H
#define OXD_FOLDERS_H

/* Between the files of module folders. */

#include "data.h"

/* The folder if it exists and the user may see it; NULL: error set. */
struct oxd_folder *oxd_folder_need(struct oxd_req *req, const char *id);

/* folderedit.c */
int oxd_folder_new_call(struct oxd_req *req);
int oxd_folder_update_call(struct oxd_req *req);
int oxd_folder_delete_call(struct oxd_req *req);
int oxd_folder_clear_call(struct oxd_req *req);

#endif
