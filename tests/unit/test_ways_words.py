"""The portal's pages share one set of translations: what one catalogue says, no other may say differently."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog
from babel.messages.mofile import read_mo
from babel.messages.pofile import read_po

ROOT = Path(__file__).resolve().parents[2]
CATALOGUES = [
    path.parent
    for folder in ("edge/portal/installer", "edge/portal/welcome", "edge/portal/ways/staff", "hub/storefront")
    for path in (ROOT / folder / "translations").rglob("messages.po")
]


def words_of(catalogue: Catalog) -> dict[tuple[str, ...], tuple[str, ...]]:
    """Texts by their English; one that has a plural is two."""
    return {several(message.id): several(message.string) for message in catalogue if message.id}


def several(text: str | Sequence[str]) -> tuple[str, ...]:
    return (text,) if isinstance(text, str) else tuple(text)


def written(folder: Path) -> dict[tuple[str, ...], tuple[str, ...]]:
    with (folder / "messages.po").open("rb") as file:
        return words_of(read_po(file))


def test_no_two_pages_of_one_portal_translate_the_same_words_differently() -> None:
    assert len(CATALOGUES) == 4
    for one, other in combinations(CATALOGUES, 2):
        mine, theirs = written(one), written(other)
        differ = {text for text in mine.keys() & theirs.keys() if mine[text] != theirs[text]}
        # Flask-Babel lays one catalogue over the other: the last would speak on both pages.
        assert not differ, (one, other)


@pytest.mark.parametrize("folder", CATALOGUES, ids=lambda folder: folder.relative_to(ROOT).as_posix())
def test_every_word_of_a_page_is_translated_and_compiled(folder: Path) -> None:
    words = written(folder)
    assert all(all(texts) for texts in words.values())
    with (folder / "messages.mo").open("rb") as file:
        assert words_of(read_mo(file)) == words
