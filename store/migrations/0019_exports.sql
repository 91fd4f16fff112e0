-- Exports: what was asked for, who has it in hand, and what became of it (docs/decisions/0017-exports.md). The files themselves
-- lie in a folder.

-- One export. `subject` is the wearer of one of a wearer. Whoever has it in hand renews `leased_until`; after that another goes on
-- with it. `manifest_sha256` holds the files to what was written; `files` is what may be fetched, until `expires_at`.
CREATE TABLE exports (
    export_no bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    kind text NOT NULL CHECK (kind ~ '^[a-z_]{1,32}$'),
    subject text,
    from_at timestamptz,
    to_at timestamptz,
    protected boolean NOT NULL DEFAULT false,
    state text NOT NULL DEFAULT 'waiting' CHECK (state IN ('waiting', 'working', 'done', 'failed', 'expired')),
    asked_by text NOT NULL,
    asked_role text NOT NULL,
    why text CHECK (char_length(why) <= 200),
    asked_at timestamptz NOT NULL,
    begun_at timestamptz,
    leased_until timestamptz,
    attempts bigint NOT NULL DEFAULT 0,
    rows_done bigint NOT NULL DEFAULT 0,
    done_at timestamptz,
    expires_at timestamptz,
    rows bigint,
    bytes bigint,
    manifest_sha256 text,
    files jsonb,
    problem text,
    CHECK ((state IN ('done', 'expired')) = (manifest_sha256 IS NOT NULL)),
    CHECK ((state = 'failed') = (problem IS NOT NULL))
);
CREATE INDEX exports_to_do ON exports (export_no) WHERE state IN ('waiting', 'working');
CREATE INDEX exports_expiring ON exports (expires_at) WHERE state = 'done';

CREATE FUNCTION tell_of_exports() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_notify('bailiwick_exports', '');
    RETURN NULL;
END $$;
CREATE TRIGGER exports_told AFTER INSERT ON exports FOR EACH STATEMENT EXECUTE FUNCTION tell_of_exports();

-- Least privilege: a role of its own, which reads everything that is exported, those tables too that come later, and writes nothing
-- but how far an export is. What lets people in it cannot read.
DO $$
DECLARE
    secret text;
BEGIN
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'bailiwick_exporter') THEN
        BEGIN
            CREATE ROLE bailiwick_exporter NOLOGIN;
        EXCEPTION
            WHEN duplicate_object OR unique_violation THEN NULL; -- another database's migration was faster
            WHEN insufficient_privilege THEN
                RAISE NOTICE 'role bailiwick_exporter was not made: % may not make roles', current_user;
        END;
    END IF;
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'bailiwick_exporter') THEN
        GRANT SELECT ON ALL TABLES IN SCHEMA public TO bailiwick_exporter;
        GRANT SELECT ON ALL SEQUENCES IN SCHEMA public TO bailiwick_exporter;
        ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT SELECT ON TABLES TO bailiwick_exporter;
        ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT SELECT ON SEQUENCES TO bailiwick_exporter;
        FOREACH secret IN ARRAY ARRAY['accounts', 'sessions', 'api_keys', 'oidc_begun'] LOOP
            IF to_regclass('public.' || secret) IS NOT NULL THEN
                EXECUTE format('REVOKE ALL ON %I FROM bailiwick_exporter', secret);
            END IF;
        END LOOP;
        GRANT UPDATE ON exports TO bailiwick_exporter;
        IF to_regprocedure('audit_write(timestamptz, jsonb, text[])') IS NOT NULL THEN
            GRANT EXECUTE ON FUNCTION audit_write(timestamptz, jsonb, text[]) TO bailiwick_exporter;
        END IF;
    END IF;
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'bailiwick_api') THEN
        GRANT SELECT, INSERT ON exports TO bailiwick_api;
    END IF;
END $$;
