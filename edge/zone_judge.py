"""How often is a `ZoneModel` right about a recording whose zones are known? By the same keeper that decides in the shop.

Pure; `python -m edge zones judge` prints it, and the installer's page shows it before and after a walk.

How it judges. Each packet of a tag is one question: in which zone is the tag now, by the last so many packets, this one
included, or by what was heard in the last so many seconds? The answer is the likeliest zone, with nothing kept from one question
to the next. The truth is the zone of that packet. At the beginning of a tag windows are shorter than they should be: `accuracy`
leaves these out, `all_accuracy` counts them.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import msgspec

from edge.zone_fit import ZoneRow
from edge.zones import NOT_HEARD, NOWHERE, ZoneKeeper, ZoneModel

LONGEST_WINDOW_S = 60.0
"""Above edge.zones.MEMORY_S, below what the keeper's column of gaps can hold. Who was there a minute ago has walked on."""

_PACKETS_IN_SECONDS = 255
"""As many as the keeper can hold: 4 a second for a minute."""


class JudgedTag(msgspec.Struct, frozen=True):
    """One tag, by its number in the recording: a recording's names stay there."""

    tag: int
    accuracy: float | None
    n: int


class JudgedWindow(msgspec.Struct, frozen=True):
    """One length of window. Accuracies are shares of 1, None where nothing was asked; `n` is how many questions.

    `tags_accuracy` is the mean over tags, each counting once. `confusion[truth][said]` counts full windows, in the order of
    the model's zones.
    """

    packets: int | None
    seconds: float | None
    accuracy: float | None
    n: int
    tags_accuracy: float | None
    all_accuracy: float | None
    all_n: int
    tags: tuple[JudgedTag, ...]
    confusion: tuple[tuple[int, ...], ...]


class JudgedZones(msgspec.Struct, frozen=True):
    """A model on a recording."""

    zones: tuple[str, ...]
    rows: int
    windows: tuple[JudgedWindow, ...]


class JudgeError(Exception):
    """The recording and the model do not fit together; the sentence says where."""


def judge_zones(
    model: ZoneModel,
    rows: Iterable[ZoneRow],
    receivers: Sequence[str],
    windows_packets: Iterable[int] = (),
    windows_s: Iterable[float] = (),
) -> JudgedZones:
    """Judge by windows of so many packets (1 to 255), and of so many seconds (above 0 to 60). Raises JudgeError.

    `receivers` names the strengths of the rows, in any order.
    """
    columns = _columns(model, receivers)
    by_tag: dict[str, list[ZoneRow]] = {}
    for row in rows:
        if row.zone not in model.zones:
            raise JudgeError(f"Zone {row.zone} is not in the model, which has {', '.join(model.zones)}.")
        by_tag.setdefault(row.tag, []).append(row)
    tags = [sorted(of_tag, key=lambda row: row.at) for of_tag in by_tag.values()]
    judged = [_judge(model, tags, columns, packets, None) for packets in windows_packets]
    judged += [_judge(model, tags, columns, _PACKETS_IN_SECONDS, seconds) for seconds in windows_s]
    return JudgedZones(model.zones, sum(map(len, tags)), tuple(judged))


def _columns(model: ZoneModel, receivers: Sequence[str]) -> list[int]:
    """Where in a row each of the model's receivers stands."""
    for name in receivers:
        if name not in model.receivers:
            raise JudgeError(f"Receiver {name} is not in the model, which has {', '.join(model.receivers)}.")
    for name in model.receivers:
        if name not in receivers:
            raise JudgeError(f"Receiver {name} of the model is not in the recording.")
    return [receivers.index(name) for name in model.receivers]


def _judge(
    model: ZoneModel,
    tags: Sequence[Sequence[ZoneRow]],
    columns: Sequence[int],
    packets: int,
    seconds: float | None,
) -> JudgedWindow:
    keeper = ZoneKeeper(model, packets, seconds, change_odds=1.0)
    keeper.reach(len(tags))
    confusion = [[0] * len(model.zones) for _ in model.zones]
    judged: list[JudgedTag] = []
    all_right = all_n = full_right = 0
    for number, rows in enumerate(tags):
        right = n = 0
        for index, row in enumerate(rows):
            said = _said(keeper, number, row, columns)
            truth = model.zones.index(row.zone)
            all_right += said == truth
            all_n += 1
            full = index + 1 >= packets if seconds is None else row.at - rows[0].at >= seconds
            if full:
                n += 1
                right += said == truth
                if said != NOWHERE:
                    confusion[truth][said] += 1
        full_right += right
        judged.append(JudgedTag(number + 1, _share(right, n), n))
    n = sum(tag.n for tag in judged)
    shares = [tag.accuracy for tag in judged if tag.accuracy is not None]
    return JudgedWindow(
        packets if seconds is None else None,
        seconds,
        _share(full_right, n),
        n,
        _share(sum(shares), len(shares)),
        _share(all_right, all_n),
        all_n,
        tuple(judged),
        tuple(map(tuple, confusion)),
    )


def _said(keeper: ZoneKeeper, number: int, row: ZoneRow, columns: Sequence[int]) -> int:
    """What the keeper says after this packet."""
    for receiver, column in enumerate(columns):
        strength = row.strengths_dbm[column]
        keeper.hear(number, receiver, NOT_HEARD if strength is None else strength, row.at)
    return keeper.zone(number)


def _share(part: float, whole: int) -> float | None:
    return round(part / whole, 6) if whole else None
