-- The audit: written by the database's own function, read by auditors, anchored by day.

-- name: audit_write
-- Writes one entry; it gets its number and its hash at the COMMIT.
SELECT audit_write(%(at)s, %(body)s, %(subjects)s::text[]);
