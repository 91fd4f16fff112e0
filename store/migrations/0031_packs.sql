-- Breach packs (docs/packs.md): each version of a case's pack as it was made, who holds it, and who opened its annex.

-- One version. An officer asks; the exporter makes a draft; whoever answers for it puts their name to what they read, and the
-- exporter makes it again with the name and signs it. `basis` is what it rests on: another basis later makes it out of date.
-- `changed` is what differs from the version before, in words. Whoever has it in hand renews `leased_until`.
CREATE TABLE packs (
    pack_no bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    breach_no bigint NOT NULL REFERENCES breaches,
    version bigint NOT NULL CHECK (version > 0),
    state text NOT NULL DEFAULT 'waiting' CHECK (state IN ('waiting', 'making', 'draft', 'failed', 'done')),
    asked_at timestamptz NOT NULL,
    asked_by text NOT NULL,
    asked_role text NOT NULL,
    changed jsonb NOT NULL DEFAULT '[]',
    attempts bigint NOT NULL DEFAULT 0,
    leased_until timestamptz,
    made_at timestamptz,
    problem text,
    signatory text CHECK (signatory <> ''),
    post text CHECK (post <> ''),
    signatory_organisation text,
    read_sha256 text,
    signed_at timestamptz,
    signed_by text,
    basis jsonb,
    basis_sha256 text,
    document bytea,
    document_sha256 text,
    pages text,
    annex bytea,
    annex_sha256 text,
    signature text,
    verdict jsonb,
    parts jsonb,
    out_of_date_at timestamptz,
    superseded_at timestamptz,
    UNIQUE (breach_no, version),
    CHECK ((signatory IS NULL) = (signed_by IS NULL)),
    CHECK (state <> 'done' OR (document IS NOT NULL AND signatory IS NOT NULL)),
    CHECK ((state = 'failed') = (problem IS NOT NULL))
);
ALTER TABLE packs ALTER COLUMN document SET STORAGE EXTERNAL, ALTER COLUMN annex SET STORAGE EXTERNAL;
CREATE INDEX packs_to_do ON packs (pack_no) WHERE state IN ('waiting', 'making');
CREATE INDEX packs_in_force ON packs (breach_no) WHERE superseded_at IS NULL;

-- Who got which version when, by which channel: a reference and a link by e-mail, never the file itself.
CREATE TABLE pack_recipients (
    recipient_no bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    pack_no bigint NOT NULL REFERENCES packs,
    name text NOT NULL CHECK (name <> ''),
    organisation text NOT NULL,
    channel text NOT NULL CHECK (channel IN ('email', 'hand')),
    address text,
    given_at timestamptz NOT NULL,
    given_by text NOT NULL,
    state text NOT NULL CHECK (state IN ('waiting', 'leased', 'sent', 'failed', 'given')),
    attempts bigint NOT NULL DEFAULT 0,
    next_at timestamptz NOT NULL,
    sent_at timestamptz,
    why text,
    CHECK ((channel = 'email') = (address IS NOT NULL)),
    CHECK ((channel = 'hand') = (state = 'given'))
);
CREATE INDEX pack_recipients_pack ON pack_recipients (pack_no, recipient_no);
CREATE INDEX pack_recipients_waiting ON pack_recipients (next_at) WHERE state IN ('waiting', 'leased');

-- The annex is opened by a court's direction alone.
CREATE TABLE annex_openings (
    opening_no bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    pack_no bigint NOT NULL REFERENCES packs,
    court text NOT NULL CHECK (court <> ''),
    reference text NOT NULL CHECK (reference <> ''),
    directed_on date NOT NULL,
    opened_at timestamptz NOT NULL,
    opened_by text NOT NULL
);
CREATE INDEX annex_openings_pack ON annex_openings (pack_no, opening_no);

CREATE TRIGGER packs_told AFTER INSERT OR UPDATE OF signed_by ON packs FOR EACH STATEMENT EXECUTE FUNCTION tell_of_exports();

-- All but the files: those go out by number, to who may have them.
CREATE VIEW seen.packs AS
    SELECT p.pack_no, p.breach_no, p.version, p.state, p.asked_at, p.asked_by, p.asked_role, p.changed, p.made_at, p.problem,
        p.signatory, p.post, p.signatory_organisation, p.signed_at, p.signed_by, p.document_sha256, p.annex_sha256,
        octet_length(p.document) AS document_bytes, p.signature, p.verdict, p.parts, p.out_of_date_at, p.superseded_at
    FROM packs p WHERE EXISTS (SELECT FROM seen.breaches b WHERE b.breach_no = p.breach_no);
CREATE VIEW seen.pack_recipients AS
    SELECT r.* FROM pack_recipients r WHERE EXISTS (SELECT FROM seen.packs p WHERE p.pack_no = r.pack_no);
CREATE VIEW seen.annex_openings AS
    SELECT o.* FROM annex_openings o WHERE EXISTS (SELECT FROM seen.packs p WHERE p.pack_no = o.pack_no);

DO $$
BEGIN
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'bailiwick_seeing') THEN
        GRANT SELECT ON seen.packs, seen.pack_recipients, seen.annex_openings TO bailiwick_seeing;
    END IF;
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'bailiwick_api') THEN
        GRANT SELECT, INSERT ON packs, pack_recipients, annex_openings TO bailiwick_api;
        GRANT UPDATE (state, problem, attempts, signatory, post, signatory_organisation, read_sha256, signed_at, signed_by)
            ON packs TO bailiwick_api;
    END IF;
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'bailiwick_dispatch') THEN
        GRANT SELECT (pack_no, breach_no, version, changed) ON packs TO bailiwick_dispatch;
        GRANT SELECT ON pack_recipients TO bailiwick_dispatch;
        GRANT UPDATE (state, attempts, next_at, sent_at, why) ON pack_recipients TO bailiwick_dispatch;
    END IF;
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'bailiwick_exporter') THEN
        GRANT UPDATE, INSERT ON packs, pack_recipients TO bailiwick_exporter;
        IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'bailiwick_seeing') THEN
            GRANT bailiwick_seeing TO bailiwick_exporter; -- a case is read as people read it
        END IF;
    END IF;
END $$;
