-- The caseload with both times: from when a record holds, and when we learnt it (rules.md 10).

-- Every version of every record, as entered; nothing here is edited or deleted. `body` is the record as JSON and the
-- truth; `packed` is the same for our own programs to read fast (store/packed_records.py), and may be null. A
-- `holds_from` of '-infinity' stands for "always".
CREATE TABLE caseload_records (
    record_no bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    type text NOT NULL,
    id text NOT NULL,
    body jsonb NOT NULL,
    packed bytea,
    holds_from timestamptz NOT NULL DEFAULT '-infinity',
    cancelled boolean NOT NULL DEFAULT false,
    entered_at timestamptz NOT NULL DEFAULT clock_timestamp()
);
ALTER TABLE caseload_records ALTER COLUMN packed SET STORAGE EXTERNAL;
CREATE INDEX caseload_records_versions ON caseload_records (type, id, record_no);

-- When ingest took each record, and which line of which commit that was. '-infinity' and line -1: before everything.
CREATE TABLE caseload_learnt (
    record_no bigint PRIMARY KEY,
    commit_no bigint NOT NULL,
    line integer NOT NULL,
    learnt_at timestamptz NOT NULL
);
CREATE INDEX caseload_learnt_order ON caseload_learnt (commit_no, line, record_no);

-- What no ingest has taken yet.
CREATE TABLE caseload_waiting (
    record_no bigint PRIMARY KEY
);

CREATE FUNCTION let_records_wait() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
BEGIN
    INSERT INTO caseload_waiting (record_no) SELECT record_no FROM entered;
    PERFORM pg_notify('bailiwick_caseload', '');
    RETURN NULL;
END $$;
CREATE TRIGGER caseload_records_wait AFTER INSERT ON caseload_records
    REFERENCING NEW TABLE AS entered FOR EACH STATEMENT EXECUTE FUNCTION let_records_wait();

-- What belongs to a wearer, an order, a condition or a device, for the views below.
CREATE INDEX caseload_records_wearer ON caseload_records (type, (body ->> 'wearer'));
CREATE INDEX caseload_records_order ON caseload_records (type, (body ->> 'order'));
CREATE INDEX caseload_records_device ON caseload_records (type, (body ->> 'device'));

-- Which version of a record is the newest learnt one. A pointer, kept so that the views below need no search.
CREATE TABLE caseload_newest (
    type text NOT NULL,
    id text NOT NULL,
    record_no bigint NOT NULL,
    cancelled boolean NOT NULL,
    learnt_at timestamptz NOT NULL,
    PRIMARY KEY (type, id)
);

CREATE VIEW caseload_now AS
    SELECT r.type, r.id, r.record_no, r.body, r.holds_from, n.learnt_at
    FROM caseload_newest n
    JOIN caseload_records r ON r.record_no = n.record_no AND r.type = n.type AND r.id = n.id
    WHERE NOT n.cancelled;

CREATE VIEW areas AS
    SELECT id, body ->> 'kind' AS kind, body ->> 'name' AS name, body ->> 'parent' AS parent, body, learnt_at
    FROM caseload_now WHERE type = 'area';

CREATE VIEW wearers AS
    SELECT id, body ->> 'name' AS name, COALESCE(body ->> 'level', 'standard') AS level, body, learnt_at
    FROM caseload_now WHERE type = 'wearer';

CREATE VIEW victims AS
    SELECT id, body ->> 'name' AS name, body, learnt_at
    FROM caseload_now WHERE type = 'victim';

CREATE VIEW device_records AS
    SELECT id, body ->> 'kind' AS kind, body ->> 'model' AS model, body ->> 'firmware' AS firmware,
        body ->> 'lot' AS lot, body, learnt_at
    FROM caseload_now WHERE type = 'device';

CREATE VIEW fittings AS
    SELECT id, body ->> 'wearer' AS wearer, body ->> 'victim' AS victim, body ->> 'device' AS device,
        (body ->> 'from')::timestamptz AS from_at, (body ->> 'to')::timestamptz AS to_at, body, learnt_at
    FROM caseload_now WHERE type = 'fitting';

CREATE VIEW orders AS
    SELECT id, body ->> 'wearer' AS wearer, body ->> 'kind' AS kind,
        (body ->> 'from')::timestamptz AS from_at, (body ->> 'to')::timestamptz AS to_at,
        body ->> 'organisation' AS organisation, body ->> 'area' AS area, body, learnt_at
    FROM caseload_now WHERE type = 'order';

CREATE VIEW zones AS
    SELECT id, body ->> 'area' AS area, body ->> 'name' AS name, body, learnt_at
    FROM caseload_now WHERE type = 'zone';

CREATE VIEW conditions AS
    SELECT id, body ->> 'order' AS order_id, body ->> 'kind' AS kind, body ->> 'name' AS name, body, learnt_at
    FROM caseload_now WHERE type = 'condition';

CREATE VIEW absences AS
    SELECT id, body ->> 'condition' AS condition, (body ->> 'from')::timestamptz AS from_at,
        (body ->> 'to')::timestamptz AS to_at, body, learnt_at
    FROM caseload_now WHERE type = 'absence';

CREATE VIEW suspensions AS
    SELECT id, body ->> 'order' AS order_id, (body ->> 'from')::timestamptz AS from_at,
        (body ->> 'to')::timestamptz AS to_at, body, learnt_at
    FROM caseload_now WHERE type = 'suspension';

CREATE VIEW visits AS
    SELECT id, body ->> 'wearer' AS wearer, body ->> 'kind' AS kind, (body ->> 'at')::timestamptz AS at,
        body ->> 'outcome' AS outcome, body, learnt_at
    FROM caseload_now WHERE type = 'visit';

CREATE VIEW equipment_checks AS
    SELECT id, body ->> 'device' AS device, (body ->> 'at')::timestamptz AS at, body ->> 'result' AS result,
        body, learnt_at
    FROM caseload_now WHERE type = 'equipment_check';

CREATE VIEW assessments AS
    SELECT id, body ->> 'violation' AS violation, body ->> 'decision' AS decision,
        (body ->> 'at')::timestamptz AS at, body, learnt_at
    FROM caseload_now WHERE type = 'assessment';
