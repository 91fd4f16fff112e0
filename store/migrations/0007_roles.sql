-- Least privilege: one group role a process, without login. A login role is made a member of what its process is:
-- GRANT bailiwick_ingest TO the_login_of_ingest. Roles belong to the whole cluster, so one may be there already; a
-- migrating user who may not make roles goes on without them.
DO $$
DECLARE
    wanted text;
BEGIN
    FOREACH wanted IN ARRAY ARRAY['bailiwick_ingest', 'bailiwick_api', 'bailiwick_dispatch'] LOOP
        IF NOT EXISTS (SELECT 1 FROM pg_roles WHERE rolname = wanted) THEN
            BEGIN
                EXECUTE format('CREATE ROLE %I NOLOGIN', wanted);
            EXCEPTION
                WHEN duplicate_object OR unique_violation THEN NULL; -- another database's migration was faster
                WHEN insufficient_privilege THEN
                    RAISE NOTICE 'role % was not made: % may not make roles', wanted, current_user;
            END;
        END IF;
    END LOOP;
    IF (SELECT count(*) FROM pg_roles
        WHERE rolname IN ('bailiwick_ingest', 'bailiwick_api', 'bailiwick_dispatch')) < 3 THEN
        RAISE NOTICE 'no privileges were granted: the roles are not all there';
        RETURN;
    END IF;

    GRANT SELECT ON ALL TABLES IN SCHEMA public TO bailiwick_ingest, bailiwick_api;

    -- ingest writes facts and decisions, and marks what it learnt; it can delete nothing but its own bookkeeping.
    GRANT INSERT ON commits, checkpoints, received_ranges, fixes, equipment_events, stray_fixes,
        stray_equipment_events, fix_qualities, violations, alerts, alert_violations, outbox, dead_letters,
        caseload_learnt, dead_letter_counts, violations_newest, stream_events, figures, caseload_newest TO bailiwick_ingest;
    GRANT UPDATE ON received_ranges, folded_ranges, alerts, alert_violations, violations_newest, dead_letter_counts,
        figures, caseload_newest TO bailiwick_ingest;
    GRANT UPDATE (replayed_by) ON dead_letters TO bailiwick_ingest;
    GRANT DELETE ON received_ranges, checkpoints, caseload_waiting TO bailiwick_ingest;

    -- api enters caseload records and works on alerts; it can write no fact and no violation.
    GRANT INSERT ON devices, caseload_records, outbox, stream_events, figures TO bailiwick_api;
    GRANT UPDATE ON alerts, figures TO bailiwick_api;

    -- dispatch tells of alerts and sees no position.
    GRANT SELECT ON alerts, alert_violations, violations, violations_newest, current_violations, outbox, stream_events,
        caseload_records, caseload_newest, caseload_now, wearers, victims, areas, orders, conditions
        TO bailiwick_dispatch;
    GRANT UPDATE ON outbox, alerts TO bailiwick_dispatch;
    GRANT INSERT ON stream_events TO bailiwick_dispatch;
END $$;
