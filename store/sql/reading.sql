-- What the API asks. Instants that bound facts are given as values, so that days outside them are never looked at.

-- name: plan_for_each_value
-- Plans are made for the values at hand: chunks are excluded while planning, and unused filters fall away.
SELECT set_config('plan_cache_mode', 'force_custom_plan', false);

-- name: publish_figures
-- The newest figures of one process.
WITH told AS (SELECT pg_notify('bailiwick_figures', %(name)s))
INSERT INTO figures (name, body, at) SELECT %(name)s, %(body)s, %(at)s FROM told
ON CONFLICT (name) DO UPDATE SET body = EXCLUDED.body, at = EXCLUDED.at;

-- name: figures
-- The newest figures of every process.
SELECT name, body, at FROM figures ORDER BY name;

-- name: wearers_page
-- A page of wearers by id, each with the orders in force and the devices fitted at `now`.
SELECT w.id, w.body,
    ARRAY(SELECT o.id FROM orders o
        WHERE o.wearer = w.id AND o.from_at <= %(now)s AND COALESCE(o.to_at, 'infinity') > %(now)s ORDER BY o.id),
    ARRAY(SELECT f.device FROM fittings f
        WHERE f.wearer = w.id AND f.from_at <= %(now)s AND COALESCE(f.to_at, 'infinity') > %(now)s ORDER BY f.device)
FROM wearers w
WHERE w.id > %(after)s AND (%(wearer)s::text IS NULL OR w.id = %(wearer)s)
ORDER BY w.id LIMIT %(limit)s;

-- name: names_of_wearers
-- What some wearers are called, how they are supervised, and the areas of their orders in force.
SELECT w.id, COALESCE(w.name, ''), w.level,
    ARRAY(SELECT DISTINCT o.area FROM orders o WHERE o.wearer = w.id AND o.area IS NOT NULL
        AND o.from_at <= %(now)s AND COALESCE(o.to_at, 'infinity') > %(now)s ORDER BY o.area)
FROM wearers w WHERE w.id = ANY(%(wearers)s::text[]) ORDER BY w.id;

-- name: devices_page
-- A page of devices by id, each with who has it at `now` and when it was last heard of itself.
SELECT d.id, d.body, f.wearer, f.victim, last_heard(d.id, %(since)s)
FROM device_records d
LEFT JOIN LATERAL (
    SELECT f.wearer, f.victim FROM fittings f
    WHERE f.device = d.id AND f.from_at <= %(now)s AND COALESCE(f.to_at, 'infinity') > %(now)s LIMIT 1
) f ON true
WHERE d.id > %(after)s ORDER BY d.id LIMIT %(limit)s;

-- name: positions
-- The newest fix of every wearer (or of some) since an instant, from the devices on them at `now` that say where they
-- are, of a quality that may be drawn as a place: ok (0) or inaccurate (6).
SELECT * FROM (
    SELECT DISTINCT ON (f.wearer) f.wearer, f.device, x.fix_time, x.receive_time, x.lat, x.lon, x.acc, x.src, x.quality,
        x.gen, x.seq, x.spd, x.hdg
    FROM fittings f
    JOIN device_records k ON k.id = f.device AND k.kind IN ('gps_tag', 'alcohol_tag')
    JOIN devices d ON d.id = f.device
    CROSS JOIN LATERAL (
        SELECT * FROM fixes x
        WHERE x.device_no = d.device_no AND x.fix_time >= %(since)s AND x.quality IN (0, 6)
        ORDER BY x.fix_time DESC LIMIT 1
    ) x
    -- The newest of all is from before the fitting: then there is none since. (Inside, this would cost each look-up.)
    WHERE x.fix_time >= f.from_at AND f.wearer > %(after)s AND (%(wearers)s::text[] IS NULL OR f.wearer = ANY(%(wearers)s))
        AND f.from_at <= %(now)s AND COALESCE(f.to_at, 'infinity') > %(now)s
    ORDER BY f.wearer, x.fix_time DESC
) AS newest LIMIT %(limit)s;

-- name: keep_newest_fixes
-- Brings the newest fixes up to the newest commit; those from before an instant go.
SELECT keep_newest_fixes(%(since)s);

-- name: newest_fixes_mark
-- The commit up to which the newest fixes were kept last.
SELECT COALESCE((SELECT commit_no FROM newest_fixes_kept), 0);

-- name: newest_kept_upto
-- The newest commit, the newest record learnt, the facts of all commits, and the oldest fix of the commits after one.
SELECT COALESCE((SELECT no FROM commits ORDER BY no DESC LIMIT 1), 0),
    COALESCE((SELECT record_no FROM caseload_learnt ORDER BY record_no DESC LIMIT 1), 0),
    COALESCE((SELECT facts_total FROM commits ORDER BY no DESC LIMIT 1), 0),
    (SELECT min(oldest_fix_time) FROM commits WHERE no > %(after)s);

