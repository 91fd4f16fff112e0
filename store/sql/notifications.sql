-- What is told: written by looks, leased by senders. No transaction is open while a provider is called.

-- name: write_notifications
-- Once an id, for ever. A call is a task of the operators, and the console shows what is written: nobody leases these, and
-- whoever is meant counts as told.
INSERT INTO notifications (id, alert_no, target, recipient, channel, address, text, language, urgency, reason, sends,
    detail, stands_down, rank, urgency_rank, trusted, words, made_at, state, attempts, next_at, sent_at)
SELECT id, alert_no, target, recipient, channel, address, text, language, urgency, reason, sends, detail, stands_down, rank,
    CASE urgency WHEN 'critical' THEN 0 WHEN 'serious' THEN 1 WHEN 'warning' THEN 2 ELSE 3 END, trusted, words, %(now)s,
    CASE WHEN NOT sends THEN 'suppressed' WHEN channel IN ('call', 'console') THEN 'sent' ELSE 'waiting' END,
    CASE WHEN sends AND channel IN ('call', 'console') THEN 1 ELSE 0 END, greatest(%(now)s, not_before),
    CASE WHEN sends AND channel IN ('call', 'console') THEN %(now)s END
FROM unnest(%(id)s::text[], %(alert_no)s::bigint[], %(target)s::text[], %(recipient)s::text[], %(channel)s::text[],
    %(address)s::text[], %(text)s::text[], %(language)s::text[], %(urgency)s::text[], %(reason)s::text[],
    %(sends)s::boolean[], %(detail)s::text[], %(stands_down)s::bigint[], %(rank)s::smallint[], %(not_before)s::timestamptz[],
    %(trusted)s::boolean[], %(words)s::text[])
    WITH ORDINALITY AS c(id, alert_no, target, recipient, channel, address, text, language, urgency, reason, sends, detail,
        stands_down, rank, not_before, trusted, words, place)
ORDER BY place
ON CONFLICT (id) DO NOTHING;

-- name: take_back
-- What waits to be sent of some alerts is not sent; what a sender has is not tried again. Stand-downs go on.
UPDATE notifications SET taken_back = true, state = CASE state WHEN 'waiting' THEN 'unsent' ELSE state END
WHERE alert_no = ANY(%(numbers)s::bigint[]) AND reason <> 'stood_down' AND state IN ('waiting', 'leased');

-- name: end_leases
-- Leases that are over with no result: the sender is gone.
UPDATE notifications SET state = CASE WHEN taken_back THEN 'unsent' ELSE 'waiting' END, next_at = leased_until
WHERE notification_no IN (
    SELECT notification_no FROM notifications WHERE channel = %(channel)s AND state = 'leased' AND leased_until <= %(now)s
    ORDER BY notification_no FOR UPDATE SKIP LOCKED);

-- name: lease
-- What is due of one channel and nobody has. Of one alert a recipient is told by one channel in the order in which it was
-- decided: what comes later (a stand-down above all) waits until what was before it is settled. What the rules have withdrawn is
-- not told any more: the look that takes it back is still to come.
WITH due AS (
    SELECT n.notification_no FROM notifications n
    WHERE n.channel = %(channel)s AND n.state = 'waiting' AND n.next_at <= %(now)s AND NOT EXISTS (
        SELECT FROM notifications o WHERE o.alert_no = n.alert_no AND o.notification_no < n.notification_no
            AND o.recipient = n.recipient AND o.channel = n.channel AND o.state IN ('waiting', 'leased'))
        AND (n.reason = 'stood_down' OR NOT EXISTS (SELECT FROM alerts a WHERE a.alert_no = n.alert_no AND a.withdrawn))
    ORDER BY n.rank, n.urgency_rank, n.notification_no LIMIT %(limit)s FOR UPDATE OF n SKIP LOCKED
), leased AS (
    UPDATE notifications n SET state = 'leased', leased_until = %(until)s, attempts = n.attempts + 1
    FROM due WHERE n.notification_no = due.notification_no
    RETURNING n.*
)
SELECT n.notification_no, n.id, n.alert_no, n.target, n.recipient, n.channel, n.address, n.text, n.language, n.urgency,
    n.reason, n.sends, n.detail, n.stands_down, n.rank, n.trusted, n.words, n.attempts, n.made_at, a.kind, a.code, a.raised_at,
    CASE WHEN n.trusted THEN a.wearer END, CASE WHEN n.trusted THEN p.body ->> 'name' END
FROM leased n JOIN alerts a ON a.alert_no = n.alert_no LEFT JOIN wearers p ON n.trusted AND p.id = a.wearer
ORDER BY n.rank, n.urgency_rank, n.notification_no;

-- name: next_send
-- When the next try of a channel is due, or a lease of one ends. What waits for another to be settled is not counted.
SELECT least(
    (SELECT min(n.next_at) FROM notifications n WHERE n.channel = %(channel)s AND n.state = 'waiting' AND NOT EXISTS (
        SELECT FROM notifications o WHERE o.alert_no = n.alert_no AND o.notification_no < n.notification_no
            AND o.recipient = n.recipient AND o.channel = n.channel AND o.state IN ('waiting', 'leased'))
        AND (n.reason = 'stood_down' OR NOT EXISTS (SELECT FROM alerts a WHERE a.alert_no = n.alert_no AND a.withdrawn))),
    (SELECT min(leased_until) FROM notifications WHERE channel = %(channel)s AND state = 'leased'));

-- name: sent
-- The channel took it; the first instant stays. Who waits for that is woken.
WITH told AS (
    UPDATE notifications SET state = 'sent', sent_at = %(at)s WHERE notification_no = %(no)s AND sent_at IS NULL
    RETURNING alert_no, recipient, channel
)
SELECT pg_notify('bailiwick_alerts', '') FROM told
WHERE EXISTS (SELECT FROM notifications d WHERE d.alert_no = told.alert_no AND d.recipient = told.recipient
    AND d.channel = told.channel AND d.state = 'waiting');

-- name: try_later
-- It was not taken: again at an instant, unless it was taken back. Whoever waits for it is woken.
WITH tried AS (
    UPDATE notifications SET state = CASE WHEN taken_back THEN 'unsent' ELSE 'waiting' END, next_at = %(next)s, why = %(why)s
    WHERE notification_no = %(no)s AND state IN ('waiting', 'leased') RETURNING 1
)
SELECT pg_notify('bailiwick_alerts', '') FROM tried;

-- name: give_up
-- It cannot be delivered; of which alert that is. Who waits for that is woken.
WITH given AS (UPDATE notifications n SET state = CASE WHEN taken_back THEN 'unsent' ELSE 'failed' END, why = %(why)s
FROM alerts a
WHERE n.notification_no = %(no)s AND n.state IN ('waiting', 'leased') AND a.alert_no = n.alert_no
RETURNING n.alert_no, n.channel, n.taken_back, a.kind)
SELECT alert_no, channel, taken_back, kind, pg_notify('bailiwick_alerts', '')::text FROM given;
