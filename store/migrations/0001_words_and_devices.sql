-- The words behind small numbers, and the number that stands for a device in every fact.

-- What a number in a fact column means: the same as the enums of `domain.vocabulary`; a test keeps them the same.
CREATE TABLE vocabulary (
    enum text NOT NULL,
    number smallint NOT NULL,
    word text NOT NULL,
    PRIMARY KEY (enum, number),
    UNIQUE (enum, word)
);

INSERT INTO vocabulary (enum, number, word) VALUES
    ('source', 0, 'gps'), ('source', 1, 'rf'), ('source', 2, 'lbs'), ('source', 3, 'wifi'),
    ('event_state', 0, 'pulse'), ('event_state', 1, 'start'), ('event_state', 2, 'end'),
    ('quality', 0, 'ok'), ('quality', 1, 'duplicate'), ('quality', 2, 'unfitted'), ('quality', 3, 'future'),
    ('quality', 4, 'ancient'), ('quality', 5, 'zero'), ('quality', 6, 'inaccurate'), ('quality', 7, 'implausible'),
    ('event_code', 0, 'strap_tamper'), ('event_code', 1, 'case_tamper'), ('event_code', 2, 'battery_low'),
    ('event_code', 3, 'battery_critical'), ('event_code', 4, 'battery_dead'), ('event_code', 5, 'charging'),
    ('event_code', 6, 'in_range'), ('event_code', 7, 'home_unit_moved'), ('event_code', 8, 'home_unit_power_lost'),
    ('event_code', 9, 'gnss_lost'), ('event_code', 10, 'jamming'), ('event_code', 11, 'shielding'),
    ('event_code', 12, 'sos'), ('event_code', 13, 'fault'), ('event_code', 14, 'heartbeat'),
    ('event_code', 15, 'rest'), ('event_code', 16, 'alcohol_reading'), ('event_code', 17, 'presence_check'),
    ('event_code', 18, 'clock_set'), ('event_code', 19, 'command_result');

-- A device gets its number when its first caseload record is entered; the number never changes and is never reused.
CREATE TABLE devices (
    device_no bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    id text NOT NULL UNIQUE
);
