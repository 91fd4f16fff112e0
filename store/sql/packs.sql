-- Breach packs: what they are made of, the versions that were made, and who holds them (docs/packs.md).

-- name: records_of_pack
-- Every version learnt of a wearer, of their orders and what belongs to those, of what was fitted to them, and of the people whom
-- their orders protect, with the commit and the line that took it.
WITH ordered AS (
    SELECT record_no, id, body ->> 'area' AS area FROM caseload_records WHERE type = 'order' AND body ->> 'wearer' = %(wearer)s
), conditioned AS (
    SELECT c.record_no, c.id, c.body -> 'zone' ->> 'id' AS zone, c.body ->> 'victim' AS victim,
        c.body -> 'place' ->> 'home_unit' AS unit
    FROM (SELECT DISTINCT id FROM ordered) o JOIN caseload_records c ON c.type = 'condition' AND c.body ->> 'order' = o.id
), fitted AS (
    SELECT record_no, body ->> 'device' AS device FROM caseload_records
    WHERE type = 'fitting' AND (body ->> 'wearer' = %(wearer)s
        OR body ->> 'victim' IN (SELECT victim FROM conditioned WHERE victim IS NOT NULL))
), worn AS (
    SELECT device FROM fitted UNION SELECT unit FROM conditioned WHERE unit IS NOT NULL
), wanted AS (
    SELECT record_no FROM caseload_records WHERE type = 'wearer' AND id = %(wearer)s
    UNION SELECT record_no FROM ordered UNION SELECT record_no FROM conditioned UNION SELECT record_no FROM fitted
    UNION SELECT r.record_no FROM caseload_records r JOIN (SELECT DISTINCT id FROM ordered) o
        ON r.type = 'suspension' AND r.body ->> 'order' = o.id
    UNION SELECT r.record_no FROM caseload_records r JOIN (SELECT DISTINCT id FROM conditioned) c
        ON r.type = 'absence' AND r.body ->> 'condition' = c.id
    UNION SELECT r.record_no FROM caseload_records r JOIN (SELECT DISTINCT zone FROM conditioned) c
        ON r.type = 'zone' AND r.id = c.zone
    UNION SELECT r.record_no FROM caseload_records r JOIN (SELECT DISTINCT victim FROM conditioned) c
        ON r.type = 'victim' AND r.id = c.victim
    UNION SELECT r.record_no FROM caseload_records r JOIN worn w ON r.type IN ('device') AND r.id = w.device
    UNION SELECT r.record_no FROM caseload_records r JOIN worn w ON r.type = 'equipment_check' AND r.body ->> 'device' = w.device
    UNION SELECT r.record_no FROM caseload_records r WHERE r.type = 'visit' AND r.body ->> 'wearer' = %(wearer)s
    UNION SELECT r.record_no FROM caseload_records r JOIN violations_newest n
        ON r.type = 'assessment' AND r.body ->> 'violation' = n.id AND n.wearer = %(wearer)s
    UNION SELECT r.record_no FROM caseload_records r WHERE r.type = 'area'
)
SELECT r.record_no, r.packed, CASE WHEN r.packed IS NULL OR %(whole)s THEN r.body END, r.holds_from, l.learnt_at,
    r.cancelled, l.commit_no, l.line
FROM wanted w JOIN caseload_learnt l ON l.record_no = w.record_no JOIN caseload_records r ON r.record_no = w.record_no
ORDER BY l.commit_no, l.line, l.record_no;

-- name: violations_of_pack
-- Every version of every violation of a wearer, in the order decided.
SELECT id, version, change, reason, wearer, victim, kind, code, order_id, condition, device, from_at, to_at, decided_at, late,
    age_s, cause, minutes_certain, minutes_possible, p_inside, score, retrospective, untold, evidence
FROM violations WHERE id IN (SELECT id FROM violations_newest WHERE wearer = %(wearer)s) ORDER BY commit_no, violation_no;

-- name: newest_line
-- The newest commit and the instant of its last line; retention's oldest commit.
SELECT c.no, c.last_instant, (SELECT min(no) FROM commits) FROM commits c
WHERE c.last_instant IS NOT NULL ORDER BY c.no DESC LIMIT 1;

