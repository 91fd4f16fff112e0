-- Entering caseload records by many hands at once, and reading them as they were entered.

-- name: hold_caseload
-- One hand at a time checks and enters, until the transaction ends: what one has checked, no other changes meanwhile.
SELECT pg_advisory_xact_lock(7120, 6);

-- name: entered_by_keys
-- The newest entered versions of some records.
SELECT r.record_no, r.packed, CASE WHEN r.packed IS NULL OR %(whole)s THEN r.body END, r.holds_from, NULL::timestamptz,
    r.cancelled
FROM unnest(%(types)s::text[], %(ids)s::text[]) AS k(type, id)
JOIN caseload_entered e ON e.type = k.type AND e.id = k.id
JOIN caseload_records r ON r.record_no = e.record_no;

-- name: entered_areas_above
-- The areas that some areas lie in, and those that these lie in, as they were entered last.
WITH RECURSIVE above AS (
    SELECT a.id, a.area, a.record_no FROM caseload_entered a WHERE a.type = 'area' AND a.id = ANY(%(ids)s::text[])
    UNION
    SELECT a.id, a.area, a.record_no FROM above b JOIN caseload_entered a ON a.type = 'area' AND a.id = b.area
)
SELECT r.record_no, r.packed, CASE WHEN r.packed IS NULL OR %(whole)s THEN r.body END, r.holds_from, NULL::timestamptz,
    r.cancelled
FROM above b JOIN caseload_records r ON r.record_no = b.record_no;

-- name: entered_fittings
-- The fittings of some devices, as they were entered last.
SELECT r.record_no, r.packed, CASE WHEN r.packed IS NULL OR %(whole)s THEN r.body END, r.holds_from, NULL::timestamptz,
    r.cancelled
FROM caseload_entered e JOIN caseload_records r ON r.record_no = e.record_no
WHERE e.type = 'fitting' AND e.device = ANY(%(ids)s::text[]);

-- name: entered_conditions_on
-- The conditions of some orders, and those whose place has one of some devices for its home unit, as they were entered last.
SELECT r.record_no, r.packed, CASE WHEN r.packed IS NULL OR %(whole)s THEN r.body END, r.holds_from, NULL::timestamptz,
    r.cancelled
FROM caseload_entered e JOIN caseload_records r ON r.record_no = e.record_no
WHERE e.type = 'condition' AND (e.order_id = ANY(%(orders)s::text[]) OR e.home_unit = ANY(%(devices)s::text[]));

-- name: entered_of_wearers
-- The orders of some wearers, their conditions and the shared zones of these, with what excuses or suspends, as entered last.
WITH ordered AS (
    SELECT e.id, e.record_no FROM caseload_entered e WHERE e.type = 'order' AND e.wearer = ANY(%(ids)s::text[])
), conditioned AS (
    SELECT c.id, c.zone, c.record_no FROM ordered o
    JOIN caseload_entered c ON c.type = 'condition' AND c.order_id = o.id
), found AS (
    SELECT record_no FROM ordered
    UNION SELECT record_no FROM conditioned
    UNION SELECT s.record_no FROM ordered o JOIN caseload_entered s ON s.type = 'suspension' AND s.order_id = o.id
    UNION SELECT a.record_no FROM conditioned c JOIN caseload_entered a ON a.type = 'absence' AND a.condition = c.id
    UNION SELECT z.record_no FROM conditioned c JOIN caseload_entered z ON z.type = 'zone' AND z.id = c.zone
)
SELECT r.record_no, r.packed, CASE WHEN r.packed IS NULL OR %(whole)s THEN r.body END, r.holds_from, NULL::timestamptz,
    r.cancelled
FROM found f JOIN caseload_records r ON r.record_no = f.record_no ORDER BY r.record_no;

