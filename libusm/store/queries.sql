-- SPDX-License-Identifier: Apache-2.0
-- Every statement the store runs. queries.awk makes queries.h of it: a row per name.
-- "-- STMT_NAME" starts a statement. Where the two databases need different texts, "-- sqlite" and "-- mariadb" start
-- the text for one of them; both texts take the same list of parameters (SQLite by number). Other comments explain.
-- @FIND@ stands for as many parameters as USM__FIND says.
-- A statement that walks rows takes the last row seen and a limit: a walk is a chain of short index ranges.

-- STMT_USER_GET
SELECT id FROM usr WHERE user_key = ?

-- STMT_USER_ADD
INSERT INTO usr (user_key, last_fid) VALUES (?, 0)

-- STMT_DEVICE_GET
SELECT d.id, d.usr, d.device_id, d.device_type, d.policy_key, d.policy_digest, d.pending_key, d.pending_digest,
       d.created, d.seen, s.access, s.wipe, s.account_only, s.changed
FROM usr u JOIN device d ON d.usr = u.id LEFT JOIN standing s ON s.usr = d.usr AND s.device_id = d.device_id
WHERE u.user_key = ? AND d.device_id = ?

-- STMT_DEVICE_ID
SELECT id FROM device WHERE usr = ? AND device_id = ?

-- STMT_DEVICE_ADD
INSERT INTO device (usr, device_id, device_type, policy_key, policy_digest, pending_key, pending_digest, created, seen)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)

-- STMT_DEVICE_POLICY
UPDATE device SET policy_key = ?, policy_digest = ?, pending_key = ?, pending_digest = ? WHERE id = ?

-- Makes others who ask for it wait until the transaction is over. SQLite has one writer at a time anyway.
-- STMT_DEVICE_LOCK
-- sqlite
SELECT id FROM device WHERE id = ?
-- mariadb
SELECT id FROM device WHERE id = ? FOR UPDATE

-- STMT_DEVICE_SEEN
UPDATE device SET seen = ? WHERE id = ?

-- The rest goes by foreign keys.
-- STMT_DEVICE_DELETE
DELETE FROM device WHERE id = ?

-- Devices after the pair given, up to a user. The hierarchy is no collection that a tool counts.
-- STMT_DEVICE_SCAN
-- sqlite
SELECT d.id, d.usr, d.device_id, d.device_type, d.policy_key, d.policy_digest, d.pending_key, d.pending_digest,
       d.created, d.seen, s.access, s.wipe, s.account_only, s.changed, (SELECT u.user_key FROM usr u WHERE u.id = d.usr),
       (SELECT COUNT(*) FROM collection c WHERE c.device = d.id AND c.fid > 0),
       (SELECT COUNT(*) FROM collection c JOIN item i ON i.collection = c.id
        WHERE c.device = d.id AND c.fid > 0 AND i.born <= c.gen AND i.died > c.gen AND i.withheld <> 1)
FROM device d LEFT JOIN standing s ON s.usr = d.usr AND s.device_id = d.device_id
WHERE (d.usr, d.device_id) > (?1, ?2) AND d.usr <= ?4
ORDER BY d.usr, d.device_id LIMIT ?5
-- mariadb
SELECT d.id, d.usr, d.device_id, d.device_type, d.policy_key, d.policy_digest, d.pending_key, d.pending_digest,
       d.created, d.seen, s.access, s.wipe, s.account_only, s.changed, (SELECT u.user_key FROM usr u WHERE u.id = d.usr),
       (SELECT COUNT(*) FROM collection c WHERE c.device = d.id AND c.fid > 0),
       (SELECT COUNT(*) FROM collection c JOIN item i ON i.collection = c.id
        WHERE c.device = d.id AND c.fid > 0 AND i.born <= c.gen AND i.died > c.gen AND i.withheld <> 1)
FROM device d FORCE INDEX (device_id)
     LEFT JOIN standing s ON s.usr = d.usr AND s.device_id = d.device_id
WHERE ((d.usr = ? AND d.device_id > ?) OR d.usr > ?) AND d.usr <= ?
ORDER BY d.usr, d.device_id LIMIT ?

