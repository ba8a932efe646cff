-- SPDX-License-Identifier: Apache-2.0
-- Devices that were not seen for long are found without looking at the others.

-- both
CREATE INDEX IF NOT EXISTS device_seen ON device (seen);
