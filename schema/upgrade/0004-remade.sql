-- SPDX-License-Identifier: Apache-2.0
-- Which items were made again as which.

-- sqlite
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

-- mariadb
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
