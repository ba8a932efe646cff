/* SPDX-License-Identifier: Apache-2.0 */
#ifndef OXD_UPLOAD_H
#define OXD_UPLOAD_H

#include "oxd.h"

/*
 * Parses a multipart/form-data body. content_type is the header's value with the boundary. Result: struct oxd_part *,
 * in order, owned by the request that takes it; empty when the body is not what the header says.
 */
GPtrArray *oxd_upload_parse(const char *content_type, const char *body, size_t len);

#endif
