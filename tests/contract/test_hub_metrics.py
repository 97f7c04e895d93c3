"""`GET /metrics` as Prometheus reads it: by its own parsers, over the whole application and a real store."""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask.testing import FlaskClient
from prometheus_client.openmetrics.parser import text_string_to_metric_families as read_open
from prometheus_client.parser import text_string_to_metric_families as read_plain
from werkzeug.test import TestResponse

from hub.app import create_app
from hub.client.settings import SettingsError
from hub.config import Config, read_config, show_config
from hub.exposition import Family, Sample, write
from hub.health import WARNINGS
from hub.metrics import MOST_VALUES
from hub.wire.events import CouponRefused, DeviceHealth, write_event
from tests.hub_house import House, alone, visit

TOKEN = "a-token-that-nobody-guesses"
OPEN_METRICS = "application/openmetrics-text;version=1.0.0,text/plain;version=0.0.4;q=0.5"


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    one = House(tmp_path)
    yield one
    one.close()


def client(house: House, **settings: str) -> FlaskClient:
    config = Config(house.folder, backup_days=0, site=False, **settings)  # type: ignore[arg-type]
    return create_app(config, house.store, house.key, clock=house.clock).test_client()


def ask(
    browser: FlaskClient, peer: str = "127.0.0.1", host: str = "127.0.0.1:8080", **headers: str
) -> TestResponse:
    return browser.get("/metrics", headers={"Host": host, **headers}, environ_overrides={"REMOTE_ADDR": peer})


Numbers = dict[tuple[str, frozenset[tuple[str, str]]], float]


def numbers(answer: TestResponse) -> Numbers:
    assert answer.status_code == 200, answer.text
    read = read_open if "openmetrics" in answer.content_type else read_plain
    found: Numbers = {}
    for family in read(answer.text):
        for sample in family.samples:
            key = (sample.name, frozenset(sample.labels.items()))
            assert key not in found, f"{key} is told twice"
            found[key] = sample.value
    return found


def of(found: Numbers, name: str, **labels: str) -> float:
    return found[name, frozenset(labels.items())]


@pytest.mark.parametrize("accept", ["*/*", OPEN_METRICS])
def test_what_happened_in_the_shop_is_told_in_both_formats(house: House, accept: str) -> None:
    door, till = house.node("edge", "Door"), house.node()
    door.report(visit(), visit())
    door.event(visit())
    door.report(visit())
    door.send(b"{}")
    fact = till.mint()[0]
    till.report(fact, alone(fact), CouponRefused(refusal="expired", nonce="1" * 16, till="t", staff="ann"))
    house.now += 60
    found = numbers(ask(client(house), Accept=accept))
    assert of(found, "shopbell_database_readable") == 1
    assert of(found, "shopbell_events_total", kind="visit.closed") == 3
    assert of(found, "shopbell_facts_missing") == 1
    assert of(found, "shopbell_facts_parked") == 1
    assert of(found, "shopbell_redemptions") == 1
    assert of(found, "shopbell_refusals_total", code="expired") == 1
    assert of(found, "shopbell_node_heard_seconds", node=door.device, program="edge") == 60
    assert of(found, "shopbell_warnings", code="facts-missing", severity="warning") == 1
    assert of(found, "shopbell_warnings", code="disk-full", severity="error") == 0
    assert sum(name == "shopbell_warnings" for name, _ in found) == len(WARNINGS)
    for name in ("shopbell_database_bytes", "shopbell_disk_free_bytes", "process_resident_memory_bytes"):
        assert of(found, name) > 4096
    assert of(found, "process_cpu_seconds_total") > 0
    assert of(found, "process_start_time_seconds") == house.now


def test_answers_are_counted_by_route_and_class_and_strangers_make_no_lines(house: House) -> None:
    browser = client(house)
    for place in range(30):
        browser.get(f"/no/such/page/{place}")
        browser.get(f"/manage/offers/{place}")
    browser.get("/healthz")
    found = numbers(ask(browser))
    assert of(found, "shopbell_http_answers_total", route="none", status="4xx") == 30
    assert of(found, "shopbell_http_answers_total", route="/healthz", status="2xx") == 1
    routes = {dict(labels)["route"] for name, labels in found if name == "shopbell_http_answers_total"}
    assert len(routes) == 3
    assert of(found, "shopbell_http_duration_seconds_count", route="none") == 30
    assert of(found, "shopbell_http_duration_seconds_bucket", route="none", le="+Inf") == 30
    assert of(found, "shopbell_http_duration_seconds_sum", route="none") > 0
    assert of(numbers(ask(browser)), "shopbell_http_answers_total", route="/metrics", status="2xx") == 1


def test_the_openmetrics_histogram_grows_from_bucket_to_bucket(house: House) -> None:
    browser = client(house)
    browser.get("/healthz")
    found = numbers(ask(browser, Accept=OPEN_METRICS))
    row = sorted(
        (float(dict(labels)["le"]), value)
        for (name, labels), value in found.items()
        if name.endswith("_bucket") and ("route", "/healthz") in labels
    )
    assert row[-1] == (math.inf, 1)
    assert [value for _, value in row] == sorted(value for _, value in row)


def test_kinds_that_a_device_makes_up_are_bounded(house: House) -> None:
    door = house.node("edge", "Door")
    plain = write_event(door.event(visit()))
    texts = []
    for place in range(MOST_VALUES + 40):
        text = write_event(door.event(visit()))
        texts.append(
            text.replace(b"visit.closed", f"made.up{chr(97 + place // 26)}{chr(97 + place % 26)}".encode())
        )
    door.send(plain, *texts)
    found = numbers(ask(client(house)))
    kinds = {
        dict(labels)["kind"]: value
        for (name, labels), value in found.items()
        if name == "shopbell_events_total"
    }
    assert len(kinds) <= MOST_VALUES + 1
    assert sum(kinds.values()) == sum(house.store.journal.kinds().values()) == MOST_VALUES + 41


