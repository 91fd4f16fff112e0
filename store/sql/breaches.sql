-- Breach cases: what their officers recorded, what they rely on, and what of an order there is to rely on.

-- name: breach_open
-- Opens a case; its number.
INSERT INTO breaches (order_id, order_kind, wearer, area, route, status, made_at, made_by)
VALUES (%(order)s, %(order_kind)s, %(wearer)s, %(area)s, %(route)s, %(status)s, %(at)s, %(by)s) RETURNING breach_no;

-- name: breach_lock
-- The revision of a case, locked until the transaction ends.
SELECT revision FROM breaches WHERE breach_no = %(no)s FOR UPDATE;

-- name: breach_changed
-- A case as a change left it: its status, when it was over, one revision on.
UPDATE breaches SET status = %(status)s, ended_at = %(ended_at)s, revision = revision + 1 WHERE breach_no = %(no)s;

-- name: breach_date
-- Enters a dated step, or the correction of one; its number.
INSERT INTO breach_steps (breach_no, step, at, result, note, corrects, why, made_at, made_by)
VALUES (%(no)s, %(step)s, %(happened)s, %(result)s, %(note)s, %(corrects)s, %(why)s, %(at)s, %(by)s) RETURNING step_no;

-- name: breach_choose
-- Enters one violation of a choice; the first of a case is choice 1.
INSERT INTO breach_violations (breach_no, choice, violation_id, version, relied, why, told_at, told_how, made_at, made_by)
VALUES (%(no)s, %(choice)s, %(violation)s, %(version)s, %(relied)s, %(why)s, %(told_at)s, %(told_how)s, %(at)s, %(by)s);

-- name: breach_next_choice
-- The number that a new choice of a case gets.
SELECT COALESCE(max(choice), 0) + 1 FROM breach_violations WHERE breach_no = %(no)s;

-- name: breach_narrate
-- Enters a narrative, or a draft of one, under the next version.
INSERT INTO breach_narratives (breach_no, version, text, ready, made_at, made_by)
SELECT %(no)s, COALESCE(max(version), 0) + 1, %(text)s, %(ready)s, %(at)s, %(by)s
FROM breach_narratives WHERE breach_no = %(no)s RETURNING version;

-- name: breach_rests
-- A case rests on some violations: from now on, or again.
INSERT INTO rests_on (kind, reference, violation_id, made_at, made_by)
SELECT 'breach', %(reference)s, id, %(at)s, %(by)s FROM unnest(%(ids)s::text[]) AS k(id)
ON CONFLICT (kind, reference, violation_id) DO UPDATE SET ended_at = NULL;

-- name: breach_rests_on_no_other
-- A case rests on some violations and on no other any more.
UPDATE rests_on SET ended_at = %(at)s
WHERE kind = 'breach' AND reference = %(reference)s AND ended_at IS NULL AND violation_id <> ALL(%(ids)s::text[]);

-- name: gone_of_relied
-- Which of some violations are no longer what was seen: withdrawn, or of a newer version.
SELECT k.id FROM unnest(%(ids)s::text[], %(versions)s::integer[]) AS k(id, version)
LEFT JOIN violations_newest n ON n.id = k.id LEFT JOIN violations v ON v.violation_no = n.violation_no
WHERE n.id IS NULL OR n.withdrawn OR v.version <> k.version ORDER BY k.id;

-- name: breaches_page
-- Cases by number, the newest first, each with all its dates: one of them or a page.
SELECT b.breach_no, b.order_id, b.order_kind, b.wearer, b.area, b.route, b.status, b.revision, b.made_at, b.made_by, b.ended_at,
    COALESCE((SELECT jsonb_agg(jsonb_build_array(s.step_no, s.step, (extract(epoch FROM s.at) * 1000000)::bigint, s.result,
            s.note, s.corrects, s.why, (extract(epoch FROM s.made_at) * 1000000)::bigint, s.made_by) ORDER BY s.step_no)
        FROM breach_steps s WHERE s.breach_no = b.breach_no), '[]')
