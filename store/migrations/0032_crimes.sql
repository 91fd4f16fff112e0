-- Recorded crimes and who was near them (docs/crimes.md, docs/decisions/0054-crime-matching.md).

-- A crime by the force that recorded it and that force's number. `version` is its newest; `from_at` and `to_at` are that version's.
-- `state` says whether it is to be matched, `reason` why it was or is; `seen_commit` up to which commit its window was looked at.
CREATE TABLE crimes (
    crime_no bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    force text NOT NULL CHECK (force <> ''),
    reference text NOT NULL CHECK (reference <> '' AND char_length(reference) <= 64),
    version bigint NOT NULL DEFAULT 0 CHECK (version >= 0),
    state text NOT NULL DEFAULT 'waiting' CHECK (state IN ('waiting', 'matched')),
    reason text NOT NULL DEFAULT 'entered' CHECK (reason IN ('entered', 'corrected', 'late_data')),
    from_at timestamptz,
    to_at timestamptz,
    seen_commit bigint,
    UNIQUE (force, reference)
);
CREATE INDEX crimes_waiting ON crimes (from_at) WHERE state = 'waiting';
CREATE INDEX crimes_matched ON crimes (to_at) WHERE state = 'matched';

-- What was told of a crime; a correction is a new version, and no version is edited. Degrees (WGS 84) and metres; `within_m` is how far
-- off the true place may be by how it was given, `given` the place in the words of the force.
CREATE TABLE crime_versions (
    crime_no bigint NOT NULL REFERENCES crimes,
    version bigint NOT NULL CHECK (version > 0),
    kind text NOT NULL CHECK (kind IN ('burglary', 'robbery', 'vehicle_crime', 'theft', 'violence', 'sexual_offence',
        'criminal_damage', 'arson', 'other')),
    lon double precision NOT NULL CHECK (lon BETWEEN -180 AND 180),
    lat double precision NOT NULL CHECK (lat BETWEEN -90 AND 90),
    within_m double precision NOT NULL CHECK (within_m >= 0),
    radius_m double precision NOT NULL CHECK (radius_m BETWEEN 25 AND 500),
    from_at timestamptz NOT NULL,
    to_at timestamptz NOT NULL,
    given text NOT NULL CHECK (char_length(given) <= 200),
    entered_at timestamptz NOT NULL,
    entered_by text NOT NULL,
    PRIMARY KEY (crime_no, version),
    CONSTRAINT crimes_at_most_12_hours CHECK (to_at > from_at AND to_at <= from_at + interval '12 hours')
);

-- One result of one version. Another stands beside it when the crime was corrected, or when data that came late changed what came out;
-- the newest counts. How many wearers were considered stands in it, and the names of those near alone in `crime_matches`.
CREATE TABLE crime_matchings (
    matching_no bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    crime_no bigint NOT NULL,
    version bigint NOT NULL,
    reason text NOT NULL CHECK (reason IN ('entered', 'corrected', 'late_data')),
    matched_at timestamptz NOT NULL,
    seen_commit bigint NOT NULL,
    near bigint NOT NULL CHECK (near >= 0),
    elsewhere bigint NOT NULL CHECK (elsewhere >= 0),
    elsewhere_throughout bigint NOT NULL CHECK (elsewhere_throughout BETWEEN 0 AND elsewhere),
    no_data bigint NOT NULL CHECK (no_data >= 0),
    digest bytea NOT NULL,
    FOREIGN KEY (crime_no, version) REFERENCES crime_versions
);
CREATE INDEX crime_matchings_crime ON crime_matchings (crime_no, matching_no DESC);

-- A wearer who was near, with the positions that say so. Somebody qualifies it and another authorises that the force sees it: the
-- constraint, not the code, keeps the second person, and nothing that was not found plausible is disclosed.
CREATE TABLE crime_matches (
    matching_no bigint NOT NULL REFERENCES crime_matchings,
    wearer text NOT NULL,
    score bigint NOT NULL CHECK (score BETWEEN 0 AND 100),
    near_home boolean NOT NULL,
    positions bigint NOT NULL CHECK (positions >= 2),
    visits jsonb NOT NULL,
    fixes jsonb NOT NULL,
    revision bigint NOT NULL DEFAULT 1,
    qualified_at timestamptz,
    qualified_by text,
    plausible boolean,
    note text CHECK (note <> '' AND char_length(note) <= 1000),
    decided_at timestamptz,
    decided_by text,
    authorised boolean,
    decision text CHECK (decision <> '' AND char_length(decision) <= 1000),
    PRIMARY KEY (matching_no, wearer),
    CHECK (num_nonnulls(qualified_at, qualified_by, plausible, note) IN (0, 4)),
    CHECK (num_nonnulls(decided_at, decided_by, authorised, decision) IN (0, 4)),
    CONSTRAINT crime_matches_qualified_first CHECK (decided_at IS NULL OR qualified_at IS NOT NULL),
    CONSTRAINT crime_matches_two_people CHECK (decided_by <> qualified_by),
    CONSTRAINT crime_matches_only_plausible CHECK (NOT authorised OR plausible)
);
CREATE INDEX crime_matches_wearer ON crime_matches (wearer);

-- Up to which commit it was looked whether data came late for a crime.
CREATE TABLE crimes_looked (
    only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    commit_no bigint NOT NULL
);
INSERT INTO crimes_looked (commit_no) VALUES (0);

-- Facts come nearly in the order of their fix times, so a block-range index finds an hour of them for next to nothing. It is one more
-- column of the one that is there, which is looked up once a row anyway; facts that came late stand between others, which is what
-- several ranges a block are for.
DROP INDEX fixes_commit;
CREATE INDEX fixes_commit ON fixes USING brin (commit_no, fix_time timestamptz_minmax_multi_ops) WITH (autosummarize = on);

CREATE FUNCTION tell_of_crimes() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_notify('bailiwick_crimes', '');
    RETURN NULL;
END $$;
CREATE TRIGGER crimes_told AFTER INSERT ON crime_versions FOR EACH STATEMENT EXECUTE FUNCTION tell_of_crimes();

-- Those near, of wearers in sight. (Crimes are read by force, by the API itself; so are matches that were authorised.)
CREATE VIEW seen.crime_matches AS
    SELECT m.* FROM crime_matches m
    WHERE (SELECT seen.sees_positions())
        AND ((SELECT seen.sees_everything()) OR m.wearer IN (SELECT seen.wearers_in_sight()));

DO $$
BEGIN
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'bailiwick_seeing') THEN
        GRANT SELECT ON seen.crime_matches TO bailiwick_seeing;
    END IF;
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'bailiwick_api') THEN
        GRANT SELECT, INSERT ON crimes, crime_versions TO bailiwick_api;
        GRANT SELECT ON crime_matchings, crime_matches TO bailiwick_api;
        GRANT UPDATE (version, state, reason, from_at, to_at) ON crimes TO bailiwick_api;
        GRANT UPDATE (revision, qualified_at, qualified_by, plausible, note, decided_at, decided_by, authorised, decision)
            ON crime_matches TO bailiwick_api;
    END IF;
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'bailiwick_exporter') THEN
        GRANT UPDATE (state, reason, seen_commit) ON crimes TO bailiwick_exporter;
        GRANT INSERT ON crime_matchings, crime_matches TO bailiwick_exporter;
        GRANT UPDATE ON crimes_looked TO bailiwick_exporter;
    END IF;
END $$;
