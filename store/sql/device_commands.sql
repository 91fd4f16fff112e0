-- Commands to devices: made by people and rules, leased by senders, ended by answers and the clock.

-- name: open_commands_of_device
-- How many commands of a device something may still come of.
SELECT count(*) FROM device_commands WHERE device = %(device)s AND state IN ('waiting', 'leased', 'sent');

-- name: make_command
-- A command that waits to be sent.
INSERT INTO device_commands (device, command, args, cause, about, by_name, by_role, made_at, expires_at, next_at)
VALUES (%(device)s, %(command)s, %(args)s, %(cause)s, %(about)s, %(by_name)s, %(by_role)s, %(made_at)s, %(expires_at)s,
    %(made_at)s)
RETURNING command_no;

-- name: supersede_intervals
-- An interval that waits behind a newer one of the same device is not sent any more.
UPDATE device_commands SET state = 'superseded', ended_at = %(now)s
WHERE command_no IN (
    SELECT c.command_no FROM device_commands c
    WHERE c.command = 'set_interval' AND (%(device)s::text IS NULL OR c.device = %(device)s)
        AND (c.state = 'waiting' OR (c.state = 'leased' AND c.leased_until <= %(now)s))
        AND EXISTS (SELECT FROM device_commands n WHERE n.device = c.device AND n.command_no > c.command_no
            AND n.command = 'set_interval')
    ORDER BY c.command_no FOR UPDATE SKIP LOCKED);

-- name: try_device_now
-- What waits for a device is tried now, so that what is new need not wait for it.
UPDATE device_commands SET next_at = least(next_at, %(now)s) WHERE device = %(device)s AND state = 'waiting';

-- name: lease_commands
-- What is due and nobody has, the oldest of each device only, so that a device is told in the order in which it was asked. What
-- people asked for goes first. A lease that is over without a result is due again.
WITH due AS (
    SELECT c.command_no FROM device_commands c
    WHERE ((c.state = 'waiting' AND c.next_at <= %(now)s) OR (c.state = 'leased' AND c.leased_until <= %(now)s))
        AND c.expires_at > %(now)s
        AND NOT EXISTS (SELECT FROM device_commands o WHERE o.device = c.device AND o.command_no < c.command_no
            AND o.state IN ('waiting', 'leased') AND o.expires_at > %(now)s)
    ORDER BY (c.cause <> 'person'), c.command_no LIMIT %(limit)s FOR UPDATE OF c SKIP LOCKED
)
UPDATE device_commands c SET state = 'leased', leased_until = %(until)s, attempts = c.attempts + 1
FROM due WHERE c.command_no = due.command_no
RETURNING c.command_no, c.id, c.device, c.command, c.args, c.expires_at, c.attempts, c.made_at;

-- name: next_command
-- When the next try is due, a lease ends, or a command expires. What waits behind another of its device is not counted.
SELECT least(
    (SELECT min(c.next_at) FROM device_commands c WHERE c.state = 'waiting' AND NOT EXISTS (
        SELECT FROM device_commands o WHERE o.device = c.device AND o.command_no < c.command_no
            AND o.state IN ('waiting', 'leased'))),
    (SELECT min(CASE state WHEN 'leased' THEN leased_until ELSE expires_at END) FROM device_commands
        WHERE state IN ('waiting', 'leased', 'sent')));

-- name: command_sent
-- The broker took it. An answer may have come first.
UPDATE device_commands SET sent_at = COALESCE(sent_at, %(at)s), detail = NULL,
    state = CASE state WHEN 'leased' THEN 'sent' ELSE state END
WHERE command_no = %(no)s;

-- name: command_later
-- The broker did not take it; to be tried again then.
UPDATE device_commands SET state = 'waiting', next_at = %(next)s, detail = %(why)s
WHERE command_no = %(no)s AND state = 'leased';

-- name: command_undeliverable
-- The broker will never take it.
UPDATE device_commands SET state = 'undeliverable', ended_at = %(at)s, detail = %(why)s
WHERE command_no = %(no)s AND state = 'leased' RETURNING command;

-- name: expire_commands
-- Nobody answered in time. What surely never went out could not be delivered; what a sender has is left to it.
UPDATE device_commands SET ended_at = %(now)s, state = CASE state WHEN 'waiting' THEN 'undeliverable' ELSE 'expired' END
WHERE command_no IN (
    SELECT command_no FROM device_commands
    WHERE state IN ('waiting', 'leased', 'sent') AND expires_at <= %(now)s
        AND (state <> 'leased' OR leased_until <= %(now)s)
    ORDER BY command_no FOR UPDATE SKIP LOCKED)
RETURNING command, state;

-- name: hold_results_read
-- Up to which commit results were looked for, for one who looks; nothing while somebody else does.
SELECT commit_no, (SELECT COALESCE(max(no), 0) FROM commits) FROM command_results_read
WHERE pg_try_advisory_xact_lock(7120, 19);

