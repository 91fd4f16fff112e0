-- What is kept, what may not go, and what went (docs/decisions/0018).

-- Legal hold: nothing of a wearer goes while one stands, whatever its age.
CREATE TABLE holds (
    hold_no bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    wearer text NOT NULL,
    reason text NOT NULL CHECK (reason <> '' AND char_length(reason) <= 1000),
    made_at timestamptz NOT NULL,
    made_by text NOT NULL,
    ended_at timestamptz,
    ended_by text,
    end_reason text CHECK (end_reason <> '' AND char_length(end_reason) <= 1000),
    CHECK (num_nonnulls(ended_at, ended_by, end_reason) IN (0, 3))
);
CREATE INDEX holds_wearer ON holds (wearer) WHERE ended_at IS NULL;

-- The facts that holds keep: of which devices, from when to when. Every version of a fitting counts.
CREATE VIEW held_facts AS
    SELECT d.device_no, (r.body ->> 'from')::timestamptz AS from_at,
        COALESCE((r.body ->> 'to')::timestamptz, 'infinity') AS to_at
    FROM (SELECT DISTINCT wearer FROM holds WHERE ended_at IS NULL) h
    JOIN caseload_records r ON r.type = 'fitting' AND r.body ->> 'wearer' = h.wearer
    JOIN devices d ON d.id = r.body ->> 'device';

-- What protected people's units say of where they are: kept for a short while (alerts.md).
CREATE VIEW protected_facts AS
    SELECT d.device_no, (r.body ->> 'from')::timestamptz AS from_at,
        COALESCE((r.body ->> 'to')::timestamptz, 'infinity') AS to_at
    FROM caseload_records r JOIN devices d ON d.id = r.body ->> 'device'
    WHERE r.type = 'fitting' AND r.body ->> 'victim' IS NOT NULL;

-- The days (UTC) on which everything that was old enough went; counts by kind.
CREATE TABLE retention_runs (
    day date PRIMARY KEY,
    at timestamptz NOT NULL,
    counts jsonb NOT NULL
);

-- Wearers whose data was erased: the id stays, so that it is never given to another, and how much there was.
CREATE TABLE erasures (
    wearer text PRIMARY KEY,
    erased_at timestamptz NOT NULL,
    erased_by text NOT NULL,
    counts jsonb NOT NULL
);

-- Retention and erasure are the owner's: no role of a process may let anything go.
DO $$
BEGIN
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'bailiwick_api') THEN
        GRANT SELECT, INSERT ON holds TO bailiwick_api;
        GRANT UPDATE (ended_at, ended_by, end_reason) ON holds TO bailiwick_api;
        GRANT SELECT ON erasures TO bailiwick_api;
    END IF;
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'bailiwick_dispatch') THEN
        GRANT SELECT ON retention_runs TO bailiwick_dispatch;
    END IF;
END $$;
