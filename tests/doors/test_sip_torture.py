"""Every message of RFC 4475 and RFC 5118 to the whole server: what it answers, and that nothing is left of it."""

from __future__ import annotations

import pytest

from parley.app.devices import Devices
from parley.doors.sip.registrar import Registrar
from parley.wire.sip.flow import Flow
from parley.wire.sip.message import Response
from tests.app.floor import Floor, no_errors
from tests.doors.sip_rig import SipRig
from tests.kit.counted_identifiers import CountedIdentifiers
from tests.kit.sip_wire import PHONE, SERVER
from tests.kit.torture import RFC4475, RFC5118

# The final status where there are spaces "user" and "userb" and a registrar; None: nothing is to be said.
OUTCOMES: dict[str, int | None] = {
    # 3.1.1
    "wsinv": 481,  # its To has a tag, of no dialog of ours
    "intmeth": 405,
    "esc01": 404,
    "escnull": 401,
    "esc02": 405,  # no REGISTER, however it is unescaped
    "lwsdisp": 200,
    "longreq": 200,
    "dblreq": 401,  # the first alone
    "semiuri": 200,
    "transports": 200,
    "mpart01": 405,
    "unreason": None,
    "noreason": None,
    # 3.1.2
    "badinv01": 400,
    "clerr": 400,
    "ncl": 400,
    "scalar02": 400,
    "scalarlg": None,
    "quotbal": 400,
    "ltgtruri": 400,
    "lwsruri": 400,
    "lwsstart": 400,
    "trws": 400,
    "escruri": 200,  # headers in the Request-URI are passed over, which the RFC lets an end do
    "baddate": 200,  # so is a Date that nobody needs
    "regbadct": 400,
    "badaspec": 200,  # blanks in brackets do no harm
    "baddn": 200,  # nor does a comma in a name
    "badvers": 505,
    "mismatch01": 400,
    "mismatch02": 400,
    "bigcode": None,
    # 3.2
    "badbranch": 200,
    # 3.3
    "insuf": 400,
    "unkscm": 416,
    "novelsc": 416,
    "unksm2": 401,
    "bext01": 420,
    "invut": 415,
    "regaut01": 401,
    "multi01": 400,
    "mcl01": 400,
    "bcast": None,
    "zeromf": 200,  # an end serves it as if there were hops left
    "cparam01": 401,
    "cparam02": 401,
    "regescrt": 401,
    "sdp01": 406,
    # 3.4
    "inv2543": 200,
    # RFC 5118
    "ipv6-good": 401,
    "ipv6-bad": 400,
    "port-ambiguous": 401,
    "port-unambiguous": 401,
    "via-received-param-with-delim": 481,
    "via-received-param-no-delim": 200,
    "ipv6-in-sdp": 488,  # G.726 alone
    "mult-ip-in-header": 481,
    "mult-ip-in-sdp": 404,
    "ipv4-mapped-ipv6": 488,
    "ipv6-bug-abnf-3-colons": 200,
    "ipv6-correct-abnf-2-colons": 200,
}


def test_no_message_is_forgotten() -> None:
    """Each has its outcome."""
    assert OUTCOMES.keys() == RFC4475.keys() | RFC5118.keys()


@pytest.mark.parametrize("name", OUTCOMES)
async def test_every_message_gets_what_the_rfc_wants(name: str) -> None:
    """One final response or none, no error, and minutes later nothing is left."""
    with no_errors():
        floor = Floor()
        devices = Devices(floor.held, CountedIdentifiers(), floor.clock, floor.changes, "example.com")
        rig = SipRig(floor, registrar=Registrar(devices, b"key"))
        await floor.space("user")
        await floor.space("userb")
        said = await rig.hear({**RFC4475, **RFC5118}[name], Flow("udp", SERVER, PHONE, "udp-t"))
        final = [one.status for one in said if isinstance(one, Response) and one.status >= 200]
        wanted = OUTCOMES[name]
        assert final == ([] if wanted is None else [wanted])
        await floor.wait(400)
        assert rig.agent.live == (0, 0)
        floor.assert_nothing_left()