-- How many devices of a user there are, and of those how many of a type.
-- STMT_DEVICE_COUNT
SELECT COUNT(*), COUNT(CASE WHEN device_type = ? THEN 1 END) FROM device WHERE usr = ?

-- Nobody else changes it until the transaction is over.
-- STMT_STANDING_GET
-- sqlite
SELECT access, wipe, account_only, changed FROM standing WHERE usr = ? AND device_id = ?
-- mariadb
SELECT access, wipe, account_only, changed FROM standing WHERE usr = ? AND device_id = ? FOR UPDATE

-- STMT_STANDING_PUT
REPLACE INTO standing (usr, device_id, access, wipe, account_only, changed) VALUES (?, ?, ?, ?, ?, ?)

-- STMT_STANDING_DROP
DELETE FROM standing WHERE usr = ? AND device_id = ?

-- STMT_AUDIT_ADD
INSERT INTO audit (usr, device_id, made, actor, action, detail) VALUES (?, ?, ?, ?, ?, ?)

-- After the id given, of one user.
-- STMT_AUDIT_SCAN
SELECT a.id, a.made, a.device_id, a.actor, a.action, a.detail, u.user_key
FROM audit a JOIN usr u ON u.id = a.usr
WHERE a.usr = ? AND a.id > ?
ORDER BY a.id LIMIT ?

-- … of all.
-- STMT_AUDIT_SCAN_ALL
SELECT a.id, a.made, a.device_id, a.actor, a.action, a.detail, (SELECT u.user_key FROM usr u WHERE u.id = a.usr)
FROM audit a
WHERE a.id > ?
ORDER BY a.id LIMIT ?

-- STMT_ATTR_GET
SELECT value FROM device_attr WHERE device = ? AND name = ?

-- STMT_ATTR_SET
REPLACE INTO device_attr (device, name, value) VALUES (?, ?, ?)

-- STMT_ATTR_DROP
DELETE FROM device_attr WHERE device = ? AND name = ?

-- STMT_FOLDER_SCAN
SELECT fid, backend_id, live, parent, name, cls, role, rights, token, has_children
FROM folder
WHERE usr = ? AND fid > ? AND (live = 1 OR ? = 1)
ORDER BY fid LIMIT ?

-- STMT_FOLDER_GET
SELECT fid, backend_id, live, parent, name, cls, role, rights, token, has_children
FROM folder
WHERE usr = ? AND fid = ?

-- The update locks the user's row: ids are handed out one transaction at a time.
-- STMT_FOLDER_NEXT
UPDATE usr SET last_fid = last_fid + 1 WHERE id = ?

-- STMT_FOLDER_LAST
SELECT last_fid FROM usr WHERE id = ?

-- STMT_FOLDER_ADD
INSERT INTO folder (usr, fid, backend_id, live, parent, name, cls, role, rights, token, has_children)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)

-- STMT_FOLDER_UPDATE
UPDATE folder SET backend_id = ?, live = ?, parent = ?, name = ?, cls = ?, role = ?, rights = ?, token = ?,
    has_children = ?
WHERE usr = ? AND fid = ?

-- The user's row is the anchor that lets both the folder and the collection be absent. The last columns tell what there
-- is to do, so that a request with nothing to do asks no further: is the queue empty, has the newest answer left
-- something that purge() would remove? Each is one look into an index.
-- STMT_COLLECTION_GET
-- sqlite
SELECT f.fid, f.backend_id, f.live, f.parent, f.name, f.cls, f.role, f.rights, f.token, f.has_children,
       c.id, c.cls, c.epoch, c.gen, c.prev, c.since, c.open_tasks, c.progress, c.options, c.created, c.full_at, c.lease,
       c.lease_until, c.retry_at,
       EXISTS (SELECT 1 FROM pending p WHERE p.collection = c.id AND p.taken = 0),
       EXISTS (SELECT 1 FROM item i WHERE i.collection = c.id AND i.died = c.gen AND i.died < 2147483647),
       EXISTS (SELECT 1 FROM pending p WHERE p.collection = c.id AND p.taken = c.gen AND p.taken > 0),
       EXISTS (SELECT 1 FROM echo e WHERE e.collection = c.id AND e.base = c.prev)
