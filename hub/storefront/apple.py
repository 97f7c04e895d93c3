"""A coupon as a pass for Apple's wallet: pass.json, drawn icons, a manifest of SHA-1 sums, and the shop's detached signature.

The certificate is one that Apple gives a shop for a "Pass Type ID"; its subject names the pass type (UID) and the team (OU), so
nobody types them. Format: Apple, "Wallet Passes", Building a Pass; signature: PKCS #7 (RFC 2315), detached, DER.
"""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.hazmat.primitives.serialization.pkcs7 import PKCS7Options, PKCS7SignatureBuilder
from cryptography.x509.oid import NameOID

from hub.storefront.colour import accent_for
from hub.storefront.offers import CouponView
from hub.wire.coupon import Issued
from hub.wire.snapshot import Campaign, Shop

ICONS = {"icon.png": 29, "icon@2x.png": 58, "icon@3x.png": 87, "logo.png": 50, "logo@2x.png": 100}
"""Pixels a side; without an icon in its three sizes iOS refuses a pass."""

BELL = "#B4541A"
_EPOCH = (1980, 1, 1, 0, 0, 0)
"""A zip's own beginning of time: the same coupon makes the same file."""

SigningKey = RSAPrivateKey | EllipticCurvePrivateKey


@dataclass(frozen=True, slots=True)
class PassMaker:
    """Signs passes. `between`: Apple's own certificate that vouches for the shop's (WWDR)."""

    certificate: x509.Certificate
    key: SigningKey
    between: x509.Certificate

    @property
    def pass_type(self) -> str:
        """Such as pass.example.shop."""
        return _subject(self.certificate, NameOID.USER_ID)

    @property
    def team(self) -> str:
        """Apple's name for whoever owns the certificate."""
        return _subject(self.certificate, NameOID.ORGANIZATIONAL_UNIT_NAME)

    def is_good(self, now: float) -> bool:
        """Whether passes that are signed now would be taken by a phone."""
        at = datetime.fromtimestamp(now, UTC)
        return all(
            each.not_valid_before_utc <= at < each.not_valid_after_utc
            for each in (self.certificate, self.between)
        )

    def make(
        self,
        issued: Issued,
        campaign: Campaign | None,
        shop: Shop,
        shown: CouponView,
        shop_name: str,
        language: str,
    ) -> bytes:
        """The whole pass, a zip."""
        files = {"pass.json": self._pass(issued, campaign, shop, shown, shop_name, language)}
        files |= {name: _icon(_colour(shop), side) for name, side in ICONS.items()}
        # The format names SHA-1; what it protects is signed as a whole.
        sums = {name: hashlib.sha1(text, usedforsecurity=False).hexdigest() for name, text in files.items()}
        manifest = json.dumps(sums, sort_keys=True).encode()
        files |= {"manifest.json": manifest, "signature": self._sign(manifest)}
        out = io.BytesIO()
        with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, content in files.items():
                archive.writestr(zipfile.ZipInfo(name, _EPOCH), content, zipfile.ZIP_DEFLATED)
        return out.getvalue()

    def _sign(self, manifest: bytes) -> bytes:
        return (
            PKCS7SignatureBuilder()
            .set_data(manifest)
            .add_signer(self.certificate, self.key, SHA256())
            .add_certificate(self.between)
            .sign(Encoding.DER, [PKCS7Options.DetachedSignature, PKCS7Options.Binary])
        )

    def _pass(
        self,
        issued: Issued,
        campaign: Campaign | None,
        shop: Shop,
        shown: CouponView,
        shop_name: str,
        language: str,
    ) -> bytes:
        words = _WORDS["zh" if language.startswith("zh") else "en"]
        expires = datetime.fromtimestamp(issued.coupon.expires_at, UTC).isoformat().replace("+00:00", "Z")
        back = [{"key": f"term{place}", "label": "", "value": line} for place, line in enumerate(shown.terms)]
        return json.dumps(
            {
                "formatVersion": 1,
                "passTypeIdentifier": self.pass_type,
                "teamIdentifier": self.team,
                "serialNumber": issued.coupon.serial,
                "organizationName": shop_name,
                "description": f"{words['coupon']}: {shown.title.text}",
                "logoText": shop_name,
                "backgroundColor": _rgb(_colour(shop)),
                "foregroundColor": "rgb(255, 255, 255)",
                "labelColor": "rgb(255, 255, 255)",
                "expirationDate": expires,
                "sharingProhibited": True,
                "groupingIdentifier": str(campaign.number if campaign else 0),
                "barcodes": [
                    {
                        "format": "PKBarcodeFormatQR",
                        "message": issued.token,
                        "messageEncoding": "iso-8859-1",
                        "altText": shown.code,
                    }
                ],
                "coupon": {
                    "primaryFields": [
                        {"key": "worth", "label": shown.title.text, "value": shown.worth or "✓"}
                    ],
                    "secondaryFields": [
                        {
                            "key": "until",
                            "label": words["until"],
                            "value": expires,
                            "dateStyle": "PKDateStyleMedium",
                            "timeStyle": "PKDateStyleShort",
                        }
                    ],
                    "backFields": [{"key": "code", "label": words["code"], "value": shown.code}, *back],
                },
            },
            ensure_ascii=False,
        ).encode()


_WORDS = {
    "en": {"coupon": "Coupon", "until": "Until", "code": "Code"},
    "zh": {"coupon": "优惠券", "until": "有效期至", "code": "编码"},
}


def _subject(certificate: x509.Certificate, oid: x509.ObjectIdentifier) -> str:
    found = certificate.subject.get_attributes_for_oid(oid)
    return str(found[0].value) if found else ""


def _colour(shop: Shop) -> str:
    found = accent_for(shop.colour, ("#FFFFFF",), dark=False)
    return found.colour if found else BELL


def _rgb(colour: str) -> str:
    return f"rgb({int(colour[1:3], 16)}, {int(colour[3:5], 16)}, {int(colour[5:7], 16)})"


@lru_cache(maxsize=32)
def _icon(colour: str, side: int) -> bytes:
    """A bell on the shop's colour, drawn four times as large and made small, so that its edges are smooth."""
    from PIL import Image, ImageDraw

    big = side * 4
    picture = Image.new("RGB", (big, big), colour)
    draw = ImageDraw.Draw(picture)

    def box(left: float, top: float, right: float, bottom: float) -> tuple[float, float, float, float]:
        return left * big, top * big, right * big, bottom * big

    draw.ellipse(box(0.46, 0.14, 0.54, 0.22), fill="#FFFFFF")
    draw.pieslice(box(0.28, 0.20, 0.72, 0.72), 180, 360, fill="#FFFFFF")
    draw.rectangle(box(0.28, 0.45, 0.72, 0.66), fill="#FFFFFF")
    draw.rounded_rectangle(box(0.20, 0.62, 0.80, 0.72), big * 0.05, fill="#FFFFFF")
    draw.pieslice(box(0.42, 0.68, 0.58, 0.84), 0, 180, fill="#FFFFFF")
    out = io.BytesIO()
    picture.resize((side, side), Image.Resampling.LANCZOS).save(out, "PNG")
    return out.getvalue()
