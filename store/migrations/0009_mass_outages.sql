-- Mass outages: one incident for many losses, the alerts that it holds, and where devices said that they were connected.

-- Every version of every incident. Nothing is edited or deleted.
CREATE TABLE incident_versions (
    incident_version_no bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    id text NOT NULL,
    version integer NOT NULL CHECK (version > 0),
    opened_at timestamptz NOT NULL,
    closed_at timestamptz,
    decided_at timestamptz NOT NULL,
    devices integer NOT NULL,
    silent integer NOT NULL,
    commit_no bigint NOT NULL,
    line integer NOT NULL,
    UNIQUE (id, version)
);
CREATE INDEX incident_versions_commit ON incident_versions (commit_no);

-- Which version of an incident is the newest, and the order in which incidents opened.
CREATE TABLE incidents (
    incident_no bigint GENERATED ALWAYS AS IDENTITY UNIQUE,
    id text PRIMARY KEY,
    incident_version_no bigint NOT NULL UNIQUE REFERENCES incident_versions
);

-- What a version took in and what it released. `why` stands on a release; the network, where the device had told it, on
-- what was taken in.
CREATE TABLE incident_devices (
    id text NOT NULL,
    device text NOT NULL,
    version integer NOT NULL,
    change text NOT NULL CHECK (change IN ('released', 'taken')),
    wearer text,
    victim text,
    mcc text,
    mnc text,
    tac text,
    cell text,
    why text CHECK (why IN ('victim', 'lost_in_zone', 'intensive', 'still_silent', 'lasting', 'back')),
    PRIMARY KEY (id, device, version, change),
    FOREIGN KEY (id, version) REFERENCES incident_versions (id, version),
    CHECK ((why IS NOT NULL) = (change = 'released'))
);
CREATE INDEX incident_devices_version ON incident_devices (id, version);

-- The episode of the incident that holds an alert: it is shown, and told to nobody. In the outbox as it was then.
ALTER TABLE alerts ADD COLUMN grouped_under text;
ALTER TABLE outbox ADD COLUMN grouped_under text;
CREATE INDEX alerts_grouped ON alerts (grouped_under, raised_at, alert_no) WHERE grouped_under IS NOT NULL;

-- A message by which a device told of another network than before; a line of a commit, to be folded again with it.
CREATE TABLE network_changes (
    commit_no bigint NOT NULL,
    line integer NOT NULL,
    device_no bigint NOT NULL,
    mcc text,
    mnc text,
    tac text,
    cell text,
    PRIMARY KEY (commit_no, line)
);

-- Least privilege, as in 0007: ingest writes decisions, and repoints; nobody deletes. Dispatch sees no cell.
DO $$
BEGIN
    IF (SELECT count(*) FROM pg_roles
        WHERE rolname IN ('bailiwick_ingest', 'bailiwick_api', 'bailiwick_dispatch')) < 3 THEN
        RAISE NOTICE 'no privileges were granted: the roles are not all there';
        RETURN;
    END IF;
    GRANT SELECT ON incident_versions, incidents, incident_devices, network_changes TO bailiwick_ingest, bailiwick_api;
    GRANT INSERT ON incident_versions, incidents, incident_devices, network_changes TO bailiwick_ingest;
    GRANT UPDATE (incident_version_no) ON incidents TO bailiwick_ingest;
    GRANT SELECT ON incident_versions, incidents TO bailiwick_dispatch;
END $$;