FROM usr u
LEFT JOIN folder f ON f.usr = u.id AND f.fid = ?
LEFT JOIN collection c ON c.device = ? AND c.fid = ?
WHERE u.id = ?
-- mariadb
SELECT f.fid, f.backend_id, f.live, f.parent, f.name, f.cls, f.role, f.rights, f.token, f.has_children,
       c.id, c.cls, c.epoch, c.gen, c.prev, c.since, c.open_tasks, c.progress, c.options, c.created, c.full_at, c.lease,
       c.lease_until, c.retry_at,
       EXISTS (SELECT 1 FROM pending p FORCE INDEX (pending_place) WHERE p.collection = c.id AND p.taken = 0),
       EXISTS (SELECT 1 FROM item i FORCE INDEX (item_died)
              WHERE i.collection = c.id AND i.died = c.gen AND i.died < 2147483647),
       EXISTS (SELECT 1 FROM pending p FORCE INDEX (pending_place)
              WHERE p.collection = c.id AND p.taken = c.gen AND p.taken > 0),
       EXISTS (SELECT 1 FROM echo e FORCE INDEX (PRIMARY) WHERE e.collection = c.id AND e.base = c.prev)
FROM usr u
LEFT JOIN folder f ON f.usr = u.id AND f.fid = ?
LEFT JOIN collection c ON c.device = ? AND c.fid = ?
WHERE u.id = ?

-- STMT_COLLECTION_ID
SELECT id FROM collection WHERE device = ? AND fid = ?

-- STMT_COLLECTION_ADD
INSERT INTO collection (cls, epoch, gen, prev, since, open_tasks, progress, options, created, full_at, lease,
    lease_until, device, fid)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)

-- STMT_COLLECTION_RESTART
UPDATE collection SET cls = ?, epoch = ?, gen = ?, prev = ?, since = ?, open_tasks = ?, progress = ?, options = ?,
    created = ?, full_at = ?, lease = ?, lease_until = ?
WHERE id = ? AND epoch = ?

-- STMT_COLLECTION_ADVANCE
UPDATE collection SET gen = ?, prev = ?
WHERE id = ? AND epoch = ? AND gen = ? AND (lease = '' OR lease = ? OR lease_until IS NULL OR lease_until <= ?)

-- STMT_COLLECTION_CURSOR
UPDATE collection SET progress = ?, since = ?, open_tasks = ?, full_at = ? WHERE id = ? AND epoch = ?

-- STMT_COLLECTION_OPTIONS
UPDATE collection SET options = ? WHERE id = ?

-- STMT_COLLECTION_LEASE
UPDATE collection SET lease = ?, lease_until = ?
WHERE id = ? AND epoch = ? AND (lease = '' OR lease = ? OR lease_until IS NULL OR lease_until <= ?)

-- STMT_COLLECTION_UNLEASE
UPDATE collection SET lease = '', lease_until = NULL WHERE id = ? AND lease = ?

-- STMT_COLLECTION_DELETE
DELETE FROM collection WHERE id = ?

-- Told which index to take, MariaDB does not look into the others first: that look costs more in a larger table.
-- STMT_ITEM_GET
-- sqlite
SELECT born, died, rev, edge, withheld, digests
FROM item
WHERE collection = ? AND idlen = ? AND id = ? AND born <= ? AND died > ?
-- mariadb
SELECT born, died, rev, edge, withheld, digests
FROM item FORCE INDEX (PRIMARY)
WHERE collection = ? AND idlen = ? AND id = ? AND born <= ? AND died > ?

-- Many ids of one length at a time; a place that is left over takes an id twice.
-- STMT_ITEM_FIND
-- sqlite
SELECT id, born, died, rev, edge, withheld, digests
FROM item
WHERE born <= ? AND died > ? AND collection = ? AND idlen = ? AND id IN (@FIND@)
-- mariadb
SELECT id, born, died, rev, edge, withheld, digests
FROM item FORCE INDEX (PRIMARY)
WHERE born <= ? AND died > ? AND collection = ? AND idlen = ? AND id IN (@FIND@)

-- STMT_ITEM_ADD
REPLACE INTO item (collection, idlen, id, born, died, rev, edge, withheld, digests)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)

