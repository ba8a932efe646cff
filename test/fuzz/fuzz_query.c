/* SPDX-License-Identifier: Apache-2.0 */
/* The query string in both forms. Whatever comes in, what comes out is bounded, terminated and fit for a log. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <apr_general.h>

#include "eas_query.h"
#include "wbxml/wbxml_text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define CHECK(condition) ((condition) ? (void)0 : abort())

static void check_text(const char *text)
{
    CHECK(text == NULL || eas_xml_check(text, strlen(text), NULL) == strlen(text));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    eas_query_code_t code;
    const char *id;
    eas_query_t *q;
    apr_pool_t *pool;
    char *args;

    apr_initialize();
    apr_pool_create(&pool, NULL);
    args = malloc(size + 1);
    CHECK(args != NULL);
    if (size > 0) {
        memcpy(args, data, size);
    }
    args[size] = '\0';
    code = eas_query_parse(&q, args, pool);
    free(args);
    CHECK(eas_query_text(code) != NULL && eas_query_status(code) > 0);
    if (q->device_id != NULL) {
        CHECK(*q->device_id != '\0' && strlen(q->device_id) <= EAS_DEVICE_ID_MAX);
        for (id = q->device_id; *id != '\0'; id++) {
            CHECK(*id > 0x20 && *id < 0x7F);
        }
    }
    CHECK(q->device_type == NULL || (*q->device_type != '\0' && strlen(q->device_type) <= EAS_DEVICE_TYPE_MAX));
    CHECK(q->command == NULL || strcmp(q->command->name, q->cmd) == 0);
    CHECK(!q->has_policy_key || q->is_base64);
    check_text(q->cmd);
    check_text(q->device_type);
    check_text(q->user);
    check_text(q->attachment_name);
    check_text(q->collection_id);
    check_text(q->item_id);
    check_text(q->long_id);
    check_text(q->occurrence);
    apr_pool_destroy(pool);
    return 0;
}
