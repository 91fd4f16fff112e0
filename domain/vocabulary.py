"""The one set of words (docs/glossary.md), as enums. A test keeps them the same in SQL, OpenAPI and documents."""

from __future__ import annotations

from enum import IntEnum, StrEnum


class Level(StrEnum):
    """Response level: how we respond, not what the person is."""

    STANDARD = "standard"
    ENHANCED = "enhanced"
    INTENSIVE = "intensive"


class OrderKind(StrEnum):
    BAIL = "bail"
    COMMUNITY = "community"
    SUSPENDED_SENTENCE = "suspended_sentence"
    HDC = "hdc"
    LICENCE = "licence"
    PSS = "pss"
    YRO = "yro"
    DTO = "dto"
    TEMPORARY_LICENCE = "temporary_licence"
    CIVIL = "civil"
    IMMIGRATION = "immigration"


class Programme(StrEnum):
    ISS = "iss"
    ICCP = "iccp"
    IOM = "iom"


class ConditionKind(StrEnum):
    CURFEW = "curfew"
    EXCLUSION_ZONE = "exclusion_zone"
    INCLUSION_ZONE = "inclusion_zone"
    RESTRICTION_ZONE = "restriction_zone"
    ATTENDANCE = "attendance"
    PROXIMITY = "proximity"
    ASSOCIATION = "association"
    PRESENCE_CHECK = "presence_check"
    TRAIL = "trail"
    ALCOHOL = "alcohol"


ZONE_KINDS = frozenset({ConditionKind.EXCLUSION_ZONE, ConditionKind.INCLUSION_ZONE, ConditionKind.RESTRICTION_ZONE})


class DeviceKind(StrEnum):
    GPS_TAG = "gps_tag"
    RF_TAG = "rf_tag"
    HOME_UNIT = "home_unit"
    VICTIM_UNIT = "victim_unit"
    ALCOHOL_TAG = "alcohol_tag"
    NON_FITTED = "non_fitted"
    VOICE_LINE = "voice_line"


class AreaKind(StrEnum):
    REGION = "region"
    PDU = "pdu"
    POLICE_FORCE = "police_force"
    DISTRICT = "district"


class VisitKind(StrEnum):
    FIT = "fit"
    INSPECT = "inspect"
    REMOVE = "remove"


class VisitOutcome(StrEnum):
    DONE = "done"
    NO_ANSWER = "no_answer"
    REFUSED = "refused"
    WRONG_ADDRESS = "wrong_address"
    NOT_ATTEMPTED = "not_attempted"


class AssessmentDecision(StrEnum):
    UPHELD = "upheld"
    REASONABLE_EXCUSE = "reasonable_excuse"
    EQUIPMENT = "equipment"
    DISPUTED = "disputed"
    NOT_PURSUED = "not_pursued"


class Source(IntEnum):
    """Where a fix came from; the wire's word is the lower-case name."""

    GPS = 0
    RF = 1
    LBS = 2
    WIFI = 3


class EventCode(IntEnum):
    """Equipment events; the wire's word is the lower-case name."""

    STRAP_TAMPER = 0
    CASE_TAMPER = 1
    BATTERY_LOW = 2
    BATTERY_CRITICAL = 3
    BATTERY_DEAD = 4
    CHARGING = 5
    IN_RANGE = 6
    HOME_UNIT_MOVED = 7
    HOME_UNIT_POWER_LOST = 8
    GNSS_LOST = 9
    JAMMING = 10
    SHIELDING = 11
    SOS = 12
    FAULT = 13
    HEARTBEAT = 14
    REST = 15
    ALCOHOL_READING = 16
    PRESENCE_CHECK = 17
    CLOCK_SET = 18
    COMMAND_RESULT = 19


class EventState(IntEnum):
    PULSE = 0
    START = 1
    END = 2


class Quality(IntEnum):
    """Quality of a fix (rules.md 2): the first that holds."""

    OK = 0
    DUPLICATE = 1
    UNFITTED = 2
    FUTURE = 3
    ANCIENT = 4
    ZERO = 5
    INACCURATE = 6
    IMPLAUSIBLE = 7


class DeadLetterReason(StrEnum):
    """Why a message or an item was parked (wire.md), in the order of checking."""

    OVERSIZE = "oversize"
    BAD_TOPIC = "bad_topic"
    PARTITION_MISMATCH = "partition_mismatch"
    UNKNOWN_DEVICE = "unknown_device"
    NOT_UTF8 = "not_utf8"
    NOT_JSON = "not_json"
    NOT_MSGPACK = "not_msgpack"
    UNKNOWN_VERSION = "unknown_version"
    TOO_MANY_ITEMS = "too_many_items"
    SCHEMA = "schema"


