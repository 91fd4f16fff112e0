-- What a look at alerts reads and writes (docs/decisions/0004-alert-work.md).
--
-- Why nobody deadlocks. Rows are locked in one order: work, then waiting notifications of those alerts, then episodes of
-- the service's own alerts (in order of name), then the order of stream events, which everybody takes last. Dispatch
-- never waits for a row of work (SKIP LOCKED); the desk waits, in order of number, and holds nothing else meanwhile.
-- Ingest locks no row that a look locks: it inserts rows of work that nobody can see yet, and rows of the outbox; its
-- updates of alerts and a look's foreign keys to them do not exclude each other.

-- name: take_alerts
-- Locks alerts that changed since they were looked at or whose timer is due, and that nobody holds, the most urgent first: of
-- those that are no less urgent than `least` (0: critical alone).
SELECT w.alert_no FROM (
    SELECT waiting.alert_no, min(waiting.rank) AS rank, min(waiting.due_at) AS due_at FROM (
        SELECT alert_no, CASE severity WHEN 'critical' THEN 0 WHEN 'serious' THEN 1 WHEN 'warning' THEN 2 ELSE 3 END AS rank,
            written_at AS due_at
        FROM outbox WHERE told_at IS NULL AND (%(least)s > 0 OR severity = 'critical')
        UNION ALL
        SELECT alert_no, rank, due_at FROM timers WHERE due_at <= %(now)s AND rank <= %(least)s
    ) AS waiting GROUP BY waiting.alert_no ORDER BY 2, 3, 1
) AS first
CROSS JOIN LATERAL (
    SELECT k.alert_no FROM alert_work k WHERE k.alert_no = first.alert_no FOR UPDATE SKIP LOCKED
) AS w LIMIT %(limit)s;

-- name: hold_alerts
-- Locks some alerts' work, in order of number; waits for whoever has one.
SELECT alert_no FROM alert_work WHERE alert_no = ANY(%(numbers)s::bigint[]) ORDER BY alert_no FOR UPDATE;

-- name: lock_timeout
-- How long to wait for a row that somebody else holds, in this transaction.
SELECT set_config('lock_timeout', %(ms)s, true);

-- name: hold_waiting_notifications
-- What waits to be sent of some alerts: nobody begins to send it before this look is over. So who was told is exact.
SELECT notification_no FROM notifications WHERE alert_no = ANY(%(numbers)s::bigint[]) AND state = 'waiting'
ORDER BY notification_no FOR UPDATE;

-- name: unseen_changes
-- The changes of some alerts that no look has seen.
SELECT outbox_no, alert_no FROM outbox WHERE told_at IS NULL AND alert_no = ANY(%(numbers)s::bigint[]);

-- name: timers_of_alerts
-- Every timer of some alerts.
SELECT alert_no, name FROM timers WHERE alert_no = ANY(%(numbers)s::bigint[]);

-- name: work_of_alerts
-- Some alerts as the rules have them, and their work.
SELECT a.alert_no, a.episode, a.kind, a.severity, a.raised_at, a.changed_at, a.code, a.wearer, a.victim, a.device,
    a.condition, a.state, a.withdrawn, a.grouped_under, w.revision, w.work, w.condition, w.severity, w.holder, w.renewed_at,
    w.unclaimed_since, w.period, w.outcome, w.closed_at, w.closed_by, w.plan, w.looked_at
FROM alert_work w JOIN alerts a ON a.alert_no = w.alert_no WHERE w.alert_no = ANY(%(numbers)s::bigint[]);

