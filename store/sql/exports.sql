-- What is exported and imported back (store/export_tables.py), and the exports that were asked for.

-- name: exportable_columns
-- Every column of every table, in order: its type, and whether it makes its values itself.
SELECT c.relname::text, a.attname::text, format_type(a.atttypid, NULL)
FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p') AND NOT c.relispartition
    AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = ''
ORDER BY c.relname, a.attnum;

-- name: primary_keys
-- The columns of every primary key, in order.
SELECT c.relname::text, array_agg(a.attname::text ORDER BY k.place)
FROM pg_index i JOIN pg_class c ON c.oid = i.indrelid
CROSS JOIN LATERAL unnest(i.indkey::int2[]) WITH ORDINALITY AS k(attnum, place)
JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = k.attnum
WHERE i.indisprimary AND c.relnamespace = 'public'::regnamespace GROUP BY c.relname;

-- name: table_references
-- Which table has foreign keys to which other: what they name must be there first.
SELECT DISTINCT c.conrelid::regclass::text, c.confrelid::regclass::text FROM pg_constraint c
WHERE c.contype = 'f' AND c.connamespace = 'public'::regnamespace AND c.conrelid <> c.confrelid;

-- name: own_sequences
-- The sequence of each column that numbers itself.
SELECT c.relname::text, a.attname::text, pg_get_serial_sequence('public.' || quote_ident(c.relname), a.attname)
FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p') AND a.attnum > 0 AND a.attidentity <> ''
ORDER BY 1, 2;

-- name: sequence_given
-- The last number that a sequence gave out; null when it gave none.
SELECT pg_sequence_last_value(%(sequence)s::text::regclass);

-- name: sequence_goes_on
-- A sequence goes on above a number.
SELECT setval(%(sequence)s::text::regclass, %(given)s::bigint, true);

-- name: tables_with_triggers
-- Tables on which something happens at an INSERT beside the row: what it makes stands in the export itself.
SELECT DISTINCT t.tgrelid::regclass::text FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid
WHERE NOT t.tgisinternal AND t.tgname <> 'ts_insert_blocker' AND c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p') ORDER BY 1;

-- name: export_newest_commit
-- The newest commit, and the sum of facts before the oldest that is there.
SELECT COALESCE(max(no), 0), COALESCE(min(facts_total - fixes - equipment_events), 0) FROM commits;

-- name: export_slices
-- The last commit of each stretch with about so many facts, in order.
SELECT max(no) FROM commits WHERE no <= %(last)s::bigint
GROUP BY (facts_total - fixes - equipment_events - %(before)s::bigint) / %(facts)s::bigint ORDER BY 1;

-- name: export_time_span
-- The oldest and the newest fix time of the commits that are there.
SELECT min(oldest_fix_time), max(newest_fix_time) FROM commits WHERE no <= %(last)s::bigint;

-- name: forget_protected
-- What was noted before on this connection.
DROP TABLE IF EXISTS protected_devices, protected_records, protected_violations, protected_alerts;

-- name: note_protected_devices
-- Units of protected people: by their kind, and whatever was ever fitted on one.
CREATE TEMPORARY TABLE protected_devices AS
SELECT d.device_no, d.id FROM devices d WHERE d.id IN (
    SELECT body ->> 'device' FROM caseload_records WHERE type = 'fitting' AND body ->> 'victim' IS NOT NULL
    UNION ALL SELECT id FROM caseload_records WHERE type = 'device' AND body ->> 'kind' = 'victim_unit');

-- name: note_protected_violations
-- Violations that name a protected person, or whose evidence names one of their units.
CREATE TEMPORARY TABLE protected_violations AS
SELECT DISTINCT id FROM violations WHERE victim IS NOT NULL
    OR device IN (SELECT id FROM protected_devices)
    OR EXISTS (SELECT FROM jsonb_array_elements(evidence) AS e WHERE e ->> 'device' IN (SELECT id FROM protected_devices));

-- name: note_protected_records
-- Records of protected people and their units, conditions about them, and what was decided of violations that name them.
CREATE TEMPORARY TABLE protected_records AS
SELECT record_no FROM caseload_records WHERE type = 'victim' OR body ->> 'victim' IS NOT NULL
    OR body ->> 'device' IN (SELECT id FROM protected_devices)
    OR (type = 'device' AND id IN (SELECT id FROM protected_devices))
    OR body ->> 'violation' IN (SELECT id FROM protected_violations);

-- name: note_protected_alerts
-- Alerts that name a protected person or one of their units, or rest on a violation that does.
CREATE TEMPORARY TABLE protected_alerts AS
SELECT alert_no FROM alerts WHERE victim IS NOT NULL OR device IN (SELECT id FROM protected_devices)
    OR alert_no IN (SELECT alert_no FROM alert_violations
        WHERE violation_id IN (SELECT id FROM protected_violations));

-- name: protected_by_device_no
-- The row is of a unit of a protected person.
device_no IN (SELECT device_no FROM protected_devices);

