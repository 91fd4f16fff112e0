-- The one transaction of a commit.

-- name: newest_commit
-- The number of the newest commit, 0 when there is none, and who wrote it.
SELECT no, writer FROM commits ORDER BY no DESC LIMIT 1;

-- name: claim_commit
-- Takes a commit number if it follows the last one. Two that try the same number meet at the primary key: the second
-- waits for the first and then fails.
INSERT INTO commits (no, writer, first_instant, last_instant, oldest_fix_time, newest_fix_time, lines, fixes,
    equipment_events, violations, dead_letters, facts_total, instants, kinds, device_nos, sent, bad, ranges, told_gens)
SELECT %(no)s::bigint, %(writer)s, %(first_instant)s::timestamptz, %(last_instant)s::timestamptz,
    %(oldest_fix_time)s::timestamptz, %(newest_fix_time)s::timestamptz, %(lines)s::integer, %(fixes)s::integer,
    %(equipment_events)s::integer, %(violations)s::integer, %(dead_letters)s::integer,
    COALESCE(last.facts_total, 0) + %(fixes)s::integer + %(equipment_events)s::integer,
    %(instants)s, %(kinds)s, %(device_nos)s, %(sent)s, %(bad)s, %(ranges)s, %(told_gens)s
FROM (SELECT 1) AS one
LEFT JOIN (SELECT no, facts_total FROM commits ORDER BY no DESC LIMIT 1) AS last ON true
WHERE %(no)s::bigint = 1 + COALESCE(last.no, 0);

-- name: copy_violations
-- Versions, in the order in which they are to be written.
COPY violations (id, version, change, reason, wearer, victim, kind, code, order_id, condition, device, from_at, to_at,
    decided_at, late, age_s, cause, minutes_certain, minutes_possible, p_inside, score, retrospective, untold, evidence,
    commit_no, line) FROM STDIN (FORMAT binary);

-- name: point_at_newest_violations
-- The versions just written become the newest of their ids; the number of an id's first version stays.
INSERT INTO violations_newest (id, violation_no, wearer, kind, open, withdrawn, first_no)
SELECT DISTINCT ON (id) id, violation_no, wearer, kind, to_at IS NULL AND change <> 'withdrawn', change = 'withdrawn',
    min(violation_no) OVER (PARTITION BY id)
FROM violations WHERE commit_no = %(commit_no)s ORDER BY id, version DESC
ON CONFLICT (id) DO UPDATE SET violation_no = EXCLUDED.violation_no, wearer = EXCLUDED.wearer, kind = EXCLUDED.kind,
    open = EXCLUDED.open, withdrawn = EXCLUDED.withdrawn;

-- name: copy_dead_letters
-- Parked messages and items.
COPY dead_letters (received_at, topic, payload, reason, field, cause, device, critical, commit_no)
FROM STDIN (FORMAT binary);

-- name: count_dead_letters
-- Adds to how many were ever parked.
INSERT INTO dead_letter_counts (reason, parked)
SELECT reason, parked FROM unnest(%(reasons)s::text[], %(numbers)s::bigint[]) AS c(reason, parked) ORDER BY reason
ON CONFLICT (reason) DO UPDATE SET parked = dead_letter_counts.parked + EXCLUDED.parked;

-- name: mark_replayed
-- Dead letters that are lines of this commit again.
UPDATE dead_letters SET replayed_by = %(commit_no)s
WHERE dead_letter_no = ANY(%(numbers)s::bigint[]) AND replayed_by IS NULL;

-- name: replayable
-- Dead letters whose device is learnt now and that no commit has taken again, the oldest first.
SELECT l.dead_letter_no, l.topic, l.payload, l.received_at, l.reason, l.field, l.cause, l.device, l.critical
FROM dead_letters l
WHERE l.reason = 'unknown_device' AND l.replayed_by IS NULL
    AND EXISTS (SELECT 1 FROM caseload_newest n WHERE n.type = 'device' AND n.id = l.device AND NOT n.cancelled)
ORDER BY l.dead_letter_no LIMIT %(limit)s;

-- name: copy_stream_events
-- What the console is to be told, in order.
COPY stream_events (kind, body) FROM STDIN (FORMAT binary);

-- name: has_checkpoint
-- Whether the state after a commit is kept.
SELECT EXISTS (SELECT FROM checkpoints WHERE commit_no = %(no)s);

-- name: copy_checkpoint
-- One part of the state of the rules.
COPY checkpoints (commit_no, part, body) FROM STDIN (FORMAT binary);

-- name: drop_old_checkpoints
-- Keeps the newest checkpoints only.
DELETE FROM checkpoints WHERE commit_no NOT IN
    (SELECT DISTINCT commit_no FROM checkpoints ORDER BY commit_no DESC LIMIT %(kept)s);

-- name: stop_waiting
-- The records that lines of this commit took wait no longer.
DELETE FROM caseload_waiting w USING caseload_learnt l WHERE l.commit_no = %(commit_no)s AND w.record_no = l.record_no;

-- name: point_at_newest
-- The records just learnt become the newest of their ids; of several of one id, the last learnt.
INSERT INTO caseload_newest (type, id, record_no, cancelled, learnt_at)
SELECT DISTINCT ON (r.type, r.id) r.type, r.id, r.record_no, r.cancelled, l.learnt_at
FROM caseload_learnt l JOIN caseload_records r ON r.record_no = l.record_no
WHERE l.commit_no = %(commit_no)s ORDER BY r.type, r.id, l.line DESC, l.record_no DESC
ON CONFLICT (type, id) DO UPDATE SET record_no = EXCLUDED.record_no, cancelled = EXCLUDED.cancelled,
    learnt_at = EXCLUDED.learnt_at;

