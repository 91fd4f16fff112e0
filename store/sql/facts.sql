-- Facts as they were first stored, every absent value replaced so that all rows have one length (store/facts_io.py).

-- name: read_fixes_of_commits
-- The fixes of some commits; the fix times bound which days are looked at.
COPY (
    SELECT device_no, gen, seq, fix_time, receive_time, commit_no, line, row_no, quality, lat, lon, acc, src,
        COALESCE(spd, 'NaN'), COALESCE(hdg, 'NaN'), COALESCE(bat, 'NaN'), COALESCE(hdop, 'NaN'),
        COALESCE(sats, -1::smallint)
    FROM fixes
    WHERE commit_no >= %(first)s AND commit_no <= %(last)s AND fix_time >= %(oldest)s AND fix_time <= %(newest)s
    UNION ALL
    SELECT device_no, gen, seq, fix_time, receive_time, commit_no, line, row_no, quality, lat, lon, acc, src,
        COALESCE(spd, 'NaN'), COALESCE(hdg, 'NaN'), COALESCE(bat, 'NaN'), COALESCE(hdop, 'NaN'),
        COALESCE(sats, -1::smallint)
    FROM stray_fixes WHERE commit_no >= %(first)s AND commit_no <= %(last)s
) TO STDOUT (FORMAT binary);

-- name: read_events_of_commits
-- The equipment events of some commits, without their data.
COPY (
    SELECT device_no, gen, seq, fix_time, receive_time, commit_no, line, row_no, quality, code, state,
        COALESCE(tag, -1), COALESCE(last_heard_us, 0), COALESCE(said, 0)
    FROM equipment_events
    WHERE commit_no >= %(first)s AND commit_no <= %(last)s AND fix_time >= %(oldest)s AND fix_time <= %(newest)s
    UNION ALL
    SELECT device_no, gen, seq, fix_time, receive_time, commit_no, line, row_no, quality, code, state,
        COALESCE(tag, -1), COALESCE(last_heard_us, 0), COALESCE(said, 0)
    FROM stray_equipment_events WHERE commit_no >= %(first)s AND commit_no <= %(last)s
) TO STDOUT (FORMAT binary);

-- name: read_data_of_commits
-- The data of those events that have any.
SELECT commit_no, row_no, data FROM equipment_events
WHERE commit_no >= %(first)s AND commit_no <= %(last)s AND fix_time >= %(oldest)s AND fix_time <= %(newest)s
    AND data IS NOT NULL
UNION ALL
SELECT commit_no, row_no, data FROM stray_equipment_events
WHERE commit_no >= %(first)s AND commit_no <= %(last)s AND data IS NOT NULL;

-- name: read_fixes_of_devices
-- The fixes of some devices that are later than an instant.
COPY (
    SELECT device_no, gen, seq, fix_time, receive_time, commit_no, line, row_no, quality, lat, lon, acc, src,
        COALESCE(spd, 'NaN'), COALESCE(hdg, 'NaN'), COALESCE(bat, 'NaN'), COALESCE(hdop, 'NaN'),
        COALESCE(sats, -1::smallint)
    FROM all_fixes
    WHERE device_no = ANY(%(nos)s::bigint[]) AND fix_time > %(after)s AND commit_no <= %(until)s
) TO STDOUT (FORMAT binary);

-- name: read_events_of_devices
-- The equipment events of some devices that are later than an instant, without their data; and earlier ones received
-- after it, so late that they count as of then (rules.md 2): days that cannot hold such a one are not looked at.
COPY (
    SELECT device_no, gen, seq, fix_time, receive_time, commit_no, line, row_no, quality, code, state,
        COALESCE(tag, -1), COALESCE(last_heard_us, 0), COALESCE(said, 0)
    FROM all_equipment_events
    WHERE device_no = ANY(%(nos)s::bigint[]) AND fix_time > %(after)s AND commit_no <= %(until)s
    UNION ALL
    SELECT device_no, gen, seq, fix_time, receive_time, commit_no, line, row_no, quality, code, state,
        COALESCE(tag, -1), COALESCE(last_heard_us, 0), COALESCE(said, 0)
    FROM equipment_events
    WHERE device_no = ANY(%(nos)s::bigint[]) AND commit_no <= %(until)s AND receive_time > %(after)s
        AND fix_time > %(unsure_after)s AND fix_time <= %(unsure_until)s
    UNION ALL
    SELECT device_no, gen, seq, fix_time, receive_time, commit_no, line, row_no, quality, code, state,
        COALESCE(tag, -1), COALESCE(last_heard_us, 0), COALESCE(said, 0)
    FROM stray_equipment_events
    WHERE device_no = ANY(%(nos)s::bigint[]) AND commit_no <= %(until)s AND receive_time > %(after)s
        AND fix_time <= %(after)s
) TO STDOUT (FORMAT binary);

