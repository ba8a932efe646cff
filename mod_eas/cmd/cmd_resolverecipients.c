/* SPDX-License-Identifier: Apache-2.0 */
/* ResolveRecipients (MS-ASCMD 2.2.1.15): who is meant, what he looks like, when he has time. Open-Xchange keeps no
 * certificates: whoever asks for them is told that there are none. */
#include <apr_strings.h>
#include <string.h>
#include <usm/zone.h>

#include "eas_map.h"
#include "eas_people.h"

#define TO_MAX 100            /* MS-ASCMD 3.1.5.10 */
#define TO_CHARS 256
#define RECIPIENTS_DEFAULT 20 /* of an ambiguous name */
#define RECIPIENTS_MAX 100
#define MEMBERS_MAX 20        /* of a list whose free time is merged */
#define SLOT_MS 1800000
#define SPAN_DEFAULT (7 * USM_DAY_MS)
#define SPAN_MAX (42 * USM_DAY_MS)
#define NO_CERTIFICATE 7

/* Statuses of the whole, and of a Response (MS-ASCMD 2.2.3.177.12). */
enum { RR_OK = 1, RR_INVALID = 5 };
enum { TO_FOUND = 1, TO_AMBIGUOUS = 2, TO_PARTIAL = 3, TO_NOBODY = 4 };

typedef struct options_t {
    apr_int64_t certificates, max_certificates, max_ambiguous;
    int availability;
    usm_time_t from, to;
    eas_pictures_t pictures;
} options_t;

/* What became of one To. */
typedef struct resolved_t {
    const char *to, *text; /* as it came; what is looked for */
    int status, total;
    apr_array_header_t *people; /* usm_person_t: those that are told */
    int free_status;            /* of Availability */
    int first, count, unknown;  /* rows of the busy queries; is there somebody of whom nobody knows? */
} resolved_t;

static const eas_picture_tags_t picture_tags = {EAS_ResolveRecipients_Picture, EAS_ResolveRecipients_MaxSize,
                                                EAS_ResolveRecipients_MaxPictures, EAS_ResolveRecipients_Picture,
                                                EAS_ResolveRecipients_Status, EAS_ResolveRecipients_Data};

/* ---- the request ---- */

static int read_availability(options_t *options, const eas_node_t *node)
{
    const eas_node_t *end = eas_node_child(node, EAS_ResolveRecipients_EndTime);
    options->availability = node != NULL;
    if (!node)
        return 1;
    if (!eas_time_parse(&options->from, eas_node_child_text(node, EAS_ResolveRecipients_StartTime)))
        return 0;
    options->to = options->from + SPAN_DEFAULT;
    return (!end || eas_time_parse(&options->to, eas_node_text(end))) && options->to - options->from >= SLOT_MS &&
           options->to - options->from <= SPAN_MAX;
}

static int read_int(apr_int64_t *n, const eas_node_t *options, unsigned tag, apr_int64_t min, apr_int64_t max)
{
    const eas_node_t *node = eas_node_child(options, tag);
    return !node || eas_node_int(node, min, max, n);
}

static int read_options(options_t *options, const eas_node_t *node)
{
    *options = (options_t){.certificates = 1, .max_certificates = 9999, .max_ambiguous = RECIPIENTS_DEFAULT};
    return (!node || !eas_node_next(node, node->tag)) &&
           read_int(&options->certificates, node, EAS_ResolveRecipients_CertificateRetrieval, 1, 3) &&
           read_int(&options->max_certificates, node, EAS_ResolveRecipients_MaxCertificates, 0, 9999) &&
           read_int(&options->max_ambiguous, node, EAS_ResolveRecipients_MaxAmbiguousRecipients, 0, 9999) &&
           eas_pictures_read(&options->pictures, node, &picture_tags) &&
           read_availability(options, eas_node_child(node, EAS_ResolveRecipients_Availability));
}

/* "Name <address>" is looked for by its address. */
static const char *bare(const char *text, apr_pool_t *pool)
{
    const char *open = strrchr(text, '<'), *close = open ? strchr(open, '>') : NULL;
    return close && memchr(open, '@', (apr_size_t)(close - open)) && !close[1 + strspn(close + 1, " \t")]
               ? apr_pstrmemdup(pool, open + 1, (apr_size_t)(close - open - 1))
               : text;
}

