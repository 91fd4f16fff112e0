-- What the desk reads beside the alerts themselves: an alert's history, tasks, mutes.

-- name: events_of_alert
-- Everything that happened to an alert's work, the newest first.
SELECT event_no, revision, event, at, by_name, by_role, from_work, to_work, to_condition, severity, outcome, note,
    explanation, why
FROM alert_events WHERE alert_no = %(alert_no)s ORDER BY revision DESC LIMIT %(limit)s;

-- name: notifications_of_alert
-- Everything that was told of an alert, or on purpose not told, the newest first. To which address stays in the database.
SELECT notification_no, target, recipient, channel, text, urgency, reason, sends, detail, stands_down, state, attempts,
    made_at, sent_at, why, id, CASE WHEN channel = 'call' AND next_at > made_at THEN next_at END
FROM notifications WHERE alert_no = %(alert_no)s ORDER BY notification_no DESC LIMIT %(limit)s;

-- name: contacts_of_alert
-- The contact log of an alert, the newest first.
SELECT contact_no, party, wearer, victim, inbound, channel, number, answered, answered_by, said, promised, promised_at,
    kept_at, kept_by, police_log, at, by_name, by_role
FROM contacts WHERE alert_no = %(alert_no)s ORDER BY contact_no DESC LIMIT %(limit)s;

-- name: plan_of_alert
-- How far an alert's protocol has come; null before the first look.
SELECT plan FROM alert_work WHERE alert_no = %(alert_no)s;

-- name: contacts_page
-- The contact log of a wearer, or of everybody, the newest first, before one of them; with the alert that each is about.
SELECT contact_no, party, wearer, victim, inbound, channel, number, answered, answered_by, said, promised, promised_at,
    kept_at, kept_by, police_log, at, by_name, by_role, alert_no
FROM contacts
WHERE contact_no < %(before)s AND at >= %(since)s AND (%(wearer)s::text IS NULL OR wearer = %(wearer)s)
ORDER BY contact_no DESC LIMIT %(limit)s;

-- name: tasks_of_alert
-- What operators are or were to do about an alert, the newest first. The key of a call is its notification's id.
SELECT t.task_no, t.alert_no, t.key, t.target, t.text, t.made_at, t.done_at, t.done_by,
    n.recipient, CASE WHEN n.next_at > n.made_at THEN n.next_at END, n.stands_down IS NOT NULL,
    w.work, w.condition, w.period, w.plan
FROM tasks t JOIN alert_work w ON w.alert_no = t.alert_no
LEFT JOIN notifications n ON n.id = t.key AND n.alert_no = t.alert_no
WHERE t.alert_no = %(alert_no)s ORDER BY t.task_no DESC LIMIT %(limit)s;

-- name: timers_of_alert
-- When an alert is looked at again, and what for, the next first.
SELECT name, due_at FROM timers WHERE alert_no = %(alert_no)s ORDER BY due_at, name LIMIT %(limit)s;

-- name: next_steps
-- The step of its protocol that comes next, of each of some alerts that are not closed, and of which protocol it is.
SELECT DISTINCT ON (t.alert_no) t.alert_no, substr(t.name, 6)::integer, t.due_at, w.plan ->> 'protocol', (w.plan ->> 'version')::integer
FROM timers t JOIN alert_work w ON w.alert_no = t.alert_no
WHERE t.alert_no = ANY(%(numbers)s::bigint[]) AND t.name LIKE 'step:%%' AND w.work <> 'closed'
ORDER BY t.alert_no, t.due_at, t.name;

-- name: tasks_page
-- What is to be done, the oldest first, after one of them. Of a closed alert only whom it stands down is still to be rung.
SELECT t.task_no, t.alert_no, t.key, t.target, t.text, t.made_at, t.done_at, t.done_by,
    n.recipient, CASE WHEN n.next_at > n.made_at THEN n.next_at END, n.stands_down IS NOT NULL,
    w.work, w.condition, w.period, w.plan
FROM tasks t JOIN alert_work w ON w.alert_no = t.alert_no
LEFT JOIN notifications n ON n.id = t.key AND n.alert_no = t.alert_no
WHERE t.done_at IS NULL AND (t.made_at, t.task_no) > (%(after_at)s::timestamptz, %(after_no)s::bigint)
    AND (w.work <> 'closed' OR n.stands_down IS NOT NULL)
ORDER BY t.made_at, t.task_no LIMIT %(limit)s;

-- name: mutes_page
-- The mutes that are not over, of everybody or of one wearer, in the order in which they were made, after one of them.
SELECT mute_no, wearer, from_at, to_at, reason, made_at, by_name, by_role FROM mutes
WHERE ended_at IS NULL AND to_at > %(now)s AND mute_no > %(after)s AND (%(wearer)s::text IS NULL OR wearer = %(wearer)s)
ORDER BY mute_no LIMIT %(limit)s;
