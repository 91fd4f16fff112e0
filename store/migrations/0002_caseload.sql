-- The caseload with both times: from when a record holds, and when we learnt it (rules.md 10).

-- Every version of every record. `learnt_at`, `commit_no` and `line` are null until ingest has taken it; '-infinity'
-- stands for "always" and "before everything". Nothing here is edited or deleted.
CREATE TABLE caseload_records (
    record_no bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    type text NOT NULL,
    id text NOT NULL,
    body jsonb NOT NULL,
    holds_from timestamptz NOT NULL DEFAULT '-infinity',
    cancelled boolean NOT NULL DEFAULT false,
    entered_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    learnt_at timestamptz,
    commit_no bigint,
    line integer,
    CHECK ((learnt_at IS NULL) = (commit_no IS NULL) AND (line IS NULL) = (commit_no IS NULL))
);

CREATE INDEX caseload_records_unlearnt ON caseload_records (record_no) WHERE commit_no IS NULL;
CREATE INDEX caseload_records_learnt ON caseload_records (commit_no, line, record_no) WHERE commit_no IS NOT NULL;
CREATE INDEX caseload_records_versions ON caseload_records (type, id, record_no);

-- What belongs to a wearer, an order, a condition or a device, for the views below.
CREATE INDEX caseload_records_wearer ON caseload_records (type, (body ->> 'wearer'));
CREATE INDEX caseload_records_order ON caseload_records (type, (body ->> 'order'));
CREATE INDEX caseload_records_device ON caseload_records (type, (body ->> 'device'));

-- Which version of a record is the newest learnt one. A pointer, kept so that the views below need no search.
CREATE TABLE caseload_newest (
    type text NOT NULL,
    id text NOT NULL,
    record_no bigint NOT NULL REFERENCES caseload_records,
    cancelled boolean NOT NULL,
    PRIMARY KEY (type, id)
);

CREATE VIEW caseload_now AS
    SELECT r.type, r.id, r.record_no, r.body, r.holds_from, r.learnt_at
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
