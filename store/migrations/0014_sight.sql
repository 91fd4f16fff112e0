-- Who sees whom, kept by the database (docs/decisions/0012): views of what people ask for, each cut to the caller's sight.

-- Whose each caseload record is: worked out when ingest learns it, so that no question need walk from an absence over its
-- condition and its order to the wearer. `officer` is an order's responsible officer's address, in lower case.
CREATE TABLE caseload_subjects (
    type text NOT NULL,
    id text NOT NULL,
    wearer text,
    victim text,
    device text,
    area text,
    officer text,
    PRIMARY KEY (type, id)
);
CREATE INDEX caseload_subjects_area ON caseload_subjects (area) WHERE type = 'order';
CREATE INDEX caseload_subjects_officer ON caseload_subjects (officer) WHERE type = 'order';
CREATE INDEX caseload_subjects_wearer ON caseload_subjects (wearer);
CREATE INDEX caseload_subjects_victim ON caseload_subjects (victim) WHERE victim IS NOT NULL;
CREATE INDEX caseload_records_condition ON caseload_records (type, (body ->> 'condition'));

-- The newest version of each record with the subject that it names itself, and that of its order.
CREATE VIEW subjects_found AS
    SELECT n.type, n.id,
        CASE n.type
            WHEN 'wearer' THEN n.id
            WHEN 'condition' THEN o.body ->> 'wearer'
            WHEN 'suspension' THEN o.body ->> 'wearer'
            WHEN 'absence' THEN o.body ->> 'wearer'
            WHEN 'assessment' THEN regexp_replace(r.body ->> 'violation', '-[0-9]+$', '')
            ELSE r.body ->> 'wearer'
        END AS wearer,
        CASE n.type WHEN 'victim' THEN n.id ELSE r.body ->> 'victim' END AS victim,
        CASE n.type WHEN 'device' THEN n.id ELSE r.body ->> 'device' END AS device,
        CASE n.type WHEN 'area' THEN n.id ELSE r.body ->> 'area' END AS area,
        CASE n.type WHEN 'order' THEN lower(r.body -> 'officer' ->> 'email') END AS officer
    FROM caseload_newest n
    JOIN caseload_records r ON r.record_no = n.record_no
    LEFT JOIN caseload_newest cn ON n.type = 'absence' AND cn.type = 'condition' AND cn.id = r.body ->> 'condition'
    LEFT JOIN caseload_records c ON c.record_no = cn.record_no
    LEFT JOIN caseload_newest m ON n.type IN ('condition', 'suspension', 'absence') AND m.type = 'order'
        AND m.id = COALESCE(c.body, r.body) ->> 'order'
    LEFT JOIN caseload_records o ON o.record_no = m.record_no;

-- What changed, and what hangs on a changed order or condition (a file may name a condition before its order).
CREATE FUNCTION keep_subjects() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
BEGIN
    WITH hanging AS (
        SELECT r.type, r.id FROM changed c
        JOIN caseload_records r ON r.type IN ('condition', 'suspension') AND r.body ->> 'order' = c.id
        WHERE c.type = 'order'
    ),
    touched AS (
        SELECT type, id FROM changed
        UNION SELECT type, id FROM hanging
        UNION SELECT r.type, r.id
            FROM (SELECT id FROM changed WHERE type = 'condition' UNION SELECT id FROM hanging WHERE type = 'condition') h
            JOIN caseload_records r ON r.type = 'absence' AND r.body ->> 'condition' = h.id
    )
    INSERT INTO caseload_subjects (type, id, wearer, victim, device, area, officer)
    SELECT f.type, f.id, f.wearer, f.victim, f.device, f.area, f.officer
    FROM touched t JOIN subjects_found f ON f.type = t.type AND f.id = t.id
    ON CONFLICT (type, id) DO UPDATE SET wearer = EXCLUDED.wearer, victim = EXCLUDED.victim, device = EXCLUDED.device,
        area = EXCLUDED.area, officer = EXCLUDED.officer
    WHERE (caseload_subjects.wearer, caseload_subjects.victim, caseload_subjects.device, caseload_subjects.area,
            caseload_subjects.officer)
        IS DISTINCT FROM (EXCLUDED.wearer, EXCLUDED.victim, EXCLUDED.device, EXCLUDED.area, EXCLUDED.officer);
    RETURN NULL;
