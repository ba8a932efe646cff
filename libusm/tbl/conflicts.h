/* SPDX-License-Identifier: Apache-2.0 */
/* What happens when a device and somebody else have edited the same item. From these rows come the table of
 * libusm/doc/conflicts.md and test_conflicts, which tries each row under both policies, with answers lost and not.
 * USM_CLASH(kind, device, server, result, status, lost, client_result, client_status, client_lost, "what it means")
 *   kind    PIM: contacts, events without attendees, tasks; EVENT, MEETING (an event with attendees), PART (an event
 *           of which the device sent only what it changed, as from 16.0 on), MAIL (its flags), NOTE
 *   device, server: what each side did since they were equal:
 *           FIELD a field, FIELDS two of them, OTHER another field, EQUAL the same field to the same value, UNIT, UNIT2
 *           two fields that make sense only together, HIDDEN something that devices do not see, DELETE, MOVE (to
 *           another folder), MOVE_FIELD (moved, and the same field), ADD (an item of its own), ADD_UID (one with the
 *           same UID)
 *   result  BOTH edits are in the item; DEVICE's, SERVER's value stands; PARTLY: the server's in that field, the
 *           device's in the other; AGAIN: the item is made again; THERE: the edit is in the item where it went;
 *           THERE_SERVER: it went there with the server's value; GONE; BACK: it stays, and comes back to the device;
 *           STAYS: where it went; TWO items
 *   status  of the device's command (1 is not said but for an Add); lost: what the conflict log keeps
 * result, status, lost: server wins (Conflict 1 or none given); client_…: client wins (Conflict 0). */
USM_CLASH(PIM, FIELD, OTHER, BOTH, 1, NOTHING, BOTH, 1, NOTHING, "Edits of different fields are merged.")
USM_CLASH(PIM, FIELD, EQUAL, BOTH, 1, NOTHING, BOTH, 1, NOTHING, "The same value on both sides is no conflict.")
USM_CLASH(PIM, FIELD, HIDDEN, DEVICE, 1, NOTHING, DEVICE, 1, NOTHING, "What devices do not see cannot collide.")
USM_CLASH(PIM, FIELD, FIELD, SERVER, 7, DEVICE, DEVICE, 1, SERVER, "The same field: the policy decides.")
USM_CLASH(PIM, FIELDS, FIELD, PARTLY, 7, DEVICE, DEVICE, 1, SERVER, "The policy decides that field only.")
USM_CLASH(PIM, UNIT, UNIT2, SERVER, 7, DEVICE, DEVICE, 1, SERVER, "Fields that make sense only together are one field.")
USM_CLASH(PIM, FIELD, DELETE, AGAIN, 1, NOTHING, AGAIN, 1, NOTHING, "The change survives, with a new id.")
USM_CLASH(PART, FIELD, DELETE, GONE, 8, DEVICE, GONE, 8, DEVICE, "A part is not enough to make an item again.")
USM_CLASH(MEETING, FIELD, DELETE, GONE, 8, DEVICE, GONE, 8, DEVICE, "A meeting is its organizer's to make.")
USM_CLASH(PIM, FIELD, MOVE, THERE, 1, NOTHING, THERE, 1, NOTHING, "The change follows the item.")
USM_CLASH(PIM, FIELD, MOVE_FIELD, THERE_SERVER, 7, DEVICE, THERE, 1, SERVER, "The same, and the policy decides.")
USM_CLASH(PIM, DELETE, FIELD, BACK, 1, DELETION, GONE, 1, SERVER, "The change survives unless the client is to win.")
USM_CLASH(PIM, DELETE, HIDDEN, GONE, 1, NOTHING, GONE, 1, NOTHING, "Nothing that the device has seen has changed.")
USM_CLASH(PIM, DELETE, DELETE, GONE, 1, NOTHING, GONE, 1, NOTHING, "Both want the same.")
USM_CLASH(PIM, DELETE, MOVE, STAYS, 1, NOTHING, STAYS, 1, NOTHING, "Only what is in the folder is deleted from it.")
USM_CLASH(PIM, ADD, ADD, TWO, 1, NOTHING, TWO, 1, NOTHING, "Items are not guessed to be the same.")
USM_CLASH(EVENT, ADD, ADD_UID, SERVER, 1, DEVICE, DEVICE, 1, SERVER, "One UID is one event; the policy decides.")
USM_CLASH(MAIL, FIELD, OTHER, BOTH, 1, NOTHING, BOTH, 1, NOTHING, "Different flags are merged.")
USM_CLASH(MAIL, FIELD, EQUAL, BOTH, 1, NOTHING, BOTH, 1, NOTHING, "The same value on both sides is no conflict.")
USM_CLASH(MAIL, FIELD, FIELD, SERVER, 7, DEVICE, DEVICE, 1, SERVER, "The same flag: the policy decides.")
USM_CLASH(MAIL, FIELD, DELETE, GONE, 8, NOTHING, GONE, 8, NOTHING, "A mail is not made again for its flags.")
USM_CLASH(MAIL, FIELD, MOVE, STAYS, 8, NOTHING, STAYS, 8, NOTHING, "A mail that moved is another mail.")
USM_CLASH(MAIL, DELETE, FIELD, GONE, 1, NOTHING, GONE, 1, NOTHING, "Flags do not stand against a deletion.")
USM_CLASH(MAIL, DELETE, DELETE, GONE, 1, NOTHING, GONE, 1, NOTHING, "Both want the same.")
USM_CLASH(MAIL, DELETE, MOVE, STAYS, 1, NOTHING, STAYS, 1, NOTHING, "Only what is in the folder is deleted from it.")
USM_CLASH(NOTE, FIELD, OTHER, BOTH, 1, NOTHING, BOTH, 1, NOTHING, "Edits of different fields are merged.")
USM_CLASH(NOTE, FIELD, EQUAL, BOTH, 1, NOTHING, BOTH, 1, NOTHING, "The same value on both sides is no conflict.")
USM_CLASH(NOTE, FIELD, FIELD, SERVER, 7, DEVICE, DEVICE, 1, SERVER, "The same field: the policy decides.")
USM_CLASH(NOTE, FIELD, DELETE, AGAIN, 1, NOTHING, AGAIN, 1, NOTHING, "The change survives, with a new id.")
USM_CLASH(NOTE, DELETE, FIELD, BACK, 1, DELETION, GONE, 1, SERVER, "The change survives unless the client is to win.")
USM_CLASH(NOTE, DELETE, HIDDEN, GONE, 1, NOTHING, GONE, 1, NOTHING, "Nothing that the device has seen has changed.")
USM_CLASH(NOTE, DELETE, DELETE, GONE, 1, NOTHING, GONE, 1, NOTHING, "Both want the same.")
USM_CLASH(NOTE, ADD, ADD, TWO, 1, NOTHING, TWO, 1, NOTHING, "Items are not guessed to be the same.")
