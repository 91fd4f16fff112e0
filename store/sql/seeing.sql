-- Questions put for a caller: as the role that sees only the views of `seen`, cut to the caller's sight.

-- name: see_as
-- For the rest of the transaction: the role, the views before the tables of the same names, and the sight.
SELECT set_config('search_path', 'seen, ' || current_schema(), true), set_config('bailiwick.sight', %(sight)s, true),
    set_config('role', 'bailiwick_seeing', true);

-- name: see_as_keeping_plans
-- The same, for questions whose plans are kept: planning under the views costs more than most answers. `plans` says when, as
-- PostgreSQL's `plan_cache_mode`.
SELECT set_config('search_path', 'seen, ' || current_schema(), true), set_config('bailiwick.sight', %(sight)s, true),
    set_config('role', 'bailiwick_seeing', true), set_config('plan_cache_mode', %(plans)s, true);

-- name: can_see_as
-- Whether the role is there, and whether the connection may act in it.
SELECT COALESCE((SELECT pg_has_role(current_user, oid, 'USAGE') FROM pg_roles WHERE rolname = 'bailiwick_seeing'), false);

-- name: wearers_in_sight
-- The wearers that the caller sees; to be asked under a sight that is not of everything.
SELECT id FROM wearers ORDER BY id;

-- name: victims_in_sight
-- The protected people that the caller sees; to be asked under a sight that is not of everything.
SELECT id FROM victims ORDER BY id;

-- name: alert_in_sight
-- Whether there is an alert of that number, and the caller sees it.
SELECT EXISTS (SELECT FROM alerts WHERE alert_no = %(key)s::bigint);

-- name: contact_in_sight
-- Whether there is a contact of that number, and the caller sees it.
SELECT EXISTS (SELECT FROM contacts WHERE contact_no = %(key)s::bigint);

-- name: device_in_sight
-- Whether there is a device of that id, and the caller sees it.
SELECT EXISTS (SELECT FROM device_records WHERE id = %(key)s);

-- name: mute_in_sight
-- Whether there is a mute of that number, and the caller sees it.
SELECT EXISTS (SELECT FROM mutes WHERE mute_no = %(key)s::bigint);

-- name: task_in_sight
-- Whether there is a task of that number, and the caller sees it.
SELECT EXISTS (SELECT FROM tasks WHERE task_no = %(key)s::bigint);

-- name: victim_in_sight
-- Whether there is a protected person of that id, and the caller sees it.
SELECT EXISTS (SELECT FROM victims WHERE id = %(key)s);

-- name: violation_in_sight
-- Whether there is a violation of that id, and the caller sees it.
SELECT EXISTS (SELECT FROM violations_newest WHERE id = %(key)s);

-- name: wearer_in_sight
-- Whether there is a wearer of that id, and the caller sees it.
SELECT EXISTS (SELECT FROM wearers WHERE id = %(key)s);

-- name: alerts_in_sight
-- Those of some alerts that the caller sees.
SELECT alert_no FROM alerts WHERE alert_no = ANY(%(numbers)s::bigint[]);

-- name: mutes_in_sight
-- Those of some mutes that the caller sees.
SELECT mute_no FROM mutes WHERE mute_no = ANY(%(numbers)s::bigint[]);
