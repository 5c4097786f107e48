"""Digest, the client's half: the published examples, and what a server cannot get out of it."""

import hashlib
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parley.wire.sip.digest import CHALLENGES_MOST, STALE_MOST, Challenge, DigestClient, challenges
from parley.wire.sip.errors import TheirMistake

RFC_7616_NONCE = "7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v"
RFC_7616_CNONCE = "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ"


def client(realm: str = "trunk", token: str = "c") -> DigestClient:
    return DigestClient(realm, "ann", "sesame", token=lambda: token)


def challenge(nonce: str = "n1", realm: str = "trunk", more: str = "") -> str:
    return f'Digest realm="{realm}", nonce="{nonce}"{more}'


def fields(header: tuple[str, str] | None) -> dict[str, str]:
    assert header is not None
    scheme, _, rest = header[1].partition(" ")
    assert scheme == "Digest"
    return {name: quoted or bare for name, quoted, bare in re.findall(r'(\w+)=(?:"([^"]*)"|([^,\s]+))', rest)}


@pytest.mark.parametrize(
    ("algorithm", "response"),
    [
        ("MD5", "8ca523f5e9506fed4657c9700eebdbec"),
        ("SHA-256", "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1"),
    ],
)
def test_the_examples_of_rfc_7616(algorithm: str, response: str) -> None:
    """Section 3.9.1: both algorithms, qop auth, opaque echoed."""
    mufasa = DigestClient("http-auth@example.org", "Mufasa", "Circle of Life", token=lambda: RFC_7616_CNONCE)
    line = (
        f'Digest realm="http-auth@example.org", qop="auth, auth-int", algorithm={algorithm}, '
        f'nonce="{RFC_7616_NONCE}", opaque="FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS"'
    )
    answer = fields(mufasa.answer(401, [line], "GET", "/dir/index.html"))
    assert answer == {
        "username": "Mufasa",
        "realm": "http-auth@example.org",
        "nonce": RFC_7616_NONCE,
        "uri": "/dir/index.html",
        "response": response,
        "cnonce": RFC_7616_CNONCE,
        "qop": "auth",
        "nc": "00000001",
        "algorithm": algorithm,
        "opaque": "FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS",
    }


def test_the_example_of_rfc_2617() -> None:
    """Section 3.5: the algorithm unnamed, which means MD5."""
    mufasa = DigestClient("testrealm@host.com", "Mufasa", "Circle Of Life", token=lambda: "0a4f113b")
    line = 'Digest realm="testrealm@host.com", qop="auth,auth-int", nonce="dcd98b7102dd2f0e8b11d0f600bfb0c093"'
    answer = fields(mufasa.answer(407, [line], "GET", "/dir/index.html"))
    assert answer["response"] == "6629fae49393a05397450978507c4ef1"


def test_a_challenge_without_qop_is_answered_the_old_way() -> None:
    """RFC 2069: neither cnonce nor count."""
    answer = fields(client().answer(401, [challenge()], "INVITE", "sip:a@b"))
    secret = hashlib.md5(b"ann:trunk:sesame").hexdigest()
    request = hashlib.md5(b"INVITE:sip:a@b").hexdigest()
    assert answer["response"] == hashlib.md5(f"{secret}:n1:{request}".encode()).hexdigest()
    assert not {"qop", "cnonce", "nc"} & set(answer)


@pytest.mark.parametrize(("status", "header"), [(401, "Authorization"), (407, "Proxy-Authorization")])
def test_each_status_has_its_header(status: int, header: str) -> None:
    """Whoever asks gets the answer in the header of its own kind."""
    answer = client().answer(status, [challenge()], "INVITE", "sip:a@b")
    assert answer is not None and answer[0] == header


@pytest.mark.parametrize("status", [200, 403, 404, 500])
def test_other_statuses_ask_for_nothing(status: int) -> None:
    """A challenge in any other response is none."""
    assert client().answer(status, [challenge()], "INVITE", "sip:a@b") is None


@pytest.mark.parametrize("realm", ["Trunk", "trunk ", "", "elsewhere", "trunk.example"])
def test_no_other_realm_is_answered(realm: str) -> None:
    """The realm is compared exactly; another one gets nothing."""
    assert client().answer(401, [challenge(realm=realm)], "INVITE", "sip:a@b") is None