-- STMT_ITEM_KILL
-- sqlite
UPDATE item SET died = ? WHERE collection = ? AND idlen = ? AND id = ? AND born <= ? AND died > ?
-- mariadb
UPDATE item FORCE INDEX (PRIMARY) SET died = ?
WHERE collection = ? AND idlen = ? AND id = ? AND born <= ? AND died > ?

-- STMT_ITEM_TOUCH
-- sqlite
UPDATE item SET rev = ?, edge = ? WHERE collection = ? AND idlen = ? AND id = ? AND born <= ? AND died > ?
-- mariadb
UPDATE item FORCE INDEX (PRIMARY) SET rev = ?, edge = ?
WHERE collection = ? AND idlen = ? AND id = ? AND born <= ? AND died > ?

-- One generation in order of (idlen, id), after the pair given. Each database has another form that it walks along the
-- primary key: SQLite the row value, MariaDB the ranges (which take some parameters twice).
-- STMT_ITEM_SCAN
-- sqlite
SELECT id, born, died, rev, edge, withheld, digests
FROM item
WHERE collection = ?1 AND (idlen, id) > (?2, ?3) AND born <= ?5 AND died > ?6
ORDER BY idlen, id LIMIT ?7
-- mariadb
SELECT id, born, died, rev, edge, withheld, digests
FROM item FORCE INDEX (PRIMARY)
WHERE collection = ? AND ((idlen = ? AND id > ?) OR idlen > ?) AND born <= ? AND died > ?
ORDER BY idlen, id LIMIT ?

-- STMT_ITEM_EDGE
-- sqlite
SELECT id, born, died, rev, edge, withheld, digests
FROM item
WHERE collection = ?1 AND (edge, idlen, id) > (?2, ?3, ?4) AND edge < ?8 AND born <= ?9 AND died > ?10
ORDER BY edge, idlen, id LIMIT ?11
-- mariadb
SELECT id, born, died, rev, edge, withheld, digests
FROM item FORCE INDEX (item_edge)
WHERE collection = ? AND ((edge = ? AND idlen = ? AND id > ?) OR (edge = ? AND idlen > ?) OR edge > ?)
    AND edge < ? AND born <= ? AND died > ?
ORDER BY edge, idlen, id LIMIT ?

-- STMT_ITEM_WIPE
DELETE FROM item WHERE collection = ?

-- The second bound is what lets SQLite use its partial index.
-- STMT_ITEM_PURGE
DELETE FROM item WHERE collection = ? AND died <= ? AND died < 2147483647

-- STMT_ITEM_UNBORN
DELETE FROM item WHERE collection = ? AND born = ?

-- STMT_ITEM_REVIVE
UPDATE item SET died = 2147483647 WHERE collection = ? AND died = ? AND died < 2147483647

-- STMT_PENDING_PUT
REPLACE INTO pending (collection, idlen, id, taken, place, state, rev, edge) VALUES (?, ?, ?, 0, ?, ?, ?, ?)

-- STMT_PENDING_DROP
DELETE FROM pending WHERE collection = ? AND idlen = ? AND id = ? AND taken = ?

-- STMT_PENDING_GET
SELECT place, state, rev, edge FROM pending WHERE collection = ? AND idlen = ? AND id = ? AND taken = 0

-- STMT_PENDING_TOLD
REPLACE INTO pending (collection, idlen, id, taken, place, state, rev, edge) VALUES (?, ?, ?, ?, ?, ?, ?, ?)

-- STMT_PENDING_FIND
-- sqlite
SELECT id, place, state, rev, edge
FROM pending
WHERE taken = 0 AND collection = ? AND idlen = ? AND id IN (@FIND@)
-- mariadb
SELECT id, place, state, rev, edge
FROM pending FORCE INDEX (PRIMARY)
WHERE taken = 0 AND collection = ? AND idlen = ? AND id IN (@FIND@)

