-- What people do to alerts, and what they read of them: the desk, the contact log, mutes, the rota.

-- name: look_again
-- The open alerts of a wearer are to be looked at now; the name is one that was never used.
INSERT INTO timers (alert_no, name, due_at)
SELECT w.alert_no, 'look:' || %(name)s, %(now)s FROM alerts a JOIN alert_work w ON w.alert_no = a.alert_no
WHERE a.wearer = %(wearer)s AND w.work <> 'closed' ORDER BY w.alert_no
ON CONFLICT (alert_no, name) DO NOTHING;

-- name: last_events
-- The last event of each of some alerts, and who caused it.
SELECT DISTINCT ON (alert_no) alert_no, revision, event, at, by_name FROM alert_events
WHERE alert_no = ANY(%(numbers)s::bigint[]) ORDER BY alert_no, event_no DESC;

-- name: alert_numbers
-- Alerts that fit a filter, with the revision of their work: a snapshot to act on. The oldest first.
SELECT a.alert_no, w.revision FROM alerts a JOIN alert_work w ON w.alert_no = a.alert_no
WHERE w.work = ANY(%(works)s::text[]) AND NOT a.withdrawn
    AND (%(kinds)s::text[] IS NULL OR a.kind = ANY(%(kinds)s))
    AND (%(severities)s::text[] IS NULL OR COALESCE(w.severity, a.severity) = ANY(%(severities)s))
    AND (%(wearer)s::text IS NULL OR a.wearer = %(wearer)s)
    AND (%(state)s::text IS NULL OR a.state = %(state)s)
    AND (%(grouped_under)s::text IS NULL OR a.grouped_under = %(grouped_under)s)
    AND (%(holder)s::text IS NULL OR w.holder = %(holder)s)
    AND (%(raised_before)s::timestamptz IS NULL OR a.raised_at < %(raised_before)s)
ORDER BY a.raised_at, a.alert_no LIMIT %(limit)s;

-- name: enter_contact
-- One entry of the contact log.
INSERT INTO contacts (alert_no, party, wearer, victim, inbound, channel, number, answered, answered_by, said, promised,
    promised_at, police_log, at, by_name, by_role)
VALUES (%(alert_no)s, %(party)s, %(wearer)s, %(victim)s, %(inbound)s, %(channel)s, %(number)s, %(answered)s, %(answered_by)s,
    %(said)s, %(promised)s, %(promised_at)s, %(police_log)s, %(at)s, %(by_name)s, %(by_role)s)
RETURNING contact_no;

-- name: keep_promise
-- What was promised was done; nothing when it was kept before or there is no such promise.
UPDATE contacts SET kept_at = %(at)s, kept_by = %(by)s
WHERE contact_no = %(contact_no)s AND promised_at IS NOT NULL AND kept_at IS NULL RETURNING contact_no;

-- name: contact
-- One entry of the contact log: whose alert, what was promised, when and by whom it was kept.
SELECT alert_no, promised_at, kept_at, kept_by FROM contacts WHERE contact_no = %(contact_no)s;

-- name: finish_task
-- A task is done; nothing when it was before.
UPDATE tasks SET done_at = %(at)s, done_by = %(by)s WHERE task_no = %(task_no)s AND done_at IS NULL RETURNING alert_no;

-- name: task
-- One task, and who did it when.
SELECT task_no, alert_no, key, target, text, made_at, done_at, done_by FROM tasks WHERE task_no = %(task_no)s;

-- name: enter_mute
-- Enters a mute; its number.
INSERT INTO mutes (wearer, from_at, to_at, reason, made_at, by_name, by_role)
VALUES (%(wearer)s, %(from_at)s, %(to_at)s, %(reason)s, %(at)s, %(by_name)s, %(by_role)s) RETURNING mute_no;

-- name: end_mute
-- A mute ends now; nothing when it is over.
UPDATE mutes SET ended_at = %(at)s, ended_by = %(by)s
WHERE mute_no = %(mute_no)s AND ended_at IS NULL AND to_at > %(at)s RETURNING wearer;

-- name: whose_alerts
-- Of whom some alerts are.
SELECT DISTINCT wearer FROM alerts WHERE alert_no = ANY(%(numbers)s::bigint[]) AND wearer IS NOT NULL ORDER BY wearer;

-- name: mute
-- One mute; its end is when it was ended, where that was early.
SELECT wearer, mute_no, from_at, COALESCE(ended_at, to_at), by_name, reason FROM mutes WHERE mute_no = %(mute_no)s;

-- name: who_is_muted
-- What decides who may mute a wearer: the level, and whom a running order protects.
SELECT w.level, ARRAY(SELECT DISTINCT c.body ->> 'victim' FROM orders o JOIN conditions c ON c.order_id = o.id
    WHERE o.wearer = w.id AND c.kind = 'proximity' AND o.from_at <= %(now)s AND COALESCE(o.to_at, 'infinity') > %(now)s
    ORDER BY 1)
FROM wearers w WHERE w.id = %(wearer)s;

-- name: violations_to_assess
-- The current violations of some alerts of which no officer has decided anything.
SELECT l.alert_no, l.violation_id
FROM alert_violations l JOIN violations_newest n ON n.id = l.violation_id AND NOT n.withdrawn
WHERE l.alert_no = ANY(%(numbers)s::bigint[]) AND NOT EXISTS (
    SELECT FROM (
        SELECT DISTINCT ON (r.id) r.body ->> 'decision' AS decision, r.cancelled FROM caseload_records r
        WHERE r.type = 'assessment' AND r.body ->> 'violation' = l.violation_id ORDER BY r.id, r.record_no DESC
    ) AS made WHERE NOT made.cancelled AND made.decision <> 'disputed')
ORDER BY l.alert_no, l.violation_id;

-- name: assessments_proposed
-- The newest versions of assessments of some ids that stand.
SELECT body FROM (
    SELECT DISTINCT ON (id) id, body, cancelled FROM caseload_records
    WHERE type = 'assessment' AND id = ANY(%(ids)s::text[]) ORDER BY id, record_no DESC
) AS newest WHERE NOT cancelled ORDER BY id;

-- name: last_closings
-- The revision of the last closing of each of some alerts.
SELECT alert_no, max(revision) FROM alert_events WHERE alert_no = ANY(%(numbers)s::bigint[]) AND event = 'close'
GROUP BY alert_no;

-- name: enter_resting
-- A breach, warrant, recall or arrest rests on a violation; said twice it is once.
INSERT INTO rests_on (kind, reference, violation_id, made_at, made_by)
VALUES (%(kind)s, %(reference)s, %(violation_id)s, %(at)s, %(by)s) ON CONFLICT (kind, reference, violation_id) DO NOTHING;

-- name: end_resting
-- A breach, warrant, recall or arrest is over.
UPDATE rests_on SET ended_at = %(at)s WHERE kind = %(kind)s AND reference = %(reference)s AND ended_at IS NULL;

-- name: mutes_of_wearer
-- The mutes of a wearer that are not over.
SELECT wearer, mute_no, from_at, COALESCE(ended_at, to_at), by_name, reason FROM mutes
WHERE wearer = %(wearer)s AND COALESCE(ended_at, to_at) > %(now)s ORDER BY from_at, mute_no;
