-- Who is at work: an advisory lock of the session that leads.

-- name: try_to_lead
-- Takes the lead if nobody has it. Never waits: a waiting statement would hold back vacuum for as long as it stands by.
SELECT pg_try_advisory_lock(7120, 2);

-- name: still_there
-- Asks whether the session lives.
SELECT 1;

-- name: notice_lost_clients
-- Lets the server notice within seconds that a leader's machine is gone, so that its lock is free.
SELECT set_config('tcp_keepalives_idle', '1', false), set_config('tcp_keepalives_interval', '1', false),
    set_config('tcp_keepalives_count', '3', false), set_config('tcp_user_timeout', '3000', false);
