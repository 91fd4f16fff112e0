-- Legal holds: nothing of a wearer goes while one stands.

-- name: enter_hold
-- Makes a hold; its number.
INSERT INTO holds (wearer, reason, made_at, made_by) VALUES (%(wearer)s, %(reason)s, %(at)s, %(by)s) RETURNING hold_no;

-- name: end_hold
-- Ends a hold; whose it was, nothing when it is over or there is none.
UPDATE holds SET ended_at = %(at)s, ended_by = %(by)s, end_reason = %(reason)s
WHERE hold_no = %(hold_no)s AND ended_at IS NULL RETURNING wearer;

-- name: hold
-- One hold, standing or over.
SELECT hold_no, wearer, reason, made_at, made_by, ended_at, ended_by, end_reason FROM holds WHERE hold_no = %(hold_no)s;

-- name: holds
-- Holds, the newest first; `wearers` null: of everybody.
SELECT hold_no, wearer, reason, made_at, made_by, ended_at, ended_by, end_reason FROM holds
WHERE (%(standing)s::boolean IS NULL OR (ended_at IS NULL) = %(standing)s)
    AND (%(wearer)s::text IS NULL OR wearer = %(wearer)s)
    AND (%(wearers)s::text[] IS NULL OR wearer = ANY(%(wearers)s))
    AND (%(before)s::bigint IS NULL OR hold_no < %(before)s)
ORDER BY hold_no DESC LIMIT %(limit)s;
