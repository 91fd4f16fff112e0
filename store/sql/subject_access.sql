-- What a wearer is told of what is held of them, beside an export of theirs (store/wearer_export.py).

-- name: looks_at_wearer
-- Who looked at a wearer or changed something of theirs, and why: by role, the oldest first.
SELECT to_char(e.at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'), COALESCE(b.body ->> 'role', ''), b.body ->> 'by',
    b.body ->> 'deed', COALESCE(b.body -> 'details' ->> 'shown', b.body -> 'details' ->> 'done', ''),
    COALESCE(b.body -> 'details' ->> 'from', ''), COALESCE(b.body -> 'details' ->> 'to', ''), COALESCE(b.body ->> 'why', '')
FROM (
    SELECT d.body_no FROM audit_bodies d WHERE d.body -> 'subjects' @> to_jsonb(ARRAY[%(wearer)s::text])
    UNION
    SELECT d.body_no FROM audit_sets s JOIN audit_bodies d ON d.body ->> 'set' = s.set_id
    WHERE s.subjects @> ARRAY[%(wearer)s::text]
) AS found
JOIN audit_bodies b ON b.body_no = found.body_no AND b.body ->> 'subject_type' = 'wearer'
JOIN audit_entries e ON e.body_no = b.body_no
ORDER BY e.entry_no;

-- name: conditions_near_of
-- The conditions of a wearer's orders that keep them from a protected person: without that person.
SELECT e.id, e.order_id, r.body ->> 'kind', r.body ->> 'alert_m', r.body ->> 'prealert_m', r.body ->> 'from', r.body ->> 'to'
FROM caseload_entered o
JOIN caseload_entered e ON e.type = 'condition' AND e.order_id = o.id
JOIN caseload_records r ON r.record_no = e.record_no
WHERE o.type = 'order' AND o.wearer = %(wearer)s AND r.body ->> 'victim' IS NOT NULL ORDER BY e.id;

-- name: violations_near_of
-- What was decided of a wearer and a protected person: when, and no more.
SELECT n.id, v.kind, to_char(v.from_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'),
    COALESCE(to_char(v.to_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'), '')
FROM violations_newest n JOIN violations v ON v.violation_no = n.violation_no
WHERE n.wearer = %(wearer)s AND v.victim IS NOT NULL AND NOT n.withdrawn ORDER BY v.from_at, n.id;

-- name: name_of_wearer
-- Every name that a wearer was entered by.
SELECT DISTINCT body ->> 'name' FROM caseload_records WHERE type = 'wearer' AND id = %(wearer)s;

-- name: zones_named_for
-- The shapes of the zones that a wearer's orders name, without their names: whoever must keep out must know of what.
SELECT jsonb_build_object('id', e.id, 'order', e.order_id, 'kind', r.body ->> 'kind', 'zone', COALESCE(
    (SELECT z.body -> 'shape' FROM caseload_entered n JOIN caseload_records z ON z.record_no = n.record_no
        WHERE n.type = 'zone' AND n.id = e.zone), r.body -> 'zone'))
FROM caseload_entered o
JOIN caseload_entered e ON e.type = 'condition' AND e.order_id = o.id
JOIN caseload_records r ON r.record_no = e.record_no
WHERE o.type = 'order' AND o.wearer = %(wearer)s AND r.body ? 'zone' ORDER BY e.id;
