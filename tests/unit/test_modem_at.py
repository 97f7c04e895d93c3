"""The dialogue with a modem: whatever is said in its middle, however lines are cut."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hardware.modem.at import Answer, Came, Dialogue, Event, Kept, News, Silent, Write

PDU = bytes.fromhex("07911326040000F0040B911346610089F60000208062917314080CC8F71D14969741F977FD07")
LENGTH = len(PDU) - 1 - PDU[0]
HEX = PDU.hex().upper().encode()
SEND = bytes.fromhex("0001000b916407281553f800000ae8329bfd4697d9ec37")


def told(*said: bytes, command: str = "AT", **how: object) -> list[Event]:
    dialogue = Dialogue()
    dialogue.ask(command, 0.0, within_s=5.0, **how)  # type: ignore[arg-type]
    return [event for octets in said for event in dialogue.feed(octets, 0.0)]


@pytest.mark.parametrize("echo", [b"", b"AT+CSQ\r"])
def test_an_answer_is_its_lines_and_its_end_with_and_without_echo(echo: bytes) -> None:
    assert told(echo + b"\r\n+CSQ: 17,99\r\n\r\nOK\r\n", command="AT+CSQ") == [
        Answer("AT+CSQ", ("+CSQ: 17,99",), good=True)
    ]


@pytest.mark.parametrize(
    ("line", "answer"),
    [
        (b"ERROR", Answer("AT", (), good=False)),
        (b"+CMS ERROR: 500", Answer("AT", (), good=False, kind="CMS", code=500)),
        (b"+CME ERROR: 11", Answer("AT", (), good=False, kind="CME", code=11)),
        (b"+CME ERROR: SIM busy", Answer("AT", (), good=False, kind="CME")),
    ],
)
def test_every_end_is_known(line: bytes, answer: Answer) -> None:
    assert told(b"\r\n" + line + b"\r\n") == [answer]


def test_the_text_goes_out_at_the_prompt_and_not_before_and_its_echo_is_no_answer() -> None:
    dialogue = Dialogue()
    assert dialogue.ask("AT+CMGS=22", 0.0, within_s=5.0, pdu=SEND, pdu_s=60.0) == b"AT+CMGS=22\r"
    assert dialogue.feed(b"AT+CMGS=22\r\r\n", 0.0) == []
    body = SEND.hex().upper().encode() + b"\x1a"
    assert dialogue.feed(b">", 1.0) == [Write(body)]
    assert dialogue.tick(60.0) == []
    assert dialogue.feed(b" " + body + b"\r\n+CMGS: 7\r\n\r\nOK\r\n", 2.0) == [
        Answer("AT+CMGS=22", ("+CMGS: 7",), good=True)
    ]


def test_what_comes_unasked_in_the_middle_is_told_and_is_no_answer() -> None:
    events = told(
        b'\r\n+CMTI: "SM",3\r\n\r\n+CMGL: 1,1,,%d\r\n\r\nRING\r\n' % LENGTH,
        b"\r\n+CMT: ,%d\r\n%s\r\n" % (LENGTH, HEX),
        b'%s\r\n\r\n+CDSI: "SR",12\r\n\r\n+CREG: 1\r\n\r\nOK\r\n' % HEX,
        command="AT+CMGL=4",
    )
    answer = Answer("AT+CMGL=4", (f"+CMGL: 1,1,,{LENGTH}", HEX.decode()), good=True)
    assert events == [
        *(Kept("CMTI", "SM", 3), News("RING"), Came("CMT", PDU)),
        *(Kept("CDSI", "SR", 12), News("+CREG: 1"), answer),
    ]


def test_a_report_that_comes_before_the_prompt_does_not_hold_it_up() -> None:
    events = told(b"\r\n+CDS: %d\r\n%s\r\n\r\n> " % (LENGTH, HEX), command="AT+CMGS=22", pdu=SEND, pdu_s=60.0)
    assert events == [Came("CDS", PDU), Write(SEND.hex().upper().encode() + b"\x1a")]


def test_octets_whose_header_was_lost_or_whose_length_is_wrong_are_passed_over() -> None:
    events = told(b"\r\n%s\r\n\r\n+CMT: ,%d\r\n%s\r\n\r\nOK\r\n" % (HEX, LENGTH, HEX[:-2]))
    assert [event for event in events if isinstance(event, Came)] == []
    assert isinstance(events[-1], Answer)


def test_an_answer_that_comes_when_nothing_was_asked_is_none() -> None:
    dialogue = Dialogue()
    assert dialogue.feed(b"\r\nOK\r\n\r\nERROR\r\n", 0.0) == []
    assert dialogue.feed(b"\r\nRDY\r\n", 0.0) == [News("RDY")]


def test_the_end_of_a_call_ends_no_other_command() -> None:
    assert told(b"\r\nNO CARRIER\r\n\r\nOK\r\n", command="AT+CSQ") == [
        News("NO CARRIER"),
        Answer("AT+CSQ", (), good=True),
    ]


def test_silence_is_told_when_its_time_is_over_with_whether_the_text_was_handed_over() -> None:
    dialogue = Dialogue()
    dialogue.ask("AT", 0.0, within_s=5.0)
    assert dialogue.due() == 5.0
    assert dialogue.tick(4.9) == []
    assert dialogue.tick(5.0) == [Silent("AT", handed_over=False)]
    assert not dialogue.busy
    dialogue.ask("AT+CMGS=22", 10.0, within_s=5.0, pdu=SEND, pdu_s=60.0)
    with pytest.raises(RuntimeError, match="not answered yet"):
        dialogue.ask("AT", 10.0, within_s=5.0)
    dialogue.feed(b"\r\n> ", 14.0)
    assert dialogue.tick(73.9) == []
    assert dialogue.tick(74.0) == [Silent("AT+CMGS=22", handed_over=True)]


def test_a_line_without_end_takes_no_memory_and_the_next_is_read() -> None:
    dialogue = Dialogue()
    dialogue.ask("AT", 0.0, within_s=5.0)
    for _ in range(100):
        assert dialogue.feed(b"x" * 1000, 0.0) == []
    assert dialogue.feed(b"\r\nOK\r\n", 0.0) == [Answer("AT", (), good=True)]


SCRIPT = (
    b'AT+CMGL=4\r\r\n+CMGL: 1,1,,%d\r\n%s\r\n\r\n+CMTI: "SM",3\r\n+CMGL: 2,0,,%d\r\n'
    b"\r\n+CDS: %d\r\n%s\r\n%s\r\n\r\nRING\r\n\r\nOK\r\n"
) % (LENGTH, HEX, LENGTH, LENGTH, HEX, HEX)


@given(st.lists(st.integers(0, len(SCRIPT)), max_size=30))
def test_lines_may_be_cut_anywhere(cuts: list[int]) -> None:
    ends = sorted({0, *cuts, len(SCRIPT)})
    pieces = [SCRIPT[begin:end] for begin, end in pairwise(ends)]
    assert told(*pieces, command="AT+CMGL=4") == told(SCRIPT, command="AT+CMGL=4")


@given(st.binary(max_size=300), st.booleans())
def test_rubbish_raises_nothing_and_an_end_after_it_is_heard(rubbish: bytes, prompt: bool) -> None:
    dialogue = Dialogue()
    dialogue.ask("AT+CMGS=22", 0.0, within_s=5.0, pdu=SEND if prompt else None)
    events = dialogue.feed(rubbish + b"\r\n\r\nOK\r\n", 0.0)
    # One: the end, or what the rubbish happened to say before it.
    assert len([event for event in events if isinstance(event, Answer)]) == 1


@given(st.lists(st.sampled_from([0x00, 0x80, 0xFF, 0x07]), max_size=3), st.integers(0, len(SCRIPT)))
def test_noise_of_a_plug_between_the_signs_changes_nothing(noise: list[int], at: int) -> None:
    noisy = SCRIPT[:at] + bytes(noise) + SCRIPT[at:]
    assert told(noisy, command="AT+CMGL=4") == told(SCRIPT, command="AT+CMGL=4")
