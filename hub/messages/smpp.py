"""Text messages by a session with a message centre (SMPP 3.4), both ways; a library reads and writes what is on the wire.

One thread holds the session: it connects, binds, reads, asks now and then whether the other side is there (`enquire_link`), and
begins again when it is not. Whoever sends passes the gate with all parts of a message and waits for their answers. What comes is
kept first and acknowledged then, so that a centre sends again what was not kept.
"""

from __future__ import annotations

import contextlib
import hashlib
import logging
import random
import socket
import ssl
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from concurrent.futures import TimeoutError as Late
from concurrent.futures import wait as wait_for
from dataclasses import dataclass
from typing import Any

from smpplib import consts, smpp
from smpplib.exceptions import PDUError, UnknownCommandError

from hardware.modem.alphabet import heal
from hardware.modem.fields import Coding
from hub.client.trouble import StorageError
from hub.messages.channel import (
    GATE_S,
    ChannelName,
    Gate,
    Heard,
    HeardPart,
    Listener,
    NotSent,
    Outcome,
    Outgoing,
    Reported,
    Sent,
    Unsure,
)
from hub.messages.smpp_line import Gone, comes, exactly, octets_of, piece_of, same_of, shut, text_of, why
from hub.messages.smpp_text import (
    NPI_ISDN,
    TON_INTERNATIONAL,
    is_receipt,
    read_number,
    read_receipt,
    read_text,
    status_reason,
    write_parts,
    write_sender,
)
from hub.wire.fact import Medium

logger = logging.getLogger(__name__)

CONNECT_S = 10.0
ANSWER_S = 30.0
LONGEST_PDU = 65_536
FIRST_WAIT_S, LONGEST_WAIT_S = 1.0, 60.0

KEY_LASTS_S = 24 * 3_600.0
"""A centre has no names for what comes; it is known by what stands in it until the centre was told that it is kept. One that saw
no answer sends again within a day; what comes later was said again."""

_NOT_KEPT = consts.SMPP_ESME_RX_T_APPN
"""It could not be kept now: send it again."""


@dataclass(frozen=True, slots=True)
class Centre:
    """Where the message centre is, and who we are there. `quiet_s`: after so long without a word it is asked whether it is
    there."""

    host: str
    port: int = 2775
    user: str = ""
    password: str = ""
    kind: str = ""
    """system_type, where the centre asks for one."""

    tls: bool = False
    quiet_s: float = 30.0


