"""Keys, webhooks, files that come in and go out, by command; and a hub whose own worker tells a receiver what happens."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import urllib.request
import zipfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from hub.app import open_store
from hub.outside.signed import is_signed, read_secret
from tests.hub_house import House
from tests.webhook_receiver import receiving

ROOT = Path(__file__).resolve().parents[2]
WITHIN_S = 60


def environ(**settings: str) -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if not name.startswith("HUB_")} | settings


def hub(folder: Path, *words: str, status: int = 0) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "hub", "--dir", str(folder), *words],
        cwd=ROOT,
        env=environ(),
        capture_output=True,
        text=True,
        timeout=WITHIN_S,
        check=False,
    )
    assert done.returncode == status, done.stdout + done.stderr
    return done.stdout + (done.stderr if status else "")


@contextmanager
def serving(folder: Path) -> Iterator[str]:
    with subprocess.Popen(
        [sys.executable, "-m", "hub", "--dir", str(folder), "serve", "--port", "0"],
        cwd=ROOT,
        env=environ(HUB_SITE="no"),
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as process:
        try:
            assert process.stdout is not None
            yield process.stdout.readline().split()[-1]
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(WITHIN_S)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    House(tmp_path / "hub").close()
    return tmp_path / "hub"


def test_a_key_from_the_command_line_opens_the_hub_and_is_ended(folder: Path) -> None:
    key = hub(folder, "api-key", "add", "Stock", "--may", "read", "--may", "export_data").strip()
    (listed,) = json.loads(hub(folder, "api-key", "list", "--json"))
    assert (listed["name"], listed["scopes"]) == ("Stock", "read export_data")
    with serving(folder) as base:
        asked = urllib.request.Request(f"{base}/api/v1/shop", headers={"Authorization": f"Bearer {key}"})
        with urllib.request.urlopen(asked, timeout=WITHIN_S) as answer:
            assert json.load(answer)["number"] == 7
    hub(folder, "api-key", "end", listed["id"])
    assert "ended" in hub(folder, "api-key", "list")
    assert "no key" in hub(folder, "api-key", "end", listed["id"], status=1)


def test_the_worker_of_a_running_hub_tells_a_receiver_within_seconds(folder: Path) -> None:
    with receiving() as receiver, serving(folder):
        said = hub(folder, "webhook", "add", "Stock", receiver.url, "--told", "coupon.issued", "--private")
        secret = read_secret(said.split()[1])
        with closing(House(folder)) as house:
            till = house.node()
            till.report(till.mint()[0])
        hub(folder, "webhook", "test", "1")
        got = receiver.wait_for(2, WITHIN_S)
    assert {json.loads(one.body)["type"] for one in got} == {"coupon.issued", "shopbell.test"}
    for one in got:
        head = one.headers
        at = head["webhook-timestamp"]
        assert is_signed(secret, head["webhook-id"], at, head["webhook-signature"], one.body, float(at))
    assert "http" in hub(folder, "webhook", "list")
    hub(folder, "webhook", "remove", "1")
    assert "no webhook 1" in hub(folder, "webhook", "off", "1", status=1)


def test_a_file_is_looked_at_taken_in_and_given_out(folder: Path, tmp_path: Path) -> None:
    goods = tmp_path / "goods.csv"
    goods.write_text("code,name,price\n1,Tea,2.50\n2,,dear\n")
    said = hub(folder, "import", "products", str(goods), "--dry-run", status=1)
    assert "line 3, price: Give an amount of money" in said
    assert "1 of 2 lines are good. Nothing was taken in." in said
    assert "nothing was taken in" in hub(folder, "import", "products", str(goods), status=1)
    goods.write_text("code,name,price\n1,Tea,2.50\n")
    assert "Took 1 products in." in hub(folder, "import", "products", str(goods))
    out = tmp_path / "all.zip"
    hub(folder, "export", str(out))
    assert out.stat().st_mode & 0o077 == 0
    with zipfile.ZipFile(out) as packed:
        assert b'"Tea"' in packed.read("tables/product.jsonl")
    assert "there already" in hub(folder, "export", str(out), status=1)
    with closing(open_store(folder)) as store:
        assert [work.kind for work in store.work.latest()] == ["export", "import", "import", "import"]