-- The queue, with what the device has of each item.
-- STMT_PENDING_SCAN
-- sqlite
SELECT p.id, p.place, p.state, p.rev, p.edge, i.born, i.died, i.rev, i.edge, i.withheld, i.digests
FROM pending p
LEFT JOIN item i ON i.collection = p.collection AND i.idlen = p.idlen AND i.id = p.id AND i.born <= ?1 AND i.died > ?2
WHERE p.collection = ?3 AND p.taken = 0 AND (p.place, p.idlen, p.id) > (?4, ?5, ?6)
ORDER BY p.place, p.idlen, p.id LIMIT ?10
-- mariadb
SELECT p.id, p.place, p.state, p.rev, p.edge, i.born, i.died, i.rev, i.edge, i.withheld, i.digests
FROM pending p FORCE INDEX (pending_place)
LEFT JOIN item i FORCE INDEX (PRIMARY) ON i.collection = p.collection AND i.idlen = p.idlen AND i.id = p.id
    AND i.born <= ? AND i.died > ?
WHERE p.collection = ? AND p.taken = 0
    AND ((p.place = ? AND p.idlen = ? AND p.id > ?) OR (p.place = ? AND p.idlen > ?) OR p.place > ?)
ORDER BY p.place, p.idlen, p.id LIMIT ?

-- Told for the first time in its generation: nothing else of the id has been taken in it.
-- STMT_PENDING_TAKE
UPDATE pending SET taken = ?
WHERE collection = ? AND idlen = ? AND id = ? AND taken = 0 AND state = ? AND rev = ?

-- STMT_PENDING_SETTLE
DELETE FROM pending WHERE collection = ? AND idlen = ? AND id = ? AND taken = 0 AND state = ? AND rev = ?

-- MariaDB would take the primary key and pass over entries taken.
-- STMT_PENDING_COUNT
-- sqlite
SELECT COUNT(*) FROM (SELECT 1 FROM pending WHERE collection = ? AND taken = 0 LIMIT ?) t
-- mariadb
SELECT COUNT(*)
FROM (SELECT 1 FROM pending FORCE INDEX (pending_place) WHERE collection = ? AND taken = 0 LIMIT ?) t

-- STMT_PENDING_WIPE
DELETE FROM pending WHERE collection = ?

-- STMT_PENDING_PURGE
DELETE FROM pending WHERE collection = ? AND taken > 0 AND taken <= ?

-- Entries that have a newer untaken one of the same id stay as they are; PENDING_FORGET removes them.
-- STMT_PENDING_UNTAKE
-- sqlite
UPDATE OR IGNORE pending SET taken = 0 WHERE collection = ? AND taken = ?
-- mariadb
UPDATE IGNORE pending SET taken = 0 WHERE collection = ? AND taken = ?

-- STMT_PENDING_FORGET
DELETE FROM pending WHERE collection = ? AND taken = ?

-- STMT_ECHO_GET
SELECT digest, done, code, id, rev, edge, made
FROM echo
WHERE collection = ? AND base = ? AND kind = ? AND cid = ?

-- STMT_ECHO_SCAN
SELECT kind, cid, digest, done, code, id, rev, edge, made
FROM echo
WHERE collection = ? AND base = ?
ORDER BY kind, cid

-- STMT_ECHO_PUT
REPLACE INTO echo (collection, base, kind, cid, digest, done, code, id, rev, edge, made)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)

-- STMT_ECHO_WIPE
DELETE FROM echo WHERE collection = ?

-- STMT_ECHO_PURGE
DELETE FROM echo WHERE collection = ? AND base < ?

-- STMT_SENT_GET
SELECT digest, done, code, id, rev, edge, made
FROM sent
WHERE device = ? AND base = ? AND kind = ? AND cid = ?

-- STMT_SENT_PUT
REPLACE INTO sent (device, base, kind, cid, digest, done, code, id, rev, edge, made)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)

-- STMT_SENT_NTH
SELECT made FROM sent WHERE device = ? ORDER BY made DESC LIMIT 1 OFFSET ?

-- STMT_SENT_TRIM
DELETE FROM sent WHERE device = ? AND made < ?

-- STMT_LOGIN_GET
SELECT value FROM login WHERE name = ? AND made >= ?

-- STMT_LOGIN_SET
REPLACE INTO login (name, value, made) VALUES (?, ?, ?)

-- STMT_LOGIN_DROP
DELETE FROM login WHERE name = ?

-- STMT_LOGIN_EXPIRE
DELETE FROM login WHERE made < ?