-- name: histories_of_alerts
-- The violations of some alerts: when one was last shortened or withdrawn, when the newest was opened, whether the first version of the
-- first was late, their ids; which were shortened or withdrawn, and when.
SELECT l.alert_no, max(v.decided_at) FILTER (WHERE v.change IN ('shortened', 'withdrawn')),
    max(v.decided_at) FILTER (WHERE v.version = 1), (array_agg(v.late ORDER BY v.violation_no))[1],
    array_agg(DISTINCT l.violation_id ORDER BY l.violation_id),
    array_agg(v.id ORDER BY v.violation_no) FILTER (WHERE v.change IN ('shortened', 'withdrawn')),
    array_agg(v.decided_at ORDER BY v.violation_no) FILTER (WHERE v.change IN ('shortened', 'withdrawn'))
FROM alert_violations l JOIN violations v ON v.id = l.violation_id
WHERE l.alert_no = ANY(%(numbers)s::bigint[]) GROUP BY l.alert_no;

-- name: current_violations_of_alerts
-- The current versions of some kinds that some alerts rest on.
SELECT l.alert_no, v.id, v.version, v.change, v.reason, v.wearer, v.victim, v.kind, v.code, v.order_id, v.condition,
    v.device, v.from_at, v.to_at, v.decided_at, v.late, v.age_s, v.cause, v.minutes_certain, v.minutes_possible, v.p_inside,
    v.score, v.retrospective, v.untold, v.evidence
FROM alert_violations l
JOIN violations_newest n ON n.id = l.violation_id AND NOT n.withdrawn
JOIN violations v ON v.violation_no = n.violation_no
WHERE l.alert_no = ANY(%(numbers)s::bigint[]) AND (%(kinds)s::text[] IS NULL OR n.kind = ANY(%(kinds)s))
ORDER BY l.alert_no, v.from_at, v.violation_no;

-- name: told_of_alerts
-- Who was told of some alerts, or may have been: a sender had it at least once. What stands another down tells of none.
SELECT alert_no, notification_no, target, recipient, channel, address, urgency, text FROM notifications
WHERE alert_no = ANY(%(numbers)s::bigint[]) AND attempts > 0 AND stands_down IS NULL ORDER BY notification_no;

-- name: wearers_of_alerts
-- The records of some wearers as known now.
SELECT id, body FROM wearers WHERE id = ANY(%(wearers)s::text[]);

-- name: orders_of_wearers
-- The orders of some wearers, or that protect some victims, with their conditions; `runs`: in force at `now`.
SELECT o.wearer, o.id, o.from_at <= %(now)s AND COALESCE(o.to_at, 'infinity') > %(now)s, o.from_at, o.body ->> 'area',
    o.body ->> 'organisation', o.body -> 'officer', c.id, c.kind, c.body ->> 'victim', c.body ->> 'timezone', c.body -> 'place'
FROM orders o LEFT JOIN conditions c ON c.order_id = o.id
WHERE o.wearer = ANY(%(wearers)s::text[]) OR o.id = ANY(ARRAY(
    SELECT p.order_id FROM conditions p WHERE p.kind = 'proximity' AND p.body ->> 'victim' = ANY(%(victims)s::text[])))
ORDER BY o.wearer, 3 DESC, o.from_at DESC, o.id, c.id;

-- name: victims_of_alerts
-- The records of some protected people as known now.
SELECT id, body FROM victims WHERE id = ANY(%(victims)s::text[]);

-- name: mutes_of_wearers
-- The mutes of some wearers that have not ended, or ended lately.
SELECT wearer, mute_no, from_at, COALESCE(ended_at, to_at), by_name, reason FROM mutes
WHERE wearer = ANY(%(wearers)s::text[]) AND to_at > %(since)s ORDER BY mute_no;

-- name: answers_of_alerts
-- Whether the last call to each party about some alerts was answered; who rings us has been reached. The adult responsible for
-- a wearer answers for them: at night nobody else of the two is called.
SELECT DISTINCT ON (alert_no, side) alert_no, side, answered
FROM contacts, LATERAL (SELECT CASE party WHEN 'responsible_adult' THEN 'wearer' ELSE party END) AS named (side)
WHERE alert_no = ANY(%(numbers)s::bigint[]) AND answered IS NOT NULL AND side IN ('wearer', 'victim')
ORDER BY alert_no, side, at DESC, contact_no DESC;

