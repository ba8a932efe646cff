/* SPDX-License-Identifier: Apache-2.0 */
/* Search (MS-ASCMD 2.2.1.16): a table of stores, each of which knows its own query. */
#include <string.h>

#include "eas_search.h"

/* There are no documents here: a link leads nowhere. */
static usm_error_t *no_documents(eas_ctx_t *ctx, const eas_node_t *store, eas_writer_t *out)
{
    const unsigned path[] = {EAS_Search_Query, EAS_Search_EqualTo, EAS_DocumentLibrary_LinkId, 0};
    eas_put_status(ctx, out, EAS_Search_Status, eas_node_path(store, path) ? SEARCH_NOT_FOUND : SEARCH_INVALID);
    return NULL;
}

static const struct {
    const char *name;
    unsigned since; /* version times ten */
    eas_store_fn run;
} stores[] = {
    {"GAL", 25, eas_search_gal},
    {"Mailbox", 120, eas_search_mailbox},
    {"DocumentLibrary", 120, no_documents},
    {"Document Library", 120, no_documents},
};

usm_error_t *eas_cmd_search(eas_ctx_t *ctx, const eas_node_t *doc, eas_writer_t *out)
{
    const eas_node_t *store = eas_node_child(doc, EAS_Search_Store);
    const char *name = eas_node_child_text(store, EAS_Search_Name);
    eas_store_fn run = NULL;
    if (!store || !name || eas_node_next(store, EAS_Search_Store))
        return eas_answer_status(ctx, EAS_STATUS_InvalidXML);
    for (apr_size_t i = 0; i < sizeof stores / sizeof stores[0]; i++) {
        if (strcasecmp(stores[i].name, name) == 0 && ctx->version >= stores[i].since)
            run = stores[i].run;
    }
    eas_writer_start(out, EAS_Search_Search);
    eas_put_status(ctx, out, EAS_Search_Status, SEARCH_OK);
    eas_writer_start(out, EAS_Search_Response);
    eas_writer_start(out, EAS_Search_Store);
    if (run)
        USM_ERR(run(ctx, store, out));
    else
        eas_put_status(ctx, out, EAS_Search_Status, SEARCH_INVALID);
    eas_writer_end(out);
    eas_writer_end(out);
    eas_writer_end(out);
    return NULL;
}
