-- SPDX-License-Identifier: Apache-2.0
-- State of libusm on SQLite. The same tables on MariaDB: usm.mariadb.sql; a test compares the two.
-- What the columns mean: schema/README and <usm/store.h>. Times are milliseconds since 1970, NULL where there is none.
-- A statement ends with the semicolon at the end of a line.

CREATE TABLE IF NOT EXISTS usm_schema (
    id INTEGER NOT NULL PRIMARY KEY,
    version INTEGER NOT NULL
);

CREATE TABLE IF NOT EXISTS usr (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    user_key TEXT NOT NULL UNIQUE,
    last_fid INTEGER NOT NULL
);

CREATE TABLE IF NOT EXISTS device (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    usr INTEGER NOT NULL REFERENCES usr (id) ON DELETE CASCADE,
    device_id TEXT NOT NULL,
    device_type TEXT NOT NULL,
    policy_key INTEGER NOT NULL,
    policy_digest TEXT NOT NULL,
    pending_key INTEGER NOT NULL,
    pending_digest TEXT NOT NULL,
    created INTEGER NOT NULL,
    seen INTEGER NOT NULL,
    UNIQUE (usr, device_id)
);
CREATE INDEX IF NOT EXISTS device_seen ON device (seen);

CREATE TABLE IF NOT EXISTS device_attr (
    device INTEGER NOT NULL REFERENCES device (id) ON DELETE CASCADE,
    name TEXT NOT NULL,
    value TEXT NOT NULL,
    PRIMARY KEY (device, name)
) WITHOUT ROWID;

-- live is 1, or NULL for a folder that is gone: so backend ids are unique among living folders only.
CREATE TABLE IF NOT EXISTS folder (
    usr INTEGER NOT NULL REFERENCES usr (id) ON DELETE CASCADE,
    fid INTEGER NOT NULL,
    backend_id TEXT NOT NULL,
    live INTEGER,
    parent INTEGER NOT NULL,
    name TEXT NOT NULL,
    cls INTEGER NOT NULL,
    role INTEGER NOT NULL,
    rights INTEGER NOT NULL,
    token TEXT NOT NULL,
    has_children INTEGER NOT NULL,
    PRIMARY KEY (usr, fid),
    UNIQUE (usr, backend_id, live)
) WITHOUT ROWID;

CREATE TABLE IF NOT EXISTS collection (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    device INTEGER NOT NULL REFERENCES device (id) ON DELETE CASCADE,
    fid INTEGER NOT NULL,
    cls INTEGER NOT NULL,
    epoch INTEGER NOT NULL,
    gen INTEGER NOT NULL,
    prev INTEGER NOT NULL,
    since INTEGER,
    open_tasks INTEGER NOT NULL,
    progress TEXT,
    options TEXT,
    created INTEGER,
    full_at INTEGER,
    lease TEXT NOT NULL,
    lease_until INTEGER,
    retry_at INTEGER,
    UNIQUE (device, fid)
);