-- name: promises_of_alerts
-- What was promised about some alerts and has not been done.
SELECT alert_no, contact_no, promised_at FROM contacts
WHERE alert_no = ANY(%(numbers)s::bigint[]) AND promised_at IS NOT NULL AND kept_at IS NULL ORDER BY contact_no;

-- name: prealerts_of_pairs
-- Of each of some pre-alerts: how many of its pair were raised in the 7 days up to it, itself counted.
SELECT a.alert_no, count(*) FROM alerts a
JOIN alerts b ON b.wearer = a.wearer AND b.victim = a.victim AND b.kind = a.kind AND NOT b.withdrawn
    AND b.raised_at <= a.raised_at AND b.raised_at > a.raised_at - interval '7 days'
WHERE a.alert_no = ANY(%(numbers)s::bigint[]) AND a.kind = 'proximity_prealert' GROUP BY a.alert_no;

-- name: resting_on_alerts
-- What rests on which violation of some alerts.
SELECT DISTINCT l.alert_no, r.kind || ':' || r.reference, l.violation_id FROM alert_violations l
JOIN rests_on r ON r.violation_id = l.violation_id AND r.ended_at IS NULL
WHERE l.alert_no = ANY(%(numbers)s::bigint[]) ORDER BY 1, 2, 3;

-- name: used_fixes_of_wearers
-- The newest used fix of each of some wearers: all that dispatch may see of positions.
SELECT wearer, lon, lat, acc, fix_time
FROM newest_used_fixes(%(wearers)s::text[], %(since)s::timestamptz, %(now)s::timestamptz);

-- name: wearers_heard_at_home
-- Which of some wearers their home unit hears now.
SELECT wearer FROM heard_at_home(%(wearers)s::text[], %(since)s::timestamptz, %(now)s::timestamptz);

-- name: write_work
-- The work of alerts after a look or an event.
UPDATE alert_work w SET revision = c.revision, work = c.work, condition = c.condition, severity = c.severity,
    holder = c.holder, renewed_at = c.renewed_at, claim_ends_at = c.claim_ends_at, unclaimed_since = c.unclaimed_since,
    period = c.period, outcome = c.outcome, closed_at = c.closed_at, closed_by = c.closed_by, plan = c.plan::jsonb,
    looked_at = %(now)s
FROM unnest(%(alert_no)s::bigint[], %(revision)s::bigint[], %(work)s::text[], %(condition)s::text[], %(severity)s::text[],
    %(holder)s::text[], %(renewed_at)s::timestamptz[], %(claim_ends_at)s::timestamptz[], %(unclaimed_since)s::timestamptz[],
    %(period)s::bigint[], %(outcome)s::text[], %(closed_at)s::timestamptz[], %(closed_by)s::text[], %(plan)s::text[])
    AS c(alert_no, revision, work, condition, severity, holder, renewed_at, claim_ends_at, unclaimed_since, period, outcome,
        closed_at, closed_by, plan)
WHERE w.alert_no = c.alert_no;

-- name: write_events
-- The machine's events of alerts, in order.
INSERT INTO alert_events (alert_no, revision, event, at, by_name, by_role, from_work, to_work, to_condition, severity,
    outcome, note, explanation, why)
SELECT alert_no, revision, event, at, by_name, by_role, from_work, to_work, to_condition, severity, outcome, note,
    explanation, why
FROM unnest(%(alert_no)s::bigint[], %(revision)s::bigint[], %(event)s::text[], %(at)s::timestamptz[], %(by_name)s::text[],
    %(by_role)s::text[], %(from_work)s::text[], %(to_work)s::text[], %(to_condition)s::text[], %(severity)s::text[],
    %(outcome)s::text[], %(note)s::text[], %(explanation)s::text[], %(why)s::text[])
    WITH ORDINALITY AS c(alert_no, revision, event, at, by_name, by_role, from_work, to_work, to_condition, severity,
        outcome, note, explanation, why, place)
