-- Erasing what is held of a wearer: why it may not be, and what goes.

-- name: erasable_wearer
-- Whether there is such a wearer, and when it was erased.
SELECT EXISTS (SELECT FROM caseload_entered WHERE type = 'wearer' AND id = %(wearer)s),
    (SELECT erased_at FROM erasures WHERE wearer = %(wearer)s);

-- name: orders_that_keep
-- Orders of a wearer that are not over, or were not for so long; the end is null where there is none.
SELECT e.id, e.to_at FROM caseload_entered e
WHERE e.type = 'order' AND e.wearer = %(wearer)s AND NOT e.cancelled AND COALESCE(e.to_at, 'infinity') > %(ended_before)s
ORDER BY e.id;

-- name: fittings_that_keep
-- Devices that are still fitted.
SELECT e.id, e.device FROM caseload_entered e
WHERE e.type = 'fitting' AND e.wearer = %(wearer)s AND NOT e.cancelled AND COALESCE(e.to_at, 'infinity') > %(now)s
ORDER BY e.id;

-- name: alerts_that_keep
-- Alerts that are not closed.
SELECT a.alert_no FROM alerts a LEFT JOIN alert_work w ON w.alert_no = a.alert_no
WHERE a.wearer = %(wearer)s AND NOT a.withdrawn AND COALESCE(w.work, 'raised') <> 'closed' ORDER BY a.alert_no;

-- name: holds_that_keep
-- Legal holds that stand.
SELECT hold_no FROM holds WHERE wearer = %(wearer)s AND ended_at IS NULL ORDER BY hold_no;

-- name: resting_that_keeps
-- Breaches, warrants, recalls and arrests that rest on a violation and are not over.
SELECT r.kind, r.reference FROM rests_on r JOIN violations_newest n ON n.id = r.violation_id
WHERE n.wearer = %(wearer)s AND r.ended_at IS NULL ORDER BY r.kind, r.reference;

-- name: warrants_that_keep
-- Warrants that are not over.
SELECT warrant_no FROM warrants WHERE wearer = %(wearer)s AND ended_at IS NULL ORDER BY warrant_no;

-- name: breaches_that_keep
-- Breach cases that are not over.
SELECT breach_no FROM breaches WHERE wearer = %(wearer)s AND ended_at IS NULL ORDER BY breach_no;

-- name: facts_that_keep
-- Whether a restart would still fold facts of the wearer's devices.
SELECT EXISTS (
    SELECT FROM caseload_entered e JOIN devices d ON d.id = e.device JOIN all_fixes f ON f.device_no = d.device_no
        AND f.fix_time >= e.from_at AND f.fix_time < COALESCE(e.to_at, 'infinity')
    WHERE e.type = 'fitting' AND e.wearer = %(wearer)s
        AND f.commit_no > COALESCE((SELECT min(commit_no) FROM checkpoints), 0));

-- name: hold_erasing
-- No hold is made and no record entered of this wearer while it is erased; until the transaction ends.
LOCK TABLE holds IN SHARE ROW EXCLUSIVE MODE;

-- name: worn
-- Which devices the wearer had on, from when to when, for the time of one transaction.
CREATE TEMPORARY TABLE worn (device_no bigint, device text, from_at timestamptz, to_at timestamptz) ON COMMIT DROP;

-- name: fill_worn
-- The devices that the wearer had on, filled in.
INSERT INTO worn SELECT d.device_no, d.id, e.from_at, COALESCE(e.to_at, 'infinity')
FROM caseload_entered e JOIN devices d ON d.id = e.device
WHERE e.type = 'fitting' AND e.wearer = %(wearer)s AND NOT e.cancelled;

-- name: erased_alerts
-- The wearer's alerts, for the time of one transaction.
CREATE TEMPORARY TABLE erased_alerts (alert_no bigint PRIMARY KEY) ON COMMIT DROP;

-- name: fill_erased_alerts
-- The wearer's alerts, filled in.
INSERT INTO erased_alerts SELECT alert_no FROM alerts WHERE wearer = %(wearer)s;

-- name: erase_qualities
-- Later judgements of fixes that go.
DELETE FROM fix_qualities q USING all_fixes f, worn w
WHERE f.device_no = w.device_no AND f.fix_time >= w.from_at AND f.fix_time < w.to_at
    AND q.device_no = f.device_no AND q.gen = f.gen AND q.seq = f.seq;

-- name: erase_fixes
-- Fixes while the devices were on the wearer.
DELETE FROM fixes f USING worn w WHERE f.device_no = w.device_no AND f.fix_time >= w.from_at AND f.fix_time < w.to_at;

