-- Who is at work: an advisory lock of the session that leads.

-- name: try_to_lead
-- Takes the lead if nobody has it. Never waits: a waiting statement would hold back vacuum for as long as it stands by.
SELECT pg_try_advisory_lock(7120, 2);

-- name: pulse_of_leader
-- The leader's session, and when its pulse last asked something and had its answer; nothing while it waits for one. Sessions
-- of the same login see that. A pulse that had to connect again may have left a session that nobody has noticed the end of.
SELECT l.pid, max(p.state_change)
FROM pg_locks l JOIN pg_stat_activity p ON p.application_name = 'bailiwick pulse of ' || l.pid
WHERE l.locktype = 'advisory' AND l.granted AND l.classid = 7120 AND l.objid = 2
    AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
GROUP BY l.pid
HAVING bool_and(p.state = 'idle');

-- name: end_leader
-- Its locks are free then.
SELECT pg_terminate_backend(%(pid)s);

-- name: nobody_leads
-- Whether nobody leads; nobody begins to until the transaction ends.
SELECT pg_try_advisory_xact_lock(7120, 2);

-- name: still_there
-- Asks whether the session lives.
SELECT 1;

-- name: notice_lost_clients
-- Lets the server notice within seconds that a leader's machine is gone, so that its lock is free.
SELECT set_config('tcp_keepalives_idle', '1', false), set_config('tcp_keepalives_interval', '1', false),
    set_config('tcp_keepalives_count', '3', false), set_config('tcp_user_timeout', '3000', false);
