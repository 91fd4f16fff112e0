-- How outcomes are spread over sex, age and ethnic group (docs/measures.md). The characteristics are in one table that no process
-- reads but the statistics job, which writes suppressed aggregates; these are what anybody sees.

CREATE TABLE wearer_statistics (
    wearer text PRIMARY KEY,
    sex text CHECK (sex <> '' AND char_length(sex) <= 40),
    age_band text CHECK (age_band <> '' AND char_length(age_band) <= 40),
    ethnic_group text CHECK (ethnic_group <> '' AND char_length(ethnic_group) <= 40)
);

-- `told`: tables of counts, small ones and what would give them away left out. Nothing is edited; the newest of a year counts.
CREATE TABLE statistics_published (
    published_no bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    year integer NOT NULL CHECK (year BETWEEN 2000 AND 2200),
    made_at timestamptz NOT NULL,
    told jsonb NOT NULL
);
CREATE INDEX statistics_published_year ON statistics_published (year, published_no);

DO $$
BEGIN
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'bailiwick_statistics') THEN
        BEGIN
            CREATE ROLE bailiwick_statistics NOLOGIN;
        EXCEPTION
            WHEN duplicate_object OR unique_violation THEN NULL; -- another database's migration was faster
            WHEN insufficient_privilege THEN
                RAISE NOTICE 'role bailiwick_statistics was not made: % may not make roles', current_user;
        END;
    END IF;
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'bailiwick_exporter') THEN
        REVOKE ALL ON wearer_statistics FROM bailiwick_exporter;
    END IF;
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'bailiwick_api') THEN
        GRANT SELECT ON statistics_published TO bailiwick_api;
    END IF;
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'bailiwick_statistics') THEN
        GRANT SELECT, INSERT, DELETE ON wearer_statistics TO bailiwick_statistics;
        GRANT SELECT ON breaches, breach_steps TO bailiwick_statistics;
        GRANT SELECT, INSERT ON statistics_published TO bailiwick_statistics;
        GRANT EXECUTE ON FUNCTION audit_write(timestamptz, jsonb, text[]) TO bailiwick_statistics;
    END IF;
END $$;
