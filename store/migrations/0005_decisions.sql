-- What was decided, what a person must look at, and what is told to whom.

-- Every version of every violation, as in contract.md. Nothing is edited or deleted. `order_id` is `order` elsewhere,
-- `from_at` and `to_at` are `from` and `to`: those are words of SQL.
CREATE TABLE violations (
    violation_no bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    id text NOT NULL,
    version integer NOT NULL CHECK (version > 0),
    change text NOT NULL
        CHECK (change IN ('opened', 'closed', 'withdrawn', 'extended', 'shortened', 'amended')),
    reason text NOT NULL
        CHECK (reason IN ('fixes', 'home_unit', 'event', 'distance', 'silence', 'contact', 'clock', 'variation',
            'assessment', 'late_data')),
    wearer text,
    victim text,
    kind text NOT NULL,
    code text,
    order_id text,
    condition text,
    device text,
    from_at timestamptz NOT NULL,
    to_at timestamptz,
    decided_at timestamptz NOT NULL,
    late boolean NOT NULL,
    age_s double precision NOT NULL,
    cause text NOT NULL CHECK (cause IN ('wearer', 'equipment', 'network', 'service', 'unknown')),
    minutes_certain double precision,
    minutes_possible double precision,
    p_inside double precision,
    score double precision,
    retrospective boolean NOT NULL,
    untold boolean NOT NULL,
    evidence jsonb NOT NULL,
    commit_no bigint NOT NULL,
    line integer NOT NULL,
    UNIQUE (id, version)
);
CREATE INDEX violations_commit ON violations (commit_no);

-- Which version of a violation is the newest. A pointer with what lists are filtered by, so that they need no search.
CREATE TABLE violations_newest (
    id text PRIMARY KEY,
    violation_no bigint NOT NULL UNIQUE REFERENCES violations,
    wearer text,
    kind text NOT NULL,
    open boolean NOT NULL,
    withdrawn boolean NOT NULL
);
CREATE INDEX violations_newest_wearer ON violations_newest (wearer, violation_no);
CREATE INDEX violations_newest_open ON violations_newest (kind, violation_no) WHERE open;

-- The highest version of each id, unless it withdraws the violation.
CREATE VIEW current_violations AS
    SELECT v.* FROM violations_newest n JOIN violations v ON v.violation_no = n.violation_no
    WHERE NOT n.withdrawn;

-- One alert an episode: the constraint on `episode` makes a second one impossible (failure 14). `revision` counts its
-- changes, for ETag and If-Match.
CREATE TABLE alerts (
    alert_no bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    episode text NOT NULL UNIQUE,
    revision bigint NOT NULL DEFAULT 1,
    wearer text,
    victim text,
    device text,
    kind text NOT NULL,
    code text,
    condition text,
    severity text NOT NULL CHECK (severity IN ('critical', 'serious', 'warning', 'information')),
    state text NOT NULL CHECK (state IN ('active', 'cleared')),
    work text NOT NULL DEFAULT 'raised' CHECK (work IN ('raised', 'claimed', 'actioned', 'closed')),
    withdrawn boolean NOT NULL DEFAULT false,
    raised_at timestamptz NOT NULL,
    changed_at timestamptz NOT NULL,
    commit_no bigint NOT NULL
);
CREATE INDEX alerts_raised ON alerts (raised_at, alert_no);
CREATE INDEX alerts_wearer ON alerts (wearer, raised_at, alert_no);
CREATE INDEX alerts_active ON alerts (raised_at, alert_no) WHERE state = 'active' AND NOT withdrawn;

-- Which violations an alert is about, each with its newest version.
CREATE TABLE alert_violations (
    alert_no bigint NOT NULL REFERENCES alerts,
    violation_id text NOT NULL,
    version integer NOT NULL,
    PRIMARY KEY (alert_no, violation_id)
);
CREATE INDEX alert_violations_violation ON alert_violations (violation_id);

-- One row an alert change, written with the decision, to be told afterwards by dispatch.
CREATE TABLE outbox (
    outbox_no bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    alert_no bigint NOT NULL REFERENCES alerts,
    change text NOT NULL CHECK (change IN ('raised', 'updated', 'cleared', 'withdrawn')),
    severity text NOT NULL,
    violation_id text NOT NULL,
    version integer NOT NULL,
    commit_no bigint NOT NULL,
    written_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    told_at timestamptz
);
CREATE INDEX outbox_waiting ON outbox (outbox_no) WHERE told_at IS NULL;

-- Messages and items that were parked, never retried in place (failure 02). `replayed_by` is the commit that took one
-- again when its cause was mended.
CREATE TABLE dead_letters (
    dead_letter_no bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    received_at timestamptz NOT NULL,
    topic text NOT NULL,
    payload bytea NOT NULL,
    reason text NOT NULL CHECK (reason IN ('oversize', 'bad_topic', 'partition_mismatch', 'unknown_device', 'not_utf8',
        'not_json', 'not_msgpack', 'unknown_version', 'too_many_items', 'schema')),
    field text,
    cause text,
    device text,
    critical boolean NOT NULL,
    commit_no bigint NOT NULL,
    replayed_by bigint
);
CREATE INDEX dead_letters_unknown ON dead_letters (device, dead_letter_no)
    WHERE reason = 'unknown_device' AND replayed_by IS NULL;
CREATE INDEX dead_letters_device ON dead_letters (device, dead_letter_no);
CREATE INDEX dead_letters_critical ON dead_letters (dead_letter_no) WHERE critical;

-- How many were ever parked, by reason.
CREATE TABLE dead_letter_counts (
    reason text PRIMARY KEY,
    parked bigint NOT NULL
) WITH (fillfactor = 50);

-- What is streamed to the console, in one order for everybody.
CREATE TABLE stream_events (
    event_no bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    kind text NOT NULL,
    body jsonb NOT NULL,
    written_at timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE INDEX stream_events_written ON stream_events (written_at);

-- Numbers are given out in one order and transactions end in another: a reader that has seen 12 would never look for
-- an 11 that is committed later. So whoever writes events holds this lock from before the first number to the COMMIT.
CREATE FUNCTION hold_stream_order() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_advisory_xact_lock(7120, 1);
    RETURN NULL;
END $$;
CREATE TRIGGER stream_events_in_order BEFORE INSERT ON stream_events
    FOR EACH STATEMENT EXECUTE FUNCTION hold_stream_order();

CREATE FUNCTION tell_of_stream_events() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_notify('bailiwick_events', '');
    RETURN NULL;
END $$;
CREATE TRIGGER stream_events_told AFTER INSERT ON stream_events
    FOR EACH STATEMENT EXECUTE FUNCTION tell_of_stream_events();

-- The newest figures of each process (states of the orders, rates, delays), one row a name.
CREATE TABLE figures (
    name text PRIMARY KEY,
    body jsonb NOT NULL,
    at timestamptz NOT NULL
) WITH (fillfactor = 50);
