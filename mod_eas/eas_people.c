/* SPDX-License-Identifier: Apache-2.0 */
/* The directory: Search with the name GAL (MS-ASCMD 2.2.1.16), Find with GalSearchCriterion (2.2.1.2), and the pictures
 * that ResolveRecipients gives too. */
#include "eas_people.h"

#include <apr_strings.h>
#include <string.h>

#include "eas_search.h"

#define LAST_DEFAULT 99
#define PAGE_MAX 100
#define PICTURES_TIME apr_time_from_sec(20)

/* ---- pictures ---- */

int eas_pictures_read(eas_pictures_t *pictures, const eas_node_t *options, const eas_picture_tags_t *tags)
{
    const eas_node_t *node = eas_node_child(options, tags->option);
    const eas_node_t *size = eas_node_child(node, tags->max_size), *count = eas_node_child(node, tags->max_pictures);
    apr_int64_t n = EAS_PICTURES_MAX;
    *pictures = (eas_pictures_t){.tags = tags, .wanted = node != NULL, .max_size = EAS_PICTURE_MAX};
    if (size && !eas_node_int(size, 0, APR_INT32_MAX, &pictures->max_size))
        return 0;
    if (count && !eas_node_int(count, 0, APR_INT32_MAX, &n))
        return 0;
    if (pictures->max_size > EAS_PICTURE_MAX)
        pictures->max_size = EAS_PICTURE_MAX;
    pictures->left = n > EAS_PICTURES_MAX ? EAS_PICTURES_MAX : n;
    pictures->until = apr_time_now() + PICTURES_TIME;
    return 1;
}

/* One person's picture that cannot be read is no reason to tell nothing of all the others. */
static usm_error_t *fetch_picture(int *status_p, const usm_blob_t **picture_p, eas_pictures_t *pictures, eas_ctx_t *ctx,
                                  const usm_person_t *person)
{
    usm_error_t *err;
    *status_p = EAS_STATUS_NoPicture;
    if (!person->picture)
        return NULL;
    *status_p = EAS_STATUS_PictureLimitReached;
    if (pictures->left <= 0 || apr_time_now() > pictures->until)
        return NULL;
    err = usm_people_picture(picture_p, ctx->session, person, (apr_size_t)pictures->max_size, ctx->pool);
    if (err && (usm_error_class(err) == USM_CLASS_UNAVAILABLE || usm_error_class(err) == USM_CLASS_AUTH))
        return err;
    *status_p = !err ? 1 : usm_error_is(err, USM_ELIMIT) ? EAS_STATUS_PictureTooLarge : EAS_STATUS_NoPicture;
    pictures->left -= !err;
    usm_error_clear(err);
    return NULL;
}

usm_error_t *eas_picture_put(eas_pictures_t *pictures, eas_ctx_t *ctx, eas_writer_t *out, const usm_person_t *person)
{
    const usm_blob_t *picture = NULL;
    int status;
    if (!pictures->wanted)
        return NULL;
    USM_ERR(fetch_picture(&status, &picture, pictures, ctx, person));
    eas_writer_start(out, pictures->tags->picture);
    eas_writer_tag_int(out, pictures->tags->status, status);
    if (picture)
        eas_writer_tag_opaque(out, pictures->tags->data, picture->data, picture->len);
    eas_writer_end(out);
    return NULL;
}

/* ---- results ---- */

/* The words of Search and Find for the same thing. */
typedef struct words_t {
    unsigned result, properties, range, total;
    eas_picture_tags_t picture;
} words_t;
static const words_t search_words = {EAS_Search_Result, EAS_Search_Properties, EAS_Search_Range, EAS_Search_Total,
                                     {EAS_Search_Picture, EAS_Search_MaxSize, EAS_Search_MaxPictures, EAS_Gal_Picture,
                                      EAS_Gal_Status, EAS_Gal_Data}};
static const words_t find_words = {EAS_Find_Result, EAS_Find_Properties, EAS_Find_Range, EAS_Find_Total,
                                   {EAS_Find_Picture, EAS_Find_MaxSize, EAS_Find_MaxPictures, EAS_Gal_Picture,
                                    EAS_Gal_Status, EAS_Gal_Data}};

static void put(eas_writer_t *out, unsigned tag, const char *text)
{
    if (text && *text)
        eas_writer_tag_text(out, tag, text);
}

