"""What the hub answers by itself, in words: short, with the shop's name first, as text messages are.

Pure. English and Chinese are both originals; a Chinese message names its sender in 【】.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal

from hub.wire.snapshot import Text, say

Said = Literal[
    "stopped", "started", "started_stranger", "help", "help_words", "coupon", "coupon_code", "sold_out", "not_running",
    "page", "balance", "balance_stored", "no_balance", "shared", "join_ask", "joined", "joined_before", "places_none",
    "places_ask", "found_none", "found", "search_ask", "wait", "page_line",
]  # fmt: skip

ANSWERS: Mapping[Said, Text] = {
    "stopped": {
        "en": "You will get no more messages. Reply START to get them again.",
        "zh": "已退订，您不会再收到我们的消息。回复“恢复”可重新接收。",
    },
    "started": {
        "en": "You get our messages again. Reply STOP to end them.",
        "zh": "已恢复，您会重新收到我们的消息。回复 T 退订。",
    },
    "started_stranger": {
        "en": "You are not on our list, so we send you nothing by ourselves. Write to us any time.",
        "zh": "您不在我们的名单上，我们不会主动发消息给您。欢迎随时来信。",
    },
    "help": {
        "en": "Write to us here and somebody of the shop answers. Reply STOP to get no messages.",
        "zh": "在这里留言，店员会回复您。回复 T 退订。",
    },
    "help_words": {"en": "We answer to: {words}.", "zh": "可以发送：{words}。"},
    "coupon": {"en": "{title}. Your coupon: {link}", "zh": "{title}。您的优惠券：{link}"},
    "coupon_code": {
        "en": "{title}. Say this code at the till: {code}",
        "zh": "{title}。结账时请出示券码：{code}",
    },
    "sold_out": {"en": "All coupons of this offer are taken.", "zh": "这个优惠的券已经领完了。"},
    "not_running": {"en": "This offer does not run at the moment.", "zh": "这个优惠目前没有进行。"},
    "page": {"en": "All offers: {link}", "zh": "全部优惠：{link}"},
    "balance": {"en": "You have {points} points.", "zh": "您有 {points} 积分。"},
    "balance_stored": {"en": "Stored value: {sum}.", "zh": "储值余额：{sum}。"},
    "no_balance": {
        "en": "We know no membership with this number.",
        "zh": "没有找到与这个号码对应的会员。",
    },
    "shared": {
        "en": "Several members share this number. Show your card at the till to hear your balance.",
        "zh": "有几位会员共用这个号码。请在收银台出示会员卡查询余额。",
    },
    "join_ask": {
        "en": "Reply YES to agree: \"{words}\" Your number is kept locked and is gone when you leave.",
        "zh": "同意请回复“是”：“{words}”您的号码会加密保存，退出后即删除。",
    },
    "joined": {"en": "Welcome! You are a member now. Reply STOP to end messages.", "zh": "欢迎！您已成为会员。回复 T 退订。"},
    "page_line": {"en": "Your page: {{page}}", "zh": "您的页面：{{page}}"},
    "joined_before": {"en": "You are a member already.", "zh": "您已经是会员了。"},
    "places_none": {
        "en": "We found no shop there. Send the word with a postcode.",
        "zh": "那里没有找到门店。请在关键词后面加上邮编或地区。",
    },
    "places_ask": {"en": "Add your postcode to find the nearest.", "zh": "后面加上邮编或地区，可以找到最近的门店。"},
    "search_ask": {"en": "What are you looking for? Write it behind the word.", "zh": "想找什么？请写在关键词后面。"},
    "found_none": {"en": "We have no offer for that right now.", "zh": "目前没有相关优惠。"},
    "found": {"en": "{title} {link}", "zh": "{title} {link}"},
    "wait": {"en": "Please write again in a moment.", "zh": "请稍后再发一次。"},
}  # fmt: skip


def line(which: Said, language: str, **values: object) -> str:
    """One sentence, with its values put in."""
    return say(ANSWERS[which], language).format(**values)


def signed(shop: Text, language: str, lines: Sequence[str]) -> str:
    """A whole message, with the shop's name first."""
    name = say(shop, language)
    body = ("" if language == "zh" else " ").join(one for one in lines if one)
    if not name:
        return body
    return f"【{name}】{body}" if language == "zh" else f"{name}: {body}"
