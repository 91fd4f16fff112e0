-- Caseload records with both times.

-- name: copy_records
-- Enters versions, in order; record_no rises in that order. A trigger lets them wait for ingest and wakes it.
COPY caseload_records (type, id, body, packed, holds_from, cancelled, entered_by, entered_role) FROM STDIN (FORMAT binary);

-- name: analyze_entered
-- After many records at once: the planner must know before autovacuum gets round to it.
ANALYZE caseload_records, caseload_entered, caseload_subjects, search_terms;

-- name: unlearnt_records
-- Versions that no ingest has taken yet, in the order entered, a page at a time.
SELECT r.record_no, r.packed, CASE WHEN r.packed IS NULL OR %(whole)s THEN r.body END, r.holds_from,
    NULL::timestamptz, r.cancelled
FROM caseload_waiting w JOIN caseload_records r ON r.record_no = w.record_no
WHERE w.record_no > %(after)s ORDER BY w.record_no LIMIT %(limit)s;

-- name: entered_records
-- All versions in the order entered, a page at a time.
SELECT r.record_no, r.packed, CASE WHEN r.packed IS NULL OR %(whole)s THEN r.body END, r.holds_from, l.learnt_at,
    r.cancelled
FROM caseload_records r LEFT JOIN caseload_learnt l ON l.record_no = r.record_no
WHERE r.record_no > %(after)s ORDER BY r.record_no LIMIT %(limit)s;

-- name: learnt_records
-- Versions in the order learnt, up to a commit, a page at a time after (commit, line, record).
SELECT r.record_no, r.packed, CASE WHEN r.packed IS NULL OR %(whole)s THEN r.body END, r.holds_from, l.learnt_at,
    r.cancelled, l.commit_no, l.line
FROM caseload_learnt l JOIN caseload_records r ON r.record_no = l.record_no
WHERE (l.commit_no, l.line, l.record_no) > (%(commit_no)s::bigint, %(line)s::integer, %(record_no)s::bigint)
    AND l.commit_no <= %(until)s
ORDER BY l.commit_no, l.line, l.record_no LIMIT %(limit)s;
