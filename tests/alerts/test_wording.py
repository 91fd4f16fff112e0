"""What people are told: both languages whole, nobody told what is not for them, and no text that cannot be filled in."""

from __future__ import annotations

import itertools
import re
import tomllib
from importlib import resources
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerts import desk, policy, recipients
from alerts.protocols import Action, Target
from alerts.severity import INCIDENTS
from alerts.texts import shipped_catalogues
from alerts.wording import (
    FIELDS,
    LONGEST,
    OF_THEIR_OWN,
    OWN_FIELDS,
    BadCatalogue,
    Catalogue,
    NoSafeWords,
    Text,
    Wording,
    check_together,
    fields_of,
    fill,
    read_catalogue,
)
from domain.instants import parse_instant
from domain.vocabulary import Channel, Code, Kind, Outcome, Severity, ToldReason
from tests.alerts.gsm import ONE_PART, septets
from tests.alerts.telling import CONSOLE, leased

BOOKS = shipped_catalogues()
LONDON = ZoneInfo("Europe/London")
WORDING = Wording(BOOKS, CONSOLE, LONDON)
USUAL = Wording(BOOKS, "https://centre.example.org", LONDON)
SECRETS = {"name": "Wilf Arden", "place": "12 Foundry Row"}
SHIPPED = tomllib.loads(resources.files("alerts").joinpath("shipped/protocols.toml").read_text(encoding="utf-8"))
STEPS: list[dict[str, object]] = [step for one in SHIPPED["protocol"] for step in one["steps"]]
LANGUAGES = sorted(BOOKS)
STAFF = sorted(key for key in BOOKS["en"].text if not key.startswith(("wearer_", "adult_", "victim_")))


def source(language: str = "en") -> str:
    return resources.files("alerts.texts").joinpath(f"{language}.toml").read_text(encoding="utf-8")


# ---- whole


def test_english_and_welsh_ship() -> None:
    assert LANGUAGES == ["cy", "en"]


def test_both_have_the_same_keys_with_the_same_fields() -> None:
    check_together(BOOKS)
    english, welsh = BOOKS["en"], BOOKS["cy"]
    assert english.text.keys() == welsh.text.keys()
    assert english.task.keys() == welsh.task.keys()
    for key, text in english.text.items():
        for part in LONGEST:
            assert fields_of(getattr(text, part)) == fields_of(getattr(welsh.text[key], part)), (key, part)


def test_nothing_was_left_in_the_other_language() -> None:
    english, welsh = BOOKS["en"], BOOKS["cy"]
    for table in ("severity", "kind", "code"):
        same = {key for key, words in getattr(english, table).items() if getattr(welsh, table)[key] == words}
        assert same <= {"sos", "alcohol"}
    for key, text in english.text.items():
        assert {getattr(text, part) for part in LONGEST if getattr(text, part)}.isdisjoint(
            getattr(welsh.text[key], part) for part in LONGEST
        ), key
    assert set(english.task.values()).isdisjoint(welsh.task.values())


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_text_that_a_shipped_protocol_names_is_there_and_for_its_reader(language: str) -> None:
    book = BOOKS[language]
    for step in STEPS:
        key = str(step["text"])
        if step["action"] == Action.TASK:
            assert key in book.task
            continue
        assert key in book.text
        own = OF_THEIR_OWN.get(Target(str(step["to"])))
        assert key.startswith(f"{own}_") if own else key in STAFF


def test_no_text_is_for_nobody() -> None:
    """Each is named by a shipped protocol, by the policy, the desk, by who is told, or is what stands in for another."""
    sources = "".join(
        resources.files("alerts").joinpath(f"{module.__name__.removeprefix('alerts.')}.py").read_text(encoding="utf-8")
        for module in (policy, recipients, desk)
    )
    by_code = set(re.findall(r'"([a-z_]+)"', sources)) | {f"closed_{one}" for one in Outcome}
    stand_ins = {f"{own}_{after}" for own in OF_THEIR_OWN.values() for after in ("notice", "over")}
    named = {str(step["text"]) for step in STEPS}
    assert set(BOOKS["en"].text) <= named | by_code | stand_ins
    assert set(BOOKS["en"].task) <= named


def test_every_text_of_the_policy_is_there() -> None:
    wanted = {"alert", "cleared", "open_again", "withdrawn", "shortened", "promise_due", "undelivered"}
    wanted |= {f"closed_{outcome}" for outcome in policy.STANDS_DOWN}
    assert wanted <= set(BOOKS["en"].text)
    assert recipients.FOR_INFORMATION in BOOKS["en"].line


