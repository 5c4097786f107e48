"""Devices register and prove whose they are; nobody else does."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import count

import pytest

from parley.app.devices import Devices, NewDevice
from parley.app.members import MemberEdit
from parley.app.ports import Query
from parley.app.users import UserEdit
from parley.core.devices import DigestAlgorithm
from parley.core.refusals import Refusal
from parley.core.secret import Secret
from parley.doors.sip.registrar import Registrar
from parley.wire.sip.digest import DigestClient
from parley.wire.sip.flow import Flow
from parley.wire.sip.message import Response
from tests.app.floor import Floor, no_errors
from tests.doors.sip_rig import SipRig, offer
from tests.kit.counted_identifiers import CountedIdentifiers
from tests.kit.sip_wire import SERVER, request

REALM = "example.com"
AT = "<sip:ann@192.0.2.50:5062>"
CONTACT = f"Contact: {AT};expires=600\r\n"
_branches = count(1)


class Registry:
    """A server with one user, ann, and her device."""

    def __init__(self, floor: Floor) -> None:
        self.floor = floor
        self.devices = Devices(floor.held, CountedIdentifiers(), floor.clock, floor.changes, REALM)
        self.rig = SipRig(floor, registrar=Registrar(self.devices, b"key"))
        self.flow = Flow("udp", SERVER, ("192.0.2.50", 5062), "udp-r")

    async def ann(self, algorithm: DigestAlgorithm = DigestAlgorithm.MD5) -> NewDevice:
        await self.floor.use.users.create("ann@example.com", UserEdit(name="Ann"))
        return await self.devices.add("ann@example.com", "desk", algorithm)

    async def send(self, number: int, extra: str = "", user: str = "ann") -> Response:
        data = request(
            "REGISTER",
            f"sip:{REALM}",
            via=f"SIP/2.0/UDP 192.0.2.50:5062;rport;branch=z9hG4bKr{next(_branches)}",
            to=f"<sip:{user}@{REALM}>",
            call_id="registration",
            number=number,
            extra=extra,
        )
        (answer,) = await self.rig.hear(data, self.flow)
        assert isinstance(answer, Response)
        return answer

    async def register(self, password: Secret, number: int = 1, extra: str = CONTACT, user: str = "ann") -> Response:
        """Asked, answered, asked again."""
        asked = await self.send(number, extra, user)
        assert asked.status == 401
        client = DigestClient(REALM, user, password.reveal())
        header = client.answer(401, asked.headers.lines("WWW-Authenticate"), "REGISTER", f"sip:{REALM}")
        assert header is not None
        return await self.send(number + 1, f"{extra}{header[0]}: {header[1]}\r\n", user)

    async def registered(self) -> list[str]:
        (record,) = await self.devices.all()
        return [binding.contact for binding in record.device.live(self.floor.clock.utc())]


@pytest.fixture
def registry() -> Iterator[Registry]:
    with no_errors():
        yield Registry(Floor())


@pytest.mark.parametrize("algorithm", list(DigestAlgorithm))
async def test_a_device_registers_with_its_own_password(registry: Registry, algorithm: DigestAlgorithm) -> None:
    """401, then 200 with the address and its seconds; what was acknowledged is stored."""
    made = await registry.ann(algorithm)
    challenge = await registry.send(1, CONTACT)
    wanted = "SHA-256" if algorithm is DigestAlgorithm.SHA_256 else "MD5"
    assert [line.count(f"algorithm={wanted},") for line in challenge.headers.lines("WWW-Authenticate")] == [1]
    answer = await registry.register(made.password, 2)
    assert answer.status == 200
    assert answer.headers.lines("Contact") == ["<sip:ann@192.0.2.50:5062>;expires=600"]
    assert await registry.registered() == ["sip:ann@192.0.2.50:5062"]


async def test_a_device_is_challenged_as_it_is_now(registry: Registry) -> None:
    """Whatever was asked before it was made, and once it is gone like somebody unknown."""
    for number, algorithm, wanted in ((1, None, "MD5"), (2, DigestAlgorithm.SHA_256, "SHA-256"), (3, None, "MD5")):
        if algorithm is not None:
            await registry.ann(algorithm)
        elif number == 3:
            await registry.devices.remove("ann")
        answer = await registry.send(number, CONTACT)
        assert f"algorithm={wanted}," in (answer.headers.get("WWW-Authenticate") or "")


async def test_wrong_passwords_and_unknown_devices_look_alike(registry: Registry) -> None:
    """Both are challenged again, for ever, and nothing is registered."""
    await registry.ann()
    wrong = await registry.register(Secret("no"))
    unknown = await registry.register(Secret("no"), 3, user="nobody")
    shape = [sorted(name for name, _ in answer.headers) for answer in (wrong, unknown)]
    assert (wrong.status, unknown.status) == (401, 401) and shape[0] == shape[1]
    assert await registry.registered() == []


async def test_guessing_is_locked_out(registry: Registry) -> None:
    """After twenty wrong answers even the right one is refused, for a while."""
    made = await registry.ann()
    for number in range(20):
        assert (await registry.register(Secret("no"), 2 * number + 1)).status == 401
        await registry.floor.wait(0.5)
    assert (await registry.register(made.password, 101)).status == 403
    await registry.floor.wait(61)
    assert (await registry.register(made.password, 201)).status == 200


async def test_nobody_registers_another_ones_address(registry: Registry) -> None:
    """The address must be the one of the device that proves itself."""
    made = await registry.ann()
    asked = await registry.send(1, CONTACT, "bob")
    client = DigestClient(REALM, "ann", made.password.reveal())
    header = client.answer(401, asked.headers.lines("WWW-Authenticate"), "REGISTER", f"sip:{REALM}")
    assert header is not None
    answer = await registry.send(2, f"{CONTACT}{header[0]}: {header[1]}\r\n", "bob")
    assert answer.status == 403
    assert await registry.registered() == []


async def test_an_answer_heard_on_the_way_is_of_no_use_again(registry: Registry) -> None:
    """The same Authorization a second time is challenged anew, and changes nothing."""
    made = await registry.ann()
    asked = await registry.send(1, CONTACT)
    client = DigestClient(REALM, "ann", made.password.reveal())
    header = client.answer(401, asked.headers.lines("WWW-Authenticate"), "REGISTER", f"sip:{REALM}")
    assert header is not None
    proof = f"{header[0]}: {header[1]}\r\n"
    assert (await registry.send(2, CONTACT + proof)).status == 200
    stolen = await registry.send(3, f"Contact: <sip:thief@203.0.113.9>\r\n{proof}")
    assert stolen.status == 401 and "stale=true" in (stolen.headers.get("WWW-Authenticate") or "")
    assert await registry.registered() == ["sip:ann@192.0.2.50:5062"]


async def test_credentials_for_others_are_passed_over(registry: Registry) -> None:
    """Those of another realm are no answer to us, and keep nobody from giving ours beside them."""
    made = await registry.ann()
    lines = (await registry.send(1, CONTACT)).headers.lines("WWW-Authenticate")
    ours = DigestClient(REALM, "ann", made.password.reveal()).answer(401, lines, "REGISTER", f"sip:{REALM}")
    foreign = [line.replace(f'"{REALM}"', '"elsewhere"') for line in lines]
    theirs = DigestClient("elsewhere", "ann", "x").answer(401, foreign, "REGISTER", f"sip:{REALM}")
    assert ours is not None and theirs is not None
    assert (await registry.send(2, f"{CONTACT}{theirs[0]}: {theirs[1]}\r\n")).status == 401
    both = f"{CONTACT}{theirs[0]}: {theirs[1]}\r\n{ours[0]}: {ours[1]}\r\n"
    assert (await registry.send(3, both)).status == 200


async def test_an_answer_is_for_the_request_that_it_names(registry: Registry) -> None:
    """400 where the digest's uri is another than the request's (RFC 7616 section 3.4.6); nothing is registered."""
    made = await registry.ann()
    lines = (await registry.send(1, CONTACT)).headers.lines("WWW-Authenticate")
    header = DigestClient(REALM, "ann", made.password.reveal()).answer(401, lines, "REGISTER", "sip:elsewhere.example")
    assert header is not None
    assert (await registry.send(2, f"{CONTACT}{header[0]}: {header[1]}\r\n")).status == 400
    assert await registry.registered() == []


async def test_a_phone_of_somebody_who_may_not_sign_in_is_nobodys(registry: Registry) -> None:
    """Its password proves nothing while its user is disabled, neither to register nor to call."""
    made = await registry.ann()
    space = await registry.floor.space(non_member_access=False)
    await registry.floor.use.members.create(space, "ann@example.com", MemberEdit())
    async with registry.floor.held.transaction() as tx:
        (user,) = (await tx.users.page(Query())).items
        await tx.users.save(replace(user, enabled=False))
    assert (await registry.register(made.password)).status == 401
    assert await registry.registered() == []
    assert await call(registry, made.password, 5) == 404  # as for every guest
    async with registry.floor.held.transaction() as tx:
        await tx.users.save(user)
    assert (await registry.register(made.password, 7)).status == 200
    assert await call(registry, made.password, 9) == 200


@pytest.mark.parametrize(
    ("extra", "status", "after"),
    [
        ("Contact: <sip:ann@192.0.2.50:5062>;expires=30\r\n", 423, []),
        ("Contact: *\r\nExpires: 0\r\n", 200, []),
        ("Contact: *\r\nExpires: 60\r\n", 400, []),
        ("Contact: <mailto:ann@example.com>\r\n", 400, []),
        ("", 200, []),
        ("Contact: <sip:a@192.0.2.1>, <sip:b@192.0.2.1>;expires=90\r\n", 200, ["sip:a@192.0.2.1", "sip:b@192.0.2.1"]),
    ],
)
async def test_what_a_register_may_say(registry: Registry, extra: str, status: int, after: list[str]) -> None:
    """Each form has its answer, and a refused one changes nothing."""
    made = await registry.ann()
    answer = await registry.register(made.password, extra=extra)
    assert answer.status == status
    if status == 423:
        assert answer.headers.get("Min-Expires") == "60"
    assert sorted(await registry.registered()) == after


@pytest.mark.parametrize("asked", ["outbound", "gruu", "path", "gruu, Outbound", "path, replaces"])
async def test_what_a_register_requires_and_we_have_not_is_refused(registry: Registry, asked: str) -> None:
    """420 names it (RFC 3261 section 8.2.2.3), whoever asks, and nothing is registered."""
    made = await registry.ann()
    lacking = asked.removesuffix(", replaces")  # that one we have
    first = await registry.send(1, f"{CONTACT}Require: {asked}\r\n")
    assert (first.status, first.headers.lines("Unsupported")) == (420, [lacking])
    challenge = (await registry.send(2, CONTACT)).headers.lines("WWW-Authenticate")
    header = DigestClient(REALM, "ann", made.password.reveal()).answer(401, challenge, "REGISTER", f"sip:{REALM}")
    assert header is not None
    proven = await registry.send(3, f"{CONTACT}Require: {asked}\r\n{header[0]}: {header[1]}\r\n")
    assert (proven.status, proven.headers.lines("Unsupported")) == (420, [lacking])
    assert await registry.registered() == []


async def test_a_register_that_only_knows_of_more_is_not_told_that_we_do(registry: Registry) -> None:
    """Who supports outbound and GRUU registers as anybody; no answer says that it got either (RFC 5626 section 6)."""
    made = await registry.ann()
    extra = f"Supported: path, outbound, gruu\r\nContact: {AT};{WHO};reg-id=1;expires=600\r\n"
    answer = await registry.register(made.password, extra=extra)
    assert answer.status == 200 and "Require" not in answer.headers and "gruu" not in answer.serialise().decode()
    assert await registry.registered() == ["sip:ann@192.0.2.50:5062"]


WHO = '+sip.instance="<urn:uuid:00000000-0000-1000-8000-000a95a0e128>"'
LONG = "x" * 700


@pytest.mark.parametrize(
    ("said", "answered"),
    [
        (f"{AT};q=0.5;expires=90", f"{AT};q=0.5;expires=90"),
        (f"{AT};{WHO};reg-id=1;expires=90", f"{AT};{WHO};reg-id=1;expires=90"),
        (f'"Ann" {AT};audio;Methods="INVITE, BYE";{WHO}', f'{AT};{WHO};audio;methods="INVITE, BYE";expires=600'),
        (f"sip:ann@192.0.2.50:5062;{WHO};c=x", f"{AT};{WHO};c=x;expires=600"),
        (f'{AT};{WHO};pub-gruu="sip:ann@example.com;gr=x";temp-gruu="sip:y@example.com;gr"', f"{AT};{WHO};expires=600"),
        (f"{AT};a={LONG};b={LONG};{WHO};c=d", f"{AT};{WHO};a={LONG};c=d;expires=600"),
        (f'{AT};+sip.instance="{LONG}{LONG}";reg-id=1', f"{AT};reg-id=1;expires=600"),
        (f"{AT};expires=90;expires=70;q=1;q=0", f"{AT};q=1;expires=90"),
    ],
    ids=[
        "a preference",
        "who it is",
        "what it can do",
        "without brackets",
        "names that are for us to give",
        "too much",
        "too long a name",
        "twice",
    ],
)
async def test_a_device_finds_its_own_contact_in_the_answer(registry: Registry, said: str, answered: str) -> None:
    """With the parameters that it gave, so far as there is room for them, and the seconds that it was granted."""
    made = await registry.ann()
    answer = await registry.register(made.password, extra=f"Contact: {said}\r\nExpires: 600\r\n")
    assert answer.headers.lines("Contact") == [answered]
    asked = await registry.register(made.password, 3, extra="")
    assert asked.headers.lines("Contact") == [answered]


async def test_a_phone_that_moved_rings_where_it_is(registry: Registry) -> None:
    """Its new address takes the place of the old one, and the answer names no other."""
    made = await registry.ann()
    await registry.register(made.password, extra=f"Contact: <sip:ann@192.0.2.50:5062>;{WHO};reg-id=1\r\n")
    answer = await registry.register(made.password, 3, f"Contact: <sip:ann@192.0.2.99>;{WHO};reg-id=1\r\n")
    assert answer.headers.lines("Contact") == [f"<sip:ann@192.0.2.99>;{WHO};reg-id=1;expires=3600"]
    assert await registry.registered() == ["sip:ann@192.0.2.99"]


async def test_a_registration_passes(registry: Registry) -> None:
    """After its seconds the device is reachable nowhere."""
    made = await registry.ann()
    await registry.register(made.password)
    await registry.floor.wait(601)
    assert await registry.registered() == []


async def test_probes_leave_no_trace(registry: Registry) -> None:
    """A REGISTER that proves nothing is challenged and forgotten."""
    for number in range(50):
        assert (await registry.send(number + 1, CONTACT, f"u{number}")).status in {401, 503}
    assert registry.rig.agent.live == (0, 0)


async def test_a_sign_in_password_never_works_for_sip(registry: Registry) -> None:
    """Only what was made up for the device does."""
    await registry.ann()
    assert (await registry.register(Secret("ann's sign-in password"))).status == 401


async def test_names_are_unique_and_removed_devices_are_gone(registry: Registry) -> None:
    """A second device of the same name gets a number; a removed one proves nothing."""
    made = await registry.ann()
    second = await registry.devices.add("ann@example.com")
    assert (made.device.username, second.device.username) == ("ann", "ann-2")
    await registry.devices.remove("ann")
    assert (await registry.register(made.password)).status == 401
    with pytest.raises(Refusal):
        await registry.devices.remove("ann")


async def call(registry: Registry, password: Secret | None, number: int = 1, *, domain: str = "example.com") -> int:
    """ann's device dials the room; with a password it answers the challenge."""

    async def invite(number: int, extra: str) -> Response:
        data = request(
            "INVITE",
            "sip:room@example.com",
            via=f"SIP/2.0/UDP 192.0.2.50:5062;rport;branch=z9hG4bKi{next(_branches)}",
            to="<sip:room@example.com>",
            from_=f"<sip:ann@{domain}>;tag=a",
            call_id="a-call" if domain == REALM else domain,
            number=number,
            extra=extra,
            body=offer(),
        )
        return [m for m in await registry.rig.hear(data, registry.flow) if isinstance(m, Response)][-1]

    answer = await invite(number, "")
    if password is None or answer.status != 401:
        return answer.status
    client = DigestClient(REALM, "ann", password.reveal())
    header = client.answer(401, answer.headers.lines("WWW-Authenticate"), "INVITE", "sip:room@example.com")
    assert header is not None
    return (await invite(number + 1, f"{header[0]}: {header[1]}\r\n")).status


