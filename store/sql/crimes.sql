-- Recorded crimes, what they came to, and what people made of that (store/crimes.py); and how they are matched (store/matching.py).

-- name: crimes_name
-- Enters the names of crimes that are not known; their versions come after.
INSERT INTO crimes (force, reference)
SELECT DISTINCT force, reference FROM unnest(%(forces)s::text[], %(references)s::text[]) AS w (force, reference)
ORDER BY force, reference
ON CONFLICT (force, reference) DO NOTHING;

-- name: crimes_lock
-- Some crimes by name with the newest that was told of each, locked until the transaction ends.
SELECT c.crime_no, c.force, c.reference, c.version, v.kind, v.lon, v.lat, v.within_m, v.radius_m, v.from_at, v.to_at, v.given
FROM unnest(%(forces)s::text[], %(references)s::text[]) AS w (force, reference)
JOIN crimes c ON c.force = w.force AND c.reference = w.reference
LEFT JOIN crime_versions v ON v.crime_no = c.crime_no AND v.version = c.version
ORDER BY c.crime_no FOR UPDATE OF c;

-- name: crime_versions_enter
-- Enters new versions of crimes.
INSERT INTO crime_versions (crime_no, version, kind, lon, lat, within_m, radius_m, from_at, to_at, given, entered_at, entered_by)
SELECT w.*, %(at)s, %(by)s
FROM unnest(%(numbers)s::bigint[], %(versions)s::bigint[], %(kinds)s::text[], %(lons)s::float8[], %(lats)s::float8[],
    %(withins)s::float8[], %(radii)s::float8[], %(from_ats)s::timestamptz[], %(to_ats)s::timestamptz[], %(givens)s::text[]) AS w;

-- name: crimes_renew
-- Crimes have a new version, and are to be matched by it.
UPDATE crimes c SET version = w.version, from_at = w.from_at, to_at = w.to_at, state = 'waiting',
    reason = CASE WHEN w.version = 1 THEN 'entered' ELSE 'corrected' END
FROM unnest(%(numbers)s::bigint[], %(versions)s::bigint[], %(from_ats)s::timestamptz[], %(to_ats)s::timestamptz[])
    AS w (crime_no, version, from_at, to_at)
WHERE c.crime_no = w.crime_no;

-- name: crimes_page
-- Crimes by number, the newest first, as they were told last, each with its newest result: of some forces or of all, one or a page.
SELECT c.crime_no, c.force, c.reference, c.version, c.state, v.kind, v.lon, v.lat, v.within_m, v.radius_m, v.from_at, v.to_at, v.given,
    v.entered_at, v.entered_by, m.matching_no, m.version, m.reason, m.matched_at, m.seen_commit, m.near, m.elsewhere,
    m.elsewhere_throughout, m.no_data
FROM crimes c
JOIN crime_versions v ON v.crime_no = c.crime_no AND v.version = c.version
LEFT JOIN LATERAL (
    SELECT * FROM crime_matchings m WHERE m.crime_no = c.crime_no ORDER BY m.matching_no DESC LIMIT 1
) m ON true
WHERE c.crime_no < %(before)s AND (%(no)s::bigint IS NULL OR c.crime_no = %(no)s)
    AND (%(forces)s::text[] IS NULL OR c.force = ANY(%(forces)s))
    AND (%(reference)s::text IS NULL OR c.reference = %(reference)s)
ORDER BY c.crime_no DESC LIMIT %(limit)s;

-- name: crime_versions_of
-- Everything that was told of a crime, the newest first.
SELECT version, kind, lon, lat, within_m, radius_m, from_at, to_at, given, entered_at, entered_by
FROM crime_versions WHERE crime_no = %(no)s ORDER BY version DESC;

-- name: crime_matchings_of
-- Every result of a crime, the newest first.
SELECT matching_no, version, reason, matched_at, seen_commit, near, elsewhere, elsewhere_throughout, no_data
FROM crime_matchings WHERE crime_no = %(no)s ORDER BY matching_no DESC;

-- name: crime_matches_seen
-- Those near in one result, as far as they are in sight, the highest score first.
SELECT m.wearer, w.name, m.score, m.near_home, m.positions, m.visits, m.fixes, m.revision, m.qualified_at, m.qualified_by, m.plausible,
    m.note, m.decided_at, m.decided_by, m.authorised, m.decision
FROM crime_matches m LEFT JOIN wearers w ON w.id = m.wearer
WHERE m.matching_no = %(matching_no)s AND (%(wearer)s::text IS NULL OR m.wearer = %(wearer)s)
ORDER BY m.score DESC, m.wearer;

