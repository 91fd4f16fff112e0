-- What an event's data says to the rules, as one number (domain/said.py): the result and place of a presence check, the
-- value of an alcohol reading. Null where it says nothing; `data` keeps the whole.
ALTER TABLE equipment_events ADD COLUMN said bigint;
ALTER TABLE stray_equipment_events ADD COLUMN said bigint;

CREATE OR REPLACE VIEW all_equipment_events AS
    SELECT * FROM equipment_events UNION ALL SELECT * FROM stray_equipment_events;
