-- What should be held against what is: orders, fittings, data (failures 06 and 11). Each gives ids, in order. `now` is the
-- instant of the question, `day_ago` 24 hours before it: what has been so for less is still being dealt with.

-- name: orders_without_fitting
-- Orders in force for longer than their fit_within_h whose wearer has no device, but for those suspended without a timetable.
SELECT o.id FROM orders o
WHERE o.from_at + COALESCE((o.body ->> 'fit_within_h')::float8, %(fit_within_h)s) * interval '1 hour' <= %(now)s
    AND COALESCE(o.to_at, 'infinity') > %(now)s
    AND NOT EXISTS (SELECT FROM fittings f WHERE f.wearer = o.wearer AND f.from_at <= %(now)s
        AND COALESCE(f.to_at, 'infinity') > %(now)s)
    AND NOT EXISTS (SELECT FROM suspensions s WHERE s.order_id = o.id AND s.from_at <= %(now)s
        AND COALESCE(s.to_at, 'infinity') > %(now)s AND jsonb_typeof(s.body -> 'timetable') IS DISTINCT FROM 'array')
ORDER BY o.id LIMIT %(limit)s;

-- name: fittings_without_order
-- Fittings that go on although their wearer has had no order in force for a day.
SELECT f.id FROM fittings f
WHERE f.wearer IS NOT NULL AND f.from_at <= %(day_ago)s AND COALESCE(f.to_at, 'infinity') > %(now)s
    AND NOT EXISTS (SELECT FROM orders o WHERE o.wearer = f.wearer AND o.from_at <= %(now)s
        AND COALESCE(o.to_at, 'infinity') > %(day_ago)s)
ORDER BY f.id LIMIT %(limit)s;

-- name: devices_without_data
-- Devices that speak for themselves, on a victim or on a wearer under an order for a day, of which nothing of that day came.
SELECT k.id FROM device_records k
JOIN fittings f ON f.device = k.id AND f.from_at <= %(day_ago)s AND COALESCE(f.to_at, 'infinity') > %(now)s
LEFT JOIN devices d ON d.id = k.id
WHERE k.kind IN ('gps_tag', 'home_unit', 'victim_unit', 'alcohol_tag')
    AND (f.wearer IS NULL OR EXISTS (SELECT FROM orders o WHERE o.wearer = f.wearer AND o.from_at <= %(day_ago)s
        AND COALESCE(o.to_at, 'infinity') > %(now)s))
    AND NOT EXISTS (SELECT FROM fixes x WHERE x.device_no = d.device_no AND x.fix_time > %(day_ago)s)
    AND NOT EXISTS (SELECT FROM equipment_events e WHERE e.device_no = d.device_no AND e.fix_time > %(day_ago)s)
ORDER BY k.id LIMIT %(limit)s;

-- name: data_without_fitting
-- Devices that sent something in the last day, and in all of it were on nobody.
SELECT k.id FROM device_records k
JOIN devices d ON d.id = k.id
WHERE NOT EXISTS (SELECT FROM fittings f WHERE f.device = k.id AND f.from_at <= %(now)s
        AND COALESCE(f.to_at, 'infinity') > %(day_ago)s)
    AND (EXISTS (SELECT FROM fixes x WHERE x.device_no = d.device_no AND x.fix_time > %(day_ago)s)
        OR EXISTS (SELECT FROM equipment_events e WHERE e.device_no = d.device_no AND e.fix_time > %(day_ago)s))
ORDER BY k.id LIMIT %(limit)s;

-- name: incomplete_devices
-- Devices on somebody of which under `least` of their last `span` numbers came, the worst first: of the newest `gen` with
-- some numbers (one that the centre gave for a conflict has few); not of those that count nothing. Up to the newest commit
-- whose ranges are folded.
WITH gens AS (
    SELECT device_no, gen, min(low) AS lowest, max(high) AS highest FROM received_ranges
    WHERE device_no NOT IN (SELECT device_no FROM devices WHERE id LIKE ANY(%(uncounted)s::text[]))
    GROUP BY device_no, gen HAVING max(high) - min(low) >= %(fewest)s
), newest AS (SELECT DISTINCT ON (device_no) * FROM gens ORDER BY device_no, gen DESC)
SELECT d.id, sum(r.high - GREATEST(r.low, n.highest - %(span)s + 1) + 1)::bigint AS received,
    LEAST(n.highest - n.lowest + 1, %(span)s::bigint) AS counted
FROM newest n
JOIN received_ranges r ON r.device_no = n.device_no AND r.gen = n.gen AND r.high > n.highest - %(span)s
JOIN devices d ON d.device_no = n.device_no
WHERE EXISTS (SELECT FROM fittings f WHERE f.device = d.id AND f.from_at <= %(now)s
    AND COALESCE(f.to_at, 'infinity') > %(now)s)
GROUP BY d.id, n.highest, n.lowest
HAVING sum(r.high - GREATEST(r.low, n.highest - %(span)s + 1) + 1)
    < %(least)s * LEAST(n.highest - n.lowest + 1, %(span)s::bigint)
ORDER BY sum(r.high - GREATEST(r.low, n.highest - %(span)s + 1) + 1)::float8
    / LEAST(n.highest - n.lowest + 1, %(span)s::bigint), d.id LIMIT %(limit)s;
