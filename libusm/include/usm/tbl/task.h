/* SPDX-License-Identifier: Apache-2.0 */
/* Tasks. Rows as in contact.h. New rows at the end. */
USM_FIELD(SUBJECT, TEXT, 200, title, Tasks, Subject, 25, 161, USM_F_RW)
USM_FIELD(IMPORTANCE, IMPORTANCE, 309, priority, Tasks, Importance, 25, 161, USM_F_KEEP)
USM_FIELD(SENSITIVITY, SENSITIVITY, 101, private_flag, Tasks, Sensitivity, 25, 161, USM_F_RW)
USM_FIELD(STATE, TASKSTATE, 300, status, Tasks, Complete, 25, 161, USM_F_UNIT(1))
USM_FIELD(COMPLETED, TIME, 315, date_completed, Tasks, DateCompleted, 25, 161, USM_F_UNIT(1))
USM_FIELD(START, DATE, 316, start_time, Tasks, UtcStartDate, 25, 161, USM_F_UNIT(2))
USM_FIELD(DUE, DATE, 317, end_time, Tasks, UtcDueDate, 25, 161, USM_F_UNIT(2))
USM_FIELD(REMINDER_TIME, TIME, 204, alarm, Tasks, ReminderTime, 25, 161, USM_F_KEEP)
USM_FIELD(CATEGORIES, LIST, 100, categories, Tasks, Categories, 25, 161, USM_F_RW)
USM_FIELD(BODY, BODY, 203, note, AirSyncBase, Body, 25, 161, USM_F_KEEP)
USM_FIELD_INNER(UID, TEXT, 223, uid, USM_F_KEEP | USM_F_NODIGEST)
USM_FIELD(RECURRENCE, RECURRENCE, 209, recurrence_type, Tasks, Recurrence, 25, 161, USM_F_RW)
