-- The numbers that stand for devices.

-- name: all_device_numbers
-- Every device and its number.
SELECT id, device_no FROM devices;

-- name: numbers_of_devices
-- The numbers of some devices; one without a row has none.
SELECT id, device_no FROM devices WHERE id = ANY(%(ids)s::text[]);

-- name: devices_of_numbers
-- The devices of some numbers.
SELECT id, device_no FROM devices WHERE device_no = ANY(%(nos)s::bigint[]);

-- name: enter_devices
-- Gives each device that has none its number.
INSERT INTO devices (id)
SELECT id FROM unnest(%(ids)s::text[]) WITH ORDINALITY AS e(id, place) ORDER BY place
ON CONFLICT (id) DO NOTHING;
