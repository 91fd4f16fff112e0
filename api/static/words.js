// Words for people. A kind or code that stands nowhere here is shown as it is written, never left out.

const KINDS = {
  exclusion_zone: "In an exclusion zone",
  inclusion_zone: "Out of an inclusion zone",
  restriction_zone: "Left a restriction zone",
  curfew: "Curfew not kept",
  zone_edge: "At the edge of a zone",
  zone_buffer: "Near an exclusion zone",
  zone_transit: "Passed through a zone",
  zone_unconfirmed: "In a zone, not confirmed",
  pattern_near_zone: "Often near a zone",
  whereabouts_unknown: "Whereabouts unknown in curfew",
  atv_warning: "Curfew time nearly used up",
  atv_exceeded: "Curfew time used up",
  attendance_missed: "Attendance missed",
  attendance_unconfirmed: "Attendance not confirmed",
  hours_short: "Hours of attendance short",
  check_missed: "Presence check missed",
  alcohol: "Alcohol",
  alcohol_suspected: "Alcohol suspected",
  alcohol_tamper: "Alcohol tag tamper",
  association: "Near another wearer",
  strap_tamper: "Strap tamper",
  case_tamper: "Case tamper",
  jamming: "Jamming",
  shielding: "Shielding",
  fault: "Fault",
  home_unit_moved: "Home monitoring unit moved",
  home_unit_power_lost: "Home monitoring unit without power",
  battery_low: "Battery low",
  battery_critical: "Battery critical",
  battery_dead: "Battery dead",
  sos: "SOS",
  communication_lost: "Contact lost",
  location_lost: "Location lost",
  lost_in_zone: "Lost in or near a zone",
  shielding_suspected: "Shielding suspected",
  not_charged: "Not charged",
  not_fitted: "Not fitted",
  unmonitored: "Unmonitored",
  clock_wrong: "Device clock wrong",
  seq_conflict: "Device counts twice",
  proximity_alert: "Near a victim",
  proximity_prealert: "Coming near a victim",
  proximity_unknown: "Distance to a victim unknown",
  victim_unit_silent: "Victim's unit silent",
  pattern_near_victim: "Often near a victim",
  mass_outage: "Outage of many devices",
  parked_alarm: "Parked message holds a tamper or SOS",
};

const CODES = {
  AL08: "out past curfew commencement",
  AL09: "returned home late",
  AL10: "left home during curfew",
  AL11: "out at end of curfew",
  AL12: "out for entire curfew",
};

export const SEVERITIES = ["critical", "serious", "warning", "information"];

export const STATES = {
  monitored: "Monitored",
  location_lost: "Location lost",
  communication_lost: "Contact lost",
  unmonitored: "Unmonitored",
  not_fitted: "Not fitted",
  awaiting_fitting: "Awaiting fitting",
  suspended: "Suspended",
};

/** What was done to an alert, after who did it. */
export const DONE = new Map(Object.entries({
  claim: "claimed it", release: "released it", expire: "let the claim lapse", action: "did something about it",
  escalate: "escalated it", close: "closed it", reopen: "reopened it", clear: "cleared it",
  reactivate: "raised it again", withdraw: "withdrew it",
}));

export const sentence = (word) => word.charAt(0).toUpperCase() + word.slice(1).replaceAll("_", " ");

export const kindWords = (kind) => KINDS[kind] ?? sentence(kind);

/** What an alert is about: for a curfew, what its code says. */
export function alertWords(kind, code) {
  if (kind === "curfew" && code in CODES) return sentence(CODES[code]);
  return kindWords(kind);
}

const whole = new Intl.NumberFormat("en-GB");
const brief = new Intl.NumberFormat("en-GB", { notation: "compact", maximumFractionDigits: 1 });

export const number = (value) => whole.format(value);
export const shortNumber = (value) => (value < 1_000_000 ? whole.format(value) : brief.format(value));

const clock = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit", second: "2-digit" });
const day = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "short" });

/** A time element: the reader's own clock, with UTC on hover; the day too when it is not today. */
export function timeElement(instant) {
  const date = new Date(instant);
  const element = document.createElement("time");
  element.dateTime = instant;
  element.title = `${instant.slice(0, 10)} ${instant.slice(11, 19)} UTC`;
  const today = date.toDateString() === new Date().toDateString();
  element.textContent = today ? clock.format(date) : `${day.format(date)}, ${clock.format(date)}`;
  return element;
}

/** "12 s", "5 min", "3 h", "2 days": how long ago. */
export function ageWords(ms) {
  const seconds = Math.max(0, Math.round(ms / 1000));
  if (seconds < 60) return `${seconds} s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min`;
  if (seconds < 172_800) return `${Math.floor(seconds / 3600)} h`;
  return `${Math.floor(seconds / 86_400)} days`;
}
