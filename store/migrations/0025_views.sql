-- What somebody wants to see of the alert queue, under a name of theirs: the part of its address after `?`. A shared one is seen by
-- all who read alerts. The name and the query may hold what was typed into a filter, so neither is in the audit.
CREATE TABLE saved_views (
    view_no bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    owner text NOT NULL,
    name text NOT NULL CHECK (name <> '' AND char_length(name) <= 60),
    query text NOT NULL CHECK (char_length(query) <= 1000),
    shared boolean NOT NULL,
    made_at timestamptz NOT NULL,
    UNIQUE (owner, name)
);

DO $$
BEGIN
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'bailiwick_api') THEN
        GRANT SELECT, INSERT, UPDATE, DELETE ON saved_views TO bailiwick_api;
    END IF;
END $$;
