-- What people, timers and protocols make of alerts. `alerts` is what the rules make of them and stays ingest's; it never
-- waits for what stands here (docs/decisions/0004-alert-work.md).

-- One row an alert, made with it: the machine's state and how far its protocol has come. `revision` counts the machine's
-- events, for ETag and If-Match. `severity` is what it is now, null until the first look (then it is the rules' own).
-- `about`: what an alert of the service's own says; no personal data. A row is locked by whoever looks at it. It has no
-- foreign key: it is made in the very statement that makes the alert, nobody may delete either, and a thousand checks cost
-- ingest a tenth of a commit.
CREATE TABLE alert_work (
    alert_no bigint PRIMARY KEY,
    revision bigint NOT NULL DEFAULT 1,
    work text NOT NULL DEFAULT 'raised' CHECK (work IN ('raised', 'claimed', 'actioned', 'closed')),
    condition text NOT NULL DEFAULT 'active' CHECK (condition IN ('active', 'cleared')),
    severity text CHECK (severity IN ('critical', 'serious', 'warning', 'information')),
    holder text,
    renewed_at timestamptz,
    claim_ends_at timestamptz,
    unclaimed_since timestamptz NOT NULL,
    period bigint NOT NULL DEFAULT 1 CHECK (period > 0),
    outcome text CHECK (outcome IN ('confirmed', 'explained', 'equipment', 'false', 'duplicate', 'withdrawn')),
    closed_at timestamptz,
    closed_by text,
    plan jsonb,
    about jsonb,
    looked_at timestamptz,
    CHECK ((work = 'closed') = (closed_at IS NOT NULL)),
    CHECK (work NOT IN ('claimed', 'actioned') OR (holder IS NOT NULL AND renewed_at IS NOT NULL)),
    CHECK (work <> 'raised' OR holder IS NULL)
) WITH (fillfactor = 60);
INSERT INTO alert_work (alert_no, work, unclaimed_since) SELECT alert_no, 'raised', raised_at FROM alerts;
-- After that, so that what follows need not index it twice. The oldest that nobody has.
CREATE INDEX alert_work_unclaimed ON alert_work (unclaimed_since) WHERE work = 'raised';
CREATE INDEX alert_work_closed ON alert_work (closed_at) WHERE closed_at IS NOT NULL;
ALTER TABLE alerts DROP COLUMN work;

-- Every event of every alert's machine, with who caused it (null: the rules, a timer, a protocol). Nothing is edited.
CREATE TABLE alert_events (
    event_no bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    alert_no bigint NOT NULL REFERENCES alert_work,
    revision bigint NOT NULL,
    event text NOT NULL CHECK (event IN ('claim', 'release', 'expire', 'action', 'escalate', 'close', 'reopen', 'clear',
        'reactivate', 'withdraw')),
    at timestamptz NOT NULL,
    by_name text,
    by_role text CHECK (by_role IN ('operator', 'supervisor', 'duty_manager', 'officer', 'police', 'enforcement', 'field',
        'victim_liaison', 'administrator', 'auditor', 'device_manager')),
    from_work text NOT NULL,
    to_work text NOT NULL,
    to_condition text NOT NULL,
    severity text NOT NULL,
    outcome text,
    note text CHECK (char_length(note) <= 4000),
    explanation text CHECK (char_length(explanation) <= 4000),
    why text,
    CHECK ((by_name IS NULL) = (by_role IS NULL)),
    UNIQUE (alert_no, revision)
);
CREATE INDEX alert_events_at ON alert_events (at);

-- When an alert must be looked at again; a look replaces those that it has seen. `rank` 0 is the most urgent. A name
-- `look:...`, never used twice, is no timer of the policy: something changed of which the outbox says nothing (a mute).
CREATE TABLE timers (
    alert_no bigint NOT NULL REFERENCES alert_work,
    name text NOT NULL,
    due_at timestamptz NOT NULL,
    rank smallint NOT NULL DEFAULT 0,
    PRIMARY KEY (alert_no, name)
);
CREATE INDEX timers_due ON timers (due_at);

-- What is told to whom, or on purpose not told, with the reason; `id` is unique for ever, so nothing is told twice.
-- `stands_down`: the notification that this one takes back. `taken_back`: it is not to be tried again.
CREATE TABLE notifications (
    notification_no bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    id text NOT NULL UNIQUE,
    alert_no bigint NOT NULL REFERENCES alert_work,
    target text NOT NULL CHECK (target IN ('operator', 'supervisor', 'duty_manager', 'officer', 'victim_liaison', 'wearer',
        'responsible_adult', 'victim', 'police')),
    recipient text NOT NULL,
    channel text NOT NULL CHECK (channel IN ('console', 'webhook', 'email', 'sms', 'mqtt', 'call')),
    address text NOT NULL,
    text text NOT NULL,
    language text NOT NULL,
    urgency text NOT NULL CHECK (urgency IN ('critical', 'serious', 'warning', 'information')),
    reason text NOT NULL CHECK (reason IN ('first', 'repeat', 'escalation', 'cleared', 'stood_down', 'muted_by',
        'grouped_under', 'held', 'rate_limited', 'recipient_gone')),
    sends boolean NOT NULL,
    detail text,
    stands_down bigint REFERENCES notifications,
    rank smallint NOT NULL,
    urgency_rank smallint NOT NULL,
    trusted boolean NOT NULL,
    words text,
    made_at timestamptz NOT NULL,
    state text NOT NULL CHECK (state IN ('waiting', 'leased', 'sent', 'suppressed', 'failed', 'unsent')),
    attempts bigint NOT NULL DEFAULT 0,
    next_at timestamptz NOT NULL,
    leased_until timestamptz,
    sent_at timestamptz,
    taken_back boolean NOT NULL DEFAULT false,
    why text,
    CHECK (sends OR state = 'suppressed')
) WITH (fillfactor = 70);
CREATE INDEX notifications_made ON notifications (made_at);
CREATE INDEX notifications_down ON notifications (stands_down) WHERE stands_down IS NOT NULL;
CREATE INDEX notifications_alert ON notifications (alert_no, notification_no);
CREATE INDEX notifications_waiting ON notifications (channel, rank, urgency_rank, notification_no) WHERE state = 'waiting';
CREATE INDEX notifications_next ON notifications (channel, next_at) WHERE state = 'waiting';
CREATE INDEX notifications_leased ON notifications (channel, leased_until) WHERE state = 'leased';
-- How many somebody was sent of late, of what is limited.
CREATE INDEX notifications_lately ON notifications (made_at)
    WHERE sends AND urgency <> 'critical' AND channel NOT IN ('console', 'call');

-- What an operator is to do; `text` is a key of the catalogues, `key` unique in the alert.
CREATE TABLE tasks (
    task_no bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    alert_no bigint NOT NULL REFERENCES alert_work,
    key text NOT NULL,
    target text NOT NULL CHECK (target IN ('operator', 'supervisor', 'duty_manager', 'officer', 'victim_liaison', 'wearer',
        'responsible_adult', 'victim', 'police')),
    text text NOT NULL,
    made_at timestamptz NOT NULL,
    done_at timestamptz,
    done_by text,
    UNIQUE (alert_no, key),
    CHECK ((done_at IS NULL) = (done_by IS NULL))
);
CREATE INDEX tasks_open ON tasks (made_at, task_no) WHERE done_at IS NULL;

-- The contact log: who was rung or wrote, by which number, what was said and promised. Nothing is edited but `kept`.
CREATE TABLE contacts (
    contact_no bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    alert_no bigint REFERENCES alert_work,
    party text NOT NULL CHECK (party IN ('wearer', 'victim', 'responsible_adult', 'officer', 'police', 'other')),
    wearer text,
    victim text,
    inbound boolean NOT NULL,
    channel text NOT NULL CHECK (channel IN ('console', 'webhook', 'email', 'sms', 'mqtt', 'call')),
    number text,
    answered boolean,
    answered_by text,
    said text CHECK (char_length(said) <= 4000),
    promised text CHECK (char_length(promised) <= 4000),
    promised_at timestamptz,
    kept_at timestamptz,
    kept_by text,
    police_log text,
    at timestamptz NOT NULL,
    by_name text NOT NULL,
    by_role text NOT NULL CHECK (by_role IN ('operator', 'supervisor', 'duty_manager', 'officer', 'police', 'enforcement',
        'field', 'victim_liaison', 'administrator', 'auditor', 'device_manager')),
    CHECK ((promised IS NULL) = (promised_at IS NULL)),
    CHECK (promised_at IS NULL OR alert_no IS NOT NULL),
    CHECK ((kept_at IS NULL) = (kept_by IS NULL))
);
CREATE INDEX contacts_alert ON contacts (alert_no, contact_no);
CREATE INDEX contacts_wearer ON contacts (wearer, contact_no);
CREATE INDEX contacts_victim ON contacts (victim, contact_no);

-- Alerts of a wearer are not sent in [from_at, to_at), a day at most. Ended early: `ended_at`.
CREATE TABLE mutes (
    mute_no bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    wearer text NOT NULL,
    from_at timestamptz NOT NULL,
    to_at timestamptz NOT NULL,
    reason text NOT NULL CHECK (reason <> '' AND char_length(reason) <= 4000),
    made_at timestamptz NOT NULL,
    by_name text NOT NULL,
    by_role text NOT NULL,
    ended_at timestamptz,
    ended_by text,
    CONSTRAINT mutes_at_most_a_day CHECK (to_at > from_at AND to_at <= from_at + interval '24 hours'),
    CHECK ((ended_at IS NULL) = (ended_by IS NULL))
);
CREATE INDEX mutes_wearer ON mutes (wearer, to_at);

-- The rota: who is on duty for an area (null: every one), an organisation and a role, when, by which number. The lowest
-- `priority` is called first. A shift that falls away is cancelled, not deleted; `id` is its name in the file that it came from.
CREATE TABLE rota (
    shift_no bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    id text NOT NULL,
    area text,
    organisation text,
    role text NOT NULL CHECK (role IN ('operator', 'supervisor', 'duty_manager', 'officer', 'police', 'enforcement', 'field',
        'victim_liaison', 'administrator', 'auditor', 'device_manager')),
    person text NOT NULL,
    name text NOT NULL,
    phone text,
    email text,
    from_at timestamptz NOT NULL,
    to_at timestamptz NOT NULL,
    priority integer NOT NULL DEFAULT 1,
    made_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    made_by text NOT NULL,
    cancelled_at timestamptz,
    cancelled_by text,
    CHECK (to_at > from_at),
    CHECK ((cancelled_at IS NULL) = (cancelled_by IS NULL))
);
CREATE INDEX rota_to ON rota (to_at) WHERE cancelled_at IS NULL;
CREATE UNIQUE INDEX rota_id ON rota (id) WHERE cancelled_at IS NULL;

-- Every version of the file of protocols, as it was made. Nothing is edited or deleted.
CREATE TABLE protocols (
    version bigint PRIMARY KEY CHECK (version > 0),
    body jsonb NOT NULL,
    made_at timestamptz NOT NULL,
    made_by text NOT NULL
);

-- Boundaries of police forces (GeoJSON) by area; the newest version counts.
CREATE TABLE force_boundaries (
    area text NOT NULL,
    version bigint NOT NULL CHECK (version > 0),
    body jsonb NOT NULL,
    made_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    made_by text NOT NULL,
    PRIMARY KEY (area, version)
);

-- What rests on a violation: if that is withdrawn, somebody may be in a cell.
CREATE TABLE rests_on (
    rests_on_no bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    kind text NOT NULL CHECK (kind IN ('breach', 'warrant', 'recall', 'arrest')),
    reference text NOT NULL CHECK (reference <> ''),
    violation_id text NOT NULL,
    made_at timestamptz NOT NULL,
    made_by text NOT NULL,
    ended_at timestamptz,
    UNIQUE (kind, reference, violation_id)
);
CREATE INDEX rests_on_violation ON rests_on (violation_id);

-- What waits for a look is found by alert. Ingest only ever adds rows here, and never waits for a look that marks them.
DROP INDEX outbox_waiting;
CREATE INDEX outbox_waiting ON outbox (alert_no, outbox_no) WHERE told_at IS NULL;

-- Who is protected from whom, asked from the victim's side.
CREATE INDEX caseload_records_victim ON caseload_records (type, (body ->> 'victim')) WHERE body ->> 'victim' IS NOT NULL;

-- What officers decided of a violation, before one is proposed.
CREATE INDEX caseload_records_violation ON caseload_records (type, (body ->> 'violation'))
    WHERE body ->> 'violation' IS NOT NULL;

-- Dispatch is woken by what it must look at or send. Sent at the COMMIT; it waits for nobody's row.
CREATE FUNCTION tell_of_alerts() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_notify('bailiwick_alerts', '');
    RETURN NULL;
END $$;
CREATE TRIGGER outbox_told AFTER INSERT ON outbox FOR EACH STATEMENT EXECUTE FUNCTION tell_of_alerts();
CREATE TRIGGER timers_told AFTER INSERT ON timers FOR EACH STATEMENT EXECUTE FUNCTION tell_of_alerts();
CREATE TRIGGER notifications_told AFTER INSERT ON notifications FOR EACH STATEMENT EXECUTE FUNCTION tell_of_alerts();

-- All that dispatch may see of positions: the newest used fix (quality ok, source not lbs: rules.md 3) of each of some
-- wearers, for the force that holds it and for zones in reach.
CREATE FUNCTION newest_used_fixes(wearers text[], since timestamptz, now timestamptz)
RETURNS TABLE (wearer text, lon double precision, lat double precision, acc double precision, fix_time timestamptz)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path FROM CURRENT AS $$
    SELECT DISTINCT ON (f.wearer) f.wearer, x.lon, x.lat, x.acc::double precision, x.fix_time
    FROM fittings f
    JOIN device_records k ON k.id = f.device AND k.kind IN ('gps_tag', 'alcohol_tag')
    JOIN devices d ON d.id = f.device
    CROSS JOIN LATERAL (
        SELECT * FROM fixes x
        WHERE x.device_no = d.device_no AND x.fix_time >= newest_used_fixes.since AND x.quality = 0 AND x.src <> 2
        ORDER BY x.fix_time DESC LIMIT 1
    ) x
    WHERE f.wearer = ANY(newest_used_fixes.wearers) AND x.fix_time >= f.from_at
        AND f.from_at <= newest_used_fixes.now AND COALESCE(f.to_at, 'infinity') > newest_used_fixes.now
    ORDER BY f.wearer, x.fix_time DESC
$$;
REVOKE ALL ON FUNCTION newest_used_fixes(text[], timestamptz, timestamptz) FROM PUBLIC;

-- Which of some wearers a home unit hears now (rules.md 5.1): the unit said something in the last max(2 x upload_s, 300) s,
-- and the last `in_range` (code 6) about a tag on the wearer is a start (state 1).
CREATE FUNCTION heard_at_home(wearers text[], since timestamptz, now timestamptz) RETURNS TABLE (wearer text)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path FROM CURRENT AS $$
    SELECT DISTINCT u.wearer
    FROM fittings u
    JOIN device_records k ON k.id = u.device AND k.kind = 'home_unit'
    JOIN devices d ON d.id = u.device
    JOIN fittings t ON t.wearer = u.wearer AND t.from_at <= heard_at_home.now
        AND COALESCE(t.to_at, 'infinity') > heard_at_home.now
    JOIN devices tag ON tag.id = t.device
    CROSS JOIN LATERAL (
        SELECT max(e.fix_time) AS heard_at FROM equipment_events e
        WHERE e.device_no = d.device_no AND e.fix_time >= heard_at_home.now - make_interval(
            secs => greatest(2 * COALESCE((k.body ->> 'upload_s')::double precision, 60), 300))
    ) AS spoke
    CROSS JOIN LATERAL (
        SELECT e.state, e.fix_time FROM equipment_events e
        WHERE e.device_no = d.device_no AND e.fix_time >= heard_at_home.since AND e.code = 6 AND e.tag = tag.device_no
        ORDER BY e.fix_time DESC, e.seq DESC LIMIT 1
    ) AS said
    WHERE u.wearer = ANY(heard_at_home.wearers) AND u.from_at <= heard_at_home.now
        AND COALESCE(u.to_at, 'infinity') > heard_at_home.now
        AND spoke.heard_at IS NOT NULL AND said.state = 1 AND said.fix_time >= u.from_at AND said.fix_time >= t.from_at
$$;
REVOKE ALL ON FUNCTION heard_at_home(text[], timestamptz, timestamptz) FROM PUBLIC;

-- Least privilege, as in 0007. Ingest makes the row of a new alert and no more. Nobody edits what was recorded.
DO $$
BEGIN
    IF (SELECT count(*) FROM pg_roles
        WHERE rolname IN ('bailiwick_ingest', 'bailiwick_api', 'bailiwick_dispatch')) < 3 THEN
        RAISE NOTICE 'no privileges were granted: the roles are not all there';
        RETURN;
    END IF;
    REVOKE UPDATE ON alerts FROM bailiwick_api, bailiwick_dispatch;
    REVOKE UPDATE ON outbox FROM bailiwick_dispatch;
    GRANT SELECT, INSERT ON alert_work TO bailiwick_ingest;

    GRANT SELECT ON alert_work, alert_events, timers, notifications, tasks, contacts, mutes, rota, protocols,
        force_boundaries, rests_on TO bailiwick_api, bailiwick_dispatch;
    GRANT INSERT ON alerts, outbox, alert_work, alert_events, timers, notifications, tasks
        TO bailiwick_api, bailiwick_dispatch;
    GRANT UPDATE ON alert_work, notifications, timers TO bailiwick_api, bailiwick_dispatch;
    GRANT UPDATE (told_at) ON outbox TO bailiwick_api, bailiwick_dispatch;
    GRANT DELETE ON timers TO bailiwick_api, bailiwick_dispatch;
    GRANT EXECUTE ON FUNCTION newest_used_fixes(text[], timestamptz, timestamptz),
        heard_at_home(text[], timestamptz, timestamptz) TO bailiwick_api, bailiwick_dispatch;

    GRANT INSERT ON contacts, mutes, rota, protocols, force_boundaries, rests_on TO bailiwick_api;
    GRANT UPDATE (done_at, done_by) ON tasks TO bailiwick_api;
    GRANT UPDATE (kept_at, kept_by) ON contacts TO bailiwick_api;
    GRANT UPDATE (ended_at, ended_by) ON mutes TO bailiwick_api;
    GRANT UPDATE (cancelled_at, cancelled_by) ON rota TO bailiwick_api;
    GRANT UPDATE (ended_at) ON rests_on TO bailiwick_api;

    -- What severities and recipients ask of the caseload; it holds no position.
    GRANT SELECT ON caseload_learnt, device_records, fittings, zones, absences, suspensions, figures
        TO bailiwick_dispatch;
    GRANT INSERT, UPDATE ON figures TO bailiwick_dispatch;
END $$;
