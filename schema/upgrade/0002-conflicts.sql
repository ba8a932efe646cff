-- SPDX-License-Identifier: Apache-2.0
-- The conflict log, and what cannot be brought to or taken from devices.

-- sqlite
ALTER TABLE collection ADD COLUMN retry_at INTEGER;
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

-- mariadb
ALTER TABLE collection ADD COLUMN IF NOT EXISTS retry_at BIGINT AFTER lease_until;
-- Conflicts that one side lost. They outlive the device.
CREATE TABLE IF NOT EXISTS clash (
    id BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
    usr BIGINT NOT NULL,
    made BIGINT NOT NULL,
    cls INT NOT NULL,
    device VARBINARY(255) NOT NULL,
    folder VARBINARY(1024) NOT NULL,
    item VARBINARY(1024) NOT NULL,
    device_edit VARBINARY(255) NOT NULL,
    server_edit VARBINARY(255) NOT NULL,
    winner VARBINARY(255) NOT NULL,
    names VARCHAR(1024) NOT NULL,
    lost MEDIUMTEXT NOT NULL,
    copy_id VARBINARY(1024),
    KEY clash_usr (usr, id),
    KEY clash_made (usr, made),
    FOREIGN KEY (usr) REFERENCES usr (id) ON DELETE CASCADE
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

-- kind 0: items held back, id is the item's; else commands refused, id is the digest of what was asked.
CREATE TABLE IF NOT EXISTS bad (
    collection BIGINT NOT NULL,
    kind TINYINT NOT NULL,
    idlen SMALLINT NOT NULL,
    id VARBINARY(255) NOT NULL,
    item VARBINARY(1024) NOT NULL,
    code BIGINT NOT NULL,
    reason VARCHAR(1024) NOT NULL,
    retry TINYINT NOT NULL,
    made BIGINT NOT NULL,
    PRIMARY KEY (collection, kind, idlen, id),
    FOREIGN KEY (collection) REFERENCES collection (id) ON DELETE CASCADE
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
