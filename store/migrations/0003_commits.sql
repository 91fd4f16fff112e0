-- One row a commit of ingest: its number, which no other worker can take, and its lines.

-- `instants`, `kinds`, `device_nos`, `sent` and `bad` are one value a line, packed as store/packing.py says
-- (little-endian, the smallest value once, then unsigned differences); `ranges` is four such columns: device_no, gen,
-- low, high. They are stored uncompressed: packing has done that work already. `facts_total` is the sum of fixes and
-- equipment events of this and all commits before it.
CREATE TABLE commits (
    no bigint PRIMARY KEY CHECK (no > 0),
    writer text NOT NULL,
    committed_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    first_instant timestamptz,
    last_instant timestamptz,
    oldest_fix_time timestamptz,
    newest_fix_time timestamptz,
    lines integer NOT NULL,
    fixes integer NOT NULL,
    equipment_events integer NOT NULL,
    violations integer NOT NULL,
    dead_letters integer NOT NULL,
    facts_total bigint NOT NULL,
    instants bytea NOT NULL,
    kinds bytea NOT NULL,
    device_nos bytea NOT NULL,
    sent bytea NOT NULL,
    bad bytea NOT NULL,
    ranges bytea NOT NULL
);
ALTER TABLE commits
    ALTER COLUMN instants SET STORAGE EXTERNAL,
    ALTER COLUMN kinds SET STORAGE EXTERNAL,
    ALTER COLUMN device_nos SET STORAGE EXTERNAL,
    ALTER COLUMN sent SET STORAGE EXTERNAL,
    ALTER COLUMN bad SET STORAGE EXTERNAL,
    ALTER COLUMN ranges SET STORAGE EXTERNAL;
CREATE INDEX commits_last_instant ON commits (last_instant);

-- The state of the rules after a commit, in parts so that no size is too large. The newest few are kept.
CREATE TABLE checkpoints (
    commit_no bigint NOT NULL,
    part integer NOT NULL,
    body bytea NOT NULL,
    made_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (commit_no, part)
);
ALTER TABLE checkpoints ALTER COLUMN body SET STORAGE EXTERNAL;

-- Which (device, gen, seq) were received, as ranges, inclusive at both ends, up to the commit that `folded_ranges`
-- names; the ranges of later commits stand in their rows (docs/decisions/0101-received-ranges.md).
CREATE TABLE received_ranges (
    device_no bigint NOT NULL,
    gen bigint NOT NULL,
    low bigint NOT NULL,
    high bigint NOT NULL,
    PRIMARY KEY (device_no, gen, low),
    CHECK (low <= high)
) WITH (fillfactor = 50);

CREATE TABLE folded_ranges (
    only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    commit_no bigint NOT NULL
);
INSERT INTO folded_ranges (commit_no) VALUES (0);