END $$;
CREATE TRIGGER caseload_newest_subjects AFTER INSERT ON caseload_newest
    REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION keep_subjects();
CREATE TRIGGER caseload_newest_subjects_again AFTER UPDATE ON caseload_newest
    REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION keep_subjects();

INSERT INTO caseload_subjects SELECT type, id, wearer, victim, device, area, officer FROM subjects_found;

-- The sight of the caller, as store/seeing.py sets it for one transaction: a JSON object. Without it nothing is seen.
CREATE SCHEMA seen;

CREATE FUNCTION seen.sight() RETURNS jsonb LANGUAGE sql STABLE AS $$
    SELECT COALESCE(NULLIF(current_setting('bailiwick.sight', true), ''), '{}')::jsonb
$$;
CREATE FUNCTION seen.sees_everything() RETURNS boolean LANGUAGE sql STABLE AS $$
    SELECT COALESCE((seen.sight() ->> 'everything')::boolean, false)
$$;
CREATE FUNCTION seen.sees_positions() RETURNS boolean LANGUAGE sql STABLE AS $$
    SELECT COALESCE((seen.sight() ->> 'positions')::boolean, false)
$$;
CREATE FUNCTION seen.sees_victims() RETURNS boolean LANGUAGE sql STABLE AS $$
    SELECT COALESCE((seen.sight() ->> 'victims')::boolean, false)
$$;
CREATE FUNCTION seen.sees_centre() RETURNS boolean LANGUAGE sql STABLE AS $$
    SELECT COALESCE((seen.sight() ->> 'centre')::boolean, false)
$$;

-- The areas that the caller was given, and those below them. Areas are few.
CREATE FUNCTION seen.areas_in_sight() RETURNS SETOF text
LANGUAGE sql STABLE SECURITY DEFINER SET search_path FROM CURRENT AS $$
    WITH RECURSIVE reached AS (
        SELECT jsonb_array_elements_text(seen.sight() -> 'areas') AS id
        UNION
        SELECT a.id FROM areas a JOIN reached r ON a.parent = r.id
    )
    SELECT id FROM reached
$$;

-- The wearers of those areas, of that officer, and those named one by one. Orders that are over count: their record stays.
CREATE FUNCTION seen.wearers_in_sight() RETURNS SETOF text
LANGUAGE sql STABLE SECURITY DEFINER SET search_path FROM CURRENT AS $$
    SELECT wearer FROM caseload_subjects WHERE type = 'order' AND area IN (SELECT seen.areas_in_sight())
    UNION
    SELECT wearer FROM caseload_subjects WHERE type = 'order' AND officer = seen.sight() ->> 'email'
    UNION
    SELECT jsonb_array_elements_text(seen.sight() -> 'wearers')
$$;

CREATE FUNCTION seen.victims_in_sight() RETURNS SETOF text
LANGUAGE sql STABLE SECURITY DEFINER SET search_path FROM CURRENT AS $$
    SELECT DISTINCT victim FROM caseload_subjects
    WHERE type = 'condition' AND victim IS NOT NULL AND wearer IN (SELECT seen.wearers_in_sight())
$$;

CREATE FUNCTION seen.devices_in_sight() RETURNS SETOF text
LANGUAGE sql STABLE SECURITY DEFINER SET search_path FROM CURRENT AS $$
    SELECT device FROM caseload_subjects WHERE type = 'fitting' AND wearer IN (SELECT seen.wearers_in_sight())
    UNION
    SELECT device FROM caseload_subjects
    WHERE type = 'fitting' AND seen.sees_victims() AND victim IN (SELECT seen.victims_in_sight())
$$;

-- Devices on wearers in sight, for facts; and those on protected people, whose facts nobody reads this way.
CREATE FUNCTION seen.tracked_in_sight() RETURNS SETOF bigint
LANGUAGE sql STABLE SECURITY DEFINER SET search_path FROM CURRENT AS $$
    SELECT d.device_no FROM caseload_subjects s JOIN devices d ON d.id = s.device
    WHERE s.type = 'fitting' AND s.wearer IN (SELECT seen.wearers_in_sight())