-- name: results_between
-- What devices answered in some commits.
SELECT device, data, fix_time, receive_time FROM command_results(%(after)s, %(upto)s, %(since)s);

-- name: set_results_read
-- Remembers up to which commit results were looked for.
UPDATE command_results_read SET commit_no = %(upto)s;

-- name: command_answered
-- The device answered. The first answer counts; what had expired and was refused stays expired.
UPDATE device_commands SET answered_at = %(at)s, late = (%(heard)s > expires_at), ended_at = COALESCE(ended_at, %(now)s),
    state = CASE WHEN %(ok)s THEN 'ok' WHEN state IN ('expired', 'undeliverable', 'superseded') THEN state ELSE 'refused' END
WHERE id = %(id)s AND device = %(device)s AND answered_at IS NULL
RETURNING command, state, late;

-- name: command_known
-- Whether a device was ever given a command of that name.
SELECT EXISTS (SELECT FROM device_commands WHERE id = %(id)s AND device = %(device)s);

-- name: commands_open
-- Whether there is a command that a device may answer.
SELECT EXISTS (SELECT FROM device_commands WHERE state IN ('waiting', 'leased', 'sent'));

-- name: commands_of_device
-- What was asked of a device, the newest first.
SELECT command_no, id, device, command, args, cause, about, by_name, by_role, made_at, expires_at, state, attempts, sent_at,
    ended_at, answered_at, late, detail
FROM device_commands
WHERE device = %(device)s AND (%(before)s::bigint IS NULL OR command_no < %(before)s)
ORDER BY command_no DESC LIMIT %(limit)s;

-- name: command_by_number
-- One command, and what became of it.
SELECT command_no, id, device, command, args, cause, about, by_name, by_role, made_at, expires_at, state, attempts, sent_at,
    ended_at, answered_at, late, detail
FROM device_commands WHERE command_no = %(no)s;

-- name: device_to_command
-- A device, who wears it now, and whether a protected person ever had it: for whoever wants to send it something.
SELECT r.id, r.body, f.wearer, f.victim, EXISTS (SELECT FROM caseload_records x
    WHERE x.type = 'fitting' AND x.body ->> 'device' = r.id AND x.body ->> 'victim' IS NOT NULL)
FROM device_records r
LEFT JOIN fittings f ON f.device = r.id AND f.from_at <= %(now)s AND COALESCE(f.to_at, 'infinity') > %(now)s
WHERE r.id = %(device)s
ORDER BY f.from_at DESC LIMIT 1;

-- name: victims_of_wearer
-- Everybody whom any order of a wearer ever protected from them, with the devices that they ever had.
SELECT DISTINCT r.body ->> 'victim' AS victim, v.body, ARRAY(
    SELECT x.body ->> 'device' FROM caseload_records x WHERE x.type = 'fitting' AND x.body ->> 'victim' = r.body ->> 'victim')
FROM caseload_records o
JOIN caseload_records r ON r.type = 'condition' AND r.body ->> 'order' = o.id AND r.body ->> 'victim' IS NOT NULL
LEFT JOIN victims v ON v.id = r.body ->> 'victim'
WHERE o.type = 'order' AND o.body ->> 'wearer' = %(wearer)s;

-- name: lead_command_rules
-- One process asks devices by a rule at a time; until the transaction ends.
SELECT pg_try_advisory_xact_lock(7120, %(rule)s::integer);

-- name: people_in_violation
-- Whom open violations of some kinds are about.
SELECT n.id, n.kind, n.wearer, v.victim
FROM violations_newest n JOIN violations v ON v.violation_no = n.violation_no
WHERE n.open AND NOT n.withdrawn AND n.kind = ANY(%(kinds)s::text[]) ORDER BY n.violation_no;

-- name: tags_of_people
-- The location tags and victims' units that some people wear now.
SELECT f.device, f.wearer, f.victim
FROM fittings f JOIN device_records k ON k.id = f.device
WHERE (f.wearer = ANY(%(wearers)s::text[]) AND k.kind = 'gps_tag'
        OR f.victim = ANY(%(victims)s::text[]) AND k.kind = 'victim_unit')
    AND f.from_at <= %(now)s AND COALESCE(f.to_at, 'infinity') > %(now)s
ORDER BY f.device;

-- name: usual_intervals
-- What the records of some devices say of their intervals.
SELECT id, COALESCE((body ->> 'interval_s')::bigint, 60), COALESCE((body ->> 'upload_s')::bigint, 60)
FROM device_records WHERE id = ANY(%(devices)s::text[]);

-- name: device_intervals
-- Devices whose interval was shortened or is coming back, and what became of the last command of that.
SELECT i.device, i.fast, i.needed_at, i.near_since, i.tries, i.next_at, c.state
FROM device_intervals i LEFT JOIN device_commands c ON c.command_no = i.command_no ORDER BY i.device;

