"""What of a member goes out to themselves: by which names, in which words, out of which table.

Pure. `SECTIONS` says it; `STAYS` why a table in which members stand does not go out. A test asks that every such table is in
one of them, so that nothing new is kept and not told.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from hub.wire.snapshot import Text

Kind = Literal["text", "time", "day", "money", "number", "yes", "quarter", "offer"]
Value = str | int | float | bool | None


@dataclass(frozen=True, slots=True)
class Column:
    """A column: how it is called in files, what people read above it, and what its values are."""

    name: str
    title: Text
    kind: Kind = "text"


@dataclass(frozen=True, slots=True)
class Section:
    """A part of what is kept. `table`: where it stands; empty where it is opened or put together first. `whose`: the columns in
    which a member stands."""

    name: str
    title: Text
    columns: tuple[Column, ...]
    table: str = ""
    whose: tuple[str, ...] = ("member",)


def _c(name: str, en: str, zh: str, kind: Kind = "text") -> Column:
    return Column(name, {"en": en, "zh": zh}, kind)


_AT = _c("at", "When", "时间", "time")
_WHERE = _c("place", "Where", "地点")
_TILL = _c("till", "Till", "收银台")
_OFFER = _c("campaign", "Offer", "优惠", "offer")
_CENTS = _c("cents", "Paid", "金额", "money")

SECTIONS: tuple[Section, ...] = (
    Section("you", {"en": "What you told", "zh": "您告诉我们的"}, (_c("field", "What", "项目"), _c("value", "Told", "内容"))),
    Section(
        "memberships", {"en": "Memberships", "zh": "会员身份"},
        (_c("joined_at", "Joined", "加入时间", "time"), _c("way", "How", "方式"), _c("language", "Language", "语言"),
         _c("member", "Number of the card", "会员号"), _c("told_at", "Last changed", "最后更改", "time")), "member",
    ),
    Section(
        "consents", {"en": "What you agreed to, and took back", "zh": "您同意过和撤回过的"},
        (_AT, _c("given", "Agreed", "同意", "yes"), _c("purpose", "To what", "用途"), _c("medium", "By which way", "渠道"),
         _WHERE, _c("language", "Language", "语言"), _c("version", "Version of the words", "文本版本"),
         _c("proof", "How we know", "凭据"), _c("clock", "Clock", "时钟状态"), _c("words", "In these words", "原文")),
    ),
    Section(
        "pauses", {"en": "Pauses", "zh": "暂停"}, (_AT, _c("until", "Until", "直到", "time"), _WHERE), "member_pause",
    ),
    Section(
        "purchases", {"en": "Purchases", "zh": "购买"},
        (_AT, _CENTS, _c("items", "Things", "件数", "number"), _TILL, _c("id", "Receipt", "小票"), _c("zone", "Place", "区域")),
        "purchase",
    ),
    Section(
        "coupons", {"en": "Coupons given to you", "zh": "发给您的优惠券"},
        (_c("issued_at", "Given", "发放", "time"), _OFFER, _c("code", "Code", "券码"),
         _c("expires_at", "Good until", "有效至", "time"),
         _c("channel", "By which way", "渠道")), "coupon",
    ),
    Section(
        "used", {"en": "Coupons you used", "zh": "您用过的优惠券"},
        (_AT, _OFFER, _c("value_cents", "Worth", "价值", "money"), _c("basket_cents", "Basket", "购物金额", "money"), _TILL),
        "redemption",
    ),
    Section(
        "held", {"en": "Coupons held for you", "zh": "为您保留的优惠券"},
        (_AT, _OFFER, _c("until", "Until", "直到", "time"), _TILL), "reservation",
    ),
    Section(
        "visits", {"en": "Visits in which you were recognised", "zh": "认出您的到店"},
        (_c("quarter", "From", "起", "quarter"), _c("zone", "Place", "区域"), _c("visits", "Visits", "次数", "number"),
         _c("dwell_ms", "Stay in thousandths of a second", "停留（毫秒）", "number")), "portrait_stay",
    ),
    Section(
        "days", {"en": "Days", "zh": "按天"},
        (_c("day", "Day", "日期", "day"), _c("visits", "Visits", "到店", "number"),
         _c("purchases", "Purchases", "购买", "number"),
         _c("redemptions", "Coupons used", "用券", "number"), _CENTS), "member_day",
    ),
    Section(
        "purse", {"en": "Points and stored value", "zh": "积分与储值"},
        (_AT, _c("unit", "Of what", "种类"), _c("amount", "How much", "数额", "number"), _c("why", "Why", "原因")),
    ),
    Section(
        "spent", {"en": "Paid from your purse, or given into it", "zh": "从您的账户支付或存入"},
        (_AT, _c("why", "Why", "原因"), _c("unit", "Of what", "种类"), _c("amount", "How much", "数额", "number"),
         _CENTS, _TILL, _c("reason", "Reason", "说明")), "purse_act",
    ),
    Section(
        "messages", {"en": "Messages to you", "zh": "发给您的消息"},
        (_c("queued_at", "When", "时间", "time"), _c("medium", "By which way", "渠道"), _c("why", "Why", "原因"),
         _c("state", "What became of it", "结果"), _c("to", "To", "发往"),
         _c("subject", "Subject", "主题"), _c("text", "Text", "内容")),
    ),
    Section(
        "talks", {"en": "What you wrote to the shop, and its answers", "zh": "您写给店里的话和回复"},
        (_AT, _c("way", "From you (in) or to you (out)", "来（in）去（out）"), _c("channel", "By which way", "渠道"),
         _c("text", "Text", "内容")),
    ),
    Section(
        "screens", {"en": "What screens show you next time", "zh": "屏幕下次给您看的"},
        (_c("put_at", "When", "时间", "time"), _c("text", "Text", "内容"), _c("until", "Until", "直到", "time"),
         _c("shown_at", "Shown", "已显示", "time")), "screen_note",
    ),
    Section(
        "browsers", {"en": "Browsers that are told news", "zh": "接收通知的浏览器"},
        (_c("made_at", "Since", "自", "time"),), "push_subscription",
    ),
    Section(
        "segments", {"en": "Groups in which the shop counts you", "zh": "店里把您归入的群组"},
        (_c("name", "Group", "群组"), _c("entered", "In (yes) or out (no)", "进（是）出（否）", "yes"), _AT), "segment_change",
    ),
    Section(
        "scores", {"en": "What the shop reckons of you", "zh": "店里对您的估算"},
        (_c("as_of", "As of", "截至", "number"), _c("alive", "How likely you come back", "再来的可能", "number"),
         _c("loss", "How likely you stay away", "流失的可能", "number"),
         _c("expected", "Visits expected", "预计到店", "number"),
         _c("value_cents", "Worth expected", "预计价值", "money")), "member_worth",
    ),
    Section(
        "care", {"en": "Plans that you went through", "zh": "您经历的关怀计划"},
        (_c("entered_at", "Entered", "进入", "time"), _c("plan", "Plan", "计划", "number"),
         _c("control", "In the control group", "对照组", "yes"),
         _c("step", "Step", "步骤"), _c("left_at", "Left", "离开", "time"), _c("reason", "Why", "原因")), "care_run",
    ),
    Section(
        "tasks", {"en": "What staff were to do for you", "zh": "店员为您做的"},
        (_c("given_at", "Given", "布置", "time"), _c("until", "Until", "直到", "time"), _c("done_at", "Done", "完成", "time"),
         _c("outcome", "What came of it", "结果"), _TILL), "care_task",
    ),
    Section(
        "tags", {"en": "By what the doors recognise you", "zh": "门口据以认出您的"},
        (_c("name", "Name", "名称"), _c("kind", "Kind", "种类"), _c("made_at", "Since", "自", "time")), "tag", ("known",),
    ),
    Section(
        "tag_consents", {"en": "What you agreed to for that", "zh": "您为此同意的"},
        (_c("given_at", "Agreed", "同意时间", "time"), _c("withdrawn_at", "Taken back", "撤回时间", "time"),
         _c("language", "Language", "语言"), _c("place", "Where", "地点"),
         _c("text", "In these words", "原文")), "tag_consent", ("known",),
    ),
    Section(
        "merged", {"en": "Memberships that were made one", "zh": "合并过的会员身份"},
        (_AT, _c("member", "This", "此"), _c("into_member", "Into this", "并入"),
         _c("parted_at", "Taken apart", "拆开", "time")),
        "member_merge", ("member", "into_member"),
    ),
)  # fmt: skip

OPENED = ("consent_record", "purse_move", "message", "talk", "member")
"""Tables that are told, but not as they stand."""

STAYS: dict[str, str] = {
    "member_first": "follows from the consents",
    "member_quarter": "is told by day",
    "member_into": "follows from the memberships that were made one",
    "member_mark": "are keyed hashes of what they told",
    "member_pair": "is a guess about two memberships, not yet a fact",
    "portrait": "follows from the memberships",
    "purse_lot": "follows from points and stored value",
    "purse_purchase": "follows from purchases",
    "use_by_member": "follows from coupons that were used",
    "care_coming": "is a date in the future that may never come",
    "care_contact": "follows from the messages",
    "segment_member": "follows from going in and out",
    "segment_due": "is when somebody is counted again",
    "segment_list": "follows from going in and out",
    "segment_trial": "is being counted",
    "door_invitation": "is of the day, and of a till",
    "forgetting": "is empty for whoever can ask",
    "staff": "is about staff",
}

CODED = frozenset({"field", "way", "purpose", "medium", "proof", "clock", "why", "state", "channel", "kind"})
"""Columns whose values are words of programs; people read `WORDS`."""

WORDS: dict[str, Text] = {
    "name": {"en": "Name", "zh": "姓名"},
    "phone": {"en": "Phone number", "zh": "手机号"},
    "mail": {"en": "Mail", "zh": "邮件"},
    "birthday": {"en": "Birthday", "zh": "生日"},
    "portal": {"en": "Wi-Fi of the shop", "zh": "店内 Wi-Fi"},
    "kiosk": {"en": "Screen in the shop", "zh": "店内屏幕"},
    "till": {"en": "Till", "zh": "收银台"},
    "link": {"en": "Public site, or a link", "zh": "网站或链接"},
    "sms": {"en": "Text message", "zh": "短信"},
    "push": {"en": "Browser", "zh": "浏览器通知"},
    "screen": {"en": "Screens of the shop", "zh": "店内屏幕"},
    "office": {"en": "The shop's office", "zh": "店里办公室"},
    "import": {"en": "A list that the shop took in", "zh": "店里导入的名单"},
    "poster": {"en": "Poster", "zh": "海报"},
    "beacon": {"en": "Radio beacon", "zh": "无线信标"},
    "shell": {"en": "The shop's office", "zh": "店里办公室"},
    "messages": {"en": "Messages", "zh": "消息"},
    "recognise": {"en": "Recognition at the door", "zh": "在门口认出我"},
    "all": {"en": "Everything", "zh": "全部"},
    "code": {"en": "A code to the number", "zh": "发到号码的验证码"},
    "page": {"en": "On their own page or phone", "zh": "在本人的页面或手机上"},
    "card": {"en": "The card", "zh": "会员卡"},
    "word": {"en": "A text message from the number", "zh": "该号码发来的短信"},
    "unset": {"en": "not set", "zh": "未设置"},
    "restored": {"en": "guessed after a start", "zh": "开机后估计"},
    "lan": {"en": "set by the hub", "zh": "由中心主机校准"},
    "ntp": {"en": "set by the network", "zh": "由网络校准"},
    "campaign": {"en": "An offer", "zh": "优惠"},
    "plan": {"en": "A care plan", "zh": "关怀计划"},
    "answer": {"en": "An answer", "zh": "回复"},
    "keyword": {"en": "An answer to a keyword", "zh": "关键词回复"},
    "confirm": {"en": "A question to confirm", "zh": "确认"},
    "waiting": {"en": "waits", "zh": "等待中"},
    "taken": {"en": "is being sent", "zh": "发送中"},
    "handing": {"en": "is being sent", "zh": "发送中"},
    "sent": {"en": "sent", "zh": "已发送"},
    "failed": {"en": "could not be sent", "zh": "未能发送"},
    "unsure": {"en": "may have been sent", "zh": "可能已发送"},
    "stopped": {"en": "not sent", "zh": "未发送"},
    "in": {"en": "from you", "zh": "您发来"},
    "out": {"en": "to you", "zh": "发给您"},
    "purchase": {"en": "Purchase", "zh": "购买"},
    "spent": {"en": "Paid with it", "zh": "支付"},
    "topup": {"en": "Topped up", "zh": "充值"},
    "care": {"en": "Given by a plan", "zh": "计划赠送"},
    "modem": {"en": "Text message", "zh": "短信"},
    "smpp": {"en": "Text message", "zh": "短信"},
    "http": {"en": "Text message", "zh": "短信"},
    "irk": {"en": "Key of a phone", "zh": "手机密钥"},
    "eid": {"en": "Changing tag", "zh": "变化的标签"},
}
