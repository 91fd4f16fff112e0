-- What is measured of alerts (alerts.md, What is measured). A range is [from_at, to_at).

-- name: raised_by_kind
-- Alerts raised in a range by kind and by severity as it is now.
SELECT a.kind, COALESCE(w.severity, a.severity), count(*) FROM alerts a LEFT JOIN alert_work w ON w.alert_no = a.alert_no
WHERE a.raised_at >= %(from_at)s AND a.raised_at < %(to_at)s GROUP BY 1, 2 ORDER BY 1, 2;

-- name: wearer_days
-- Days on which wearers had an order in force in a range, summed up over the wearers; overlapping orders count once.
SELECT COALESCE(sum(extract(epoch FROM upper(span) - lower(span))) / 86400, 0)::float8 FROM (
    SELECT unnest(range_agg(tstzrange(greatest(from_at, %(from_at)s), least(COALESCE(to_at, 'infinity'), %(to_at)s)))) AS span
    FROM orders WHERE from_at < %(to_at)s AND COALESCE(to_at, 'infinity') > %(from_at)s GROUP BY wearer
) AS spans;

-- name: load_of_operators
-- Alerts of `warning` and above that no incident explains, raised in each 10 minutes, and how many operators were there: on
-- the rota, or seen at work where the rota has fewer.
SELECT b.at, (
        SELECT count(*) FROM alerts a LEFT JOIN alert_work w ON w.alert_no = a.alert_no
        WHERE a.raised_at >= b.at AND a.raised_at < b.at + interval '10 minutes' AND a.grouped_under IS NULL
            AND COALESCE(w.severity, a.severity) <> 'information'
    ), greatest((
        SELECT count(DISTINCT person) FROM rota
        WHERE role = 'operator' AND cancelled_at IS NULL AND from_at < b.at + interval '10 minutes' AND to_at > b.at
    ), (
        SELECT count(DISTINCT by_name) FROM alert_events
        WHERE at >= b.at AND at < b.at + interval '10 minutes' AND by_role = 'operator'
    ))
FROM generate_series(date_bin('10 minutes', %(from_at)s, '2000-01-01Z'), %(to_at)s - interval '1 microsecond',
    interval '10 minutes') AS b(at) ORDER BY b.at;

-- name: delays
-- Quantiles (p50, p95, p99) in seconds of alerts raised in a range: fix to alert (what came late left out), alert to first
-- claim, first claim to last closing, alert to a victim told (sent, or a call that was answered); and of how many.
WITH raised AS (
    SELECT alert_no, raised_at FROM alerts WHERE raised_at >= %(from_at)s AND raised_at < %(to_at)s
), claimed AS (
    SELECT r.alert_no, r.raised_at, min(e.at) AS at FROM raised r JOIN alert_events e ON e.alert_no = r.alert_no
    WHERE e.event = 'claim' GROUP BY r.alert_no, r.raised_at
), found AS (
    SELECT 'fix_to_alert' AS what, v.age_s AS s FROM raised r
    JOIN outbox o ON o.alert_no = r.alert_no AND o.change = 'raised'
    JOIN violations v ON v.id = o.violation_id AND v.version = o.version AND NOT v.late
    UNION ALL
    SELECT 'alert_to_claim', extract(epoch FROM at - raised_at)::float8 FROM claimed
    UNION ALL
    SELECT 'claim_to_close', extract(epoch FROM w.closed_at - c.at)::float8 FROM claimed c
    JOIN alert_work w ON w.alert_no = c.alert_no WHERE w.closed_at >= c.at
    UNION ALL
    SELECT 'alert_to_victim_told', extract(epoch FROM min(t.at) - r.raised_at)::float8 FROM raised r JOIN (
        SELECT alert_no, sent_at AS at FROM notifications
        WHERE target = 'victim' AND channel <> 'call' AND sent_at IS NOT NULL AND stands_down IS NULL
        UNION ALL
        SELECT alert_no, at FROM contacts WHERE party = 'victim' AND answered AND alert_no IS NOT NULL
    ) AS t ON t.alert_no = r.alert_no GROUP BY r.alert_no, r.raised_at
)
SELECT what, count(*), percentile_cont(ARRAY[0.5, 0.95, 0.99]) WITHIN GROUP (ORDER BY s) FROM found GROUP BY what;

-- name: unclaimed
-- Alerts that nobody has and no incident explains, by severity as it is now: how many, and since when the oldest.
SELECT COALESCE(w.severity, a.severity), count(*), min(w.unclaimed_since) FROM alert_work w
JOIN alerts a ON a.alert_no = w.alert_no
WHERE w.work = 'raised' AND a.grouped_under IS NULL AND NOT a.withdrawn GROUP BY 1;

-- name: outcomes_by_kind
-- How alerts were closed in a range, by kind.
SELECT a.kind, w.outcome, count(*) FROM alert_work w JOIN alerts a ON a.alert_no = w.alert_no
WHERE w.closed_at >= %(from_at)s AND w.closed_at < %(to_at)s GROUP BY 1, 2 ORDER BY 1, 2;

-- name: assessments_by_kind
-- What officers decided in a range, by the kind of the violation.
SELECT n.kind, s.decision, count(*) FROM assessments s JOIN violations_newest n ON n.id = s.violation
WHERE s.at >= %(from_at)s AND s.at < %(to_at)s GROUP BY 1, 2 ORDER BY 1, 2;

