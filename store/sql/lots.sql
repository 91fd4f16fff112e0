-- Lots of devices: a fault of one is a fault of many (failure 09).

-- name: devices_of_lot
-- How many devices a lot has.
SELECT count(*) FROM device_records WHERE lot = %(lot)s;

-- name: resting_on_lot_seen
-- Every alert that rests on devices of a lot, by its own device or the evidence of any version of its violations, and every
-- breach, warrant, recall and arrest that rests on such a violation, whether there was an alert of it or not.
WITH of_lot AS (
    SELECT array_agg(id) AS devices FROM device_records WHERE lot = %(lot)s
), named AS (
    SELECT v.id AS violation_id, v.device FROM of_lot, violations v WHERE v.device = ANY(of_lot.devices)
    UNION
    SELECT v.id, e.value ->> 'device' FROM of_lot, violations v, LATERAL jsonb_array_elements(v.evidence) AS e(value)
    WHERE e.value ->> 'device' = ANY(of_lot.devices)
), of_alerts AS (
    SELECT l.alert_no, n.violation_id, n.device FROM named n JOIN alert_violations l ON l.violation_id = n.violation_id
    UNION SELECT a.alert_no, NULL, a.device FROM alerts a, of_lot WHERE a.device = ANY(of_lot.devices)
)
SELECT r.kind, r.reference, NULL, max(v.wearer), min(r.made_at),
    CASE WHEN bool_and(r.ended_at IS NOT NULL) THEN 'ended' ELSE 'standing' END, NULL,
    array_agg(DISTINCT n.device ORDER BY n.device), array_agg(DISTINCT n.violation_id ORDER BY n.violation_id)
FROM named n JOIN rests_on r ON r.violation_id = n.violation_id JOIN violations_newest v ON v.id = n.violation_id
GROUP BY r.kind, r.reference
UNION ALL
(SELECT 'alert', a.alert_no::text, a.kind, a.wearer, a.raised_at, a.state, w.outcome,
    array_agg(DISTINCT n.device ORDER BY n.device), array_remove(array_agg(DISTINCT n.violation_id), NULL)
FROM of_alerts n JOIN alerts a ON a.alert_no = n.alert_no JOIN alert_work w ON w.alert_no = a.alert_no
GROUP BY a.alert_no, a.kind, a.wearer, a.raised_at, a.state, w.outcome ORDER BY a.alert_no);
