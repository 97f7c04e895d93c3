"""The same questions have the same answers on SQLite and on PostgreSQL: moved there, made again there, and taken in there."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from random import Random

import pytest

from hub.app import open_store
from hub.figures.answer import Answer
from hub.figures.engine import ask
from hub.moving import move
from hub.rebuild import rebuild, verify
from hub.store.base import Store
from hub.store.postgres import PostgresStore
from hub.store.sqlite import SqliteStore
from tests.postgres_server import PostgresServer, postgres_server
from tests.prove._numbers_asking import ask_all
from tests.prove._numbers_books import Books
from tests.prove._numbers_check import Checker
from tests.prove._numbers_facts import open_worlds
from tests.prove._numbers_shops import HOME, TIMEZONES, Shops
from tests.prove._numbers_telling import tell_most, tell_the_rest

FACTS = 400
SEED = 7


@pytest.fixture(scope="module")
def server() -> Iterator[PostgresServer]:
    with postgres_server() as running:
        yield running


def told(shops: Shops) -> tuple[Checker, list[Answer]]:
    """Everything happens, comes to the hub and is asked for."""
    worlds = open_worlds(shops, Random(SEED))
    tell_most(shops, worlds, FACTS)
    tell_the_rest(worlds)
    journals = {shop: (shops.timezone(shop), shops.journal(shop)) for shop in TIMEZONES}
    checker = Checker(Books(journals), HOME)
    return checker, ask_all(shops, checker, Random(SEED))


def nothing(_step: str, _done: int, _total: int) -> None:
    """Progress that nobody looks at."""


def otherwise(store: Store, before: list[Answer]) -> list[str]:
    """The questions that are answered otherwise than before."""
    return [str(one.question) for one in before if ask(store, one.question, one.made_at) != one]


def test_a_hub_that_moves_to_postgresql_answers_every_question_as_before(
    tmp_path: Path, server: PostgresServer
) -> None:
    shops = Shops(tmp_path)
    with closing(shops):
        checker, before = told(shops)
        assert checker.wrong == []
        assert len(before) > 100
        assert isinstance(shops.store, SqliteStore)
        move(shops.store, server.fresh(), nothing)
    with closing(open_store(tmp_path, shop=HOME)) as there:
        assert isinstance(there, PostgresStore)
        assert otherwise(there, before) == []
        assert verify(there).differ == ()
        for shop in TIMEZONES:
            rebuild(there if shop == HOME else there.of_shop(shop))
        assert otherwise(there, before) == []


def test_what_postgresql_takes_in_is_counted_as_the_journal_says(
    tmp_path: Path, server: PostgresServer
) -> None:
    with closing(Shops(tmp_path, server.fresh())) as shops:
        checker, answers = told(shops)
        assert checker.wrong == []
        assert len(answers) > 100
