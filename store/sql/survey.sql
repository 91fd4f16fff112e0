-- What `bailiwick doctor` asks of the database.

-- name: survey
-- Which server this is, its edition, what of its settings matters, how large the database is, and its clock.
SELECT current_setting('server_version'), (SELECT extversion FROM pg_extension WHERE extname = 'timescaledb'),
    current_setting('timescaledb.license', true), current_setting('synchronous_commit'),
    current_setting('fsync'), current_setting('full_page_writes'),
    current_setting('max_connections')::integer - (SELECT count(*) FROM pg_stat_activity)::integer,
    pg_database_size(current_database()), clock_timestamp();

-- name: messages_an_hour
-- What the devices that are worn now send in an hour, by their records; curfew tags do not speak themselves.
SELECT COALESCE(ceil(sum(3600.0 / COALESCE((k.body ->> 'upload_s')::bigint, 60))), 0)::bigint
FROM fittings f JOIN device_records k ON k.id = f.device
WHERE k.kind <> 'rf_tag' AND f.from_at <= now() AND COALESCE(f.to_at, 'infinity') > now();
