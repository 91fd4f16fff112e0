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

-- name: hold_facts
-- The facts that legal holds keep, for the time of one transaction.
CREATE TEMPORARY TABLE held ON COMMIT DROP AS SELECT * FROM held_facts;

-- name: oldest_day_of_fixes
-- The first day, in UTC, that holds a fix older than `before`; null when there is none.
SELECT date_trunc('day', min(fix_time), 'UTC') FROM fixes WHERE fix_time < %(before)s;

-- name: oldest_day_of_equipment_events
-- The same for equipment events.
SELECT date_trunc('day', min(fix_time), 'UTC') FROM equipment_events WHERE fix_time < %(before)s;

-- name: drop_old_fixes
-- Fixes of a stretch of time that no current violation names and no restart needs.
DELETE FROM fixes f
WHERE f.fix_time >= %(from_at)s AND f.fix_time < %(to_at)s AND f.commit_no <= %(checkpoint)s
    AND NOT EXISTS (SELECT 1 FROM named_evidence n
        WHERE n.device_no = f.device_no AND n.gen = f.gen AND n.seq = f.seq)
    AND NOT EXISTS (SELECT 1 FROM held h
        WHERE h.device_no = f.device_no AND f.fix_time >= h.from_at AND f.fix_time < h.to_at);

-- name: drop_old_equipment_events
-- The same for equipment events.
DELETE FROM equipment_events f
WHERE f.fix_time >= %(from_at)s AND f.fix_time < %(to_at)s AND f.commit_no <= %(checkpoint)s
    AND NOT EXISTS (SELECT 1 FROM named_evidence n
        WHERE n.device_no = f.device_no AND n.gen = f.gen AND n.seq = f.seq)
    AND NOT EXISTS (SELECT 1 FROM held h
        WHERE h.device_no = f.device_no AND f.fix_time >= h.from_at AND f.fix_time < h.to_at);

-- name: drop_stray_fixes
-- Strays go by their receive time: their fix time is not to be trusted.
DELETE FROM stray_fixes f
WHERE f.receive_time < %(before)s AND f.commit_no <= %(checkpoint)s
    AND NOT EXISTS (SELECT 1 FROM named_evidence n
        WHERE n.device_no = f.device_no AND n.gen = f.gen AND n.seq = f.seq)
    AND NOT EXISTS (SELECT 1 FROM held h
        WHERE h.device_no = f.device_no AND f.receive_time >= h.from_at AND f.receive_time < h.to_at);

-- name: drop_stray_equipment_events
-- The same for equipment events.
DELETE FROM stray_equipment_events f
WHERE f.receive_time < %(before)s AND f.commit_no <= %(checkpoint)s
    AND NOT EXISTS (SELECT 1 FROM named_evidence n
        WHERE n.device_no = f.device_no AND n.gen = f.gen AND n.seq = f.seq)
    AND NOT EXISTS (SELECT 1 FROM held h
        WHERE h.device_no = f.device_no AND f.receive_time >= h.from_at AND f.receive_time < h.to_at);

-- name: old_chunks
-- Chunks of a table that end before `before`, the oldest first.
SELECT c.hypertable_name::text, c.range_start, c.range_end FROM timescaledb_information.chunks c
WHERE c.hypertable_schema = current_schema() AND c.hypertable_name = %(table)s AND c.range_end <= %(before)s
ORDER BY c.range_start, c.hypertable_name;

-- name: chunk_of_fixes_is_needed
-- Whether a chunk of fixes holds one that a current violation names, or that a restart needs; and how many it holds.
SELECT bool_or(f.commit_no > %(checkpoint)s OR n.seq IS NOT NULL OR f.device_no IN (SELECT device_no FROM held)), count(*)
FROM fixes f LEFT JOIN named_evidence n ON n.device_no = f.device_no AND n.gen = f.gen AND n.seq = f.seq
WHERE f.fix_time >= %(from_at)s AND f.fix_time < %(to_at)s;

-- name: chunk_of_equipment_events_is_needed
-- The same for equipment events.
SELECT bool_or(f.commit_no > %(checkpoint)s OR n.seq IS NOT NULL OR f.device_no IN (SELECT device_no FROM held)), count(*)
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

-- name: drop_old_protected_fixes
-- Positions of protected people older than `before` that no current violation names and no restart needs.
DELETE FROM fixes f USING (SELECT DISTINCT * FROM protected_facts) p
WHERE f.device_no = p.device_no AND f.fix_time >= p.from_at AND f.fix_time < least(p.to_at, %(before)s)
    AND f.commit_no <= %(checkpoint)s
    AND NOT EXISTS (SELECT 1 FROM named_evidence n
        WHERE n.device_no = f.device_no AND n.gen = f.gen AND n.seq = f.seq);

-- name: drop_stray_protected_fixes
-- The same of fixes whose clock is not to be trusted: by their receive time.
DELETE FROM stray_fixes f USING (SELECT DISTINCT * FROM protected_facts) p
WHERE f.device_no = p.device_no AND f.receive_time >= p.from_at AND f.receive_time < least(p.to_at, %(before)s)
    AND f.commit_no <= %(checkpoint)s
    AND NOT EXISTS (SELECT 1 FROM named_evidence n
        WHERE n.device_no = f.device_no AND n.gen = f.gen AND n.seq = f.seq);

