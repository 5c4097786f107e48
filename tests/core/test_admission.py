"""Which door a caller comes in by (cms-api 3.4), row by row."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parley.core.admission import Admit, AskPin, Candidates, Door, Proof, Refuse, WrongPin, ask, judge, judge_link
from parley.core.endings import Reason
from parley.core.ids import AccessMethodId, SpaceId, TenantId, UserId
from parley.core.profiles import CallLayer, CallSettings, EntryScope, Layer, MediaEncryption, PasscodeMode
from parley.core.secret import Secret


def door(name: str, pin: str | None = None, own: bool = False) -> Door:
    return Door(AccessMethodId(name), own, Secret(pin) if pin is not None else None)


def candidates(*doors: Door, open_to_all: bool = True, call: CallSettings | None = None) -> Candidates:
    layers = (CallLayer(Layer.SPACE, call),) if call else ()
    return Candidates(SpaceId("space"), "Space", None, open_to_all, doors, layers)


TIMEOUT = CallSettings(passcode_mode=PasscodeMode.TIMEOUT)
BLANK, GUEST, HOST = door("blank", own=True), door("guest", "4321", own=True), door("host", "1234")


@pytest.mark.parametrize(
    ("who", "answer"),
    [
        (candidates(BLANK), Admit(AccessMethodId("blank"))),
        (candidates(door("empty", "")), Admit(AccessMethodId("empty"))),
        (candidates(GUEST), AskPin()),
        (candidates(GUEST, HOST), AskPin()),
        (candidates(BLANK, HOST), AskPin(PasscodeMode.REQUIRED)),
        (
            candidates(BLANK, HOST, call=CallSettings(passcode_mode=PasscodeMode.REQUIRED, passcode_timeout=3)),
            AskPin(PasscodeMode.REQUIRED),
        ),
        (candidates(BLANK, HOST, call=TIMEOUT), AskPin(PasscodeMode.TIMEOUT, 5)),
        (
            candidates(BLANK, HOST, call=CallSettings(passcode_mode=PasscodeMode.TIMEOUT, passcode_timeout=12)),
            AskPin(PasscodeMode.TIMEOUT, 12),
        ),
        (candidates(GUEST, HOST, call=TIMEOUT), AskPin()),
        (candidates(BLANK, open_to_all=False), Refuse(Reason.NOT_MEMBER)),
        (candidates(GUEST, HOST, open_to_all=False), Refuse(Reason.NOT_MEMBER)),
    ],
)
def test_what_is_asked_depends_on_the_doors_alone(who: Candidates, answer: object) -> None:
    """One blank door lets in, one closed door or several ask, a blank one among them says how blank is said."""
    assert ask(who) == answer


WRONG, LOCKED, UNKNOWN = (WrongPin(r) for r in (Reason.WRONG_PIN, Reason.LOCKED_OUT, Reason.UNKNOWN_CALL_ID))


@pytest.mark.parametrize(
    ("who", "pin", "locked", "verdict"),
    [
        (candidates(GUEST), "4321", False, Admit(AccessMethodId("guest"))),
        (candidates(GUEST), "1234", False, WRONG),
        (candidates(GUEST), "", False, WRONG),
        (candidates(GUEST), "4321", True, LOCKED),
        (candidates(GUEST, HOST), "4321", False, Admit(AccessMethodId("guest"))),
        (candidates(GUEST, HOST), "1234", False, Admit(AccessMethodId("host"))),
        (candidates(GUEST, HOST), "12345", False, WRONG),
        (candidates(GUEST, HOST), "", True, LOCKED),
        (candidates(BLANK, HOST), "", False, Admit(AccessMethodId("blank"))),
        (candidates(BLANK, HOST), "1234", False, Admit(AccessMethodId("host"))),
        (candidates(BLANK, HOST), "9", False, WRONG),
        (candidates(BLANK, HOST), "", True, Admit(AccessMethodId("blank"))),
        (candidates(BLANK, HOST), "1234", True, LOCKED),
        (candidates(BLANK, HOST), "9", True, LOCKED),
        (None, "1234", False, UNKNOWN),
        (None, "", False, UNKNOWN),
        (None, "1234", True, UNKNOWN),
        (candidates(GUEST, open_to_all=False), "4321", False, UNKNOWN),
        (candidates(BLANK, open_to_all=False), "", False, UNKNOWN),
    ],
)
def test_a_pin_picks_a_door_and_never_makes_one(
    who: Candidates | None, pin: str, locked: bool, verdict: object
) -> None:
    """The PIN's own door, the blank door for no PIN, else refusal with the reason kept apart inside."""
    assert judge(who, Secret(pin), locked) == verdict


