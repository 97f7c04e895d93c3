"""Storage that speaks Amazon's S3 as a target, by the client of MinIO (Apache-2.0, `pip install 'shopbell[s3]'`)."""

from __future__ import annotations

from io import BytesIO
from typing import Any
from urllib.parse import urlsplit

from hub.safety.targets import Missing, TargetError

CONNECT_S, ANSWER_S = 5.0, 20.0
TRIES = 2
_NOT_THERE = frozenset({"NoSuchKey", "NoSuchObject"})


class S3Target:
    """Pieces under a prefix of one bucket."""

    def __init__(self, bucket: str, prefix: str, url: str, region: str, key_id: str, secret: str) -> None:
        try:
            import minio
            import urllib3
        except ImportError as wrong:
            raise TargetError(
                "A backup to S3 needs a library that is not installed: pip install 'shopbell[s3]'"
            ) from wrong
        parts = urlsplit(url)
        if not (parts.hostname and key_id and secret):
            raise TargetError(
                "A backup to S3 needs HUB_S3_URL, HUB_S3_KEY_ID and HUB_S3_SECRET_FILE. See hub/safety/README.md."
            )
        self.bucket = bucket
        self.prefix = f"{prefix}/" if prefix else ""
        # Its own pool would wait for five minutes.
        pool = urllib3.PoolManager(
            timeout=urllib3.Timeout(connect=CONNECT_S, read=ANSWER_S),
            retries=urllib3.Retry(total=TRIES, backoff_factor=0.2, status_forcelist=[500, 502, 503, 504]),
        )
        self._client: Any = minio.Minio(
            endpoint=parts.netloc,
            access_key=key_id,
            secret_key=secret,
            secure=parts.scheme == "https",
            region=region,
            http_client=pool,
        )
        self._wrong: tuple[type[Exception], ...] = (
            minio.error.MinioException,
            urllib3.exceptions.HTTPError,
            OSError,
        )

    @property
    def shown(self) -> str:
        """Where it is, for people."""
        return f"s3://{self.bucket}/{self.prefix}".rstrip("/")

    def put(self, name: str, body: bytes) -> None:
        """Keep a piece."""
        try:
            self._client.put_object(
                bucket_name=self.bucket, object_name=self.prefix + name, data=BytesIO(body), length=len(body)
            )
        except self._wrong as wrong:
            raise self._told("does not take it", wrong) from wrong

    def get(self, name: str) -> bytes:
        """A piece; Missing where there is none."""
        answer = None
        try:
            answer = self._client.get_object(bucket_name=self.bucket, object_name=self.prefix + name)
            return bytes(answer.read())
        except self._wrong as wrong:
            if getattr(wrong, "code", "") in _NOT_THERE:
                raise Missing(f"{self.shown} does not have {name}.") from wrong
            raise self._told("does not give it", wrong) from wrong
        finally:
            if answer is not None:
                answer.close()
                answer.release_conn()

    def names(self, prefix: str) -> list[str]:
        """Every name that begins so, in order."""
        try:
            found = self._client.list_objects(
                bucket_name=self.bucket, prefix=self.prefix + prefix, recursive=True
            )
            return sorted(str(one.object_name)[len(self.prefix) :] for one in found)
        except self._wrong as wrong:
            raise self._told("does not say what it has", wrong) from wrong

    def delete(self, name: str) -> None:
        """Forget a piece."""
        try:
            self._client.remove_object(bucket_name=self.bucket, object_name=self.prefix + name)
        except self._wrong as wrong:
            raise self._told("does not forget it", wrong) from wrong

    def _told(self, what: str, wrong: Exception) -> TargetError:
        # The texts of the library hold whole requests, and addresses; the code says what people can look up.
        code = getattr(wrong, "code", "") or type(wrong).__name__
        return TargetError(f"{self.shown} {what} ({code}).")