def test_the_own_realm_is_found_among_others() -> None:
    """Several challenges in one response: the first of our realm that we can answer."""
    lines = [challenge("n0", "elsewhere"), challenge("n1", more=", algorithm=SHA-512-256"), challenge("n2")]
    assert fields(client().answer(401, lines, "INVITE", "sip:a@b"))["nonce"] == "n2"


def test_the_first_supported_algorithm_is_taken() -> None:
    """The server's order is its preference (RFC 8760 section 2.4)."""
    lines = [challenge("n1", more=", algorithm=SHA-256"), challenge("n2", more=", algorithm=MD5")]
    assert fields(client().answer(401, lines, "INVITE", "sip:a@b"))["algorithm"] == "SHA-256"


def test_a_refused_answer_is_not_given_again() -> None:
    """Same nonce or a fresh one: without `stale` the password was wrong, and repeating it is a loop."""
    one = client()
    assert one.answer(401, [challenge("n1")], "INVITE", "sip:a@b")
    assert one.answer(401, [challenge("n1")], "INVITE", "sip:a@b") is None
    assert one.answer(401, [challenge("n2")], "INVITE", "sip:a@b") is None
    assert one.answer(401, [challenge("n1", more=", stale=true")], "INVITE", "sip:a@b") is None


def test_a_stale_nonce_is_replaced_a_few_times() -> None:
    """Each stale one must bring a nonce that is new; a server that finds all of them stale is given up."""
    one = client()
    assert one.answer(401, [challenge("n0")], "INVITE", "sip:a@b")
    for number in range(1, STALE_MOST + 1):
        assert one.answer(401, [challenge(f"n{number}", more=", stale=TRUE")], "INVITE", "sip:a@b")
    assert one.answer(401, [challenge("n9", more=", stale=true")], "INVITE", "sip:a@b") is None


@pytest.mark.parametrize(
    "line",
    [
        'Basic realm="trunk"',
        'Digest realm="trunk"',
        'Digest nonce="n"',
        'Digest realm="trunk", nonce="n", qop="auth-int"',
        'Digest realm="trunk", nonce="n", algorithm=MD5-sess',
        'Digest realm="trunk, nonce="n"',
        "Digest",
        "",
    ],
)
def test_what_cannot_be_answered_is_passed_over(line: str) -> None:
    """Another scheme, a missing part, a quality or algorithm that we do not have, broken quotes."""
    assert client().answer(401, [line], "INVITE", "sip:a@b") is None


def test_quotes_and_commas_inside_values() -> None:
    """A quoted value may hold commas and escaped quotes, and goes back escaped."""
    read = Challenge.parse(r'Digest realm="a, \"b\" c", nonce="x,y", domain="sip:q"')
    assert read is not None and (read.realm, read.nonce) == ('a, "b" c', "x,y")
    one = DigestClient('a, "b" c', "ann", "sesame", token=lambda: "c")
    answer = one.answer(401, [r'Digest realm="a, \"b\" c", nonce="x,y"'], "INVITE", "sip:a@b")
    assert answer is not None and r'realm="a, \"b\" c"' in answer[1]


def test_many_challenges_are_not_read() -> None:
    """A response can hold no more of them than a bound."""
    lines = [challenge(f"n{n}", "elsewhere") for n in range(CHALLENGES_MOST)] + [challenge()]
    assert len(challenges(lines)) == CHALLENGES_MOST
    assert client().answer(401, lines, "INVITE", "sip:a@b") is None


def test_the_password_is_never_shown() -> None:
    """Neither in a repr nor in what is sent."""
    one = client()
    answer = one.answer(401, [challenge()], "INVITE", "sip:a@b")
    assert "sesame" not in repr(one) and answer is not None and "sesame" not in answer[1]


@given(st.text(max_size=200))
def test_any_header_is_read_or_refused(text: str) -> None:
    """Whatever a peer writes is a challenge, none of ours, or a mistake of theirs."""
    try:
        Challenge.parse(text)
        Challenge.parse(f"Digest {text}")
    except TheirMistake:
        pass
    answer = client(realm="\0nobody's").answer(401, [text, f"Digest {text}"], "INVITE", "sip:a@b")
    assert answer is None
