"""Figures of offers, from being shown to having come back: what each is and how it is made.

Pure. `hub.figures.definitions` takes them in. The order is that of the way from a screen to the till and back.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class OfferFigure:
    """One of them. `unit` as in `definitions.Unit`; `kinds`: the facts behind it."""

    name: str
    unit: str
    en: str
    zh: str
    how_en: str
    how_zh: str
    kinds: tuple[str, ...]


_ACTS = ("coupon.redeemed", "coupon.reversed")

OFFER_FIGURES = (
    OfferFigure(
        "shown",
        "count",
        "Shown",
        "展示",
        "How often an offer came to the front of a screen in the shop. Phones do not count here: a page that is opened there "
        "shows its offers at once.",
        "优惠在店内屏幕上被展示的次数。手机不计入：在手机上打开页面即同时显示全部优惠。",
        ("offer.shown",),
    ),
    OfferFigure(
        "opened",
        "count",
        "Opened",
        "打开",
        "How often an offer's own page was opened, or an offer was shown together with a coupon that was taken at once. Somebody "
        "who opens it twice counts twice.",
        "优惠自己的页面被打开的次数，或与当即领取的优惠券一同显示的次数。同一个人打开两次算两次。",
        ("offer.seen",),
    ),
    OfferFigure(
        "taken",
        "count",
        "Coupons taken",
        "已领取的优惠券",
        "Coupons that were handed out in these days, each once.",
        "在这些日子里发出的优惠券，每张算一次。",
        ("coupon.issued",),
    ),
    OfferFigure(
        "redeemed",
        "count",
        "Coupons redeemed",
        "已核销的优惠券",
        "Coupons that a till accepted in these days, each once, and parts of vouchers. What was taken back, or accepted a second "
        "time, is not counted here. Its way in is that of its coupon; it has none until the fact that it was taken has arrived.",
        "在这些日子里收银台接受的优惠券，每张算一次，代金券的每次使用也算一次。撤销的和重复接受的不算在内。渠道以优惠券的领取渠道为准；在领取记录到达之前"
        "没有渠道。",
        (*_ACTS, "coupon.issued"),
    ),
    OfferFigure(
        "returned",
        "count",
        "Came back",
        "再次到店",
        "Of the redemptions of these days, those after which the same member was here again on a later day within 28 days: seen, "
        "buying or redeeming. Only members who said who they are can be told; the last 28 days are not complete yet.",
        "在这些日子的核销中，同一位会员在之后 28 天内的另一天再次到店（被识别、购买或核销）的次数。"
        "只有表明身份的会员才能计入；最近 28 天的数字尚不完整。",
        (*_ACTS, "visit.closed", "purchase.paid"),
    ),
    OfferFigure(
        "refused",
        "count",
        "Refused",
        "被拒绝",
        "How often a till or the hub said no in these days, for whatever reason. What names no offer stands under none.",
        "在这些日子里收银台或中枢拒绝的次数，不论原因。没有指明优惠的不归入任何优惠。",
        ("coupon.refused",),
    ),
    OfferFigure(
        "reversed",
        "count",
        "Taken back",
        "已撤销",
        "Redemptions that were taken back in these days, whenever they had been made.",
        "在这些日子里被撤销的核销，不论核销发生在何时。",
        ("coupon.reversed", "coupon.redeemed"),
    ),
    OfferFigure(
        "alone",
        "count",
        "Decided without the hub",
        "脱离中枢时接受",
        "Of the redemptions of these days, those that a till accepted on its own while it was cut off from the hub.",
        "在这些日子的核销中，收银台与中枢断开时自行接受的次数。",
        _ACTS,
    ),
    OfferFigure(
        "conflicts",
        "count",
        "Accepted twice",
        "重复核销",
        "Acceptances of these days of a coupon that was used already, as long as neither was taken back; and parts of a voucher "
        "that were spent beyond its worth.",
        "在这些日子里对已使用的优惠券的再次接受，只要其中任何一次未被撤销；以及代金券超出面值的使用。",
        _ACTS,
    ),
    OfferFigure(
        "conflict_cents",
        "cents",
        "Lost by accepting twice",
        "重复核销的损失",
        "What these second acceptances gave away.",
        "这些重复核销所让出的金额。",
        _ACTS,
    ),
    OfferFigure(
        "given_cents",
        "cents",
        "Given",
        "让利",
        "What the shop gave away with the redemptions of these days: amounts off, percentages of the purchase, what gifts cost "
        "it.",
        "本店在这些日子的核销中让出的金额：立减金额、按比例的折扣、赠品的成本。",
        _ACTS,
    ),
    OfferFigure(
        "baskets",
        "count",
        "Purchases with a coupon",
        "用券购买",
        "Purchases of which the till told the sum, with coupons that count. One with several coupons counts once where the till "
        "says that it is the same; cut by campaign, once for each.",
        "收银台报告了金额、且使用了有效优惠券的购买。一笔购买用了多张券时，"
        "若收银台注明是同一笔则只算一次；按活动查看时每个活动各算一次。",
        _ACTS,
    ),
    OfferFigure(
        "earned_cents",
        "cents",
        "Earned with a coupon",
        "用券销售额",
        "The sums of these purchases, as the till told them. Not all of it came because of the offer: what did is told by the "
        "control group on the offer's report.",
        "这些购买由收银台报告的金额。并非全部因优惠而来：真正由优惠带来的部分，请看该优惠报告中的对照组。",
        _ACTS,
    ),
)