$$;
CREATE FUNCTION seen.protected_devices() RETURNS SETOF bigint
LANGUAGE sql STABLE SECURITY DEFINER SET search_path FROM CURRENT AS $$
    SELECT d.device_no FROM caseload_subjects s JOIN devices d ON d.id = s.device
    WHERE s.type = 'fitting' AND s.victim IS NOT NULL
$$;
CREATE FUNCTION seen.protected_device_ids() RETURNS SETOF text
LANGUAGE sql STABLE SECURITY DEFINER SET search_path FROM CURRENT AS $$
    SELECT device FROM caseload_subjects WHERE type = 'fitting' AND victim IS NOT NULL
$$;

-- In all that follows `everything OR x IN (SELECT ...)` is meant so: the set is worked out once a question, and hashed.
CREATE VIEW seen.caseload_subjects AS
    SELECT s.* FROM caseload_subjects s
    WHERE CASE
        WHEN s.type = 'area' THEN seen.sight() <> '{}'
        WHEN s.type = 'zone' THEN (SELECT seen.sees_everything()) OR s.area IS NULL
            OR s.area IN (SELECT seen.areas_in_sight())
        WHEN s.type IN ('device', 'equipment_check') THEN
            ((SELECT seen.sees_everything()) OR s.device IN (SELECT seen.devices_in_sight()))
            AND ((SELECT seen.sees_victims()) OR s.device NOT IN (SELECT seen.protected_device_ids()))
        WHEN s.wearer IS NULL THEN (SELECT seen.sees_victims())
            AND ((SELECT seen.sees_everything()) OR s.victim IN (SELECT seen.victims_in_sight()))
        ELSE (SELECT seen.sees_everything()) OR s.wearer IN (SELECT seen.wearers_in_sight())
    END;

CREATE VIEW seen.caseload_records AS
    SELECT r.* FROM caseload_records r JOIN seen.caseload_subjects s ON s.type = r.type AND s.id = r.id;
CREATE VIEW seen.caseload_newest AS
    SELECT n.* FROM caseload_newest n JOIN seen.caseload_subjects s ON s.type = n.type AND s.id = n.id;
CREATE VIEW seen.caseload_learnt AS
    SELECT l.* FROM caseload_learnt l WHERE EXISTS (SELECT FROM seen.caseload_records r WHERE r.record_no = l.record_no);
CREATE VIEW seen.caseload_now AS
    SELECT c.* FROM caseload_now c JOIN seen.caseload_subjects s ON s.type = c.type AND s.id = c.id;

CREATE VIEW seen.areas AS SELECT v.* FROM areas v;
CREATE VIEW seen.wearers AS
    SELECT v.* FROM wearers v JOIN seen.caseload_subjects s ON s.type = 'wearer' AND s.id = v.id;
CREATE VIEW seen.victims AS
    SELECT v.* FROM victims v JOIN seen.caseload_subjects s ON s.type = 'victim' AND s.id = v.id;
CREATE VIEW seen.device_records AS
    SELECT v.* FROM device_records v JOIN seen.caseload_subjects s ON s.type = 'device' AND s.id = v.id;
CREATE VIEW seen.fittings AS
    SELECT v.* FROM fittings v JOIN seen.caseload_subjects s ON s.type = 'fitting' AND s.id = v.id;
CREATE VIEW seen.orders AS
    SELECT v.* FROM orders v JOIN seen.caseload_subjects s ON s.type = 'order' AND s.id = v.id;
CREATE VIEW seen.zones AS
    SELECT v.* FROM zones v JOIN seen.caseload_subjects s ON s.type = 'zone' AND s.id = v.id;
CREATE VIEW seen.conditions AS
    SELECT v.* FROM conditions v JOIN seen.caseload_subjects s ON s.type = 'condition' AND s.id = v.id;
CREATE VIEW seen.absences AS
    SELECT v.* FROM absences v JOIN seen.caseload_subjects s ON s.type = 'absence' AND s.id = v.id;
CREATE VIEW seen.suspensions AS
    SELECT v.* FROM suspensions v JOIN seen.caseload_subjects s ON s.type = 'suspension' AND s.id = v.id;
CREATE VIEW seen.visits AS
    SELECT v.* FROM visits v JOIN seen.caseload_subjects s ON s.type = 'visit' AND s.id = v.id;
