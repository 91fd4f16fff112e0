-- Links by which an officer on the way to a wearer sees what they need, without an account (docs/decisions/0022). Of the secret in
-- a link only its SHA-256 stands here; no wearer's name or id does: the alert says of whom it is.
CREATE TABLE patrol_links (
    link_no bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    token_hash bytea NOT NULL UNIQUE CHECK (octet_length(token_hash) = 32),
    alert_no bigint NOT NULL REFERENCES alert_work,
    officer text NOT NULL CHECK (officer <> '' AND char_length(officer) <= 120),
    force text NOT NULL CHECK (force <> '' AND char_length(force) <= 120),
    made_at timestamptz NOT NULL,
    made_by text NOT NULL,
    expires_at timestamptz NOT NULL,
    revoked_at timestamptz,
    revoked_by text,
    opened bigint NOT NULL DEFAULT 0,
    last_opened_at timestamptz,
    CHECK (expires_at > made_at AND expires_at <= made_at + interval '12 hours'),
    CHECK ((revoked_at IS NULL) = (revoked_by IS NULL))
);
CREATE INDEX patrol_links_alert ON patrol_links (alert_no, link_no);

DO $$
BEGIN
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'bailiwick_api') THEN
        GRANT SELECT, INSERT ON patrol_links TO bailiwick_api;
        GRANT UPDATE (revoked_at, revoked_by, opened, last_opened_at) ON patrol_links TO bailiwick_api;
    END IF;
END $$;
