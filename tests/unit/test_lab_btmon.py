"""What btmon prints is read back into the octets that were on the air."""

from __future__ import annotations

from tests.lab.btmon import reports
from tests.lab.frames import FRAMES, named

PRINTED = """Bluetooth monitor ver 5.66
> HCI Event: LE Meta Event (0x3e) plen 42                    #2 [hci1] 1.008072
      LE Advertising Report (0x02)
        Num reports: 1
        Address: 0B:AD:6D:44:B1:9F (Non-Resolvable)
        Company: Apple, Inc. (76)
          Type: iBeacon (2)
          UUID: 3e89e071-5bbc-2480-984e-a24fa66d82f7
          Version: 1792.258
          TX power: -59 dB
        RSSI: -60 dBm (0xc4)
@ MGMT Event: Device Found (0x0012) plen 45            {0x0001} [hci1] 1.008399
        LE Address: 0B:81:7A:55:E5:26 (Non-Resolvable)
        Company: Radius Networks, Inc. (280)
          Data: beacf7826da64fa24e988024bc5b71e0893e00070201c52a
> HCI Event: LE Meta Event (0x3e) plen 43                    #3 [hci1] 1.051000
      LE Advertising Report (0x02)
        Address: 0B:81:7A:55:E5:26 (Non-Resolvable)
        Company: Radius Networks, Inc. (280)
          Data: beacf7826da64fa24e988024bc5b71e0893e00070201c52a
        RSSI: -60 dBm (0xc4)
> HCI Event: LE Meta Event (0x3e) plen 38                    #4 [hci1] 1.109002
      LE Extended Advertising Report (0x0d)
        Address: 0D:EA:43:62:72:76 (Non-Resolvable)
        Service Data: Google (0xfeaa)
          Data[14]: 20000bb815800000100000010000
> HCI Event: Command Complete (0x0e) plen 4                  #5 [hci1] 1.200000
      LE Set Scan Enable (0x08|0x000c) ncmd 1
"""


def test_every_report_is_read_and_what_the_kernel_tells_its_own_programs_is_not_taken_for_one() -> None:
    found = reports(PRINTED)
    assert [one.part for one in found] == [
        named(name).part for name in ("iBeacon", "AltBeacon", "Eddystone TLM")
    ]
    assert found[0][:3] == ("hci1", 1.008072, "0b:ad:6d:44:b1:9f")


def test_a_text_without_reports_has_none() -> None:
    assert reports("") == []
    assert reports("Bluetooth monitor ver 5.66\n= Note: Linux version\n") == []


def test_the_frames_of_the_lab_fit_into_an_advertisement() -> None:
    assert len({frame.part for frame in FRAMES}) == 6
    assert all(len(frame.payload) <= 31 for frame in FRAMES)
