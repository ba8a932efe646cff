/* SPDX-License-Identifier: Apache-2.0 */
/* Events. Rows as in contact.h. New rows at the end. Unit 1 is when it happens: times, zone and recurrence. */
#define G_ USM_F_GHOST
USM_FIELD(TIMEZONE, ZONE, 408, timezone, Calendar, Timezone, 25, 161,
          G_ | USM_F_KEEP | USM_F_SERIES | USM_F_UNIT(1))
USM_FIELD(ALL_DAY, BOOL, 401, full_time, Calendar, AllDayEvent, 25, 161, G_ | USM_F_UNIT(1))
USM_FIELD(START, EVTIME, 201, start_date, Calendar, StartTime, 25, 161, G_ | USM_F_KEEP | USM_F_UNIT(1))
USM_FIELD(END, EVTIME, 202, end_date, Calendar, EndTime, 25, 161, G_ | USM_F_KEEP | USM_F_UNIT(1))
USM_FIELD(DTSTAMP, TIME, 5, last_modified, Calendar, DtStamp, 25, 161, USM_F_RO | USM_F_NODIGEST)
USM_FIELD(SUBJECT, TEXT, 200, title, Calendar, Subject, 25, 161, G_)
USM_FIELD(LOCATION, TEXT, 400, location, Calendar, Location, 25, 141, G_)
USM_FIELD(UID, TEXT, 223, uid, Calendar, UID, 25, 161, USM_F_KEEP | USM_F_SERIES)
USM_FIELD(BUSY, BUSY, 402, shown_as, Calendar, BusyStatus, 25, 161, G_)
USM_FIELD(SENSITIVITY, SENSITIVITY, 101, private_flag, Calendar, Sensitivity, 25, 161, G_)
USM_FIELD(REMINDER, REMINDER, 204, alarm, Calendar, Reminder, 25, 161, G_)
USM_FIELD(CATEGORIES, LIST, 100, categories, Calendar, Categories, 25, 161, G_)
USM_FIELD(BODY, BODY, 203, note, AirSyncBase, Body, 25, 161, USM_F_KEEP)
USM_FIELD(ATTENDEES, ATTENDEES, 220, participants, Calendar, Attendees, 25, 161, USM_F_KEEP)
USM_FIELD(ORGANIZER_EMAIL, EMAIL, 224, organizer, Calendar, OrganizerEmail, 25, 161, USM_F_KEEP | USM_F_SERIES)
USM_FIELD_INNER(OWN_STATUS, INT, 221, users, USM_F_RO)
USM_FIELD(RECURRENCE, RECURRENCE, 209, recurrence_type, Calendar, Recurrence, 25, 161,
          G_ | USM_F_SERIES | USM_F_UNIT(1))
USM_FIELD(EXCEPTIONS, EXCEPTIONS, 211, delete_exceptions, Calendar, Exceptions, 25, 161,
          G_ | USM_F_KEEP | USM_F_SERIES | USM_F_UNIT(1))
USM_FIELD(ATTACHMENTS, ATTACHMENTS, 104, number_of_attachments, AirSyncBase, Attachments, 160, 161,
          USM_F_KEEP | USM_F_SERIES)
/* Of an occurrence whose series the user cannot see: the day it was planned for. */
USM_FIELD_INNER(PLANNED_DAY, DATE, 208, recurrence_date_position, USM_F_RO | USM_F_SERIES | USM_F_NODIGEST)
#undef G_
