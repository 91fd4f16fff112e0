-- The caseload as it is entered by many hands at once: who entered what, the newest version of each record whether an ingest has
-- taken it yet or not, and the words by which a wearer is found (docs/decisions/0019).

-- Who entered a version, in which role; null: a command on the machine itself, or before this was kept.
ALTER TABLE caseload_records ADD COLUMN entered_by text, ADD COLUMN entered_role text;

-- The newest entered version of each record, with what it refers to. A pointer, so that lists and checks need no search.
-- `from_at` and `to_at` are its interval; of what happens at an instant (a visit, a check, an assessment) both are that.
CREATE TABLE caseload_entered (
    type text NOT NULL,
    id text NOT NULL,
    record_no bigint NOT NULL,
    cancelled boolean NOT NULL,
    wearer text,
    victim text,
    device text,
    area text,
    order_id text,
    condition text,
    zone text,
    violation text,
    home_unit text,
    other_wearer text,
    from_at timestamptz,
    to_at timestamptz,
    PRIMARY KEY (type, id)
);
CREATE INDEX caseload_entered_wearer ON caseload_entered (wearer, type, id) WHERE wearer IS NOT NULL;
CREATE INDEX caseload_entered_victim ON caseload_entered (victim, type, id) WHERE victim IS NOT NULL;
CREATE INDEX caseload_entered_device ON caseload_entered (device, type, id) WHERE device IS NOT NULL;
CREATE INDEX caseload_entered_area ON caseload_entered (area, type, id) WHERE area IS NOT NULL;
CREATE INDEX caseload_entered_order ON caseload_entered (order_id, type, id) WHERE order_id IS NOT NULL;
CREATE INDEX caseload_entered_condition ON caseload_entered (condition, type, id) WHERE condition IS NOT NULL;
CREATE INDEX caseload_entered_zone ON caseload_entered (zone, type, id) WHERE zone IS NOT NULL;
CREATE INDEX caseload_entered_violation ON caseload_entered (violation, type, id) WHERE violation IS NOT NULL;
CREATE INDEX caseload_entered_home_unit ON caseload_entered (home_unit, type, id) WHERE home_unit IS NOT NULL;
CREATE INDEX caseload_entered_other_wearer ON caseload_entered (other_wearer, type, id) WHERE other_wearer IS NOT NULL;

-- Whose a record is follows from what was entered, at once: a variation of an order changes who sees it before any ingest runs.
CREATE OR REPLACE VIEW subjects_found AS
    SELECT e.type, e.id,
        CASE e.type
            WHEN 'wearer' THEN e.id
            WHEN 'condition' THEN o.wearer
            WHEN 'suspension' THEN o.wearer
            WHEN 'absence' THEN o.wearer
            WHEN 'assessment' THEN regexp_replace(e.violation, '-[0-9]+$', '')
            ELSE e.wearer
        END AS wearer,
        CASE e.type WHEN 'victim' THEN e.id ELSE e.victim END AS victim,
        CASE e.type WHEN 'device' THEN e.id ELSE e.device END AS device,
        CASE e.type WHEN 'area' THEN e.id ELSE e.area END AS area,
        CASE e.type WHEN 'order' THEN lower(r.body -> 'officer' ->> 'email') END AS officer
    FROM caseload_entered e
    LEFT JOIN caseload_records r ON e.type = 'order' AND r.record_no = e.record_no
    LEFT JOIN caseload_entered c ON e.type = 'absence' AND c.type = 'condition' AND c.id = e.condition
    LEFT JOIN caseload_entered o ON e.type IN ('condition', 'suspension', 'absence') AND o.type = 'order'
        AND o.id = COALESCE(c.order_id, e.order_id);

DROP TRIGGER caseload_newest_subjects ON caseload_newest;
DROP TRIGGER caseload_newest_subjects_again ON caseload_newest;
CREATE TRIGGER caseload_entered_subjects AFTER INSERT ON caseload_entered
    REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION keep_subjects();
CREATE TRIGGER caseload_entered_subjects_again AFTER UPDATE ON caseload_entered
    REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION keep_subjects();

-- Areas as they were entered too, so that whoever was given one sees what lies below it at once.
CREATE OR REPLACE FUNCTION seen.areas_in_sight() RETURNS SETOF text
LANGUAGE sql STABLE SECURITY DEFINER SET search_path FROM CURRENT AS $$
    WITH RECURSIVE reached AS (
        SELECT jsonb_array_elements_text(seen.sight() -> 'areas') AS id
        UNION
        SELECT a.id FROM caseload_entered a JOIN reached r ON a.area = r.id WHERE a.type = 'area' AND NOT a.cancelled
    )
    SELECT id FROM reached
$$;

-- ---- finding a wearer by a word ----

-- The words of a text as they are compared: small letters without accents; blanks and punctuation stand between words, an
-- apostrophe is nothing. It goes by code points, so that it is the same whatever the database's locale.
CREATE FUNCTION search_words(said text) RETURNS SETOF text LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT DISTINCT left(word, 64) FROM regexp_split_to_table(
        regexp_replace(translate(lower(normalize(said, NFKD)), 'ßøØłŁđĐı', 'soollddi'), '[\u0300-\u036f''\u2019`]', '', 'g'),
        '[\u0001-\u002f\u003a-\u0060\u007b-\u00bf\u2000-\u206f]+'
    ) AS word WHERE word <> ''