# ---- nobody is told what is not for them


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("trusted", [False, True])
def test_names_and_places_stand_only_in_what_goes_by_a_trusted_channel(language: str, trusted: bool) -> None:
    for key in STAFF:
        words = WORDING.words(leased(Channel.EMAIL, "x", SECRETS, text=key, language=language, trusted=trusted))
        assert all(secret not in words.subject + words.short + words.call for secret in SECRETS.values())
        assert all((secret in words.long) is trusted for secret in SECRETS.values())


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("target", [Target.WEARER, Target.RESPONSIBLE_ADULT])
@pytest.mark.parametrize("reason", [ToldReason.FIRST, ToldReason.STOOD_DOWN, ToldReason.CLEARED, ToldReason.REPEAT])
def test_the_wearer_and_their_adult_are_never_told_kind_time_place_or_link(
    language: str, target: Target, reason: ToldReason
) -> None:
    """Whatever text a protocol names for them: "near a victim" would tell them where a victim is."""
    for key in [*BOOKS[language].text, "no_such_text"]:
        for channel in (Channel.SMS, Channel.EMAIL, Channel.CALL):
            told = leased(
                channel, "x", SECRETS | {"kind": "proximity_alert"}, text=key, language=language, target=target,
                reason=reason, trusted=True, detail=recipients.FOR_INFORMATION,
            )  # fmt: skip
            words = WORDING.words(told)
            said = words.subject + words.short + words.long + words.call
            for never in (BOOKS[language].kind["proximity_alert"], CONSOLE, "2026", "22:31", *SECRETS.values()):
                assert never not in said, (key, never)


def test_what_is_over_is_told_as_over_to_those_who_are_told_their_own_texts() -> None:
    for target, own in OF_THEIR_OWN.items():
        over = leased(Channel.CALL, "x", text="closed_false", target=target, reason=ToldReason.STOOD_DOWN)
        assert WORDING.words(over).subject == BOOKS["en"].text[f"{own}_over"].subject
        other = leased(Channel.CALL, "x", text="alert", target=target)
        assert WORDING.words(other).subject == BOOKS["en"].text[f"{own}_notice"].subject


@pytest.mark.parametrize("key", ["victim_near", "wearer_leave_area", "adult_notice", "no_such_text"])
def test_staff_are_never_told_a_text_that_was_written_for_somebody_else(key: str) -> None:
    words = WORDING.words(leased(Channel.SMS, "x", text=key))
    assert words.subject == "Alert 17, critical: strap tamper"


@pytest.mark.parametrize("channel", [Channel.SMS, Channel.EMAIL])
@pytest.mark.parametrize("words", ["Choir is on Thursday.", "  {alert} {link} \n {kind}", "ŵ"])
@pytest.mark.parametrize("language", LANGUAGES)
def test_a_protected_person_is_sent_their_safe_words_exactly_and_nothing_else(
    channel: Channel, words: str, language: str
) -> None:
    for key in BOOKS["en"].text:
        told = WORDING.words(
            leased(channel, "x", SECRETS, text=key, language=language, target=Target.VICTIM, words=words, trusted=True)
        )
        assert (told.subject, told.short, told.long, told.call) == ("", words, words, "")


@pytest.mark.parametrize("words", [None, "", " \n"])
def test_a_protected_person_without_safe_words_is_sent_nothing(words: str | None) -> None:
    with pytest.raises(NoSafeWords, match="told by a person alone"):
        WORDING.words(leased(Channel.SMS, "x", target=Target.VICTIM, words=words, text="victim_near"))


@pytest.mark.parametrize("language", LANGUAGES)
def test_texts_for_a_protected_person_are_only_said(language: str) -> None:
    spoken = {key: text for key, text in BOOKS[language].text.items() if key.startswith("victim_")}
    assert len(spoken) >= 8
    for key, text in spoken.items():
        assert (text.text, text.more) == ("", "")
        call = WORDING.words(leased(Channel.CALL, "", text=key, language=language, target=Target.VICTIM)).call
        assert text.call in call
        assert ("safe words" if language == "en" else "geiriau diogel") in call