FROM breaches b
WHERE (%(no)s::bigint IS NULL OR b.breach_no = %(no)s) AND b.breach_no < %(before)s
    AND (%(order)s::text IS NULL OR b.order_id = %(order)s)
    AND (%(wearer)s::text IS NULL OR b.wearer = %(wearer)s)
    AND (%(status)s::text IS NULL OR b.status = %(status)s)
    AND (%(open)s::boolean IS NULL OR (b.ended_at IS NULL) = %(open)s)
ORDER BY b.breach_no DESC LIMIT %(limit)s;

-- name: breach_chosen
-- The newest choice of a case: each violation as it was chosen, the newest version there is now, and whether it was withdrawn.
SELECT c.choice, c.version, c.relied, c.why, c.told_at, c.told_how, c.made_at, c.made_by,
    w.version, n.withdrawn,
    v.id, v.version, v.change, v.reason, v.wearer, v.victim, v.kind, v.code, v.order_id, v.condition,
    v.device, v.from_at, v.to_at, v.decided_at, v.late, v.age_s, v.cause, v.minutes_certain, v.minutes_possible,
    v.p_inside, v.score, v.retrospective, v.untold, v.evidence
FROM breach_violations c
JOIN violations v ON v.id = c.violation_id AND v.version = c.version
JOIN violations_newest n ON n.id = c.violation_id
JOIN violations w ON w.violation_no = n.violation_no
WHERE c.breach_no = %(no)s
    AND c.choice = (SELECT max(choice) FROM breach_violations WHERE breach_no = %(no)s)
ORDER BY v.from_at, v.id;

-- name: assessments_entered
-- What an officer decided last of some violations, as it was entered: also what ingest has not taken yet.
SELECT DISTINCT ON (body ->> 'violation') body ->> 'violation', body ->> 'decision', (body ->> 'at')::timestamptz,
    body ->> 'by', body ->> 'reason'
FROM (
    SELECT DISTINCT ON (id) id, body, cancelled, record_no FROM caseload_records
    WHERE type = 'assessment' AND body ->> 'violation' = ANY(%(ids)s::text[]) ORDER BY id, record_no DESC
) AS newest
WHERE NOT cancelled
ORDER BY body ->> 'violation', (body ->> 'at')::timestamptz DESC NULLS LAST, record_no DESC;

-- name: breach_narratives_of
-- Every version of a case's narrative, the oldest first.
SELECT version, text, ready, made_at, made_by FROM breach_narratives WHERE breach_no = %(no)s ORDER BY version;

-- name: violations_of_order
-- The current violations of an order, the oldest first.
SELECT v.id, v.version, v.change, v.reason, v.wearer, v.victim, v.kind, v.code, v.order_id, v.condition,
    v.device, v.from_at, v.to_at, v.decided_at, v.late, v.age_s, v.cause, v.minutes_certain, v.minutes_possible,
    v.p_inside, v.score, v.retrospective, v.untold, v.evidence
FROM orders o
JOIN violations_newest n ON n.wearer = o.wearer AND NOT n.withdrawn
JOIN violations v ON v.violation_no = n.violation_no AND v.order_id = o.id
WHERE o.id = %(order)s ORDER BY v.from_at, v.id LIMIT %(limit)s;

-- name: order_of_case
-- The order that a case is about, as it is known now, with its area and those above that, the nearest first.
WITH RECURSIVE above AS (
    SELECT o.area AS id, 1 AS place FROM orders o WHERE o.id = %(order)s AND o.area IS NOT NULL
    UNION ALL
    SELECT a.parent, b.place + 1 FROM above b JOIN areas a ON a.id = b.id WHERE a.parent IS NOT NULL AND b.place < 20
)
SELECT o.id, o.wearer, o.kind, o.from_at, o.to_at, o.body ->> 'organisation', o.body -> 'officer' ->> 'name',
    lower(o.body -> 'officer' ->> 'email'), (o.body ->> 'atv_allowance_min')::float8,
    ARRAY(SELECT id FROM above ORDER BY place)
