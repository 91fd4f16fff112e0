-- Requests, warrants, and what else lets somebody see a wearer: who is where now, who was told, who is visited today.

-- name: request_ask
-- Enters a request; its number.
INSERT INTO requests (organisation, legal_ground, purpose, wearer, lon, lat, radius_m, from_at, to_at, asked_at, asked_by,
    expires_at)
VALUES (%(organisation)s, %(legal_ground)s, %(purpose)s, %(wearer)s, %(lon)s, %(lat)s, %(radius_m)s, %(from_at)s, %(to_at)s,
    %(at)s, %(by)s, %(expires_at)s)
RETURNING request_no;

-- name: request_decide
-- Approves or refuses what nobody has decided and what has not expired; nothing when it is otherwise.
UPDATE requests SET decided_at = %(at)s, decided_by = %(by)s, approved = %(approved)s, decision = %(decision)s
WHERE request_no = %(no)s AND decided_at IS NULL AND expires_at > %(at)s RETURNING request_no;

-- name: request_revoke
-- Ends an approved request before it expires; nothing when it does not stand.
UPDATE requests SET revoked_at = %(at)s, revoked_by = %(by)s, revocation = %(revocation)s
WHERE request_no = %(no)s AND approved AND revoked_at IS NULL AND expires_at > %(at)s RETURNING request_no;

-- name: requests_page
-- Requests by number, the newest first, each with how often it was used: of one organisation or of all, one of them or a page; about
-- places, and about the wearers of some areas or of all.
SELECT r.request_no, r.organisation, r.legal_ground, r.purpose, r.wearer, r.lon, r.lat, r.radius_m, r.from_at, r.to_at,
    r.asked_at, r.asked_by, r.expires_at, r.decided_at, r.decided_by, r.approved, r.decision, r.revoked_at, r.revoked_by,
    r.revocation, (SELECT count(*) FROM request_uses u WHERE u.request_no = r.request_no),
    (SELECT max(u.at) FROM request_uses u WHERE u.request_no = r.request_no)
FROM requests r
WHERE (%(organisation)s::text IS NULL OR r.organisation = %(organisation)s)
    AND (%(no)s::bigint IS NULL OR r.request_no = %(no)s) AND r.request_no < %(before)s
    AND (%(areas)s::text[] IS NULL OR r.wearer IS NULL OR EXISTS (
        SELECT FROM caseload_subjects s WHERE s.type = 'order' AND s.wearer = r.wearer AND s.area = ANY(%(areas)s)))
ORDER BY r.request_no DESC LIMIT %(limit)s;

-- name: requests_standing
-- The requests of an organisation about a wearer that are approved, not revoked, and not expired.
SELECT request_no, wearer, from_at, to_at FROM requests
WHERE organisation = %(organisation)s AND approved AND revoked_at IS NULL AND expires_at > %(now)s AND decided_at <= %(now)s
    AND wearer IS NOT NULL
ORDER BY request_no;

-- name: request_use
-- Positions were seen by some requests.
INSERT INTO request_uses (request_no, at, by_name) SELECT no, %(at)s, %(by)s FROM unnest(%(numbers)s::bigint[]) AS no;

-- name: present_devices
-- Devices that say where they are, with whom and when in a stretch: some fittings by (wearer, id), those after one.
SELECT f.wearer, f.id, d.device_no, f.device, greatest(f.from_at, %(from_at)s), least(COALESCE(f.to_at, 'infinity'), %(to_at)s)
FROM fittings f
JOIN device_records k ON k.id = f.device AND k.kind IN ('gps_tag', 'alcohol_tag')
JOIN devices d ON d.id = f.device
WHERE f.wearer IS NOT NULL AND (f.wearer, f.id) > (%(after_wearer)s, %(after_id)s) AND f.from_at < %(to_at)s
    AND COALESCE(f.to_at, 'infinity') > %(from_at)s
ORDER BY f.wearer, f.id LIMIT %(limit)s;

