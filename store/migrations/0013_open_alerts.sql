-- What is not closed is little among all that ever was: lists of it, and the oldest that nobody has, look at nothing else.
-- One index as before, so a new alert costs ingest no more.
DROP INDEX alert_work_unclaimed;
CREATE INDEX alert_work_open ON alert_work (work, unclaimed_since) WHERE work <> 'closed';

-- What somebody has, or had when it was closed. A new alert is nobody's.
CREATE INDEX alert_work_holder ON alert_work (holder, work) WHERE holder IS NOT NULL;
