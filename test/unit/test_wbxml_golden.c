/* SPDX-License-Identifier: Apache-2.0 */
/* Tests: wbxml_print.c wbxml_reader.c */
/* The documents of test/golden: what the reader makes of the bytes is the text, what the writer makes of it the bytes.
 */
#include "wbxml_golden.h"

#include "wbxml/wbxml_node.h"
#include "wbxml/wbxml_print.h"
#include "wbxml/wbxml_writer.h"

typedef struct words_t {
    char *text;
    size_t len, size;
} words_t;

static void add(words_t *words, const char *text, size_t len)
{
    assert_true(words->len + len < words->size);
    memcpy(words->text + words->len, text, len);
    words->len += len;
    words->text[words->len] = '\0';
}

static void add_words(words_t *words, const char *text)
{
    add(words, text, strlen(text));
}

/* The form that test/golden/README describes. */
static void show(words_t *words, const eas_node_t *node, unsigned page, int depth, apr_pool_t *pool)
{
    const eas_token_t *row = eas_token_find(node->tag);
    const char *name = row->page == page ? row->name : apr_pstrcat(pool, row->page_name, ":", row->name, NULL);
    const char *indent = apr_psprintf(pool, "%*s", depth * 2, "");
    const eas_node_t *child;
    size_t i;

    add_words(words, apr_pstrcat(pool, indent, "<", name, NULL));
    if (node->is_empty) {
        add_words(words, "/>\n");
        return;
    }
    add_words(words, ">");
    if (node->is_opaque) {
        add_words(words, "[opaque ");
        for (i = 0; i < node->len; i++) {
            add_words(words, apr_psprintf(pool, "%02x", (unsigned char)node->data[i]));
        }
        add_words(words, "]");
    } else if (node->child == NULL) {
        add(words, node->data, node->len);
    } else {
        add_words(words, "\n");
        EAS_NODE_EACH(child, node)
        {
            show(words, child, row->page, depth + 1, pool);
        }
        add_words(words, indent);
    }
    add_words(words, apr_pstrcat(pool, "</", name, ">\n", NULL));
}

static void write_back(eas_writer_t *w, const eas_node_t *node)
{
    const eas_node_t *child;

    eas_writer_start(w, node->tag);
    if (node->is_opaque) {
        eas_writer_opaque(w, node->data, node->len);
    } else if (node->len > 0) {
        eas_writer_text(w, node->data, node->len);
    }
    EAS_NODE_EACH(child, node)
    {
        write_back(w, child);
    }
    eas_writer_end(w);
}

static void test_pair(const char *path, apr_pool_t *pool)
{
    char *txt = apr_pstrcat(pool, apr_pstrmemdup(pool, path, strlen(path) - strlen("wbxml")), "txt", NULL);
    apr_bucket_brigade *bb = test_brigade(pool);
    eas_wbxml_error_t error;
    eas_node_t *root;
    eas_writer_t *w = eas_writer_create(bb, 1 << 20, pool);
    size_t len, want_len, back_len;
    char *data = golden_bytes(path, &len, pool), *want = golden_read(txt, &want_len, pool), *back;
    words_t words = {.size = 1 << 20};
    const char *print;

    if (eas_node_parse(&root, &error, data, len, NULL, pool) != EAS_WBXML_OK) {
        fail_msg("%s: %s", path, eas_wbxml_error_text(&error, pool));
    }
    words.text = apr_pcalloc(pool, words.size);
    show(&words, root, 0xFFFF, 0, pool);
    if (words.len != want_len || memcmp(words.text, want, want_len) != 0) {
        fail_msg("%s reads as\n%s", path, words.text);
    }
    write_back(w, root);
    assert_int_equal(eas_writer_finish(w), EAS_WBXML_OK);
    back = test_flatten(bb, &back_len, pool);
    if (back_len != len || memcmp(back, data, len) != 0) {
        fail_msg("%s is written as\n%s", path, test_hex(back, back_len, pool));
    }
    if (eas_wbxml_print(&print, &error, data, len, NULL, pool) != EAS_WBXML_OK || strstr(print, "<!-- cut") != NULL) {
        fail_msg("%s is printed as\n%s", path, print);
    }
}

static void test_golden(void **state)
{
    glob_t found;
    size_t i;

    golden_find(&found, *state);
    for (i = 0; i < found.gl_pathc; i++) {
        apr_pool_t *iterpool;

        apr_pool_create(&iterpool, *state);
        test_pair(found.gl_pathv[i], iterpool);
        apr_pool_destroy(iterpool);
    }
    globfree(&found);
}

int main(void)
{
    const struct CMUnitTest tests[] = {POOL_TEST(test_golden)};

    return RUN_TESTS(tests);
}
