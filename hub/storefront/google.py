"""A coupon as a link that saves it to Google's wallet: an offer in a JWT (RFC 7519), signed with a service account's key.

Nothing is sent to Google by the shop; the shopper's phone brings the link there. Format: Google Wallet API, offers,
"Add to Google Wallet" link. Google takes links of up to about 1,800 characters, so titles are cut.
"""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass
from datetime import UTC, datetime

from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.hashes import SHA256

from hub.storefront.offers import CouponView
from hub.wire.coupon import Issued
from hub.wire.snapshot import Shop

SAVE = "https://pay.google.com/gp/v/save/"
TITLE_CHARACTERS, NAME_CHARACTERS = 60, 20
LONGEST_LINK = 1_800


@dataclass(frozen=True, slots=True)
class SaveLinks:
    """Makes links. `issuer` is the shop's number in Google's wallet console, `account` the service account's address."""

    issuer: str
    account: str
    key: RSAPrivateKey

    def make(self, issued: Issued, shop: Shop, shown: CouponView, shop_name: str, now: float) -> str | None:
        """The link; None where it would be longer than Google takes."""
        coupon = issued.coupon
        kind = f"{self.issuer}.shop{shop.number}-offer{coupon.campaign}"
        title = shown.title.text[:TITLE_CHARACTERS]
        claims = {
            "iss": self.account,
            "aud": "google",
            "typ": "savetowallet",
            "iat": int(now),
            "payload": {
                "offerClasses": [
                    {
                        "id": kind,
                        "issuerName": shop_name[:NAME_CHARACTERS],
                        "provider": shop_name[:NAME_CHARACTERS],
                        "title": title,
                        "redemptionChannel": "INSTORE",
                        "reviewStatus": "UNDER_REVIEW",
                    }
                ],
                "offerObjects": [
                    {
                        "id": f"{self.issuer}.{coupon.serial}",
                        "classId": kind,
                        "state": "ACTIVE",
                        "barcode": {"type": "QR_CODE", "value": issued.token, "alternateText": shown.code},
                        "validTimeInterval": {
                            "start": {"date": _date(issued.issued_at)},
                            "end": {"date": _date(coupon.expires_at)},
                        },
                    }
                ],
            },
        }
        signed = f"{_part({'alg': 'RS256', 'typ': 'JWT'})}.{_part(claims)}"
        proof = self.key.sign(signed.encode(), PKCS1v15(), SHA256())
        link = f"{SAVE}{signed}.{_base64(proof)}"
        return link if len(link) <= LONGEST_LINK else None


def _date(at: float) -> str:
    return datetime.fromtimestamp(int(at), UTC).isoformat().replace("+00:00", "Z")


def _part(content: object) -> str:
    return _base64(json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode())


def _base64(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).decode().rstrip("=")