-- name: keep_interval
-- What is wanted of a device now.
INSERT INTO device_intervals (device, fast, needed_at, near_since, command_no, tries, next_at)
VALUES (%(device)s, %(fast)s, %(needed_at)s, %(near_since)s, %(command_no)s, %(tries)s, %(next_at)s)
ON CONFLICT (device) DO UPDATE SET fast = EXCLUDED.fast, needed_at = EXCLUDED.needed_at, near_since = EXCLUDED.near_since,
    command_no = COALESCE(EXCLUDED.command_no, device_intervals.command_no), tries = EXCLUDED.tries,
    next_at = EXCLUDED.next_at;

-- name: drop_interval
-- A device that has its record's interval again.
DELETE FROM device_intervals WHERE device = %(device)s;

-- name: zones_to_watch
-- Zone conditions of orders in force that no suspension stops, with the location tag that the wearer has on. Records that are
-- known already come without their bodies.
SELECT f.device, d.device_no, c.record_no, CASE WHEN c.record_no <> ALL(%(known)s::bigint[]) THEN c.body END,
    z.record_no, CASE WHEN z.record_no <> ALL(%(known)s::bigint[]) THEN z.body END,
    greatest(o.from_at, (c.body ->> 'from')::timestamptz), least(o.to_at, (c.body ->> 'to')::timestamptz)
FROM caseload_now c
JOIN orders o ON o.id = c.body ->> 'order' AND COALESCE(o.to_at, 'infinity') > %(now)s
JOIN fittings f ON f.wearer = o.wearer AND f.from_at <= %(now)s AND COALESCE(f.to_at, 'infinity') > %(now)s
JOIN device_records k ON k.id = f.device AND k.kind = 'gps_tag'
JOIN devices d ON d.id = f.device
LEFT JOIN caseload_now z ON z.type = 'zone' AND z.id = c.body -> 'zone' ->> 'id'
WHERE c.type = 'condition' AND c.body ->> 'kind' IN ('exclusion_zone', 'inclusion_zone', 'restriction_zone')
    AND NOT EXISTS (SELECT FROM suspensions s WHERE s.order_id = o.id AND s.from_at <= %(now)s
        AND COALESCE(s.to_at, 'infinity') > %(now)s AND s.body ->> 'timetable' IS NULL)
ORDER BY c.id;

-- name: newest_places
-- Where some devices were last, of those that said it lately.
SELECT device_no, lon, lat, acc, COALESCE(spd, 'NaN'), fix_time FROM newest_used_places(%(nos)s::bigint[], %(since)s);

-- name: found_holes
-- Runs of seq that are missing between ranges that were received, the newest of each device; not of those that count nothing.
SELECT device_no, gen, low, high FROM (
    SELECT device_no, gen, high + 1 AS low, next_low - 1 AS high,
        row_number() OVER (PARTITION BY device_no ORDER BY gen DESC, high DESC) AS place
    FROM (
        SELECT device_no, gen, high, lead(low) OVER (PARTITION BY device_no, gen ORDER BY low) AS next_low
        FROM received_ranges
        WHERE device_no NOT IN (SELECT device_no FROM devices WHERE id LIKE ANY(%(uncounted)s::text[]))
    ) AS ranges
    WHERE next_low > high + 1
) AS holes
WHERE place <= %(most)s;

-- name: known_holes
-- Holes as they were kept, and what became of the last command of each.
SELECT h.device_no, h.gen, h.low, h.high, h.seen_at, h.tries, h.next_at, c.state, h.given_up, h.command_no
FROM seq_holes h LEFT JOIN device_commands c ON c.command_no = h.command_no;

-- name: worn_devices
-- Devices by number that somebody wears now.
SELECT d.device_no, d.id FROM devices d
WHERE d.device_no = ANY(%(nos)s::bigint[]) AND EXISTS (
    SELECT FROM fittings f WHERE f.device = d.id AND f.from_at <= %(now)s AND COALESCE(f.to_at, 'infinity') > %(now)s);

-- name: drop_hole
-- A hole that is filled, or is another now.
DELETE FROM seq_holes WHERE device_no = %(device_no)s AND gen = %(gen)s AND low = %(low)s;

-- name: keep_hole
-- A hole as it is now, kept or made anew.
INSERT INTO seq_holes (device_no, gen, low, high, seen_at, tries, next_at, command_no, given_up)
VALUES (%(device_no)s, %(gen)s, %(low)s, %(high)s, %(seen_at)s, %(tries)s, %(next_at)s, %(command_no)s, %(given_up)s)
ON CONFLICT (device_no, gen, low) DO UPDATE SET high = EXCLUDED.high, seen_at = EXCLUDED.seen_at, tries = EXCLUDED.tries,
    next_at = EXCLUDED.next_at, command_no = COALESCE(EXCLUDED.command_no, seq_holes.command_no),
    given_up = EXCLUDED.given_up;