CREATE VIEW seen.equipment_checks AS
    SELECT v.* FROM equipment_checks v JOIN seen.caseload_subjects s ON s.type = 'equipment_check' AND s.id = v.id;
CREATE VIEW seen.assessments AS
    SELECT v.* FROM assessments v JOIN seen.caseload_subjects s ON s.type = 'assessment' AND s.id = v.id;

-- Numbers of devices say nothing of anybody.
CREATE VIEW seen.devices AS SELECT d.* FROM devices d WHERE seen.sight() <> '{}';

CREATE VIEW seen.fixes AS
    SELECT x.* FROM fixes x
    WHERE (SELECT seen.sees_positions()) AND x.device_no NOT IN (SELECT seen.protected_devices())
        AND ((SELECT seen.sees_everything()) OR x.device_no IN (SELECT seen.tracked_in_sight()));
CREATE VIEW seen.stray_fixes AS
    SELECT x.* FROM stray_fixes x
    WHERE (SELECT seen.sees_positions()) AND x.device_no NOT IN (SELECT seen.protected_devices())
        AND ((SELECT seen.sees_everything()) OR x.device_no IN (SELECT seen.tracked_in_sight()));
CREATE VIEW seen.all_fixes AS SELECT * FROM seen.fixes UNION ALL SELECT * FROM seen.stray_fixes;
CREATE VIEW seen.fix_qualities AS
    SELECT q.* FROM fix_qualities q
    WHERE q.device_no NOT IN (SELECT seen.protected_devices())
        AND ((SELECT seen.sees_everything()) OR q.device_no IN (SELECT seen.tracked_in_sight()));

-- Equipment events hold no place: whoever sees the device sees them.
CREATE FUNCTION seen.device_nos_in_sight() RETURNS SETOF bigint
LANGUAGE sql STABLE SECURITY DEFINER SET search_path FROM CURRENT AS $$
    SELECT d.device_no FROM devices d WHERE d.id IN (SELECT seen.devices_in_sight())
$$;
CREATE VIEW seen.equipment_events AS
    SELECT e.* FROM equipment_events e
    WHERE ((SELECT seen.sees_everything()) OR e.device_no IN (SELECT seen.device_nos_in_sight()))
        AND ((SELECT seen.sees_victims()) OR e.device_no NOT IN (SELECT seen.protected_devices()));
CREATE VIEW seen.stray_equipment_events AS
    SELECT e.* FROM stray_equipment_events e
    WHERE ((SELECT seen.sees_everything()) OR e.device_no IN (SELECT seen.device_nos_in_sight()))
        AND ((SELECT seen.sees_victims()) OR e.device_no NOT IN (SELECT seen.protected_devices()));
CREATE VIEW seen.all_equipment_events AS
    SELECT * FROM seen.equipment_events UNION ALL SELECT * FROM seen.stray_equipment_events;

-- When a device was last heard tells nobody where: for lists of devices, also of those who see no fix.
CREATE FUNCTION last_heard(wanted text, since timestamptz) RETURNS timestamptz LANGUAGE sql STABLE AS $$
    SELECT max(heard.receive_time) FROM devices n, LATERAL (
        (SELECT receive_time FROM fixes x WHERE x.device_no = n.device_no AND x.fix_time >= since
            ORDER BY x.fix_time DESC LIMIT 1)
        UNION ALL
        (SELECT receive_time FROM equipment_events e WHERE e.device_no = n.device_no AND e.fix_time >= since
            ORDER BY e.fix_time DESC LIMIT 1)
    ) AS heard
    WHERE n.id = wanted
$$;
CREATE FUNCTION seen.last_heard(wanted text, since timestamptz) RETURNS timestamptz
LANGUAGE sql STABLE SECURITY DEFINER SET search_path FROM CURRENT AS $$
    SELECT last_heard(wanted, since) WHERE EXISTS (SELECT FROM seen.device_records r WHERE r.id = wanted)
$$;