-- name: protected_by_device
-- The row names a unit of a protected person.
device IN (SELECT id FROM protected_devices);

-- name: protected_by_device_or_tag
-- The row is of a unit of a protected person, or tells of one.
(device_no IN (SELECT device_no FROM protected_devices) OR tag IN (SELECT device_no FROM protected_devices));

-- name: protected_by_record
-- The row is of a record of a protected person.
record_no IN (SELECT record_no FROM protected_records);

-- name: protected_by_violation
-- The row is of a violation that names a protected person.
id IN (SELECT id FROM protected_violations);

-- name: protected_by_violation_id
-- The row names a violation that names a protected person.
violation_id IN (SELECT id FROM protected_violations);

-- name: protected_by_alert
-- The row is of an alert that names a protected person.
alert_no IN (SELECT alert_no FROM protected_alerts);

-- name: protected_by_target
-- The row is of an alert that names a protected person, or is for one.
(alert_no IN (SELECT alert_no FROM protected_alerts) OR target = 'victim');

-- name: protected_by_party
-- What was said with a protected person, or about an alert that names one.
(victim IS NOT NULL OR party = 'victim' OR COALESCE(alert_no IN (SELECT alert_no FROM protected_alerts), false));

-- name: protected_by_victim
-- The row names a protected person or one of their units.
(victim IS NOT NULL OR COALESCE(device IN (SELECT id FROM protected_devices), false));

-- name: protected_by_letter
-- A parked message of a unit of a protected person, or of a device that we cannot tell.
(device IS NULL OR device NOT IN (SELECT id FROM devices EXCEPT SELECT id FROM protected_devices));

-- name: in_commits
-- The row is of one of some commits.
commit_no > %(after)s::bigint AND commit_no <= %(last)s::bigint;

-- name: of_commits
-- The row is one of some commits.
no > %(after)s::bigint AND no <= %(last)s::bigint;

-- name: ask_for_export
-- One more export to be made.
INSERT INTO exports (kind, subject, from_at, to_at, protected, asked_by, asked_role, why, asked_at)
VALUES (%(kind)s, %(subject)s, %(from_at)s::timestamptz, %(to_at)s::timestamptz, %(protected)s, %(asked_by)s, %(asked_role)s,
    %(why)s, %(asked_at)s::timestamptz)
RETURNING export_no;

-- name: hold_exports
-- Nobody else asks for one until the transaction ends.
SELECT pg_advisory_xact_lock(7120, 8);

-- name: exports_waiting
-- How many exports are not finished yet.
SELECT count(*) FROM exports WHERE state IN ('waiting', 'working');

-- name: exports_page
-- Exports, the newest first; of one caller alone when asked.
SELECT export_no, kind, subject, from_at, to_at, protected, state, asked_by, asked_role, why, asked_at, begun_at, rows_done,
    done_at, expires_at, rows, bytes, manifest_sha256, problem, files
FROM exports
WHERE export_no < %(before)s AND (%(asked_by)s::text IS NULL OR asked_by = %(asked_by)s)
ORDER BY export_no DESC LIMIT %(limit)s;

-- name: claim_export
-- Takes the oldest that nobody has in hand, or whose holder has gone; what another claims at this moment is passed over.
UPDATE exports SET state = 'working', attempts = attempts + 1, begun_at = COALESCE(begun_at, %(now)s::timestamptz),
    leased_until = %(until)s::timestamptz
WHERE export_no = (SELECT export_no FROM exports
    WHERE state = 'waiting' OR (state = 'working' AND leased_until <= %(now)s::timestamptz)
    ORDER BY export_no LIMIT 1 FOR UPDATE SKIP LOCKED)
RETURNING export_no, kind, subject, from_at, to_at, protected, attempts, asked_at;

-- name: renew_export
-- How far it is; no row when somebody else has it in hand by now.
UPDATE exports SET rows_done = %(rows)s, leased_until = %(until)s::timestamptz
WHERE export_no = %(export_no)s AND state = 'working' AND attempts = %(attempts)s RETURNING 1;

-- name: finish_export
-- It is there, and may be fetched until it expires.
UPDATE exports SET state = 'done', done_at = %(now)s::timestamptz, expires_at = %(expires_at)s::timestamptz,
    leased_until = NULL, rows_done = %(rows)s, rows = %(rows)s, bytes = %(bytes)s, manifest_sha256 = %(sha256)s, files = %(files)s
WHERE export_no = %(export_no)s AND state = 'working' AND attempts = %(attempts)s RETURNING 1;

-- name: fail_export
-- It cannot be made; why.
UPDATE exports SET state = 'failed', done_at = %(now)s::timestamptz, leased_until = NULL, problem = %(problem)s
WHERE export_no = %(export_no)s AND state = 'working' AND attempts = %(attempts)s RETURNING 1;

-- name: put_export_back
-- Whoever had it in hand ends in good order: another may go on at once.
UPDATE exports SET state = 'waiting', leased_until = NULL
WHERE export_no = %(export_no)s AND state = 'working' AND attempts = %(attempts)s RETURNING 1;