-- A row is what the device has in the generations born <= G < died. The primary key is the order of comparisons.
-- The partial indexes leave out the rows that are never looked for there: the living ones, those without an edge.
CREATE TABLE IF NOT EXISTS item (
    collection INTEGER NOT NULL REFERENCES collection (id) ON DELETE CASCADE,
    idlen INTEGER NOT NULL,
    id TEXT NOT NULL,
    born INTEGER NOT NULL,
    died INTEGER NOT NULL,
    rev INTEGER NOT NULL,
    edge INTEGER,
    withheld INTEGER NOT NULL,
    digests BLOB,
    PRIMARY KEY (collection, idlen, id, born)
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS item_born ON item (collection, born);
CREATE INDEX IF NOT EXISTS item_died ON item (collection, died) WHERE died < 2147483647;
CREATE INDEX IF NOT EXISTS item_edge ON item (collection, edge, idlen, id) WHERE edge IS NOT NULL;

-- taken is the generation that told the device, 0 as long as none did. place is the complement of ord: it ascends.
CREATE TABLE IF NOT EXISTS pending (
    collection INTEGER NOT NULL REFERENCES collection (id) ON DELETE CASCADE,
    idlen INTEGER NOT NULL,
    id TEXT NOT NULL,
    taken INTEGER NOT NULL,
    place INTEGER NOT NULL,
    state INTEGER NOT NULL,
    rev INTEGER NOT NULL,
    edge INTEGER,
    PRIMARY KEY (collection, idlen, id, taken)
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS pending_place ON pending (collection, taken, place, idlen, id);

CREATE TABLE IF NOT EXISTS echo (
    collection INTEGER NOT NULL REFERENCES collection (id) ON DELETE CASCADE,
    base INTEGER NOT NULL,
    kind INTEGER NOT NULL,
    cid TEXT NOT NULL,
    digest INTEGER NOT NULL,
    done INTEGER NOT NULL,
    code INTEGER NOT NULL,
    id TEXT,
    rev INTEGER NOT NULL,
    edge INTEGER,
    made INTEGER,
    PRIMARY KEY (collection, base, kind, cid)
) WITHOUT ROWID;

-- Echo rows that belong to a device and not to one of its collections: messages sent.
CREATE TABLE IF NOT EXISTS sent (
    device INTEGER NOT NULL REFERENCES device (id) ON DELETE CASCADE,
    base INTEGER NOT NULL,
    kind INTEGER NOT NULL,
    cid TEXT NOT NULL,
    digest INTEGER NOT NULL,
    done INTEGER NOT NULL,
    code INTEGER NOT NULL,
    id TEXT,
    rev INTEGER NOT NULL,
    edge INTEGER,
    made INTEGER,
    PRIMARY KEY (device, base, kind, cid)
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS sent_made ON sent (device, made);

CREATE TABLE IF NOT EXISTS login (
    name TEXT NOT NULL PRIMARY KEY,
    value TEXT NOT NULL,
    made INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS login_made ON login (made);

-- Conflicts that one side lost. They outlive the device.
CREATE TABLE IF NOT EXISTS clash (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    usr INTEGER NOT NULL REFERENCES usr (id) ON DELETE CASCADE,
    made INTEGER NOT NULL,
    cls INTEGER NOT NULL,
    device TEXT NOT NULL,
    folder TEXT NOT NULL,
    item TEXT NOT NULL,
    device_edit TEXT NOT NULL,
    server_edit TEXT NOT NULL,
    winner TEXT NOT NULL,
    names TEXT NOT NULL,
    lost TEXT NOT NULL,
    copy_id TEXT
);
CREATE INDEX IF NOT EXISTS clash_usr ON clash (usr, id);
CREATE INDEX IF NOT EXISTS clash_made ON clash (usr, made);

-- kind 0: items held back, id is the item's; else commands refused, id is the digest of what was asked.
CREATE TABLE IF NOT EXISTS bad (
    collection INTEGER NOT NULL REFERENCES collection (id) ON DELETE CASCADE,
    kind INTEGER NOT NULL,
    idlen INTEGER NOT NULL,
    id TEXT NOT NULL,
    item TEXT NOT NULL,
    code INTEGER NOT NULL,
    reason TEXT NOT NULL,
    retry INTEGER NOT NULL,
    made INTEGER NOT NULL,
    PRIMARY KEY (collection, kind, idlen, id)
) WITHOUT ROWID;

-- Items that were made again after they had been deleted: all ids that one item had have its uid, and its first id as
-- root. The root's row says who is making it again right now.
CREATE TABLE IF NOT EXISTS remade (
    usr INTEGER NOT NULL REFERENCES usr (id) ON DELETE CASCADE,
    cls INTEGER NOT NULL,
    idlen INTEGER NOT NULL,
    id TEXT NOT NULL,
    uid TEXT NOT NULL,
    root TEXT NOT NULL,
    lease TEXT NOT NULL,
    lease_until INTEGER,
    made INTEGER NOT NULL,
    PRIMARY KEY (usr, cls, idlen, id)
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS remade_made ON remade (usr, made);

REPLACE INTO usm_schema (id, version) VALUES (1, 4);
