-- Whoever sees an order by other than its area (its officer, a name) sees the shared zones that its conditions name.

CREATE FUNCTION seen.zones_in_sight() RETURNS SETOF text
LANGUAGE sql STABLE SECURITY DEFINER SET search_path FROM CURRENT AS $$
    SELECT DISTINCT e.zone FROM caseload_entered e
    JOIN caseload_subjects s ON s.type = 'condition' AND s.id = e.id
    WHERE e.type = 'condition' AND e.zone IS NOT NULL AND s.wearer IN (SELECT seen.wearers_in_sight())
$$;

CREATE OR REPLACE VIEW seen.caseload_subjects AS
    SELECT s.* FROM caseload_subjects s
    WHERE CASE
        WHEN s.type = 'area' THEN seen.sight() <> '{}'
        WHEN s.type = 'zone' THEN (SELECT seen.sees_everything()) OR s.area IS NULL
            OR s.area IN (SELECT seen.areas_in_sight()) OR s.id IN (SELECT seen.zones_in_sight())
        WHEN s.type IN ('device', 'equipment_check') THEN
            ((SELECT seen.sees_everything()) OR s.device IN (SELECT seen.devices_in_sight()))
            AND ((SELECT seen.sees_victims()) OR s.device NOT IN (SELECT seen.protected_device_ids()))
        WHEN s.wearer IS NULL THEN (SELECT seen.sees_victims())
            AND ((SELECT seen.sees_everything()) OR s.victim IN (SELECT seen.victims_in_sight()))
        ELSE (SELECT seen.sees_everything()) OR s.wearer IN (SELECT seen.wearers_in_sight())
    END;