class Kind(StrEnum):
    """Kinds of violation (rules.md); conditions' kinds come first."""

    EXCLUSION_ZONE = "exclusion_zone"
    INCLUSION_ZONE = "inclusion_zone"
    RESTRICTION_ZONE = "restriction_zone"
    CURFEW = "curfew"
    ZONE_EDGE = "zone_edge"
    ZONE_BUFFER = "zone_buffer"
    ZONE_TRANSIT = "zone_transit"
    ZONE_UNCONFIRMED = "zone_unconfirmed"
    PATTERN_NEAR_ZONE = "pattern_near_zone"
    WHEREABOUTS_UNKNOWN = "whereabouts_unknown"
    ATV_WARNING = "atv_warning"
    ATV_EXCEEDED = "atv_exceeded"
    ATTENDANCE_MISSED = "attendance_missed"
    ATTENDANCE_UNCONFIRMED = "attendance_unconfirmed"
    HOURS_SHORT = "hours_short"
    CHECK_MISSED = "check_missed"
    ALCOHOL = "alcohol"
    ALCOHOL_SUSPECTED = "alcohol_suspected"
    ALCOHOL_TAMPER = "alcohol_tamper"
    ASSOCIATION = "association"
    STRAP_TAMPER = "strap_tamper"
    CASE_TAMPER = "case_tamper"
    JAMMING = "jamming"
    SHIELDING = "shielding"
    FAULT = "fault"
    HOME_UNIT_MOVED = "home_unit_moved"
    HOME_UNIT_POWER_LOST = "home_unit_power_lost"
    BATTERY_LOW = "battery_low"
    BATTERY_CRITICAL = "battery_critical"
    BATTERY_DEAD = "battery_dead"
    SOS = "sos"
    COMMUNICATION_LOST = "communication_lost"
    LOCATION_LOST = "location_lost"
    LOST_IN_ZONE = "lost_in_zone"
    SHIELDING_SUSPECTED = "shielding_suspected"
    NOT_CHARGED = "not_charged"
    NOT_FITTED = "not_fitted"
    UNMONITORED = "unmonitored"
    CLOCK_WRONG = "clock_wrong"
    SEQ_CONFLICT = "seq_conflict"
    PROXIMITY_ALERT = "proximity_alert"
    PROXIMITY_PREALERT = "proximity_prealert"
    PROXIMITY_UNKNOWN = "proximity_unknown"
    VICTIM_UNIT_SILENT = "victim_unit_silent"
    PATTERN_NEAR_VICTIM = "pattern_near_victim"


class Code(StrEnum):
    """Event codes seen in HMPPS's published code (vocabulary.md)."""

    AL04 = "AL04"
    AL05 = "AL05"
    AL08 = "AL08"
    AL09 = "AL09"
    AL10 = "AL10"
    AL11 = "AL11"
    AL12 = "AL12"
    AL21 = "AL21"
    AL23 = "AL23"
    AL24 = "AL24"


class Change(StrEnum):
    OPENED = "opened"
    CLOSED = "closed"
    WITHDRAWN = "withdrawn"
    EXTENDED = "extended"
    SHORTENED = "shortened"
    AMENDED = "amended"


class Reason(StrEnum):
    FIXES = "fixes"
    HOME_UNIT = "home_unit"
    EVENT = "event"
    DISTANCE = "distance"
    SILENCE = "silence"
    CONTACT = "contact"
    CLOCK = "clock"
    VARIATION = "variation"
    ASSESSMENT = "assessment"
    LATE_DATA = "late_data"


class Cause(StrEnum):
    WEARER = "wearer"
    EQUIPMENT = "equipment"
    NETWORK = "network"
    SERVICE = "service"
    UNKNOWN = "unknown"


class Severity(StrEnum):
    CRITICAL = "critical"
    SERIOUS = "serious"
    WARNING = "warning"
    INFORMATION = "information"


class OrderState(StrEnum):
    """The one state of an active order at an instant: the first that holds (rules.md 7)."""

    SUSPENDED = "suspended"
    AWAITING_FITTING = "awaiting_fitting"
    NOT_FITTED = "not_fitted"
    UNMONITORED = "unmonitored"
    COMMUNICATION_LOST = "communication_lost"
    LOCATION_LOST = "location_lost"
    MONITORED = "monitored"


class AlertCondition(StrEnum):
    ACTIVE = "active"
    CLEARED = "cleared"


