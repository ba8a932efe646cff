/* SPDX-License-Identifier: Apache-2.0 */
/** @file usm/spool.h  Large messages on their way. Bytes that come in pieces are kept in memory while they are few, and
 * else in a file without a name, whose pages look like memory but need not stay in it: whoever has walked over them
 * says so with usm_spool_passed(). So a message of 50 MB costs a process no more than one of 1 MB.
 *
 * Files are made in the folder for temporary files (TMPDIR, /tmp) and go with the pool. A spool belongs to one thread
 * at a time; usm_spool_find() and usm_spool_passed() may be called by any. */
#ifndef USM_SPOOL_H
#define USM_SPOOL_H

#include <apr_file_io.h>
#include <usm/error.h>

/** Bytes that are kept in memory. */
#define USM_SPOOL_SMALL ((apr_size_t)512 * 1024)
/** Bytes that are free in front of those of a file, for headers that grow. */
#define USM_SPOOL_ROOM ((apr_size_t)512 * 1024)

typedef struct usm_spool_t usm_spool_t;

/** Make an empty one in @a pool. Never NULL. */
usm_spool_t *usm_spool_create(apr_pool_t *pool);

/** Put bytes behind those that are there. Errors: NOMEM (there is no room for files). */
usm_error_t *usm_spool_add(usm_spool_t *spool, const char *data, apr_size_t len);

/** The file, positioned behind USM_SPOOL_ROOM, for those who want to write by themselves; they must tell how far they
 * came with usm_spool_end(). Nothing may have been added before. Errors: NOMEM. */
usm_error_t *usm_spool_file(int *fd_p, usm_spool_t *spool);
/** @a len bytes were written behind USM_SPOOL_ROOM. */
void usm_spool_end(usm_spool_t *spool, apr_size_t len);

/** Bytes so far. */
apr_size_t usm_spool_len(const usm_spool_t *spool);

/** All of them in one piece, with a NUL behind; they live as long as the spool's pool. Nothing can be added any more.
 * Errors: NOMEM. */
usm_error_t *usm_spool_data(const char **data_p, usm_spool_t *spool);

/** Do these bytes lie in a file? 1 with the file and the place in it. */
int usm_spool_find(int *fd_p, apr_off_t *at_p, const char *data);

/** How many bytes in front of @a data, which lies in a file, may be written to. */
apr_size_t usm_spool_room(const char *data);

/** These bytes will not be looked at for a while: their pages may go. Nothing happens when they lie in no file. */
void usm_spool_passed(const char *data, apr_size_t len);

#endif