-- name: present_fixes
-- The used fixes (quality ok, source not lbs) of some devices in a box, each while it was worn; `k` says which of those given.
SELECT w.k, x.fix_time, x.receive_time, x.lat, x.lon, x.acc, x.src, x.quality, x.gen, x.seq, x.spd, x.hdg
FROM unnest(%(devices)s::bigint[], %(from_ats)s::timestamptz[], %(to_ats)s::timestamptz[])
    WITH ORDINALITY AS w (device_no, from_at, to_at, k)
CROSS JOIN LATERAL (
    SELECT * FROM fixes x
    WHERE x.device_no = w.device_no AND x.fix_time >= w.from_at AND x.fix_time < w.to_at
        AND x.fix_time >= %(from_at)s AND x.fix_time < %(to_at)s AND x.quality = 0 AND x.src <> 2
        AND x.lat BETWEEN %(south)s AND %(north)s AND x.lon BETWEEN %(west)s AND %(east)s
) x
ORDER BY w.k, x.fix_time, x.gen, x.seq LIMIT %(limit)s;

-- name: warrant_issue
-- Enters a warrant; its number.
INSERT INTO warrants (kind, wearer, area, reference, issued_at, made_at, made_by, breach_no)
VALUES (%(kind)s, %(wearer)s, %(area)s, %(reference)s, %(issued_at)s, %(at)s, %(by)s, %(breach)s) RETURNING warrant_no;

-- name: warrant_lock
-- A warrant that has not ended, locked until the transaction ends, with how often it changed hands and who holds it.
SELECT w.warrant_no, (SELECT count(*) + count(h.accepted_at) FROM warrant_holdings h WHERE h.warrant_no = w.warrant_no),
    h.agency, h.person, h.accepted_at IS NOT NULL
FROM warrants w LEFT JOIN warrant_holdings h ON h.warrant_no = w.warrant_no AND h.to_at IS NULL
WHERE w.warrant_no = %(no)s AND w.ended_at IS NULL FOR UPDATE OF w;

-- name: warrant_let_go
-- Whoever holds a warrant holds it no more.
UPDATE warrant_holdings SET to_at = %(at)s WHERE warrant_no = %(no)s AND to_at IS NULL;

-- name: warrant_hold
-- An agency and a named person hold a warrant from now on.
INSERT INTO warrant_holdings (warrant_no, agency, person, from_at, by_name)
VALUES (%(no)s, %(agency)s, %(person)s, %(at)s, %(by)s);

-- name: warrant_accept
-- Whoever holds a warrant says that they have it.
UPDATE warrant_holdings SET accepted_at = %(at)s, accepted_by = %(by)s WHERE warrant_no = %(no)s AND to_at IS NULL;

-- name: warrant_end
-- A warrant is over, with what became of it, when and where.
UPDATE warrants SET ended_at = %(at)s, ended_by = %(by)s, outcome = %(outcome)s, happened_at = %(happened_at)s, place = %(place)s,
    note = %(note)s
WHERE warrant_no = %(no)s;

-- name: warrants_page
-- Warrants by number, the newest first, each with all who held it: one of them or a page; those that have not ended, if asked.
SELECT w.warrant_no, w.kind, w.wearer, w.area, w.reference, w.issued_at, w.made_at, w.made_by, w.ended_at, w.ended_by,
    w.outcome, w.breach_no, w.happened_at, w.place, w.note,
    COALESCE((SELECT jsonb_agg(jsonb_build_array(h.agency, h.person, (extract(epoch FROM h.from_at) * 1000000)::bigint,
            (extract(epoch FROM h.to_at) * 1000000)::bigint, h.by_name,
            (extract(epoch FROM h.accepted_at) * 1000000)::bigint, h.accepted_by) ORDER BY h.holding_no)
        FROM warrant_holdings h WHERE h.warrant_no = w.warrant_no), '[]'),
    COALESCE((SELECT jsonb_agg(jsonb_build_array(g.violation_id, g.withdrawn) ORDER BY g.violation_id)
        FROM warrant_grounds g WHERE g.warrant_no = w.warrant_no), '[]')
