"""Text messages between a phone at Kannel's simulated message centre and a hub: through its smsbox (HTTP) and by SMPP."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from werkzeug.serving import make_server

from hub.app import create_app
from hub.config import Config
from hub.messages.channel import Channel
from hub.messages.heard import read_line
from hub.messages.http import HttpChannel, Provider
from hub.messages.inbox import reply
from hub.messages.smpp import Centre, SmppChannel
from tests.hearing_house import HearingHouse, Station, link_in, open_page
from tests.kannel_place import PASSWORD, USER, Kannel, find_box, free_port, kannel
from tests.modem_bench import until

SHOP, PHONE = "+4366012345678", "+4915112345678"
SECRET = "a-way-in-that-nobody-guesses"
QUESTION = "您好！请问贵店周日有没有全麦面包？我想预订两个，下午五点左右来取，谢谢😀。" * 3
ANSWER = "您好，周日有全麦面包，我们为您留两个。请在下午五点前到店，报手机尾号即可，店员会交给您。" * 3
WITHIN_S = 40.0


@pytest.fixture
def house(tmp_path: Path) -> Iterator[HearingHouse]:
    made = HearingHouse(tmp_path / "hub")
    made.keyword("coffee", "咖啡")
    yield made
    made.close()


@contextmanager
def served(house: HearingHouse, port: int) -> Iterator[None]:
    """The hub's own address, for what Kannel brings."""
    import threading

    config = Config(house.folder, sms_secret=SECRET)
    app = create_app(config, house.store, house.key, clock=house.clock, admin=False)
    server = make_server("127.0.0.1", port, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        thread.join(10)
        server.server_close()


def texts_of(house: HearingHouse) -> list[str]:
    found = [line for talk in range(1, 20) for line in house.store.inbox.lines(talk, 50) if line.way == "in"]
    return [read_line(house.secret, line) for line in sorted(found, key=lambda line: line.number)]


def converse(house: HearingHouse, place: Kannel, channel: Channel) -> None:
    """A keyword and its coupon, a long question and its long answer, their reports, a stop while the way is cut: each once."""
    station = Station(house, channel)
    phone = place.phone
    try:
        until(lambda: not channel.trouble(), WITHIN_S)
        phone.send(SHOP, "Coffee")
        until(lambda: len(phone.got) == 1, WITHIN_S)
        phone.send(SHOP, QUESTION)
        until(lambda: len(texts_of(house)) == 2, WITHIN_S)
        assert texts_of(house) == ["Coffee", QUESTION]
        assert reply(house.ears, 1, ANSWER, "a" * 32, "Ines", house.now) == "sent"
        until(lambda: len(phone.got) == 2, WITHIN_S)
        until(lambda: [house.kept(n).outcome for n in (1, 2)] == ["delivered", "delivered"], WITHIN_S)
        place.stop_box()
        phone.send(SHOP, "退訂")
        place.start_box()
        until(lambda: len(phone.got) == 3, WITHIN_S)
    finally:
        station.close()
    assert [to for _, to, _ in phone.got] == [PHONE] * 3 or [to for _, to, _ in phone.got] == [PHONE[1:]] * 3
    coupon, answer, stopped = (text for _, _, text in phone.got)
    page = open_page(house, link_in(coupon))
    found = house.desks[0].coupon(link_in(coupon)[-16:])
    assert found is not None
    assert found[0].code[:4] in page
    assert house.node().redeem(found[0].token).accepted
    assert answer == ANSWER
    assert stopped.startswith("【街角】已退订")
    assert house.store.messages.highest() == 3


@pytest.mark.timeout(180)
def test_a_phone_at_kannels_centre_talks_with_the_hub_through_its_smsbox(
    house: HearingHouse, tmp_path: Path
) -> None:
    if find_box("bearerbox") is None or find_box("smsbox") is None:
        pytest.skip("needs Kannel: apt install kannel")
    port = free_port()
    hub = f"http://127.0.0.1:{port}/sms/{SECRET}"
    with served(house, port), kannel(tmp_path, PHONE, "smsbox", hub) as place:
        provider = Provider(
            f"http://127.0.0.1:{place.box}/cgi-bin/sendsms",
            f"{USER}:{PASSWORD}",
            "kannel",
            SHOP,
            f"{hub}/report",
        )
        converse(house, place, HttpChannel(lambda: provider))


@pytest.mark.timeout(180)
def test_a_phone_at_kannels_centre_talks_with_the_hub_by_smpp(house: HearingHouse, tmp_path: Path) -> None:
    if find_box("bearerbox") is None or find_box("opensmppbox") is None:
        pytest.skip(
            "needs opensmppbox: built from addons/opensmppbox of Kannel's source, with Debian's kannel-dev; "
            "SHOPBELL_OPENSMPPBOX may say where it is"
        )
    with kannel(tmp_path, PHONE, "opensmppbox") as place:
        centre = Centre("127.0.0.1", place.box, USER, PASSWORD, "VMA", quiet_s=5.0)
        converse(house, place, SmppChannel(centre, lambda: SHOP))
