"""Words that stop, in any form; and sentences that only contain them."""

from __future__ import annotations

import time

import pytest

from hub.messages.words import fold, is_reserved, read_word

STOP_ENGLISH = (
    "STOP",
    "Stop.",
    "  stop!!!  ",
    "ＳＴＯＰ",
    "S T O P",
    "s.t.o.p.",
    "STOP STOP STOP",
    "stopall",
    "Please stop, thanks",
    "STOP\n\nSent from my iPhone",
    "\u202estop\u202c",
    "\U0001d412\U0001d413\U0001d40e\U0001d40f",
    "Unsubscribe me please!",
    "pls unsuscribe",
    "Opt-Out",
    "OPT  OUT.",
    "QUIT 🛑",
    "\u201cEND\u201d",
    "Revoke",
    "cancel, please",
    "I want to opt out",
    "Please don't text me anymore",
    "DON\u2019T EVER MESSAGE ME AGAIN",
    "No more texts!!",
    "can you stop sending me these messages?",
    "Take me off your list",
    "Remove my number from your list now",
    "I do not want to receive any more text messages from you.",
    "I revoke my consent",
    "Stop. Wrong number.",
    "I'm at work. Stop texting me!",
    "SТОР",
)
STOP_CHINESE = (
    "退订",
    "退 订",
    "退訂",
    "「退订」！",
    "T",
    "ｔ",
    "TD",
    "t.d.",
    "ＴＤ",
    "R",
    "回复TD",
    "TD退订",
    "0000",
    "拒收",
    "請拒收。",
    "我要退订，谢谢",
    "麻烦帮我退订一下短信",
    "取消订阅",
    "取消訂閱這些簡訊",
    "请停止发送",
    "不要再发了",
    "别再给我发短信了！",
    "請不要再傳簡訊給我了",
    "我不想再收到你们的任何信息",
    "不要发短信骚扰我",
    "请勿再打扰我",
    "别烦我了",
    "停止推送",
    "把我的号码从名单里删掉",
    "请将我移出群发名单，谢谢。",
    "打错了，别再给我发了",
    "拒绝接收任何营销短信",
    "能不能别再群发了",
    "退订\n发自我的iPhone",
)
ONLY_CONTAINED_ENGLISH = (
    "When does the sale end?",
    "Is there a bus stop near your shop?",
    "Please don't stop sending me offers!",
    "I can't stop eating your croissants",
    "Could you stop by at five with the parcel?",
    "I'd like to cancel my table for tonight",
    "Cancel my order 4711 please",
    "Can I cancel until tomorrow?",
    "How do I unsubscribe from the gym next door?",
    "Never stop texting me, I love it",
    "What happens if I reply STOP?",
    "The end of the week suits me",
    "Does the offer end on Sunday or on Monday",
    "My son quit his job, do you have work for him?",
    "Will you stop selling oat milk?",
    "Stop the cake order, my mother is ill",
    "Start? Stop? Which one do I send?",
    "I never said stop",
    "Do you sell door stops",
    "Is the back end of the shop open",
    "R u open today?",
    "T for two at five, please",
    "Do you take TD Bank cards?",
    "Don't take me off your list",
    "She told me to stop texting her about your cakes",
    "Is revoke a word in Scrabble",
    "no more bread today?",
    "No more coupons left?",
    "I don't want any stuff in the soup",
    "Do not remove me",
    "The opt out of gluten cake, is it still there?",
    "stop or go, what does the sign at the door mean",
    "Please stop the music in the shop",
    "I wish your offers would never end!",
)
ONLY_CONTAINED_CHINESE = (
    "我想退订单里的蛋糕",
    "退订金要多久？",
    "酒店退订要扣钱吗",
    "千万别取消订阅",
    "不要停止给我发优惠",
    "停止营业了吗？",
    "几点停止供应早餐",
    "停车位还有吗",
    "T恤还有货吗",
    "白色T恤有大码的吗",
    "R码的裙子有吗",
    "TD款耳机什么时候到",
    "快递被拒收了，怎么办",
    "拒收的包裹在哪里取",
    "取消明天晚上的预订",
    "我要取消订单",
    "可以取消预约吗？",
    "别发货了，我要退款",
    "不要发错地址",
    "你们发的短信很好看，不要停",
    "别打扰我睡觉，几点开门？",
    "我不想退订",
    "我没有说要退订呀",
    "为什么停止发优惠券给老客户",
    "怎样才能不退订又少收一点",
    "昨天收到的短信说有面包送",
    "朋友说回复退订就收不到了，是吗",
    "这个公交站停不停？",
    "把我的号码从大码改成中码",
    "退訂單要怎麼辦",
    "退订、拒收、取消，哪个有用？",
    "怎么退订会员年费",
)


@pytest.mark.parametrize("text", [*STOP_ENGLISH, *STOP_CHINESE])
def test_a_wish_to_stop_is_understood_in_whatever_form(text: str) -> None:
    assert read_word(text) == "stop"


@pytest.mark.parametrize("text", [*ONLY_CONTAINED_ENGLISH, *ONLY_CONTAINED_CHINESE])
def test_a_sentence_that_only_contains_such_a_word_stops_nothing(text: str) -> None:
    assert read_word(text) is None