-- name: exports_expired
-- Those whose time has come: their files go.
SELECT export_no FROM exports WHERE state = 'done' AND expires_at <= %(now)s::timestamptz ORDER BY export_no LIMIT 100;

-- name: expire_export
-- Its files are gone; who asked for what stays.
UPDATE exports SET state = 'expired', files = NULL WHERE export_no = %(export_no)s AND state = 'done' RETURNING 1;

-- name: export_of_wearer
-- Of whom and of which fix times the questions of this connection are, until it is asked again.
SELECT set_config('bailiwick.wearer', %(wearer)s, false), set_config('bailiwick.from', %(from_at)s::timestamptz::text, false),
    set_config('bailiwick.to', %(to_at)s::timestamptz::text, false);

-- name: forget_wearer
-- What was noted before on this connection.
DROP TABLE IF EXISTS wearer_records, wearer_fittings, wearer_alerts;

-- name: note_wearer_records
-- Every version of a wearer's records: those that name them, and what belongs to their orders.
CREATE TEMPORARY TABLE wearer_records AS
WITH own_orders AS (
    SELECT DISTINCT id FROM caseload_records WHERE type = 'order' AND body ->> 'wearer' = current_setting('bailiwick.wearer')
), own_conditions AS (
    SELECT DISTINCT id, body -> 'zone' ->> 'id' AS zone FROM caseload_records
    WHERE type = 'condition' AND body ->> 'order' IN (SELECT id FROM own_orders)
)
SELECT record_no FROM caseload_records WHERE (type = 'wearer' AND id = current_setting('bailiwick.wearer'))
    OR (type IN ('order', 'fitting', 'visit') AND body ->> 'wearer' = current_setting('bailiwick.wearer'))
    OR (type IN ('condition', 'suspension') AND body ->> 'order' IN (SELECT id FROM own_orders))
    OR (type = 'absence' AND body ->> 'condition' IN (SELECT id FROM own_conditions))
    OR (type = 'zone' AND id IN (SELECT zone FROM own_conditions))
    OR (type = 'assessment' AND body ->> 'violation' IN
        (SELECT id FROM violations WHERE wearer = current_setting('bailiwick.wearer')));

-- name: note_wearer_fittings
-- Which device was on a wearer, and from when to when, as is known now.
CREATE TEMPORARY TABLE wearer_fittings AS
SELECT d.device_no, GREATEST(f.from_at, current_setting('bailiwick.from')::timestamptz) AS from_at,
    LEAST(COALESCE(f.to_at, 'infinity'), current_setting('bailiwick.to')::timestamptz) AS to_at
FROM fittings f JOIN devices d ON d.id = f.device WHERE f.wearer = current_setting('bailiwick.wearer');

-- name: note_wearer_alerts
-- The alerts about a wearer.
CREATE TEMPORARY TABLE wearer_alerts AS
SELECT alert_no FROM alerts WHERE wearer = current_setting('bailiwick.wearer');

-- name: wearer_by_name
-- The row names the wearer.
wearer = current_setting('bailiwick.wearer');

-- name: wearer_by_record
-- The row is of a record of the wearer's.
record_no IN (SELECT record_no FROM wearer_records);

-- name: wearer_by_alert
-- The row is of an alert about the wearer.
alert_no IN (SELECT alert_no FROM wearer_alerts);

-- name: wearer_by_contact
-- What was said with or about the wearer.
(wearer = current_setting('bailiwick.wearer') OR alert_no IN (SELECT alert_no FROM wearer_alerts));

-- name: wearer_by_fitting
-- What a device said while it was on the wearer.
EXISTS (SELECT FROM wearer_fittings f WHERE f.device_no = t.device_no AND t.fix_time >= f.from_at AND t.fix_time < f.to_at);

-- name: markers_of_victims
-- By what those would be known whom a wearer's orders protect, or did: ids, names, numbers, units.
WITH paired AS (
    SELECT DISTINCT c.body ->> 'victim' AS id FROM caseload_records c JOIN caseload_records o ON o.type = 'order'
        AND o.id = c.body ->> 'order' AND o.body ->> 'wearer' = current_setting('bailiwick.wearer')
    WHERE c.type = 'condition' AND c.body ->> 'victim' IS NOT NULL
)
SELECT id FROM paired
UNION SELECT body ->> 'name' FROM caseload_records WHERE type = 'victim' AND id IN (SELECT id FROM paired)
UNION SELECT said #>> '{}' FROM caseload_records r, jsonb_path_query(r.body -> 'contact', '$.** ? (@.type() == "string")') AS said
    WHERE type = 'victim' AND id IN (SELECT id FROM paired) AND length(said #>> '{}') >= 5
        AND said #>> '{}' NOT IN ('console', 'webhook', 'email', 'sms', 'mqtt', 'call')
UNION SELECT body ->> 'device' FROM caseload_records WHERE type = 'fitting' AND body ->> 'victim' IN (SELECT id FROM paired);
