-- Mass outages, and the networks that devices told of.

-- name: copy_incident_versions
-- Versions, in the order decided.
COPY incident_versions (id, version, opened_at, closed_at, decided_at, devices, silent, commit_no, line)
FROM STDIN (FORMAT binary);

-- name: copy_incident_devices
-- What those versions took in and released.
COPY incident_devices (id, device, version, change, wearer, victim, mcc, mnc, tac, cell, why) FROM STDIN (FORMAT binary);

-- name: point_at_newest_incidents
-- The versions just written become the newest of their ids.
INSERT INTO incidents (id, incident_version_no)
SELECT id, max(incident_version_no) FROM incident_versions WHERE commit_no = %(commit_no)s
GROUP BY id ORDER BY min(incident_version_no)
ON CONFLICT (id) DO UPDATE SET incident_version_no = EXCLUDED.incident_version_no;

-- name: copy_network_changes
-- Lines of this commit by which a device told of another network than before.
COPY network_changes (commit_no, line, device_no, mcc, mnc, tac, cell) FROM STDIN (FORMAT binary);

-- name: networks_of_commits
-- The network changes of some commits, line by line.
SELECT commit_no, line, mcc, mnc, tac, cell FROM network_changes
WHERE commit_no >= %(first)s AND commit_no <= %(last)s ORDER BY commit_no, line;

-- name: drop_old_networks
-- Those of commits that are gone.
DELETE FROM network_changes WHERE commit_no < (SELECT no FROM commits ORDER BY no LIMIT 1);

-- name: incidents_of_commits
-- Every version that some commits decided, in the order written.
SELECT commit_no, id, version, opened_at, closed_at, decided_at, devices, silent FROM incident_versions
WHERE commit_no >= %(first)s AND commit_no <= %(last)s ORDER BY incident_version_no;

-- name: devices_of_commits
-- What those versions took in and released, by device.
SELECT d.id, d.version, d.change, d.device, d.wearer, d.victim, d.mcc, d.mnc, d.tac, d.cell, d.why
FROM incident_versions v JOIN incident_devices d ON d.id = v.id AND d.version = v.version
WHERE v.commit_no >= %(first)s AND v.commit_no <= %(last)s ORDER BY d.device COLLATE "C";

-- name: incidents_page
-- Incidents in their newest version, the newest first.
SELECT n.incident_no, v.id, v.version, v.opened_at, v.closed_at, v.decided_at, v.devices, v.silent
FROM incidents n JOIN incident_versions v ON v.incident_version_no = n.incident_version_no
WHERE n.incident_no < %(before)s AND (%(open)s::boolean IS NULL OR (v.closed_at IS NULL) = %(open)s)
ORDER BY n.incident_no DESC LIMIT %(limit)s;

-- name: incident
-- One incident in its newest version.
SELECT n.incident_no, v.id, v.version, v.opened_at, v.closed_at, v.decided_at, v.devices, v.silent
FROM incidents n JOIN incident_versions v ON v.incident_version_no = n.incident_version_no WHERE n.id = %(id)s;

-- name: devices_of_incident
-- Each device that an incident ever took in, as it was last taken in; why it was released since, if it was; and since
-- when its loss stands, if it has sent nothing since (with the violation).
WITH taken AS (
    SELECT DISTINCT ON (d.device) d.device, d.version, d.wearer, d.victim, d.mcc, d.mnc, d.tac, d.cell, v.decided_at
    FROM incident_devices d JOIN incident_versions v ON v.id = d.id AND v.version = d.version
    WHERE d.id = %(id)s AND d.change = 'taken' ORDER BY d.device, d.version DESC
), lost AS (
    SELECT v.device, v.id, v.from_at FROM violations_newest n JOIN violations v ON v.violation_no = n.violation_no
    WHERE n.kind = 'communication_lost' AND n.open
)
SELECT t.device, t.wearer, t.victim, t.mcc, t.mnc, t.tac, t.cell, r.why, l.from_at, l.id
FROM taken t
LEFT JOIN LATERAL (
    SELECT d.why FROM incident_devices d
    WHERE d.id = %(id)s AND d.device = t.device AND d.change = 'released' AND d.version >= t.version
    ORDER BY d.version DESC LIMIT 1
) r ON true
LEFT JOIN lost l ON l.device = t.device AND l.from_at < t.decided_at
ORDER BY t.device COLLATE "C";

-- name: lost_in_zone
-- The wearers who are lost in a zone now.
SELECT DISTINCT n.wearer FROM violations_newest n WHERE n.kind = 'lost_in_zone' AND n.open AND n.wearer IS NOT NULL;

-- name: caseload_of_wearers
-- Every version that was learnt of some wearers, of their orders, and of what belongs to those, shared zones too.
WITH mine AS (
    SELECT record_no, type, id FROM caseload_records WHERE type = 'wearer' AND id = ANY(%(wearers)s)
), ordered AS (
    SELECT record_no, id FROM caseload_records WHERE type = 'order' AND body ->> 'wearer' = ANY(%(wearers)s)
), conditioned AS (
    SELECT c.record_no, c.id, c.body -> 'zone' ->> 'id' AS zone FROM (SELECT DISTINCT id FROM ordered) o
    JOIN caseload_records c ON c.type = 'condition' AND c.body ->> 'order' = o.id
), suspended AS (
    SELECT s.record_no FROM (SELECT DISTINCT id FROM ordered) o
    JOIN caseload_records s ON s.type = 'suspension' AND s.body ->> 'order' = o.id
), excused AS (
    SELECT a.record_no FROM (SELECT DISTINCT id FROM conditioned) c
    JOIN caseload_records a ON a.type = 'absence' AND a.body ->> 'condition' = c.id
), zoned AS (
    SELECT z.record_no FROM (SELECT DISTINCT zone FROM conditioned WHERE zone IS NOT NULL) c
    JOIN caseload_records z ON z.type = 'zone' AND z.id = c.zone
), wanted AS (
    SELECT record_no FROM mine UNION SELECT record_no FROM ordered UNION SELECT record_no FROM conditioned
    UNION SELECT record_no FROM suspended UNION SELECT record_no FROM excused UNION SELECT record_no FROM zoned
)
SELECT r.record_no, r.packed, CASE WHEN r.packed IS NULL OR %(whole)s THEN r.body END, r.holds_from, l.learnt_at,
    r.cancelled
FROM wanted w JOIN caseload_learnt l ON l.record_no = w.record_no JOIN caseload_records r ON r.record_no = w.record_no
ORDER BY l.commit_no, l.line, l.record_no;
