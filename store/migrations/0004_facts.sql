-- Facts: what devices said, as first judged. Never edited; a later judgement is a row of `fix_qualities`.

-- A column that is null was absent in the message. `row_no` is the fact's place in its commit.
CREATE TABLE fixes (
    device_no bigint NOT NULL,
    gen bigint NOT NULL,
    seq bigint NOT NULL,
    fix_time timestamptz NOT NULL,
    receive_time timestamptz NOT NULL,
    commit_no bigint NOT NULL,
    lat double precision NOT NULL,
    lon double precision NOT NULL,
    acc double precision NOT NULL,
    spd double precision,
    hdg double precision,
    bat double precision,
    hdop double precision,
    line integer NOT NULL,
    row_no integer NOT NULL,
    sats smallint,
    src smallint NOT NULL,
    quality smallint NOT NULL
);

-- `tag` is the device_no of the tag that the event is about, 0 when it named one that we do not know. `last_heard_us`
-- is what the device said, microseconds since 1970, and may be any number. `data` is the event's JSON object, byte for
-- byte (jsonb would refuse U+0000 and re-order keys).
CREATE TABLE equipment_events (
    device_no bigint NOT NULL,
    gen bigint NOT NULL,
    seq bigint NOT NULL,
    fix_time timestamptz NOT NULL,
    receive_time timestamptz NOT NULL,
    commit_no bigint NOT NULL,
    tag bigint,
    last_heard_us bigint,
    line integer NOT NULL,
    row_no integer NOT NULL,
    code smallint NOT NULL,
    state smallint NOT NULL,
    quality smallint NOT NULL,
    data bytea
);

-- Facts whose fix time is far from their receive time (`future` and `ancient`, rules.md 2) stand apart, in ordinary
-- tables: a device with a mad clock would otherwise make one partition a message and slow everybody.
CREATE TABLE stray_fixes (LIKE fixes);
CREATE TABLE stray_equipment_events (LIKE equipment_events);

CREATE INDEX fixes_device_time ON fixes (device_no, fix_time DESC);
CREATE INDEX equipment_events_device_time ON equipment_events (device_no, fix_time DESC);
CREATE INDEX stray_fixes_device_time ON stray_fixes (device_no, fix_time DESC);
CREATE INDEX stray_equipment_events_device_time ON stray_equipment_events (device_no, fix_time DESC);

-- Commit numbers only rise, so a block-range index finds a commit's facts for next to nothing.
CREATE INDEX fixes_commit ON fixes USING brin (commit_no) WITH (autosummarize = on);
CREATE INDEX equipment_events_commit ON equipment_events USING brin (commit_no) WITH (autosummarize = on);
CREATE INDEX stray_fixes_commit ON stray_fixes USING brin (commit_no) WITH (autosummarize = on);
CREATE INDEX stray_equipment_events_commit ON stray_equipment_events USING brin (commit_no) WITH (autosummarize = on);

CREATE VIEW all_fixes AS SELECT * FROM fixes UNION ALL SELECT * FROM stray_fixes;
CREATE VIEW all_equipment_events AS
    SELECT * FROM equipment_events UNION ALL SELECT * FROM stray_equipment_events;

-- A later fact changed the quality of an earlier one: the newest row of an identity counts.
CREATE TABLE fix_qualities (
    quality_no bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    device_no bigint NOT NULL,
    gen bigint NOT NULL,
    seq bigint NOT NULL,
    quality smallint NOT NULL,
    commit_no bigint NOT NULL,
    line integer NOT NULL
);
CREATE INDEX fix_qualities_identity ON fix_qualities (device_no, gen, seq, quality_no DESC);
