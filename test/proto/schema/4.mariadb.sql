-- SPDX-License-Identifier: Apache-2.0
-- State of libusm on MariaDB. The same tables on SQLite: usm.sqlite.sql; a test compares the two.
-- What the columns mean: schema/README and <usm/store.h>. Times are milliseconds since 1970, NULL where there is none.
-- A statement ends with the semicolon at the end of a line.

CREATE TABLE IF NOT EXISTS usm_schema (
    id INT NOT NULL PRIMARY KEY,
    version INT NOT NULL
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE TABLE IF NOT EXISTS usr (
    id BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
    user_key VARBINARY(255) NOT NULL,
    last_fid BIGINT NOT NULL,
    UNIQUE KEY usr_key (user_key)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE TABLE IF NOT EXISTS device (
    id BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
    usr BIGINT NOT NULL,
    device_id VARBINARY(255) NOT NULL,
    device_type VARCHAR(255) NOT NULL,
    policy_key BIGINT NOT NULL,
    policy_digest VARBINARY(255) NOT NULL,
    pending_key BIGINT NOT NULL,
    pending_digest VARBINARY(255) NOT NULL,
    created BIGINT NOT NULL,
    seen BIGINT NOT NULL,
    UNIQUE KEY device_id (usr, device_id),
    KEY device_seen (seen),
    FOREIGN KEY (usr) REFERENCES usr (id) ON DELETE CASCADE
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE TABLE IF NOT EXISTS device_attr (
    device BIGINT NOT NULL,
    name VARBINARY(255) NOT NULL,
    value MEDIUMTEXT NOT NULL,
    PRIMARY KEY (device, name),
    FOREIGN KEY (device) REFERENCES device (id) ON DELETE CASCADE
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

-- live is 1, or NULL for a folder that is gone: so backend ids are unique among living folders only.
CREATE TABLE IF NOT EXISTS folder (
    usr BIGINT NOT NULL,
    fid BIGINT NOT NULL,
    backend_id VARBINARY(1024) NOT NULL,
    live TINYINT,
    parent BIGINT NOT NULL,
    name VARCHAR(1024) NOT NULL,
    cls INT NOT NULL,
    role INT NOT NULL,
    rights INT NOT NULL,
    token VARBINARY(1024) NOT NULL,
    has_children TINYINT NOT NULL,
    PRIMARY KEY (usr, fid),
    UNIQUE KEY folder_backend (usr, backend_id, live),
    FOREIGN KEY (usr) REFERENCES usr (id) ON DELETE CASCADE
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE TABLE IF NOT EXISTS collection (
    id BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
    device BIGINT NOT NULL,
    fid BIGINT NOT NULL,
    cls INT NOT NULL,
    epoch BIGINT NOT NULL,
    gen BIGINT NOT NULL,
    prev BIGINT NOT NULL,
    since BIGINT,
    open_tasks TINYINT NOT NULL,
    progress MEDIUMTEXT,
    options MEDIUMTEXT,
    created BIGINT,
    full_at BIGINT,
    lease VARBINARY(255) NOT NULL,
    lease_until BIGINT,
    retry_at BIGINT,
    UNIQUE KEY collection_fid (device, fid),
    FOREIGN KEY (device) REFERENCES device (id) ON DELETE CASCADE
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

-- A row is what the device has in the generations born <= G < died. The primary key is the order of comparisons.
CREATE TABLE IF NOT EXISTS item (
    collection BIGINT NOT NULL,
    idlen SMALLINT NOT NULL,
    id VARBINARY(255) NOT NULL,
    born INT NOT NULL,
    died INT NOT NULL,
    rev BIGINT NOT NULL,
    edge BIGINT,
    withheld TINYINT NOT NULL,
    digests BLOB,
    PRIMARY KEY (collection, idlen, id, born),
    KEY item_born (collection, born),
    KEY item_died (collection, died),
    KEY item_edge (collection, edge, idlen, id),
    FOREIGN KEY (collection) REFERENCES collection (id) ON DELETE CASCADE
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

-- taken is the generation that told the device, 0 as long as none did. place is the complement of ord: it ascends.
CREATE TABLE IF NOT EXISTS pending (
    collection BIGINT NOT NULL,
    idlen SMALLINT NOT NULL,
    id VARBINARY(255) NOT NULL,
    taken INT NOT NULL,
    place BIGINT NOT NULL,
    state TINYINT NOT NULL,
    rev BIGINT NOT NULL,
    edge BIGINT,
    PRIMARY KEY (collection, idlen, id, taken),
    KEY pending_place (collection, taken, place, idlen, id),
    FOREIGN KEY (collection) REFERENCES collection (id) ON DELETE CASCADE
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE TABLE IF NOT EXISTS echo (
    collection BIGINT NOT NULL,
    base BIGINT NOT NULL,
    kind TINYINT NOT NULL,
    cid VARBINARY(255) NOT NULL,
    digest BIGINT NOT NULL,
    done TINYINT NOT NULL,
    code BIGINT NOT NULL,
    id VARBINARY(1024),
    rev BIGINT NOT NULL,
    edge BIGINT,
    made BIGINT,
    PRIMARY KEY (collection, base, kind, cid),
    FOREIGN KEY (collection) REFERENCES collection (id) ON DELETE CASCADE
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

-- Echo rows that belong to a device and not to one of its collections: messages sent.
CREATE TABLE IF NOT EXISTS sent (
    device BIGINT NOT NULL,
    base BIGINT NOT NULL,
    kind TINYINT NOT NULL,
    cid VARBINARY(255) NOT NULL,
    digest BIGINT NOT NULL,
    done TINYINT NOT NULL,
    code BIGINT NOT NULL,
    id VARBINARY(1024),
    rev BIGINT NOT NULL,
    edge BIGINT,
    made BIGINT,
    PRIMARY KEY (device, base, kind, cid),
    KEY sent_made (device, made),
    FOREIGN KEY (device) REFERENCES device (id) ON DELETE CASCADE
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE TABLE IF NOT EXISTS login (
    name VARBINARY(255) NOT NULL PRIMARY KEY,
    value MEDIUMTEXT NOT NULL,
    made BIGINT NOT NULL,
    KEY login_made (made)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

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

-- Items that were made again after they had been deleted: all ids that one item had have its uid, and its first id as
-- root. The root's row says who is making it again right now.
CREATE TABLE IF NOT EXISTS remade (
    usr BIGINT NOT NULL,
    cls INT NOT NULL,
    idlen SMALLINT NOT NULL,
    id VARBINARY(255) NOT NULL,
    uid VARBINARY(1024) NOT NULL,
    root VARBINARY(255) NOT NULL,
    lease VARBINARY(255) NOT NULL,
    lease_until BIGINT,
    made BIGINT NOT NULL,
    PRIMARY KEY (usr, cls, idlen, id),
    KEY remade_made (usr, made),
    FOREIGN KEY (usr) REFERENCES usr (id) ON DELETE CASCADE
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

REPLACE INTO usm_schema (id, version) VALUES (1, 4);
