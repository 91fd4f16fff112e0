-- Who may sign in: accounts, their sessions, keys of machines, and sign-ins begun at the OpenID provider.

-- name: enter_account
-- Makes an account; nothing when the name is taken.
INSERT INTO accounts (name, shown, role, areas, email, organisation, password_hash, password_at, password_until, must_change,
    issuer, subject, made_at, made_by)
VALUES (%(name)s, %(shown)s, %(role)s, %(areas)s, %(email)s, %(organisation)s, %(password_hash)s,
    CASE WHEN %(password_hash)s::text IS NOT NULL THEN %(at)s::timestamptz END, %(until)s, %(must_change)s, %(issuer)s,
    %(subject)s, %(at)s, %(by)s)
ON CONFLICT (name) DO NOTHING RETURNING name;

-- name: account
-- One account, without its hash.
SELECT name, shown, role, areas, email, organisation, issuer, subject, password_hash IS NOT NULL, must_change, password_until,
    disabled_at, failures, locked_until, revision, made_at, made_by
FROM accounts WHERE name = %(name)s;

-- name: accounts
-- Accounts by their names; those of a role alone, when one is named.
SELECT name, shown, role, areas, email, organisation, issuer, subject, password_hash IS NOT NULL, must_change, password_until,
    disabled_at, failures, locked_until, revision, made_at, made_by
FROM accounts
WHERE (%(after)s::text IS NULL OR name > %(after)s) AND (%(role)s::text IS NULL OR role = %(role)s)
ORDER BY name LIMIT %(limit)s;

-- name: change_account
-- What an administrator says of an account; nothing when it has changed since, or there is none.
UPDATE accounts SET shown = %(shown)s, role = %(role)s, areas = %(areas)s, email = %(email)s, organisation = %(organisation)s,
    issuer = %(issuer)s, subject = %(subject)s, revision = revision + 1
WHERE name = %(name)s AND revision = %(revision)s RETURNING name;

-- name: set_password
-- A password, by its hash; whoever had failed may try again.
UPDATE accounts SET password_hash = %(password_hash)s, password_at = %(at)s, password_until = %(until)s,
    must_change = %(must_change)s, failures = 0, locked_until = NULL, revision = revision + 1
WHERE name = %(name)s RETURNING name;

-- name: hash_again
-- The same password by a stronger hash, unless it was changed meanwhile.
UPDATE accounts SET password_hash = %(password_hash)s WHERE name = %(name)s AND password_hash = %(was)s;

-- name: disable_account
-- Nobody signs in by it any more; nothing when that was so before.
UPDATE accounts SET disabled_at = %(at)s, revision = revision + 1 WHERE name = %(name)s AND disabled_at IS NULL RETURNING name;

-- name: enable_account
-- It may be signed in by again; nothing when that was so before.
UPDATE accounts SET disabled_at = NULL, revision = revision + 1 WHERE name = %(name)s AND disabled_at IS NOT NULL
RETURNING name;

-- name: unlock_account
-- Wrong passwords are forgotten; nothing when there were none.
UPDATE accounts SET failures = 0, locked_until = NULL, revision = revision + 1
WHERE name = %(name)s AND failures > 0 RETURNING name;

-- name: link_account
-- An account is from now on that of one person of the provider; nothing when it was somebody's before.
UPDATE accounts SET issuer = %(issuer)s, subject = %(subject)s, revision = revision + 1
WHERE name = %(name)s AND issuer IS NULL RETURNING name;

-- name: hold_account_to_try
-- What a password is compared with, held until the try is counted.
SELECT password_hash, disabled_at, password_until, failures, locked_until FROM accounts WHERE name = %(name)s FOR UPDATE;

-- name: count_try
-- A try counts as a failure until it is known to be none.
UPDATE accounts SET failures = %(failures)s, locked_until = %(locked_until)s WHERE name = %(name)s;

-- name: forget_failures
-- The password was right.
UPDATE accounts SET failures = 0, locked_until = NULL WHERE name = %(name)s AND failures > 0;

-- name: account_of_subject
-- The account of a person of the provider.
SELECT name FROM accounts WHERE issuer = %(issuer)s AND subject = %(subject)s;

-- name: account_of_email
-- The account of an address that is nobody's of the provider yet.
SELECT name FROM accounts WHERE email = %(email)s AND issuer IS NULL;