async def test_whoever_calls_himself_a_device_proves_it(registry: Registry) -> None:
    """A From that names a device is challenged; without the password there is no call, and no leg."""
    made = await registry.ann()
    await registry.floor.space()
    assert await call(registry, None) == 401
    assert await call(registry, Secret("no"), 2) == 401
    assert registry.floor.directory.legs() == []
    assert await call(registry, made.password, 4) == 200


async def test_the_same_name_at_another_domain_is_somebody_else(registry: Registry) -> None:
    """A guest whose own address begins like a device's is not asked for a password; at our own address he is."""
    await registry.ann()
    await registry.floor.space()
    assert await call(registry, None, domain="elsewhere.example") == 200
    assert await call(registry, None, 2, domain="192.0.2.1") == 401


async def test_a_members_device_needs_no_pin_and_has_the_members_profile(registry: Registry) -> None:
    """Scenario 6.4 by phone: everybody else is asked for the PIN and waits; the member's device opens the meeting."""
    floor = registry.floor
    made = await registry.ann()
    guests = await floor.guests()
    space = await floor.space(pin="1234", leg_profile=guests, non_member_access=False)
    host = await floor.profile(needs_activation=False)
    await floor.use.members.create(space, "ann@example.com", MemberEdit(leg_profile=host))
    assert await call(registry, made.password) == 200
    (leg,) = floor.directory.legs()
    assert leg.state == "connected"
    await registry.rig.hear(
        request(
            "ACK",
            "sip:room@example.com",
            via="SIP/2.0/UDP 192.0.2.50:5062;rport;branch=z9hG4bKack",
            to=f"<sip:room@example.com>;tag={tag_of(registry.rig)}",
            from_="<sip:ann@example.com>;tag=a",
            call_id="a-call",
            number=2,
        ),
        registry.flow,
    )
    (leg,) = floor.directory.legs()
    assert leg.view is not None
    assert leg.view.is_activator and leg.view.entry.member is not None


def tag_of(rig: SipRig) -> str:
    return next(m.to.tag or "" for _, m in reversed(rig.sent) if isinstance(m, Response) and m.status == 200)
