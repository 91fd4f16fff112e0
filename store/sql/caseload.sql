-- Caseload records with both times.

-- name: copy_records
-- Enters versions, in order; record_no rises in that order.
COPY caseload_records (type, id, body, holds_from, cancelled) FROM STDIN (FORMAT binary);

-- name: tell_of_records
-- Wakes ingest: there are records to learn.
SELECT pg_notify('bailiwick_caseload', '');

-- name: unlearnt_records
-- Versions that no ingest has taken yet, in the order entered, a page at a time.
SELECT record_no, body, holds_from, learnt_at, cancelled FROM caseload_records
WHERE commit_no IS NULL AND record_no > %(after)s ORDER BY record_no LIMIT %(limit)s;

-- name: entered_records
-- All versions in the order entered, a page at a time.
SELECT record_no, body, holds_from, learnt_at, cancelled FROM caseload_records
WHERE record_no > %(after)s ORDER BY record_no LIMIT %(limit)s;

-- name: learnt_records
-- Versions in the order learnt, up to a commit (null: all), a page at a time after (commit, line, record).
SELECT record_no, body, holds_from, learnt_at, cancelled, commit_no, line FROM caseload_records
WHERE (commit_no, line, record_no) > (%(commit_no)s::bigint, %(line)s::integer, %(record_no)s::bigint)
    AND commit_no <= COALESCE(%(until)s::bigint, 9223372036854775807)
ORDER BY commit_no, line, record_no LIMIT %(limit)s;