-- name: enter_session
-- A session begins, unless the account was disabled or its password changed meanwhile.
INSERT INTO sessions (id, token_hash, account, csrf, signed_in_by, made_at, seen_at, idle_s, ends_at)
SELECT %(id)s, %(token_hash)s, a.name, %(csrf)s, %(signed_in_by)s, %(at)s, %(at)s, %(idle_s)s, %(ends_at)s
FROM accounts a WHERE a.name = %(account)s AND a.disabled_at IS NULL
    AND (%(password_hash)s::text IS NULL OR a.password_hash = %(password_hash)s) FOR SHARE RETURNING id;

-- name: session
-- The session of a token that goes on, with its account.
SELECT s.id, s.csrf, s.made_at, s.seen_at, s.idle_s, s.ends_at, a.name, a.shown, a.role, a.areas, a.email, a.organisation,
    a.must_change
FROM sessions s JOIN accounts a ON a.name = s.account
WHERE s.token_hash = %(token_hash)s AND s.ended_at IS NULL AND a.disabled_at IS NULL
    AND s.ends_at > %(now)s AND s.seen_at + s.idle_s * interval '1 second' > %(now)s;

-- name: session_seen
-- A session was used: it lasts on from then.
UPDATE sessions SET seen_at = %(now)s WHERE id = %(id)s AND seen_at < %(now)s;

-- name: end_session
-- A session ends; nothing when it had.
UPDATE sessions SET ended_at = %(at)s, ended_why = %(why)s WHERE id = %(id)s AND ended_at IS NULL RETURNING id;

-- name: end_sessions
-- Every session of an account ends, but for one.
UPDATE sessions SET ended_at = %(at)s, ended_why = %(why)s
WHERE account = %(account)s AND ended_at IS NULL AND id IS DISTINCT FROM %(but)s::text RETURNING id;

-- name: end_oldest_sessions
-- Of an account's sessions only the newest go on: the one that has just begun, and so many others.
UPDATE sessions SET ended_at = %(at)s, ended_why = 'too_many'
WHERE id IN (SELECT id FROM sessions WHERE account = %(account)s AND ended_at IS NULL AND id <> %(newest)s
    ORDER BY made_at DESC, id OFFSET %(others)s);

-- name: drop_old_sessions
-- Sessions that ended long ago; what was done in them stands in the audit.
DELETE FROM sessions WHERE ends_at < %(before)s;

-- name: enter_api_key
-- Makes a key; its secret is kept as a hash alone.
INSERT INTO api_keys (id, secret_hash, shown, role, areas, organisation, reads_only, made_at, made_by, ends_at)
VALUES (%(id)s, %(secret_hash)s, %(shown)s, %(role)s, %(areas)s, %(organisation)s, %(reads_only)s, %(at)s, %(by)s, %(ends_at)s);

-- name: api_key
-- One key, whether or not it still opens anything.
SELECT id, shown, role, areas, organisation, reads_only, made_at, made_by, ends_at, revoked_at, used_at, secret_hash
FROM api_keys WHERE id = %(id)s;

-- name: api_keys
-- Keys by their ids, a page of them.
SELECT id, shown, role, areas, organisation, reads_only, made_at, made_by, ends_at, revoked_at, used_at
FROM api_keys WHERE (%(after)s::text IS NULL OR id > %(after)s) ORDER BY id LIMIT %(limit)s;

-- name: revoke_api_key
-- A key opens nothing any more; nothing when that was so before.
UPDATE api_keys SET revoked_at = %(at)s, revoked_by = %(by)s WHERE id = %(id)s AND revoked_at IS NULL RETURNING id;

-- name: api_key_used
-- When a key was used last, to the minute.
UPDATE api_keys SET used_at = %(now)s WHERE id = %(id)s AND (used_at IS NULL OR used_at < %(now)s);

-- name: begin_oidc
-- A sign-in at the provider begins.
INSERT INTO oidc_begun (state_hash, browser_hash, nonce, verifier, begun_at)
VALUES (%(state_hash)s, %(browser_hash)s, %(nonce)s, %(verifier)s, %(at)s);

-- name: drop_old_oidc
-- Those that never came back, and the oldest where there are too many.
DELETE FROM oidc_begun WHERE begun_at < %(before)s
    OR state_hash IN (SELECT state_hash FROM oidc_begun ORDER BY begun_at DESC OFFSET %(most)s);

-- name: take_oidc
-- A sign-in comes back, once.
DELETE FROM oidc_begun WHERE state_hash = %(state_hash)s AND browser_hash = %(browser_hash)s AND begun_at >= %(since)s
RETURNING nonce, verifier;
