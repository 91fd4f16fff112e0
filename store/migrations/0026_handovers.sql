-- What one shift hands over to the next, as it was told then: numbers of alerts, counts and names of staff; no wearer's name or
-- id stands in `told`. Whoever leaves signs by making it, whoever comes by taking it; nothing of it is edited after that.
CREATE TABLE handovers (
    handover_no bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    since_at timestamptz NOT NULL,
    made_at timestamptz NOT NULL,
    made_by text NOT NULL,
    made_role text NOT NULL,
    note text NOT NULL CHECK (char_length(note) <= 4000),
    told jsonb NOT NULL,
    taken_at timestamptz,
    taken_by text,
    taken_role text,
    taken_note text CHECK (char_length(taken_note) <= 4000),
    CHECK (since_at <= made_at),
    CHECK (num_nonnulls(taken_at, taken_by, taken_role) IN (0, 3)),
    CONSTRAINT handovers_two_people CHECK (taken_by <> made_by)
);
CREATE INDEX contacts_promised ON contacts (promised_at) WHERE promised_at IS NOT NULL AND kept_at IS NULL;

DO $$
BEGIN
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'bailiwick_api') THEN
        GRANT SELECT, INSERT ON handovers TO bailiwick_api;
        GRANT UPDATE (taken_at, taken_by, taken_role, taken_note) ON handovers TO bailiwick_api;
    END IF;
END $$;
