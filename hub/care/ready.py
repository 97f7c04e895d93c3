"""Plans that are ready to be made one's own: birthday, holiday, win-back, service due, after the first visit, after the second.

Pure. Each is a draft like any other: nothing of it runs before somebody has read it, chosen its offer and published it.
"""

from __future__ import annotations

from collections.abc import Mapping

from hub.care.plan import (
    Branch,
    Came,
    Did,
    Gift,
    Message,
    OnDay,
    Outcome,
    Plan,
    Split,
    Task,
    Wait,
    WhenAway,
    WhenDate,
    WhenDone,
    WhenDue,
)
from hub.wire.snapshot import Text

_MORNING = 10 * 60
_CAME = Did(deed="visit")

_YES: Text = {"en": "Liked it", "zh": "满意"}
_SO: Text = {"en": "Something was missing", "zh": "还有不足"}
_BUSY: Text = {"en": "Had no time", "zh": "没有时间"}
_OUTCOMES = (Outcome("liked", _YES), Outcome("missing", _SO), Outcome("busy", _BUSY))


def _message(name: str, text: Text, to: str = "") -> Message:
    return Message(
        id=name,
        media=("sms", "mail"),
        text=text,
        subject={"en": "From {shop}", "zh": "{shop} 的消息"},
        next=to,
        missing=to,
    )


READY: Mapping[str, Plan] = {
    "first": Plan(
        name="After the first visit",
        entry=WhenDone("visit", 1),
        leave=(),
        first="w1",
        steps=(
            Wait(id="w1", days=1, at=_MORNING, next="m1"),
            _message(
                "m1",
                {
                    "en": "Hello {name}, thank you for coming. What you think of us helps: {page}",
                    "zh": "{name}，您好！感谢光临。欢迎告诉我们您的感受：{page}",
                },
                "w2",
            ),
            Wait(id="w2", days=20, at=_MORNING, next="p1"),
            Split(id="p1", branches=(Branch(_CAME, ""),), next="c1"),
            Gift(id="c1", next="m2"),
            _message(
                "m2",
                {"en": "Something for your next visit: {coupon}", "zh": "送您一份下次来店的小礼：{coupon}"},
            ),
        ),
    ),
    "second": Plan(
        name="After the second visit",
        entry=WhenDone("visit", 2),
        first="w1",
        steps=(
            Wait(id="w1", days=2, at=_MORNING, next="t1"),
            Task(
                id="t1",
                text={
                    "en": "Greet by name. Ask what they liked and what was missing.",
                    "zh": "称呼客人的名字问好，问问满意之处与不足之处。",
                },
                outcomes=_OUTCOMES,
                days=30,
                next="p1",
            ),
            Split(id="p1", branches=(Branch(Came("t1", "missing"), "c1"),), next=""),
            Gift(id="c1", next="m1"),
            _message(
                "m1",
                {
                    "en": "You told us what was missing. This is for you: {coupon}",
                    "zh": "谢谢您告诉我们不足之处，这份心意送给您：{coupon}",
                },
            ),
        ),
    ),
    "birthday": Plan(
        name="Birthday",
        entry=WhenDate("birthday", -7, 9 * 60),
        again=300,
        first="c1",
        steps=(
            Gift(id="c1", next="m1", missing="m1"),
            _message(
                "m1",
                {
                    "en": "Your birthday is near, {name}: something from us waits for you. {coupon}",
                    "zh": "{name}，您的生日快到了，我们为您备了一份礼物。{coupon}",
                },
                "t1",
            ),
            Task(
                id="t1",
                text={
                    "en": "It is their birthday these days: congratulate.",
                    "zh": "这几天是客人的生日，请道贺。",
                },
                outcomes=(),
                days=14,
            ),
        ),
    ),
    "holiday": Plan(
        name="Holiday",
        entry=OnDay(12, 20, _MORNING),
        again=300,
        first="m1",
        steps=(
            _message(
                "m1",
                {
                    "en": "Happy holidays, {name}! What we have for them: {page}",
                    "zh": "{name}，节日快乐！节日有这些：{page}",
                },
            ),
        ),
    ),
    "back": Plan(
        name="Win back",
        entry=WhenAway(60),
        again=180,
        leave=(_CAME,),
        first="m1",
        steps=(
            _message(
                "m1",
                {
                    "en": "We have not seen you for a while, {name}. What is new: {page}",
                    "zh": "{name}，好久不见。近来有些新东西：{page}",
                },
                "w1",
            ),
            Wait(id="w1", days=14, at=_MORNING, next="c1"),
            Gift(id="c1", next="m2"),
            _message(
                "m2",
                {"en": "This is for coming back: {coupon}", "zh": "盼您再来，这份心意请收下：{coupon}"},
                "t1",
            ),
            Task(
                id="t1",
                text={
                    "en": "They are back after a long time: say that you are glad.",
                    "zh": "客人久别再来，请表示欢迎。",
                },
                outcomes=(),
                days=60,
            ),
        ),
    ),
    "service": Plan(
        name="Soon needed again",
        entry=WhenDue(3),
        again=14,
        leave=(Did(deed="purchase"),),
        first="m1",
        steps=(
            _message(
                "m1",
                {
                    "en": "It may be time again, {name}. Shall we put something by for you? {page}",
                    "zh": "{name}，又快到需要的时候了，要为您预留一份吗？{page}",
                },
                "w1",
            ),
            Wait(id="w1", days=10, at=_MORNING, next="t1"),
            Task(
                id="t1",
                text={
                    "en": "Ask whether they still have enough, and what they use.",
                    "zh": "问问客人是否还够用、现在用什么。",
                },
                outcomes=(
                    Outcome("enough", {"en": "Still enough", "zh": "还够用"}),
                    Outcome("other", {"en": "Bought elsewhere", "zh": "在别处买了"}),
                    Outcome("took", {"en": "Took some", "zh": "已购买"}),
                ),
                days=30,
            ),
        ),
    ),
}
"""By name. Each waits for what only the shop can say, such as its offer."""
