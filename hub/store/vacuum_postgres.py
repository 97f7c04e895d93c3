"""Takes rows that were overwritten out of a PostgreSQL database's tables.

A row that is changed or deleted stays in the table's file until VACUUM, and after that until its room is used again; the server's
write-ahead log and copies that were made of it (pgBackRest, archived log) keep it for as long as they are told to. What stands
there of a member are an opaque id and sealed fields: no name, number or address without `people.key`.
"""

from __future__ import annotations

import logging
from typing import Any

import psycopg

CLEANED = ("journal", "member", "member_mark", "consent_record", "message", "webhook_message")
"""Tables in which somebody stands with more than a number."""

logger = logging.getLogger(__name__)


def vacuum(conn: psycopg.Connection[Any]) -> str:
    """Do it now rather than when the server comes round; where we may not, the server does it by itself. Always empty
    (`clean_up`)."""
    for table in CLEANED:
        try:
            conn.execute(f"VACUUM {table}")
        except psycopg.Error as wrong:
            logger.info("%s is cleaned by the server later: %s", table, wrong)
            break
    return ""