-- name: sent_of_commits
-- When the messages of some commits were sent, by the devices' clocks.
SELECT no, sent FROM commits WHERE no = ANY(%(commits)s::bigint[]) ORDER BY no;

-- name: data_of_devices
-- What the events of some devices hold.
SELECT commit_no, row_no, data FROM all_equipment_events
WHERE device_no = ANY(%(nos)s::bigint[]) AND fix_time > %(after)s AND data IS NOT NULL;

-- name: qualities_of_devices
-- The newest judgement of fixes whose quality a later fact changed, with the commit that changed it.
SELECT DISTINCT ON (device_no, gen, seq) device_no, gen, seq, quality, commit_no FROM fix_qualities
WHERE device_no = ANY(%(nos)s::bigint[]) ORDER BY device_no, gen, seq, quality_no DESC;

-- name: letters_of_devices
-- Parked messages of some devices: when, why, and whether they held something critical; not what stood in them.
SELECT received_at, device, reason, COALESCE(field, ''), critical FROM dead_letters
WHERE device = ANY(%(devices)s) AND received_at >= %(from)s ORDER BY received_at, dead_letter_no;

-- name: outages_of_wearer
-- Outages of the network that held a device of a wearer, in the newest version of each.
SELECT v.opened_at, v.closed_at, v.id, v.devices FROM incidents i
JOIN incident_versions v ON v.incident_version_no = i.incident_version_no
WHERE EXISTS (SELECT FROM incident_devices d WHERE d.id = v.id AND d.wearer = %(wearer)s) ORDER BY v.opened_at;

-- name: contacts_of_wearer
-- Calls and messages with a wearer, without numbers.
SELECT at, by_name, by_role, channel, inbound, answered, COALESCE(said, '') FROM contacts
WHERE wearer = %(wearer)s AND party IN ('wearer', 'responsible_adult') ORDER BY at, contact_no;

-- name: looks_of_pack
-- Who looked at a wearer and what was changed of theirs: when, by whom, in which role, what, why.
SELECT e.at, b.body ->> 'who', COALESCE(b.body ->> 'role', ''), b.body ->> 'deed', COALESCE(b.body ->> 'why', '')
FROM (
    SELECT d.body_no FROM audit_bodies d WHERE d.body -> 'subjects' @> to_jsonb(ARRAY[%(wearer)s::text])
    UNION
    SELECT d.body_no FROM audit_sets s JOIN audit_bodies d ON d.body ->> 'set' = s.set_id
    WHERE s.subjects @> ARRAY[%(wearer)s::text]
) AS found
JOIN audit_bodies b ON b.body_no = found.body_no AND b.body ->> 'subject_type' = 'wearer'
JOIN audit_entries e ON e.body_no = b.body_no
WHERE e.entry_no <= %(last)s ORDER BY e.entry_no;

-- name: audit_newest
-- The last link of the chain.
SELECT entry_no FROM audit_entries ORDER BY entry_no DESC LIMIT 1;

-- name: audit_segment
-- Links of the chain, with what they say where that is about a case's packs.
SELECT e.entry_no, e.at, e.body_no, e.digest, e.previous, e.hash,
    CASE WHEN b.body ->> 'deed' LIKE 'packs.%%' AND b.body -> 'details' ->> 'breach' = %(breach)s THEN b.salt END,
    CASE WHEN b.body ->> 'deed' LIKE 'packs.%%' AND b.body -> 'details' ->> 'breach' = %(breach)s THEN b.body::text END, b.at
FROM audit_entries e LEFT JOIN audit_bodies b ON b.body_no = e.body_no
WHERE e.entry_no > %(after)s AND e.entry_no <= %(last)s ORDER BY e.entry_no;

-- name: audit_of_pack
-- The first entry that tells of a case's packs from an instant on.
SELECT min(e.entry_no) FROM audit_bodies b JOIN audit_entries e ON e.body_no = b.body_no
WHERE b.body ->> 'deed' LIKE 'packs.%%' AND b.body -> 'details' ->> 'breach' = %(breach)s AND e.at >= %(from)s;

