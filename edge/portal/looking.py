"""Looks at the gate, the certificate and the clock, and says what of the list of warnings holds."""

from __future__ import annotations

from typing import TYPE_CHECKING

from edge.portal.gatekeeper import GateKeeper
from edge.portal.health import CALM, HONEST, NO_CERTIFICATE, NO_GATE
from edge.portal.keeper import Keeper
from edge.portal.tls import Certificates
from hub.client.clock import Clock
from hub.client.warnings import Holding
from hub.wire.snapshot import Text

if TYPE_CHECKING:
    from edge.portal.certificate import Certificate


def holding(keeper: Keeper, certificates: Certificates | None, clock: Clock, now: float) -> list[Holding]:
    """What is wrong, beside what stands on the node's disk. Without an access point there is nothing to say."""
    wrong = list(of_certificate(certificates, now))
    if not isinstance(keeper, GateKeeper):
        return wrong
    condition = keeper.condition()
    health = condition.health
    if condition.silent_since is not None:
        wrong.append(Holding("gate-silent", condition.why, since=condition.silent_since))
    if health is not None and not health.rules_stand:
        wrong.append(Holding("gate-rules"))
    if health is not None and not health.upstream:
        wrong.append(Holding("no-internet", CALM if health.offline == "calm" else HONEST))
    if certificates is None:
        wrong.append(Holding("api-off", NO_CERTIFICATE))
    if clock.state() == "unset":
        wrong.append(Holding("clock-unset"))
    return wrong


def of_certificate(certificates: Certificates | None, now: float) -> list[Holding]:
    """What is wrong with the certificate that is set."""
    if certificates is None:
        return []
    found = certificates.look()
    wrong = [] if not found.trouble else [Holding("cert-unreadable", found.trouble)]
    return wrong + ([] if found.certificate is None else _troubles(found.certificate, certificates.name, now))


def _troubles(certificate: Certificate, name: str, now: float) -> list[Holding]:
    return [Holding(code, detail) for code, detail in certificate.troubles(name, now)]


def api_reason(has_gate: bool, certificates: Certificates | None, now: float) -> Text | None:
    """Why phones are not told of the API (DHCP option 114); None where they are."""
    if not has_gate:
        return NO_GATE
    return certificate_reason(certificates, now)


def certificate_reason(certificates: Certificates | None, now: float) -> Text | None:
    """Why the certificate does not do for the API; None where it does."""
    if certificates is None:
        return NO_CERTIFICATE
    found = certificates.look()
    if found.certificate is None:
        return {"en": found.trouble, "zh": found.trouble}
    for code, detail in found.certificate.troubles(certificates.name, now):
        if code in ("cert-over", "cert-early", "cert-name"):
            return _REASONS[code] | {"en": _REASONS[code]["en"] + detail, "zh": _REASONS[code]["zh"] + detail}
    return None


_REASONS: dict[str, Text] = {
    "cert-over": {"en": "the certificate ended on ", "zh": "证书已到期："},
    "cert-early": {"en": "the certificate is not good before ", "zh": "证书尚未生效："},
    "cert-name": {"en": "the certificate is for another name: ", "zh": "证书属于其他名称："},
}
