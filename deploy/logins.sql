-- A database login for each process, and one for the statistics job, after the first `migrate`. Run by the owner, with the passwords as psql variables:
--   psql -v ingest=... -v dispatch=... -v api=... -v exporter=... -v statistics=... -f deploy/logins.sql
-- A login may do what the role of its process may (docs/database.md), and nothing else.
CREATE ROLE bailiwick_login_ingest LOGIN PASSWORD :'ingest' IN ROLE bailiwick_ingest;
CREATE ROLE bailiwick_login_dispatch LOGIN PASSWORD :'dispatch' IN ROLE bailiwick_dispatch;
CREATE ROLE bailiwick_login_api LOGIN PASSWORD :'api' IN ROLE bailiwick_api;
CREATE ROLE bailiwick_login_exporter LOGIN PASSWORD :'exporter' IN ROLE bailiwick_exporter;
CREATE ROLE bailiwick_login_statistics LOGIN PASSWORD :'statistics' IN ROLE bailiwick_statistics;