def test_the_wearer_is_told_to_leave_and_never_which_way() -> None:
    for language, way in (
        ("en", r"north|south|east|west|left|right|towards|away|straight|street|road|near\b.*Leave"),
        ("cy", r"gogledd|dde\b|de\b|dwyrain|gorllewin|chwith|tuag|syth|stryd|heol"),
    ):
        text = BOOKS[language].text["wearer_leave_area"]
        said = re.findall(r'"(.*?)"', text.call)
        for one in (text.subject, text.text, *said):
            assert not re.search(way, one, re.IGNORECASE), one
        assert said[0] == text.text
    assert BOOKS["en"].text["wearer_leave_area"].text == "Leave the area you are in now."


# ---- what stands in a message


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_message_to_staff_has_number_severity_kind_and_link(language: str) -> None:
    book = BOOKS[language]
    for key in STAFF:
        words = WORDING.words(leased(Channel.EMAIL, "x", text=key, language=language))
        for message in (words.short, words.long):
            assert f"{CONSOLE}/alerts/17" in message
            for part in ("17", book.severity[Severity.CRITICAL], book.kind["strap_tamper"]):
                assert part in message
        assert "21/11/2026 22:31" in words.long
        assert "17" in words.subject + words.call


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_kind_severity_and_code_has_words(language: str) -> None:
    kinds = [kind.value for kind in Kind] + list(INCIDENTS)
    for kind, severity in itertools.product(kinds, Severity):
        words = WORDING.words(leased(Channel.SMS, "x", {"kind": kind}, language=language, urgency=severity))
        assert BOOKS[language].kind[kind] in words.short
        assert BOOKS[language].severity[severity] in words.short
    for code in Code:
        words = WORDING.words(leased(Channel.SMS, "x", {"kind": "curfew", "code": code.value}, language=language))
        assert BOOKS[language].code[code] in words.short


def test_a_kind_from_a_later_version_is_still_told() -> None:
    assert "flying saucer" in WORDING.words(leased(Channel.SMS, "x", {"kind": "flying_saucer"})).short


def test_a_language_that_we_do_not_have_is_english() -> None:
    assert WORDING.words(leased(Channel.SMS, "x", language="fr")) == WORDING.words(leased(Channel.SMS, "x"))


@pytest.mark.parametrize(
    ("raised", "says"),
    [
        ("2026-10-24T23:30:00Z", "25/10/2026 00:30"),
        ("2026-10-25T00:30:00Z", "25/10/2026 01:30"),
        ("2026-10-25T01:30:00Z", "25/10/2026 01:30"),
        ("2027-03-28T00:59:59.9Z", "28/03/2027 00:59"),
        ("2027-03-28T01:00:00Z", "28/03/2027 02:00"),
    ],
)
def test_failure_12_times_are_of_the_wall_clock_also_in_both_nights_of_the_change(raised: str, says: str) -> None:
    words = WORDING.words(leased(Channel.EMAIL, "x", {"raised_us": parse_instant(raised)}))
    assert says in words.long


def test_a_force_that_need_not_answer_is_told_so_first() -> None:
    told = leased(Channel.WEBHOOK, "x", text="police_attend", detail=recipients.FOR_INFORMATION)
    words = WORDING.words(told)
    line = BOOKS["en"].line["for_information"]
    assert words.short.startswith(line)
    assert words.long.startswith(line)
    assert words.call.startswith(line)
    assert line not in WORDING.words(leased(Channel.WEBHOOK, "x", text="police_attend")).long


@pytest.mark.parametrize("language", LANGUAGES)
def test_an_sms_is_one_part(language: str) -> None:
    """With a six-digit number and a host of ordinary length: 160 signs of the SMS alphabet, whatever the kind."""
    kinds = [kind.value for kind in Kind] + list(INCIDENTS)
    over = []
    for key in sorted(key for key in BOOKS[language].text if not key.startswith("victim_")):
        target = next((who for who, own in OF_THEIR_OWN.items() if key.startswith(f"{own}_")), Target.DUTY_MANAGER)
        for kind in kinds:
            told = leased(
                Channel.SMS, "x", {"kind": kind}, text=key, language=language, target=target, alert_no=123_456
            )
            short = USUAL.words(told).short
            length = septets(short)
            if length is None or length > ONE_PART:
                over.append((key, kind, length, short))
    assert over == []


def test_a_task_has_its_instructions() -> None:
    facts = leased(Channel.CONSOLE, "x").facts
    said = WORDING.task("task_other_way", "en", 17, Severity.CRITICAL, facts)
    assert said.startswith("Somebody was not told. See on alert 17")
    assert WORDING.task("task_other_way", "cy", 17, Severity.CRITICAL, facts).startswith("Ni chafodd rhywun wybod.")
    assert WORDING.task("task_of_our_own", "en", 17, Severity.CRITICAL, facts) == "task_of_our_own"


