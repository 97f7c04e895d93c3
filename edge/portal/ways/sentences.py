"""What the ways in say to a guest who is not let in yet, and the text message that they send.

Pure. English and Chinese are both originals.
"""

from __future__ import annotations

from typing import Literal

from edge.portal.ways.entry import NotYet, Trouble
from hardware.modem.text import ALONE, weigh
from hub.wire.snapshot import Text, say

Reason = Literal[
    "unknown-code",
    "mistyped",
    "no-code",
    "used-up",
    "over",
    "unknown-coupon",
    "coupon-elsewhere",
    "coupon-over",
    "unknown-member",
    "wait",
    "not-offered",
    "no-modem",
    "wrong-number",
    "number-cool-down",
    "number-today",
    "place-cool-down",
    "place-today",
    "door-today",
    "modem-busy",
    "modem-failed",
    "sms-wrong",
    "sms-dead",
    "sms-over",
]

SENTENCES: dict[Reason, Text] = {
    "no-code": {
        "en": "Type the code first.",
        "zh": "请先输入代码。",
    },
    "mistyped": {
        "en": "A character of that code is wrong. Compare it with the slip, then try again.",
        "zh": "代码有误，请对照小票检查后重新输入。",
    },
    "unknown-code": {
        "en": "This door knows no such code. Compare it with the slip, or ask at the till.",
        "zh": "没有查到这个代码。请对照小票检查，或到收银台询问。",
    },
    "used-up": {
        "en": "The time of this code is used up. Ask at the till for another.",
        "zh": "这个代码的时长已用完，请到收银台另取一个。",
    },
    "over": {
        "en": "This code is not valid any more. Ask at the till for another.",
        "zh": "这个代码已失效，请到收银台另取一个。",
    },
    "unknown-coupon": {
        "en": "This is no coupon of this shop. Compare the code, or take an offer here first.",
        "zh": "这不是本店的优惠券。请核对券码，或先在此领取一张。",
    },
    "coupon-elsewhere": {
        "en": "This coupon was not taken at this door, so its code is not known here. Ask at the till.",
        "zh": "这张优惠券不是在此处领取的，无法凭券码核对，请到收银台询问。",
    },
    "coupon-over": {
        "en": "This coupon's offer is over. Take one that is running.",
        "zh": "这张优惠券的活动已结束，请领取正在进行的优惠。",
    },
    "unknown-member": {
        "en": "This door remembers nobody with that code. Perhaps it was made at another door, or has been forgotten.",
        "zh": "此处没有这个代码的记录。它可能是在其他门口设备上生成的，也可能已被删除。",
    },
    "wait": {
        "en": "Too many wrong codes. Wait a moment, then try again.",
        "zh": "输错次数过多，请稍候再试。",
    },
    "not-offered": {
        "en": "This way in is not offered here. Choose another.",
        "zh": "此处不支持这种上网方式，请换一种。",
    },
    "no-modem": {
        "en": "Text messages cannot be sent here at the moment. Choose another way in, or ask at the till.",
        "zh": "目前无法发送短信。请换一种方式，或到收银台询问。",
    },
    "wrong-number": {
        "en": "That is no mobile number. Type it as you would dial it, or with + and the country in front.",
        "zh": "这不是有效的手机号码。请重新输入；国外号码请加“+”和国家代码。",
    },
    "number-cool-down": {
        "en": "A code has just been sent to this number. Wait for it, or ask again in half a minute.",
        "zh": "验证码刚刚已发送到该号码，请等待查收，或半分钟后再获取。",
    },
    "number-today": {
        "en": "This number has had five codes today. Use the latest, or come again tomorrow.",
        "zh": "该号码今天已获取五次验证码。请使用最近一次的验证码，或明天再试。",
    },
    "place-cool-down": {
        "en": "You have just asked for a code. Wait half a minute, then ask again.",
        "zh": "您刚刚获取过验证码，请半分钟后再试。",
    },
    "place-today": {
        "en": "This phone has asked for too many codes today. Ask at the till for another way in.",
        "zh": "这部手机今天获取验证码的次数过多，请到收银台询问其他上网方式。",
    },
    "door-today": {
        "en": "The shop has sent as many messages as it sends in a day. Ask at the till for another way in.",
        "zh": "本店今天的短信数量已达上限，请到收银台询问其他上网方式。",
    },
    "modem-busy": {
        "en": "Many ask for a code at this moment. Try again in a few seconds.",
        "zh": "当前获取验证码的人较多，请过几秒再试。",
    },
    "modem-failed": {
        "en": "The message could not be sent. Try again in a moment, or ask at the till.",
        "zh": "短信发送失败。请稍后再试，或到收银台询问。",
    },
    "sms-wrong": {
        "en": "That is not the code that was sent. Look at the message once more.",
        "zh": "验证码不正确，请再看一遍短信。",
    },
    "sms-dead": {
        "en": "That was wrong too often, so this code is worth nothing any more. Ask for a new one.",
        "zh": "输错次数过多，该验证码已失效，请重新获取。",
    },
    "sms-over": {
        "en": "This code was good for ten minutes, and they are over. Ask for a new one.",
        "zh": "验证码的有效期为十分钟，现已过期，请重新获取。",
    },
}

