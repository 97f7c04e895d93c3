"""The staff's pages: who is in, end, prolong, limit; batches of codes to print. Every page works without a script."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from flask import Blueprint

from edge.portal.keeper import Keeper
from edge.portal.ways.staff.entrance import StaffEntrance
from edge.portal.ways.vouchers import Vouchers
from hardware.modem.modem import Modem
from hub.wire.snapshot import Shop, Text


@dataclass(frozen=True, slots=True)
class Staff:
    """What the pages work with. `modem` is shown where it is a simulated one, with what it was given."""

    keeper: Keeper
    vouchers: Vouchers
    entrance: StaffEntrance
    shop: Callable[[], Shop]
    now: Callable[[], float]
    random: Callable[[int], bytes]
    notice: Callable[[], Text] = dict
    modem: Modem | None = None


def create_staff(staff: Staff) -> Blueprint:  # noqa: ARG001
    """The pages as a blueprint, to be mounted at /staff."""
    return Blueprint("staff", __name__, template_folder="templates")