-- name: newest_fixes_whole
-- The newest fix of each device, of a quality that may be drawn as a place, as they were kept last; NaN for what it did not say.
COPY (
    SELECT device_no, commit_no, gen, seq, fix_time, receive_time, lat, lon, acc, COALESCE(spd, 'NaN'), COALESCE(hdg, 'NaN'),
        src, quality
    FROM newest_fixes ORDER BY device_no
) TO STDOUT (FORMAT binary);

-- name: newest_fixes_since
-- The same of what some commits brought, from the facts themselves; the oldest of them bounds which days are looked at.
COPY (
    SELECT DISTINCT ON (device_no) device_no, commit_no, gen, seq, fix_time, receive_time, lat, lon, acc,
        COALESCE(spd, 'NaN'), COALESCE(hdg, 'NaN'), src, quality
    FROM fixes
    WHERE commit_no > %(after)s AND commit_no <= %(upto)s AND fix_time >= %(oldest)s AND quality IN (0, 6)
        AND device_no NOT IN (SELECT seen.protected_devices())
    ORDER BY device_no, fix_time DESC
) TO STDOUT (FORMAT binary);

-- name: who_wears_what
-- Every device that says where it is and was put on a wearer: its number, whom it was on, its id, from when to when.
SELECT d.device_no, f.wearer, f.device, f.from_at, COALESCE(f.to_at, 'infinity')
FROM fittings f
JOIN device_records k ON k.id = f.device AND k.kind IN ('gps_tag', 'alcohol_tag')
JOIN devices d ON d.id = f.device
WHERE f.wearer IS NOT NULL ORDER BY f.from_at;

-- name: trail
-- The fixes of a wearer between two instants, through the fittings, in the order (fix time, device, gen, seq), a page at a time after
-- one of them: an array a column, as they were first judged; then which device has which number, and the newest judgement of those
-- fixes that a later fact made another.
WITH worn AS MATERIALIZED ( -- read once: out of a record for each fix, they would take longer than all the rest
    SELECT f.device, d.device_no, f.from_at, COALESCE(f.to_at, 'infinity') AS to_at
    FROM fittings f JOIN devices d ON d.id = f.device
    WHERE f.wearer = %(wearer)s
),
page AS MATERIALIZED (
    SELECT x.*
    FROM worn w
    -- Bounded inside: the view of both cannot be entered by device from without, once it is cut to a sight.
    CROSS JOIN LATERAL (
        SELECT * FROM fixes x
        WHERE x.device_no = w.device_no AND x.fix_time >= %(from_at)s AND x.fix_time < %(to_at)s
        UNION ALL
        SELECT * FROM stray_fixes x
        WHERE x.device_no = w.device_no AND x.fix_time >= %(from_at)s AND x.fix_time < %(to_at)s
    ) x
    WHERE x.fix_time >= w.from_at AND x.fix_time < w.to_at
        AND (x.fix_time, w.device, x.gen, x.seq)
            > (%(after_time)s::timestamptz, %(after_device)s, %(after_gen)s::bigint, %(after_seq)s::bigint)
    ORDER BY x.fix_time, w.device, x.gen, x.seq LIMIT %(limit)s
),
anew AS (
    SELECT k.device_no, k.gen, q.seq, q.quality
    FROM (SELECT device_no, gen, min(seq) AS low, max(seq) AS high FROM page GROUP BY device_no, gen) k
    -- By the index, whatever the plan thought of how many there are when it was made.
    CROSS JOIN LATERAL (
        SELECT DISTINCT ON (q.seq) q.seq, q.quality FROM fix_qualities q
        WHERE q.device_no = k.device_no AND q.gen = k.gen AND q.seq BETWEEN k.low AND k.high
        ORDER BY q.seq, q.quality_no DESC
    ) q
)
SELECT array_agg(device_no), array_agg(gen), array_agg(seq), array_agg(fix_time), array_agg(receive_time), array_agg(lat),
    array_agg(lon), array_agg(acc), array_agg(COALESCE(spd, 'NaN')), array_agg(COALESCE(hdg, 'NaN')), array_agg(src),
    array_agg(quality), (SELECT jsonb_agg(jsonb_build_array(device_no, device)) FROM worn),
    (SELECT jsonb_agg(jsonb_build_array(device_no, gen, seq, quality)) FROM anew)
FROM page;

