-- The versions of the file of protocols; nothing is edited or deleted.

-- name: newest_protocols
-- The version of the protocols that is in force, and what it says; no row: those that ship.
SELECT version, body FROM protocols ORDER BY version DESC LIMIT 1;

-- name: hold_protocols
-- One import at a time, until the transaction ends.
SELECT pg_advisory_xact_lock(7120, 3);

-- name: enter_protocols
-- Another version of the protocols.
INSERT INTO protocols (version, body, made_at, made_by) VALUES (%(version)s, %(body)s, %(at)s, %(by)s);
