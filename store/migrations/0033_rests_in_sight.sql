-- What rests on violations, for whoever sees these: when a fault of a lot of devices is found (failure 09).
CREATE VIEW seen.rests_on AS
    SELECT r.* FROM rests_on r WHERE EXISTS (SELECT FROM seen.violations_newest v WHERE v.id = r.violation_id);

DO $$
BEGIN
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'bailiwick_seeing') THEN
        GRANT SELECT ON seen.rests_on TO bailiwick_seeing;
    END IF;
END $$;