-- name: analyze_caseload
-- After many records at once: the planner must know before autovacuum gets round to it.
ANALYZE caseload_newest, caseload_records, caseload_learnt, caseload_waiting;

-- name: change_alerts
-- One row each of different episodes, which stands for all its changes in this commit: raises the alert, or updates the
-- one that is there. There is never a second: `episode` is unique. An alert keeps the instant at which it was raised.
-- Its revision grows by the number of changes: it is new when it is no more than that, and gets its row of work.
WITH changed AS (
    INSERT INTO alerts (episode, revision, wearer, victim, device, kind, code, condition, severity, state, withdrawn,
        raised_at, changed_at, grouped_under, commit_no)
    SELECT c.episode, c.changes, c.wearer, c.victim, c.device, c.kind, c.code, c.condition, c.severity, c.state,
        c.withdrawn, c.raised_at, c.changed_at, c.grouped_under, %(commit_no)s
    FROM unnest(%(changes)s::bigint[], %(episode)s::text[], %(wearer)s::text[], %(victim)s::text[], %(device)s::text[],
        %(kind)s::text[], %(code)s::text[], %(condition)s::text[], %(severity)s::text[], %(state)s::text[],
        %(withdrawn)s::boolean[], %(raised_at)s::timestamptz[], %(changed_at)s::timestamptz[], %(grouped_under)s::text[])
        WITH ORDINALITY AS c(changes, episode, wearer, victim, device, kind, code, condition, severity, state, withdrawn,
            raised_at, changed_at, grouped_under, place)
    ORDER BY c.place
    ON CONFLICT (episode) DO UPDATE SET code = EXCLUDED.code, severity = EXCLUDED.severity, state = EXCLUDED.state,
        withdrawn = EXCLUDED.withdrawn, changed_at = EXCLUDED.changed_at, grouped_under = EXCLUDED.grouped_under,
        commit_no = EXCLUDED.commit_no,
        revision = alerts.revision + EXCLUDED.revision
    RETURNING alert_no, episode, revision, raised_at
), made AS (
    INSERT INTO alert_work (alert_no, unclaimed_since)
    SELECT a.alert_no, a.raised_at FROM changed a
    JOIN unnest(%(changes)s::bigint[], %(episode)s::text[]) AS c(changes, episode) ON c.episode = a.episode
    WHERE a.revision = c.changes
)
SELECT alert_no, episode, revision FROM changed;

-- name: active_since
-- When the active alerts of a kind were raised, the oldest first: what a process that ended has left to be cleared.
SELECT raised_at FROM alerts WHERE state = 'active' AND NOT withdrawn AND kind = %(kind)s ORDER BY raised_at, alert_no;

-- name: link_alerts
-- Which violations the changed alerts are about (an alert of the service rests on none), and each change's outbox row.
WITH change AS (
    SELECT * FROM unnest(%(alert_no)s::bigint[], %(violation_id)s::text[], %(version)s::integer[], %(change)s::text[],
        %(severity)s::text[], %(grouped_under)s::text[])
        WITH ORDINALITY AS c(alert_no, violation_id, version, change, severity, grouped_under, place)
), linked AS (
    INSERT INTO alert_violations (alert_no, violation_id, version)
    SELECT alert_no, violation_id, max(version) FROM change
    WHERE EXISTS (SELECT 1 FROM violations_newest n WHERE n.id = violation_id)
    GROUP BY alert_no, violation_id
    ON CONFLICT (alert_no, violation_id) DO UPDATE SET version = EXCLUDED.version
)
INSERT INTO outbox (alert_no, change, severity, violation_id, version, grouped_under, commit_no)
SELECT alert_no, change, severity, violation_id, version, grouped_under, %(commit_no)s FROM change ORDER BY place;

-- name: alerts_by_number
-- Alerts as they stand, with what people make of them, and with the violations that each rests on: when the first began, and
-- whether each was late when it was learnt.
SELECT a.alert_no, a.episode, a.wearer, a.victim, a.device, a.kind, a.code, a.condition,
    COALESCE(w.severity, a.severity), a.state, a.raised_at, a.changed_at, a.withdrawn, a.grouped_under, w.work, w.revision,
    w.holder, w.claim_ends_at, w.unclaimed_since, w.outcome, w.closed_at, w.closed_by, w.about,
    ARRAY(SELECT v.violation_id FROM alert_violations v WHERE v.alert_no = a.alert_no ORDER BY v.violation_id),
    h.happened_at, h.late
FROM alerts a LEFT JOIN alert_work w ON w.alert_no = a.alert_no
LEFT JOIN LATERAL (
    SELECT min(v.from_at) FILTER (WHERE v.version = l.version) AS happened_at,
        bool_and(v.late) FILTER (WHERE v.version = 1) AS late
    FROM alert_violations l JOIN violations v ON v.id = l.violation_id AND v.version IN (1, l.version)
    WHERE l.alert_no = a.alert_no
) h ON true
WHERE a.alert_no = ANY(%(numbers)s::bigint[]) ORDER BY a.alert_no;
