-- The audit: written by the database's own function, read by auditors, anchored by day.

-- name: audit_write
-- Writes one entry; it gets its number and its hash at the COMMIT.
SELECT audit_write(%(at)s, %(body)s, %(subjects)s::text[]);

-- name: audit_links
-- A page of the chain from after a number, with what each link says and the set that it names where that is gone.
SELECT e.entry_no, e.at, e.body_no, e.digest, e.previous, e.hash, b.at, b.salt, b.body::text,
    CASE WHEN s.set_id IS NULL THEN b.body ->> 'set' END
FROM audit_entries e LEFT JOIN audit_bodies b ON b.body_no = e.body_no
LEFT JOIN audit_sets s ON s.set_id = b.body ->> 'set'
WHERE e.entry_no > %(after)s ORDER BY e.entry_no LIMIT %(limit)s;

-- name: audit_erasures
-- The entries that tell which bodies were erased.
SELECT b.body::text FROM audit_bodies b WHERE b.body ->> 'deed' = 'audit.erase' ORDER BY b.body_no;

-- name: audit_loose_body
-- The first body that no entry is about; none when the chain is as it was written.
SELECT b.body_no FROM audit_bodies b
WHERE NOT EXISTS (SELECT FROM audit_entries e WHERE e.body_no = b.body_no) ORDER BY b.body_no LIMIT 1;

-- name: audit_sets_after
-- A page of the sets of subjects.
SELECT set_id, subjects FROM audit_sets WHERE set_id > %(after)s ORDER BY set_id LIMIT %(limit)s;

-- name: audit_anchors
-- The signed anchors, by day.
SELECT day::text, entry_no, hash, made_at, key_id, signature FROM audit_anchors ORDER BY day;

-- name: newest_audit_anchor
-- The last day that was anchored.
SELECT max(day)::text FROM audit_anchors;

-- name: audit_end
-- The last link of before an instant.
SELECT entry_no, hash FROM audit_entries WHERE at < %(before)s ORDER BY entry_no DESC LIMIT 1;

-- name: enter_audit_anchor
-- Keeps the anchor of a day; nothing when it has one.
INSERT INTO audit_anchors (day, entry_no, hash, made_at, key_id, signature)
VALUES (%(day)s::date, %(no)s, %(hash)s, %(made)s, %(key_id)s, %(signature)s) ON CONFLICT (day) DO NOTHING RETURNING day::text;

-- name: audit_listed
-- What was done, the newest first, as auditors ask: by whom, to whom, what, when.
SELECT e.entry_no, e.at, e.hash, b.body_no, b.body
FROM audit_bodies b JOIN audit_entries e ON e.body_no = b.body_no
WHERE (%(who)s::text IS NULL OR b.body ->> 'who' = %(who)s)
    AND (%(deed)s::text IS NULL OR b.body ->> 'deed' = %(deed)s)
    AND (%(from_at)s::timestamptz IS NULL OR e.at >= %(from_at)s)
    AND (%(to_at)s::timestamptz IS NULL OR e.at < %(to_at)s)
    AND (%(before)s::bigint IS NULL OR b.body_no < %(before)s)
ORDER BY b.body_no DESC LIMIT %(limit)s;

-- name: audit_listed_of_subject
-- The same of one subject: where entries name it, and where they name a set that it is in.
SELECT e.entry_no, e.at, e.hash, b.body_no, b.body
FROM (
    SELECT d.body_no FROM audit_bodies d WHERE d.body -> 'subjects' @> to_jsonb(ARRAY[%(subject)s::text])
    UNION
    SELECT d.body_no FROM audit_sets s JOIN audit_bodies d ON d.body ->> 'set' = s.set_id
    WHERE s.subjects @> ARRAY[%(subject)s::text]
) AS found
JOIN audit_bodies b ON b.body_no = found.body_no
JOIN audit_entries e ON e.body_no = b.body_no
WHERE (%(who)s::text IS NULL OR b.body ->> 'who' = %(who)s)
    AND (%(deed)s::text IS NULL OR b.body ->> 'deed' = %(deed)s)
    AND (%(from_at)s::timestamptz IS NULL OR e.at >= %(from_at)s)
    AND (%(to_at)s::timestamptz IS NULL OR e.at < %(to_at)s)
    AND (%(before)s::bigint IS NULL OR b.body_no < %(before)s)
ORDER BY b.body_no DESC LIMIT %(limit)s;
