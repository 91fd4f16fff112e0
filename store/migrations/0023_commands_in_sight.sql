-- What was asked of a device is seen by whoever sees the person who wore it then: a device is swapped, and a text stays with whom
-- it was written to. Whoever sees everybody sees also what was asked while nobody wore it.
CREATE OR REPLACE VIEW seen.device_commands AS
    SELECT c.* FROM device_commands c
    WHERE EXISTS (SELECT FROM seen.fittings f
            WHERE f.device = c.device AND f.from_at <= c.made_at AND COALESCE(f.to_at, 'infinity') > c.made_at)
        OR ((SELECT seen.sees_everything()) AND EXISTS (SELECT FROM seen.device_records r WHERE r.id = c.device));
