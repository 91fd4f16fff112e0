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