FROM warrants w
WHERE (%(no)s::bigint IS NULL OR w.warrant_no = %(no)s) AND w.warrant_no < %(before)s
    AND (%(open)s::boolean IS NULL OR (w.ended_at IS NULL) = %(open)s)
    AND (%(wearer)s::text IS NULL OR w.wearer = %(wearer)s)
ORDER BY w.warrant_no DESC LIMIT %(limit)s;

-- name: warrant_lives
-- All warrants in sight, from when to when each was out.
SELECT kind, area, issued_at, COALESCE(happened_at, ended_at), outcome FROM warrants ORDER BY warrant_no;

-- name: breach_relied_on
-- What the newest choice of a breach case of a wearer relies on; no row when there is no such case.
SELECT b.breach_no, COALESCE((SELECT array_agg(v.violation_id ORDER BY v.violation_id) FROM breach_violations v
    WHERE v.breach_no = b.breach_no AND v.relied
        AND v.choice = (SELECT max(n.choice) FROM breach_violations n WHERE n.breach_no = b.breach_no)), '{}')
FROM breaches b WHERE b.breach_no = %(no)s AND b.wearer = %(wearer)s;

-- name: wearers_of_warrants_held
-- The wearers of the warrants that an agency holds now.
SELECT DISTINCT w.wearer FROM warrant_holdings h JOIN warrants w ON w.warrant_no = h.warrant_no
WHERE h.agency = %(agency)s AND h.to_at IS NULL AND w.ended_at IS NULL;

-- name: wearers_told_of
-- The wearers of alerts that are not closed and of which some recipients (forces) were told.
SELECT DISTINCT a.wearer FROM notifications n
JOIN alert_work w ON w.alert_no = n.alert_no AND w.work <> 'closed'
JOIN alerts a ON a.alert_no = n.alert_no AND NOT a.withdrawn
WHERE n.target = 'police' AND n.sends AND n.recipient = ANY(%(recipients)s::text[]) AND a.wearer IS NOT NULL;

-- name: forces_told
-- The recipients (forces) that were told of an alert.
SELECT DISTINCT recipient FROM notifications WHERE alert_no = %(alert_no)s AND target = 'police' AND sends
    AND starts_with(recipient, 'force:');

-- name: areas_below
-- Some areas and all below them.
WITH RECURSIVE reached AS (
    SELECT unnest(%(areas)s::text[]) AS id UNION SELECT a.id FROM areas a JOIN reached r ON a.parent = r.id
)
SELECT id FROM reached;

-- name: fitted_wearers
-- Wearers who wear something now.
SELECT DISTINCT wearer FROM fittings
WHERE wearer IS NOT NULL AND from_at <= %(now)s AND COALESCE(to_at, 'infinity') > %(now)s;

-- name: newest_used_places
-- The newest used fix of each of some wearers, for the force that holds it.
SELECT wearer, lon, lat FROM newest_used_fixes(%(wearers)s::text[], %(since)s, %(now)s);

-- name: wearers_visited
-- Wearers with a visit, or with a device that goes on or comes off, in a stretch; of some areas and those below, or of all.
SELECT DISTINCT v.wearer FROM (
    SELECT wearer FROM visits WHERE at >= %(from_at)s AND at < %(to_at)s
    UNION
    SELECT wearer FROM fittings WHERE wearer IS NOT NULL
        AND ((from_at >= %(from_at)s AND from_at < %(to_at)s) OR (to_at >= %(from_at)s AND to_at < %(to_at)s))
) AS v
WHERE %(areas)s::text[] IS NULL OR EXISTS (
    SELECT FROM caseload_subjects s WHERE s.type = 'order' AND s.wearer = v.wearer AND s.area = ANY(%(areas)s));

