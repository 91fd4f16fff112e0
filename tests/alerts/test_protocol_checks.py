"""What is wrong with a file of protocols is one clear line; and what could let something critical age in silence is refused."""

from __future__ import annotations

import msgspec
import pytest

from alerts.protocol_checks import check, every_case, histories, silence_in, told_of
from alerts.protocol_reading import Keys, following, read_protocols, risen
from alerts.protocols import Case, Protocols
from alerts.shipped import shipped_protocols, shipped_text
from domain.errors import BadInput
from domain.vocabulary import Level, Severity
from tests.alerts.playing import plain_case

SUPERVISOR = (
    '{ after_s = 120, action = "escalate", to = "supervisor", by = ["sms"], text = "unclaimed", stop = ["claimed"] }'
)
DUTY = (
    '{ after_s = 300, action = "escalate", to = "duty_manager", by = ["sms"], text = "unclaimed", stop = ["claimed"],'
    " repeat_s = 600 }"
)
OPEN = (
    '{ after_s = 3600, action = "escalate", to = "duty_manager", by = ["sms"], text = "still_open", repeat_s = 3600 }'
)
KEYS = Keys({"alert", "unclaimed", "still_open"}, {"task_visit"})


def one(*steps: str, more: str = "", name: str = "all", version: int = 1, match: str = "{}") -> str:
    """A protocol."""
    head = f'[[protocol]]\nid = "{name}"\nversion = {version}\ntitle = "Everything"\nmatch = {match}\n{more}\n'
    return f"{head}steps = [{', '.join(steps)}]\n"


def file_of(*protocols: str, version: int = 1) -> str:
    return f"version = {version}\n" + "".join(protocols)


GOOD = file_of(one(SUPERVISOR, DUTY, OPEN))


def faults(text: str) -> list[str]:
    """What reading says, line by line."""
    with pytest.raises(BadInput) as refused:
        read_protocols(text, "mine.toml", KEYS)
    return str(refused.value).split("\n")


def findings(*steps: str, more: str = "") -> list[str]:
    """What the validator says of one protocol for everything."""
    found = check(read_protocols(file_of(one(*steps, more=more)), "mine.toml", KEYS))
    return [f"{finding.where}: {finding.cause}" for finding in found]


def test_a_small_file_that_is_good_passes() -> None:
    assert check(read_protocols(GOOD, "mine.toml", KEYS)) == []


# ---- reading ----

STEP = "mine.toml:2: protocol all, step 1, "


@pytest.mark.parametrize(
    ("step", "line"),
    [
        ("after = 0", "after: is not known (did you mean after_s?)"),
        ("after_s = -1", "after_s: must be a whole number of seconds from 0 to 604800, not -1"),
        ("after_s = 1.5", "after_s: must be a whole number of seconds from 0 to 604800, not 1.5"),
        ("after_s = 604801", "after_s: must be a whole number of seconds from 0 to 604800, not 604801"),
        ('action = "shout"', "action: there is no 'shout'; there are notify, task, escalate"),
        ('to = "supervisr"', "to: there is no 'supervisr' (did you mean supervisor?)"),
        ('by = ["pigeon"]', "by: there is no 'pigeon'; there are console, webhook, email, sms, mqtt, call"),
        ("by = []", "by: names no channel"),
        ('by = ["sms", "sms"]', "by: names a channel twice"),
        ('by = "sms"', "by: Expected `array`, got `str`"),
        ('text = "alrt"', "text: the catalogues have no text 'alrt' (did you mean alert?)"),
        ('text = "task_visit"', "text: the catalogues have no text 'task_visit'"),
        ('stop = ["clamed"]', "stop: there is no 'clamed' (did you mean claimed?)"),
        ('only = ["wearer_unanswred"]', "only: there is no 'wearer_unanswred' (did you mean wearer_unanswered?)"),
        ('stop = ["often"]\nonly = ["often"]', "only: it is done only while often holds, and stops while it does: never"),
        ("repeat_s = 0", "repeat_s: must be a whole number of seconds from 60 to 604800, not 0"),
        ('to = "wearer"\nrepeat_s = 600', "repeat_s: without an end: nothing stops that the wearer is told"),
        ('to = "police"\nrepeat_s = 600\nstop = ["under_18"]', "repeat_s: without an end: nothing stops that the police"),
        ('since = "birth"', "since: there is no 'birth'; there are run, raised"),
        ('action = "task"\ntext = "task_visit"', "by: a task is done by operators, and goes by no channel"),
        ('action = "task"\ntext = "alert"\nby = []', "text: the catalogues have no text 'alert'"),
    ],
)  # fmt: skip
def test_a_fault_of_a_step_is_one_line_with_protocol_step_field_and_cause(step: str, line: str) -> None:
    parts = {"after_s": "0", "action": '"notify"', "to": '"operator"', "by": '["console"]', "text": '"alert"'}
    for given in step.split("\n"):
        key, _, value = given.partition(" = ")
        parts[key] = value
    text = file_of(one("{ " + ", ".join(f"{key} = {value}" for key, value in parts.items()) + " }"))
    [said] = faults(text)
    assert said.startswith(STEP + line)


