-- An answer that was given names where the thing is that was made (`Location`); told again it names it too.
ALTER TABLE answers_given ADD COLUMN location text;

DO $$
BEGIN
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'bailiwick_api') THEN
        GRANT UPDATE (location) ON answers_given TO bailiwick_api;
    END IF;
END $$;
