"""Tables as Parquet, a group of rows at a time: the library (`pip install 'shopbell[parquet]'`) is asked for when a file is.

Days are dates, times are moments with the shop's timezone; nothing is a formula here, so texts stay as they are.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Any

from hub.figures.table import Column, Table
from hub.sentences import Said, said

GROUP_ROWS = 20_000
MISSING = said(
    "Parquet needs a library that is not installed on this hub: pip install 'shopbell[parquet]'. CSV needs none."
)


class _Drain:
    """A file that is only written to, and whose content is taken away as it comes."""

    closed = False

    def __init__(self) -> None:
        self._pieces: list[bytes] = []
        self._size = 0

    def write(self, piece: Any) -> int:
        data = bytes(piece)
        self._pieces.append(data)
        self._size += len(data)
        return len(data)

    def tell(self) -> int:
        return self._size

    def flush(self) -> None:
        """Nothing is held back."""

    def close(self) -> None:
        """Nothing to let go of."""

    def readable(self) -> bool:
        return False

    def writable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return False

    def taken(self) -> bytes:
        """What has come since it was last asked."""
        data = b"".join(self._pieces)
        self._pieces.clear()
        return data


def parquet_of(table: Table, timezone: str) -> Iterator[bytes] | Said:
    """The file; or that the library is missing."""
    try:
        import pyarrow as pa  # type: ignore[import-not-found,import-untyped,unused-ignore]  # an extra, without types of its own
        import pyarrow.parquet as pq  # type: ignore[import-not-found,import-untyped,unused-ignore]  # the same
    except ImportError:
        return MISSING
    return _written(table, timezone, pa, pq)


def _written(table: Table, timezone: str, pa: Any, pq: Any) -> Iterator[bytes]:
    schema = pa.schema([(column.name, _type(column, timezone, pa)) for column in table.columns])
    drain = _Drain()
    rows: list[list[Any]] = []
    with pq.ParquetWriter(drain, schema, compression="zstd") as writer:
        for page in table.pages:
            rows += page
            if len(rows) >= GROUP_ROWS:
                writer.write_batch(_batch(rows, table, schema, pa))
                rows = []
                yield drain.taken()
        writer.write_batch(_batch(rows, table, schema, pa))
    yield drain.taken()


def _type(column: Column, timezone: str, pa: Any) -> Any:
    return {
        "text": pa.string(),
        "whole": pa.int64(),
        "decimal": pa.float64(),
        "day": pa.date32(),
        "time": pa.timestamp("us", tz=timezone),
        "yes": pa.bool_(),
    }[column.kind]


def _batch(rows: list[list[Any]], table: Table, schema: Any, pa: Any) -> Any:
    arrays = []
    for place, column in enumerate(table.columns):
        values = [_value(row[place], column.kind) for row in rows]
        arrays.append(pa.array(values, type=schema.field(place).type))
    return pa.record_batch(arrays, schema=schema)


def _value(cell: Any, kind: str) -> Any:
    if cell is None:
        return None
    match kind:
        case "day":
            return date.fromisoformat(cell)
        case "time":
            return round(cell * 1_000_000)
        case "yes":
            return bool(cell)
        case "whole":
            return round(cell)
        case "decimal":
            return float(cell)
        case _:
            return str(cell)
