-- The contingency list says whom nobody watches yet: about whom something was entered that ingest has not taken.
DO $$
BEGIN
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'bailiwick_dispatch') THEN
        GRANT SELECT ON caseload_waiting TO bailiwick_dispatch;
    END IF;
END $$;