-- name: drop_protected_letters
-- Messages of protected people's units that were parked before `before`.
DELETE FROM dead_letters l USING devices d, protected_facts p
WHERE l.received_at < %(before)s AND d.id = l.device AND p.device_no = d.device_no;

-- name: drop_old_letters
-- Parked messages of before `before`, but those of held wearers' devices; a bounded number.
DELETE FROM dead_letters WHERE dead_letter_no IN (
    SELECT l.dead_letter_no FROM dead_letters l
    WHERE l.received_at < %(before)s AND NOT EXISTS (
        SELECT FROM held_facts h JOIN devices d ON d.device_no = h.device_no
        WHERE d.id = l.device AND l.received_at >= h.from_at AND l.received_at < h.to_at)
    ORDER BY l.dead_letter_no LIMIT %(limit)s);

-- name: drop_old_contacts
-- Entries of the contact log of before `before`, but of held wearers, and of alerts that somebody still works on.
DELETE FROM contacts WHERE contact_no IN (
    SELECT c.contact_no FROM contacts c LEFT JOIN alert_work w ON w.alert_no = c.alert_no
    LEFT JOIN alerts a ON a.alert_no = c.alert_no
    WHERE c.at < %(before)s AND (w.work IS NULL OR w.work = 'closed')
        AND NOT EXISTS (SELECT FROM holds h WHERE h.ended_at IS NULL AND h.wearer IN (c.wearer, a.wearer))
    ORDER BY c.contact_no LIMIT %(limit)s);

-- name: drop_old_crime_matches
-- Who was near crimes whose windows ended before `before`, with the positions, but whom a force was let see, and held wearers.
DELETE FROM crime_matches WHERE ctid IN (
    SELECT m.ctid FROM crime_matches m
    JOIN crime_matchings r ON r.matching_no = m.matching_no
    JOIN crime_versions v ON v.crime_no = r.crime_no AND v.version = r.version
    WHERE v.to_at < %(before)s AND m.authorised IS NOT TRUE
        AND NOT EXISTS (SELECT FROM holds h WHERE h.ended_at IS NULL AND h.wearer = m.wearer)
    LIMIT %(limit)s);

-- name: old_audit_bodies
-- Bodies of the audit of before `before` that may go: none that tells of an erasure, none about a held wearer.
SELECT b.body_no FROM audit_bodies b
WHERE b.at < %(before)s AND b.body ->> 'deed' <> 'audit.erase' AND NOT EXISTS (
    SELECT FROM holds h WHERE h.ended_at IS NULL AND (b.body -> 'subjects' @> to_jsonb(ARRAY[h.wearer])
        OR EXISTS (SELECT FROM audit_sets s WHERE s.set_id = b.body ->> 'set' AND s.subjects @> ARRAY[h.wearer])))
ORDER BY b.body_no LIMIT %(limit)s;

-- name: erase_audit_bodies
-- Takes bodies away; the numbers of their entries.
DELETE FROM audit_bodies b USING audit_entries e
WHERE b.body_no = ANY(%(body_nos)s::bigint[]) AND e.body_no = b.body_no AND b.body ->> 'deed' <> 'audit.erase'
RETURNING e.entry_no;

-- name: tell_of_erased_bodies
-- The entry that tells which bodies were erased; it gets its number at the COMMIT.
INSERT INTO audit_bodies (at, salt, body) VALUES (%(at)s, uuid_send(gen_random_uuid()), %(body)s);

-- name: unnamed_sets
-- Whether there is a set of subjects that no body names any more.
SELECT EXISTS (SELECT FROM audit_sets s WHERE NOT EXISTS (SELECT FROM audit_bodies b WHERE b.body ->> 'set' = s.set_id));

-- name: hold_audit_bodies
-- Nobody writes an entry until the transaction ends: one that is being written may name a set that was there.
LOCK TABLE audit_bodies IN SHARE ROW EXCLUSIVE MODE;

-- name: drop_unnamed_sets
-- Sets of subjects that no body names any more.
DELETE FROM audit_sets s WHERE NOT EXISTS (SELECT FROM audit_bodies b WHERE b.body ->> 'set' = s.set_id);

-- name: retention_done
-- Whether everything went on a day.
SELECT EXISTS (SELECT FROM retention_runs WHERE day = %(day)s::date);

-- name: newest_retention
-- The last day on which everything went that was old enough.
SELECT max(day)::text FROM retention_runs;

-- name: note_retention
-- Everything that was old enough went on that day.
INSERT INTO retention_runs (day, at, counts) VALUES (%(day)s::date, %(at)s, %(counts)s) ON CONFLICT (day) DO NOTHING;

-- name: hold_retention
-- One at a time; false when another is at it. Until the session ends, or lets go.
SELECT pg_try_advisory_lock(7120, 21);

-- name: let_retention_go
-- Lets the next process have its turn.
SELECT pg_advisory_unlock(7120, 21);
