"""A message as Kannel's smsbox takes it: a POST with the text as its body, all else in headers (Kannel's user guide, "SMS Push").

Pure. `HUB_SMS_URL` is the address of its `sendsms`, the token is `user:password` of its group `sendsms-user`.
"""

from __future__ import annotations

from urllib.parse import quote_plus

from hardware.modem.text import weigh

ARRIVED, FAILED = 1, 2
"""Of its delivery reports: what it is asked to tell."""


def kannel_request(
    text: str, to: str, sender: str, token: str, message: str, report_url: str
) -> tuple[bytes, dict[str, str]]:
    """Body and headers. `report_url`: where it tells what became of the message, without a query; "" asks for no report."""
    user, _, password = token.partition(":")
    headers = {
        "Content-Type": "text/plain; charset=utf-8",
        "X-Kannel-Username": user,
        "X-Kannel-Password": password,
        "X-Kannel-To": to,
        "X-Kannel-Coding": "0" if weigh(text).alphabet == "gsm-7" else "2",
    }
    if sender:
        headers["X-Kannel-From"] = sender
    if report_url:
        headers["X-Kannel-DLR-Mask"] = str(ARRIVED | FAILED)
        # It puts the status in place of %d, and a percent sign in place of two.
        name = quote_plus(message).replace("%", "%%")
        headers["X-Kannel-DLR-URL"] = f"{report_url}?message={name}&status=%d"
    return text.encode(), headers
