"""The shopper's pages, once: mounted by the portal, the kiosk and the hub's public site."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from hub.storefront.pages import create_storefront

__all__ = ["create_storefront"]


def __getattr__(name: str) -> Any:
    """Load the pages when they are asked for: who wants only the search or the QR needs no web framework."""
    if name == "create_storefront":
        from hub.storefront.pages import create_storefront

        return create_storefront
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