-- name: read_fixes_by_identity
-- Fixes by (device, gen, seq) with a fix time from `oldest` on. For each identity the device's fixes are walked from
-- the newest back and the walk ends where it is found: a message that comes again comes soon.
COPY (
    SELECT f.device_no, f.gen, f.seq, fix_time, receive_time, commit_no, line, row_no, quality, lat, lon, acc, src,
        COALESCE(spd, 'NaN'), COALESCE(hdg, 'NaN'), COALESCE(bat, 'NaN'), COALESCE(hdop, 'NaN'),
        COALESCE(sats, -1::smallint)
    FROM unnest(%(nos)s::bigint[], %(gens)s::bigint[], %(seqs)s::bigint[]) AS w(device_no, gen, seq)
    CROSS JOIN LATERAL (
        SELECT * FROM fixes f
        WHERE f.device_no = w.device_no AND f.seq = w.seq AND f.gen = w.gen AND f.fix_time >= %(oldest)s
            AND f.commit_no <= %(until)s
        ORDER BY f.fix_time DESC LIMIT 1
    ) f
) TO STDOUT (FORMAT binary);

-- name: read_events_by_identity
-- Equipment events by (device, gen, seq) in the same way.
COPY (
    SELECT e.device_no, e.gen, e.seq, fix_time, receive_time, commit_no, line, row_no, quality, code, state,
        COALESCE(tag, -1), COALESCE(last_heard_us, 0), COALESCE(said, 0)
    FROM unnest(%(nos)s::bigint[], %(gens)s::bigint[], %(seqs)s::bigint[]) AS w(device_no, gen, seq)
    CROSS JOIN LATERAL (
        SELECT * FROM equipment_events e
        WHERE e.device_no = w.device_no AND e.seq = w.seq AND e.gen = w.gen AND e.fix_time >= %(oldest)s
            AND e.commit_no <= %(until)s
        ORDER BY e.fix_time DESC LIMIT 1
    ) e
) TO STDOUT (FORMAT binary);

-- name: newest_instant
-- The instant of the newest line that was committed: what "recent" is measured from.
SELECT last_instant FROM commits WHERE last_instant IS NOT NULL ORDER BY no DESC LIMIT 1;

-- name: commits_page
-- Commits after one, a page at a time.
SELECT no, oldest_fix_time, newest_fix_time, fixes + equipment_events, instants, kinds, device_nos, sent, bad, told_gens
FROM commits WHERE no > %(after)s ORDER BY no LIMIT %(limit)s;

-- name: newest_checkpoint
-- The parts of the newest state of the rules.
SELECT commit_no, body FROM checkpoints
WHERE commit_no = (SELECT max(commit_no) FROM checkpoints) ORDER BY part;

-- name: read_fixes_by_seq
-- Fixes of some devices by seq alone, over all days: the slower way, for what comes again late. Other gens and other
-- devices' seqs come along and are left out by the reader.
COPY (
    SELECT device_no, gen, seq, fix_time, receive_time, commit_no, line, row_no, quality, lat, lon, acc, src,
        COALESCE(spd, 'NaN'), COALESCE(hdg, 'NaN'), COALESCE(bat, 'NaN'), COALESCE(hdop, 'NaN'),
        COALESCE(sats, -1::smallint)
    FROM all_fixes
    WHERE device_no = ANY(%(nos)s::bigint[]) AND gen = ANY(%(gens)s::bigint[]) AND seq = ANY(%(seqs)s::bigint[])
        AND commit_no <= %(until)s
) TO STDOUT (FORMAT binary);

-- name: read_events_by_seq
-- Equipment events in the same way.
COPY (
    SELECT device_no, gen, seq, fix_time, receive_time, commit_no, line, row_no, quality, code, state,
        COALESCE(tag, -1), COALESCE(last_heard_us, 0), COALESCE(said, 0)
    FROM all_equipment_events
    WHERE device_no = ANY(%(nos)s::bigint[]) AND gen = ANY(%(gens)s::bigint[]) AND seq = ANY(%(seqs)s::bigint[])
        AND commit_no <= %(until)s
) TO STDOUT (FORMAT binary);