-- name: crime_matches_authorised
-- Those near in one result of whom somebody authorised that the force sees them, past every sight.
SELECT m.wearer, w.name, m.score, m.near_home, m.positions, m.visits, m.fixes, m.revision, m.qualified_at, m.qualified_by, m.plausible,
    m.note, m.decided_at, m.decided_by, m.authorised, m.decision
FROM crime_matches m LEFT JOIN wearers w ON w.id = m.wearer
WHERE m.matching_no = %(matching_no)s AND m.authorised
ORDER BY m.score DESC, m.wearer;

-- name: crime_match_lock
-- One wearer's match in the newest result of a crime, locked until the transaction ends; whether that result is of what was told last.
SELECT x.matching_no, x.revision, x.qualified_by, x.plausible, x.decided_at IS NOT NULL,
    c.state = 'matched' AND x.matching_no = (SELECT max(m.matching_no) FROM crime_matchings m WHERE m.crime_no = c.crime_no)
FROM crime_matches x
JOIN crime_matchings r ON r.matching_no = x.matching_no
JOIN crimes c ON c.crime_no = r.crime_no
WHERE c.crime_no = %(no)s AND x.matching_no = %(matching_no)s AND x.wearer = %(wearer)s FOR UPDATE OF x;

-- name: crime_match_qualify
-- Somebody looked at a match and says what they make of it.
UPDATE crime_matches SET revision = revision + 1, qualified_at = %(at)s, qualified_by = %(by)s, plausible = %(plausible)s, note = %(note)s
WHERE matching_no = %(matching_no)s AND wearer = %(wearer)s;

-- name: crime_match_decide
-- Another says whether the force sees it.
UPDATE crime_matches SET revision = revision + 1, decided_at = %(at)s, decided_by = %(by)s, authorised = %(authorised)s,
    decision = %(decision)s
WHERE matching_no = %(matching_no)s AND wearer = %(wearer)s;

-- name: police_forces
-- The areas that are police forces, with their names: some, or all.
SELECT id, COALESCE(name, id) FROM areas WHERE kind = 'police_force' AND (%(areas)s::text[] IS NULL OR id = ANY(%(areas)s)) ORDER BY id;

-- name: crimes_claim
-- Crimes to be matched whose windows begin within a day of each other, with what was told last; locked until the transaction ends.
SELECT c.crime_no, c.version, c.reason, v.lon, v.lat, v.within_m, v.radius_m, v.from_at, v.to_at
FROM crimes c JOIN crime_versions v ON v.crime_no = c.crime_no AND v.version = c.version
WHERE c.state = 'waiting' AND c.from_at < (SELECT min(from_at) FROM crimes WHERE state = 'waiting') + interval '24 hours'
ORDER BY c.from_at, c.crime_no LIMIT %(limit)s FOR UPDATE OF c SKIP LOCKED;

-- name: crimes_matched
-- Crimes were matched up to a commit.
UPDATE crimes SET state = 'matched', seen_commit = %(commit_no)s WHERE crime_no = ANY(%(numbers)s::bigint[]);

-- name: crime_matching_newest
-- The newest result of a crime: of which version, and its digest.
SELECT version, digest FROM crime_matchings WHERE crime_no = %(no)s ORDER BY matching_no DESC LIMIT 1;

-- name: crime_matching_enter
-- Enters a result; its number.
INSERT INTO crime_matchings (crime_no, version, reason, matched_at, seen_commit, near, elsewhere, elsewhere_throughout, no_data, digest)
VALUES (%(no)s, %(version)s, %(reason)s, %(at)s, %(commit_no)s, %(near)s, %(elsewhere)s, %(elsewhere_throughout)s, %(no_data)s,
    %(digest)s)
RETURNING matching_no;

-- name: crime_match_enter
-- Enters a wearer who was near.
INSERT INTO crime_matches (matching_no, wearer, score, near_home, positions, visits, fixes)
VALUES (%(matching_no)s, %(wearer)s, %(score)s, %(near_home)s, %(positions)s, %(visits)s, %(fixes)s);

-- name: crimes_look_lock
-- Up to which commit it was looked for data that came late; one process looks at a time.
SELECT commit_no FROM crimes_looked FOR UPDATE;

-- name: crimes_look_on
-- Crimes of which facts came after they were matched are to be matched again. Commits between two are looked at, and of those the few
-- whose oldest fact is from before the end of some window.
WITH late AS MATERIALIZED (
    SELECT no, oldest_fix_time, newest_fix_time FROM commits
    WHERE no > %(after)s AND no <= %(upto)s
        AND oldest_fix_time < (SELECT max(to_at) FROM crimes WHERE state = 'matched' AND to_at > %(since)s)
)
UPDATE crimes c SET state = 'waiting', reason = 'late_data'
WHERE c.state = 'matched' AND c.to_at > %(since)s AND EXISTS (
    SELECT FROM late k
    WHERE k.no > c.seen_commit AND k.oldest_fix_time < c.to_at AND k.newest_fix_time >= c.from_at);