def test_leading_zeros_count() -> None:
    """PINs compare as text."""
    who = candidates(door("a", "0123"), door("b", "123"))
    assert judge(who, Secret("0123"), False) == Admit(AccessMethodId("a"))
    assert judge(who, Secret("123"), False) == Admit(AccessMethodId("b"))
    assert judge(who, Secret("00123"), False) == WRONG


def test_every_door_is_compared_whatever_their_number() -> None:
    """With more doors than are compared together, the last one is found as well."""
    who = candidates(*[door(f"d{n}", f"{n:04}") for n in range(19)])
    assert judge(who, Secret("0018"), False) == Admit(AccessMethodId("d18"))
    assert judge(who, Secret("0019"), False) == WRONG


def test_the_work_does_not_tell_known_from_unknown(monkeypatch: pytest.MonkeyPatch) -> None:
    """An unknown call ID, a known one and a locked one cost the same number of comparisons."""
    from parley.core import admission

    real = admission.hmac.compare_digest
    counted: list[int] = []

    def counting(a: bytes, b: bytes) -> bool:
        counted.append(1)
        return real(a, b)

    monkeypatch.setattr(admission.hmac, "compare_digest", counting)
    totals = []
    for who, pin, locked in [
        (None, "1234", False),
        (candidates(GUEST), "1234", False),
        (candidates(GUEST), "4321", False),
        (candidates(GUEST, HOST), "1234", True),
        (candidates(BLANK, HOST), "", False),
    ]:
        counted.clear()
        judge(who, Secret(pin), locked)
        totals.append(len(counted))
    assert len(set(totals)) == 1


@given(
    pins=st.lists(st.text("0123456789*", max_size=4), min_size=1, max_size=12), typed=st.text("0123456789*", max_size=5)
)
def test_nobody_gets_in_by_a_pin_that_is_not_the_doors(pins: list[str], typed: str) -> None:
    """Whoever is admitted typed exactly the PIN of the door he came in by."""
    who = candidates(*[door(f"d{n}", pin) for n, pin in enumerate(pins)])
    verdict = judge(who, Secret(typed), False)
    if isinstance(verdict, Admit):
        assert pins[int(verdict.access_method[1:])] == typed
    else:
        assert typed not in pins


def scoped(scope: EntryScope) -> Candidates:
    layers = (CallLayer(Layer.SPACE, CallSettings(entry_scope=scope)),)
    return Candidates(SpaceId("s"), "S", None, True, (Door(AccessMethodId("d"), True),), layers)


@pytest.mark.parametrize("scope", [EntryScope.TENANT, EntryScope.INVITED])
def test_who_has_proven_nothing_does_not_enter_a_restricted_space(scope: EntryScope) -> None:
    """Refused by an inside reason of its own; at the IVR it is as if nobody had the call ID."""
    assert ask(scoped(scope)) == Refuse(Reason.ENTRY_RESTRICTED)
    assert judge(scoped(scope), Secret(""), locked=False) == WrongPin(Reason.UNKNOWN_CALL_ID)
    assert ask(scoped(EntryScope.EVERYONE)) == Admit(AccessMethodId("d"))


REQUIRED, OPTIONAL, PROHIBITED = MediaEncryption.REQUIRED, MediaEncryption.OPTIONAL, MediaEncryption.PROHIBITED


@pytest.mark.parametrize(
    ("doors", "encrypted", "refused"),
    [
        ([(None, REQUIRED)], False, True),
        ([(None, REQUIRED)], True, False),
        ([(None, PROHIBITED)], True, True),
        ([(None, PROHIBITED)], False, False),
        ([(None, OPTIONAL)], False, False),
        ([("1", REQUIRED), ("2", REQUIRED)], False, True),
        ([("1", REQUIRED), ("2", OPTIONAL)], False, False),  # the PIN may pick the other one
        ([(None, OPTIONAL), (None, REQUIRED)], False, False),  # the space's own is the one that is meant
        ([(None, REQUIRED), (None, OPTIONAL)], False, True),
    ],
)
def test_plain_media_are_refused_where_every_door_asks_for_encryption(
    doors: list[tuple[str | None, MediaEncryption]], encrypted: bool, refused: bool
) -> None:
    """Before the answer, when no door is left that would take them."""
    made = tuple(
        Door(AccessMethodId(f"d{n}"), n == 0, Secret(pin) if pin else None, encryption)
        for n, (pin, encryption) in enumerate(doors)
    )
    answer = ask(Candidates(SpaceId("s"), "S", None, True, made), encrypted)
    assert (answer == Refuse(Reason.ENCRYPTION_REQUIRED)) is refused


