"""Why a coupon was refused: a code for programs, a sentence for staff in each language.

Pure. `hub.wire.rules` returns the codes; the till, the command line and the reports say the sentences.
"""

from __future__ import annotations

from enum import StrEnum

LANGUAGES = ("en", "zh")


class Refusal(StrEnum):
    """Every reason that the rule, the hub or a till can give."""

    UNKNOWN_COUPON = "unknown_coupon"
    BAD_SIGNATURE = "bad_signature"
    BAD_CODE = "bad_code"
    WRONG_STORE = "wrong_store"
    UNKNOWN_CAMPAIGN = "unknown_campaign"
    NOT_STARTED = "not_started"
    EXPIRED = "expired"
    REVOKED = "revoked"
    ALREADY_REDEEMED = "already_redeemed"
    LIMIT_REACHED = "limit_reached"
    BASKET_TOO_SMALL = "basket_too_small"
    BASKET_NEEDED = "basket_needed"
    NOT_FOR_THIS_MEMBER = "not_for_this_member"
    HUB_UNREACHABLE = "hub_unreachable"
    CODE_NEEDS_HUB = "code_needs_hub"
    NO_RIGHTS_LEFT = "no_rights_left"
    CLOCK_UNSET = "clock_unset"
    NOT_OFFERED = "not_offered"
    SOLD_OUT = "sold_out"


_SENTENCES: dict[Refusal, tuple[str, str]] = {
    Refusal.UNKNOWN_COUPON: (
        "This shop knows no such coupon. Type the code again, or scan the QR.",
        "本店没有这张优惠券。请重新输入编码，或扫描二维码。",
    ),
    Refusal.BAD_SIGNATURE: (
        "This coupon was not issued by this shop. Do not accept it.",
        "这张优惠券不是本店发出的，请勿接受。",
    ),
    Refusal.BAD_CODE: (
        "That is no coupon code: a character is wrong. It has twelve, in groups of four.",
        "编码有误：共十二个字符，四个一组，请核对后重新输入。",
    ),
    Refusal.WRONG_STORE: (
        "This coupon is for another shop.",
        "这张优惠券属于另一家店。",
    ),
    Refusal.UNKNOWN_CAMPAIGN: (
        "The offer behind this coupon is not known here yet. Try again in a minute.",
        "这里还没有收到这项优惠，请一分钟后再试。",
    ),
    Refusal.NOT_STARTED: (
        "This offer has not started yet.",
        "这项优惠尚未开始。",
    ),
    Refusal.EXPIRED: (
        "This coupon has expired.",
        "这张优惠券已过期。",
    ),
    Refusal.REVOKED: (
        "This coupon was withdrawn by the shop.",
        "这张优惠券已被本店收回。",
    ),
    Refusal.ALREADY_REDEEMED: (
        "This coupon was used before.",
        "这张优惠券已经使用过。",
    ),
    Refusal.LIMIT_REACHED: (
        "This offer has been used as often as it may be.",
        "这项优惠的使用次数已达上限。",
    ),
    Refusal.BASKET_TOO_SMALL: (
        "The purchase is below the minimum for this offer.",
        "消费金额未达到这项优惠的最低要求。",
    ),
    Refusal.BASKET_NEEDED: (
        "This offer depends on the purchase: enter its amount, then redeem again.",
        "这项优惠与消费金额有关：请先输入金额，再核销。",
    ),
    Refusal.NOT_FOR_THIS_MEMBER: (
        "This coupon belongs to somebody else.",
        "这张优惠券属于其他会员。",
    ),
    Refusal.HUB_UNREACHABLE: (
        "This till is cut off from the shop's hub, and this offer may only be redeemed with it. Keep the coupon; try again soon.",
        "本收银台与店内主机断开，此优惠须联机核销。请保留优惠券，稍后再试。",
    ),
    Refusal.CODE_NEEDS_HUB: (
        "This till is cut off from the shop's hub and cannot look this code up. Scan the QR instead, or try again soon.",
        "本收银台与店内主机断开，无法查询此编码。请改扫二维码，或稍后再试。",
    ),
    Refusal.NO_RIGHTS_LEFT: (
        "This till is cut off from the shop's hub and has accepted as many as it may on its own. Try again soon.",
        "本收银台与店内主机断开，可自行核销的次数已用完，请稍后再试。",
    ),
    Refusal.CLOCK_UNSET: (
        "This till does not know the time yet, so it cannot tell whether the coupon is still good. Connect it to the shop's hub.",
        "本收银台还不知道现在的时间，无法判断优惠券是否有效。请连接店内主机。",
    ),
    Refusal.NOT_OFFERED: (
        "This offer is not running at the moment.",
        "这项优惠目前不在进行中。",
    ),
    Refusal.SOLD_OUT: (
        "All coupons of this offer have been taken.",
        "这项优惠的优惠券已领完。",
    ),
}


def sentence(refusal: Refusal | str, language: str) -> str:
    """The sentence for staff; a code that this release does not know is shown as it is."""
    try:
        english, chinese = _SENTENCES[Refusal(refusal)]
    except ValueError:
        return str(refusal)
    return chinese if language.startswith("zh") else english
