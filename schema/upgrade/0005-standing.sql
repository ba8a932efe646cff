-- SPDX-License-Identifier: Apache-2.0
-- What administrators have decided of devices, and the record of it.

-- sqlite
-- What an administrator has decided of a device, also before it comes and after it was forgotten. wipe: 0 none, 1 asked
-- for, 2 told to the device, 3 the device says it is done, 4 the device says it failed.
CREATE TABLE IF NOT EXISTS standing (
    usr INTEGER NOT NULL REFERENCES usr (id) ON DELETE CASCADE,
    device_id TEXT NOT NULL,
    access INTEGER NOT NULL,
    wipe INTEGER NOT NULL,
    account_only INTEGER NOT NULL,
    changed INTEGER NOT NULL,
    PRIMARY KEY (usr, device_id)
) WITHOUT ROWID;

-- Who decided what of which device, and what the device said to it.
CREATE TABLE IF NOT EXISTS audit (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    usr INTEGER NOT NULL REFERENCES usr (id) ON DELETE CASCADE,
    device_id TEXT NOT NULL,
    made INTEGER NOT NULL,
    actor TEXT NOT NULL,
    action TEXT NOT NULL,
    detail TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS audit_usr ON audit (usr, id);

-- mariadb
-- What an administrator has decided of a device, also before it comes and after it was forgotten. wipe: 0 none, 1 asked
-- for, 2 told to the device, 3 the device says it is done, 4 the device says it failed.
CREATE TABLE IF NOT EXISTS standing (
    usr BIGINT NOT NULL,
    device_id VARBINARY(255) NOT NULL,
    access SMALLINT NOT NULL,
    wipe SMALLINT NOT NULL,
    account_only SMALLINT NOT NULL,
    changed BIGINT NOT NULL,
    PRIMARY KEY (usr, device_id),
    FOREIGN KEY (usr) REFERENCES usr (id) ON DELETE CASCADE
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

-- Who decided what of which device, and what the device said to it.
CREATE TABLE IF NOT EXISTS audit (
    id BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
    usr BIGINT NOT NULL,
    device_id VARBINARY(255) NOT NULL,
    made BIGINT NOT NULL,
    actor VARBINARY(255) NOT NULL,
    action VARBINARY(255) NOT NULL,
    detail VARCHAR(1024) NOT NULL,
    KEY audit_usr (usr, id),
    FOREIGN KEY (usr) REFERENCES usr (id) ON DELETE CASCADE
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
