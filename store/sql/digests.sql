-- Officers' morning digests: counts of what waits, one row an officer and day.

-- name: digest_orders
-- The orders that run, or of which a case is not over, or that ended of late, with their officer's address, wearer, area and the
-- officer's language; which of them did not just end. In the order in which they began.
SELECT r.email, r.id, r.wearer, r.area, r.runs, r.language FROM (
    SELECT lower(o.body -> 'officer' ->> 'email') AS email, o.id, o.wearer, o.area, o.from_at, o.to_at,
        o.body -> 'officer' ->> 'language' AS language,
        COALESCE(o.to_at, 'infinity') > %(now)s
            OR EXISTS (SELECT FROM breaches b WHERE b.order_id = o.id AND b.ended_at IS NULL) AS runs
    FROM orders o WHERE o.body -> 'officer' ->> 'email' IS NOT NULL AND o.from_at <= %(now)s
) AS r
WHERE r.runs OR r.to_at > %(ended)s ORDER BY r.from_at, r.id;

-- name: digest_alerts
-- By officer and kind: the alerts of their orders' wearers that came up since their last digest, but for what nobody stands by any
-- more and what an incident holds. Of the quiet kinds those that rose over information, or of which a victim or the police were told,
-- since then. What is younger than `settled` is the next digest's.
WITH asked AS (
    SELECT k.email, o.wearer, o.from_at, COALESCE(o.to_at, 'infinity') + interval '1 day' AS to_at,
        COALESCE(d.made_at - %(settled)s::bigint * interval '1 microsecond',
            %(now)s - %(first)s::bigint * interval '1 microsecond') AS since
    FROM unnest(%(officers)s::text[]) AS k(email)
    JOIN orders o ON lower(o.body -> 'officer' ->> 'email') = k.email
    LEFT JOIN LATERAL (
        SELECT made_at FROM digests WHERE officer = k.email AND state IN ('sent', 'nothing') ORDER BY day DESC LIMIT 1
    ) AS d ON true
), found AS (
    SELECT DISTINCT k.email, a.alert_no, a.kind
    FROM asked k
    JOIN alerts a ON a.wearer = k.wearer AND a.raised_at > k.since - %(risen)s::bigint * interval '1 microsecond'
        AND a.raised_at >= k.from_at AND a.raised_at < k.to_at AND NOT a.withdrawn AND a.grouped_under IS NULL
    LEFT JOIN alert_work w ON w.alert_no = a.alert_no
    CROSS JOIN LATERAL (
        SELECT CASE WHEN a.kind <> ALL(%(quiet)s::text[]) THEN a.raised_at ELSE GREATEST(
            CASE WHEN COALESCE(w.severity, a.severity) <> 'information'
                THEN to_timestamp((w.plan ->> 'started_us')::bigint / 1000000.0) END,
            (SELECT min(n.made_at) FROM notifications n
                WHERE n.alert_no = a.alert_no AND n.target IN ('victim', 'police') AND n.sends)) END AS at
    ) AS t
    WHERE t.at > k.since AND t.at <= %(now)s - %(settled)s::bigint * interval '1 microsecond'
)
SELECT email, kind, count(*) FROM found GROUP BY email, kind;

-- name: digest_taken_back
-- By officer: the alerts of before their last digest that were since withdrawn, or closed as something that never was. Whoever was
-- told at once, of what is critical, has been told that at once too.
WITH asked AS (
    SELECT k.email, o.wearer, d.made_at - %(settled)s::bigint * interval '1 microsecond' AS since
    FROM unnest(%(officers)s::text[]) AS k(email)
    JOIN orders o ON lower(o.body -> 'officer' ->> 'email') = k.email
    CROSS JOIN LATERAL (
        SELECT made_at FROM digests WHERE officer = k.email AND state IN ('sent', 'nothing') ORDER BY day DESC LIMIT 1
    ) AS d
)
SELECT k.email, count(DISTINCT a.alert_no)
FROM asked k
JOIN alerts a ON a.wearer = k.wearer AND a.raised_at <= k.since AND a.kind <> ALL(%(quiet)s::text[])
    AND a.raised_at > k.since - %(back)s::bigint * interval '1 microsecond'
JOIN alert_work w ON w.alert_no = a.alert_no AND w.work = 'closed' AND COALESCE(w.severity, a.severity) <> 'critical'
JOIN alert_events e ON e.alert_no = a.alert_no AND e.at > k.since
    AND e.at <= %(now)s - %(settled)s::bigint * interval '1 microsecond'
    AND (e.event = 'withdraw' OR (e.event = 'close' AND e.outcome IN ('false', 'equipment', 'duplicate') AND w.outcome = e.outcome))
GROUP BY k.email;

-- name: digest_fallen
-- Of orders with a case that is not over: how many violations that it rests on were withdrawn.
SELECT b.order_id, count(*) FROM breaches b
JOIN rests_on r ON r.kind = 'breach' AND r.reference = b.breach_no::text AND r.ended_at IS NULL
JOIN violations_newest n ON n.id = r.violation_id AND n.withdrawn
WHERE b.ended_at IS NULL GROUP BY b.order_id;

-- name: digest_cases
-- Every case that is not over, whose it is, and its dates.
SELECT lower(o.body -> 'officer' ->> 'email'), b.area, b.order_kind, b.route, b.made_at,
    COALESCE((SELECT jsonb_agg(jsonb_build_array(s.step_no, s.step, (extract(epoch FROM s.at) * 1000000)::bigint, s.result,
            s.note, s.corrects, s.why, (extract(epoch FROM s.made_at) * 1000000)::bigint, s.made_by) ORDER BY s.step_no)
        FROM breach_steps s WHERE s.breach_no = b.breach_no), '[]')
FROM breaches b JOIN orders o ON o.id = b.order_id
WHERE b.ended_at IS NULL AND o.body -> 'officer' ->> 'email' IS NOT NULL ORDER BY b.breach_no;

-- name: digests_made
-- The officers who have a digest of a day, sent or not.
SELECT officer FROM digests WHERE day = %(day)s;

-- name: digest_make
-- An officer's digest of a day, once for ever.
INSERT INTO digests (officer, day, told, made_at, state, next_at)
VALUES (%(officer)s, %(day)s, %(told)s, %(now)s, %(state)s, %(now)s) ON CONFLICT (officer, day) DO NOTHING RETURNING digest_no;

-- name: digest_lease
-- Digests that are due to be sent and that nobody has, for one dispatcher for a while.
UPDATE digests SET state = 'leased', attempts = attempts + 1, next_at = %(until)s
WHERE digest_no IN (
    SELECT digest_no FROM digests WHERE state IN ('waiting', 'leased') AND next_at <= %(now)s
    ORDER BY digest_no LIMIT %(limit)s FOR UPDATE SKIP LOCKED)
RETURNING digest_no, officer, day, told, attempts;

-- name: digest_sent
-- The channel took a digest; said twice it is once.
UPDATE digests SET state = 'sent', sent_at = %(at)s WHERE digest_no = %(no)s AND state = 'leased' RETURNING digest_no;

-- name: digest_not_sent
-- The channel did not take a digest: to be tried again, or given up.
UPDATE digests SET state = %(state)s, why = %(why)s, next_at = %(next)s
WHERE digest_no = %(no)s AND state = 'leased' RETURNING digest_no;
