-- Facts by day where TimescaleDB is; ordinary tables where it is not. The queries over both are the same.
DO $$
BEGIN
    IF NOT EXISTS (SELECT 1 FROM pg_extension WHERE extname = 'timescaledb') THEN
        RAISE NOTICE 'TimescaleDB is not installed in this database: facts stand in ordinary tables';
        RETURN;
    END IF;
    PERFORM create_hypertable('fixes', 'fix_time',
        chunk_time_interval => INTERVAL '1 day', create_default_indexes => false);
    PERFORM create_hypertable('equipment_events', 'fix_time',
        chunk_time_interval => INTERVAL '1 day', create_default_indexes => false);
END $$;
