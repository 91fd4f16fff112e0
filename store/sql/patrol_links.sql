-- Links by which an officer on the way to a wearer sees what they need.

-- name: make_patrol_link
-- A link to an open critical alert about a wearer; its number, nothing where the alert is none such.
INSERT INTO patrol_links (token_hash, alert_no, officer, force, made_at, made_by, expires_at)
SELECT %(token_hash)s, w.alert_no, %(officer)s, %(force)s, %(at)s, %(by)s, %(expires)s
FROM alert_work w JOIN alerts a ON a.alert_no = w.alert_no
WHERE w.alert_no = %(alert_no)s AND w.work <> 'closed' AND NOT a.withdrawn AND a.wearer IS NOT NULL
    AND COALESCE(w.severity, a.severity) = 'critical' RETURNING link_no;

-- name: revoke_patrol_link
-- It opens nothing any more; nothing when it was revoked before, or there is none.
UPDATE patrol_links SET revoked_at = %(at)s, revoked_by = %(by)s
WHERE link_no = %(link_no)s AND revoked_at IS NULL RETURNING link_no;

-- name: patrol_links
-- The links of an alert, the newest first; or that one alone.
SELECT link_no, alert_no, officer, force, made_at, made_by, expires_at, revoked_at, revoked_by, opened, last_opened_at
FROM patrol_links WHERE (%(alert_no)s::bigint IS NULL OR alert_no = %(alert_no)s)
    AND (%(link_no)s::bigint IS NULL OR link_no = %(link_no)s) ORDER BY link_no DESC LIMIT %(limit)s;

-- name: open_patrol_link
-- Whoever has the secret opens the link, as long as it is neither over nor revoked and its alert is open; of whom it is.
UPDATE patrol_links l SET opened = l.opened + 1, last_opened_at = %(at)s
FROM alert_work w JOIN alerts a ON a.alert_no = w.alert_no
WHERE l.token_hash = %(token_hash)s AND l.revoked_at IS NULL AND l.expires_at > %(at)s
    AND w.alert_no = l.alert_no AND w.work <> 'closed' AND NOT a.withdrawn AND a.wearer IS NOT NULL
RETURNING l.link_no, l.alert_no, a.wearer, l.officer, l.force, l.expires_at, a.kind, a.code, a.raised_at, a.state;
