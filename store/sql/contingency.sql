-- What the contingency list is made of: who has an order in force, and the open alerts about them. Dispatch may read all of it.

-- name: contingency_people
-- Wearers with an order in force, as known now, with those orders.
SELECT w.id, w.body, o.orders FROM wearers w
JOIN (
    SELECT wearer, jsonb_agg(body ORDER BY from_at, id) AS orders FROM orders
    WHERE from_at <= %(now)s AND COALESCE(to_at, 'infinity') > %(now)s GROUP BY wearer
) AS o ON o.wearer = w.id ORDER BY w.id;

-- name: contingency_alerts
-- Of each wearer the open alerts: how many, the worst severity (0 is critical) among them, their kinds, since when the oldest.
SELECT a.wearer, count(*), min(array_position(ARRAY['critical', 'serious', 'warning', 'information'],
        COALESCE(w.severity, a.severity))) - 1,
    array_agg(DISTINCT a.kind ORDER BY a.kind), min(a.raised_at)
FROM alert_work w JOIN alerts a ON a.alert_no = w.alert_no
WHERE w.work <> 'closed' AND NOT a.withdrawn AND a.wearer IS NOT NULL GROUP BY a.wearer;

-- name: contingency_waiting
-- Wearers about whom something was entered that ingest has not taken: their newest record as entered, the types of what waits,
-- since when. A record names its wearer, or its order, or the condition of one. The first so many, and how many there are.
WITH waiting AS (
    SELECT r.type, r.entered_at,
        CASE r.type WHEN 'wearer' THEN r.id ELSE COALESCE(r.body ->> 'wearer', (
            SELECT o.body ->> 'wearer' FROM caseload_records o
            WHERE o.type = 'order' AND o.id = COALESCE(r.body ->> 'order', (
                SELECT c.body ->> 'order' FROM caseload_records c
                WHERE c.type = 'condition' AND c.id = r.body ->> 'condition' ORDER BY c.record_no DESC LIMIT 1))
            ORDER BY o.record_no DESC LIMIT 1)) END AS wearer
    FROM caseload_waiting w JOIN caseload_records r ON r.record_no = w.record_no
), about AS (
    SELECT wearer, array_agg(DISTINCT type ORDER BY type) AS types, min(entered_at) AS since
    FROM waiting WHERE wearer IS NOT NULL GROUP BY wearer
)
SELECT a.wearer, COALESCE((
        SELECT r.body FROM caseload_records r WHERE r.type = 'wearer' AND r.id = a.wearer ORDER BY r.record_no DESC LIMIT 1
    ), '{}'::jsonb), a.types, a.since, count(*) OVER ()
FROM about a ORDER BY a.since, a.wearer LIMIT %(limit)s;
