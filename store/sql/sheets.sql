-- What sheets and chronologies are made of: one wearer's records, decisions, and what people did. Asked under a caller's sight.

-- name: sheet_wearer
-- Whose an order is; ended ones too.
SELECT wearer FROM caseload_subjects WHERE type = 'order' AND id = %(order)s AND wearer IS NOT NULL;

-- name: sheet_records
-- Every version that was learnt of what is a wearer's, and of the devices that were fitted, in the order learnt. No victim's.
WITH own AS (
    SELECT type, id, device FROM caseload_subjects
    WHERE wearer = %(wearer)s AND type IN ('wearer', 'order', 'condition', 'absence', 'suspension', 'fitting', 'visit', 'assessment')
), fitted AS (
    SELECT DISTINCT device FROM own WHERE type = 'fitting' AND device IS NOT NULL
), wanted AS (
    SELECT type, id FROM own
    UNION SELECT s.type, s.id FROM caseload_subjects s JOIN fitted f ON f.device = s.device
        WHERE s.type IN ('device', 'equipment_check')
)
SELECT r.record_no, r.packed, CASE WHEN r.packed IS NULL OR %(whole)s THEN r.body END, r.holds_from, l.learnt_at,
    r.cancelled
FROM wanted w JOIN caseload_records r ON r.type = w.type AND r.id = w.id
JOIN caseload_learnt l ON l.record_no = r.record_no
ORDER BY l.commit_no, l.line, l.record_no;

-- name: sheet_violations
-- The newest version of each violation of a wearer that touches a range, in the order in which they began.
SELECT v.violation_no, v.id, v.version, v.change, v.reason, v.wearer, v.victim, v.kind, v.code, v.order_id, v.condition,
    v.device, v.from_at, v.to_at, v.decided_at, v.late, v.age_s, v.cause, v.minutes_certain, v.minutes_possible,
    v.p_inside, v.score, v.retrospective, v.untold, v.evidence
FROM violations_newest n JOIN violations v ON v.violation_no = n.violation_no
WHERE n.wearer = %(wearer)s AND NOT n.withdrawn AND v.from_at < %(to_at)s
    -- What a device did is over at once, and says where it is until somebody has checked it.
    AND (v.to_at IS NULL OR v.to_at >= %(from_at)s
        OR v.kind IN ('strap_tamper', 'case_tamper', 'shielding', 'home_unit_moved'))
ORDER BY v.from_at, v.id LIMIT %(limit)s;

-- name: sheet_versions
-- The first versions of the violations of a wearer that began in a range, and the later ones that were decided in it, as written.
SELECT v.violation_no, v.id, v.version, v.change, v.reason, v.wearer, v.victim, v.kind, v.code, v.order_id, v.condition,
    v.device, v.from_at, v.to_at, v.decided_at, v.late, v.age_s, v.cause, v.minutes_certain, v.minutes_possible,
    v.p_inside, v.score, v.retrospective, v.untold, v.evidence
FROM violations_newest n JOIN violations v ON v.id = n.id
WHERE n.wearer = %(wearer)s AND CASE v.version WHEN 1 THEN v.from_at ELSE v.decided_at END >= %(from_at)s
    AND CASE v.version WHEN 1 THEN v.from_at ELSE v.decided_at END < %(to_at)s
ORDER BY v.violation_no LIMIT %(limit)s;

-- name: sheet_contacts
-- What was said with or about a wearer, but for what was said with a protected person.
SELECT c.at, 'contact', CASE WHEN c.inbound THEN 'came from' ELSE 'went to' END || ' ' || replace(c.party, '_', ' ')
        || ' by ' || c.channel || CASE c.answered WHEN true THEN ', answered' WHEN false THEN ', not answered' ELSE '' END,
    c.contact_no::text, c.by_name, c.said
FROM contacts c
WHERE c.wearer = %(wearer)s AND c.victim IS NULL AND c.party <> 'victim' AND c.at >= %(from_at)s AND c.at < %(to_at)s
ORDER BY c.at, c.contact_no LIMIT %(limit)s;

-- name: sheet_alerts
-- Alerts of a wearer that were closed.
SELECT w.closed_at, 'alert', 'closed as ' || w.outcome, a.alert_no::text, w.closed_by, NULL, a.kind, a.code
FROM alerts a JOIN alert_work w ON w.alert_no = a.alert_no
WHERE a.wearer = %(wearer)s AND w.closed_at >= %(from_at)s AND w.closed_at < %(to_at)s
ORDER BY w.closed_at, a.alert_no LIMIT %(limit)s;

-- name: sheet_warrants
-- Warrants of a wearer: issued, handed over, ended.
SELECT at, what, event, about, by_name, text FROM (
    SELECT w.issued_at AS at, 'warrant' AS what, 'issued: ' || replace(w.kind, '_', ' ') AS event, w.warrant_no::text AS about,
        w.made_by AS by_name, w.reference AS text
    FROM warrants w WHERE w.wearer = %(wearer)s
    UNION ALL
    SELECT h.from_at, 'warrant', 'held by ' || h.agency, h.warrant_no::text, h.by_name, NULL
    FROM warrant_holdings h JOIN warrants w ON w.warrant_no = h.warrant_no WHERE w.wearer = %(wearer)s
    UNION ALL
    SELECT w.ended_at, 'warrant', w.outcome, w.warrant_no::text, w.ended_by, NULL
    FROM warrants w WHERE w.wearer = %(wearer)s AND w.ended_at IS NOT NULL
) AS found WHERE at >= %(from_at)s AND at < %(to_at)s ORDER BY at, about LIMIT %(limit)s;

-- name: sheet_breaches
-- The dates of a wearer's breach cases that stand: what was corrected is in the case itself.
SELECT s.at, 'breach', replace(s.step, '_', ' ') || COALESCE(': ' || replace(s.result, '_', ' '), ''), b.breach_no::text, s.made_by, s.note
FROM breaches b JOIN breach_steps s ON s.breach_no = b.breach_no
WHERE b.wearer = %(wearer)s AND s.at >= %(from_at)s AND s.at < %(to_at)s
    AND NOT EXISTS (SELECT FROM breach_steps c WHERE c.corrects = s.step_no)
ORDER BY s.at, s.step_no LIMIT %(limit)s;

-- name: sheet_about
-- About whom `markers_of_victims` is asked, for this transaction.
SELECT set_config('bailiwick.wearer', %(wearer)s, true);
