"""Figures of the place itself: who goes past, people there, guests of the Wi-Fi. What each is and how it is made.

Pure. `hub.figures.definitions` takes them in.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class PlaceFigure:
    """One of them. `family`, `unit`, `measure`, `over`, `people` as in `definitions.Figure`."""

    name: str
    family: str
    unit: str
    en: str
    zh: str
    how_en: str
    how_zh: str
    kinds: tuple[str, ...]
    measure: str
    over: str = ""
    people: bool = False


PLACE_FIGURES = (
    PlaceFigure(
        "passers",
        "street",
        "count",
        "Went past",
        "路过",
        "Phones that were heard near the door in these days and did not stay, before any correction: a phone that is heard again "
        "later counts again, and one that is silent does not count.",
        "在这些日子里在门口附近被听到但没有停留的手机，未作任何修正：之后再次被听到的会再算一次，没有信号的不算。",
        ("street.counted",),
        measure="passers",
        people=True,
    ),
    PlaceFigure(
        "entrants",
        "street",
        "count",
        "Came in",
        "进店",
        "Of the phones that were heard near the door in these days, those that stayed.",
        "在这些日子里在门口附近被听到的手机中，停留下来的。",
        ("street.counted",),
        measure="entrants",
        people=True,
    ),
    PlaceFigure(
        "capture_rate",
        "street",
        "share",
        "Capture rate",
        "进店率",
        "Of the phones that were heard near the door, the part that stayed: those that came in, divided by those that came in "
        "and those that went past. The band holds the true share nine times in ten, as far as chance goes.",
        "在门口附近被听到的手机中停留下来的比例：进店的除以进店的与路过的之和。误差范围只计偶然因素，真实比例十次有九次落在其中。",
        ("street.counted",),
        measure="entrants",
        over="passers+entrants",
        people=True,
    ),
    PlaceFigure(
        "people_mean",
        "present",
        "count",
        "People present",
        "在店人数",
        "The mean number of people in one zone, over all windows that were measured in it; the band is the mean of theirs, in "
        "which the true number lies nine times in ten. Of several zones it is the mean of all their windows, not their sum.",
        "一个区域内人数的平均值，按其中测量过的所有时段计算；误差范围是各时段范围的平均值，真实人数十次有九次落在其中。多个区域时是所有时段的平均值，"
        "不是总和。",
        ("occupancy.measured",),
        measure="people",
        over="windows",
    ),
    PlaceFigure(
        "people_most",
        "present",
        "count",
        "Fullest moment",
        "最多时人数",
        "The most people that one window of one zone was measured to have.",
        "单个区域在单个时段内测得的最多人数。",
        ("occupancy.measured",),
        measure="most",
    ),
    PlaceFigure(
        "guests",
        "guests",
        "count",
        "Guests of the Wi-Fi",
        "Wi-Fi 访客",
        "How often a phone was let into the shop's Wi-Fi in these days. A phone that comes again counts again.",
        "在这些日子里手机连入店内 Wi-Fi 的次数。同一部手机再次连入会再算一次。",
        ("portal.joined",),
        measure="joined",
        people=True,
    ),
    PlaceFigure(
        "guests_known_share",
        "guests",
        "share",
        "Guests who are members",
        "会员访客比例",
        "Of the phones that were let into the Wi-Fi, the part that came with the code of a member. The band holds the "
        "true share nine times in ten, as far as chance goes.",
        "连入 Wi-Fi 的手机中，使用会员码的比例。误差范围只计偶然因素，真实比例十次有九次落在其中。",
        ("portal.joined",),
        measure="known",
        over="joined",
        people=True,
    ),
)
