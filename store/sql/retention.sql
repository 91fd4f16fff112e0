-- Dropping what is old, but never what a violation rests on or what is still needed to fold again.

-- name: oldest_checkpoint
-- Commits up to this one are never folded again; null when there is no checkpoint.
SELECT min(commit_no) FROM checkpoints;

-- name: name_evidence
-- The facts that current violations name, for the time of one transaction.
CREATE TEMPORARY TABLE named_evidence ON COMMIT DROP AS
SELECT DISTINCT d.device_no, (e ->> 'gen')::bigint AS gen, (e ->> 'seq')::bigint AS seq
FROM current_violations v
CROSS JOIN LATERAL jsonb_array_elements(v.evidence) AS e
JOIN devices d ON d.id = e ->> 'device';

-- name: index_evidence
-- Makes the look-up of each old fact cheap.
ALTER TABLE named_evidence ADD PRIMARY KEY (device_no, gen, seq);

-- name: oldest_day
-- The first day, in UTC, that holds a fact older than `before`; null when there is none.
SELECT date_trunc('day', min(fix_time), 'UTC') FROM (
    SELECT min(fix_time) AS fix_time FROM fixes WHERE fix_time < %(before)s
    UNION ALL SELECT min(fix_time) FROM equipment_events WHERE fix_time < %(before)s
) AS oldest;

-- name: drop_old_fixes
-- Fixes of a stretch of time that no current violation names and no restart needs.
DELETE FROM fixes f
WHERE f.fix_time >= %(from_at)s AND f.fix_time < %(to_at)s AND f.commit_no <= %(checkpoint)s
    AND NOT EXISTS (SELECT 1 FROM named_evidence n
        WHERE n.device_no = f.device_no AND n.gen = f.gen AND n.seq = f.seq);

-- name: drop_old_equipment_events
-- The same for equipment events.
DELETE FROM equipment_events f
WHERE f.fix_time >= %(from_at)s AND f.fix_time < %(to_at)s AND f.commit_no <= %(checkpoint)s
    AND NOT EXISTS (SELECT 1 FROM named_evidence n
        WHERE n.device_no = f.device_no AND n.gen = f.gen AND n.seq = f.seq);

-- name: drop_stray_fixes
-- Strays go by their receive time: their fix time is not to be trusted.
DELETE FROM stray_fixes f
WHERE f.receive_time < %(before)s AND f.commit_no <= %(checkpoint)s
    AND NOT EXISTS (SELECT 1 FROM named_evidence n
        WHERE n.device_no = f.device_no AND n.gen = f.gen AND n.seq = f.seq);

-- name: drop_stray_equipment_events
-- The same for equipment events.
DELETE FROM stray_equipment_events f
WHERE f.receive_time < %(before)s AND f.commit_no <= %(checkpoint)s
    AND NOT EXISTS (SELECT 1 FROM named_evidence n
        WHERE n.device_no = f.device_no AND n.gen = f.gen AND n.seq = f.seq);

-- name: old_chunks
-- Chunks that end before `before`, the oldest first.
SELECT c.hypertable_name::text, c.range_start, c.range_end FROM timescaledb_information.chunks c
WHERE c.hypertable_schema = current_schema() AND c.hypertable_name IN ('fixes', 'equipment_events')
    AND c.range_end <= %(before)s
ORDER BY c.range_start, c.hypertable_name;

-- name: chunk_of_fixes_is_needed
-- Whether a chunk of fixes holds one that a current violation names, or that a restart needs; and how many it holds.
SELECT bool_or(f.commit_no > %(checkpoint)s OR n.seq IS NOT NULL), count(*)
FROM fixes f LEFT JOIN named_evidence n ON n.device_no = f.device_no AND n.gen = f.gen AND n.seq = f.seq
WHERE f.fix_time >= %(from_at)s AND f.fix_time < %(to_at)s;

-- name: chunk_of_equipment_events_is_needed
-- The same for equipment events.
SELECT bool_or(f.commit_no > %(checkpoint)s OR n.seq IS NOT NULL), count(*)
FROM equipment_events f
LEFT JOIN named_evidence n ON n.device_no = f.device_no AND n.gen = f.gen AND n.seq = f.seq
WHERE f.fix_time >= %(from_at)s AND f.fix_time < %(to_at)s;

-- name: drop_chunk
-- One whole chunk: its files go, nothing is left to vacuum.
SELECT drop_chunks(%(table)s::regclass, older_than => %(to_at)s::timestamptz, newer_than => %(from_at)s::timestamptz);

-- name: drop_old_commits
-- Commits whose lines are older than `before` and are never folded again.
DELETE FROM commits WHERE last_instant < %(before)s AND no < %(checkpoint)s;

-- name: drop_old_stream_events
-- Streamed events that nobody resumes from any more.
DELETE FROM stream_events WHERE written_at < %(before)s;
