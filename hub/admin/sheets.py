"""The form of an offer as it comes in and goes out: what was typed, its picture, and what stands folded away."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from flask import abort, request

from hub.admin.office import Office
from hub.pictures import prepare
from hub.sentences import Said
from hub.store.records import CampaignRecord
from hub.typed import Typed

FOLDS: dict[str, tuple[str, ...]] = {
    "words": ("small_print", "keywords", "picture_alt"),
    "coupon": ("lasts_days", "redemption_limit", "basket_min", "good_from", "rotating", "gtin"),
    "hours": tuple(f"hours_{day}" for day in range(7)),
    "condition": (
        "if_hours", "if_spends", "if_buys", "if_member", "if_segment", "condition_text", "days", "when", "spends", "buys",
        "buys_least", "segment",
    ),
    "often": ("per_day_limit", "per_person_limit", "group_size", "next_visit"),
    "till": ("offline",),
    "air": ("air", "air_link", "air_interval"),
}  # fmt: skip
"""Which fields stand folded away, by the name of the fold; of texts per language the part before the language."""

_USUAL = {"lasts_days": "14", "good_from": "at_once", "offline": "rights", "air_interval": "300"}
"""What these fields say where nobody changed them."""


@dataclass(frozen=True, slots=True)
class Fold:
    """`open`: something in it is not right; `used`: something in it differs from how every offer begins."""

    open: bool
    used: bool


def folds_of(typed: Typed, faults: Mapping[str, Said]) -> dict[str, Fold]:
    """How each fold stands."""
    wrong = {_plain(name.split(".")[0]) for name in faults}
    differs = {
        _plain(name)
        for name, text in typed.fields.items()
        if text.strip() and text.strip() != _USUAL.get(name)
    }
    differs |= {"air"} if typed.air else set()
    return {
        fold: Fold(bool(wrong.intersection(names)), bool(differs.intersection(names)))
        for fold, names in FOLDS.items()
    }


def _plain(name: str) -> str:
    for text in FOLDS["words"]:
        if name.startswith(f"{text}_"):
            return text
    return name


def typed_form() -> Typed:
    """What the request's form says."""
    form = request.form
    ticked = {name: tuple(form.getlist(name)) for name in ("channels", "air", "days")}
    names = "\n".join(form.getlist("audience_segments"))
    return Typed({**form.to_dict(), "audience_segments": names}, **ticked)


def known_picture(office: Office) -> str | None:
    """The picture that the form had already."""
    digest = request.form.get("picture") or None
    if digest is None or request.form.get("no_picture") == "yes":
        return None
    return digest if office.store.campaigns.picture(digest) else None


def upload_of(office: Office) -> tuple[str | None, dict[str, Said]]:
    """The picture that the form shows now: a new one is kept at once, so that a fault elsewhere does not lose it."""
    before = known_picture(office)
    upload = request.files.get("upload")
    if upload is None or not upload.filename:
        return before, {}
    prepared = prepare(upload.read())
    if isinstance(prepared, Said):
        return before, {"upload": prepared}
    office.store.campaigns.put_picture(prepared, office.now())
    return prepared.hash, {}


def record_or_404(office: Office, number: int) -> CampaignRecord:
    """The offer of that number."""
    record = office.store.campaigns.get(number)
    if record is None:
        abort(404)
    return record
