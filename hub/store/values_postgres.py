"""Values between Python and PostgreSQL, so that they are what they are in a file."""

from __future__ import annotations

from typing import Any

import psycopg
from psycopg.adapt import Buffer, Dumper, Loader
from psycopg.types.string import StrDumperUnknown


def as_in_a_file(conn: psycopg.Connection[Any]) -> None:
    """Have this connection give and take values as SQLite does."""
    conn.adapters.register_dumper(bool, _YesNo)
    conn.adapters.register_dumper(str, _Text)
    conn.adapters.register_loader("numeric", _Number)


class _YesNo(Dumper):
    """Yes and no are 1 and 0, as in SQLite."""

    oid = psycopg.postgres.types["int8"].oid

    def dump(self, obj: bool) -> Buffer | None:
        return b"1" if obj else b"0"


class _Text(StrDumperUnknown):
    """PostgreSQL keeps no NUL in a text. The journal keeps what came, byte by byte; a name or a reason shows a mark instead."""

    def dump(self, obj: str) -> Buffer | None:
        return super().dump(obj.replace("\x00", "\ufffd"))


class _Number(Loader):
    """Sums of whole numbers come as whole numbers."""

    def load(self, data: Buffer) -> int | float:
        text = bytes(data)
        return int(text) if text.lstrip(b"-").isdigit() else float(text)