-- name: violations_page
-- The newest version of each violation, by the number of its first one, which stays while somebody reads on; the newest first. What
-- stood between `from_at` and `to_at`, when given.
SELECT n.first_no, v.id, v.version, v.change, v.reason, v.wearer, v.victim, v.kind, v.code, v.order_id, v.condition,
    v.device, v.from_at, v.to_at, v.decided_at, v.late, v.age_s, v.cause, v.minutes_certain, v.minutes_possible,
    v.p_inside, v.score, v.retrospective, v.untold, v.evidence
FROM violations_newest n JOIN violations v ON v.violation_no = n.violation_no
WHERE n.first_no < %(before)s
    AND (%(wearer)s::text IS NULL OR n.wearer = %(wearer)s)
    AND (%(kinds)s::text[] IS NULL OR n.kind = ANY(%(kinds)s))
    AND (%(condition)s::text IS NULL OR v.condition = %(condition)s)
    AND (%(open)s::boolean IS NULL OR n.open = %(open)s)
    AND (NOT %(current)s OR NOT n.withdrawn)
    AND (%(from_at)s::timestamptz IS NULL OR v.to_at IS NULL OR v.to_at >= %(from_at)s)
    AND (%(to_at)s::timestamptz IS NULL OR v.from_at < %(to_at)s)
ORDER BY n.first_no DESC LIMIT %(limit)s;

-- name: versions_page
-- Every version of every violation in the order in which they were written.
SELECT violation_no, id, version, change, reason, wearer, victim, kind, code, order_id, condition, device, from_at,
    to_at, decided_at, late, age_s, cause, minutes_certain, minutes_possible, p_inside, score, retrospective, untold,
    evidence
FROM violations WHERE violation_no > %(after)s ORDER BY violation_no LIMIT %(limit)s;

-- name: versions_of_violation
-- Every version of one violation.
SELECT violation_no, id, version, change, reason, wearer, victim, kind, code, order_id, condition, device, from_at,
    to_at, decided_at, late, age_s, cause, minutes_certain, minutes_possible, p_inside, score, retrospective, untold,
    evidence
FROM violations WHERE id = %(id)s ORDER BY version;

-- name: alerts_page
-- Alerts by when they were raised, the newest first.
SELECT a.alert_no, a.episode, a.wearer, a.victim, a.device, a.kind, a.code, a.condition,
    COALESCE(w.severity, a.severity), a.state, a.raised_at, a.changed_at, a.withdrawn, a.grouped_under, w.work, w.revision,
    w.holder, w.claim_ends_at, w.unclaimed_since, w.outcome, w.closed_at, w.closed_by, w.about,
    ARRAY(SELECT v.violation_id FROM alert_violations v WHERE v.alert_no = a.alert_no ORDER BY v.violation_id),
    h.happened_at, h.late
FROM alerts a LEFT JOIN alert_work w ON w.alert_no = a.alert_no
LEFT JOIN LATERAL (
    SELECT min(v.from_at) FILTER (WHERE v.version = l.version) AS happened_at,
        bool_and(v.late) FILTER (WHERE v.version = 1) AS late
    FROM alert_violations l JOIN violations v ON v.id = l.violation_id AND v.version IN (1, l.version)
    WHERE l.alert_no = a.alert_no
) h ON true
WHERE (a.raised_at, a.alert_no) < (%(before_at)s::timestamptz, %(before_no)s::bigint)
    AND (%(wearer)s::text IS NULL OR a.wearer = %(wearer)s)
    AND (%(severities)s::text[] IS NULL OR COALESCE(w.severity, a.severity) = ANY(%(severities)s))
    AND (%(works)s::text[] IS NULL OR w.work = ANY(%(works)s))
    AND (%(holder)s::text IS NULL OR w.holder = %(holder)s)
    AND (%(state)s::text IS NULL OR a.state = %(state)s)
    AND (%(withdrawn)s OR NOT a.withdrawn)
    AND (%(grouped_under)s::text IS NULL OR a.grouped_under = %(grouped_under)s)
    AND (%(grouped)s::boolean IS NULL OR (a.grouped_under IS NOT NULL) = %(grouped)s)
ORDER BY a.raised_at DESC, a.alert_no DESC LIMIT %(limit)s;

-- name: violations_of_alert
-- The violations that an alert is about, each in its newest version.
SELECT v.violation_no, v.id, v.version, v.change, v.reason, v.wearer, v.victim, v.kind, v.code, v.order_id,
    v.condition, v.device, v.from_at, v.to_at, v.decided_at, v.late, v.age_s, v.cause, v.minutes_certain,
    v.minutes_possible, v.p_inside, v.score, v.retrospective, v.untold, v.evidence
FROM alert_violations a
JOIN violations_newest n ON n.id = a.violation_id
JOIN violations v ON v.violation_no = n.violation_no
WHERE a.alert_no = %(alert_no)s ORDER BY v.from_at, v.id;