-- What belongs to no wearer (a victim's unit, a device, the service) is the centre's.
CREATE VIEW seen.violations AS
    SELECT v.* FROM violations v
    WHERE CASE WHEN v.wearer IS NULL THEN (SELECT seen.sees_centre())
        ELSE (SELECT seen.sees_everything()) OR v.wearer IN (SELECT seen.wearers_in_sight()) END;
CREATE VIEW seen.violations_newest AS
    SELECT v.* FROM violations_newest v
    WHERE CASE WHEN v.wearer IS NULL THEN (SELECT seen.sees_centre())
        ELSE (SELECT seen.sees_everything()) OR v.wearer IN (SELECT seen.wearers_in_sight()) END;
CREATE VIEW seen.current_violations AS
    SELECT v.* FROM seen.violations_newest n JOIN seen.violations v ON v.violation_no = n.violation_no
    WHERE NOT n.withdrawn;
CREATE VIEW seen.alerts AS
    SELECT a.* FROM alerts a
    WHERE CASE WHEN a.wearer IS NULL THEN (SELECT seen.sees_centre())
        ELSE (SELECT seen.sees_everything()) OR a.wearer IN (SELECT seen.wearers_in_sight()) END;
CREATE VIEW seen.alert_violations AS
    SELECT v.* FROM alert_violations v WHERE EXISTS (SELECT FROM seen.alerts a WHERE a.alert_no = v.alert_no);
CREATE VIEW seen.alert_work AS
    SELECT w.* FROM alert_work w WHERE EXISTS (SELECT FROM seen.alerts a WHERE a.alert_no = w.alert_no);

CREATE VIEW seen.alert_events AS
    SELECT e.* FROM alert_events e WHERE EXISTS (SELECT FROM seen.alerts a WHERE a.alert_no = e.alert_no);
CREATE VIEW seen.timers AS
    SELECT t.* FROM timers t WHERE EXISTS (SELECT FROM seen.alerts a WHERE a.alert_no = t.alert_no);
CREATE VIEW seen.notifications AS
    SELECT n.* FROM notifications n WHERE EXISTS (SELECT FROM seen.alerts a WHERE a.alert_no = n.alert_no);
CREATE VIEW seen.tasks AS
    SELECT t.* FROM tasks t WHERE EXISTS (SELECT FROM seen.alerts a WHERE a.alert_no = t.alert_no);
CREATE VIEW seen.contacts AS
    SELECT c.* FROM contacts c
    WHERE (c.victim IS NULL OR (SELECT seen.sees_victims()))
        AND CASE WHEN c.wearer IS NOT NULL
            THEN (SELECT seen.sees_everything()) OR c.wearer IN (SELECT seen.wearers_in_sight())
            ELSE EXISTS (SELECT FROM seen.alerts a WHERE a.alert_no = c.alert_no) OR (SELECT seen.sees_everything()) END;
CREATE VIEW seen.mutes AS
    SELECT m.* FROM mutes m
    WHERE (SELECT seen.sees_everything()) OR m.wearer IN (SELECT seen.wearers_in_sight());

-- Mass outages are the centre's; so is where devices said that they were connected.
CREATE VIEW seen.incidents AS SELECT i.* FROM incidents i WHERE (SELECT seen.sees_centre());
CREATE VIEW seen.incident_versions AS SELECT v.* FROM incident_versions v WHERE (SELECT seen.sees_centre());
CREATE VIEW seen.incident_devices AS
    SELECT d.* FROM incident_devices d
    WHERE (SELECT seen.sees_centre()) AND ((SELECT seen.sees_everything())
        OR COALESCE(d.wearer IN (SELECT seen.wearers_in_sight()), d.victim IN (SELECT seen.victims_in_sight())));

DO $$
BEGIN
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'bailiwick_seeing') THEN
        BEGIN
            CREATE ROLE bailiwick_seeing NOLOGIN;
        EXCEPTION
            WHEN duplicate_object OR unique_violation THEN NULL; -- another database's migration was faster
            WHEN insufficient_privilege THEN
                RAISE NOTICE 'role bailiwick_seeing was not made: % may not make roles', current_user;
        END;
    END IF;
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'bailiwick_seeing') THEN
        RETURN;
    END IF;
    GRANT USAGE ON SCHEMA seen TO bailiwick_seeing;
    GRANT SELECT ON ALL TABLES IN SCHEMA seen TO bailiwick_seeing;
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'bailiwick_api') THEN
        GRANT bailiwick_seeing TO bailiwick_api;
    END IF;
END $$;