-- STMT_COLLECTION_RETRY
UPDATE collection SET retry_at = ? WHERE id = ?

-- STMT_CLASH_ADD
INSERT INTO clash (usr, made, cls, device, folder, item, device_edit, server_edit, winner, names, lost, copy_id)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)

-- The first that is one too many.
-- STMT_CLASH_NTH
SELECT id FROM clash WHERE usr = ? ORDER BY id DESC LIMIT 1 OFFSET ?

-- STMT_CLASH_TRIM
DELETE FROM clash WHERE usr = ? AND id <= ?

-- STMT_CLASH_EXPIRE
DELETE FROM clash WHERE usr = ? AND made < ?

-- After the id given, of one user.
-- STMT_CLASH_SCAN
SELECT c.id, c.made, c.cls, c.device, c.folder, c.item, c.device_edit, c.server_edit, c.winner, c.names, c.lost,
       c.copy_id, u.user_key, c.usr
FROM clash c JOIN usr u ON u.id = c.usr
WHERE c.usr = ? AND c.id > ?
ORDER BY c.id LIMIT ?

-- … of all.
-- STMT_CLASH_SCAN_ALL
SELECT c.id, c.made, c.cls, c.device, c.folder, c.item, c.device_edit, c.server_edit, c.winner, c.names, c.lost,
       c.copy_id, (SELECT u.user_key FROM usr u WHERE u.id = c.usr), c.usr
FROM clash c
WHERE c.id > ?
ORDER BY c.id LIMIT ?

-- STMT_REMADE_GET
SELECT uid, root, lease, made FROM remade WHERE usr = ? AND cls = ? AND idlen = ? AND id = ?

-- STMT_REMADE_ADD
INSERT INTO remade (usr, cls, idlen, id, uid, root, lease, lease_until, made) VALUES (?, ?, ?, ?, ?, ?, '', NULL, ?)

-- STMT_REMADE_LEASE
UPDATE remade SET lease = ?, lease_until = ?, made = ?
WHERE usr = ? AND cls = ? AND idlen = ? AND id = ? AND (lease = '' OR lease = ? OR lease_until <= ?)

-- STMT_REMADE_UNLEASE
UPDATE remade SET lease = '', lease_until = NULL WHERE usr = ? AND cls = ? AND idlen = ? AND id = ? AND lease = ?

-- STMT_REMADE_TRIM
DELETE FROM remade WHERE usr = ? AND made < ?

-- STMT_BAD_PUT
REPLACE INTO bad (collection, kind, idlen, id, item, code, reason, retry, made) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)

-- STMT_BAD_DROP
DELETE FROM bad WHERE collection = ? AND kind = ? AND idlen = ? AND id = ?

-- STMT_BAD_SCAN
SELECT kind, id, item, code, reason, retry, made FROM bad
WHERE collection = ? AND kind >= ?
ORDER BY collection, kind, idlen, id LIMIT 512

-- STMT_BAD_TRIM
DELETE FROM bad WHERE collection = ? AND kind > 0 AND made < ?

-- STMT_BAD_WIPE
DELETE FROM bad WHERE collection = ?

-- STMT_BAD_NEXT
SELECT collection FROM bad WHERE collection > ? ORDER BY collection LIMIT 1

-- Of one collection; what was held back counts as long as it is.
-- STMT_BAD_LIST
SELECT b.kind, b.id, b.item, b.code, b.reason, b.retry, b.made, b.collection, d.usr, d.device_id,
       (SELECT u.user_key FROM usr u WHERE u.id = d.usr), c.fid,
       (SELECT f.name FROM folder f WHERE f.usr = d.usr AND f.fid = c.fid)
FROM collection c JOIN device d ON d.id = c.device JOIN bad b ON b.collection = c.id
WHERE c.id = ? AND (b.kind > 0 OR EXISTS (SELECT 1 FROM item i WHERE i.collection = b.collection
      AND i.idlen = b.idlen AND i.id = b.id AND i.born <= c.gen AND i.died > c.gen AND i.withheld > 0))

-- ---- upkeep ----

-- STMT_DEVICE_STALE
SELECT id FROM device WHERE seen < ? ORDER BY seen LIMIT ?

