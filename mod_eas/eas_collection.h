/* SPDX-License-Identifier: Apache-2.0 */
/** @file eas_collection.h  What a Sync request says about one collection, and the options that stick to it. */
#ifndef EAS_COLLECTION_H
#define EAS_COLLECTION_H

#include "eas_map.h"

#define EAS_WINDOW_MAX 512
#define EAS_WINDOW_DEFAULT 100

/** Options (MS-ASCMD 2.2.3.125.5): kept with the collection until new ones come. */
typedef struct eas_options_t {
    int filter;             /**< FilterType 0..8 */
    usm_policy_e conflict;
    eas_view_t view;
    int has_supported;
    usm_fieldset_t supported;
    int window;             /**< last WindowSize */
    int sms;                /**< short messages are told as such */
    int max_items;          /**< MaxItems of the recipient cache, 0 = none given */
    int conversations;      /**< last ConversationMode */
} eas_options_t;

/** Defaults: no filter, server wins, everything whole. */
void eas_options_init(eas_options_t *options);
/** To and from the text that is stored with the collection. */
const char *eas_options_pack(const eas_options_t *options, apr_pool_t *pool);
void eas_options_unpack(eas_options_t *options, const char *text);
/** Read an Options element of @a collection into @a options, replacing what was kept; of one for SMS, which
 * is checked too, only its being there is kept. @return 0, or the Sync status that names what is wrong. */
int eas_options_read(eas_options_t *options, const eas_node_t *collection, unsigned version, usm_class_e cls);
/** Finds the Options of the folder's own class, NULL when there are none. @return 0 when there are two for one class,
 * or for classes that do not go together: beside those for mail only some for SMS may stand, from 14.0 on. */
int eas_options_blocks(const eas_node_t **own_p, const eas_node_t *collection, unsigned version, usm_class_e cls);
/** Read the children of one Options element, of Sync or another command, on top of @a options. @return as
 * eas_options_read(). */
int eas_options_block(eas_options_t *options, const eas_node_t *node, unsigned version, usm_class_e cls);
/** May a class be filtered like that? */
int eas_filter_allowed(usm_class_e cls, int filter);
/** Put range, conflict policy and fetch of the options into the parameters of a turn. */
void eas_options_apply(usm_turn_params_t *params, const eas_options_t *options, usm_class_e cls, eas_ctx_t *ctx);
/** Name of a class on the wire, and back (USM_CLASS_COUNT when unknown). */
const char *eas_class_name(usm_class_e cls);
usm_class_e eas_class_parse(const char *name);
/** Is @a name what the class is called on the wire? Two classes may share a name. */
int eas_class_is(usm_class_e cls, const char *name);

#endif
