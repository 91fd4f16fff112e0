-- The rota and the boundaries of the forces.

-- name: shifts_between
-- Shifts that stand and touch a range, by when they begin.
SELECT id, role, person, name, from_at, to_at, area, organisation, phone, email, priority
FROM rota WHERE cancelled_at IS NULL AND to_at > %(from_at)s AND from_at < %(to_at)s ORDER BY from_at, id;

-- name: shifts_by_id
-- Shifts that stand, of some ids; held until the transaction ends.
SELECT id, role, person, name, from_at, to_at, area, organisation, phone, email, priority
FROM rota WHERE cancelled_at IS NULL AND id = ANY(%(ids)s::text[]) ORDER BY shift_no FOR UPDATE;

-- name: shift_of_id
-- The shift of an id that stands.
SELECT id, role, person, name, from_at, to_at, area, organisation, phone, email, priority
FROM rota WHERE cancelled_at IS NULL AND id = %(id)s;

-- name: hold_rota
-- One import at a time, until the transaction ends. Ingest holds 7120, 2 for as long as it is at work (leading.sql).
SELECT pg_advisory_xact_lock(7120, 4);

-- name: cancel_shifts
-- Shifts of some ids that stand no more: another version of them does.
UPDATE rota SET cancelled_at = clock_timestamp(), cancelled_by = %(by)s
WHERE cancelled_at IS NULL AND id = ANY(%(ids)s::text[]);

-- name: enter_shift
-- Enters a shift as the file has it.
INSERT INTO rota (id, role, person, name, from_at, to_at, area, organisation, phone, email, priority, made_by)
VALUES (%(id)s, %(role)s, %(person)s, %(name)s, %(from_at)s, %(to_at)s, %(area)s, %(organisation)s, %(phone)s, %(email)s,
    %(priority)s, %(by)s);

-- name: every_area
-- The newest version of every area that was ever entered, learnt by an ingest or not.
SELECT DISTINCT ON (id) body, cancelled FROM caseload_records WHERE type = 'area' ORDER BY id, record_no DESC;

-- name: areas_in_use
-- The areas of orders that run in a range (null: an order without one), and whether one of them protects a victim.
SELECT o.area, bool_or(EXISTS (
    SELECT 1 FROM conditions c WHERE c.order_id = o.id AND c.kind = 'proximity'
)) FROM orders o
WHERE o.from_at < %(to_at)s AND COALESCE(o.to_at, 'infinity') > %(from_at)s
GROUP BY o.area ORDER BY o.area NULLS FIRST;

-- name: boundaries
-- The newest boundary of every force, by area.
SELECT DISTINCT ON (area) area, body FROM force_boundaries ORDER BY area, version DESC;

-- name: enter_boundary
-- Another version of a force's boundary.
INSERT INTO force_boundaries (area, version, body, made_by)
SELECT %(area)s, COALESCE(max(version), 0) + 1, %(body)s, %(by)s FROM force_boundaries WHERE area = %(area)s;

-- name: told_lately
-- How many notifications that are limited each recipient was sent by each channel since an instant.
SELECT recipient, channel, count(*) FROM notifications
WHERE made_at > %(since)s AND sends AND urgency <> 'critical' AND channel NOT IN ('console', 'call')
GROUP BY recipient, channel;
