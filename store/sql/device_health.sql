-- How a wearer's devices are: what the console's page of a wearer shows of them (docs/http.md). Bounded by instants that
-- are given as values, so that days outside them are never looked at.

-- name: devices_on_wearer
-- The fittings of a wearer that touch a range, each with its device, when that was last heard, and its newest battery level.
SELECT f.id, f.device, k.body, f.from_at, COALESCE(f.to_at, 'infinity'), last_heard(f.device, %(from_at)s), b.bat, b.fix_time
FROM fittings f
JOIN device_records k ON k.id = f.device
LEFT JOIN devices d ON d.id = f.device
LEFT JOIN LATERAL (
    SELECT x.bat, x.fix_time FROM fixes x
    WHERE x.device_no = d.device_no AND x.fix_time >= %(from_at)s AND x.fix_time < %(to_at)s AND x.bat IS NOT NULL
    ORDER BY x.fix_time DESC LIMIT 1
) b ON true
WHERE f.wearer = %(wearer)s AND f.from_at < %(to_at)s AND COALESCE(f.to_at, 'infinity') > %(from_at)s
ORDER BY f.from_at, f.id;

-- name: fixes_by_stretch
-- How many fixes came of each fitting of a wearer between neighbouring edges (the first and the last are the range), by
-- the number of the stretch, from 1. Stretches without any are left out.
SELECT f.id, width_bucket(x.fix_time, %(edges)s::timestamptz[]), count(*)
FROM fittings f
JOIN devices d ON d.id = f.device
CROSS JOIN LATERAL (
    SELECT x.fix_time FROM fixes x
    WHERE x.device_no = d.device_no AND x.fix_time >= %(from_at)s AND x.fix_time < %(to_at)s
) x
WHERE f.wearer = %(wearer)s AND x.fix_time >= f.from_at AND x.fix_time < COALESCE(f.to_at, 'infinity')
GROUP BY 1, 2 ORDER BY 1, 2;

-- name: events_of_wearers_devices
-- The events of one code of the devices on a wearer in a range, each with its state, in the order in which they happened.
SELECT f.id, e.fix_time, e.state
FROM fittings f
JOIN devices d ON d.id = f.device
CROSS JOIN LATERAL (
    SELECT e.fix_time, e.state FROM equipment_events e
    WHERE e.device_no = d.device_no AND e.fix_time >= %(from_at)s AND e.fix_time < %(to_at)s AND e.code = %(code)s
) e
WHERE f.wearer = %(wearer)s AND e.fix_time >= f.from_at AND e.fix_time < COALESCE(f.to_at, 'infinity')
ORDER BY e.fix_time, f.id;
