"""`python -m hub upstream`: a shop joins head office from a shell, says how it stands, moves, leaves; and serves in between."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from chain_served import Served, wait_for

from hub.app import open_store
from hub.cli import main
from hub.upstream.line import node_at_head_office

TOLD_WITHIN_S = 90.0


@pytest.fixture
def places(tmp_path: Path) -> tuple[Path, Path]:
    head, shop = tmp_path / "head", tmp_path / "shop"
    assert main(["--dir", str(head), "init", "--name", "Head office", "--number", "9"]) == 0
    assert main(["--dir", str(shop), "init", "--name", "Harbour", "--number", "2"]) == 0
    return head, shop


@pytest.fixture
def head(places: tuple[Path, Path], tmp_path: Path) -> Iterator[Served]:
    made = Served(places[0], tmp_path / "head.log")
    yield made
    made.stop()


@pytest.mark.timeout(300)
def test_a_shop_joins_by_a_command_while_its_hub_serves_and_is_heard_from_then_on(
    places: tuple[Path, Path], head: Served, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    above, below = (str(place) for place in places)
    serving = Served(places[1], tmp_path / "shop.log")
    try:
        assert main(["--dir", below, "upstream", "show"]) == 0
        assert "stands alone" in capsys.readouterr().out
        assert main(["--dir", below, "upstream", "join", head.url, "AAAA-BBBB-CCCC-DDDD-EEEE"]) == 1
        assert "wrong or too old" in capsys.readouterr().err
        assert main(["--dir", above, "pair", "--program", "hub"]) == 0
        code = capsys.readouterr().out.strip()
        assert main(["--dir", below, "upstream", "join", head.url, code]) == 0
        assert "head office's shop 9" in capsys.readouterr().out

        wait_for(lambda: "yes" if heard(places[1]) else "", TOLD_WITHIN_S, tmp_path / "shop.log")

        assert main(["--dir", below, "upstream", "show", "--json"]) == 0
        told = json.loads(capsys.readouterr().out)["upstream"]
        assert (told["shop"], told["device"], told["waiting"]) == (9, "hub-1", 0)
        assert main(["--dir", above, "upstream", "show"]) == 0
        assert "2  Harbour (hub-1): heard" in capsys.readouterr().out
        assert main(["--dir", below, "upstream", "move", head.url]) == 0
        assert main(["--dir", below, "upstream", "leave"]) == 0
        assert "withdraw hub-1 there" in capsys.readouterr().out
        assert node_at_head_office(places[1]) is None
    finally:
        serving.stop()


def heard(place: Path) -> bool:
    with closing(open_store(place)) as store:
        record = store.chain.upstream()
        return record is not None and record.reached_at is not None


@pytest.mark.timeout(300)
def test_a_head_office_with_a_higher_number_than_its_shops_stays_the_one_whose_pages_are_shown(
    places: tuple[Path, Path], head: Served, capsys: pytest.CaptureFixture[str]
) -> None:
    above, below = (str(place) for place in places)
    main(["--dir", above, "pair", "--program", "hub"])
    code = capsys.readouterr().out.strip()
    assert main(["--dir", below, "upstream", "join", head.url, code]) == 0

    with closing(open_store(places[0])) as store:
        assert store.shops() == [2, 9]
        assert store.shop.number == 9
