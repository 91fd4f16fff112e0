-- What enforcement is measured by (docs/measures.md): cases with their dates, and whose they are. Numbers leave only suppressed.

-- name: measured_breaches
-- Breach cases that were made in a range: the first date of each step that stands, when the newest violation relied on began, the
-- order's kind, organisation and area, the wearer's level and cohorts, and the newest result.
SELECT b.breach_no, b.area, o.body ->> 'organisation', b.order_kind, w.level, COALESCE(w.body -> 'cohorts', '[]'),
    (SELECT jsonb_object_agg(step, at_us) FROM (
        SELECT s.step, min((extract(epoch FROM s.at) * 1000000)::bigint) AS at_us FROM breach_steps s
        WHERE s.breach_no = b.breach_no AND s.at IS NOT NULL AND s.at <= %(now)s
            AND NOT EXISTS (SELECT FROM breach_steps c WHERE c.corrects = s.step_no) GROUP BY s.step) AS dated),
    (SELECT max((extract(epoch FROM v.from_at) * 1000000)::bigint) FROM breach_violations r
        JOIN violations v ON v.id = r.violation_id AND v.version = r.version
        WHERE r.breach_no = b.breach_no AND r.relied
            AND r.choice = (SELECT max(choice) FROM breach_violations n WHERE n.breach_no = b.breach_no)),
    (SELECT s.result FROM breach_steps s WHERE s.breach_no = b.breach_no AND s.step = 'result' AND s.at <= %(now)s
        AND NOT EXISTS (SELECT FROM breach_steps c WHERE c.corrects = s.step_no) ORDER BY s.at DESC, s.step_no DESC LIMIT 1)
FROM breaches b LEFT JOIN orders o ON o.id = b.order_id LEFT JOIN wearers w ON w.id = b.wearer
WHERE b.made_at >= %(from_at)s AND b.made_at < %(to_at)s ORDER BY b.breach_no;

-- name: measured_orders
-- Orders that began in a range, when the first device was on the wearer that was on in the order, and the order's limit in hours.
SELECT o.id, o.area, o.organisation, o.kind, w.level, COALESCE(w.body -> 'cohorts', '[]'), o.from_at,
    (SELECT min(GREATEST(f.from_at, o.from_at)) FROM fittings f WHERE f.wearer = o.wearer
        AND COALESCE(f.to_at, 'infinity') > o.from_at AND f.from_at < COALESCE(o.to_at, 'infinity') AND f.from_at <= %(now)s),
    COALESCE((o.body ->> 'fit_within_h')::float8, %(limit_h)s)
FROM orders o LEFT JOIN wearers w ON w.id = o.wearer
WHERE o.from_at >= %(from_at)s AND o.from_at < %(to_at)s ORDER BY o.id;

-- name: areas_and_parents
-- Every area and the one above it.
SELECT id, parent FROM areas ORDER BY id;

-- name: held_by_kind
-- Of the alerts closed in a range, by kind: how many held, and of how many that is known (as `precision_of_alerts`, by kind alone).
SELECT a.kind, count(*) FILTER (WHERE COALESCE(s.held, w.outcome IN ('confirmed', 'explained'))), count(*)
FROM alert_work w JOIN alerts a ON a.alert_no = w.alert_no
LEFT JOIN LATERAL (
    SELECT bool_or(d.decision <> 'equipment') AS held FROM alert_violations l JOIN assessments d ON d.violation = l.violation_id
    WHERE l.alert_no = a.alert_no AND d.decision IN ('upheld', 'reasonable_excuse', 'equipment')
) AS s ON true
WHERE w.closed_at >= %(from_at)s AND w.closed_at < %(to_at)s AND w.outcome <> 'duplicate'
GROUP BY a.kind ORDER BY a.kind;

-- name: statistics_published
-- The newest aggregates that the statistics job wrote of a year; nothing in them is of one person.
SELECT made_at, told FROM statistics_published WHERE year = %(year)s ORDER BY published_no DESC LIMIT 1;

-- name: statistics_forget
-- The job's own table is replaced whole by each import.
DELETE FROM wearer_statistics;

-- name: statistics_import
-- One wearer's characteristics.
INSERT INTO wearer_statistics (wearer, sex, age_band, ethnic_group) VALUES (%(wearer)s, %(sex)s, %(age_band)s, %(ethnic_group)s);

-- name: statistics_outcomes
-- Results of the breach cases made in a range, by each characteristic of the wearers. For the statistics job alone.
SELECT what, value, result, count(*) FROM (
    SELECT b.breach_no, b.wearer, COALESCE((SELECT s.result FROM breach_steps s WHERE s.breach_no = b.breach_no AND s.step = 'result'
        AND s.at <= %(now)s AND NOT EXISTS (SELECT FROM breach_steps c WHERE c.corrects = s.step_no)
        ORDER BY s.at DESC, s.step_no DESC LIMIT 1), 'no_result_yet') AS result
    FROM breaches b WHERE b.made_at >= %(from_at)s AND b.made_at < %(to_at)s
) AS cases
LEFT JOIN wearer_statistics w ON w.wearer = cases.wearer
CROSS JOIN LATERAL (VALUES ('sex', COALESCE(w.sex, 'not_said')), ('age_band', COALESCE(w.age_band, 'not_said')),
    ('ethnic_group', COALESCE(w.ethnic_group, 'not_said'))) AS c (what, value)
GROUP BY what, value, result ORDER BY what, value, result;

-- name: statistics_publish
-- Keeps suppressed aggregates of a year.
INSERT INTO statistics_published (year, made_at, told) VALUES (%(year)s, %(at)s, %(told)s);
