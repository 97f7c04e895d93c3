"""Settings of the continuous backup."""

from __future__ import annotations

from urllib.parse import urlsplit

from hub.client.settings import Setting, number, url, whole

LEAST_SECRET = 12
"""Signs of a passphrase that nobody guesses within the life of a backup, tried slowly (`hub.safety.passphrase`)."""

UPSTREAM = "upstream:"
"""The backup goes to head office. With an address behind it: where that is, for a machine that is to become a shop's hub."""


def target(text: str) -> str:
    """Where a backup goes: `file:/folder`, `s3://bucket/prefix`, `upstream:` (head office); empty: nowhere."""
    if text in ("", UPSTREAM):
        return text
    try:
        parts = urlsplit(text)
    except ValueError:
        parts = urlsplit("")
    if parts.scheme == "file" and not parts.netloc and parts.path.startswith("/") and len(parts.path) > 1:
        return text.rstrip("/")
    good = parts.scheme == "s3" and parts.netloc and "@" not in parts.netloc and not parts.query
    if not good:
        raise ValueError(
            "must be file:/folder (a whole path), s3://bucket/prefix or upstream:, or empty for none"
        )
    return text.rstrip("/")


def passphrase(text: str) -> str:
    """What seals the backup, or nothing."""
    if text and len(text.strip()) < LEAST_SECRET:
        raise ValueError(f"must have at least {LEAST_SECRET} signs")
    return text.strip()


def erase(text: str) -> str:
    """When what is erased in the shop leaves its backup: `life`, with the backup's own life, or `now`."""
    if text not in ("life", "now"):
        raise ValueError("must be life or now")
    return text


SAFETY_SETTINGS = (
    Setting("HUB_BACKUP_TO", target, "", "Where the backup goes: file:/folder, s3://bucket/prefix, upstream:; empty: nowhere"),
    Setting("HUB_BACKUP_KEEP_DAYS", whole(1, 3650), "30", "Days after which nothing of a backup is left"),
    Setting("HUB_BACKUP_ERASE", erase, "life", "When what is erased leaves the backup: life, with its life; now"),
    Setting("HUB_BACKUP_SECRET", passphrase, "", "Passphrase that seals the backup, keys included", secret=True),
    Setting("HUB_BACKUP_CHECK_S", number(0.5, 3600), "30", "Seconds between looks whether the target has it all"),
    Setting("HUB_BACKUP_DRILL_HOURS", whole(0, 8760), "24", "Hours between drills; 0: none"),
    Setting("HUB_S3_URL", url, "https://s3.amazonaws.com", "Address of the S3-like storage"),
    Setting("HUB_S3_REGION", str, "us-east-1", "Its region"),
    Setting("HUB_S3_KEY_ID", str, "", "Name of the access key"),
    Setting("HUB_S3_SECRET", str, "", "The access key's secret", secret=True),
)  # fmt: skip