-- name: crimes_look_on_records
-- Crimes of whose time something else of orders, conditions, zones, suspensions or fittings was learnt after they were matched: a later
-- version that holds before the window's end, or a first one whose own interval reaches into the window.
WITH learnt AS MATERIALIZED (
    SELECT l.commit_no, r.holds_from, r.type <> 'zone' AS is_own, (r.body ->> 'from')::timestamptz AS from_at,
        (r.body ->> 'to')::timestamptz AS to_at,
        EXISTS (SELECT FROM caseload_records e WHERE e.type = r.type AND e.id = r.id AND e.record_no < r.record_no) AS is_later
    FROM caseload_learnt l JOIN caseload_records r ON r.record_no = l.record_no
    WHERE l.commit_no > %(after)s AND l.commit_no <= %(upto)s
        AND r.type IN ('order', 'condition', 'zone', 'suspension', 'fitting')
        AND r.holds_from < (SELECT max(to_at) FROM crimes WHERE state = 'matched' AND to_at > %(since)s)
)
UPDATE crimes c SET state = 'waiting', reason = 'variation'
WHERE c.state = 'matched' AND c.to_at > %(since)s AND EXISTS (
    SELECT FROM learnt k
    WHERE k.commit_no > c.seen_commit AND k.holds_from < c.to_at
        AND (k.is_later OR k.is_own AND COALESCE(k.from_at, '-infinity') < c.to_at AND COALESCE(k.to_at, 'infinity') > c.from_at));

-- name: crimes_look_again
-- What came while some crimes were in hand is looked at once more: whoever looked meanwhile could not see that they would be matched.
UPDATE crimes_looked SET commit_no = least(commit_no, %(commit_no)s);

-- name: crimes_looked_upto
-- It was looked for data that came late up to a commit.
UPDATE crimes_looked SET commit_no = %(upto)s;

-- name: fixes_between
-- Fixes of a time that may be used, a column an array (one row: a COPY tells them one by one): of quality ok or implausible as first
-- judged (a later judgement can turn either), source not lbs.
SELECT array_agg(device_no), array_agg(gen), array_agg(seq), array_agg(fix_time), array_agg(lat), array_agg(lon), array_agg(acc),
    array_agg(quality::bigint)
FROM fixes
WHERE fix_time >= %(from_at)s AND fix_time < %(to_at)s AND quality IN (0, 7) AND src <> 2;

-- name: newest_qualities
-- The newest judgement of each of some fixes that was judged again.
SELECT DISTINCT ON (w.place) w.place, q.quality
FROM unnest(%(nos)s::bigint[], %(gens)s::bigint[], %(seqs)s::bigint[]) WITH ORDINALITY AS w (device_no, gen, seq, place)
JOIN fix_qualities q ON q.device_no = w.device_no AND q.gen = w.gen AND q.seq = w.seq
ORDER BY w.place, q.quality_no DESC;

-- name: worn_between
-- Which device that says where it is was on which wearer in a time, and how long a gap of it may be, in seconds; of one wearer or of all.
SELECT d.device_no, f.wearer, greatest(f.from_at, %(from_at)s), least(COALESCE(f.to_at, 'infinity'), %(to_at)s),
    greatest(300, 3 * COALESCE((k.body ->> 'interval_s')::bigint, 60))
FROM fittings f
JOIN device_records k ON k.id = f.device AND k.kind IN ('gps_tag', 'alcohol_tag')
JOIN devices d ON d.id = f.device
WHERE f.wearer IS NOT NULL AND (%(wearer)s::text IS NULL OR f.wearer = %(wearer)s) AND f.from_at < %(to_at)s
    AND COALESCE(f.to_at, 'infinity') > %(from_at)s
ORDER BY d.device_no, f.from_at;

-- name: fixes_of_devices_between
-- The same of some devices alone.
SELECT array_agg(device_no), array_agg(gen), array_agg(seq), array_agg(fix_time), array_agg(lat), array_agg(lon), array_agg(acc),
    array_agg(quality::bigint)
FROM fixes
WHERE device_no = ANY(%(nos)s::bigint[]) AND fix_time >= %(from_at)s AND fix_time < %(to_at)s AND quality IN (0, 7) AND src <> 2;