def test_a_redemption_that_is_taken_back_leaves_the_count(house: House) -> None:
    till = house.node()
    fact = till.mint()[0]
    used = alone(fact)
    till.report(fact, used)
    assert of(numbers(ask(client(house))), "shopbell_redemptions") == 1
    till.reverse(used.nonce, "9" * 16)
    assert of(numbers(ask(client(house))), "shopbell_redemptions") == 0


def test_this_machine_reads_without_a_token(house: House) -> None:
    browser = client(house)
    for peer in ("127.0.0.1", "127.8.0.1", "::1", "::ffff:127.0.0.1"):
        for host in ("127.0.0.1:8080", "localhost", "[::1]:8080"):
            assert ask(browser, peer, host).status_code == 200, (peer, host)


AFAR = "192.168.1.20"


@pytest.mark.parametrize(
    ("settings", "askings"),
    [
        (
            {},
            [
                (AFAR, "127.0.0.1", {}),
                (AFAR, "127.0.0.1", {"X-Forwarded-For": "127.0.0.1"}),
                (AFAR, "hub.lan", {"Authorization": "Bearer "}),
                ("127.0.0.1", "rebound.example", {}),
                ("no address", "127.0.0.1", {}),
            ],
        ),
        (
            {"metrics_token": TOKEN},
            [
                (AFAR, "hub.lan", {}),
                (AFAR, "hub.lan", {"Authorization": "Bearer "}),
                (AFAR, "hub.lan", {"Authorization": f"Bearer {TOKEN}x"}),
                (AFAR, "hub.lan", {"Authorization": f"Basic {TOKEN}"}),
                (AFAR, "hub.lan", {"Authorization": "Bearer \u00e4\u00f6"}),
                ("127.0.0.1", "127.0.0.1", {"Authorization": "Bearer wrong"}),
            ],
        ),
        ({"url": "https://hub.example"}, [("127.0.0.1", "127.0.0.1", {})]),
    ],
    ids=["without a token", "with a token", "behind a proxy"],
)
def test_nobody_else_does(
    house: House, settings: dict[str, str], askings: list[tuple[str, str, dict[str, str]]]
) -> None:
    browser = client(house, **settings)
    for peer, host, headers in askings:
        answer = ask(browser, peer, host, **headers)
        assert answer.status_code == 403, (peer, host, headers)
        assert "HUB_METRICS_TOKEN_FILE" in answer.text
        assert TOKEN not in answer.text
        assert "shopbell_" not in answer.text


def test_another_machine_reads_with_the_token_of_the_file(house: House, tmp_path: Path) -> None:
    file = tmp_path / "metrics.token"
    file.write_text(TOKEN + "\n")
    config = read_config(
        {"HUB_DIR": str(house.folder), "HUB_METRICS_TOKEN_FILE": str(file), "HUB_URL": "https://hub.example"}
    )
    assert TOKEN not in show_config(config)
    assert TOKEN not in repr(config)
    browser = create_app(config, house.store, house.key, clock=house.clock).test_client()
    assert ask(browser, "192.168.1.20", "hub.example", Authorization=f"Bearer {TOKEN}").status_code == 200


@pytest.mark.parametrize("text", ["short", "has a space in the middle", "t\u00f6ken-t\u00f6ken-t\u00f6ken"])
def test_a_token_that_is_guessed_or_cannot_be_sent_is_no_setting(text: str) -> None:
    with pytest.raises(SettingsError, match="HUB_METRICS_TOKEN must be"):
        read_config({"HUB_METRICS_TOKEN": text})


def test_neither_names_nor_keys_nor_what_a_device_writes_are_told(house: House) -> None:
    till = house.node(name="Till of Ann Miller")
    fact = till.mint(member="m-4711")[0]
    till.report(
        fact,
        alone(fact),
        DeviceHealth(program="kiosk", warnings=("printer-out",), texts={"a": "secret-words"}),
    )
    told = ask(client(house)).text
    device = house.store.devices.get(till.device)
    assert device is not None
    for word in ("Miller", "m-4711", "secret-words", "printer-out", device.public, fact.serial, fact.code):
        assert word not in told


def test_a_database_that_cannot_be_read_is_told_and_the_rest_still_comes(house: House) -> None:
    browser = client(house)
    with house.store.writing() as conn:
        conn.execute("DROP TABLE kind_count")  # type: ignore[attr-defined]
    found = numbers(ask(browser))
    assert of(found, "shopbell_database_readable") == 0
    assert of(found, "process_resident_memory_bytes") > 0


@pytest.mark.parametrize("open_metrics", [False, True])
def test_any_text_in_a_label_comes_back_as_it_was(open_metrics: bool) -> None:
    odd = 'a "quoted" \\ back\\n slash\nand a line, {braces} \u5e97'
    text = write(
        [Family("odd", "gauge", 'Help with "quotes", \\ and\nlines.', [Sample(math.inf, (("what", odd),))])],
        open_metrics=open_metrics,
    )
    (family,) = (read_open if open_metrics else read_plain)(text)
    assert family.samples[0].labels == {"what": odd}
    assert family.samples[0].value == math.inf
    assert family.documentation == 'Help with "quotes", \\ and\nlines.'
