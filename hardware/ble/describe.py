"""A payload in words that any program can read: what `python -m hardware ble decode` prints.

Pure: fed by the command.
"""

from __future__ import annotations

import msgspec

from hardware.ble.beacon import read
from hardware.ble.codec import BadPayload


def described(text: str) -> dict[str, object]:
    """The fields and the beacon of a payload in hex, or `{"error": sentence}`."""
    try:
        payload = bytes.fromhex(text)
    except ValueError:
        return {"error": "This is not hex: two digits an octet, 0 to 9 and a to f."}
    try:
        fields, beacon = read(payload)
    except BadPayload as problem:
        return {"error": str(problem)}
    return {
        "local_name": fields.local_name,
        "service_uuids": list(fields.service_uuids),
        "manufacturer_data": {str(company): data.hex() for company, data in fields.manufacturer_data.items()},
        "service_data": {uuid: data.hex() for uuid, data in fields.service_data.items()},
        "tx_power": fields.tx_power,
        "flags": fields.flags,
        "beacon": None if beacon is None else msgspec.to_builtins(beacon),
    }