-- name: open_spans
-- The violations of alerts that are not closed; of an alert without one, when it was raised and cleared.
SELECT a.wearer, COALESCE(v.from_at, a.raised_at),
    CASE WHEN l.violation_id IS NOT NULL THEN v.to_at WHEN a.state = 'cleared' THEN a.changed_at END
FROM alert_work w
JOIN alerts a ON a.alert_no = w.alert_no AND NOT a.withdrawn AND a.wearer IS NOT NULL
LEFT JOIN alert_violations l ON l.alert_no = a.alert_no
LEFT JOIN violations_newest n ON n.id = l.violation_id AND NOT n.withdrawn
LEFT JOIN violations v ON v.violation_no = n.violation_no
WHERE w.work <> 'closed' AND (l.violation_id IS NULL OR v.id IS NOT NULL);

-- name: open_spans_of
-- The same of some wearers: a statement of its own, whose plan can be kept.
SELECT a.wearer, COALESCE(v.from_at, a.raised_at),
    CASE WHEN l.violation_id IS NOT NULL THEN v.to_at WHEN a.state = 'cleared' THEN a.changed_at END
FROM alert_work w
JOIN alerts a ON a.alert_no = w.alert_no AND NOT a.withdrawn AND a.wearer IS NOT NULL
LEFT JOIN alert_violations l ON l.alert_no = a.alert_no
LEFT JOIN violations_newest n ON n.id = l.violation_id AND NOT n.withdrawn
LEFT JOIN violations v ON v.violation_no = n.violation_no
WHERE w.work <> 'closed' AND (l.violation_id IS NULL OR v.id IS NOT NULL)
    AND a.wearer = ANY(%(wearers)s::text[]);

-- name: permit_records
-- Versions of what permits positions, in the order learnt, a page at a time after (commit, line, record).
SELECT r.record_no, r.packed, CASE WHEN r.packed IS NULL OR %(whole)s THEN r.body END, r.holds_from, l.learnt_at,
    r.cancelled, l.commit_no, l.line
FROM caseload_learnt l JOIN caseload_records r ON r.record_no = l.record_no
WHERE (l.commit_no, l.line, l.record_no) > (%(commit_no)s::bigint, %(line)s::integer, %(record_no)s::bigint)
    AND r.type IN ('order', 'condition', 'zone', 'suspension')
ORDER BY l.commit_no, l.line, l.record_no LIMIT %(limit)s;

-- name: trail_backwards
-- The newest used fixes (quality ok, source not lbs) of a wearer between two instants, the newest first, through the fittings.
SELECT f.wearer, f.device, x.fix_time, x.receive_time, x.lat, x.lon, x.acc, x.src, x.quality, x.gen, x.seq, x.spd, x.hdg
FROM fittings f
JOIN devices d ON d.id = f.device
JOIN fixes x ON x.device_no = d.device_no AND x.fix_time >= f.from_at AND x.fix_time < COALESCE(f.to_at, 'infinity')
WHERE f.wearer = %(wearer)s AND x.fix_time >= %(from_at)s AND x.fix_time < %(to_at)s AND x.quality = 0 AND x.src <> 2
ORDER BY x.fix_time DESC, f.device, x.gen DESC, x.seq DESC LIMIT %(limit)s;

-- name: facts_between
-- How many facts of a wearer's devices there are between two instants, by device and gen, and between which numbers.
SELECT f.device, x.gen, count(*), min(x.seq), max(x.seq)
FROM fittings f
JOIN devices d ON d.id = f.device
CROSS JOIN LATERAL (
    SELECT gen, seq, fix_time FROM all_fixes y
    WHERE y.device_no = d.device_no AND y.fix_time >= %(from_at)s AND y.fix_time < %(to_at)s
    UNION ALL
    SELECT gen, seq, fix_time FROM all_equipment_events y
    WHERE y.device_no = d.device_no AND y.fix_time >= %(from_at)s AND y.fix_time < %(to_at)s
) x
WHERE f.wearer = %(wearer)s AND x.fix_time >= f.from_at AND x.fix_time < COALESCE(f.to_at, 'infinity')
GROUP BY f.device, x.gen ORDER BY f.device, x.gen;

