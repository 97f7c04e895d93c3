"""Which model speaks for these members, and why.

Pure. BG/NBD speaks where there is enough to fit it to. Where there is not, the same formulas stand on what can be said of
few: the mean rate of all, towards which everybody's own is drawn, and a rule of thumb for how people leave. Who reads a
number is told which.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal, TypeVar

from hub.value.bgnbd import Bgnbd, History
from hub.value.bgnbd_fit import BgnbdFit, fit_bgnbd
from hub.value.gammagamma import GammaGamma, GammaGammaFit, Spent, correlation, fit_gamma_gamma

FEWEST_MEMBERS = 100
FEWEST_RETURNED = 30
"""Below these the four parameters are known to no useful digit."""

FEWEST_SPENDERS = 30
MOST_CORRELATED = 0.3
"""Gamma-Gamma takes it that who comes often spends neither more nor less at a visit; above this it is said that it does not
hold."""

MOST_FITTED = 200_000
"""More members make no digit of a parameter better that anybody looks at. Which ones is decided by their order, not by chance."""

PLAIN_SHAPE, PLAIN_LEAVING = 1.0, (1.0, 5.0)
"""The rule of thumb: rates differ as much as their mean (an exponential distribution), and one visit in six is somebody's
last."""

Words = dict[str, str]
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Speaker:
    """The model that speaks of visits, and the sentence that says so. `fit` is None where it is the plain one."""

    name: Literal["bgnbd", "plain"]
    model: Bgnbd
    why: Words
    fit: BgnbdFit | None = None


@dataclass(frozen=True, slots=True)
class MoneySpeaker:
    """The model that speaks of money, and the sentence that says so."""

    name: Literal["gamma_gamma", "plain"]
    model: GammaGamma
    why: Words
    fit: GammaGammaFit | None = None


def _evenly(items: Sequence[T], order: Callable[[T], tuple[float, ...]]) -> Sequence[T]:
    """All, or of very many an even sample along their order."""
    if len(items) <= MOST_FITTED:
        return items
    ordered = sorted(items, key=order)
    return [ordered[index * len(ordered) // MOST_FITTED] for index in range(MOST_FITTED)]


def choose(histories: Sequence[History]) -> Speaker:
    """The model for these members. One unit of time for all; which does not matter."""
    returned = sum(one.frequency > 0 for one in histories)
    members = len(histories)
    if members < FEWEST_MEMBERS or returned < FEWEST_RETURNED:
        return Speaker(
            "plain",
            plain(histories),
            {
                "en": f"The plain rule speaks, because {members} members of whom {returned} came again are too few to fit a "
                f"model to (it takes {FEWEST_MEMBERS} and {FEWEST_RETURNED}): each member's own pace is drawn towards the pace "
                "of all, and it is taken, not measured, that one visit in six is somebody's last.",
                "zh": f"由简单规则估算：共 {members} 位会员，其中 {returned} 位再次光临，数量太少，无法拟合模型"
                f"（至少需要 {FEWEST_MEMBERS} 位和 {FEWEST_RETURNED} 位）。每位会员的到店频率向全体平均值靠拢；"
                "“每六次到店有一次是最后一次”是假定，不是测得的。",
            },
        )
    fit = fit_bgnbd(_evenly(histories, lambda one: (one.frequency, one.recency, one.age)))
    if fit is None or not fit.reached:
        return Speaker(
            "plain",
            plain(histories),
            {
                "en": "The plain rule speaks, because no model could be fitted to these visits: each member's own pace is drawn "
                "towards the pace of all, and it is taken, not measured, that one visit in six is somebody's last.",
                "zh": "由简单规则估算：这些到店记录无法拟合模型。每位会员的到店频率向全体平均值靠拢；"
                "“每六次到店有一次是最后一次”是假定，不是测得的。",
            },
        )
    why = {
        "en": f"BG/NBD speaks: {returned} of {members} members came again, enough to fit how often they come and how they leave.",
        "zh": f"由 BG/NBD 模型估算：{members} 位会员中有 {returned} 位再次光临，足以拟合到店频率和流失情况。",
    }
    if fit.members < members:
        why["en"] += f" It is fitted to an even sample of {fit.members} of them."
        why["zh"] += f"模型依据其中均匀抽取的 {fit.members} 位拟合。"
    if ("a", -1) in fit.held:
        why["en"] += (
            " In these data nobody seems to leave for good, so everybody counts as still coming: look at the loss score instead."
        )
        why["zh"] += "数据显示几乎无人彻底流失，因此所有人都视为仍会光临：请改看流失评分。"
    return Speaker("bgnbd", fit.model, why, fit)


def plain(histories: Sequence[History]) -> Bgnbd:
    """Means drawn together: the pace of all (with one visit in one member's time added, so that nothing is ever 0), and the
    rule of thumb for leaving."""
    time = sum(one.age for one in histories)
    visits = sum(one.frequency for one in histories)
    mean_age = time / len(histories) if time > 0 else 1.0
    pace = (visits + 1) / (time + mean_age)
    return Bgnbd(PLAIN_SHAPE, PLAIN_SHAPE / pace, *PLAIN_LEAVING)


def choose_money(spent: Sequence[Spent]) -> MoneySpeaker | None:
    """The model for what a visit is worth; None where nobody has spent anything."""
    known = [(visits, mean) for visits, mean in spent if visits > 0 and mean > 0]
    if not known:
        return None
    fit = fit_gamma_gamma(_evenly(known, lambda one: one)) if len(known) >= FEWEST_SPENDERS else None
    if fit is None or not fit.reached or fit.model.q <= 1:
        visits = sum(one for one, _ in known)
        mean = sum(one * worth for one, worth in known) / visits
        # q = 2 and p = 1: everybody's mean counts as much as one visit of their own.
        return MoneySpeaker(
            "plain",
            GammaGamma(1.0, 2.0, mean),
            {
                "en": f"What a visit is worth is a mean drawn towards that of all, because {len(known)} members who spent "
                "something do not fit a model.",
                "zh": f"每次消费额取个人均值并向全体均值靠拢：{len(known)} 位有消费的会员不足以拟合模型。",
            },
        )
    why = {
        "en": f"Gamma-Gamma speaks of money: fitted to {len(known)} members who spent something.",
        "zh": f"消费额由 Gamma-Gamma 模型估算：依据 {len(known)} 位有消费的会员。",
    }
    tied = correlation(known)
    if abs(tied) > MOST_CORRELATED:
        why["en"] += (
            " It takes it that who comes often spends neither more nor less at a visit, which does not hold here "
            f"(correlation {tied:.2f}): take the values as an order, not as sums."
        )
        why["zh"] += (
            f"该模型假定到店频率与每次消费额无关，而这里并非如此（相关系数 {tied:.2f}）：请只看排序，不要看金额。"
        )
    return MoneySpeaker("gamma_gamma", fit.model, why, fit)
