-- Officers' morning digests: counts of what waits, one row an officer and day.

-- name: digest_orders
-- The orders that run, or of which a case is not over, with their officer's address, wearer and area.
SELECT lower(o.body -> 'officer' ->> 'email'), o.id, o.wearer, o.area FROM orders o
WHERE o.body -> 'officer' ->> 'email' IS NOT NULL AND o.from_at <= %(now)s
    AND (COALESCE(o.to_at, 'infinity') > %(now)s
        OR EXISTS (SELECT FROM breaches b WHERE b.order_id = o.id AND b.ended_at IS NULL))
ORDER BY o.id;

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
