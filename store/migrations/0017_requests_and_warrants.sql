-- Requests of the police to see positions that no open alert shows them, and warrants and who holds them.

-- What was asked is never edited; what was decided is written once. The constraint, not the code, keeps the second person:
-- nobody decides on a request of their own. Of one wearer, or of one place: a circle of 500 m at most; of 7 days at most.
CREATE TABLE requests (
    request_no bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    organisation text NOT NULL CHECK (organisation <> ''),
    legal_ground text NOT NULL CHECK (legal_ground <> '' AND char_length(legal_ground) <= 1000),
    purpose text NOT NULL CHECK (purpose <> '' AND char_length(purpose) <= 1000),
    wearer text,
    lon double precision,
    lat double precision,
    radius_m double precision CHECK (radius_m > 0 AND radius_m <= 500),
    from_at timestamptz NOT NULL,
    to_at timestamptz NOT NULL,
    asked_at timestamptz NOT NULL,
    asked_by text NOT NULL,
    expires_at timestamptz NOT NULL,
    decided_at timestamptz,
    decided_by text,
    approved boolean,
    decision text CHECK (decision <> '' AND char_length(decision) <= 1000),
    revoked_at timestamptz,
    revoked_by text,
    revocation text CHECK (revocation <> '' AND char_length(revocation) <= 1000),
    CHECK (num_nonnulls(lon, lat, radius_m) IN (0, 3)),
    CONSTRAINT requests_one_wearer_or_one_place CHECK ((wearer IS NULL) <> (lon IS NULL)),
    CONSTRAINT requests_at_most_a_week CHECK (to_at > from_at AND to_at <= from_at + interval '168 hours'),
    CONSTRAINT requests_expire CHECK (expires_at > asked_at AND expires_at <= asked_at + interval '672 hours'),
    CHECK (num_nonnulls(decided_at, decided_by, approved, decision) IN (0, 4)),
    CONSTRAINT requests_two_people CHECK (decided_by <> asked_by),
    CHECK (num_nonnulls(revoked_at, revoked_by, revocation) IN (0, 3)),
    CHECK (revoked_at IS NULL OR approved)
);
CREATE INDEX requests_organisation ON requests (organisation, request_no);
CREATE INDEX requests_standing ON requests (organisation, expires_at) WHERE approved AND revoked_at IS NULL;

-- Each time that positions were seen by a request.
CREATE TABLE request_uses (
    use_no bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    request_no bigint NOT NULL REFERENCES requests,
    at timestamptz NOT NULL,
    by_name text NOT NULL
);
CREATE INDEX request_uses_request ON request_uses (request_no);

-- What a court issued on a breach or a failure to attend. `area` is whose enforcement it is.
CREATE TABLE warrants (
    warrant_no bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    kind text NOT NULL CHECK (kind IN ('bail', 'fail_to_attend', 'breach', 'recall')),
    wearer text NOT NULL,
    area text,
    reference text NOT NULL CHECK (reference <> '' AND char_length(reference) <= 200),
    issued_at timestamptz NOT NULL,
    made_at timestamptz NOT NULL,
    made_by text NOT NULL,
    ended_at timestamptz,
    ended_by text,
    outcome text CHECK (outcome IN ('executed', 'withdrawn', 'expired')),
    CHECK (num_nonnulls(ended_at, ended_by, outcome) IN (0, 3))
);
CREATE INDEX warrants_wearer ON warrants (wearer);

-- By whom a warrant was held when: one agency and one named person at a time. Nothing is deleted.
CREATE TABLE warrant_holdings (
    holding_no bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    warrant_no bigint NOT NULL REFERENCES warrants,
    agency text NOT NULL CHECK (agency <> ''),
    person text NOT NULL CHECK (person <> ''),
    from_at timestamptz NOT NULL,
    to_at timestamptz,
    by_name text NOT NULL,
    CHECK (to_at IS NULL OR to_at >= from_at)
);
CREATE UNIQUE INDEX warrant_holdings_one_at_a_time ON warrant_holdings (warrant_no) WHERE to_at IS NULL;
CREATE INDEX warrant_holdings_warrant ON warrant_holdings (warrant_no, holding_no);
CREATE INDEX warrant_holdings_agency ON warrant_holdings (agency) WHERE to_at IS NULL;

-- Warrants of wearers in sight, and of areas in sight. (Requests are read by organisation, by the API itself.)
CREATE VIEW seen.warrants AS
    SELECT w.* FROM warrants w
    WHERE (SELECT seen.sees_everything()) OR w.wearer IN (SELECT seen.wearers_in_sight())
        OR w.area IN (SELECT seen.areas_in_sight());
CREATE VIEW seen.warrant_holdings AS
    SELECT h.* FROM warrant_holdings h WHERE EXISTS (SELECT FROM seen.warrants w WHERE w.warrant_no = h.warrant_no);

-- What people read of a violation between two people names no fact of the protected one's device.
CREATE OR REPLACE VIEW seen.violations AS
    SELECT v.violation_no, v.id, v.version, v.change, v.reason, v.wearer, v.victim, v.kind, v.code, v.order_id, v.condition,
        v.device, v.from_at, v.to_at, v.decided_at, v.late, v.age_s, v.cause, v.minutes_certain, v.minutes_possible,
        v.p_inside, v.score, v.retrospective, v.untold,
        CASE WHEN v.victim IS NULL THEN v.evidence ELSE COALESCE((
            SELECT jsonb_agg(e.fact ORDER BY e.place) FROM jsonb_array_elements(v.evidence) WITH ORDINALITY AS e (fact, place)
            WHERE e.fact ->> 'device' NOT IN (SELECT seen.protected_device_ids())), '[]') END AS evidence,
        v.commit_no, v.line
    FROM violations v
    WHERE CASE WHEN v.wearer IS NULL THEN (SELECT seen.sees_centre())
        ELSE (SELECT seen.sees_everything()) OR v.wearer IN (SELECT seen.wearers_in_sight()) END;

-- Whom a force was told of in an alert that is not closed.
CREATE INDEX notifications_police ON notifications (recipient, alert_no) WHERE target = 'police' AND sends;

DO $$
BEGIN
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'bailiwick_seeing') THEN
        GRANT SELECT ON seen.warrants, seen.warrant_holdings TO bailiwick_seeing;
    END IF;
    IF (SELECT count(*) FROM pg_roles
        WHERE rolname IN ('bailiwick_ingest', 'bailiwick_api', 'bailiwick_dispatch')) < 3 THEN
        RAISE NOTICE 'no privileges were granted: the roles are not all there';
        RETURN;
    END IF;
    GRANT SELECT ON caseload_subjects TO bailiwick_api;
    GRANT SELECT, INSERT ON requests, request_uses, warrants, warrant_holdings TO bailiwick_api;
    GRANT UPDATE (decided_at, decided_by, approved, decision, revoked_at, revoked_by, revocation) ON requests
        TO bailiwick_api;
    GRANT UPDATE (ended_at, ended_by, outcome) ON warrants TO bailiwick_api;
    GRANT UPDATE (to_at) ON warrant_holdings TO bailiwick_api;
END $$;
