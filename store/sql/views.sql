-- Saved views of the alert queue.

-- name: views_of
-- The views of an account and those that are shared, by name.
SELECT view_no, owner, name, query, shared FROM saved_views WHERE owner = %(owner)s OR shared
ORDER BY (owner <> %(owner)s), lower(name), view_no;

-- name: hold_views_of
-- One change of an account's views at a time, until the transaction ends.
SELECT pg_advisory_xact_lock(7125, hashtext(%(owner)s));

-- name: count_views_of
-- How many views an account has beside one of a name.
SELECT count(*) FROM saved_views WHERE owner = %(owner)s AND name <> %(name)s;

-- name: enter_view
-- Keeps a view; under a name that the account has used it takes the place of the old one.
INSERT INTO saved_views (owner, name, query, shared, made_at) VALUES (%(owner)s, %(name)s, %(query)s, %(shared)s, %(at)s)
ON CONFLICT (owner, name) DO UPDATE SET query = EXCLUDED.query, shared = EXCLUDED.shared, made_at = EXCLUDED.made_at
RETURNING view_no, owner, name, query, shared;

-- name: drop_view
-- Lets a view go: one's own, or (`senior`) a shared one of another's; nothing when there is none of these.
DELETE FROM saved_views WHERE view_no = %(view_no)s AND (owner = %(owner)s OR (shared AND %(senior)s)) RETURNING view_no;

-- name: tell_view
-- A page shows a view, until it has not said so for a while; what others have not said for a while goes.
WITH over AS (DELETE FROM views_in_use WHERE until_at <= %(now)s)
INSERT INTO views_in_use (who, role, query, until_at) VALUES (%(who)s, %(role)s, %(query)s, %(until)s)
ON CONFLICT (who, role, query) DO UPDATE SET until_at = EXCLUDED.until_at;

-- name: views_in_use
-- The views that pages show now, by whose they are.
SELECT who, role, query FROM views_in_use WHERE until_at > %(now)s ORDER BY who, role, query LIMIT %(limit)s;