FROM orders o WHERE o.id = %(order)s;

-- name: areas_above
-- An area and those above it, the nearest first.
WITH RECURSIVE above AS (
    SELECT %(area)s::text AS id, 1 AS place
    UNION ALL
    SELECT a.parent, b.place + 1 FROM above b JOIN areas a ON a.id = b.id WHERE a.parent IS NOT NULL AND b.place < 20
)
SELECT id FROM above ORDER BY place;

-- name: orders_of_officer
-- Orders in sight that began and are not over for long, by id: of one officer, or of all; with the cases that are not over.
SELECT o.id, o.wearer, o.kind, o.from_at, o.to_at, lower(o.body -> 'officer' ->> 'email'), o.area,
    (o.body ->> 'atv_allowance_min')::float8,
    ARRAY(SELECT b.breach_no FROM breaches b WHERE b.order_id = o.id AND b.ended_at IS NULL ORDER BY b.breach_no)
FROM orders o
WHERE o.from_at <= %(now)s AND COALESCE(o.to_at, 'infinity') > %(since)s
    AND (%(officer)s::text IS NULL OR lower(o.body -> 'officer' ->> 'email') = %(officer)s)
    AND (%(after)s::text IS NULL OR o.id > %(after)s)
ORDER BY o.id LIMIT %(limit)s;

-- name: names_at_hand
-- What some wearers are called.
SELECT id, name FROM wearers WHERE id = ANY(%(wearers)s::text[]);

-- name: order_counts
-- Of some orders: violations to assess, those found after an instant among them, upheld, assessed otherwise, monitoring gaps;
-- curfew minutes that count against an allowance, and how many curfew violations still run. By assessments as they were entered.
WITH found AS (
    SELECT v.order_id, v.id, v.kind, v.cause, v.minutes_certain, v.to_at, v.decided_at, v.retrospective, v.untold
    FROM violations_newest n JOIN violations v ON v.violation_no = n.violation_no
    WHERE n.wearer = ANY(%(wearers)s::text[]) AND NOT n.withdrawn AND v.order_id = ANY(%(orders)s::text[])
), newest AS (
    SELECT DISTINCT ON (id) body, cancelled, record_no FROM caseload_records
    WHERE type = 'assessment' AND body ->> 'violation' = ANY(ARRAY(SELECT id FROM found)) ORDER BY id, record_no DESC
), decided AS (
    SELECT DISTINCT ON (body ->> 'violation') body ->> 'violation' AS violation, body ->> 'decision' AS decision FROM newest
    WHERE NOT cancelled ORDER BY body ->> 'violation', (body ->> 'at')::timestamptz DESC NULLS LAST, record_no DESC
), judged AS (
    SELECT f.order_id, f.cause, f.minutes_certain, f.to_at, f.decided_at, COALESCE(d.decision, 'none') AS decision,
        f.cause = 'wearer' AND f.kind = ANY(%(kinds)s::text[]) AND NOT f.untold AS counts,
        f.kind = 'curfew' AND f.cause = 'wearer' AND NOT f.retrospective AND NOT f.untold
            AND COALESCE(d.decision, 'none') NOT IN ('reasonable_excuse', 'equipment', 'disputed') AS sums
    FROM found f LEFT JOIN decided d ON d.violation = f.id
)
SELECT order_id, count(*) FILTER (WHERE counts AND decision IN ('none', 'disputed')),
    count(*) FILTER (WHERE counts AND decision IN ('none', 'disputed') AND decided_at > %(fresh)s),
    count(*) FILTER (WHERE counts AND decision = 'upheld'),
    count(*) FILTER (WHERE counts AND decision NOT IN ('none', 'disputed', 'upheld')),
    count(*) FILTER (WHERE cause <> 'wearer'), COALESCE(sum(minutes_certain) FILTER (WHERE sums), 0)::float8,
    count(*) FILTER (WHERE sums AND to_at IS NULL)
FROM judged GROUP BY order_id;