static apr_size_t characters(const char *text)
{
    apr_size_t n = 0;
    for (; *text; text++)
        n += ((unsigned char)*text & 0xC0) != 0x80;
    return n;
}

/* How many To there are; 0 when they are wrong. */
static int read_names(resolved_t *names, const eas_node_t *doc, apr_pool_t *pool)
{
    const eas_node_t *node;
    int n = 0;
    EAS_NODE_EACH_TAG(node, doc, EAS_ResolveRecipients_To)
    {
        const char *text = eas_node_text(node);
        if (n == TO_MAX || !text || !*text || characters(text) > TO_CHARS)
            return 0;
        names[n++] = (resolved_t){.to = text, .text = bare(text, pool), .status = TO_NOBODY,
                                  .people = apr_array_make(pool, 4, sizeof(usm_person_t))};
    }
    return n;
}

/* ---- who is meant ---- */

static int same(const char *a, const char *b)
{
    return a && b && strcasecmp(a, b) == 0;
}

/* The address of a person that is @a text, or NULL. */
static const char *address_like(const usm_person_t *person, const char *text)
{
    return same(person->address, text)    ? person->address
           : same(person->address2, text) ? person->address2
           : same(person->address3, text) ? person->address3
                                          : NULL;
}

/* How well a person fits: 2 by an address, 1 by the whole name, 0 by its beginning; -1 not at all. */
static int fit(const usm_person_t *person, const char *text)
{
    if (!person->address && !person->is_list)
        return -1; /* nobody could write to him */
    if (address_like(person, text))
        return 2;
    if (strchr(text, '@') && !person->is_list && strchr(strchr(text, '@'), '.'))
        return -1; /* the address of somebody else that begins like this one */
    return same(person->display_name, text) ? 1 : 0;
}

/* The directory's entry stands for copies of it in address books. */
static void add_person(apr_array_header_t *people, const usm_person_t *person)
{
    for (int i = 0; person->address && i < people->nelts; i++) {
        usm_person_t *other = &APR_ARRAY_IDX(people, i, usm_person_t);
        if (same(other->address, person->address)) {
            if (person->in_directory && !other->in_directory)
                *other = *person;
            return;
        }
    }
    APR_ARRAY_PUSH(people, usm_person_t) = *person;
}

static void choose(resolved_t *r, const apr_array_header_t *found, const options_t *options)
{
    int best = -1;
    for (int i = 0; i < found->nelts; i++) {
        int n = fit(&APR_ARRAY_IDX(found, i, usm_person_t), r->text);
        best = n > best ? n : best;
    }
    for (int i = 0; best >= 0 && i < found->nelts; i++) {
        usm_person_t person = APR_ARRAY_IDX(found, i, usm_person_t);
        if (fit(&person, r->text) != best)
            continue;
        if (best == 2)
            person.address = address_like(&person, r->text);
        add_person(r->people, &person);
    }
    r->total = r->people->nelts;
    if (r->total > 1) {
        int most = options->max_ambiguous > RECIPIENTS_MAX ? RECIPIENTS_MAX : (int)options->max_ambiguous;
        r->status = r->total > most ? TO_PARTIAL : TO_AMBIGUOUS;
        r->people->nelts = r->total > most ? most : r->total;
    } else {
        r->status = r->total ? TO_FOUND : TO_NOBODY;
    }
}

static usm_error_t *resolve(resolved_t *names, int count, eas_ctx_t *ctx, const options_t *options)
{
    usm_people_query_t *queries = apr_pcalloc(ctx->pool, sizeof *queries * (apr_size_t)count);
    for (int i = 0; i < count; i++)
        queries[i] = (usm_people_query_t){.text = names[i].text, .everywhere = 1};
    USM_ERR(usm_people_search(queries, count, ctx->session, ctx->pool));
    for (int i = 0; i < count; i++) {
        choose(&names[i], queries[i].people, options); /* what cannot be looked for has nobody */
        usm_error_clear(queries[i].error);
    }
    return NULL;
}

/* ---- free and busy ---- */

