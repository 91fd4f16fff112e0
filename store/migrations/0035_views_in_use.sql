-- Which views of the alert queue are looked at now, as the pages that show them tell it every 20 s: what is in nobody's view must still
-- be heard, whichever process a page asks. After a crash it is empty, and told anew within those 20 s.
CREATE UNLOGGED TABLE views_in_use (
    who text NOT NULL,
    role text NOT NULL,
    query text NOT NULL CHECK (char_length(query) <= 1000),
    until_at timestamptz NOT NULL,
    PRIMARY KEY (who, role, query)
);

DO $$
BEGIN
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'bailiwick_api') THEN
        GRANT SELECT, INSERT, UPDATE, DELETE ON views_in_use TO bailiwick_api;
    END IF;
END $$;