-- name: precision_of_kinds
-- How alerts of some kinds from devices of some models ended over a time, by kind and model; one of several violations is one.
SELECT a.kind, COALESCE(d.model, ''), count(DISTINCT a.alert_no) FILTER (WHERE w.outcome = 'confirmed'),
    count(DISTINCT a.alert_no)
FROM alerts a JOIN alert_work w ON w.alert_no = a.alert_no
JOIN alert_violations l ON l.alert_no = a.alert_no JOIN violations v ON v.id = l.violation_id AND v.version = l.version
CROSS JOIN LATERAL (SELECT e.value ->> 'device' AS device FROM jsonb_array_elements(v.evidence) e LIMIT 1) f
JOIN caseload_newest n ON n.type = 'device' AND n.id = f.device JOIN caseload_records r ON r.record_no = n.record_no
CROSS JOIN LATERAL (SELECT r.body ->> 'model' AS model) d
WHERE w.work = 'closed' AND w.outcome IN ('confirmed', 'explained', 'equipment', 'false') AND a.kind = ANY(%(kinds)s)
    AND a.raised_at >= %(from)s AND a.raised_at < %(to)s
GROUP BY a.kind, d.model ORDER BY a.kind, d.model;

-- name: hold_packs_of_case
-- One at a time asks for a version of a case.
SELECT breach_no FROM breaches WHERE breach_no = %(breach)s FOR UPDATE;

-- name: ask_for_pack
-- The next version of a case, while none is on its way; one that failed is made anew as the next.
INSERT INTO packs (breach_no, version, asked_at, asked_by, asked_role)
SELECT %(breach)s, COALESCE(max(version), 0) + 1, %(at)s, %(by)s, %(role)s FROM packs WHERE breach_no = %(breach)s
HAVING count(*) FILTER (WHERE state IN ('waiting', 'making', 'draft')) = 0 AND count(*) < 200
RETURNING pack_no, version;

-- name: ask_for_next_pack
-- The next version of a case whose signed one is out of date; a draft of before the change is made again.
WITH again AS (
    UPDATE packs SET state = 'waiting', changed = %(changed)s, attempts = 0, problem = NULL
    WHERE breach_no = %(breach)s AND state IN ('draft', 'failed') AND superseded_at IS NULL RETURNING version
), fresh AS (
    INSERT INTO packs (breach_no, version, asked_at, asked_by, asked_role, changed)
    SELECT %(breach)s, max(version) + 1, %(now)s, 'bailiwick', 'system', %(changed)s FROM packs WHERE breach_no = %(breach)s
    HAVING count(*) FILTER (WHERE state IN ('waiting', 'making', 'draft', 'failed') AND superseded_at IS NULL) = 0
        AND count(*) < 200
    RETURNING version
)
SELECT version FROM again UNION ALL SELECT version FROM fresh;

-- name: packs_of_case
-- The versions of a case, the newest first.
SELECT pack_no, breach_no, version, state, asked_at, asked_by, asked_role, changed, made_at, problem, signatory, post,
    signatory_organisation, signed_at, signed_by, document_sha256, annex_sha256, document_bytes, signature, verdict, parts,
    out_of_date_at, superseded_at
FROM seen.packs WHERE breach_no = %(breach)s ORDER BY version DESC;

-- name: pack_document
-- The signed file of one, as it was sent.
SELECT document FROM packs WHERE pack_no = %(no)s;

-- name: pack_pages
-- One as a page for people.
SELECT pages FROM packs WHERE pack_no = %(no)s;

-- name: pack_annex
-- The sealed annex of one.
SELECT annex FROM packs WHERE pack_no = %(no)s;

-- name: enter_opening
-- By which court's direction the annex is opened, and by whom.
INSERT INTO annex_openings (pack_no, court, reference, directed_on, opened_at, opened_by)
VALUES (%(no)s, %(court)s, %(reference)s, %(on)s::text::date, %(at)s, %(by)s);

