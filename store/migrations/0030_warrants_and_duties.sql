-- Warrants: who accepted a handing over, where and when one was executed, and which breach case it follows; and what protected people
-- must be told (docs/warrants.md, docs/victim-contact.md).
ALTER TABLE warrants
    ADD COLUMN breach_no bigint REFERENCES breaches ON DELETE SET NULL,
    ADD COLUMN happened_at timestamptz,
    ADD COLUMN place text CHECK (place <> '' AND char_length(place) <= 200),
    ADD COLUMN note text CHECK (note <> '' AND char_length(note) <= 1000),
    ADD CHECK (happened_at >= issued_at),
    ADD CHECK (num_nonnulls(happened_at, place, note) = 0 OR ended_at IS NOT NULL);
ALTER TABLE warrant_holdings
    ADD COLUMN accepted_at timestamptz,
    ADD COLUMN accepted_by text,
    ADD CHECK ((accepted_at IS NULL) = (accepted_by IS NULL)),
    ADD CHECK (accepted_at >= from_at);
CREATE INDEX warrants_open ON warrants (warrant_no) WHERE ended_at IS NULL;

CREATE OR REPLACE VIEW seen.warrants AS
    SELECT w.* FROM warrants w
    WHERE (SELECT seen.sees_everything()) OR w.wearer IN (SELECT seen.wearers_in_sight())
        OR w.area IN (SELECT seen.areas_in_sight());
CREATE OR REPLACE VIEW seen.warrant_holdings AS
    SELECT h.* FROM warrant_holdings h WHERE EXISTS (SELECT FROM seen.warrants w WHERE w.warrant_no = h.warrant_no);

-- What a warrant rests on, and whether that still stands: whoever holds it must know, without seeing the violation itself.
CREATE VIEW seen.warrant_grounds AS
    SELECT w.warrant_no, r.violation_id, COALESCE(n.withdrawn, false) AS withdrawn
    FROM rests_on r
    JOIN seen.warrants w ON r.kind = 'warrant' AND r.reference = w.warrant_no::text
    LEFT JOIN violations_newest n ON n.id = r.violation_id;

-- What a protected person must be told of one topic (`order:O1`, `suspension:S1`, ...), by when. `facts` is what they should know,
-- `before` what they were told of it before. One open duty a topic and person; what is done is never edited.
CREATE TABLE contact_duties (
    duty_no bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    topic text NOT NULL CHECK (topic <> ''),
    event text NOT NULL CHECK (event IN ('started', 'bail', 'varied', 'suspended', 'resumed', 'released', 'ended', 'recalled',
        'corrected')),
    victim text NOT NULL,
    wearer text NOT NULL,
    order_id text,
    area text,
    facts jsonb NOT NULL,
    before jsonb,
    happens_at timestamptz NOT NULL,
    clock_at timestamptz NOT NULL,
    due_at timestamptz NOT NULL,
    made_at timestamptz NOT NULL,
    changed_at timestamptz NOT NULL,
    state text NOT NULL DEFAULT 'open' CHECK (state IN ('open', 'told', 'not_reached', 'not_wanted', 'withdrawn')),
    ended_at timestamptz,
    ended_by text,
    why text CHECK (why <> '' AND char_length(why) <= 1000),
    revision bigint NOT NULL DEFAULT 1,
    CHECK ((ended_at IS NULL) = (state = 'open')),
    CHECK (ended_by IS NULL OR ended_at IS NOT NULL)
);
CREATE UNIQUE INDEX contact_duties_one_open ON contact_duties (victim, topic) WHERE state = 'open';
CREATE INDEX contact_duties_topic ON contact_duties (victim, topic, duty_no);
CREATE INDEX contact_duties_due ON contact_duties (due_at, duty_no) WHERE state = 'open';
CREATE INDEX contact_duties_wearer ON contact_duties (wearer);

-- Every try to tell them: who, when, how, whom they spoke to, and what was said back. Nothing is edited.
CREATE TABLE contact_tellings (
    telling_no bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    duty_no bigint NOT NULL REFERENCES contact_duties,
    at timestamptz NOT NULL,
    channel text NOT NULL CHECK (channel IN ('console', 'webhook', 'email', 'sms', 'mqtt', 'call')),
    result text NOT NULL CHECK (result IN ('told', 'no_answer', 'somebody_else', 'not_wanted')),
    adult boolean NOT NULL,
    said_back text NOT NULL CHECK (char_length(said_back) <= 4000),
    made_at timestamptz NOT NULL,
    by_name text NOT NULL,
    by_role text NOT NULL CHECK (by_role IN ('operator', 'supervisor', 'duty_manager', 'officer', 'police', 'enforcement',
        'field', 'victim_liaison', 'administrator', 'auditor', 'device_manager')),
    CHECK (at <= made_at)
);
CREATE INDEX contact_tellings_duty ON contact_tellings (duty_no, telling_no);

CREATE VIEW seen.contact_duties AS
    SELECT d.* FROM contact_duties d
    WHERE (SELECT seen.sees_victims()) AND ((SELECT seen.sees_everything()) OR d.wearer IN (SELECT seen.wearers_in_sight()));
CREATE VIEW seen.contact_tellings AS
    SELECT t.* FROM contact_tellings t WHERE EXISTS (SELECT FROM seen.contact_duties d WHERE d.duty_no = t.duty_no);

DO $$
BEGIN
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'bailiwick_seeing') THEN
        GRANT SELECT ON seen.warrant_grounds, seen.contact_duties, seen.contact_tellings TO bailiwick_seeing;
    END IF;
    IF (SELECT count(*) FROM pg_roles
        WHERE rolname IN ('bailiwick_ingest', 'bailiwick_api', 'bailiwick_dispatch')) < 3 THEN
        RAISE NOTICE 'no privileges were granted: the roles are not all there';
        RETURN;
    END IF;
    GRANT UPDATE (happened_at, place, note) ON warrants TO bailiwick_api;
    GRANT UPDATE (accepted_at, accepted_by) ON warrant_holdings TO bailiwick_api;
    GRANT SELECT ON contact_duties TO bailiwick_api, bailiwick_dispatch;
    GRANT UPDATE (state, ended_at, ended_by, why, revision, changed_at) ON contact_duties TO bailiwick_api, bailiwick_dispatch;
    GRANT SELECT, INSERT ON contact_tellings TO bailiwick_api;
    GRANT INSERT, UPDATE (event, facts, before, happens_at, clock_at, due_at, area) ON contact_duties TO bailiwick_dispatch;
    GRANT SELECT ON warrants TO bailiwick_dispatch;
END $$;
