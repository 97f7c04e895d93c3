"""What stands on the counter's paper: the receipt of a redemption, with the coupon for the next visit, and a coupon alone.

Pure. A refusal is not printed. Sums and times come as the reader writes them; nothing on paper says who redeemed or who served.
"""

from __future__ import annotations

from dataclasses import dataclass

from hardware.printer.page import Banner, Block, Code, Page, Pair, Rule, Space, Words
from hub.wire.snapshot import Text, say

_WORDS: dict[str, Text] = {
    "copy": {"en": "COPY", "zh": "副本"},
    "training": {"en": "TRAINING", "zh": "练习"},
    "no_value": {"en": "Worth nothing: printed for practice.", "zh": "仅供练习，无效。"},
    "redeemed": {"en": "Coupon redeemed", "zh": "优惠券已核销"},
    "spent": {"en": "Voucher used", "zh": "礼品券已使用"},
    "purchase": {"en": "Purchase", "zh": "消费金额"},
    "left": {"en": "Left on the voucher", "zh": "礼品券余额"},
    "alone": {
        "en": "Taken on this till's own account; the shop's hub is told as soon as it answers.",
        "zh": "由本收银台自行核销，店内主机恢复后将自动上报。",
    },
    "number": {"en": "No.", "zh": "编号"},
    "next": {"en": "For your next visit", "zh": "下次光临可用"},
    "show": {"en": "Show this at the till.", "zh": "请在收银台出示。"},
    "from": {"en": "Good from", "zh": "生效"},
    "until": {"en": "Good until", "zh": "有效期至"},
    "once": {"en": "It can be used once.", "zh": "限用一次。"},
    "parts": {"en": "It can be spent in parts.", "zh": "可分次使用。"},
}


@dataclass(frozen=True, slots=True)
class PaperCoupon:
    """A coupon on paper. Times are written out; `good_from` is empty where it is good at once."""

    title: str
    worth: str
    token: str
    code: str
    good_until: str
    good_from: str = ""
    small_print: str = ""
    voucher: bool = False


@dataclass(frozen=True, slots=True)
class PaperReceipt:
    """One redemption on paper. `when` and the sums are written out; `number` is short, for whoever complains."""

    shop: str
    till: str
    when: str
    title: str
    worth: str
    number: str
    purchase: str = ""
    balance: str = ""
    voucher: bool = False
    offline: bool = False
    next_visit: PaperCoupon | None = None


def receipt(told: PaperReceipt, language: str, *, copy: bool = False, training: bool = False) -> Page:
    """The receipt of a redemption. A copy says so, so that its coupon is not taken for a second one; training has none."""

    def word(name: str) -> str:
        return say(_WORDS[name], language)

    blocks: list[Block] = [Words(told.shop, "large", bold=True, align="center")]
    if training:
        blocks += [Banner(word("training")), Words(word("no_value"), align="center")]
    if copy:
        blocks.append(Banner(word("copy")))
    blocks += [
        Words(word("spent" if told.voucher else "redeemed"), bold=True, align="center"),
        Words(f"{told.when} · {told.till}", "small", align="center"),
        Rule(),
        Pair(told.title, told.worth, bold=True),
    ]
    if told.purchase:
        blocks.append(Pair(word("purchase"), told.purchase))
    if told.balance:
        blocks.append(Pair(word("left"), told.balance, bold=True))
    if told.offline:
        blocks += [Space(2), Words(word("alone"), "small")]
    blocks += [Space(1), Words(f"{word('number')} {told.number}", "small")]
    if told.next_visit is not None and not training:
        blocks += [Rule(), Words(word("next"), "large", bold=True, align="center")]
        blocks += _coupon(told.next_visit, language)
    return Page((*blocks, Space(4)))


def coupon_slip(shop: str, coupon: PaperCoupon, language: str, *, copy: bool = False) -> Page:
    """A coupon by itself."""
    blocks: list[Block] = [Words(shop, "large", bold=True, align="center")]
    if copy:
        blocks.append(Banner(say(_WORDS["copy"], language)))
    return Page((*blocks, Rule(), *_coupon(coupon, language), Space(4)))


def test_page(shop: str, till: str, when: str, language: str) -> Page:
    """What an installer prints to see that all of it comes out: both scripts, a code, a sum."""
    return Page(
        (
            Words(shop, "large", bold=True, align="center"),
            Words(f"{when} · {till}", "small", align="center"),
            Rule(),
            Words({"zh": "打印机工作正常。"}.get(language, "The printer works."), bold=True, align="center"),
            Pair("ABC abc 0123456789", "12.50"),
            Code("SHOPBELL TEST PAGE"),
            Space(4),
        )
    )


def _coupon(coupon: PaperCoupon, language: str) -> list[Block]:
    def word(name: str) -> str:
        return say(_WORDS[name], language)

    lines: list[Block] = [
        Words(coupon.title, bold=True, align="center"),
        Words(coupon.worth, "large", bold=True, align="center"),
        Space(1),
        Code(coupon.token),
        Words(grouped(coupon.code), bold=True, align="center"),
        Space(1),
    ]
    if coupon.good_from:
        lines.append(Pair(word("from"), coupon.good_from))
    lines.append(Pair(word("until"), coupon.good_until))
    lines.append(
        Words(
            _joined(word("show"), word("parts" if coupon.voucher else "once"), language),
            "small",
            align="center",
        )
    )
    if coupon.small_print:
        lines.append(Words(coupon.small_print, "small"))
    return lines


def _joined(first: str, second: str, language: str) -> str:
    """Two sentences; Chinese has no space between them."""
    return first + ("" if language.startswith("zh") else " ") + second


def grouped(code: str) -> str:
    """A code as people read it: in groups of four."""
    plain = code.replace("-", "").replace(" ", "")
    return " ".join(plain[place : place + 4] for place in range(0, len(plain), 4))