/* Members of a list are known by address only; those of the directory have a number. */
static usm_error_t *add_members(resolved_t *r, const usm_person_t *list, apr_array_header_t *busy, eas_ctx_t *ctx)
{
    usm_people_query_t queries[MEMBERS_MAX];
    int n = 0;
    if (list->member_count > MEMBERS_MAX) {
        r->free_status = EAS_STATUS_AvailabilityDLLimitReached;
        return NULL;
    }
    for (int i = 0; i < list->member_count; i++) {
        if (list->members[i].address)
            queries[n++] = (usm_people_query_t){.text = list->members[i].address};
        else
            r->unknown = 1;
    }
    USM_ERR(usm_people_search(queries, n, ctx->session, ctx->pool));
    for (int i = 0; i < n; i++) {
        apr_int64_t user = 0;
        for (int k = 0; k < queries[i].people->nelts; k++) {
            const usm_person_t *person = &APR_ARRAY_IDX(queries[i].people, k, usm_person_t);
            if (address_like(person, queries[i].text))
                user = person->user;
        }
        usm_error_clear(queries[i].error);
        if (user)
            APR_ARRAY_PUSH(busy, usm_busy_query_t) = (usm_busy_query_t){.user = user};
        else
            r->unknown = 1;
    }
    return NULL;
}

static usm_error_t *add_queries(resolved_t *r, apr_array_header_t *busy, eas_ctx_t *ctx)
{
    const usm_person_t *person = &APR_ARRAY_IDX(r->people, 0, usm_person_t);
    r->first = busy->nelts;
    r->free_status = 1;
    if (person->is_list)
        USM_ERR(add_members(r, person, busy, ctx));
    else if (person->user)
        APR_ARRAY_PUSH(busy, usm_busy_query_t) = (usm_busy_query_t){.user = person->user};
    r->count = busy->nelts - r->first;
    if (!r->count && r->free_status == 1)
        r->free_status = EAS_STATUS_AvailabilityFailure;
    return NULL;
}

/* One that cannot be had is known to nobody; when there is no other the status says why. */
static void judge(resolved_t *r, const usm_busy_query_t *queries)
{
    int failed = 0, transient = 0;
    for (int i = r->first; i < r->first + r->count; i++) {
        usm_errclass_e cls = usm_error_class(queries[i].error);
        failed += queries[i].error != NULL;
        transient |= queries[i].error && (cls == USM_CLASS_UNAVAILABLE || cls == USM_CLASS_TEMP);
    }
    r->unknown |= failed > 0;
    if (r->free_status == 1 && failed == r->count)
        r->free_status = transient ? EAS_STATUS_AvailabilityTransientFailure : EAS_STATUS_AvailabilityFailure;
}

static void fill(char *slots, int count, const usm_busy_t *busy, const options_t *options, const usm_zone_t *zone)
{
    usm_time_t start = busy->start, end = busy->end;
    char digit = (char)('0' + (busy->busy > USM_BUSY_AWAY ? USM_BUSY_BUSY : busy->busy));
    if (busy->whole_days && zone) {
        start = usm_zone_to_utc(zone, start);
        end = usm_zone_to_utc(zone, end);
    }
    if (end <= options->from || start >= options->to)
        return;
    int first = start <= options->from ? 0 : (int)((start - options->from) / SLOT_MS);
    int last = end >= options->to ? count - 1 : (int)((end - 1 - options->from) / SLOT_MS);
    for (int i = first; i <= last; i++)
        slots[i] = slots[i] > digit ? slots[i] : digit;
}

static void put_availability(eas_ctx_t *ctx, eas_writer_t *out, const resolved_t *r, const usm_busy_query_t *queries,
                             const options_t *options, const usm_zone_t *zone)
{
    int count = (int)((options->to - options->from + SLOT_MS - 1) / SLOT_MS);
    char *slots = apr_palloc(ctx->pool, (apr_size_t)count + 1);
    memset(slots, r->unknown ? '4' : '0', (apr_size_t)count);
    slots[count] = '\0';
    eas_writer_start(out, EAS_ResolveRecipients_Availability);
    eas_writer_tag_int(out, EAS_ResolveRecipients_Status, r->free_status);
    for (int i = r->first; r->free_status == 1 && i < r->first + r->count; i++) {
        for (int k = 0; !queries[i].error && k < queries[i].times->nelts; k++)
            fill(slots, count, &APR_ARRAY_IDX(queries[i].times, k, usm_busy_t), options, zone);
    }
    if (r->free_status == 1)
        eas_writer_tag_text(out, EAS_ResolveRecipients_MergedFreeBusy, slots);
    eas_writer_end(out);
}