-- Collections of folders that are gone: their devices have been told by the hierarchy, or will be.
-- STMT_REPAIR_GONE
DELETE FROM collection WHERE fid > 0 AND EXISTS
    (SELECT 1 FROM device d JOIN folder f ON f.usr = d.usr WHERE d.id = collection.device AND f.fid = collection.fid
     AND f.live IS NULL)

-- What one device has.
-- STMT_COLLECTION_SCAN
SELECT c.id, c.device, c.fid, c.cls, c.epoch, c.gen, c.prev, c.since, c.created, c.full_at, c.lease, c.lease_until,
       (SELECT f.name FROM device d JOIN folder f ON f.usr = d.usr WHERE d.id = c.device AND f.fid = c.fid),
       (SELECT f.live FROM device d JOIN folder f ON f.usr = d.usr WHERE d.id = c.device AND f.fid = c.fid),
       (SELECT COUNT(*) FROM item i
        WHERE i.collection = c.id AND i.born <= c.gen AND i.died > c.gen AND i.withheld <> 1),
       (SELECT COUNT(*) FROM pending p WHERE p.collection = c.id AND p.taken = 0)
FROM collection c
WHERE c.device = ? AND c.fid > ?
ORDER BY c.fid LIMIT ?

-- The rows of checks[] in sql_upkeep.c: CHECK counts what is wrong, REPAIR of the same name takes it away. A
-- collection that cannot be trusted goes as a whole: its device is told to start over. Repairs name their own table
-- in no inner query, which MariaDB would refuse.

-- STMT_CHECK_DEVICE
SELECT COUNT(*) FROM device WHERE usr NOT IN (SELECT id FROM usr)

-- STMT_REPAIR_DEVICE
DELETE FROM device WHERE usr NOT IN (SELECT id FROM usr)

-- STMT_CHECK_FOLDER
SELECT COUNT(*) FROM folder WHERE usr NOT IN (SELECT id FROM usr)

-- STMT_REPAIR_FOLDER
DELETE FROM folder WHERE usr NOT IN (SELECT id FROM usr)

-- STMT_CHECK_ATTR
SELECT COUNT(*) FROM device_attr WHERE device NOT IN (SELECT id FROM device)

-- STMT_REPAIR_ATTR
DELETE FROM device_attr WHERE device NOT IN (SELECT id FROM device)

-- STMT_CHECK_SENT
SELECT COUNT(*) FROM sent WHERE device NOT IN (SELECT id FROM device)

-- STMT_REPAIR_SENT
DELETE FROM sent WHERE device NOT IN (SELECT id FROM device)

-- STMT_CHECK_COLLECTION
SELECT COUNT(*) FROM collection WHERE device NOT IN (SELECT id FROM device)

-- STMT_REPAIR_COLLECTION
DELETE FROM collection WHERE device NOT IN (SELECT id FROM device)

-- STMT_CHECK_COLLECTION_FOLDER
SELECT COUNT(*) FROM collection WHERE fid > 0 AND NOT EXISTS (SELECT 1 FROM device d JOIN folder f ON f.usr = d.usr
    WHERE d.id = collection.device AND f.fid = collection.fid)

-- STMT_REPAIR_COLLECTION_FOLDER
DELETE FROM collection WHERE fid > 0 AND NOT EXISTS (SELECT 1 FROM device d JOIN folder f ON f.usr = d.usr
    WHERE d.id = collection.device AND f.fid = collection.fid)

-- STMT_CHECK_COLLECTION_GEN
SELECT COUNT(*) FROM collection WHERE gen < 1 OR prev < 1 OR prev > gen

-- STMT_REPAIR_COLLECTION_GEN
DELETE FROM collection WHERE gen < 1 OR prev < 1 OR prev > gen

-- STMT_CHECK_ITEM
SELECT COUNT(*) FROM item WHERE collection NOT IN (SELECT id FROM collection)

-- STMT_REPAIR_ITEM
DELETE FROM item WHERE collection NOT IN (SELECT id FROM collection)

