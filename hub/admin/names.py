"""What offers, people and devices are called, for lists that know only their numbers."""

from __future__ import annotations

from hub.admin.office import Office
from hub.storefront.languages import language
from hub.wire.snapshot import say


def titles(office: Office) -> dict[int, str]:
    """What each offer is called, for this reader."""
    return {
        record.number: say(record.campaign.offer.title, language()) for record in office.store.campaigns.all()
    }


def staff_names(office: Office) -> dict[str, str]:
    """Who stands behind each id."""
    return {member.id: member.name for member in office.store.people.staff()}


def till_names(office: Office) -> dict[str, str]:
    """What each till is called by people, where it goes by the name of its device."""
    return {device.device: device.name for device in office.store.devices.all()}
