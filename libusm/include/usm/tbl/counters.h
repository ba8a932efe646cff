/* SPDX-License-Identifier: Apache-2.0 */
/* Rows: USM_COUNTER(name, unit, text). */
USM_COUNTER(backend_calls, "calls", "HTTP calls to the groupware server")
USM_COUNTER(backend_us, "us", "time spent waiting for them")
USM_COUNTER(backend_bytes_in, "bytes", "bytes received from it")
USM_COUNTER(backend_bytes_out, "bytes", "bytes sent to it")
USM_COUNTER(backend_logins, "logins", "logins at the groupware server")
USM_COUNTER(store_statements, "statements", "statements given to the database; one for many rows is one")
USM_COUNTER(store_rows, "rows", "rows read, written or deleted")
USM_COUNTER(store_us, "us", "time spent in the database")
USM_COUNTER(items_out, "items", "items sent to devices")
USM_COUNTER(items_in, "items", "item changes taken from devices")
