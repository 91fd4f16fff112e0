-- Who may sign in (docs/decisions/0013): people's accounts, their sessions, and keys of machines. No secret stands here: of a
-- password its argon2id hash, of a session's token and a key's secret their SHA-256. Nobody who asks as `bailiwick_seeing`
-- reads any of it.

-- A person's account; it acts in one role. `areas` null: every area. `password_until`: a one-time password that must be used
-- by then. `failures` are wrong passwords in a row. Nothing is deleted: what somebody did bears the name.
CREATE TABLE accounts (
    name text PRIMARY KEY CHECK (name ~ '^[a-z0-9][a-z0-9_.-]{1,63}$' AND name !~ '^key-'),
    shown text NOT NULL CHECK (char_length(shown) BETWEEN 1 AND 120),
    role text NOT NULL CHECK (role IN ('operator', 'supervisor', 'duty_manager', 'officer', 'police', 'enforcement', 'field',
        'victim_liaison', 'administrator', 'auditor', 'device_manager')),
    areas text[],
    email text CHECK (email = lower(email) AND char_length(email) <= 254),
    organisation text CHECK (char_length(organisation) <= 64),
    password_hash text,
    password_at timestamptz,
    password_until timestamptz,
    must_change boolean NOT NULL DEFAULT false,
    issuer text CHECK (char_length(issuer) <= 512),
    subject text CHECK (char_length(subject) <= 255),
    disabled_at timestamptz,
    failures bigint NOT NULL DEFAULT 0,
    locked_until timestamptz,
    revision bigint NOT NULL DEFAULT 1,
    made_at timestamptz NOT NULL,
    made_by text NOT NULL,
    CHECK ((password_hash IS NULL) = (password_at IS NULL)),
    CHECK ((issuer IS NULL) = (subject IS NULL)),
    CHECK (password_hash IS NOT NULL OR (password_until IS NULL AND NOT must_change))
);
-- One account a person of the provider, and one an address: a verified address finds its account.
CREATE UNIQUE INDEX accounts_subject ON accounts (issuer, subject) WHERE issuer IS NOT NULL;
CREATE UNIQUE INDEX accounts_email ON accounts (email) WHERE email IS NOT NULL;

-- A session ends at `ends_at`, or `idle_s` seconds after it was seen last, or when it was ended.
CREATE TABLE sessions (
    id text PRIMARY KEY,
    token_hash bytea NOT NULL UNIQUE CHECK (octet_length(token_hash) = 32),
    account text NOT NULL REFERENCES accounts,
    csrf text NOT NULL,
    signed_in_by text NOT NULL CHECK (signed_in_by IN ('password', 'oidc')),
    made_at timestamptz NOT NULL,
    seen_at timestamptz NOT NULL,
    idle_s bigint NOT NULL CHECK (idle_s > 0),
    ends_at timestamptz NOT NULL,
    ended_at timestamptz,
    ended_why text CHECK (ended_why IN ('signed_out', 'signed_in_again', 'password_changed', 'account_changed',
        'account_disabled', 'too_many')),
    CHECK ((ended_at IS NULL) = (ended_why IS NULL))
);
CREATE INDEX sessions_account ON sessions (account, made_at) WHERE ended_at IS NULL;
CREATE INDEX sessions_ends ON sessions (ends_at);

-- Keys of machines: `bwk_<id>_<secret>`. A key acts in one role and always ends.
CREATE TABLE api_keys (
    id text PRIMARY KEY,
    secret_hash bytea NOT NULL CHECK (octet_length(secret_hash) = 32),
    shown text NOT NULL CHECK (char_length(shown) BETWEEN 1 AND 120),
    role text NOT NULL CHECK (role IN ('operator', 'supervisor', 'duty_manager', 'officer', 'police', 'enforcement', 'field',
        'victim_liaison', 'administrator', 'auditor', 'device_manager')),
    areas text[],
    organisation text CHECK (char_length(organisation) <= 64),
    reads_only boolean NOT NULL,
    made_at timestamptz NOT NULL,
    made_by text NOT NULL,
    ends_at timestamptz NOT NULL CHECK (ends_at > made_at AND ends_at <= made_at + interval '400 days'),
    revoked_at timestamptz,
    revoked_by text,
    used_at timestamptz,
    CONSTRAINT api_keys_no_administrator CHECK (role <> 'administrator'),
    CHECK ((revoked_at IS NULL) = (revoked_by IS NULL))
);

-- A sign-in at the OpenID provider that has been begun, until it comes back. `browser_hash` binds it to the browser that began.
CREATE TABLE oidc_begun (
    state_hash bytea PRIMARY KEY CHECK (octet_length(state_hash) = 32),
    browser_hash bytea NOT NULL CHECK (octet_length(browser_hash) = 32),
    nonce text NOT NULL,
    verifier text NOT NULL,
    begun_at timestamptz NOT NULL
);
CREATE INDEX oidc_begun_at ON oidc_begun (begun_at);

DO $$
BEGIN
    IF EXISTS (SELECT 1 FROM pg_roles WHERE rolname = 'bailiwick_api') THEN
        GRANT SELECT, INSERT, UPDATE ON accounts, api_keys TO bailiwick_api;
        GRANT SELECT, INSERT, UPDATE, DELETE ON sessions TO bailiwick_api;
        GRANT SELECT, INSERT, DELETE ON oidc_begun TO bailiwick_api;
    END IF;
END $$;