-- MoveItems ends a row that the newest answer brought before it was born: such a row is of no generation, and no fault.
-- STMT_CHECK_ITEM_GEN
SELECT COUNT(*) FROM collection WHERE EXISTS (SELECT 1 FROM item i WHERE i.collection = collection.id
    AND (i.born > collection.gen OR (i.died > collection.gen AND i.died <> 2147483647)))

-- STMT_REPAIR_ITEM_GEN
DELETE FROM collection WHERE EXISTS (SELECT 1 FROM item i WHERE i.collection = collection.id
    AND (i.born > collection.gen OR (i.died > collection.gen AND i.died <> 2147483647)))

-- STMT_CHECK_ITEM_TWICE
SELECT COUNT(*) FROM collection WHERE EXISTS (SELECT 1 FROM item i JOIN item k ON k.collection = i.collection
    AND k.idlen = i.idlen AND k.id = i.id AND k.born > i.born AND k.born < i.died AND k.died > k.born
    WHERE i.collection = collection.id)

-- STMT_REPAIR_ITEM_TWICE
DELETE FROM collection WHERE EXISTS (SELECT 1 FROM item i JOIN item k ON k.collection = i.collection
    AND k.idlen = i.idlen AND k.id = i.id AND k.born > i.born AND k.born < i.died AND k.died > k.born
    WHERE i.collection = collection.id)

-- STMT_CHECK_ITEM_DIGESTS
SELECT COUNT(*) FROM collection WHERE EXISTS (SELECT 1 FROM item i WHERE i.collection = collection.id
    AND LENGTH(i.digests) % 7 <> 0)

-- STMT_REPAIR_ITEM_DIGESTS
DELETE FROM collection WHERE EXISTS (SELECT 1 FROM item i WHERE i.collection = collection.id
    AND LENGTH(i.digests) % 7 <> 0)

-- STMT_CHECK_PENDING
SELECT COUNT(*) FROM pending WHERE collection NOT IN (SELECT id FROM collection)

-- STMT_REPAIR_PENDING
DELETE FROM pending WHERE collection NOT IN (SELECT id FROM collection)

-- STMT_CHECK_PENDING_GEN
SELECT COUNT(*) FROM collection WHERE EXISTS (SELECT 1 FROM pending p WHERE p.collection = collection.id
    AND (p.taken > collection.gen OR p.taken < 0 OR p.state < 0 OR p.state > 2))

-- STMT_REPAIR_PENDING_GEN
DELETE FROM collection WHERE EXISTS (SELECT 1 FROM pending p WHERE p.collection = collection.id
    AND (p.taken > collection.gen OR p.taken < 0 OR p.state < 0 OR p.state > 2))

-- STMT_CHECK_ECHO
SELECT COUNT(*) FROM echo WHERE collection NOT IN (SELECT id FROM collection)

-- STMT_REPAIR_ECHO
DELETE FROM echo WHERE collection NOT IN (SELECT id FROM collection)

-- STMT_CHECK_ECHO_GEN
SELECT COUNT(*) FROM collection WHERE EXISTS (SELECT 1 FROM echo e WHERE e.collection = collection.id
    AND e.base > collection.gen)

-- STMT_REPAIR_ECHO_GEN
DELETE FROM collection WHERE EXISTS (SELECT 1 FROM echo e WHERE e.collection = collection.id
    AND e.base > collection.gen)

-- STMT_CHECK_BAD
SELECT COUNT(*) FROM bad WHERE collection NOT IN (SELECT id FROM collection)

-- STMT_REPAIR_BAD
DELETE FROM bad WHERE collection NOT IN (SELECT id FROM collection)

-- Ids above are those of core.h's USM__FID_OWN.
-- STMT_CHECK_LAST_FID
SELECT COUNT(*) FROM usr
WHERE last_fid < (SELECT COALESCE(MAX(f.fid), 0) FROM folder f WHERE f.usr = usr.id
    AND f.fid < 900000000)

-- STMT_REPAIR_LAST_FID
UPDATE usr SET last_fid = (SELECT MAX(f.fid) FROM folder f WHERE f.usr = usr.id
    AND f.fid < 900000000)
WHERE last_fid < (SELECT COALESCE(MAX(f.fid), 0) FROM folder f WHERE f.usr = usr.id
    AND f.fid < 900000000)