-- name: belonging_to_nobody
-- Those of some wearers who have no order, and of some protected people whom no condition names and who have no device.
SELECT k.type, k.id FROM unnest(%(types)s::text[], %(ids)s::text[]) AS k(type, id)
WHERE CASE k.type
    WHEN 'wearer' THEN NOT EXISTS (SELECT FROM caseload_entered o WHERE o.wearer = k.id AND o.type IN ('order', 'fitting'))
    WHEN 'victim' THEN NOT EXISTS (SELECT FROM caseload_entered c WHERE c.victim = k.id)
    ELSE false END;

-- name: referring_to
-- Some standing records that refer to one, and how many there are.
SELECT e.type, e.id, count(*) OVER () FROM caseload_entered e
WHERE NOT e.cancelled AND (e.type, e.id) <> (%(type)s, %(id)s) AND CASE %(type)s
    WHEN 'area' THEN e.area = %(id)s
    WHEN 'wearer' THEN e.wearer = %(id)s OR e.other_wearer = %(id)s
    WHEN 'victim' THEN e.victim = %(id)s
    WHEN 'device' THEN e.device = %(id)s OR e.home_unit = %(id)s
    WHEN 'order' THEN e.order_id = %(id)s
    WHEN 'zone' THEN e.zone = %(id)s
    WHEN 'condition' THEN e.condition = %(id)s
    ELSE false END
ORDER BY e.type, e.id LIMIT %(limit)s;

-- name: subjects_of_records
-- Whose some records are.
SELECT s.type, s.id, s.wearer, s.victim, s.device FROM unnest(%(types)s::text[], %(ids)s::text[]) AS k(type, id)
JOIN caseload_subjects s ON s.type = k.type AND s.id = k.id;

-- name: records_page
-- A page of standing records of a type by id, as entered last; those in force at an instant, or that touch a range, when asked.
SELECT e.id, v.record_no, v.body, v.holds_from, v.learnt_at, v.entered_at, v.entered_by, v.cancelled
FROM caseload_entered e JOIN caseload_versions v ON v.record_no = e.record_no
WHERE e.type = %(type)s AND e.id > %(after)s AND NOT e.cancelled
    AND (%(wearer)s::text IS NULL OR e.wearer = %(wearer)s)
    AND (%(victim)s::text IS NULL OR e.victim = %(victim)s)
    AND (%(device)s::text IS NULL OR e.device = %(device)s)
    AND (%(area)s::text IS NULL OR e.area = %(area)s)
    AND (%(order)s::text IS NULL OR e.order_id = %(order)s)
    AND (%(condition)s::text IS NULL OR e.condition = %(condition)s)
    AND (%(zone)s::text IS NULL OR e.zone = %(zone)s)
    AND (%(violation)s::text IS NULL OR e.violation = %(violation)s)
    AND (%(from_at)s::timestamptz IS NULL OR COALESCE(e.to_at, 'infinity') >= %(from_at)s)
    AND (%(to_at)s::timestamptz IS NULL OR COALESCE(e.from_at, '-infinity') < %(to_at)s)
    AND (%(at)s::timestamptz IS NULL OR (COALESCE(e.from_at, '-infinity') <= %(at)s
        AND COALESCE(e.to_at, 'infinity') > %(at)s
        AND (e.order_id IS NULL OR e.type <> 'condition' OR EXISTS (
            SELECT FROM caseload_entered o WHERE o.type = 'order' AND o.id = e.order_id AND NOT o.cancelled
                AND o.from_at <= %(at)s AND COALESCE(o.to_at, 'infinity') > %(at)s))))
ORDER BY e.id LIMIT %(limit)s;

-- name: record_now
-- A record as it was entered last; one that was ended too.
SELECT e.id, v.record_no, v.body, v.holds_from, v.learnt_at, v.entered_at, v.entered_by, v.cancelled
FROM caseload_entered e JOIN caseload_versions v ON v.record_no = e.record_no
WHERE e.type = %(type)s AND e.id = %(id)s;

-- name: versions_by_number
-- Some versions, by their numbers.
SELECT v.id, v.record_no, v.body, v.holds_from, v.learnt_at, v.entered_at, v.entered_by, v.cancelled
FROM caseload_versions v WHERE v.record_no = ANY(%(numbers)s::bigint[]);