@pytest.mark.parametrize("key", ["after_s", "action", "to", "text"])
def test_what_is_missing_of_a_step_is_named(key: str) -> None:
    parts = {"after_s": "0", "action": '"notify"', "to": '"operator"', "by": '["console"]', "text": '"alert"'}
    del parts[key]
    text = file_of(one("{ " + ", ".join(f"{name} = {value}" for name, value in parts.items()) + " }"))
    assert faults(text) == [f"{STEP}{key}: is missing"]


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("version = 1\n[[protocol]\n", "mine.toml:2: TOML: "),
        ("", "mine.toml:1: version: is missing"),
        ("version = 0\n" + one(OPEN), "mine.toml:1: version: must be a whole number from 1 to 9007199254740991, not 0"),
        ("version = true\n" + one(OPEN), "mine.toml:1: version: "),
        ("version = 1\nprotocols = []\n" + one(OPEN), "mine.toml:1: protocols: is not known (did you mean protocol?)"),
        ("version = 1\nretired = []\n" + one(OPEN), "mine.toml:1: retired: is not known"),
        ("version = 1\nprotocol = 3\n", "mine.toml:1: protocol: must be tables, each under [[protocol]]"),
        ("version = 1\nprotocol = []\n", "mine.toml:1: protocol: there are 0; 1 to 500 can be"),
        (file_of(one(OPEN, name="")), "mine.toml:2: protocol no. 1, id: is empty"),
        (file_of(one(OPEN, version=0)), "mine.toml:2: protocol all, version: must be a whole number from 1 to 9007199254740991, not 0"),
        (file_of(one(OPEN, more="titel = 3")), "mine.toml:2: protocol all, titel: is not known (did you mean title?)"),
        (
            file_of(one(OPEN, match='{ kinds = ["strap_tampr"] }')),
            "mine.toml:2: protocol all, match, kinds: there is no kind 'strap_tampr' (did you mean strap_tamper?)",
        ),
        (file_of(one(OPEN, match="{ kinds = [] }")), "mine.toml:2: protocol all, match, kinds: is empty, and fits nothing"),
        (
            file_of(one(OPEN, match='{ levels = ["high"] }')),
            "mine.toml:2: protocol all, match, levels: there is no 'high'; there are standard, enhanced, intensive",
        ),
        (file_of(one(OPEN, match="{ age = 3 }")), "mine.toml:2: protocol all, match, age: is not known"),
        (file_of(one(OPEN, match="3")), "mine.toml:2: protocol all, match: must be a table"),
        (file_of(one("3")), "mine.toml:2: protocol all, step 1: must be a table"),
        (file_of(one(OPEN, more="then_after_s = 3")), "mine.toml:2: protocol all, then_after_s: says when, but there is no `then`"),
        (file_of(one(OPEN, more='then = "al"')), "mine.toml:2: protocol all, then: there is no protocol 'al' (did you mean all?)"),
        (file_of(one(OPEN, more='then = "all"')), "mine.toml:2: protocol all, then: a loop: all -> all"),
        (file_of(one(OPEN), one(OPEN)), "mine.toml:9: protocol all, id: 'all' stands 2 times"),
        (
            file_of(one(OPEN, more='closes_when_cleared = "withdrawn"')),
            "mine.toml:2: protocol all, closes_when_cleared: withdrawn is what the rules say; take another outcome",
        ),
        (
            file_of(one(OPEN, more='closes_when_cleared = "over"')),
            "mine.toml:2: protocol all, closes_when_cleared: there is no 'over'",
        ),
    ],
)  # fmt: skip
def test_a_fault_of_the_file_or_a_protocol_is_one_line_with_where_and_cause(text: str, line: str) -> None:
    said = faults(text)
    assert said[0].startswith(line)
    assert len(said) == (2 if not text else 1)