# ---- what cannot be is refused


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ('text = "Please look at this now."', 'text = "{who}"', r"en.toml: text.alert.text: unknown field \{who\}; .*alert, k"),
        ('text = "Please look at this now."', 'text = "{alert.__class__}"', "text.alert.text: has a brace that is no"),
        ('text = "Please look at this now."', 'text = "{0}"', "text.alert.text: has a brace that is no field's"),
        ('text = "Please look at this now."', 'text = "a { b"', "text.alert.text: has a brace that is no field's"),
        ('text = "Please look at this now."', 'text = " "', "text.alert.text: is empty"),
        ('text = "Please look at this now."', f'text = "{"x" * 121}"', "text.alert.text: must be one line of at most 120"),
        ('text = "Please look at this now."', 'text = "a\\nb"', "text.alert.text: must be one line"),
        ('text = "Please look at this now."', 'words = "x"', "unknown field `words`.*text"),
        ('task_rota = "Hours', 'task_rota = "{name} Hours', r"task.task_rota: unknown field \{name\}"),
        ("[text.alert]", "[text.alarm]", "text: alert is missing"),
        ("[text.wearer_over]", "[text.wearer_done]", "text: wearer_over is missing"),
        ('sos = "SOS"', "", "kind: sos is missing"),
        ('sos = "SOS"', 'sos = "SOS"\nufo = "x"', "kind: there is no ufo"),
        ('AL12 = "out for entire curfew"', "", "code: AL12 is missing"),
        ('critical = "critical"', "", "severity: critical is missing"),
        ('name = "Device wearer: {name}"', 'name = "{place}"', r"line.name: unknown field \{place\}; the fields are name"),
        ('text = "Please charge your device now, until it is full."', 'text = "{kind}"', r"text.wearer_charge.text: unknown"),
        ('subject = "Ring the victim"', 'subject = "Ring the victim"\ntext = "x"', "text.victim_notice.text: a protected person"),
        ('own = "{text} Ref {alert}."', 'own = "{text} {kind}"', r"frame.own: unknown field \{kind\}"),
        ('short = "{text} Alert {alert}, ', 'short = "{text} Alert ', r"frame.short: does not have \{alert\}"),
        ('steps = "Breach steps due today: {due_today}.', 'steps = "', r"digest.steps: does not have \{due_today\}"),
        ('months = ["January", ', "months = [", "digest: must have seven days"),
        ('language = "en"', "language = ", "en.toml: Invalid value"),
    ],
)  # fmt: skip
def test_a_catalogue_that_cannot_be_is_refused_with_file_key_and_field(old: str, new: str, says: str) -> None:
    text = source()
    assert old in text
    with pytest.raises(BadCatalogue, match=says):
        read_catalogue("en.toml", text.replace(old, new, 1))


def test_catalogues_that_do_not_go_together_are_refused() -> None:
    other = read_catalogue("cy.toml", source("cy").replace("[text.shortened]", "[text.shorter]"))
    with pytest.raises(BadCatalogue, match=r"cy: text.shorte.*: not in every language"):
        check_together({"en": BOOKS["en"], "cy": other})
    other = read_catalogue("cy.toml", source("cy").replace('text = "MAE WEDI', 'text = "{raised} MAE WEDI'))
    with pytest.raises(BadCatalogue, match=r"cy: text.open_again.text: not the fields of en: \[\]"):
        check_together({"en": BOOKS["en"], "cy": other})
    with pytest.raises(BadCatalogue, match="no catalogue of the default language"):
        check_together({"cy": BOOKS["cy"]})


@given(st.text(), st.text())
def test_what_is_put_in_is_never_read_again(kind: str, alert: str) -> None:
    assert fill("{alert}|{kind}", {"alert": alert, "kind": kind}) == f"{alert}|{kind}"


def test_the_fields_are_what_can_be_filled_in() -> None:
    text = " ".join(f"{{{field}}}" for field in sorted(FIELDS))
    book = BOOKS["en"]
    made = Catalogue(
        "en", book.severity, book.kind, book.code, book.frame, book.line,
        book.text | {"alert": Text(subject=text, call=text, text=text, more=text)}, book.task, book.digest,
    )  # fmt: skip
    words = Wording({"en": made}, CONSOLE, LONDON).words(leased(Channel.EMAIL, "x"))
    assert "{" not in words.subject + words.short + words.long + words.call
    assert OWN_FIELDS < FIELDS
