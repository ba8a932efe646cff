/* SPDX-License-Identifier: Apache-2.0 */
#include <apr_strings.h>

#include "eas_map.h"

/* Several clients drop a contact without FileAs: one is made of what there is. */
void eas_contact_extra(eas_map_t *map, const usm_item_t *item)
{
    const char *first = usm_item_text(item, USM_CONTACT_FIRST_NAME), *last = usm_item_text(item, USM_CONTACT_LAST_NAME);
    const char *name = usm_item_text(item, USM_CONTACT_DISPLAY_NAME);
    if (usm_item_isset(item, USM_CONTACT_FILE_AS))
        return;
    if (!name && first && last)
        name = apr_pstrcat(map->pool, last, ", ", first, NULL);
    if (!name)
        name = last ? last : first ? first : usm_item_text(item, USM_CONTACT_COMPANY);
    if (!name)
        name = usm_item_text(item, USM_CONTACT_EMAIL1);
    eas_writer_tag_text(map->out, EAS_Contacts_FileAs, name ? name : "?");
}