-- name: precision_of_alerts
-- Of the alerts closed in a range, by kind, and by kind and model, firmware, lot or place (the order's area): how many held,
-- and of how many that is known. What an officer decided of a violation goes before the outcome; duplicates tell nothing.
WITH judged AS (
    SELECT a.kind, k.model, k.firmware, k.lot, r.area, COALESCE(s.held, w.outcome IN ('confirmed', 'explained')) AS held
    FROM alert_work w JOIN alerts a ON a.alert_no = w.alert_no
    LEFT JOIN LATERAL (
        SELECT v.evidence -> 0 ->> 'device' AS device, v.order_id FROM alert_violations l
        JOIN violations_newest n ON n.id = l.violation_id JOIN violations v ON v.violation_no = n.violation_no
        WHERE l.alert_no = a.alert_no ORDER BY v.violation_no LIMIT 1
    ) AS e ON true
    LEFT JOIN LATERAL (
        SELECT bool_or(d.decision <> 'equipment') AS held FROM alert_violations l JOIN assessments d ON d.violation = l.violation_id
        WHERE l.alert_no = a.alert_no AND d.decision IN ('upheld', 'reasonable_excuse', 'equipment')
    ) AS s ON true
    LEFT JOIN device_records k ON k.id = COALESCE(a.device, e.device)
    LEFT JOIN orders r ON r.id = e.order_id
    WHERE w.closed_at >= %(from_at)s AND w.closed_at < %(to_at)s AND w.outcome <> 'duplicate'
)
SELECT kind, CASE WHEN GROUPING(model) = 0 THEN 'model' WHEN GROUPING(firmware) = 0 THEN 'firmware'
        WHEN GROUPING(lot) = 0 THEN 'lot' WHEN GROUPING(area) = 0 THEN 'place' END AS what,
    COALESCE(model, firmware, lot, area) AS value, count(*) FILTER (WHERE held), count(*)
FROM judged GROUP BY GROUPING SETS ((kind), (kind, model), (kind, firmware), (kind, lot), (kind, area))
ORDER BY kind, what NULLS FIRST, count(*) FILTER (WHERE NOT held) DESC, value;

-- name: worst_served
-- The wearers with the most alerts closed in a range as equipment or false, or withdrawn: of how many, and the longest time
-- that one of theirs was claimed by nobody.
SELECT a.wearer, count(*) FILTER (WHERE w.outcome IN ('equipment', 'false', 'withdrawn')) AS wrong, count(*),
    max(extract(epoch FROM COALESCE(c.at, w.closed_at) - a.raised_at))::float8
FROM alert_work w JOIN alerts a ON a.alert_no = w.alert_no
LEFT JOIN LATERAL (
    SELECT min(e.at) AS at FROM alert_events e WHERE e.alert_no = w.alert_no AND e.event = 'claim'
) AS c ON true
WHERE w.closed_at >= %(from_at)s AND w.closed_at < %(to_at)s AND a.wearer IS NOT NULL
GROUP BY a.wearer ORDER BY wrong DESC, 4 DESC NULLS LAST, a.wearer LIMIT %(limit)s;

-- name: resting_on_lot
-- Every alert that rests on devices of a lot, by the alert's own device or the evidence of any version of its violations, with
-- those devices, and every breach, warrant, recall and arrest that rests on one of these violations (failure 09).
WITH of_lot AS (
    SELECT array_agg(id) AS devices FROM device_records WHERE lot = %(lot)s
), resting AS (
    SELECT l.alert_no, v.id AS violation_id, v.device, e.value ->> 'device' AS evident
    FROM of_lot CROSS JOIN violations v LEFT JOIN LATERAL jsonb_array_elements(v.evidence) AS e(value) ON true
    JOIN alert_violations l ON l.violation_id = v.id
    WHERE v.device = ANY(of_lot.devices) OR e.value ->> 'device' = ANY(of_lot.devices)
), named AS (
    SELECT alert_no, violation_id, device FROM resting, of_lot WHERE device = ANY(of_lot.devices)
    UNION SELECT alert_no, violation_id, evident FROM resting, of_lot WHERE evident = ANY(of_lot.devices)
    UNION SELECT a.alert_no, NULL, a.device FROM alerts a, of_lot WHERE a.device = ANY(of_lot.devices)
)
SELECT a.alert_no, a.kind, a.wearer, a.victim, a.raised_at, w.work, w.outcome,
    array_agg(DISTINCT n.device ORDER BY n.device), array_remove(array_agg(DISTINCT n.violation_id), NULL),
    array_remove(array_agg(DISTINCT r.kind || ':' || r.reference), NULL)
FROM named n JOIN alerts a ON a.alert_no = n.alert_no JOIN alert_work w ON w.alert_no = a.alert_no
LEFT JOIN rests_on r ON r.violation_id = n.violation_id
GROUP BY a.alert_no, w.alert_no ORDER BY a.alert_no;

-- name: raised_by_minute
-- Alerts that no incident explains, raised in each minute of a range that has any.
SELECT date_bin('1 minute', raised_at, '2000-01-01Z') AS at, count(*) FROM alerts
WHERE raised_at >= %(from_at)s AND raised_at < %(to_at)s AND grouped_under IS NULL GROUP BY 1 ORDER BY 1;

-- name: outages_now
-- Incidents that stand: how many, and how many of their devices are silent.
SELECT count(*), COALESCE(sum(v.silent), 0)::bigint FROM incidents n
JOIN incident_versions v ON v.incident_version_no = n.incident_version_no WHERE v.closed_at IS NULL;
