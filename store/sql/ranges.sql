-- The ranges of seq that were received, and folding the newest commits' ranges into them.

-- name: folded_upto
-- Up to which commit ranges stand in `received_ranges`; locked, so that only one folds.
SELECT commit_no FROM folded_ranges FOR UPDATE;

-- name: folded_upto_read
-- The same without the lock.
SELECT commit_no FROM folded_ranges;

-- name: ranges_of_commits
-- The packed ranges of the commits after one and up to another, a page at a time.
SELECT no, ranges FROM commits WHERE no > %(after)s AND no <= %(upto)s ORDER BY no LIMIT %(limit)s;

-- name: stage_ranges
-- Where ranges are put by COPY, so that thousands cost no more than a few; emptied by every COMMIT.
CREATE TEMPORARY TABLE IF NOT EXISTS staged_ranges (device_no bigint, gen bigint, low bigint, high bigint)
ON COMMIT DELETE ROWS;

-- name: empty_stage
-- Makes room for the next ones within a transaction.
TRUNCATE staged_ranges;

-- name: touching_ranges
-- The ranges that stand already and overlap or adjoin staged ones; four numbers of eight bytes each, in one value.
SELECT string_agg(int8send(device_no) || int8send(gen) || int8send(low) || int8send(high), '')
FROM (
    SELECT DISTINCT r.device_no, r.gen, r.low, r.high FROM staged_ranges n
    JOIN received_ranges r ON r.device_no = n.device_no AND r.gen = n.gen
        AND r.low <= n.high + 1 AND r.high >= n.low - 1
) AS touched;

-- name: drop_ranges
-- Staged ranges that were merged into an earlier one go.
DELETE FROM received_ranges r USING staged_ranges d
WHERE r.device_no = d.device_no AND r.gen = d.gen AND r.low = d.low;

-- name: put_ranges
-- Staged ranges are new, or reach further than those that stand.
INSERT INTO received_ranges (device_no, gen, low, high) SELECT device_no, gen, low, high FROM staged_ranges
ON CONFLICT (device_no, gen, low) DO UPDATE SET high = EXCLUDED.high;

-- name: set_folded_upto
-- Remembers how far ranges were folded.
UPDATE folded_ranges SET commit_no = %(upto)s;

-- name: read_ranges
-- Every folded range, in no order; four numbers of eight bytes each, in one value.
SELECT string_agg(int8send(device_no) || int8send(gen) || int8send(low) || int8send(high), '') FROM received_ranges;
