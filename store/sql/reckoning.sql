-- Accounts after a run: was everything stored exactly once, and how soon were people alerted?

-- name: stored_of_devices
-- How many facts of a `gen` each device has, and how many different ones.
SELECT d.id, count(*), count(DISTINCT f.seq)
FROM (SELECT device_no, seq FROM all_fixes WHERE gen = %(gen)s
    UNION ALL SELECT device_no, seq FROM all_equipment_events WHERE gen = %(gen)s) AS f
JOIN devices d USING (device_no)
GROUP BY d.id;

-- name: raised_alerts
-- Alerts as they were raised by a line: its place in its commit, and when the transaction was over (where the server
-- keeps that, else when the row was written in it).
SELECT o.commit_no, v.line, CASE WHEN current_setting('track_commit_timestamp')::boolean
    THEN COALESCE(pg_xact_commit_timestamp(o.xmin), o.written_at) ELSE o.written_at END
FROM outbox o JOIN violations v ON v.id = o.violation_id AND v.version = o.version
WHERE o.change = 'raised' ORDER BY o.commit_no;

-- name: lines_of_commits
-- Kinds of the lines of some commits, and when their messages were sent.
SELECT no, kinds, sent FROM commits WHERE no = ANY(%(nos)s::bigint[]);