-- name: events_between
-- The same of the equipment events alone: whoever has read the fixes has counted them.
SELECT f.device, x.gen, count(*), min(x.seq), max(x.seq)
FROM fittings f
JOIN devices d ON d.id = f.device
CROSS JOIN LATERAL (
    SELECT gen, seq, fix_time FROM equipment_events y
    WHERE y.device_no = d.device_no AND y.fix_time >= %(from_at)s AND y.fix_time < %(to_at)s
    UNION ALL
    SELECT gen, seq, fix_time FROM stray_equipment_events y
    WHERE y.device_no = d.device_no AND y.fix_time >= %(from_at)s AND y.fix_time < %(to_at)s
) x
WHERE f.wearer = %(wearer)s AND x.fix_time >= f.from_at AND x.fix_time < COALESCE(f.to_at, 'infinity')
GROUP BY f.device, x.gen ORDER BY f.device, x.gen;

-- name: victim_place
-- The newest used fix (quality ok, source not lbs) of a protected person since an instant, of the devices with them now.
SELECT x.lon, x.lat, x.acc, x.fix_time, x.receive_time
FROM fittings f
JOIN devices d ON d.id = f.device
CROSS JOIN LATERAL (
    SELECT * FROM fixes x
    WHERE x.device_no = d.device_no AND x.fix_time >= %(since)s AND x.quality = 0 AND x.src <> 2
    ORDER BY x.fix_time DESC LIMIT 1
) x
WHERE f.victim = %(victim)s AND x.fix_time >= f.from_at
    AND f.from_at <= %(now)s AND COALESCE(f.to_at, 'infinity') > %(now)s
ORDER BY x.fix_time DESC LIMIT 1;

-- name: pair_condition
-- The proximity condition between a wearer and a protected person that stands now, its distances in metres.
SELECT c.id, (c.body ->> 'alert_m')::double precision, (c.body ->> 'prealert_m')::double precision
FROM conditions c JOIN orders o ON o.id = c.order_id
WHERE o.wearer = %(wearer)s AND c.kind = 'proximity' AND c.body ->> 'victim' = %(victim)s ORDER BY c.id LIMIT 1;

-- name: protected_of_order
-- The protected people with whom the wearer of an order is paired by any order.
SELECT DISTINCT c.body ->> 'victim' FROM orders mine
JOIN orders o ON o.wearer = mine.wearer JOIN conditions c ON c.order_id = o.id
WHERE mine.id = %(order)s AND c.kind = 'proximity' AND c.body ->> 'victim' IS NOT NULL;

-- name: everybody_protected
-- Every protected person with whom a device is now.
SELECT DISTINCT victim FROM fittings
WHERE victim IS NOT NULL AND from_at <= %(now)s AND COALESCE(to_at, 'infinity') > %(now)s;

-- name: protected_places
-- Where some protected people were last at each of some instants, at most so long before it: of a night, mostly where they sleep.
SELECT DISTINCT w.victim, w.lon, w.lat FROM unnest(%(ats)s::timestamptz[]) AS moment (at)
CROSS JOIN LATERAL (
    SELECT DISTINCT ON (f.victim) f.victim, x.lon, x.lat
    FROM fittings f
    JOIN devices d ON d.id = f.device
    CROSS JOIN LATERAL (
        SELECT * FROM fixes x
        WHERE x.device_no = d.device_no AND x.fix_time <= moment.at
            AND x.fix_time > moment.at - make_interval(secs => %(age_s)s::double precision) AND x.quality = 0 AND x.src <> 2
        ORDER BY x.fix_time DESC LIMIT 1
    ) x
    WHERE f.victim = ANY(%(victims)s::text[]) AND x.fix_time >= f.from_at AND x.fix_time < COALESCE(f.to_at, 'infinity')
    ORDER BY f.victim, x.fix_time DESC
) w;