/* All in as few calls as can be. */
static usm_error_t *find_free(apr_array_header_t **busy_p, resolved_t *names, int count, eas_ctx_t *ctx,
                              const options_t *options)
{
    apr_array_header_t *busy = apr_array_make(ctx->pool, 16, sizeof(usm_busy_query_t));
    *busy_p = busy;
    for (int i = 0; options->availability && i < count; i++) {
        if (names[i].status == TO_FOUND)
            USM_ERR(add_queries(&names[i], busy, ctx));
    }
    if (busy->nelts)
        USM_ERR(usm_people_busy((usm_busy_query_t *)(void *)busy->elts, busy->nelts, ctx->session, options->from,
                                options->to, ctx->pool));
    for (int i = 0; i < count; i++)
        judge(&names[i], (const usm_busy_query_t *)(const void *)busy->elts);
    return NULL;
}

/* ---- the answer ---- */

static void put_certificates(eas_writer_t *out, const usm_person_t *person)
{
    eas_writer_start(out, EAS_ResolveRecipients_Certificates);
    eas_writer_tag_int(out, EAS_ResolveRecipients_Status, NO_CERTIFICATE);
    eas_writer_tag_int(out, EAS_ResolveRecipients_CertificateCount, 0);
    if (person->is_list)
        eas_writer_tag_int(out, EAS_ResolveRecipients_RecipientCount, person->member_count);
    eas_writer_end(out);
}

static usm_error_t *put_response(eas_ctx_t *ctx, eas_writer_t *out, const resolved_t *r, options_t *options,
                                 const apr_array_header_t *busy, const usm_zone_t *zone)
{
    eas_writer_start(out, EAS_ResolveRecipients_Response);
    eas_writer_tag_text(out, EAS_ResolveRecipients_To, r->to);
    eas_writer_tag_int(out, EAS_ResolveRecipients_Status, r->status);
    if (r->total)
        eas_writer_tag_int(out, EAS_ResolveRecipients_RecipientCount, r->total);
    for (int i = 0; i < r->people->nelts; i++) {
        const usm_person_t *person = &APR_ARRAY_IDX(r->people, i, usm_person_t);
        const char *address = person->address ? person->address : "";
        eas_writer_start(out, EAS_ResolveRecipients_Recipient);
        eas_writer_tag_int(out, EAS_ResolveRecipients_Type, person->in_directory ? 1 : 2);
        eas_writer_tag_text(out, EAS_ResolveRecipients_DisplayName,
                            person->display_name ? person->display_name : address);
        eas_writer_tag_text(out, EAS_ResolveRecipients_EmailAddress, address);
        if (r->status == TO_FOUND && options->availability)
            put_availability(ctx, out, r, (const usm_busy_query_t *)(const void *)busy->elts, options, zone);
        if (r->status == TO_FOUND && options->certificates > 1)
            put_certificates(out, person);
        USM_ERR(eas_picture_put(&options->pictures, ctx, out, person));
        eas_writer_end(out);
    }
    eas_writer_end(out);
    return NULL;
}

usm_error_t *eas_cmd_resolverecipients(eas_ctx_t *ctx, const eas_node_t *doc, eas_writer_t *out)
{
    resolved_t *names = apr_pcalloc(ctx->pool, sizeof *names * TO_MAX);
    const usm_userinfo_t *info;
    apr_array_header_t *busy;
    options_t options;
    int count = read_names(names, doc, ctx->pool);
    if (!count || !read_options(&options, eas_node_child(doc, EAS_ResolveRecipients_Options)))
        return eas_answer_status(ctx, RR_INVALID);
    USM_ERR(usm_session_userinfo(&info, ctx->session));
    USM_ERR(resolve(names, count, ctx, &options));
    USM_ERR(find_free(&busy, names, count, ctx, &options));
    eas_writer_start(out, EAS_ResolveRecipients_ResolveRecipients);
    eas_put_status(ctx, out, EAS_ResolveRecipients_Status, RR_OK);
    for (int i = 0; i < count; i++)
        USM_ERR(put_response(ctx, out, &names[i], &options, busy, usm_zone_open(info->timezone, ctx->pool)));
    eas_writer_end(out);
    return NULL;
}
