/* SPDX-License-Identifier: Apache-2.0 */
/* Settings (MS-ASCMD 2.2.1.18): what the device tells of itself and asks about its user. */
#include "eas.h"

#include <string.h>

#include "eas_devinfo.h"
#include "eas_oof.h"

#define PASSWORD_MAX 255

/* Answers one property: writes its Status and what follows it, inside the property's element. */
typedef usm_error_t *(*property_fn)(eas_ctx_t *ctx, const eas_node_t *node, eas_writer_t *out);

static usm_error_t *put(eas_writer_t *out, int status)
{
    eas_writer_tag_int(out, EAS_Settings_Status, status);
    return NULL;
}

/* Keeping the recovery password of a device is off in the policy (PasswordRecoveryEnabled). */
static usm_error_t *do_device_password(eas_ctx_t *ctx, const eas_node_t *node, eas_writer_t *out)
{
    const eas_node_t *set = eas_node_child(node, EAS_Settings_Set);
    const eas_node_t *password = eas_node_child(set, EAS_Settings_Password);

    if (eas_node_text(password) == NULL) {
        return put(out, SETTINGS_PROTOCOL);
    }
    return put(out, password->len > PASSWORD_MAX ? SETTINGS_ARGUMENTS : SETTINGS_POLICY);
}

static usm_error_t *do_device_information(eas_ctx_t *ctx, const eas_node_t *node, eas_writer_t *out)
{
    int status;

    USM_ERR(eas_devinfo_set(&status, ctx, node));
    return put(out, status);
}

static void put_addresses(const usm_userinfo_t *info, eas_writer_t *out, int with_primary)
{
    int i;

    eas_writer_start(out, EAS_Settings_EmailAddresses);
    for (i = 0; i < info->address_count; i++) {
        eas_writer_tag_text(out, EAS_Settings_SMTPAddress, info->addresses[i]);
    }
    if (with_primary) {
        eas_writer_tag_text(out, EAS_Settings_PrimarySmtpAddress, info->primary_address);
    }
    eas_writer_end(out);
}

/* Up to 14.0 the addresses alone, then accounts; the user's own account is the one without AccountId. */
static usm_error_t *do_user_information(eas_ctx_t *ctx, const eas_node_t *node, eas_writer_t *out)
{
    const usm_userinfo_t *info;

    if (eas_node_child(node, EAS_Settings_Get) == NULL) {
        return put(out, SETTINGS_PROTOCOL);
    }
    USM_ERR(usm_session_userinfo(&info, ctx->session));
    put(out, SETTINGS_OK);
    eas_writer_start(out, EAS_Settings_Get);
    if (ctx->version < 141) {
        put_addresses(info, out, 0);
    } else {
        eas_writer_start(out, EAS_Settings_Accounts);
        eas_writer_start(out, EAS_Settings_Account);
        eas_writer_tag_text(out, EAS_Settings_UserDisplayName, info->display_name);
        put_addresses(info, out, 1);
        eas_writer_end(out);
        eas_writer_end(out);
    }
    eas_writer_end(out);
    return NULL;
}

static usm_error_t *do_rights_management(eas_ctx_t *ctx, const eas_node_t *node, eas_writer_t *out)
{
    return put(out, eas_node_child(node, EAS_Settings_Get) != NULL ? SETTINGS_IRM_OFF : SETTINGS_PROTOCOL);
}

static const struct {
    unsigned tag;
    property_fn answer;
} properties[] = {
    {EAS_Settings_Oof, eas_oof},
    {EAS_Settings_DevicePassword, do_device_password},
    {EAS_Settings_DeviceInformation, do_device_information},
    {EAS_Settings_UserInformation, do_user_information},
    {EAS_Settings_RightsManagementInformation, do_rights_management},
};

#define PROPERTY_COUNT (sizeof(properties) / sizeof(properties[0]))

static property_fn find_property(unsigned tag)
{
    unsigned i;

    for (i = 0; i < PROPERTY_COUNT; i++) {
        if (properties[i].tag == tag) {
            return properties[i].answer;
        }
    }
    return NULL;
}

/* At least one property, no two alike, nothing else. */
static int is_well_formed(const eas_node_t *doc)
{
    const eas_node_t *node;

    EAS_NODE_EACH(node, doc)
    {
        if (find_property(node->tag) == NULL || eas_node_next(node, node->tag) != NULL) {
            return 0;
        }
    }
    return doc->child != NULL;
}

usm_error_t *eas_cmd_settings(eas_ctx_t *ctx, const eas_node_t *doc, eas_writer_t *out)
{
    const eas_node_t *node;

    if (!is_well_formed(doc)) {
        return eas_answer_status(ctx, SETTINGS_PROTOCOL);
    }
    eas_writer_start(out, EAS_Settings_Settings);
    eas_put_status(ctx, out, EAS_Settings_Status, SETTINGS_OK);
    EAS_NODE_EACH(node, doc)
    {
        eas_writer_start(out, node->tag);
        USM_ERR(find_property(node->tag)(ctx, node, out));
        eas_writer_end(out);
    }
    eas_writer_end(out);
    return NULL;
}
