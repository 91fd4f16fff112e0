-- Commands to devices (docs/decisions/0016): what was asked of which device, by whom or by which rule, and what came of it.

-- `id` is the command's name on the wire, the same at every attempt. Nothing of a row is edited but how far it has come;
-- `ended_at` is when nothing more was expected of it, `answered_at` when the device says that it answered, `late` that this was
-- heard after the command had expired. `detail` is why it could not be delivered.
CREATE TABLE device_commands (
    command_no bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    id text NOT NULL UNIQUE DEFAULT gen_random_uuid()::text,
    device text NOT NULL,
    command text NOT NULL CHECK (command IN ('locate_now', 'vibrate', 'message', 'set_interval', 'resend')),
    args jsonb NOT NULL,
    cause text NOT NULL CHECK (cause IN ('person', 'violation', 'near', 'over', 'hole')),
    about text,
    by_name text,
    by_role text CHECK (by_role IN ('operator', 'supervisor', 'duty_manager', 'officer', 'police', 'enforcement', 'field',
        'victim_liaison', 'administrator', 'auditor', 'device_manager')),
    made_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    state text NOT NULL DEFAULT 'waiting' CHECK (state IN ('waiting', 'leased', 'sent', 'ok', 'refused', 'expired',
        'superseded', 'undeliverable')),
    attempts integer NOT NULL DEFAULT 0,
    next_at timestamptz NOT NULL,
    leased_until timestamptz,
    sent_at timestamptz,
    ended_at timestamptz,
    answered_at timestamptz,
    late boolean NOT NULL DEFAULT false,
    detail text,
    CHECK ((cause = 'person') = (by_name IS NOT NULL)),
    CHECK ((by_name IS NULL) = (by_role IS NULL)),
    CHECK (expires_at > made_at),
    CHECK ((state IN ('waiting', 'leased', 'sent')) = (ended_at IS NULL))
) WITH (fillfactor = 70);
CREATE INDEX device_commands_device ON device_commands (device, command_no);
-- What something may still come of is little among all that ever was.
CREATE INDEX device_commands_open ON device_commands (device, command_no) WHERE state IN ('waiting', 'leased', 'sent');

CREATE FUNCTION tell_of_commands() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_notify('bailiwick_commands', '');
    RETURN NULL;
END $$;
CREATE TRIGGER device_commands_told AFTER INSERT ON device_commands FOR EACH STATEMENT EXECUTE FUNCTION tell_of_commands();

-- Up to which commit results were looked for.
CREATE TABLE command_results_read (
    only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    commit_no bigint NOT NULL
);
INSERT INTO command_results_read (commit_no) SELECT COALESCE(max(no), 0) FROM commits;

-- Devices whose interval the rules have shortened, or are bringing back; a device without a row has what its record says.
-- `needed_at` is when that was last needed, `near_since` since when a zone has been near; a command of theirs that came to
-- nothing is asked again at `next_at`.
CREATE TABLE device_intervals (
    device text PRIMARY KEY,
    fast boolean NOT NULL,
    needed_at timestamptz NOT NULL,
    near_since timestamptz,
    command_no bigint REFERENCES device_commands,
    tries integer NOT NULL,
    next_at timestamptz NOT NULL
) WITH (fillfactor = 70);

-- Runs of seq that never came, as they were last seen; a row goes when its hole is filled, and stays when it was given up.
CREATE TABLE seq_holes (
    device_no bigint NOT NULL,
    gen bigint NOT NULL,
    low bigint NOT NULL,
    high bigint NOT NULL,
    seen_at timestamptz NOT NULL,
    tries integer NOT NULL,
    next_at timestamptz NOT NULL,
    command_no bigint REFERENCES device_commands,
    given_up boolean NOT NULL DEFAULT false,
    PRIMARY KEY (device_no, gen, low),
    CHECK (low <= high)
) WITH (fillfactor = 70);

-- Answers of devices (code 19) among their events: few, so the index costs a commit without any nothing.
CREATE INDEX equipment_events_results ON equipment_events (commit_no) WHERE code = 19;
CREATE INDEX stray_equipment_events_results ON stray_equipment_events (commit_no) WHERE code = 19;

-- All that dispatch may see of what devices say: answers to commands.
CREATE FUNCTION command_results(after bigint, upto bigint, since timestamptz)
RETURNS TABLE (device text, data bytea, fix_time timestamptz, receive_time timestamptz, commit_no bigint)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path FROM CURRENT AS $$
    SELECT d.id, e.data, e.fix_time, e.receive_time, e.commit_no
    FROM equipment_events e JOIN devices d ON d.device_no = e.device_no
    WHERE e.code = 19 AND e.commit_no > after AND e.commit_no <= upto AND e.fix_time >= since
    UNION ALL
    SELECT d.id, e.data, e.fix_time, e.receive_time, e.commit_no
    FROM stray_equipment_events e JOIN devices d ON d.device_no = e.device_no
    WHERE e.code = 19 AND e.commit_no > after AND e.commit_no <= upto
    ORDER BY commit_no
$$;
REVOKE ALL ON FUNCTION command_results(bigint, bigint, timestamptz) FROM PUBLIC;

-- All that the rule of near zones may see of positions: the newest used fix (quality ok, source not lbs: rules.md 3) of each of
-- some devices, with the speed that it states.
CREATE FUNCTION newest_used_places(device_nos bigint[], since timestamptz)
RETURNS TABLE (device_no bigint, lon double precision, lat double precision, acc double precision, spd double precision,
    fix_time timestamptz)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path FROM CURRENT AS $$
    SELECT n.device_no, x.lon, x.lat, x.acc, x.spd, x.fix_time
    FROM unnest(newest_used_places.device_nos) AS n(device_no)
    CROSS JOIN LATERAL (
        SELECT * FROM fixes x
        WHERE x.device_no = n.device_no AND x.fix_time >= newest_used_places.since AND x.quality = 0 AND x.src <> 2
        ORDER BY x.fix_time DESC LIMIT 1
    ) x
$$;
REVOKE ALL ON FUNCTION newest_used_places(bigint[], timestamptz) FROM PUBLIC;

-- Whoever sees a device sees what was asked of it.
CREATE VIEW seen.device_commands AS
    SELECT c.* FROM device_commands c WHERE EXISTS (SELECT FROM seen.device_records r WHERE r.id = c.device);

DO $$
BEGIN
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'bailiwick_seeing') THEN
        GRANT SELECT ON seen.device_commands TO bailiwick_seeing;
    END IF;
    IF (SELECT count(*) FROM pg_roles
        WHERE rolname IN ('bailiwick_ingest', 'bailiwick_api', 'bailiwick_dispatch')) < 3 THEN
        RAISE NOTICE 'no privileges were granted: the roles are not all there';
        RETURN;
    END IF;
    GRANT SELECT, INSERT ON device_commands TO bailiwick_api, bailiwick_dispatch;
    -- A newer interval takes the place of one that waits.
    GRANT UPDATE (state, ended_at, next_at) ON device_commands TO bailiwick_api;
    GRANT UPDATE ON device_commands, command_results_read TO bailiwick_dispatch;
    GRANT SELECT ON command_results_read, commits, received_ranges, folded_ranges, devices TO bailiwick_dispatch;
    GRANT SELECT, INSERT, UPDATE, DELETE ON device_intervals, seq_holes TO bailiwick_dispatch;
    GRANT EXECUTE ON FUNCTION command_results(bigint, bigint, timestamptz),
        newest_used_places(bigint[], timestamptz) TO bailiwick_dispatch;
END $$;
