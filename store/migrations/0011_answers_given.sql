-- What was answered to a request that named itself by an `Idempotency-Key`: the same again gives the same answer and does
-- nothing twice. A row is made in the transaction of the work that was asked for; the answer is put in after it (null until
-- then). `asked` is a digest of the request's body. Kept for a day; nothing else is read from it.
CREATE TABLE answers_given (
    actor text NOT NULL,
    path text NOT NULL,
    key text NOT NULL,
    asked bytea NOT NULL,
    at timestamptz NOT NULL,
    status bigint,
    etag text,
    body bytea,
    PRIMARY KEY (actor, path, key),
    CHECK ((status IS NULL) = (body IS NULL))
);
CREATE INDEX answers_given_at ON answers_given (at);

-- The mutes that are not over, of everybody.
CREATE INDEX mutes_standing ON mutes (mute_no) WHERE ended_at IS NULL;

DO $$
BEGIN
    IF EXISTS (SELECT 1 FROM pg_roles WHERE rolname = 'bailiwick_api') THEN
        GRANT SELECT, INSERT, DELETE ON answers_given TO bailiwick_api;
        GRANT UPDATE (status, etag, body) ON answers_given TO bailiwick_api;
    END IF;
END $$;
