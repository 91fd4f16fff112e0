-- What was decided, by commit, and where judging it again can begin.

-- name: checkpoint_before
-- The parts of the newest state of the rules before a commit.
SELECT commit_no, body FROM checkpoints
WHERE commit_no = (SELECT max(commit_no) FROM checkpoints WHERE commit_no < %(no)s) ORDER BY part;

-- name: first_commit_at
-- The first commit with a line at an instant or later: lines' instants go up with the numbers.
SELECT no FROM commits WHERE last_instant >= %(at)s ORDER BY last_instant, no LIMIT 1;

-- name: oldest_commit
-- The oldest commit, and the instant of the oldest line.
SELECT (SELECT no FROM commits ORDER BY no LIMIT 1),
    (SELECT first_instant FROM commits WHERE last_instant IS NOT NULL ORDER BY last_instant, no LIMIT 1);

-- name: versions_of_commits
-- Every version that some commits decided, in the order in which they were written.
SELECT commit_no, id, version, change, reason, wearer, victim, kind, code, order_id, condition, device, from_at, to_at,
    decided_at, late, age_s, cause, minutes_certain, minutes_possible, p_inside, score, retrospective, untold, evidence
FROM violations WHERE commit_no >= %(first)s AND commit_no <= %(last)s ORDER BY commit_no, violation_no;
