"""The glossary and the code use the same words."""

from __future__ import annotations

import enum

from domain import vocabulary
from domain.vocabulary import Code
from tests.caseload.pages import page, rows, words

GLOSSARY = page("glossary.md")
ENUMS = {
    name: found
    for name, found in vars(vocabulary).items()
    if isinstance(found, type) and issubclass(found, enum.Enum) and found.__module__ == vocabulary.__name__
}


def test_the_glossary_has_every_enum_with_its_words() -> None:
    told = {words(name)[0]: words(values) for name, values in rows(GLOSSARY, "## Words with fixed values")}
    assert told == {
        name: [member.value if isinstance(member, str) else member.name.lower() for member in found]
        for name, found in ENUMS.items()
    }


def test_the_glossary_has_every_event_code() -> None:
    assert [words(code)[0] for code, _ in rows(GLOSSARY, "## Event codes")] == [code.value for code in Code]
