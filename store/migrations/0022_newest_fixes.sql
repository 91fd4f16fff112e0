-- The newest fix of each device that may be drawn, for the map of everybody: 18,000 times the newest of a device's facts is a look into
-- every one of their days. Kept by whoever looks, from the commits since the last look; ingest does not know of it. It holds nothing
-- that `fixes` does not, nothing of a protected person, and may be lost: then it is made anew.
CREATE UNLOGGED TABLE newest_fixes (
    device_no bigint PRIMARY KEY,
    gen bigint NOT NULL,
    seq bigint NOT NULL,
    fix_time timestamptz NOT NULL,
    receive_time timestamptz NOT NULL,
    lat double precision NOT NULL,
    lon double precision NOT NULL,
    acc double precision NOT NULL,
    spd double precision,
    hdg double precision,
    src smallint NOT NULL,
    quality smallint NOT NULL
) WITH (fillfactor = 40, autovacuum_vacuum_scale_factor = 0.5);

-- Up to which commit it was kept; no row: it is to be made.
CREATE UNLOGGED TABLE newest_fixes_kept (
    only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    commit_no bigint NOT NULL
) WITH (fillfactor = 40);

-- Brings it up to the newest commit. One at a time: others wait for that one, and find little left to do. What is far behind is
-- made anew, which costs less than reading all that came since. Nothing older than `since` stays in it.
CREATE FUNCTION keep_newest_fixes(since timestamptz) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
DECLARE
    newest commits;
    last commits;
    oldest timestamptz;
BEGIN
    SELECT * INTO newest FROM commits ORDER BY no DESC LIMIT 1;
    IF newest.no IS NULL OR EXISTS (SELECT FROM newest_fixes_kept WHERE commit_no >= newest.no) THEN
        RETURN;
    END IF;
    PERFORM pg_advisory_xact_lock(7120, 9);
    SELECT c.* INTO last FROM newest_fixes_kept k JOIN commits c ON c.no = k.commit_no;
    IF last.no >= newest.no THEN
        RETURN;
    END IF;
    IF last.no IS NULL OR newest.facts_total - last.facts_total > 250000 THEN
        DELETE FROM newest_fixes;
        INSERT INTO newest_fixes
        SELECT d.device_no, x.gen, x.seq, x.fix_time, x.receive_time, x.lat, x.lon, x.acc, x.spd, x.hdg, x.src, x.quality
        FROM devices d CROSS JOIN LATERAL (
            SELECT * FROM fixes f
            WHERE f.device_no = d.device_no AND f.fix_time >= since AND f.commit_no <= newest.no AND f.quality IN (0, 6)
            ORDER BY f.fix_time DESC LIMIT 1
        ) x
        WHERE d.device_no NOT IN (SELECT seen.protected_devices());
    ELSE
        SELECT GREATEST(min(oldest_fix_time), since) INTO oldest FROM commits WHERE no > last.no AND no <= newest.no;
        INSERT INTO newest_fixes AS n
        SELECT DISTINCT ON (f.device_no) f.device_no, f.gen, f.seq, f.fix_time, f.receive_time, f.lat, f.lon, f.acc, f.spd,
            f.hdg, f.src, f.quality
        FROM fixes f
        WHERE f.commit_no > last.no AND f.commit_no <= newest.no AND f.fix_time >= oldest AND f.quality IN (0, 6)
            AND f.device_no NOT IN (SELECT seen.protected_devices())
        ORDER BY f.device_no, f.fix_time DESC
        ON CONFLICT (device_no) DO UPDATE SET gen = EXCLUDED.gen, seq = EXCLUDED.seq, fix_time = EXCLUDED.fix_time,
            receive_time = EXCLUDED.receive_time, lat = EXCLUDED.lat, lon = EXCLUDED.lon, acc = EXCLUDED.acc,
            spd = EXCLUDED.spd, hdg = EXCLUDED.hdg, src = EXCLUDED.src, quality = EXCLUDED.quality
            WHERE EXCLUDED.fix_time >= n.fix_time;
        DELETE FROM newest_fixes WHERE fix_time < since;
    END IF;
    INSERT INTO newest_fixes_kept (commit_no) VALUES (newest.no)
    ON CONFLICT (only_row) DO UPDATE SET commit_no = EXCLUDED.commit_no;
END $$;
REVOKE ALL ON FUNCTION keep_newest_fixes(timestamptz) FROM PUBLIC;

CREATE VIEW seen.newest_fixes AS
    SELECT x.* FROM newest_fixes x
    WHERE (SELECT seen.sees_positions()) AND x.device_no NOT IN (SELECT seen.protected_devices())
        AND ((SELECT seen.sees_everything()) OR x.device_no IN (SELECT seen.tracked_in_sight()));

DO $$
BEGIN
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'bailiwick_seeing') THEN
        GRANT SELECT ON seen.newest_fixes TO bailiwick_seeing;
    END IF;
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'bailiwick_api') THEN
        GRANT EXECUTE ON FUNCTION keep_newest_fixes(timestamptz) TO bailiwick_api;
        GRANT SELECT ON newest_fixes, newest_fixes_kept TO bailiwick_api;
    END IF;
END $$;
