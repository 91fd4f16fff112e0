-- Which commit brought each newest fix, so that whoever follows the map asks for what came since and for nothing else.
ALTER TABLE newest_fixes ADD COLUMN commit_no bigint NOT NULL DEFAULT 0;

-- As before, with the commit.
CREATE OR REPLACE FUNCTION keep_newest_fixes(since timestamptz) RETURNS void
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
        INSERT INTO newest_fixes (device_no, gen, seq, fix_time, receive_time, lat, lon, acc, spd, hdg, src, quality, commit_no)
        SELECT d.device_no, x.gen, x.seq, x.fix_time, x.receive_time, x.lat, x.lon, x.acc, x.spd, x.hdg, x.src, x.quality,
            x.commit_no
        FROM devices d CROSS JOIN LATERAL (
            SELECT * FROM fixes f
            WHERE f.device_no = d.device_no AND f.fix_time >= since AND f.commit_no <= newest.no AND f.quality IN (0, 6)
            ORDER BY f.fix_time DESC LIMIT 1
        ) x
        WHERE d.device_no NOT IN (SELECT seen.protected_devices());
    ELSE
        SELECT GREATEST(min(oldest_fix_time), since) INTO oldest FROM commits WHERE no > last.no AND no <= newest.no;
        INSERT INTO newest_fixes AS n
            (device_no, gen, seq, fix_time, receive_time, lat, lon, acc, spd, hdg, src, quality, commit_no)
        SELECT DISTINCT ON (f.device_no) f.device_no, f.gen, f.seq, f.fix_time, f.receive_time, f.lat, f.lon, f.acc, f.spd,
            f.hdg, f.src, f.quality, f.commit_no
        FROM fixes f
        WHERE f.commit_no > last.no AND f.commit_no <= newest.no AND f.fix_time >= oldest AND f.quality IN (0, 6)
            AND f.device_no NOT IN (SELECT seen.protected_devices())
        ORDER BY f.device_no, f.fix_time DESC
        ON CONFLICT (device_no) DO UPDATE SET gen = EXCLUDED.gen, seq = EXCLUDED.seq, fix_time = EXCLUDED.fix_time,
            receive_time = EXCLUDED.receive_time, lat = EXCLUDED.lat, lon = EXCLUDED.lon, acc = EXCLUDED.acc,
            spd = EXCLUDED.spd, hdg = EXCLUDED.hdg, src = EXCLUDED.src, quality = EXCLUDED.quality,
            commit_no = EXCLUDED.commit_no
            WHERE EXCLUDED.fix_time >= n.fix_time;
        DELETE FROM newest_fixes WHERE fix_time < since;
    END IF;
    INSERT INTO newest_fixes_kept (commit_no) VALUES (newest.no)
    ON CONFLICT (only_row) DO UPDATE SET commit_no = EXCLUDED.commit_no;
END $$;

-- The column is new, and the views say which they have.
CREATE OR REPLACE VIEW seen.newest_fixes AS
    SELECT x.* FROM newest_fixes x
    WHERE (SELECT seen.sees_positions()) AND x.device_no NOT IN (SELECT seen.protected_devices())
        AND ((SELECT seen.sees_everything()) OR x.device_no IN (SELECT seen.tracked_in_sight()));