def test_there_are_more_than_forty_of_each() -> None:
    assert len(set(STOP_ENGLISH + STOP_CHINESE)) >= 60
    assert len(set(ONLY_CONTAINED_ENGLISH + ONLY_CONTAINED_CHINESE)) >= 60


@pytest.mark.parametrize("word", ["stop", "quit", "end", "revoke", "opt out", "cancel", "unsubscribe"])
@pytest.mark.parametrize("form", ["{}", "{}.", "please {}", "{} thanks", "“{}”", "{}\n", "\t{} ", "{}!!!"])
def test_the_seven_words_of_the_rule_stop_in_every_form(word: str, form: str) -> None:
    wide = "".join(chr(ord(sign) + 0xFEE0) if "!" <= sign <= "~" else sign for sign in word.upper())
    for said in (word, word.upper(), word.title(), wide, " ".join(word.upper().replace(" ", ""))):
        assert read_word(form.format(said)) == "stop", form.format(said)


@pytest.mark.parametrize(
    "text",
    [
        "Stopp", "Abmelden", "ABBESTELLEN bitte", "Kündigen", "Keine SMS mehr", "Arrêt", "DÉSABONNER", "desabonner",
        "Arrêtez svp",
        "BAJA", "Darse de baja", "Parar", "¡ALTO!", "Sair", "Descadastrar", "Basta", "Disiscrivimi", "Annulla", "Afmelden",
        "Uitschrijven", "Avregistrera", "Lopeta", "Wypisz", "Rezygnuję", "Odhlásit", "Leiratkozás", "Dezabonare", "ΔΙΑΓΡΑΦΗ",
        "Стоп", "ОТПИСАТЬСЯ", "Відписатися", "İptal", "IPTAL", "RET", "إلغاء", "ايقاف", "הסר", "बंद", "停止", "配信停止",
        "ストップ", "수신거부", "그만", "TC", "Từ chối", "HỦY", "ยกเลิก", "Berhenti", "UNREG", "Itigil",
    ],
)  # fmt: skip
def test_other_languages_stop_as_well(text: str) -> None:
    assert read_word(text) == "stop"


@pytest.mark.parametrize(
    "text", ["START", "Unstop", "start again please", "恢复订阅", "重新訂閱", "开始", "Alta", "ＳＴＡＲＴ"]
)
def test_a_wish_to_hear_again_is_understood(text: str) -> None:
    assert read_word(text) == "start"


@pytest.mark.parametrize(
    "text", ["HELP", "help!", "Info", "?", "？", "帮助", "幫助", "Hilfe", "你是谁？", "Who is this?"]
)
def test_a_call_for_help_is_understood(text: str) -> None:
    assert read_word(text) == "help"


@pytest.mark.parametrize(
    "text", ["Yes", "YES please", "y", "ok", "是", "好的", "同意", "我同意！", "確認", "Ja", "Sí", "oui"]
)
def test_a_yes_is_understood(text: str) -> None:
    assert read_word(text) == "yes"


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "\x00",
        "...",
        "🙂",
        "coffee",
        "咖啡",
        "no",
        "不要",
        "yes but when?",
        "help my son find his shoes",
        "好吃",
    ],
)
def test_what_is_none_of_these_is_nothing(text: str) -> None:
    assert read_word(text) is None


def test_the_shops_name_may_stand_behind_the_word() -> None:
    assert read_word("STOP Corner Shop", ("Corner Shop", "街角小店")) == "stop"
    assert read_word("退订街角小店", ("Corner Shop", "街角小店")) == "stop"
    assert read_word("STOP Corner Street", ("Corner Shop",)) is None


def test_a_stop_and_a_start_at_once_are_neither() -> None:
    assert read_word("start, stop") is None
    assert read_word("Which of them: stop, quit, unsubscribe?") is None


@pytest.mark.parametrize(
    "text",
    [
        "a" * 65_536,
        " " * 65_536 + "x",
        "stop " * 13_000,
        "请" * 65_536,
        "不要再" * 500,
        "please " * 200 + "!",
        "stop all the these those this " * 50,
        "no more " + "my " * 400,
        "\u202e" * 65_536,
        "\ud800" * 1_000 + "stop it now or",
        "=cmd|'/c calc'!A0",
        "a\u0301" * 30_000,
        ". " * 30_000,
        "t e " * 300,
    ],
)
def test_a_hostile_text_is_read_in_a_bounded_time_and_means_nothing(text: str) -> None:
    began = time.process_time()
    assert read_word(text) is None
    # Minutes where a pattern goes wrong; milliseconds here.
    assert time.process_time() - began < 20


def test_halves_of_signs_do_no_harm() -> None:
    assert read_word("\ud83dSTOP\udc00") == "stop"
    fold("\ud800\udfff\ud800").encode()


@pytest.mark.parametrize("word", ["stop", "TD", "yes", "幫助", "Unsubscribe"])
def test_a_reserved_word_is_told_from_one_that_a_shop_may_use(word: str) -> None:
    assert is_reserved(word)
    assert not is_reserved("coffee")
    assert not is_reserved("咖啡")
