"""Every sentence of the manager's pages is there in Chinese, with the same values in it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from babel.messages.extract import extract_from_dir, extract_from_file
from babel.messages.mofile import read_mo
from babel.messages.pofile import read_po

HUB = Path(__file__).resolve().parents[2] / "hub"
CATALOGUE = HUB / "admin" / "translations" / "zh" / "LC_MESSAGES"
KEYWORDS = {"_": None, "gettext": None, "ngettext": (1, 2), "said": None}
VALUE = re.compile(r"%\((\w+)\)")


def key(text: str | tuple[str, ...] | list[str]) -> str:
    """One name for a sentence; its singular where it has a plural."""
    return text if isinstance(text, str) else text[0]


def spoken() -> set[str]:
    """Every text that the code and the templates say."""
    found: set[str] = set()
    methods = [("**.py", "python"), ("templates/**.html", "jinja2")]
    for _, _, text, _, _ in extract_from_dir(HUB / "admin", methods, keywords=KEYWORDS):
        found.add(key(text))
    for name in (
        "offering.py",
        "people.py",
        "pictures.py",
        "campaigns.py",
        "air.py",
        "tags.py",
        "enrolled.py",
        "members/fields.py",
        "members/importing.py",
        "members/merging.py",
        "segments/keeping.py",
        "segments/naming.py",
    ):
        for _, text, _, _ in extract_from_file("python", HUB / name, keywords=KEYWORDS):
            found.add(key(text))
    return found


def test_every_sentence_is_there_in_chinese() -> None:
    with (CATALOGUE / "messages.mo").open("rb") as file:
        chinese = {key(message.id): message.string for message in read_mo(file) if message.id}
    missing = sorted(str(text) for text in spoken() if text not in chinese or not chinese[text])
    assert missing == []


def test_the_compiled_catalogue_is_the_written_one() -> None:
    with (CATALOGUE / "messages.po").open("rb") as po, (CATALOGUE / "messages.mo").open("rb") as mo:
        written, compiled = read_po(po), read_mo(mo)
    assert {key(message.id): list(message.string) for message in written if message.id} == {
        key(message.id): list(message.string) for message in compiled if message.id
    }


def test_a_sentence_names_the_same_values_in_both_languages() -> None:
    with (CATALOGUE / "messages.po").open("rb") as file:
        for message in read_po(file):
            english = " ".join(message.id) if isinstance(message.id, tuple) else message.id
            chinese = " ".join(message.string) if isinstance(message.string, tuple) else message.string
            if message.id:
                assert set(VALUE.findall(english)) == set(VALUE.findall(chinese)), english


@pytest.mark.parametrize("mark", [",", "?", "!", ";"])
def test_chinese_has_its_own_punctuation(mark: str) -> None:
    with (CATALOGUE / "messages.po").open("rb") as file:
        for message in read_po(file):
            text = " ".join(message.string) if isinstance(message.string, tuple) else message.string
            assert not re.search(rf"[\u4e00-\u9fff]\{mark}", text), text
