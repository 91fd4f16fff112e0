-- What has no wearer is seen by the areas of whoever it is about; a protected person's unit is named to those who may know it; and
-- a sight may be of the visits of one day.

-- The visits of the day that the sight names; nothing where it names none.
CREATE INDEX caseload_entered_visits ON caseload_entered (from_at) WHERE type = 'visit';
CREATE FUNCTION seen.sees_any_day() RETURNS boolean LANGUAGE sql STABLE AS $$
    SELECT seen.sight() ->> 'visits' IS NULL
$$;
CREATE FUNCTION seen.visits_in_sight() RETURNS SETOF text
LANGUAGE sql STABLE SECURITY DEFINER SET search_path FROM CURRENT AS $$
    SELECT id FROM caseload_entered WHERE type = 'visit'
        AND from_at >= 'epoch'::timestamptz + (seen.sight() -> 'visits' ->> 0)::bigint * interval '1 microsecond'
        AND from_at < 'epoch'::timestamptz + (seen.sight() -> 'visits' ->> 1)::bigint * interval '1 microsecond'
$$;

-- As in 0024, with the day of visits.
CREATE OR REPLACE VIEW seen.caseload_subjects AS
    SELECT s.* FROM caseload_subjects s
    WHERE CASE
        WHEN s.type = 'area' THEN seen.sight() <> '{}'
        WHEN s.type = 'zone' THEN (SELECT seen.sees_everything()) OR s.area IS NULL
            OR s.area IN (SELECT seen.areas_in_sight()) OR s.id IN (SELECT seen.zones_in_sight())
        WHEN s.type IN ('device', 'equipment_check') THEN
            ((SELECT seen.sees_everything()) OR s.device IN (SELECT seen.devices_in_sight()))
            AND ((SELECT seen.sees_victims()) OR s.device NOT IN (SELECT seen.protected_device_ids()))
        WHEN s.type = 'visit' AND NOT (SELECT seen.sees_any_day()) AND s.id NOT IN (SELECT seen.visits_in_sight()) THEN false
        WHEN s.wearer IS NULL THEN (SELECT seen.sees_victims())
            AND ((SELECT seen.sees_everything()) OR s.victim IN (SELECT seen.victims_in_sight()))
        ELSE (SELECT seen.sees_everything()) OR s.wearer IN (SELECT seen.wearers_in_sight())
    END;

-- A violation without a wearer is a protected person's: the centre sees those of whom it sees the record.
CREATE OR REPLACE VIEW seen.violations AS
    SELECT v.violation_no, v.id, v.version, v.change, v.reason, v.wearer, v.victim, v.kind, v.code, v.order_id, v.condition,
        CASE WHEN (SELECT seen.sees_victims()) OR v.device NOT IN (SELECT seen.protected_device_ids()) THEN v.device END AS device,
        v.from_at, v.to_at, v.decided_at, v.late, v.age_s, v.cause, v.minutes_certain, v.minutes_possible,
        v.p_inside, v.score, v.retrospective, v.untold,
        CASE WHEN v.victim IS NULL THEN v.evidence ELSE COALESCE((
            SELECT jsonb_agg(e.fact ORDER BY e.place) FROM jsonb_array_elements(v.evidence) WITH ORDINALITY AS e (fact, place)
            WHERE e.fact ->> 'device' NOT IN (SELECT seen.protected_device_ids())), '[]') END AS evidence,
        v.commit_no, v.line
    FROM violations v
    WHERE CASE WHEN v.wearer IS NULL THEN (SELECT seen.sees_centre()) AND (SELECT seen.sees_victims())
            AND ((SELECT seen.sees_everything()) OR v.victim IN (SELECT seen.victims_in_sight()))
        ELSE (SELECT seen.sees_everything()) OR v.wearer IN (SELECT seen.wearers_in_sight()) END;

-- Its name begins with whose it is.
CREATE OR REPLACE VIEW seen.violations_newest AS
    SELECT v.* FROM violations_newest v
    WHERE CASE WHEN v.wearer IS NULL THEN (SELECT seen.sees_centre()) AND (SELECT seen.sees_victims())
            AND ((SELECT seen.sees_everything())
                OR regexp_replace(v.id, '-[0-9]+$', '') IN (SELECT seen.victims_in_sight()))
        ELSE (SELECT seen.sees_everything()) OR v.wearer IN (SELECT seen.wearers_in_sight()) END;

-- An alert without a wearer is a protected person's; or of a device, then it is of whoever had that when it was raised; or of nobody
-- at all, and the centre's.
CREATE OR REPLACE VIEW seen.alerts AS
    SELECT a.alert_no, a.episode, a.revision, a.wearer, a.victim,
        CASE WHEN (SELECT seen.sees_victims()) OR a.device NOT IN (SELECT seen.protected_device_ids()) THEN a.device END AS device,
        a.kind, a.code, a.condition, a.severity, a.state, a.withdrawn, a.raised_at, a.changed_at, a.commit_no, a.grouped_under
    FROM alerts a
    WHERE CASE
        WHEN a.wearer IS NOT NULL THEN (SELECT seen.sees_everything()) OR a.wearer IN (SELECT seen.wearers_in_sight())
        WHEN NOT (SELECT seen.sees_centre()) THEN false
        WHEN a.victim IS NOT NULL THEN (SELECT seen.sees_victims())
            AND ((SELECT seen.sees_everything()) OR a.victim IN (SELECT seen.victims_in_sight()))
        WHEN a.device IS NULL OR (SELECT seen.sees_everything()) THEN true
        ELSE NOT EXISTS (
            SELECT FROM caseload_entered f
            WHERE f.type = 'fitting' AND f.device = a.device AND NOT f.cancelled
                AND f.from_at <= a.raised_at AND COALESCE(f.to_at, 'infinity') > a.raised_at
                AND NOT CASE WHEN f.wearer IS NOT NULL THEN f.wearer IN (SELECT seen.wearers_in_sight())
                    ELSE (SELECT seen.sees_victims()) AND f.victim IN (SELECT seen.victims_in_sight()) END)
    END;