-- name: erase_newest_fixes
-- The same where it is kept for the map.
DELETE FROM newest_fixes f USING worn w
WHERE f.device_no = w.device_no AND f.fix_time >= w.from_at AND f.fix_time < w.to_at;

-- name: erase_stray_fixes
-- Those of a mad clock, by their receive time.
DELETE FROM stray_fixes f USING worn w
WHERE f.device_no = w.device_no AND f.receive_time >= w.from_at AND f.receive_time < w.to_at;

-- name: erase_equipment_events
-- What the devices said of themselves.
DELETE FROM equipment_events f USING worn w
WHERE f.device_no = w.device_no AND f.fix_time >= w.from_at AND f.fix_time < w.to_at;

-- name: erase_stray_equipment_events
-- The same with a mad clock.
DELETE FROM stray_equipment_events f USING worn w
WHERE f.device_no = w.device_no AND f.receive_time >= w.from_at AND f.receive_time < w.to_at;

-- name: erase_dead_letters
-- Their parked messages.
DELETE FROM dead_letters l USING worn w
WHERE l.device = w.device AND l.received_at >= w.from_at AND l.received_at < w.to_at;

-- name: erase_networks
-- Where they were connected.
DELETE FROM network_changes c USING worn w, commits m
WHERE c.device_no = w.device_no AND m.no = c.commit_no AND m.last_instant >= w.from_at AND m.last_instant < w.to_at;

-- name: blank_incident_devices
-- Where they were connected when an outage began; that they were in it stays.
UPDATE incident_devices SET mcc = NULL, mnc = NULL, tac = NULL, cell = NULL
WHERE wearer = %(wearer)s AND num_nonnulls(mcc, mnc, tac, cell) > 0;

-- name: blank_device_commands
-- What was written to the wearer.
UPDATE device_commands c SET args = '{}', detail = NULL FROM worn w
WHERE c.device = w.device AND c.made_at >= w.from_at AND c.made_at < w.to_at AND (c.args <> '{}' OR c.detail IS NOT NULL);

-- name: erase_notifications
-- Who was told what of them.
DELETE FROM notifications WHERE alert_no IN (SELECT alert_no FROM erased_alerts);

-- name: erase_tasks
-- What was to be done about them.
DELETE FROM tasks WHERE alert_no IN (SELECT alert_no FROM erased_alerts);

-- name: erase_contacts
-- What was said with and about the wearer.
DELETE FROM contacts WHERE wearer = %(wearer)s OR alert_no IN (SELECT alert_no FROM erased_alerts);

-- name: erase_timers
-- When alerts were to be looked at.
DELETE FROM timers WHERE alert_no IN (SELECT alert_no FROM erased_alerts);

-- name: erase_alert_events
-- What was done about them.
DELETE FROM alert_events WHERE alert_no IN (SELECT alert_no FROM erased_alerts);

-- name: erase_outbox
-- Changes of them that were told.
DELETE FROM outbox WHERE alert_no IN (SELECT alert_no FROM erased_alerts);

-- name: erase_alert_violations
-- Which violations they rested on.
DELETE FROM alert_violations WHERE alert_no IN (SELECT alert_no FROM erased_alerts);

-- name: erase_alert_work
-- In whose hands they were.
DELETE FROM alert_work WHERE alert_no IN (SELECT alert_no FROM erased_alerts);

-- name: erase_alerts
-- The alerts themselves.
DELETE FROM alerts WHERE alert_no IN (SELECT alert_no FROM erased_alerts);

-- name: erase_annex_openings
-- By whose direction annexes of the packs of breach cases were opened.
DELETE FROM annex_openings o USING packs p JOIN breaches b ON b.breach_no = p.breach_no
WHERE p.pack_no = o.pack_no AND b.wearer = %(wearer)s;

-- name: erase_pack_recipients
-- Who got the packs of breach cases.
DELETE FROM pack_recipients r USING packs p JOIN breaches b ON b.breach_no = p.breach_no
WHERE p.pack_no = r.pack_no AND b.wearer = %(wearer)s;

-- name: erase_packs
-- The packs of breach cases.
DELETE FROM packs p USING breaches b WHERE b.breach_no = p.breach_no AND b.wearer = %(wearer)s;

-- name: erase_breach_narratives
-- What officers wrote in breach cases.
DELETE FROM breach_narratives n USING breaches b WHERE b.breach_no = n.breach_no AND b.wearer = %(wearer)s;

-- name: erase_breach_violations
-- What breach cases relied on.
DELETE FROM breach_violations v USING breaches b WHERE b.breach_no = v.breach_no AND b.wearer = %(wearer)s;

-- name: erase_breach_steps
-- The dates of breach cases.
DELETE FROM breach_steps s USING breaches b WHERE b.breach_no = s.breach_no AND b.wearer = %(wearer)s;

