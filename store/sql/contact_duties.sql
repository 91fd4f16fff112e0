-- What protected people must be told, and that they were.

-- name: hold_duties
-- One dispatcher at a time works out what must be told.
SELECT pg_advisory_xact_lock(hashtext('contact_duties'));

-- name: newest_duties
-- The newest duty of each topic and person.
SELECT DISTINCT ON (victim, topic) duty_no, topic, victim, state, event, facts, before, clock_at, due_at FROM contact_duties
ORDER BY victim, topic, duty_no DESC;

-- name: make_duty
-- Somebody must be told.
INSERT INTO contact_duties (topic, event, victim, wearer, order_id, area, facts, before, happens_at, clock_at, due_at, made_at,
    changed_at)
VALUES (%(topic)s, %(event)s, %(victim)s, %(wearer)s, %(order)s, %(area)s, %(facts)s, %(before)s, %(happens_at)s, %(clock_at)s,
    %(due_at)s, %(now)s, %(now)s)
ON CONFLICT (victim, topic) WHERE state = 'open' DO NOTHING;

-- name: amend_duty
-- What must be told is something else now, or by another instant; nothing when it was told meanwhile.
UPDATE contact_duties SET event = %(event)s, facts = %(facts)s, before = %(before)s, happens_at = %(happens_at)s,
    clock_at = %(clock_at)s, due_at = %(due_at)s, area = %(area)s, changed_at = %(now)s, revision = revision + 1
WHERE duty_no = %(no)s AND state = 'open';

-- name: withdraw_duties
-- Nothing need be told any more.
UPDATE contact_duties SET state = 'withdrawn', ended_at = %(now)s, changed_at = %(now)s, revision = revision + 1
WHERE duty_no = ANY(%(numbers)s::bigint[]) AND state = 'open';

-- name: victims_known
-- The records of all protected people as known now.
SELECT body FROM victims ORDER BY id;

-- name: overdue_duties
-- What should have been told and was not.
SELECT duty_no, victim, wearer, event, due_at FROM contact_duties WHERE state = 'open' AND due_at <= %(now)s
ORDER BY due_at, duty_no LIMIT %(limit)s;

-- name: duties_over
-- Of which overdue duties an alert says still that they are not done, though they were told, ended or erased.
SELECT a.episode FROM alerts a WHERE a.kind = 'victim_not_told' AND a.state = 'active' AND NOT a.withdrawn
    AND NOT EXISTS (SELECT FROM contact_duties d
        WHERE d.duty_no = split_part(a.episode, ':', 2)::bigint AND d.state = 'open')
ORDER BY a.episode;

-- name: recall_warrants
-- Warrants of recall, for those whom the wearer's orders protect; withdrawn: taken back.
SELECT warrant_no, wearer, area, issued_at, made_at, outcome IS NOT DISTINCT FROM 'withdrawn' FROM warrants
WHERE kind = 'recall' ORDER BY warrant_no;

-- name: duties_page
-- Duties in sight, each with its tries, by when they are due; those that ended the latest first: of one person, one of them or a page.
SELECT d.duty_no, d.event, d.topic, d.victim, d.wearer, d.order_id, d.area, d.facts, d.before, d.happens_at, d.clock_at, d.due_at,
    d.made_at, d.state, d.ended_at, d.ended_by, d.why, d.revision,
    COALESCE((SELECT jsonb_agg(jsonb_build_array((extract(epoch FROM t.at) * 1000000)::bigint, t.channel, t.result, t.adult,
            t.said_back, t.by_name, t.by_role) ORDER BY t.telling_no)
        FROM contact_tellings t WHERE t.duty_no = d.duty_no), '[]'),
    (SELECT v.body FROM victims v WHERE v.id = d.victim)
FROM contact_duties d
WHERE (%(no)s::bigint IS NULL OR d.duty_no = %(no)s)
    AND (%(open)s::boolean IS NULL OR (d.state = 'open') = %(open)s)
    AND (%(victim)s::text IS NULL OR d.victim = %(victim)s)
    AND CASE WHEN NOT %(open)s::boolean THEN (d.ended_at, d.duty_no) < (%(after_at)s, %(after_no)s)
        ELSE (d.due_at, d.duty_no) > (%(after_at)s, %(after_no)s) END
ORDER BY CASE WHEN NOT %(open)s::boolean THEN d.ended_at END DESC, CASE WHEN NOT %(open)s::boolean THEN d.duty_no END DESC,
    d.due_at, d.duty_no LIMIT %(limit)s;

-- name: hold_duty
-- One duty, locked until the transaction ends: its state, revision, clock, and tries that reached nobody.
SELECT d.state, d.revision, d.clock_at,
    (SELECT count(*) FROM contact_tellings t WHERE t.duty_no = d.duty_no AND t.result IN ('no_answer', 'somebody_else'))
FROM contact_duties d WHERE d.duty_no = %(no)s FOR UPDATE OF d;

-- name: enter_telling
-- One try to tell somebody.
INSERT INTO contact_tellings (duty_no, at, channel, result, adult, said_back, made_at, by_name, by_role)
VALUES (%(no)s, %(at)s, %(channel)s, %(result)s, %(adult)s, %(said_back)s, %(now)s, %(by_name)s, %(by_role)s);

-- name: end_duty
-- It was told, or will not be; or there was one more try.
UPDATE contact_duties SET state = %(state)s::text, revision = revision + 1, changed_at = %(now)s, why = %(why)s,
    ended_at = CASE WHEN %(state)s::text <> 'open' THEN %(now)s::timestamptz END,
    ended_by = CASE WHEN %(state)s::text <> 'open' THEN %(by_name)s END
WHERE duty_no = %(no)s;
