-- What was answered to requests that named themselves (`Idempotency-Key`).

-- name: drop_old_answers
-- Those that nobody will ask for again.
DELETE FROM answers_given WHERE at < %(before)s;

-- name: answer_given
-- What was asked under a key, and what was answered; the answer is null while it is being made, or was lost.
SELECT asked, status, etag, body, location FROM answers_given WHERE actor = %(actor)s AND path = %(path)s AND key = %(key)s;

-- name: note_key
-- Marks a key as used; no row when it was. Waits for a transaction that has just used it.
INSERT INTO answers_given (actor, path, key, asked, at) VALUES (%(actor)s, %(path)s, %(key)s, %(asked)s, %(at)s)
ON CONFLICT (actor, path, key) DO NOTHING RETURNING true;

-- name: keep_answer
-- Puts in the answer, the first one for good.
INSERT INTO answers_given (actor, path, key, asked, at, status, etag, body, location)
VALUES (%(actor)s, %(path)s, %(key)s, %(asked)s, %(at)s, %(status)s, %(etag)s, %(body)s, %(location)s)
ON CONFLICT (actor, path, key) DO UPDATE SET status = EXCLUDED.status, etag = EXCLUDED.etag, body = EXCLUDED.body,
    location = EXCLUDED.location
WHERE answers_given.status IS NULL AND answers_given.asked = EXCLUDED.asked;