# --- links and proof -------------------------------------------------------------------------------------------


def linked(name: str, secret: str | None, pin: str | None = "1", own: bool = False) -> Door:
    return Door(
        AccessMethodId(name), own, Secret(pin) if pin else None, secret=Secret(secret) if secret is not None else None
    )


GUESTS, HOSTS = linked("guest", "aaa", own=True), linked("host", "bbb", "2")


@pytest.mark.parametrize(
    ("who", "secrets", "locked", "personal", "verdict"),
    [
        (candidates(GUESTS, HOSTS), ["aaa"], False, None, Admit(AccessMethodId("guest"))),
        (candidates(GUESTS, HOSTS), ["bbb"], False, None, Admit(AccessMethodId("host"))),
        (candidates(GUESTS, HOSTS), ["xxx", "bbb"], False, None, Admit(AccessMethodId("host"))),
        (candidates(GUESTS, HOSTS), ["ccc"], False, None, WRONG),
        (candidates(GUESTS, HOSTS), ["1"], False, None, WRONG),  # a passcode is no link
        (candidates(GUESTS, HOSTS), [""], False, None, WRONG),
        (candidates(GUESTS, HOSTS), [], False, None, WRONG),
        (candidates(linked("none", None)), [""], False, None, WRONG),
        (candidates(linked("empty", "")), [""], False, None, WRONG),
        (candidates(linked("blank", None, None)), ["aaa"], False, None, WRONG),
        (candidates(GUESTS, HOSTS), ["aaa"], True, None, LOCKED),
        (candidates(GUESTS, HOSTS), ["zzz"], False, "host", Admit(AccessMethodId("host"))),
        (candidates(GUESTS, HOSTS), ["zzz"], True, "host", LOCKED),
        (candidates(GUESTS, HOSTS), ["zzz"], False, "elsewhere", WRONG),
        (None, ["aaa"], False, None, UNKNOWN),
        (None, ["aaa"], True, "host", UNKNOWN),
        (candidates(GUESTS, open_to_all=False), ["aaa"], False, None, UNKNOWN),
    ],
)
def test_a_link_picks_the_door_that_owns_it(
    who: Candidates | None, secrets: list[str], locked: bool, personal: str | None, verdict: object
) -> None:
    """Instead of its passcode; a door without a secret has no link, and a personal link names its door."""
    door_id = AccessMethodId(personal) if personal else None
    assert judge_link(who, [Secret(text) for text in secrets], locked, personal=door_id) == verdict


OURS, THEIRS = TenantId("ours"), TenantId("theirs")


@pytest.mark.parametrize(
    ("scope", "proof", "enters"),
    [
        (EntryScope.EVERYONE, Proof(), True),
        (EntryScope.TENANT, Proof(), False),
        (EntryScope.TENANT, Proof(UserId("u"), OURS), True),
        (EntryScope.TENANT, Proof(UserId("u"), THEIRS), False),
        (EntryScope.TENANT, Proof(UserId("u"), None), False),
        (EntryScope.TENANT, Proof(None, OURS), False),  # a tenant without a person proves nothing
        (EntryScope.TENANT, Proof(invited=True), True),
        (EntryScope.TENANT, Proof(UserId("u"), THEIRS, invited=True), True),
        (EntryScope.INVITED, Proof(UserId("u"), OURS), False),
        (EntryScope.INVITED, Proof(UserId("u"), THEIRS, invited=True), True),
        (EntryScope.INVITED, Proof(invited=True), True),
    ],
)
def test_a_restricted_space_takes_whom_its_scope_names(scope: EntryScope, proof: Proof, enters: bool) -> None:
    """The same by an address, by a PIN and by a link."""
    layers = (CallLayer(Layer.SPACE, CallSettings(entry_scope=scope)),)
    blank = Candidates(SpaceId("s"), "S", OURS, True, (linked("d", "aaa", None),), layers)
    assert isinstance(ask(blank, proof=proof), Admit) is enters
    assert isinstance(judge(blank, Secret(""), False, proof), Admit) is enters
    assert isinstance(judge_link(blank, [Secret("aaa")], False, proof), Admit) is enters
