"""Figures of members: who joined, who left, on how many days they were here. What each is and how it is made.

Pure. `hub.figures.definitions` takes them in, with `hub.figures.definitions_place.PlaceFigure` as their shape.
"""

from __future__ import annotations

from hub.figures.definitions_place import PlaceFigure

_AGREED = ("consent.given", "consent.withdrawn")

MEMBER_FIGURES = (
    PlaceFigure(
        "members_joined",
        "members",
        "count",
        "Members joined",
        "新会员",
        "People who agreed for the first time in these days to be recognised or written to, each once. Told up to the end of "
        "yesterday, like everything about members.",
        "在这些日子里首次同意被识别或接收消息的人，每人算一次。会员的所有数字都截至昨天。",
        _AGREED,
        measure="joined",
        people=True,
    ),
    PlaceFigure(
        "members_left",
        "members",
        "count",
        "Members left",
        "退出的会员",
        "People who took back in these days the last thing that they had agreed to.",
        "在这些日子里撤回了最后一项同意的人。",
        _AGREED,
        measure="left",
        people=True,
    ),
    PlaceFigure(
        "members_active",
        "members",
        "count",
        "Days of members",
        "会员到店天数",
        "For each day, how many members were here, bought or used a coupon; added up over these days, so somebody who came on "
        "two days counts on both. Only members who still agree to be known. It always carries noise, because it changes when "
        "somebody takes that back.",
        "每天到店、购买或用券的会员人数，按天相加：两天都来的人算两次。只计入仍然同意的会员。因为有人撤回同意时数字会变，"
        "所以始终带有噪声。",
        (*_AGREED, "visit.closed", "purchase.paid", "coupon.redeemed", "coupon.reversed"),
        measure="active",
        people=True,
    ),
)
