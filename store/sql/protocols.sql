-- The versions of the file of protocols; nothing is edited or deleted.

-- name: newest_protocols
-- The version of the protocols that is in force, and what it says; no row: those that ship.
SELECT version, body FROM protocols ORDER BY version DESC LIMIT 1;

-- name: protocols_of_version
-- What a version of the protocols says.
SELECT body FROM protocols WHERE version = %(version)s;

-- name: protocol_versions
-- Versions of the protocols below one (null: all), the newest first.
SELECT version, made_at, made_by, jsonb_array_length(body -> 'protocol') FROM protocols
WHERE %(before)s::bigint IS NULL OR version < %(before)s ORDER BY version DESC LIMIT %(limit)s;

-- name: hold_protocols
-- One import at a time, until the transaction ends.
SELECT pg_advisory_xact_lock(7120, 3);

-- name: enter_protocols
-- Another version of the protocols.
INSERT INTO protocols (version, body, made_at, made_by) VALUES (%(version)s, %(body)s, %(at)s, %(by)s);