-- name: dead_letters_page
-- Parked messages and items, the newest first.
SELECT dead_letter_no, received_at, topic, payload, reason, field, cause, device, critical, replayed_by
FROM dead_letters
WHERE dead_letter_no < %(before)s
    AND (%(reason)s::text IS NULL OR reason = %(reason)s)
    AND (%(device)s::text IS NULL OR device = %(device)s)
    AND (NOT %(critical)s OR critical)
ORDER BY dead_letter_no DESC LIMIT %(limit)s;

-- name: counts
-- Everything that is counted live, in one statement and so of one instant. `recent_us` is over how long the rate is taken.
WITH newest AS (SELECT no, last_instant, facts_total FROM commits ORDER BY no DESC LIMIT 1),
at AS (SELECT last_instant FROM commits WHERE last_instant IS NOT NULL ORDER BY no DESC LIMIT 1)
SELECT (SELECT last_instant FROM at),
    (SELECT count(*) FROM caseload_newest WHERE type = 'wearer' AND NOT cancelled),
    (SELECT count(*) FROM caseload_newest WHERE type = 'device' AND NOT cancelled),
    (SELECT body FROM figures WHERE name = 'ingest'),
    COALESCE((SELECT facts_total FROM newest), 0),
    COALESCE((SELECT sum(c.fixes + c.equipment_events)::bigint FROM commits c, at
        WHERE c.last_instant > at.last_instant - %(recent_us)s * interval '1 microsecond'), 0),
    COALESCE((SELECT jsonb_object_agg(kind, number) FROM (
        SELECT kind, count(*) AS number FROM violations_newest WHERE open GROUP BY kind) AS v), '{}'),
    COALESCE((SELECT jsonb_object_agg(severity, number) FROM (
        SELECT COALESCE(w.severity, a.severity) AS severity, count(*) AS number
        FROM alerts a LEFT JOIN alert_work w ON w.alert_no = a.alert_no
        WHERE a.state = 'active' AND NOT a.withdrawn GROUP BY 1
        ) AS a), '{}'),
    COALESCE((SELECT jsonb_object_agg(reason, parked) FROM dead_letter_counts), '{}'),
    (SELECT jsonb_object_agg(sequencename, 1 - COALESCE(last_value, 0)::float8 / max_value) FROM pg_sequences
        WHERE schemaname = current_schema());

-- name: newest_learnt
-- The number of the newest record that was learnt.
SELECT COALESCE((SELECT record_no FROM caseload_learnt ORDER BY record_no DESC LIMIT 1), 0);

-- name: paired_wearers
-- Wearers with an order whose condition about a victim stands, or was cancelled.
SELECT DISTINCT o.body ->> 'wearer' FROM caseload_newest n
JOIN caseload_records c ON c.record_no = n.record_no
JOIN caseload_newest m ON m.type = 'order' AND m.id = c.body ->> 'order'
JOIN caseload_records o ON o.record_no = m.record_no
WHERE n.type = 'condition' AND c.body ->> 'kind' = 'proximity'
ORDER BY 1;

-- name: events_after
-- What was streamed after an event, in order. A violation about two people names no fact of the protected one's device. Last, whether
-- the device itself is theirs.
SELECT event_no, kind,
    CASE WHEN kind = 'violation' AND body ->> 'victim' IS NOT NULL THEN jsonb_set(body, '{evidence}', COALESCE((
        SELECT jsonb_agg(e.fact ORDER BY e.place) FROM jsonb_array_elements(body -> 'evidence') WITH ORDINALITY AS e (fact, place)
        WHERE e.fact ->> 'device' NOT IN (SELECT seen.protected_device_ids())), '[]')) ELSE body END,
    body ->> 'victim' IS NOT NULL AND COALESCE(body ->> 'device' IN (SELECT seen.protected_device_ids()), false)
FROM stream_events WHERE event_no > %(after)s ORDER BY event_no LIMIT %(limit)s;

-- name: newest_event
-- The number of the newest event; 0 when there is none.
SELECT COALESCE((SELECT event_no FROM stream_events ORDER BY event_no DESC LIMIT 1), 0);

-- name: oldest_event
-- The number of the oldest event that is still there; 0 when there is none.
SELECT COALESCE((SELECT event_no FROM stream_events ORDER BY event_no LIMIT 1), 0);

-- name: not_64_bit
-- Numbers that could run full: identities and numbers of things that are not 64-bit. There are none (failure 01).
SELECT table_name || '.' || column_name FROM information_schema.columns
WHERE table_schema = current_schema()
    AND (is_identity = 'YES' OR column_name IN ('no', 'gen', 'seq', 'low', 'high', 'tag', 'revision', 'facts_total')
        OR column_name LIKE '%%\_no' AND column_name <> 'row_no')
    AND data_type <> 'bigint';