class AlertWork(StrEnum):
    RAISED = "raised"
    CLAIMED = "claimed"
    ACTIONED = "actioned"
    CLOSED = "closed"


class AlertEvent(StrEnum):
    """What may happen to an alert (alerts.md); `alerts.machine` has the table."""

    CLAIM = "claim"
    RELEASE = "release"
    EXPIRE = "expire"
    ACTION = "action"
    ESCALATE = "escalate"
    CLOSE = "close"
    REOPEN = "reopen"
    CLEAR = "clear"
    REACTIVATE = "reactivate"
    WITHDRAW = "withdraw"


class Outcome(StrEnum):
    """How an alert was closed."""

    CONFIRMED = "confirmed"
    EXPLAINED = "explained"
    EQUIPMENT = "equipment"
    FALSE = "false"
    DUPLICATE = "duplicate"
    WITHDRAWN = "withdrawn"


class Role(StrEnum):
    """What a person may see and do (contract.md, Roles)."""

    OPERATOR = "operator"
    SUPERVISOR = "supervisor"
    DUTY_MANAGER = "duty_manager"
    OFFICER = "officer"
    POLICE = "police"
    ENFORCEMENT = "enforcement"
    FIELD = "field"
    VICTIM_LIAISON = "victim_liaison"
    ADMINISTRATOR = "administrator"
    AUDITOR = "auditor"
    DEVICE_MANAGER = "device_manager"


class Channel(StrEnum):
    """How somebody is told. `call` is a task for an operator: a person rings."""

    CONSOLE = "console"
    WEBHOOK = "webhook"
    EMAIL = "email"
    SMS = "sms"
    MQTT = "mqtt"
    CALL = "call"


class ToldReason(StrEnum):
    """Why somebody was told of an alert, or was not."""

    FIRST = "first"
    REPEAT = "repeat"
    ESCALATION = "escalation"
    CLEARED = "cleared"
    STOOD_DOWN = "stood_down"
    MUTED_BY = "muted_by"
    GROUPED_UNDER = "grouped_under"
    HELD = "held"
    RATE_LIMITED = "rate_limited"
    RECIPIENT_GONE = "recipient_gone"


class RequestState(StrEnum):
    """Where an agency's request to see positions stands."""

    ASKED = "asked"
    APPROVED = "approved"
    REFUSED = "refused"
    REVOKED = "revoked"
    EXPIRED = "expired"


class WarrantKind(StrEnum):
    """Why a court issued a warrant."""

    BAIL = "bail"
    FAIL_TO_ATTEND = "fail_to_attend"
    BREACH = "breach"
    RECALL = "recall"


class WarrantOutcome(StrEnum):
    """How a warrant ended."""

    EXECUTED = "executed"
    WITHDRAWN = "withdrawn"
    EXPIRED = "expired"


class DutyEvent(StrEnum):
    """What a protected person must be told of (docs/victim-contact.md)."""

    STARTED = "started"
    BAIL = "bail"
    VARIED = "varied"
    SUSPENDED = "suspended"
    RESUMED = "resumed"
    RELEASED = "released"
    ENDED = "ended"
    RECALLED = "recalled"
    CORRECTED = "corrected"


class DutyState(StrEnum):
    """Where a duty to tell a protected person stands."""

    OPEN = "open"
    TOLD = "told"
    NOT_REACHED = "not_reached"
    NOT_WANTED = "not_wanted"
    WITHDRAWN = "withdrawn"


class TellingResult(StrEnum):
    """What came of one try to tell a protected person."""

    TOLD = "told"
    NO_ANSWER = "no_answer"
    SOMEBODY_ELSE = "somebody_else"
    NOT_WANTED = "not_wanted"


class CrimeKind(StrEnum):
    """What a recorded crime was, as far as it matters to who was near."""

    BURGLARY = "burglary"
    ROBBERY = "robbery"
    VEHICLE_CRIME = "vehicle_crime"
    THEFT = "theft"
    VIOLENCE = "violence"
    SEXUAL_OFFENCE = "sexual_offence"
    CRIMINAL_DAMAGE = "criminal_damage"
    ARSON = "arson"
    OTHER = "other"


class CrimeMatch(StrEnum):
    """What the positions that may be used say about a wearer and a recorded crime."""

    NEAR = "near"
    ELSEWHERE = "elsewhere"
    NO_DATA = "no_data"


class MatchReason(StrEnum):
    """Why a recorded crime was matched (again)."""

    ENTERED = "entered"
    CORRECTED = "corrected"
    LATE_DATA = "late_data"
    VARIATION = "variation"
