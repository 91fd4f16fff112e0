-- Bringing the schema to where this program needs it.

-- name: lock_migrations
-- Only one migrates at a time; held by the session until it ends or unlocks.
SELECT pg_advisory_lock(7120, 0);

-- name: unlock_migrations
-- Lets the next one migrate.
SELECT pg_advisory_unlock(7120, 0);

-- name: create_migrations
-- The list of what was applied. The checksum is SHA-256 of the file's bytes.
CREATE TABLE IF NOT EXISTS migrations (
    name text PRIMARY KEY,
    checksum text NOT NULL,
    applied_at timestamptz NOT NULL DEFAULT clock_timestamp()
);

-- name: has_migrations
-- Whether the list is there at all.
SELECT to_regclass('migrations') IS NOT NULL;

-- name: applied_migrations
-- What was applied, in order.
SELECT name, checksum FROM migrations ORDER BY name;

-- name: record_migration
-- Writes down one that was just applied, in its transaction.
INSERT INTO migrations (name, checksum) VALUES (%(name)s, %(checksum)s);

-- name: can_install_timescaledb
-- TimescaleDB is on the machine and loaded by the server, this user may install it, and it is not installed here yet.
SELECT EXISTS (SELECT 1 FROM pg_available_extensions WHERE name = 'timescaledb' AND installed_version IS NULL)
    AND EXISTS (SELECT 1 FROM pg_settings WHERE name LIKE 'timescaledb.%%')
    AND (SELECT rolsuper FROM pg_roles WHERE rolname = current_user);

-- name: install_timescaledb
-- Before the first migration, so that facts stand in hypertables from the first day.
CREATE EXTENSION IF NOT EXISTS timescaledb;

-- name: has_timescaledb
-- Whether TimescaleDB is installed in this database.
SELECT EXISTS (SELECT 1 FROM pg_extension WHERE extname = 'timescaledb');