class _Numbers:
    """Sequence numbers, and what the library asks of a client besides."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.sequence = 0

    def next_sequence(self) -> int:
        with self._lock:
            self.sequence = self.sequence % 0x7FFFFFFF + 1
            return self.sequence


class SmppChannel:
    """A session with a message centre as a channel. `sender()`: the number or name from which messages come."""

    name: ChannelName = "smpp"
    medium: Medium = "sms"

    def __init__(
        self,
        centre: Centre,
        sender: Callable[[], str],
        *,
        context: ssl.SSLContext | None = None,
        clock: Callable[[], float] = time.monotonic,
        reference: Callable[[], int] | None = None,
    ) -> None:
        self._centre = centre
        self._sender = sender
        self._context = context
        self._clock = clock
        self._reference = reference or (lambda: random.randrange(256))
        self._numbers = _Numbers()
        self._line = threading.Lock()
        self._waiting: dict[int, Future[Any]] = {}
        self._socket: socket.socket | None = None
        self._listener: Listener | None = None
        self._listening = threading.Event()
        self._trouble = "The message centre has not been reached yet."
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._run, name="smpp", daemon=True)
        self._thread.start()

    # Sending

    def hand_over(self, message: Outgoing, gate: Gate) -> Outcome:
        """Send it: all parts in the gate, their answers afterwards."""
        parts = write_parts(message.text, self._reference() % 256)
        kind, plan, sender = write_sender(self._sender())
        futures: list[tuple[int, Future[Any]]] = []
        octets = b""
        with self._line:
            session = self._socket
            if session is None:
                return NotSent("gone", self._trouble)
            for part in parts:
                pdu = smpp.make_pdu(
                    "submit_sm",
                    client=self._numbers,
                    source_addr_ton=kind,
                    source_addr_npi=plan,
                    source_addr=sender,
                    dest_addr_ton=TON_INTERNATIONAL,
                    dest_addr_npi=NPI_ISDN,
                    destination_addr=message.address.lstrip("+"),
                    esm_class=part.esm_class,
                    data_coding=part.data_coding,
                    registered_delivery=int(message.report),
                    short_message=part.octets,
                )
                octets += pdu.generate()
                future: Future[Any] = Future()
                futures.append((pdu.sequence, future))
                self._waiting[pdu.sequence] = future
            given = go = False
            try:
                with gate() as go:
                    given = go and self._give(session, octets)
            finally:
                if not given:
                    self._forget(futures)
        if not go:
            return NotSent("held")
        if not given:
            return Unsure("The connection to the message centre broke while the message was given.")
        return self._answers(futures)

    def _answers(self, futures: list[tuple[int, Future[Any]]]) -> Outcome:
        wait_for([future for _, future in futures], timeout=ANSWER_S)
        references, reasons, silent = [], [], 0
        for _, future in futures:
            try:
                answer = future.result(timeout=0)
            except (Late, Gone):
                silent += 1
                continue
            if answer.status:
                reasons.append(status_reason(answer.status))
            else:
                references.append(text_of(getattr(answer, "message_id", b"")))
        self._forget(futures)
        if len(references) == len(futures):
            return Sent(len(futures), tuple(references))
        if silent == 0 and not references:
            reason, sentence = reasons[0]
            return NotSent(reason, sentence)
        taken = f"{len(references)} of {len(futures)} parts were taken"
        return Unsure(
            f"{taken}; the message centre did not answer for the others." if silent else f"{taken}."
        )

    def _forget(self, futures: list[tuple[int, Future[Any]]]) -> None:
        for sequence, _ in futures:
            self._waiting.pop(sequence, None)

    def _give(self, session: socket.socket, octets: bytes) -> bool:
        try:
            session.settimeout(GATE_S)
            session.sendall(octets)
        except OSError:
            # Half of it may be there: what would follow makes no sense to the other side.
            shut(session)
            return False
        return True

    # The session

    def listen(self, listener: Listener) -> None:
        """Give what comes to this listener. Nobody listens: the centre keeps it."""
        self._listener = listener
        self._listening.set()

    def trouble(self) -> str:
        """Why there is no session now."""
        return self._trouble

    def close(self) -> None:
        """End the session."""
        self._closing.set()
        self._listening.set()
        session = self._socket
        if session is not None:
            with contextlib.suppress(OSError):
                self._say(session, "unbind")
            shut(session)
        if threading.current_thread() is not self._thread:
            self._thread.join(CONNECT_S)

    def _run(self) -> None:
        wait_s = FIRST_WAIT_S
        while not self._closing.is_set():
            began = self._clock()
            try:
                session = self._connected()
            except (OSError, Gone) as wrong:
                self._note(f"The message centre cannot be reached: {why(wrong)}.")
            else:
                try:
                    self._bind(session)
                    self._socket, self._trouble = session, ""
                    logger.info("the session with the message centre is open")
                    self._read(session)
                except (OSError, Gone, PDUError, UnknownCommandError, ValueError) as wrong:
                    self._note(f"The session with the message centre is over: {why(wrong)}.")
                finally:
                    self._socket = None
                    shut(session)
                    session.close()
                    self._give_up()
            wait_s = (
                FIRST_WAIT_S if self._clock() - began > LONGEST_WAIT_S else min(LONGEST_WAIT_S, wait_s * 2)
            )
            self._closing.wait(wait_s)

    def _note(self, sentence: str) -> None:
        if sentence != self._trouble and not self._closing.is_set():
            logger.warning("%s", sentence)
        self._trouble = sentence

    def _give_up(self) -> None:
        for future in list(self._waiting.values()):
            if not future.done():
                future.set_exception(Gone("the session ended"))

    def _connected(self) -> socket.socket:
        raw = socket.create_connection((self._centre.host, self._centre.port), timeout=CONNECT_S)
        if not self._centre.tls:
            return raw
        context = self._context or ssl.create_default_context()
        return context.wrap_socket(raw, server_hostname=self._centre.host)

    def _bind(self, session: socket.socket) -> None:
        who = self._centre
        self._say(
            session,
            "bind_transceiver",
            interface_version=0x34,
            system_id=who.user,
            password=who.password,
            system_type=who.kind,
        )
        while True:
            answer = self._next(session)
            if answer.command == "bind_transceiver_resp":
                break
            if answer.command == "generic_nack":
                raise Gone("it does not understand us")
        if answer.status in (
            consts.SMPP_ESME_RBINDFAIL,
            consts.SMPP_ESME_RINVPASWD,
            consts.SMPP_ESME_RINVSYSID,
        ):
            raise Gone("it does not know HUB_SMPP_USER with this password")
        if answer.status:
            raise Gone(f"it does not let us in (status 0x{answer.status:08X})")

    def _read(self, session: socket.socket) -> None:
        asked = False
        while not self._closing.is_set():
            if not comes(session, self._centre.quiet_s):
                if asked:
                    raise Gone("it does not answer any more")
                self._say(session, "enquire_link")
                asked = True
                continue
            pdu = self._next(session)
            asked = False
            self._take(session, pdu)

    def _next(self, session: socket.socket) -> Any:
        """The next PDU, whole. One thread at a time has the connection in its hands: TLS wants it so."""
        with self._line:
            session.settimeout(CONNECT_S)
            octets = exactly(session, b"", 4)
            length = int.from_bytes(octets, "big")
            if not 16 <= length <= LONGEST_PDU:
                raise Gone("it sends what is no SMPP")
            whole = exactly(session, octets, length)
        return smpp.parse_pdu(whole, client=self._numbers, allow_unknown_opt_params=True)

    def _say(self, session: socket.socket, command: str, sequence: int | None = None, **more: Any) -> None:
        pdu = smpp.make_pdu(command, client=self._numbers, **more)
        if sequence is not None:
            pdu.sequence = sequence
        with self._line:
            session.settimeout(CONNECT_S)
            session.sendall(pdu.generate())

    def _take(self, session: socket.socket, pdu: Any) -> None:
        if pdu.command == "submit_sm_resp" or (
            pdu.command == "generic_nack" and pdu.sequence in self._waiting
        ):
            future = self._waiting.get(pdu.sequence)
            if future is not None and not future.done():
                future.set_result(pdu)
        elif pdu.command == "enquire_link":
            self._say(session, "enquire_link_resp", pdu.sequence)
        elif pdu.command == "unbind":
            self._say(session, "unbind_resp", pdu.sequence)
            raise Gone("it ended the session")
        elif pdu.command == "deliver_sm":
            self._deliver(session, pdu)

    # What comes

    def _deliver(self, session: socket.socket, pdu: Any) -> None:
        self._listening.wait()
        status, key = 0, ""
        try:
            key = self._keep(pdu)
        except Exception:
            logger.exception(
                "a message that came could not be kept; the message centre is asked to send it again"
            )
            status = _NOT_KEPT
        self._say(session, "deliver_sm_resp", pdu.sequence, status=status)
        listener = self._listener
        if key and listener is not None:
            try:
                # The same octets where the answer may not have arrived are the same message; from now on they are another one.
                listener.acknowledged("smpp", key)
            except StorageError as wrong:
                logger.warning("the same text of the same sender counts as one for a day: %s", wrong)

    def _keep(self, pdu: Any) -> str:
        """Keep what came; the key that ends with the answer to the centre, "" where it has none."""
        listener = self._listener
        if listener is None:
            raise Gone("nobody listens")
        octets, number = octets_of(pdu), read_number(pdu.source_addr_ton or 0, text_of(pdu.source_addr))
        if is_receipt(pdu.esm_class or 0):
            state = getattr(pdu, "message_state", None)
            receipt = read_receipt(octets, text_of(getattr(pdu, "receipted_message_id", b"") or b""), state)
            if receipt is not None:
                told = f"{receipt.reference} {receipt.state}"
                listener.reported(Reported(told, "smpp", receipt.outcome, receipt.reference, number))
            return ""
        text, piece = read_text(octets, pdu.data_coding or 0, pdu.esm_class or 0)
        piece, to = piece or piece_of(pdu), text_of(pdu.destination_addr)
        key = hashlib.sha256(repr(same_of(pdu)).encode()).hexdigest()[:32]
        if piece is None or piece.of == 1:
            listener.heard(Heard(key, "smpp", number, heal(text), time.time(), to, KEY_LASTS_S))
            return key
        # A part has its place in a message: the same one again is the same, also where the centre was told.
        coding: Coding = "ucs-2" if pdu.data_coding == 8 else "gsm-7"
        listener.heard_part(HeardPart(key, "smpp", number, text, piece, coding, to))
        return ""