TROUBLES: dict[Reason, Trouble] = {
    "no-code": "wrong-code",
    "mistyped": "wrong-code",
    "unknown-code": "wrong-code",
    "used-up": "used-up",
    "over": "over",
    "unknown-coupon": "wrong-code",
    "coupon-elsewhere": "wrong-code",
    "coupon-over": "over",
    "unknown-member": "wrong-code",
    "wait": "too-often",
    "not-offered": "not-offered",
    "no-modem": "no-modem",
    "wrong-number": "wrong-number",
    "number-cool-down": "too-often",
    "number-today": "too-often",
    "place-cool-down": "too-often",
    "place-today": "too-often",
    "door-today": "too-often",
    "modem-busy": "too-often",
    "modem-failed": "failed",
    "sms-wrong": "wrong-code",
    "sms-dead": "over",
    "sms-over": "over",
}


def not_yet(reason: Reason, wait_s: float = 0.0, handle: str = "") -> NotYet:
    """The answer for a reason. `wait_s`: how long until a next try is looked at."""
    return NotYet(TROUBLES[reason], SENTENCES[reason], wait_s, handle)


SIMULATED_MODEM: Text = {
    "en": "Simulated modem: no text message leaves this machine.",
    "zh": "模拟短信设备：不会真正发出短信。",
}
"""For the notice of every page where `Modem.simulated`."""


def with_modem(notice: Text, *, simulated: bool) -> Text:
    """The notice of every page, and beside it that the modem is a simulated one where it is."""
    if not simulated:
        return notice
    said = {language: say(notice, language) for language in SIMULATED_MODEM} if notice else {}
    return {
        language: " ".join(filter(None, (said.get(language), text)))
        if language == "en"
        else said.get(language, "") + text
        for language, text in SIMULATED_MODEM.items()
    }


_MESSAGE: Text = {
    "en": "{code} is your Wi-Fi code for {shop}. It is good for 10 minutes. Nobody will ask you for it.",
    "zh": "{code} 是您在{shop}的 Wi-Fi 验证码，10 分钟内有效。请勿告诉他人。",
}
_NAMELESS: Text = {
    "en": "{code} is your Wi-Fi code. It is good for 10 minutes. Nobody will ask you for it.",
    "zh": "{code} 是您的 Wi-Fi 验证码，10 分钟内有效。请勿告诉他人。",
}


_JOINING: Text = {
    "en": "{code} is your code to join {shop}. It is good for 10 minutes. Nobody will ask you for it.",
    "zh": "{code} 是您加入{shop}的验证码，10 分钟内有效。请勿告诉他人。",
}


def join_message(code: str, shop: str, language: str) -> str:
    """The same for whoever becomes a member."""
    full = say(_JOINING, language).format(code=code, shop=" ".join(shop.split()))
    weight = weigh(full)
    return full if shop and weight.units <= ALONE[weight.alphabet] else message(code, "", language)


def message(code: str, shop: str, language: str) -> str:
    """The text message with a code, in one part: the code first, where a locked screen and a keyboard look for it.

    A shop's name that would make it two parts is left out. There is no last line for WebOTP (@host #code): it binds a code to a
    page on https, and phones would then offer it nowhere else; the portal's page mostly has no certificate.
    """
    shop = " ".join(shop.split())
    full = say(_MESSAGE, language).format(code=code, shop=shop)
    weight = weigh(full)
    if shop and weight.units <= ALONE[weight.alphabet]:
        return full
    return say(_NAMELESS, language).format(code=code)
