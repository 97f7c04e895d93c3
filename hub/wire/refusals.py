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
    NOT_AT_THIS_HOUR = "not_at_this_hour"
    PRODUCTS_NEEDED = "products_needed"
    PRODUCT_MISSING = "product_missing"
    MEMBER_NEEDED = "member_needed"
    CONDITION_UNMET = "condition_unmet"
    PERSON_LIMIT = "person_limit"
    DAY_LIMIT = "day_limit"
    GROUP_TOO_SMALL = "group_too_small"
    NEXT_VISIT = "next_visit"
    RESERVED = "reserved"
    CODE_TOO_OLD = "code_too_old"
    AMOUNT_NEEDED = "amount_needed"
    BALANCE_TOO_SMALL = "balance_too_small"
    STAFF_LIMIT = "staff_limit"
    OWN_COUPON = "own_coupon"
    NOT_REDEEMED = "not_redeemed"
    ALREADY_REVERSED = "already_reversed"
    UNDO_TOO_LATE = "undo_too_late"
    UNDO_NOT_HERE = "undo_not_here"
    KEY_ENDED = "key_ended"
    OWN_PURSE = "own_purse"
    NO_SUCH_PURSE = "no_such_purse"
    SUM_NEEDED = "sum_needed"
    MORE_THAN_PURCHASE = "more_than_purchase"
    MORE_THAN_PART = "more_than_part"
    TOO_FEW_POINTS = "too_few_points"
    PURSE_TOO_SMALL = "purse_too_small"
    PURSE_DAY_LIMIT = "purse_day_limit"
    PURSE_NEEDS_HUB = "purse_needs_hub"
    PURSE_FULL = "purse_full"
    TOPUP_SUM = "topup_sum"
    TOPUP_SPENT = "topup_spent"


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
    Refusal.NOT_AT_THIS_HOUR: (
        "This offer is not good at this time of the day or week.",
        "这项优惠在当前时段不可用。",
    ),
    Refusal.PRODUCTS_NEEDED: (
        "This offer depends on what is bought: scan the products, then redeem again.",
        "这项优惠与所购商品有关：请先扫描商品，再核销。",
    ),
    Refusal.PRODUCT_MISSING: (
        "The product that this offer is for is not in the purchase.",
        "所购商品中没有这项优惠指定的商品。",
    ),
    Refusal.MEMBER_NEEDED: (
        "This offer is for members: scan the member's code, then redeem again.",
        "这项优惠仅限会员：请先扫描会员码，再核销。",
    ),
    Refusal.CONDITION_UNMET: (
        "This purchase does not meet the conditions of the offer.",
        "这次消费不符合这项优惠的条件。",
    ),
    Refusal.PERSON_LIMIT: (
        "This member has used this offer as often as one person may.",
        "该会员使用这项优惠的次数已达每人上限。",
    ),
    Refusal.DAY_LIMIT: (
        "This offer has been used as often as it may be in one day. It is good again tomorrow.",
        "这项优惠今日使用次数已达上限，明天可再使用。",
    ),
    Refusal.GROUP_TOO_SMALL: (
        "Not enough people have joined this offer yet. Keep the coupon; it becomes good when they have.",
        "参与这项优惠的人数尚未达到要求。请保留优惠券，人数达到后即可使用。",
    ),
    Refusal.NEXT_VISIT: (
        "This coupon is for the next visit: it becomes good tomorrow.",
        "这张优惠券供下次光临使用，明天起有效。",
    ),
    Refusal.RESERVED: (
        "This coupon is being used for another purchase at this moment. Finish or release that one first.",
        "这张优惠券正用于另一笔消费，请先完成或取消那一笔。",
    ),
    Refusal.CODE_TOO_OLD: (
        "This QR is an old picture: it changes every half minute. Ask for the coupon's page, not a screenshot.",
        "这个二维码已过期：它每半分钟更新一次。请出示优惠券页面，而不是截图。",
    ),
    Refusal.AMOUNT_NEEDED: (
        "How much of this voucher is to be spent? Enter the amount, then redeem again.",
        "请输入这张礼券本次使用的金额，再核销。",
    ),
    Refusal.BALANCE_TOO_SMALL: (
        "There is less left on this voucher than that.",
        "礼券余额不足。",
    ),
    Refusal.STAFF_LIMIT: (
        "Too many redemptions for the same member at this till. A manager can look at it.",
        "本收银台为同一会员核销次数过多，请联系经理。",
    ),
    Refusal.OWN_COUPON: (
        "Nobody redeems their own coupons. Ask a colleague.",
        "不能核销自己的优惠券，请由同事办理。",
    ),
    Refusal.NOT_REDEEMED: (
        "There is no such redemption to take back.",
        "没有可以撤销的核销记录。",
    ),
    Refusal.ALREADY_REVERSED: (
        "This redemption was taken back before.",
        "这笔核销已经撤销过。",
    ),
    Refusal.UNDO_TOO_LATE: (
        "A redemption can be taken back at the till within a minute. Now only a manager can.",
        "收银台只能在一分钟内撤销核销，现在须由经理撤销。",
    ),
    Refusal.UNDO_NOT_HERE: (
        "This redemption was made at another till or by somebody else. A manager can take it back.",
        "这笔核销不是在本收银台由您办理的，须由经理撤销。",
    ),
    Refusal.KEY_ENDED: (
        "The device that gave out this coupon has a new key, and the shop has ended the old one. Take the offer again.",
        "发放这张优惠券的设备已更换密钥，旧密钥已停用。请重新领取优惠券。",
    ),
    Refusal.OWN_PURSE: (
        "Nobody pays from or into their own purse at the till. Ask a colleague.",
        "收银员不能操作自己的会员账户，请由同事办理。",
    ),
    Refusal.NO_SUCH_PURSE: (
        "This shop keeps nothing of the kind. The manager's page Points and value says what there is.",
        "本店没有这种账户。经理页面“积分与储值”中有说明。",
    ),
    Refusal.SUM_NEEDED: (
        "How much is to be paid? Type the sum, such as 12.50.",
        "请输入要支付的金额，例如 12.50。",
    ),
    Refusal.MORE_THAN_PURCHASE: (
        "That is more than the purchase comes to.",
        "支付金额超过了这次消费的金额。",
    ),
    Refusal.MORE_THAN_PART: (
        "Only a part of a purchase can be paid with points. Type a smaller sum.",
        "积分只能支付消费的一部分，请输入较小的金额。",
    ),
    Refusal.TOO_FEW_POINTS: (
        "That is fewer points than can be spent at once.",
        "低于单次可用积分的最低数量。",
    ),
    Refusal.PURSE_TOO_SMALL: (
        "There is less than that to spend.",
        "可用余额不足。",
    ),
    Refusal.PURSE_DAY_LIMIT: (
        "As much has been paid from this purse today as may be in one day.",
        "该账户今日支付已达上限。",
    ),
    Refusal.PURSE_NEEDS_HUB: (
        "This till is cut off from the shop's hub and cannot do that alone. Try again soon, or take another payment.",
        "本收银台与店内主机断开，无法单独办理。请稍后再试，或改用其他方式支付。",
    ),
    Refusal.PURSE_FULL: (
        "No more fits into this purse: it would hold more than the shop allows.",
        "充值后将超过账户余额上限。",
    ),
    Refusal.TOPUP_SUM: (
        "That is less or more than may be paid in at once. The manager's page Points and value says how much.",
        "单次充值金额不在允许范围内，请参阅经理页面“积分与储值”。",
    ),
    Refusal.TOPUP_SPENT: (
        "Some of that has been spent already. Take the payment back first.",
        "其中一部分已被使用，请先撤销该笔支付。",
    ),
}


def sentence(refusal: Refusal | str, language: str) -> str:
    """The sentence for staff; a code that this release does not know is shown as it is."""
    try:
        english, chinese = _SENTENCES[Refusal(refusal)]
    except ValueError:
        return str(refusal)
    return chinese if language.startswith("zh") else english
