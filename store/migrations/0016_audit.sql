-- The audit: who looked at whom and who changed what, in a chain of hashes. What was written cannot be changed by the roles of the
-- processes: they call `audit_write`, and that is all. An entry is small and stays for ever; its body, which names people, may go
-- after its retention, and the chain holds without it.

-- One link. `digest` is sha256(salt || body::text) of the body; `hash` is sha256 of the text `entry_no|at|digest|previous`, `at`
-- in microseconds since 1970, the others in hexadecimal. The first `previous` is 32 zero bytes. Numbers have no holes.
CREATE TABLE audit_entries (
    entry_no bigint PRIMARY KEY CHECK (entry_no > 0),
    at timestamptz NOT NULL,
    body_no bigint NOT NULL UNIQUE,
    digest bytea NOT NULL CHECK (length(digest) = 32),
    previous bytea NOT NULL CHECK (length(previous) = 32),
    hash bytea NOT NULL CHECK (length(hash) = 32)
);
CREATE INDEX audit_entries_at ON audit_entries (at);

-- What an entry says: who, role, by, address, session, deed, subject_type, subjects, why, details; `set` and `count` in place of
-- many subjects. The salt keeps a body that was erased from being guessed out of its digest.
CREATE TABLE audit_bodies (
    body_no bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at timestamptz NOT NULL,
    salt bytea NOT NULL,
    body jsonb NOT NULL
);
CREATE INDEX audit_bodies_who ON audit_bodies ((body ->> 'who'), body_no);
CREATE INDEX audit_bodies_deed ON audit_bodies ((body ->> 'deed'), body_no);
CREATE INDEX audit_bodies_subjects ON audit_bodies USING gin ((body -> 'subjects') jsonb_path_ops);
CREATE INDEX audit_bodies_set ON audit_bodies ((body ->> 'set')) WHERE body ->> 'set' IS NOT NULL;

-- Many subjects that were looked at together (a map of everybody): kept once, however often they are looked at. `set_id` is
-- sha256 of the ids with a line feed between, in hexadecimal; bodies name it, so the chain covers it.
CREATE TABLE audit_sets (
    set_id text PRIMARY KEY,
    subjects text[] NOT NULL
);
CREATE INDEX audit_sets_subjects ON audit_sets USING gin (subjects);

-- The end of the chain at the end of a day in UTC, signed with a key that the database does not have.
CREATE TABLE audit_anchors (
    day date PRIMARY KEY,
    entry_no bigint NOT NULL,
    hash bytea NOT NULL,
    made_at timestamptz NOT NULL,
    key_id text NOT NULL,
    signature bytea NOT NULL
);

-- Writes one entry in the caller's transaction; it gets its number at the COMMIT. `subjects` null: `body` names them itself.
CREATE FUNCTION audit_write(at timestamptz, body jsonb, subjects text[]) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    whole jsonb := audit_write.body;
    found text;
BEGIN
    -- What was erased is told by what erases, never by who asks: `verify-audit` goes by it.
    IF audit_write.body ->> 'deed' = 'audit.erase' THEN
        RAISE EXCEPTION 'audit.erase is written by the erasure itself' USING ERRCODE = 'insufficient_privilege';
    END IF;
    IF audit_write.subjects IS NOT NULL THEN
        found := encode(sha256(convert_to(array_to_string(audit_write.subjects, E'\n'), 'UTF8')), 'hex');
        INSERT INTO audit_sets (set_id, subjects) VALUES (found, audit_write.subjects) ON CONFLICT (set_id) DO NOTHING;
        whole := whole || jsonb_build_object('set', found, 'count', cardinality(audit_write.subjects), 'subjects', '[]'::jsonb);
    END IF;
    INSERT INTO audit_bodies (at, salt, body) VALUES (audit_write.at, uuid_send(gen_random_uuid()), whole);
END $$;

-- Links a body into the chain as the last thing of its transaction: the lock is held from there to the end of the COMMIT, and
-- whoever holds it waits for no row. A snapshot older than the lock would give a number twice, so there must be none.
CREATE FUNCTION audit_link() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    newest record;
    number bigint;
    before bytea;
    digest bytea;
BEGIN
    IF current_setting('transaction_isolation') <> 'read committed' THEN
        RAISE EXCEPTION 'audit entries are written in READ COMMITTED transactions alone';
    END IF;
    PERFORM pg_advisory_xact_lock(7120, 5);
    SELECT e.entry_no, e.hash INTO newest FROM audit_entries e ORDER BY e.entry_no DESC LIMIT 1;
    number := COALESCE(newest.entry_no, 0) + 1;
    before := COALESCE(newest.hash, decode(repeat('00', 32), 'hex'));
    digest := sha256(NEW.salt || convert_to(NEW.body::text, 'UTF8'));
    INSERT INTO audit_entries (entry_no, at, body_no, digest, previous, hash)
    VALUES (number, NEW.at, NEW.body_no, digest, before, sha256(convert_to(concat_ws('|', number,
        (extract(epoch FROM NEW.at) * 1000000)::bigint, encode(digest, 'hex'), encode(before, 'hex')), 'UTF8')));
    RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER audit_bodies_linked AFTER INSERT ON audit_bodies DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION audit_link();

REVOKE ALL ON FUNCTION audit_write(timestamptz, jsonb, text[]) FROM PUBLIC;
REVOKE ALL ON FUNCTION audit_link() FROM PUBLIC;

-- Least privilege, as in 0007: every process may add to the chain; api reads it for auditors; dispatch anchors it.
DO $$
BEGIN
    IF (SELECT count(*) FROM pg_roles
        WHERE rolname IN ('bailiwick_ingest', 'bailiwick_api', 'bailiwick_dispatch')) < 3 THEN
        RAISE NOTICE 'no privileges were granted: the roles are not all there';
        RETURN;
    END IF;
    GRANT EXECUTE ON FUNCTION audit_write(timestamptz, jsonb, text[])
        TO bailiwick_ingest, bailiwick_api, bailiwick_dispatch;
    GRANT SELECT ON audit_entries, audit_anchors TO bailiwick_api, bailiwick_dispatch;
    GRANT SELECT ON audit_bodies, audit_sets TO bailiwick_api;
    GRANT INSERT ON audit_anchors TO bailiwick_dispatch;
END $$;
