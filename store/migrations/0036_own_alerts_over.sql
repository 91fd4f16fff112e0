-- Dispatch raises alerts of its own (`commit_no` 0), and says of one whose cause is over that it is. Of what ingest decided it says
-- nothing: no row of it is changed (`clear_own`).
DO $$
BEGIN
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'bailiwick_dispatch') THEN
        GRANT UPDATE (state, changed_at, revision) ON alerts TO bailiwick_dispatch;
    END IF;
END $$;

CREATE INDEX alerts_of_duties ON alerts (alert_no) WHERE kind = 'victim_not_told' AND state = 'active' AND NOT withdrawn;