def test_a_loop_of_several_is_told_once_for_each_of_them() -> None:
    three = [one(OPEN, name=name, more=f'then = "{after}"') for name, after in (("a", "b"), ("b", "c"), ("c", "a"))]
    assert faults(file_of(*three)) == [
        "mine.toml:2: protocol a, then: a loop: a -> b -> c -> a",
        "mine.toml:9: protocol b, then: a loop: b -> c -> a -> b",
        "mine.toml:16: protocol c, then: a loop: c -> a -> b -> c",
    ]


def test_every_fault_of_a_file_is_told_at_once() -> None:
    bad = '{ after_s = -1, action = "notify", to = "nobody", by = ["sms"], text = "alert" }'
    assert [line.partition(": ")[2][:34] for line in faults(file_of(one(bad, OPEN, bad, more='then = "x"')))] == [
        "protocol all, step 1, to: there is",
        "protocol all, step 1, after_s: mus",
        "protocol all, step 3, to: there is",
        "protocol all, step 3, after_s: mus",
    ]


# ---- versions ----


def test_a_file_whose_version_does_not_rise_is_refused() -> None:
    before = read_protocols(GOOD, "mine.toml")
    assert risen(before, before) == [("version", "is 1, not over 1, which is in force")]
    assert risen(read_protocols(GOOD.replace("version = 1", "version = 2", 1), "mine.toml"), before) == []


def test_a_changed_protocol_whose_version_does_not_rise_is_refused() -> None:
    before = read_protocols(GOOD, "mine.toml")
    changed = GOOD.replace("version = 1", "version = 2", 1).replace("after_s = 120", "after_s = 60")
    [(field, cause)] = risen(read_protocols(changed, "mine.toml"), before)
    assert (field, cause.split(";")[0]) == (
        "protocol all, version",
        "is 1, but version 1 is in force and says something else",
    )
    raised = changed.replace('id = "all"\nversion = 1', 'id = "all"\nversion = 2')
    assert risen(read_protocols(raised, "mine.toml"), before) == []


def test_an_old_version_cannot_come_back_with_other_words() -> None:
    first = read_protocols(GOOD, "mine.toml")
    second = following(read_protocols(file_of(one(SUPERVISOR, DUTY, OPEN, version=3), version=2), "mine.toml"), first)
    again = read_protocols(file_of(one(SUPERVISOR, DUTY, OPEN, version=2), version=3), "mine.toml")
    assert risen(again, second)[0][0] == "protocol all, version"


def test_what_is_replaced_is_kept_for_the_alerts_that_run_it() -> None:
    first = read_protocols(GOOD, "mine.toml")
    second = following(read_protocols(file_of(one(DUTY, OPEN, version=2), version=2), "mine.toml"), first)
    third = following(read_protocols(file_of(one(DUTY, OPEN, version=2, name="new"), version=3), "mine.toml"), second)
    assert [(old.id, old.version) for old in third.retired] == [("all", 2), ("all", 1)]
    assert third.named("all", 1) == first.protocol[0]
    assert third.named("all", 7) == second.protocol[0]


# ---- nothing critical ages in silence ----


def changed(step: str, **fields: str) -> str:
    for key, value in fields.items():
        before, _, rest = step.partition(f"{key} = ")
        old = rest.split(", ")[0].split(" }")[0]
        step = f"{before}{key} = {value}{rest[len(old) :]}"
    return step


SILENT = "protocol all, steps: "


