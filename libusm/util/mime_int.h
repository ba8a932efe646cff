/* SPDX-License-Identifier: Apache-2.0 */
/** @file mime_int.h  GMime among the files mime*.c; nobody else includes it. */
#ifndef USM_UTIL_MIME_INT_H
#define USM_UTIL_MIME_INT_H

#include "util/mime.h"

#include <gmime/gmime.h>
#include <usm/spool.h>

/** A stream over bytes, which must outlive it; those of a spool are read from its file. */
GMimeStream *usm__gmime_stream(const char *data, apr_size_t len);
/** Parse without copying: @a data must outlive the message. The caller unrefs it. */
GMimeMessage *usm__gmime_parse(const char *data, apr_size_t len);
/** The message's bytes in @a pool, lines ended by CR LF; in a file when @a about, roughly how many they are, is much.
 * Errors: NOMEM. */
usm_error_t *usm__gmime_write(const char **data_p, apr_size_t *len_p, GMimeMessage *msg, apr_size_t about,
                              apr_pool_t *pool);
/** Bytes under a signature or an encryption are not ours to touch. */
int usm__gmime_is_sealed(GMimeObject *object);

#endif