-- name: recipients_of_pack
-- Who got one, by which way, and when.
SELECT recipient_no, name, organisation, channel, address, given_at, given_by, state, sent_at, why
FROM seen.pack_recipients WHERE pack_no = %(no)s ORDER BY recipient_no;

-- name: openings_of_pack
-- When the annex of one was opened.
SELECT court, reference, directed_on::text, opened_at, opened_by FROM seen.annex_openings
WHERE pack_no = %(no)s ORDER BY opening_no;

-- name: sign_pack
-- A name under the draft that was read: it is made again with it.
UPDATE packs SET state = 'waiting', attempts = 0, signatory = %(name)s, post = %(post)s,
    signatory_organisation = %(organisation)s, read_sha256 = %(read)s, signed_by = %(by)s, signed_at = %(at)s
WHERE pack_no = %(no)s AND state = 'draft' AND document_sha256 = %(read)s RETURNING pack_no;

-- name: give_pack
-- Somebody gets the one in force.
INSERT INTO pack_recipients (pack_no, name, organisation, channel, address, given_at, given_by, state, next_at)
SELECT %(no)s, %(name)s, %(organisation)s, CASE WHEN %(address)s::text IS NULL THEN 'hand' ELSE 'email' END, %(address)s, %(at)s,
    %(by)s, CASE WHEN %(address)s::text IS NULL THEN 'given' ELSE 'waiting' END, %(at)s
FROM packs WHERE pack_no = %(no)s AND state = 'done' AND superseded_at IS NULL RETURNING recipient_no;

-- name: claim_pack
-- The oldest that waits, or that whoever had it has left.
UPDATE packs SET state = 'making', leased_until = %(until)s, attempts = attempts + 1
WHERE pack_no = (
    SELECT pack_no FROM packs WHERE state = 'waiting' OR (state = 'making' AND leased_until < %(now)s)
    ORDER BY pack_no LIMIT 1 FOR UPDATE SKIP LOCKED)
RETURNING pack_no, breach_no, version, attempts, asked_at, asked_by, signatory, post, signatory_organisation, signed_at,
    read_sha256;

-- name: renew_pack
-- Whoever has it in hand has it for longer.
UPDATE packs SET leased_until = %(until)s
WHERE pack_no = %(no)s AND state = 'making' AND attempts = %(attempts)s RETURNING pack_no;

-- name: finish_pack
-- It is made. Signed for, it is in force; where what it rests on is not what was read, it is a draft again and nobody's name is under it.
UPDATE packs p SET state = CASE WHEN p.signatory IS NULL OR p.basis_sha256 <> %(basis_sha256)s THEN 'draft' ELSE 'done' END,
    signatory = CASE WHEN p.basis_sha256 = %(basis_sha256)s THEN p.signatory END,
    signed_by = CASE WHEN p.basis_sha256 = %(basis_sha256)s THEN p.signed_by END,
    signed_at = CASE WHEN p.basis_sha256 = %(basis_sha256)s THEN p.signed_at END,
    made_at = %(now)s, leased_until = NULL, document = %(document)s, document_sha256 = %(sha256)s, pages = %(pages)s,
    signature = %(signature)s, basis = %(basis)s, basis_sha256 = %(basis_sha256)s, verdict = %(verdict)s, parts = %(parts)s,
    annex = %(annex)s, annex_sha256 = %(annex_sha256)s, changed = %(changed)s
WHERE p.pack_no = %(no)s AND p.state = 'making' AND p.attempts = %(attempts)s RETURNING p.state;

-- name: fail_pack
-- It cannot be made, and why.
UPDATE packs SET state = 'failed', problem = %(problem)s, leased_until = NULL, signatory = NULL, signed_by = NULL, signed_at = NULL
WHERE pack_no = %(no)s AND state = 'making' AND attempts = %(attempts)s RETURNING pack_no;

-- name: tell_holders_again
-- Everybody who holds the version before gets the new one, by the same channel.
INSERT INTO pack_recipients (pack_no, name, organisation, channel, address, given_at, given_by, state, next_at)
SELECT %(no)s, r.name, r.organisation, r.channel, r.address, %(now)s, 'bailiwick',
    CASE WHEN r.channel = 'email' THEN 'waiting' ELSE 'given' END, %(now)s
