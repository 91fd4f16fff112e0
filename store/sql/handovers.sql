-- What one shift hands over to the next.

-- name: handover_open
-- Open alerts by severity as it is now: how many, of which nobody has how many, and the oldest.
SELECT COALESCE(w.severity, a.severity), count(*), count(*) FILTER (WHERE w.work = 'raised'), min(a.raised_at),
    (array_agg(a.alert_no ORDER BY a.raised_at, a.alert_no))[1]
FROM alert_work w JOIN alerts a ON a.alert_no = w.alert_no
WHERE w.work <> 'closed' AND NOT a.withdrawn AND a.grouped_under IS NULL GROUP BY 1;

-- name: handover_claimed
-- Open alerts that somebody has, the most urgent first, then the oldest claim: kind, code, severity, who, and when the claim lapses.
SELECT a.alert_no, a.kind, a.code, COALESCE(w.severity, a.severity), a.raised_at, w.holder, w.claim_ends_at
FROM alert_work w JOIN alerts a ON a.alert_no = w.alert_no
WHERE w.work IN ('claimed', 'actioned') AND NOT a.withdrawn
ORDER BY array_position(ARRAY['critical', 'serious', 'warning', 'information'], COALESCE(w.severity, a.severity)),
    w.renewed_at, a.alert_no LIMIT %(limit)s;

-- name: handover_oldest
-- The open alerts that nobody has, the most urgent first, then the oldest.
SELECT a.alert_no, a.kind, a.code, COALESCE(w.severity, a.severity), a.raised_at
FROM alert_work w JOIN alerts a ON a.alert_no = w.alert_no
WHERE w.work = 'raised' AND NOT a.withdrawn AND a.grouped_under IS NULL
ORDER BY array_position(ARRAY['critical', 'serious', 'warning', 'information'], COALESCE(w.severity, a.severity)),
    a.raised_at, a.alert_no LIMIT %(limit)s;

-- name: handover_muted
-- Mutes that stand: which, until when, by whom, and the open alerts that are under them.
SELECT m.mute_no, m.to_at, m.by_name, ARRAY(
    SELECT a.alert_no FROM alerts a JOIN alert_work w ON w.alert_no = a.alert_no
    WHERE a.wearer = m.wearer AND w.work <> 'closed' AND NOT a.withdrawn ORDER BY a.alert_no)
FROM mutes m WHERE m.ended_at IS NULL AND m.from_at <= %(now)s AND m.to_at > %(now)s ORDER BY m.to_at, m.mute_no
LIMIT %(limit)s;

-- name: handover_overdue
-- What should have been done: claims that lapse within `soon`, timers that nobody has looked at, promises not kept, and the
-- oldest task of each alert that has waited for long.
SELECT what, alert_no, due_at FROM (
    SELECT 'claim' AS what, w.alert_no, w.claim_ends_at AS due_at FROM alert_work w JOIN alerts a ON a.alert_no = w.alert_no
    WHERE w.work IN ('claimed', 'actioned') AND NOT a.withdrawn AND w.claim_ends_at <= %(soon)s
    UNION ALL
    SELECT 'timer', t.alert_no, min(t.due_at) FROM timers t JOIN alert_work w ON w.alert_no = t.alert_no
    WHERE t.due_at < %(late)s AND w.work <> 'closed' GROUP BY t.alert_no
    UNION ALL
    SELECT 'promise', c.alert_no, c.promised_at FROM contacts c
    WHERE c.promised_at <= %(now)s AND c.kept_at IS NULL AND c.alert_no IS NOT NULL
    UNION ALL
    SELECT 'task', t.alert_no, min(greatest(t.made_at, n.next_at)) FROM tasks t JOIN alert_work w ON w.alert_no = t.alert_no
    LEFT JOIN notifications n ON n.id = t.key AND n.alert_no = t.alert_no
    WHERE t.done_at IS NULL AND w.work <> 'closed' AND greatest(t.made_at, n.next_at) <= %(waited)s GROUP BY t.alert_no
) AS found ORDER BY due_at, what, alert_no LIMIT %(limit)s;

-- name: handover_since
-- What came and went since an instant.
SELECT (SELECT count(*) FROM alerts WHERE raised_at >= %(since)s AND NOT withdrawn),
    (SELECT count(*) FROM alert_work w JOIN alerts a ON a.alert_no = w.alert_no WHERE w.closed_at >= %(since)s);

-- name: last_handover
-- When somebody handed over last.
SELECT made_at FROM handovers ORDER BY handover_no DESC LIMIT 1;

-- name: enter_handover
-- Hands over; its number.
INSERT INTO handovers (since_at, made_at, made_by, made_role, note, told)
VALUES (%(since)s, %(at)s, %(by)s, %(role)s, %(note)s, %(told)s) RETURNING handover_no;

-- name: take_handover
-- Whoever comes takes it; nothing when somebody did, when it is their own, or when there is none.
UPDATE handovers SET taken_at = %(at)s, taken_by = %(by)s, taken_role = %(role)s, taken_note = %(note)s
WHERE handover_no = %(handover_no)s AND taken_at IS NULL AND made_by <> %(by)s RETURNING handover_no;

-- name: handovers
-- Handovers, the newest first, from before a number; or that one alone.
SELECT handover_no, since_at, made_at, made_by, made_role, note, told, taken_at, taken_by, taken_role, taken_note
FROM handovers WHERE (%(before)s::bigint IS NULL OR handover_no < %(before)s)
    AND (%(one)s::bigint IS NULL OR handover_no = %(one)s) ORDER BY handover_no DESC LIMIT %(limit)s;
