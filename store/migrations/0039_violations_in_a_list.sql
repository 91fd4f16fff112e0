-- A list of violations is read on by what stays of each: the number of its first version. That of the newest moves with every
-- version, so that one which got another while somebody read on stood on no page.
ALTER TABLE violations_newest ADD COLUMN first_no bigint;
UPDATE violations_newest n SET first_no = (SELECT min(v.violation_no) FROM violations v WHERE v.id = n.id);
ALTER TABLE violations_newest
    ALTER COLUMN first_no SET NOT NULL,
    DROP CONSTRAINT violations_newest_violation_no_key,
    ADD CONSTRAINT violations_newest_first_no_key UNIQUE (first_no);
DROP INDEX violations_newest_wearer, violations_newest_open;
CREATE INDEX violations_newest_wearer ON violations_newest (wearer, first_no);
CREATE INDEX violations_newest_open ON violations_newest (kind, first_no) WHERE open;

-- As in 0014, with the new column.
CREATE OR REPLACE VIEW seen.violations_newest AS
    SELECT v.* FROM violations_newest v
    WHERE CASE WHEN v.wearer IS NULL THEN (SELECT seen.sees_centre())
        ELSE (SELECT seen.sees_everything()) OR v.wearer IN (SELECT seen.wearers_in_sight()) END;