$$;

-- A text as one word: for what is written with and without its blanks, strokes and dots (an identifier of another agency).
CREATE FUNCTION search_squeezed(said text) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT left(regexp_replace(lower(normalize(said, NFKD)),
        '[\u0001-\u002f\u003a-\u0060\u007b-\u00bf\u0300-\u036f\u2000-\u206f]+', '', 'g'), 64)
$$;

-- The digits of a telephone number, backwards: its last digits come first. +44, 0044 and 0 at the beginning are the same.
CREATE FUNCTION search_phone(said text) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT reverse(left(regexp_replace(regexp_replace(said, '[^0-9]', '', 'g'), '^(0044|44|0)0?', ''), 32))
$$;

-- By what each wearer is found: `id` (its own and those of other agencies), `device` (fitted now or once), `phone`, `name` (a
-- word of it), `part` (the end of a word of it), `place` (a word of a curfew's or attendance's place), `zone` (of a zone's name).
CREATE TABLE search_terms (
    wearer text NOT NULL,
    kind text NOT NULL CHECK (kind IN ('id', 'device', 'phone', 'name', 'part', 'place', 'zone')),
    term text COLLATE "C" NOT NULL
);
CREATE INDEX search_terms_term ON search_terms (kind, term, wearer);
CREATE INDEX search_terms_wearer ON search_terms (wearer);

-- What stands of some wearers, as terms.
CREATE FUNCTION search_terms_of(wanted text[]) RETURNS TABLE (wearer text, kind text, term text)
LANGUAGE sql STABLE SET search_path FROM CURRENT AS $$
    WITH people AS (
        SELECT e.id, r.body FROM caseload_entered e JOIN caseload_records r ON r.record_no = e.record_no
        WHERE e.type = 'wearer' AND e.id = ANY(wanted) AND NOT e.cancelled
    ),
    named AS (SELECT p.id, w.word FROM people p CROSS JOIN LATERAL search_words(p.body ->> 'name') AS w(word)),
    ordered AS (
        SELECT p.id, o.id AS order_id FROM people p
        JOIN caseload_entered o ON o.type = 'order' AND o.wearer = p.id AND NOT o.cancelled
    ),
    placed AS (
        SELECT o.id, c.zone, r.body FROM ordered o
        JOIN caseload_entered c ON c.type = 'condition' AND c.order_id = o.order_id AND NOT c.cancelled
        JOIN caseload_records r ON r.record_no = c.record_no
    )
    SELECT id, 'id', search_squeezed(id) FROM people
    UNION SELECT p.id, 'id', search_squeezed(x.value) FROM people p, jsonb_each_text(p.body -> 'ids') AS x
    UNION SELECT p.id, 'phone', search_phone(x.value) FROM people p, jsonb_array_elements_text(p.body -> 'phones') AS x
    UNION SELECT id, 'name', word FROM named
    UNION SELECT n.id, 'part', substr(n.word, k) FROM named n, generate_series(2, length(n.word) - 2) AS k
    UNION SELECT p.id, 'device', search_squeezed(f.device) FROM people p
        JOIN caseload_entered f ON f.type = 'fitting' AND f.wearer = p.id AND NOT f.cancelled
    UNION SELECT p.id, 'place', w.word FROM placed p CROSS JOIN LATERAL search_words(p.body -> 'place' ->> 'name') AS w(word)
    UNION SELECT p.id, 'zone', w.word FROM placed p
        JOIN caseload_entered z ON z.type = 'zone' AND z.id = p.zone AND NOT z.cancelled
        JOIN caseload_records r ON r.record_no = z.record_no
        CROSS JOIN LATERAL search_words(r.body ->> 'name') AS w(word)
$$;

-- Makes the terms of some wearers anew. What is left out here is found by nobody, so it is all or nothing of a wearer.
CREATE FUNCTION keep_search_terms(wanted text[]) RETURNS void LANGUAGE sql SET search_path FROM CURRENT AS $$
    DELETE FROM search_terms t WHERE t.wearer = ANY(wanted);
    INSERT INTO search_terms (wearer, kind, term)
    SELECT f.wearer, f.kind, f.term FROM search_terms_of(wanted) f WHERE f.term <> '';
$$;

-- Whose terms a record may have a part in, as the record stands now.
CREATE FUNCTION searched_by(types text[], ids text[]) RETURNS SETOF text LANGUAGE sql STABLE SET search_path FROM CURRENT AS $$
    WITH touched AS (SELECT * FROM unnest(types, ids) AS t(type, id))
    SELECT s.wearer FROM touched t JOIN caseload_subjects s ON s.type = t.type AND s.id = t.id
    WHERE t.type IN ('wearer', 'order', 'condition', 'fitting') AND s.wearer IS NOT NULL
    UNION
    SELECT s.wearer FROM touched t
    JOIN caseload_entered c ON t.type = 'zone' AND c.type = 'condition' AND c.zone = t.id
    JOIN caseload_subjects s ON s.type = 'condition' AND s.id = c.id
    WHERE s.wearer IS NOT NULL
$$;

-- ---- everything that follows from entering records ----

CREATE FUNCTION keep_entered() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
DECLARE
    types text[];
    ids text[];
    before text[];
    after text[];
BEGIN
    SELECT array_agg(t.type), array_agg(t.id) INTO types, ids FROM (SELECT DISTINCT type, id FROM entered) t;
    before := ARRAY(SELECT searched_by(types, ids));
    INSERT INTO caseload_entered (type, id, record_no, cancelled, wearer, victim, device, area, order_id, condition, zone,
        violation, home_unit, other_wearer, from_at, to_at)
    SELECT DISTINCT ON (type, id) type, id, record_no, cancelled, body ->> 'wearer', body ->> 'victim', body ->> 'device',
        CASE WHEN type IN ('order', 'zone') THEN body ->> 'area' WHEN type = 'area' THEN body ->> 'parent' END,
        body ->> 'order', body ->> 'condition', body -> 'zone' ->> 'id', body ->> 'violation',
        body -> 'place' ->> 'home_unit', body ->> 'other_wearer',
        (COALESCE(body ->> 'from', body ->> 'at'))::timestamptz, (COALESCE(body ->> 'to', body ->> 'at'))::timestamptz
    FROM entered ORDER BY type, id, record_no DESC
    ON CONFLICT (type, id) DO UPDATE SET record_no = EXCLUDED.record_no, cancelled = EXCLUDED.cancelled,
        wearer = EXCLUDED.wearer, victim = EXCLUDED.victim, device = EXCLUDED.device, area = EXCLUDED.area,
        order_id = EXCLUDED.order_id, condition = EXCLUDED.condition, zone = EXCLUDED.zone, violation = EXCLUDED.violation,
        home_unit = EXCLUDED.home_unit, other_wearer = EXCLUDED.other_wearer, from_at = EXCLUDED.from_at,
        to_at = EXCLUDED.to_at
    WHERE caseload_entered.record_no < EXCLUDED.record_no;
    after := ARRAY(SELECT searched_by(types, ids));
    PERFORM keep_search_terms(ARRAY(SELECT unnest(before) UNION SELECT unnest(after)));
    RETURN NULL;
END $$;
CREATE TRIGGER caseload_records_entered AFTER INSERT ON caseload_records
    REFERENCING NEW TABLE AS entered FOR EACH STATEMENT EXECUTE FUNCTION keep_entered();

-- What was entered before this migration.
INSERT INTO caseload_entered (type, id, record_no, cancelled, wearer, victim, device, area, order_id, condition, zone,
    violation, home_unit, other_wearer, from_at, to_at)
SELECT DISTINCT ON (type, id) type, id, record_no, cancelled, body ->> 'wearer', body ->> 'victim', body ->> 'device',
    CASE WHEN type IN ('order', 'zone') THEN body ->> 'area' WHEN type = 'area' THEN body ->> 'parent' END,
    body ->> 'order', body ->> 'condition', body -> 'zone' ->> 'id', body ->> 'violation',
    body -> 'place' ->> 'home_unit', body ->> 'other_wearer',
    (COALESCE(body ->> 'from', body ->> 'at'))::timestamptz, (COALESCE(body ->> 'to', body ->> 'at'))::timestamptz
FROM caseload_records ORDER BY type, id, record_no DESC;
SELECT keep_search_terms(ARRAY(SELECT id FROM caseload_entered WHERE type = 'wearer'));

-- ---- as the caller sees it ----

CREATE VIEW seen.caseload_entered AS
    SELECT e.type, e.id, e.record_no, e.cancelled, s.wearer, s.victim, s.device, e.area, e.order_id, e.condition, e.zone,
        e.violation, e.home_unit, e.other_wearer, e.from_at, e.to_at
    FROM caseload_entered e JOIN seen.caseload_subjects s ON s.type = e.type AND s.id = e.id;

-- Every version of a record, with both times and who entered it.
CREATE VIEW caseload_versions AS
    SELECT r.record_no, r.type, r.id, r.body, r.holds_from, r.cancelled, r.entered_at, r.entered_by, r.entered_role,
        l.learnt_at
    FROM caseload_records r LEFT JOIN caseload_learnt l ON l.record_no = r.record_no;
CREATE VIEW seen.caseload_versions AS
    SELECT v.* FROM caseload_versions v JOIN seen.caseload_subjects s ON s.type = v.type AND s.id = v.id;

CREATE VIEW seen.search_terms AS
    SELECT t.* FROM search_terms t
    WHERE (SELECT seen.sees_everything()) OR t.wearer IN (SELECT seen.wearers_in_sight());

DO $$
BEGIN
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'bailiwick_seeing') THEN
        GRANT SELECT ON seen.caseload_entered, seen.caseload_versions, seen.search_terms TO bailiwick_seeing;
    END IF;
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'bailiwick_api') THEN
        GRANT SELECT ON caseload_entered, caseload_versions, search_terms TO bailiwick_api;
    END IF;
END $$;