@pytest.mark.parametrize(
    ("steps", "said"),
    [
        ((), "nobody is told from +00:00 to +360:00 while nobody has claimed it"),
        ((DUTY,), "the duty manager is not told from"),
        ((SUPERVISOR, OPEN), "nobody is told from +02:00 to +60:00 while nobody has claimed it"),
        ((SUPERVISOR, DUTY), "the duty manager is not told from"),
        ((changed(DUTY, after_s="301"), OPEN), "nobody is told from +00:00 to +05:01 while nobody has claimed it"),
        ((changed(DUTY, repeat_s="601"), OPEN), "nobody is told from +05:00 to +15:01 while nobody has claimed it"),
        ((DUTY, changed(OPEN, after_s="3601")), "the duty manager is not told from"),
        ((DUTY, changed(OPEN, repeat_s="3660")), "the duty manager is not told from"),
        ((DUTY, changed(OPEN, to='"supervisor"')), "the duty manager is not told from"),
        ((changed(DUTY, by='["call"]'), OPEN), "nobody is told from +00:00 to +60:00"),
        ((changed(DUTY, by='["email"]'), OPEN), "nobody is told from +00:00 to +60:00"),
        ((changed(DUTY, by='["console"]'), OPEN), "nobody is told from +00:00 to +60:00"),
        ((changed(DUTY, to='"officer"'), OPEN), "nobody is told from +00:00 to +60:00"),
        ((changed(DUTY, action='"task"').replace('by = ["sms"], ', "").replace("unclaimed", "task_visit"), OPEN), "nobody is"),
        ((DUTY, changed(OPEN, text='"alert", stop = ["actioned"]')), "the duty manager is not told from"),
        ((DUTY, changed(OPEN, text='"alert", stop = ["claimed"]')), "the duty manager is not told from"),
        ((changed(DUTY, stop='["wearer_answered"]'), OPEN), "nobody is told from +00:00 to +60:00"),
        ((changed(DUTY, text='"unclaimed", only = ["victim_unanswered"]'), OPEN), "nobody is told"),
        ((changed(DUTY, text='"unclaimed", only = ["under_18"]'), OPEN), "nobody is told"),
        ((changed(DUTY, text='"unclaimed", only = ["often"]'), OPEN), "nobody is told"),
    ],
)  # fmt: skip
def test_a_protocol_in_which_something_critical_can_age_in_silence_is_refused(
    steps: tuple[str, ...], said: str
) -> None:
    [line] = findings(*steps)
    assert line.startswith(SILENT + said), line


def test_the_history_that_finds_it_is_told() -> None:
    [line] = findings(DUTY, changed(OPEN, text='"alert", stop = ["actioned"]'))
    assert line.endswith("(exclusion_zone, critical, standard; claimed, and worked on for ever)")
    [line] = findings(SUPERVISOR, DUTY)
    assert line.endswith("(exclusion_zone, critical, standard; claimed and lapsed again and again)")
    [line] = findings(changed(DUTY, stop='["wearer_answered"]'), OPEN)
    assert line.endswith("(exclusion_zone, critical, standard; never claimed, the wearer answers)")


def test_a_step_that_cleared_stops_is_refused_where_it_may_be_critical() -> None:
    found = findings(SUPERVISOR, changed(DUTY, stop='["cleared", "claimed"]'), OPEN)
    assert found[0] == "protocol all, step 2, stop: it may be critical: `cleared` may stop nothing that tells a person"
    only_serious = file_of(
        one(changed(DUTY, stop='["cleared"]'), name="a", match='{ severities = ["serious"] }'),
        one(SUPERVISOR, DUTY, OPEN),
    )
    assert check(read_protocols(only_serious, "mine.toml")) == []


def test_a_critical_alert_that_closes_itself_is_refused() -> None:
    found = findings(SUPERVISOR, DUTY, OPEN, more='closes_when_cleared = "explained"')
    assert found[0] == "protocol all, closes_when_cleared: it may be critical: no critical alert closes itself"
    assert found[1].startswith("protocol all, steps: it is closed (explained) and nobody has closed it")