-- name: erase_breaches
-- Breach cases that are over.
DELETE FROM breaches WHERE wearer = %(wearer)s;

-- name: erase_rests_on
-- What rested on the wearer's violations and is over.
DELETE FROM rests_on r USING violations_newest n WHERE n.id = r.violation_id AND n.wearer = %(wearer)s;

-- name: erase_violations_newest
-- The pointers to violations.
DELETE FROM violations_newest WHERE wearer = %(wearer)s;

-- name: erase_violations
-- The violations, every version.
DELETE FROM violations WHERE wearer = %(wearer)s;

-- name: erase_mutes
-- Mutes and their reasons.
DELETE FROM mutes WHERE wearer = %(wearer)s;

-- name: erase_request_uses
-- Uses of requests for the wearer.
DELETE FROM request_uses u USING requests r WHERE r.request_no = u.request_no AND r.wearer = %(wearer)s;

-- name: erase_requests
-- Requests for the wearer.
DELETE FROM requests WHERE wearer = %(wearer)s;

-- name: erase_contact_tellings
-- The tries to tell protected people of their orders.
DELETE FROM contact_tellings t USING contact_duties d WHERE d.duty_no = t.duty_no AND d.wearer = %(wearer)s;

-- name: erase_contact_duties
-- What protected people had to be told of their orders.
DELETE FROM contact_duties WHERE wearer = %(wearer)s;

-- name: erase_wearer_statistics
-- Sex, age band and ethnic group; aggregates that were published are of nobody.
DELETE FROM wearer_statistics WHERE wearer = %(wearer)s;

-- name: erase_warrant_holdings
-- By whom warrants were held.
DELETE FROM warrant_holdings h USING warrants w WHERE w.warrant_no = h.warrant_no AND w.wearer = %(wearer)s;

-- name: erase_warrants
-- Warrants that are over.
DELETE FROM warrants WHERE wearer = %(wearer)s;

-- name: erase_holds
-- Holds that are over, with their reasons.
DELETE FROM holds WHERE wearer = %(wearer)s AND ended_at IS NOT NULL;

-- name: erase_stream_events
-- What was streamed of the wearer.
DELETE FROM stream_events WHERE body ->> 'wearer' = %(wearer)s;

-- name: erase_search_terms
-- The words by which the wearer was found.
DELETE FROM search_terms WHERE wearer = %(wearer)s;

-- name: blank_subjects
-- The officers of the wearer's orders.
UPDATE caseload_subjects SET officer = NULL WHERE wearer = %(wearer)s AND officer IS NOT NULL;

-- name: records_of_wearer
-- Every version of every record of a wearer.
SELECT r.record_no, r.packed, r.body, r.holds_from, NULL::timestamptz, r.cancelled
FROM caseload_subjects s JOIN caseload_records r ON r.type = s.type AND r.id = s.id
WHERE s.wearer = %(wearer)s AND s.type <> 'device' AND %(whole)s IS NOT NULL ORDER BY r.record_no;

-- name: blank_record
-- Puts what is left of a version in its place.
UPDATE caseload_records SET body = %(body)s, packed = %(packed)s WHERE record_no = %(record_no)s;

-- name: bodies_of_wearer
-- Bodies of the audit that are about this wearer alone.
SELECT body_no FROM audit_bodies
WHERE body -> 'subjects' = to_jsonb(ARRAY[%(wearer)s::text]) AND body -> 'subjects' @> to_jsonb(ARRAY[%(wearer)s::text])
    AND body ->> 'subject_type' = 'wearer' AND body ->> 'deed' <> 'audit.erase' ORDER BY body_no;

-- name: enter_erasure
-- A wearer was erased; the id is never given again.
INSERT INTO erasures (wearer, erased_at, erased_by, counts) VALUES (%(wearer)s, %(at)s, %(by)s, %(counts)s);

-- name: due_for_erasure
-- Wearers of whom nothing need be kept any more: every order over for long; a bounded number.
SELECT w.id, max(o.to_at) FROM caseload_entered w
JOIN caseload_entered o ON o.type = 'order' AND o.wearer = w.id AND NOT o.cancelled
WHERE w.type = 'wearer' AND NOT EXISTS (SELECT FROM erasures e WHERE e.wearer = w.id)
GROUP BY w.id HAVING max(COALESCE(o.to_at, 'infinity')) <= %(ended_before)s ORDER BY 2, 1 LIMIT %(limit)s;
-- name: erase_crime_matches
-- That they were near a crime, with the positions that say so; the numbers of the result stay.
DELETE FROM crime_matches WHERE wearer = %(wearer)s;
