"""How long a person's hands and head take for what a test does in a browser, whatever the machine under it is doing.

The Keystroke-Level Model (S. K. Card, T. P. Moran, A. Newell: The keystroke-level model for user performance time with
interactive systems, CACM 23:7, 1980). Its operators and seconds: a key, by an average typist who is no secretary, 0.28; pointing
1.1; a button of the mouse pressed or let go 0.1; the hand from keyboard to mouse or back 0.4; making up one's mind 1.35, before
each thing that is pointed at and before each text that is typed. Where the model knows no number we take one on the slow side:
every page that is opened takes a whole second to answer, and words are read at 238 a minute (M. Brysbaert: How many words do we
read per minute?, Journal of Memory and Language 109, 2019).

The hand really does it: with the mouse where the thing stands, with the keys of a keyboard.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from playwright.sync_api import Locator, Page

KEY_S, POINT_S, BUTTON_S, HOME_S, MIND_S = 0.28, 1.1, 0.1, 0.4, 1.35
ANSWER_S = 1.0
WORD_S = 60 / 238


@dataclass
class Hand:
    """Somebody at a browser. `on_keys`: where their hand is; the counts are what they did so far."""

    page: Page
    on_keys: bool = False
    keys: int = 0
    clicks: int = 0
    minds: int = 0
    moves: int = 0
    answers: int = 0
    words: int = 0
    scrolls: int = 0
    done: list[str] = field(default_factory=list)

    @property
    def seconds(self) -> float:
        """The time in all."""
        return self.by_hand + self.words * WORD_S

    @property
    def by_hand(self) -> float:
        """The time of the model alone, without what is read."""
        mouse = self.clicks * (POINT_S + 2 * BUTTON_S) + self.scrolls * POINT_S
        hands = self.moves * HOME_S + self.minds * MIND_S
        return self.keys * KEY_S + mouse + hands + self.answers * ANSWER_S

    def click(self, what: Locator, *, answer: bool = False) -> None:
        """Point at something and click on it; scroll there where it is out of sight. `answer`: wait for the page."""
        self._to(keys=False)
        self.minds += 1
        if not self._in_sight(what):
            self.scrolls += 1
            what.scroll_into_view_if_needed()
        self.clicks += 1
        self.answers += answer
        what.click()
        self.done.append(f"click {what}")

    def type(self, text: str) -> None:
        """Type a text where the cursor is. A capital letter takes the key for capitals as well."""
        self._to(keys=True)
        self.minds += 1
        self.keys += sum(1 + sign.isupper() for sign in text)
        self.page.keyboard.type(text)
        self.done.append(f"type {text}")

    def type_chinese(self, text: str, pinyin: str) -> None:
        """Type Chinese as it is typed: its sound, and a key to choose each character."""
        self._to(keys=True)
        self.minds += 1
        self.keys += len(pinyin) + len(text)
        self.page.keyboard.insert_text(text)
        self.done.append(f"type {text}")

    def type_moment(self, where: Locator, value: str) -> None:
        """Type a day and a time into their field, whichever order this browser asks for: twelve digits, and one for the half of
        the day."""
        self.click(where)
        self._to(keys=True)
        self.minds += 1
        self.keys += 13
        where.fill(value)
        self.done.append(f"type {value}")

    def press(self, key: str, *, answer: bool = False) -> None:
        """One key, such as Tab or Enter."""
        self._to(keys=True)
        self.keys += 1
        self.answers += answer
        self.page.keyboard.press(key)
        self.done.append(f"press {key}")

    def choose_file(self, what: Locator, path: Path) -> None:
        """Open the browser's dialog, find the file in it, and open that by a double click: which no page can see."""
        self._to(keys=False)
        if not self._in_sight(what):
            self.scrolls += 1
            what.scroll_into_view_if_needed()
        self.minds += 2
        self.clicks += 3
        self.answers += 1
        with self.page.expect_file_chooser() as chooser:
            what.click()
        chooser.value.set_files(path)
        self.done.append(f"choose {path.name}")

    def read(self, text: str) -> None:
        """Read something: a word is what stands between spaces, and every Chinese character."""
        chinese = sum("\u4e00" <= sign <= "\u9fff" for sign in text)
        self.words += chinese + len(
            "".join(sign if not "\u4e00" <= sign <= "\u9fff" else " " for sign in text).split()
        )

    def _to(self, *, keys: bool) -> None:
        self.moves += self.on_keys != keys
        self.on_keys = keys

    def _in_sight(self, what: Locator) -> bool:
        box, size = what.bounding_box(), self.page.viewport_size
        assert box is not None
        assert size is not None
        return box["y"] >= 0 and box["y"] + box["height"] <= size["height"]