-- name: record_versions
-- Every version of a record, the newest first.
SELECT v.id, v.record_no, v.body, v.holds_from, v.learnt_at, v.entered_at, v.entered_by, v.cancelled
FROM caseload_versions v
WHERE v.type = %(type)s AND v.id = %(id)s AND v.record_no < %(before)s
ORDER BY v.record_no DESC LIMIT %(limit)s;

-- name: records_in_sight
-- Those of some records that the caller sees, ended ones too.
SELECT e.type, e.id FROM unnest(%(types)s::text[], %(ids)s::text[]) AS k(type, id)
JOIN caseload_entered e ON e.type = k.type AND e.id = k.id;

-- name: areas_in_sight
-- The areas that the caller was given, and those below them.
SELECT seen.areas_in_sight();

-- name: search_wearers
-- Wearers found by a word or by several, best first: an identifier or device, a telephone number's end, a name, an address. A word
-- that more than `common` terms begin with says too little to be asked of the others' finds, unless all words are like that.
WITH words AS MATERIALIZED (SELECT word FROM search_words(%(asked)s) AS w(word) ORDER BY word LIMIT %(words)s),
probes AS MATERIALIZED (
    SELECT word, array_remove(%(kinds)s::text[], 'phone') AS kinds, false AS alone FROM words
    UNION ALL
    SELECT search_squeezed(%(asked)s), ARRAY(SELECT k FROM unnest(%(kinds)s::text[]) AS k WHERE k IN ('id', 'device')), true
    UNION ALL
    SELECT ending, ARRAY['phone'], true FROM unnest(%(phones)s::text[]) AS p(ending)
),
hits AS MATERIALIZED (
    SELECT p.word, p.alone, t.wearer, t.kind, CASE
            WHEN p.alone THEN CASE WHEN t.term = p.word THEN 0 ELSE 1 END
            WHEN t.kind IN ('id', 'device') THEN 2 WHEN t.kind = 'name' THEN CASE WHEN t.term = p.word THEN 2 ELSE 3 END
            WHEN t.kind = 'part' THEN 4 ELSE 5 END AS rank
    FROM probes p CROSS JOIN LATERAL (
        SELECT t.wearer, t.kind, t.term FROM search_terms t
        WHERE t.kind = ANY(p.kinds) AND t.term >= p.word AND t.term < p.word || chr(1114111) LIMIT %(common)s
    ) t WHERE p.word <> ''
),
needed AS MATERIALIZED (
    SELECT word FROM (
        SELECT w.word, (SELECT count(*) FROM hits h WHERE h.word = w.word AND NOT h.alone) < %(common)s AS telling FROM words w
    ) AS said WHERE telling OR NOT EXISTS (
        SELECT FROM words o WHERE (SELECT count(*) FROM hits h WHERE h.word = o.word AND NOT h.alone) < %(common)s)
),
found AS (
    SELECT wearer, min(rank) AS rank FROM (
        SELECT b.wearer, max(b.rank) AS rank FROM (
            SELECT h.wearer, h.word, min(h.rank) AS rank FROM hits h JOIN needed n ON n.word = h.word AND NOT h.alone
            GROUP BY h.wearer, h.word
        ) AS b GROUP BY b.wearer HAVING count(*) = (SELECT count(*) FROM needed)
        UNION ALL
        SELECT wearer, rank FROM hits WHERE alone
    ) AS either GROUP BY wearer ORDER BY 2, 1 LIMIT %(limit)s
)
SELECT f.wearer, f.rank, ARRAY(SELECT DISTINCT replace(h.kind, 'part', 'name') FROM hits h WHERE h.wearer = f.wearer ORDER BY 1),
    v.body ->> 'name', v.body ->> 'born'
FROM found f JOIN caseload_entered e ON e.type = 'wearer' AND e.id = f.wearer
JOIN caseload_versions v ON v.record_no = e.record_no
ORDER BY f.rank, f.wearer;
