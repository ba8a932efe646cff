/* SPDX-License-Identifier: Apache-2.0 */
/* What a directory tells of a person. Rows only; each includer defines what a row means:
 *   USM_PERSON(member of usm_person_t, OX column, EAS element of page Gal)
 * In the order devices get them (MS-ASCMD 2.2.3.133.2). New rows where they belong. */
USM_PERSON(display_name, 500, DisplayName)
USM_PERSON(phone, 542, Phone)
USM_PERSON(office, 522, Office)
USM_PERSON(title, 520, Title)
USM_PERSON(company, 569, Company)
USM_PERSON(alias, 515, Alias)
USM_PERSON(first_name, 501, FirstName)
USM_PERSON(last_name, 502, LastName)
USM_PERSON(home_phone, 548, HomePhone)
USM_PERSON(mobile_phone, 551, MobilePhone)
USM_PERSON(address, 555, EmailAddress)
