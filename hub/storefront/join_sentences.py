"""What somebody reads who wants to join and cannot yet.

Pure. `hub.members.doors` and `kiosk.joining` pick one.
"""

from __future__ import annotations

from hub.wire.snapshot import Text
from hub.wire.sync_doors import WhyNot

SENTENCES: dict[WhyNot, Text] = {
    "no-way": {
        "en": "No code can be sent from here now. Join without the number; you can add it later.",
        "zh": "现在无法发送验证码。可以先不留号码加入，以后再补。",
    },
    "wrong-number": {
        "en": "That is no mobile number. Begin with + and the country's code where it is of another country.",
        "zh": "这不是手机号码。其他国家的号码请以 + 和国家代码开头。",
    },
    "too-often": {
        "en": "A code went to this number a moment ago, or there were too many today. Wait a little, or join without the number.",
        "zh": "刚刚已向这个号码发过验证码，或今天次数太多。请稍候，或不留号码加入。",
    },
    "over": {
        "en": "That code is not good any more. Type the number again for a new one.",
        "zh": "这个验证码已失效。请重新输入号码，再要一个。",
    },
    "wrong-code": {
        "en": "That is not the code. It has six digits and stands first in the text message.",
        "zh": "验证码不对。它是短信开头的六位数字。",
    },
}
