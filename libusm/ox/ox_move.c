/* SPDX-License-Identifier: Apache-2.0 */
/* Moving items: the update of one member, folder_id, of many items in one `multiple`. */
#include "ox/ox_chronos.h"
#include "ox/ox_mail.h"
#include "ox/ox_pim.h"

#include <apr_strings.h>

static ox_json_t *request_for(const usm_bmove_t *move, const usm_bref_t *from, const usm_bref_t *to, apr_pool_t *pool)
{
    int mail = from->cls == USM_EMAIL;
    /* A move stands against no edit: whatever the item has become meanwhile goes to the other folder. */
    const char *stamp = mail ? NULL : apr_psprintf(pool, "%" APR_INT64_T_FMT, ox_now() + USM_DAY_MS);
    ox_json_t *request = ox_request(pool, mail ? "mail" : ox_pim_name(from->cls), "update", "folder", from->id, "id",
                                    move->id, "timestamp", stamp, "timezone", mail ? NULL : "UTC", NULL);
    ox_json_t *data = ox_json_object(pool);
    ox_json_set_text(data, "folder_id", to->id);
    if (from->cls == USM_EVENT) {
        ox_json_set_bool(data, "ignore_conflicts", 1);
        ox_json_set_bool(data, "notification", 0);
    }
    ox_json_set(request, "data", data);
    return request;
}

static usm_error_t *take_answer(usm_bmove_t *move, const usm_bref_t *from, const ox_json_t *answer, apr_pool_t *pool)
{
    usm_error_t *err = ox_error_of(answer, pool);
    if (err && usm_error_class(err) == USM_CLASS_UNAVAILABLE)
        return err;
    move->error = err;
    if (err)
        return NULL;
    /* A mail gets a new id, which servers without UIDPLUS do not tell; all else keeps the one it has. */
    const char *id = ox_json_get_text(ox_json_get(answer, "data"), "id", pool);
    move->result.id = from->cls == USM_EMAIL ? id : apr_pstrdup(pool, move->id);
    return NULL;
}

usm_error_t *ox_move(usm_bmove_t *moves, int count, usm_bcall_t *call, const usm_bref_t *from, const usm_bref_t *to,
                     apr_pool_t *result_pool, apr_pool_t *scratch_pool)
{
    ox_json_t *requests = ox_json_array(scratch_pool), *answers;
    for (int i = 0; i < count; i++)
        ox_json_add(requests, ox_is_chronos(call, from->cls) ? ox_chronos_move(moves[i].id, from, to, scratch_pool)
                                                             : request_for(&moves[i], from, to, scratch_pool));
    USM_ERR(ox_multiple(&answers, call, requests, scratch_pool));
    for (int i = 0; i < count; i++)
        USM_ERR(take_answer(&moves[i], from, ox_json_at(answers, i), result_pool));
    return NULL;
}
