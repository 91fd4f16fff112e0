-- From violation to breach (docs/breaches.md): a case of one order, the dates that services keep, what of the order's violations
-- it relies on, and the officer's narrative. Nothing of it is edited: a date is corrected by another, a choice or a narrative is
-- followed by a newer one. `status` is what the route makes of the dates, worked out with each change; `revision` counts changes.
CREATE TABLE breaches (
    breach_no bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    order_id text NOT NULL,
    order_kind text NOT NULL,
    wearer text NOT NULL,
    area text,
    route text NOT NULL CHECK (route <> ''),
    status text NOT NULL CHECK (status <> ''),
    revision bigint NOT NULL DEFAULT 1,
    made_at timestamptz NOT NULL,
    made_by text NOT NULL,
    ended_at timestamptz
);
CREATE INDEX breaches_wearer ON breaches (wearer, breach_no);
CREATE INDEX breaches_order ON breaches (order_id, breach_no);

-- `at` null: what it corrects did not happen.
CREATE TABLE breach_steps (
    step_no bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    breach_no bigint NOT NULL REFERENCES breaches,
    step text NOT NULL CHECK (step IN ('identified', 'authority_notified', 'pack_requested', 'pack_sent', 'warning_letter',
        'information', 'summons', 'recall', 'hearing', 'result', 'ended')),
    at timestamptz,
    result text CHECK (result <> ''),
    note text NOT NULL CHECK (char_length(note) <= 4000),
    corrects bigint UNIQUE REFERENCES breach_steps,
    why text NOT NULL CHECK (char_length(why) <= 1000),
    made_at timestamptz NOT NULL,
    made_by text NOT NULL,
    CHECK (at IS NOT NULL OR corrects IS NOT NULL),
    CHECK ((corrects IS NOT NULL) = (why <> '')),
    CHECK (result IS NULL OR step = 'result')
);
CREATE INDEX breach_steps_breach ON breach_steps (breach_no, step_no);

-- Every choice whole: the violations of the order then, each in the version that was seen, relied on or left out with why.
-- `told_at`, `told_how`: the officer's record that the wearer had been told before (what is retrospective stands on it).
CREATE TABLE breach_violations (
    breach_no bigint NOT NULL REFERENCES breaches,
    choice bigint NOT NULL CHECK (choice > 0),
    violation_id text NOT NULL,
    version integer NOT NULL CHECK (version > 0),
    relied boolean NOT NULL,
    why text NOT NULL CHECK (char_length(why) <= 1000),
    told_at timestamptz,
    told_how text NOT NULL CHECK (char_length(told_how) <= 1000),
    made_at timestamptz NOT NULL,
    made_by text NOT NULL,
    PRIMARY KEY (breach_no, choice, violation_id),
    CHECK (relied = (why = '')),
    CHECK ((told_at IS NOT NULL) = (told_how <> ''))
);
CREATE INDEX breach_violations_violation ON breach_violations (violation_id);

-- What the officer writes; `ready`: it may stand in a pack, a draft otherwise.
CREATE TABLE breach_narratives (
    breach_no bigint NOT NULL REFERENCES breaches,
    version bigint NOT NULL CHECK (version > 0),
    text text NOT NULL CHECK (char_length(text) <= 20000),
    ready boolean NOT NULL,
    made_at timestamptz NOT NULL,
    made_by text NOT NULL,
    PRIMARY KEY (breach_no, version)
);

-- An officer's digest of a day: one a day, whoever makes it and however often. `told` are counts, nobody's name or id.
CREATE TABLE digests (
    digest_no bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    officer text NOT NULL CHECK (officer <> ''),
    day date NOT NULL,
    told jsonb NOT NULL,
    made_at timestamptz NOT NULL,
    state text NOT NULL DEFAULT 'waiting' CHECK (state IN ('waiting', 'leased', 'sent', 'failed', 'nothing')),
    attempts bigint NOT NULL DEFAULT 0,
    next_at timestamptz NOT NULL,
    sent_at timestamptz,
    why text,
    UNIQUE (officer, day),
    CHECK ((state = 'sent') = (sent_at IS NOT NULL))
);
CREATE INDEX digests_waiting ON digests (next_at) WHERE state IN ('waiting', 'leased');

CREATE VIEW seen.breaches AS
    SELECT b.* FROM breaches b
    WHERE (SELECT seen.sees_everything()) OR b.wearer IN (SELECT seen.wearers_in_sight());
CREATE VIEW seen.breach_steps AS
    SELECT s.* FROM breach_steps s WHERE EXISTS (SELECT FROM seen.breaches b WHERE b.breach_no = s.breach_no);
CREATE VIEW seen.breach_violations AS
    SELECT v.* FROM breach_violations v WHERE EXISTS (SELECT FROM seen.breaches b WHERE b.breach_no = v.breach_no);
CREATE VIEW seen.breach_narratives AS
    SELECT n.* FROM breach_narratives n WHERE EXISTS (SELECT FROM seen.breaches b WHERE b.breach_no = n.breach_no);

DO $$
BEGIN
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'bailiwick_seeing') THEN
        GRANT SELECT ON seen.breaches, seen.breach_steps, seen.breach_violations, seen.breach_narratives TO bailiwick_seeing;
    END IF;
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'bailiwick_api') THEN
        GRANT SELECT, INSERT ON breaches, breach_steps, breach_violations, breach_narratives TO bailiwick_api;
        GRANT UPDATE (status, revision, ended_at) ON breaches TO bailiwick_api;
    END IF;
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'bailiwick_dispatch') THEN
        GRANT SELECT ON breaches, breach_steps, areas, orders TO bailiwick_dispatch;
        GRANT SELECT, INSERT ON digests TO bailiwick_dispatch;
        GRANT UPDATE (state, attempts, next_at, sent_at, why) ON digests TO bailiwick_dispatch;
    END IF;
END $$;