def test_a_case_that_no_protocol_fits_is_refused() -> None:
    text = file_of(one(SUPERVISOR, DUTY, OPEN, match="{ victim = false }"))
    [finding] = check(read_protocols(text, "mine.toml"))
    assert finding.where == "match"
    assert finding.cause.startswith("no protocol fits exclusion_zone, critical, standard, victim, and ")


def test_a_kind_that_is_not_known_yet_must_be_fitted_too() -> None:
    kinds = ", ".join(
        f'"{kind}"' for kind in sorted({case.kind for case in every_case()} - {"a kind that is not known yet"})
    )
    [finding] = check(
        read_protocols(file_of(one(SUPERVISOR, DUTY, OPEN, match=f"{{ kinds = [{kinds}] }}")), "mine.toml")
    )
    assert finding.cause.startswith("no protocol fits a kind that is not known yet, critical, standard")


def test_a_protocol_that_is_never_chosen_is_refused() -> None:
    text = file_of(one(SUPERVISOR, DUTY, OPEN), one(OPEN, name="late", match='{ kinds = ["sos"] }'))
    [finding] = check(read_protocols(text, "mine.toml"))
    assert (finding.where, finding.cause[:20]) == ("protocol late, match", "it is never chosen: ")


def test_what_goes_on_after_another_is_checked_with_it() -> None:
    good = one(SUPERVISOR, more='then = "b"\nthen_after_s = 240', name="a") + one(
        changed(DUTY, after_s="0"), OPEN, name="b"
    )
    assert (
        check(read_protocols(file_of(good), "mine.toml")) != []
    )  # claimed, it never goes on to what tells the duty manager
    both = one(SUPERVISOR, OPEN, more='then = "b"\nthen_after_s = 240', name="a") + one(
        changed(DUTY, after_s="0"), OPEN, name="b"
    )
    assert check(read_protocols(file_of(both), "mine.toml")) == []
    late = both.replace("then_after_s = 240", "then_after_s = 1800")
    [finding] = check(read_protocols(file_of(late), "mine.toml"))
    assert finding.cause.startswith("nobody is told from +02:00 to +30:00 while nobody has claimed it")


@pytest.mark.slow
def test_no_case_that_ships_ages_in_silence_each_run_by_itself() -> None:
    """The validator runs alike cases once; here are all of them."""
    protocols = shipped_protocols()
    for case in (case for case in every_case() if case.severity is Severity.CRITICAL):
        protocol = protocols.choose(case)
        assert protocol is not None
        for history in histories(protocols, protocol):
            assert silence_in(protocols, case, history) is None, (told_of(case), history.name)


@pytest.mark.slow
def test_failure_07_taking_any_escalation_out_of_what_ships_is_refused() -> None:
    """A cut strap that nobody looks at for five days: no single edit of the file gets there."""
    protocols = shipped_protocols()
    tamper = next(one for one in protocols.protocol if one.id == "tamper")
    assert protocols.choose(plain_case("strap_tamper")) == tamper
    seniors = [step for step in tamper.steps if step.to in ("supervisor", "duty_manager")]
    for gone in seniors[1:]:
        less = msgspec.structs.replace(tamper, steps=tuple(step for step in tamper.steps if step != gone))
        others = tuple(less if one is tamper else one for one in protocols.protocol)
        found = check(Protocols(protocols.version, others))
        assert [finding.protocol for finding in found] == ["tamper"]


def test_the_lines_of_what_ships_are_those_of_its_headers() -> None:
    text = shipped_text().replace('kinds = ["sos"] }', 'kinds = ["sos", "soss"] }')
    [line] = faults_of(text)
    number = int(line.split(":")[1])
    assert shipped_text().split("\n")[number - 1] == "[[protocol]]"
    assert shipped_text().split("\n")[number] == 'id = "sos"'


def faults_of(text: str) -> list[str]:
    with pytest.raises(BadInput) as refused:
        read_protocols(text, "mine.toml")
    return str(refused.value).split("\n")


def test_cases_are_told_in_words() -> None:
    assert (
        told_of(Case("sos", Severity.CRITICAL, Level.INTENSIVE, True, True))
        == "sos, critical, intensive, victim, under 18"
    )
    assert told_of(Case("sos", Severity.CRITICAL, own_unit=True)) == "sos, critical, standard, a victim's own unit"