ORDER BY place;

-- name: mark_seen
-- These changes were looked at.
UPDATE outbox SET told_at = clock_timestamp() WHERE outbox_no = ANY(%(numbers)s::bigint[]) AND told_at IS NULL;

-- name: drop_timers
-- The timers that a look has seen go; one that came meanwhile stays.
DELETE FROM timers t USING unnest(%(alert_no)s::bigint[], %(name)s::text[]) AS c(alert_no, name)
WHERE t.alert_no = c.alert_no AND t.name = c.name;

-- name: write_timers
-- When alerts must be looked at again.
INSERT INTO timers (alert_no, name, due_at, rank)
SELECT * FROM unnest(%(alert_no)s::bigint[], %(name)s::text[], %(due_at)s::timestamptz[], %(rank)s::smallint[])
ON CONFLICT (alert_no, name) DO UPDATE SET due_at = EXCLUDED.due_at, rank = EXCLUDED.rank;

-- name: next_look
-- When the next timer is due, or when a change was written that waits for a look.
SELECT least((SELECT min(due_at) FROM timers), (SELECT min(written_at) FROM outbox WHERE told_at IS NULL));

-- name: write_tasks
-- What operators are to do; once a key.
INSERT INTO tasks (alert_no, key, target, text, made_at)
SELECT alert_no, key, target, text, %(now)s
FROM unnest(%(alert_no)s::bigint[], %(key)s::text[], %(target)s::text[], %(text)s::text[])
    WITH ORDINALITY AS c(alert_no, key, target, text, place) ORDER BY place
ON CONFLICT (alert_no, key) DO NOTHING;

-- name: raise_own
-- Alerts of the service's own, in order of episode, unless they are there: the alert, its work, and the change to look at.
WITH raised AS (
    INSERT INTO alerts (episode, wearer, victim, device, kind, severity, state, raised_at, changed_at, commit_no)
    SELECT episode, wearer, victim, device, kind, severity, 'active', %(now)s, %(now)s, 0
    FROM unnest(%(episode)s::text[], %(wearer)s::text[], %(victim)s::text[], %(device)s::text[], %(kind)s::text[],
        %(severity)s::text[]) AS c(episode, wearer, victim, device, kind, severity)
    ORDER BY episode
    ON CONFLICT (episode) DO NOTHING
    RETURNING alert_no, episode, severity
), worked AS (
    INSERT INTO alert_work (alert_no, unclaimed_since, about)
    SELECT r.alert_no, %(now)s, c.about::jsonb
    FROM raised r JOIN unnest(%(episode)s::text[], %(about)s::text[]) AS c(episode, about) ON c.episode = r.episode
), changed AS (
    INSERT INTO outbox (alert_no, change, severity, violation_id, version, commit_no)
    SELECT alert_no, 'raised', severity, episode, 1, 0 FROM raised
)
SELECT alert_no FROM raised;

-- name: clear_own
-- Alerts of the service's own whose cause is over, in order of episode, and the change to look at; of what ingest decided nothing.
WITH over AS (
    SELECT alert_no FROM alerts WHERE episode = ANY(%(episodes)s::text[]) AND commit_no = 0 AND state = 'active' AND NOT withdrawn
    ORDER BY episode FOR UPDATE
), cleared AS (
    UPDATE alerts a SET state = 'cleared', changed_at = %(now)s, revision = a.revision + 1
    FROM over o WHERE a.alert_no = o.alert_no RETURNING a.alert_no, a.episode, a.severity, a.revision
), changed AS (
    INSERT INTO outbox (alert_no, change, severity, violation_id, version, commit_no)
    SELECT alert_no, 'cleared', severity, episode, revision, 0 FROM cleared
)
SELECT alert_no FROM cleared;