static usm_error_t *put_people(eas_ctx_t *ctx, eas_writer_t *out, const words_t *words, eas_pictures_t *pictures,
                               const apr_array_header_t *people, int first, int last)
{
    int count = eas_search_page(people, first, last, PAGE_MAX);
    for (int i = first; i < first + count; i++) {
        const usm_person_t *person = &APR_ARRAY_IDX(people, i, usm_person_t);
        eas_writer_start(out, words->result);
        eas_writer_start(out, words->properties);
#define USM_PERSON(member, column, tag) put(out, EAS_Gal_##tag, person->member);
#include <usm/tbl/person.h>
#undef USM_PERSON
        USM_ERR(eas_picture_put(pictures, ctx, out, person));
        eas_writer_end(out);
        eas_writer_end(out);
    }
    /* Android needs both, also when nobody was found. */
    eas_writer_tag_text(out, words->range,
                        apr_psprintf(ctx->pool, "%d-%d", count ? first : 0, count ? first + count - 1 : 0));
    eas_writer_tag_int(out, words->total, people->nelts);
    return NULL;
}

/* Something that can be looked for: text, and not only blanks. */
static int is_query(const char *text)
{
    return text && text[strspn(text, " \t\r\n")] && strlen(text) <= EAS_SEARCH_TEXT_MAX;
}

/* ---- Search ---- */

usm_error_t *eas_search_gal(eas_ctx_t *ctx, const eas_node_t *store, eas_writer_t *out)
{
    const eas_node_t *options = eas_node_child(store, EAS_Search_Options);
    usm_people_query_t query = {.text = eas_node_child_text(store, EAS_Search_Query)};
    eas_pictures_t pictures;
    int first, last, status = 0;
    if (!is_query(query.text) ||
        !eas_range_read(&first, &last, eas_node_child(options, EAS_Search_Range), LAST_DEFAULT) ||
        !eas_pictures_read(&pictures, options, &search_words.picture))
        status = SEARCH_INVALID;
    else if (last >= USM_PEOPLE_MAX)
        status = SEARCH_BEYOND;
    if (!status) {
        USM_ERR(usm_people_search(&query, 1, ctx->session, ctx->pool));
        if (query.error) {
            usm_log(ctx->log, USM_LOG_INFO, EASLOGNO(60), "Search: %s", usm_error_text(query.error, ctx->pool));
            status = usm_error_class(query.error) == USM_CLASS_PERM ? SEARCH_DENIED : SEARCH_INVALID;
            usm_error_clear(query.error);
        }
    }
    eas_put_status(ctx, out, EAS_Search_Status, status ? status : SEARCH_OK);
    return status ? NULL : put_people(ctx, out, &search_words, &pictures, query.people, first, last);
}

/* ---- Find ---- */

usm_error_t *eas_find_gal(eas_ctx_t *ctx, const eas_node_t *criterion, eas_writer_t *out)
{
    const eas_node_t *node = eas_node_child(criterion, EAS_Find_Query);
    const eas_node_t *options = eas_node_child(criterion, EAS_Find_Options);
    const char *id = eas_node_child_text(ctx->doc, EAS_Find_SearchId);
    usm_people_query_t query = {.text = eas_node_text(node)};
    eas_pictures_t pictures;
    int first, last, known = 0;
    if (!is_query(query.text) ||
        !eas_range_read(&first, &last, eas_node_child(options, EAS_Find_Range), LAST_DEFAULT) ||
        last >= USM_PEOPLE_MAX || !eas_pictures_read(&pictures, options, &find_words.picture))
        return eas_answer_status(ctx, FIND_INVALID);
    const char *name = eas_query_name(node, id, ctx->pool);
    if (first > 0)
        USM_ERR(eas_find_is_kept(&known, ctx, name));
    if (first > 0 && !known)
        return eas_answer_status(ctx, FIND_BAD_RANGE);
    USM_ERR(usm_people_search(&query, 1, ctx->session, ctx->pool));
    if (query.error) {
        usm_log(ctx->log, USM_LOG_INFO, EASLOGNO(61), "Find: %s", usm_error_text(query.error, ctx->pool));
        usm_error_clear(query.error);
        return eas_answer_status(ctx, FIND_INVALID);
    }
    if (!known)
        USM_ERR(eas_find_keep(ctx, name));
    eas_writer_tag_text(out, EAS_ItemOperations_Store, "GAL");
    eas_put_status(ctx, out, EAS_Find_Status, FIND_OK);
    return put_people(ctx, out, &find_words, &pictures, query.people, first, last);
}