FROM packs p JOIN pack_recipients r ON r.pack_no = p.pack_no
WHERE p.breach_no = %(breach)s AND p.superseded_at IS NULL AND p.state = 'done' AND p.pack_no <> %(no)s ORDER BY r.recipient_no;

-- name: supersede_packs
-- The versions before it are kept and no longer in force.
UPDATE packs SET superseded_at = %(now)s
WHERE breach_no = %(breach)s AND pack_no <> %(no)s AND superseded_at IS NULL AND state IN ('done', 'failed');

-- name: pack_before
-- The signed version of a case that is in force, and what it rests on: the one whose place the next takes.
SELECT pack_no, version, basis FROM packs
WHERE breach_no = %(breach)s AND pack_no <> %(no)s AND state = 'done' AND superseded_at IS NULL;

-- name: packs_in_force
-- Signed packs of cases that are not over, and what they rest on.
SELECT p.pack_no, p.breach_no, p.version, b.wearer, b.order_id, p.basis, p.basis_sha256, p.out_of_date_at IS NOT NULL,
    EXISTS (SELECT FROM packs n WHERE n.breach_no = p.breach_no AND n.version > p.version AND n.superseded_at IS NULL)
FROM packs p JOIN breaches b ON b.breach_no = p.breach_no
WHERE p.state = 'done' AND p.superseded_at IS NULL AND b.ended_at IS NULL ORDER BY p.pack_no;

-- name: pack_out_of_date
-- What it rests on has changed.
UPDATE packs SET out_of_date_at = COALESCE(out_of_date_at, %(now)s) WHERE pack_no = %(no)s;

-- name: late_facts_of_pack
-- Facts of the wearer's devices that came after a pack was made and are of the time of a violation that it relies on, of one that
-- goes on up to when the pack was made.
SELECT count(*) FROM packs p
JOIN breaches b ON b.breach_no = p.breach_no
CROSS JOIN LATERAL jsonb_object_keys(p.basis -> 'violations') AS k(id)
JOIN violations_newest n ON n.id = k.id JOIN violations v ON v.violation_no = n.violation_no
JOIN caseload_entered w ON w.type = 'fitting' AND w.wearer = b.wearer AND NOT w.cancelled
JOIN devices d ON d.id = w.device
JOIN fixes f ON f.device_no = d.device_no AND f.fix_time >= v.from_at AND f.fix_time <= COALESCE(v.to_at, p.made_at)
    AND f.fix_time >= w.from_at AND (w.to_at IS NULL OR f.fix_time < w.to_at)
WHERE p.pack_no = %(no)s AND f.receive_time > p.made_at AND f.quality = 0;

-- name: lease_pack_told
-- Who is to be told of a pack and nobody has in hand, for one dispatcher for a while; whether they hold a version before it.
UPDATE pack_recipients r SET state = 'leased', attempts = r.attempts + 1, next_at = %(until)s
FROM packs p WHERE p.pack_no = r.pack_no AND recipient_no IN (
    SELECT recipient_no FROM pack_recipients WHERE state IN ('waiting', 'leased') AND next_at <= %(now)s
    ORDER BY recipient_no LIMIT %(limit)s FOR UPDATE SKIP LOCKED)
RETURNING r.recipient_no, p.breach_no, p.version, r.address, r.attempts,
    EXISTS (SELECT FROM pack_recipients h JOIN packs o ON o.pack_no = h.pack_no
        WHERE o.breach_no = p.breach_no AND o.version < p.version AND h.address = r.address);

-- name: pack_told
-- The channel took it; said twice it is once.
UPDATE pack_recipients SET state = 'sent', sent_at = %(at)s WHERE recipient_no = %(no)s AND state = 'leased' RETURNING recipient_no;

-- name: pack_not_told
-- The channel did not take it: to be tried again, or given up.
UPDATE pack_recipients SET state = %(state)s, why = %(why)s, next_at = %(next)s
WHERE recipient_no = %(no)s AND state = 'leased' RETURNING recipient_no;
