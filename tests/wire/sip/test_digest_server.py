"""The server's half of digest authentication."""

import hashlib

import pytest

from parley.wire.sip.digest import DigestClient
from parley.wire.sip.digest_server import Authorization, DigestServer, Freshness
from parley.wire.sip.errors import TheirMistake

REALM = "example.com"
URI = "sip:example.com"


def ha1(username: str, realm: str, password: str, algorithm: str) -> str:
    return hashlib.new(algorithm.replace("-", ""), f"{username}:{realm}:{password}".encode()).hexdigest()


def server() -> DigestServer:
    return DigestServer(REALM, b"key", life=60.0, remembered=3)


def answered(challenge: str, password: str = "right", method: str = "REGISTER") -> Authorization:
    """What our own client's half makes of the challenge."""
    client = DigestClient(REALM, "ann", password)
    found = client.answer(401, [challenge], method, URI)
    assert found is not None
    return Authorization.parse(found[1])


@pytest.mark.parametrize("algorithm", ["md5", "sha-256"])
def test_the_right_password_fits_and_no_other(algorithm: str) -> None:
    """The client's half and the server's agree, for both algorithms."""
    stored = ha1("ann", REALM, "right", algorithm)
    challenge = server().challenge(algorithm, 1.0)
    assert answered(challenge).fits(stored, "REGISTER")
    assert not answered(challenge, "wrong").fits(stored, "REGISTER")
    assert not answered(challenge).fits(stored, "INVITE")


def test_the_example_of_the_rfc() -> None:
    """RFC 7616 section 3.9.1, SHA-256."""
    answer = Authorization.parse(
        'Digest username="Mufasa", realm="http-auth@example.org", uri="/dir/index.html", algorithm=SHA-256, '
        'nonce="7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v", nc=00000001, '
        'cnonce="f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ", qop=auth, '
        'response="753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1", '
        'opaque="FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS"'
    )
    assert answer.fits(ha1("Mufasa", "http-auth@example.org", "Circle of Life", "sha-256"), "GET")


def test_an_answer_counts_once() -> None:
    """The same count is a replay, a higher one is not."""
    desk = server()
    answer = answered(desk.challenge("md5", 1.0))
    assert desk.judge(answer, 2.0) is Freshness.FRESH
    assert desk.judge(answer, 3.0) is Freshness.REPLAYED


def test_old_and_foreign_nonces_are_stale() -> None:
    """A nonce lives so long, and only in the run that made it."""
    desk = server()
    answer = answered(desk.challenge("md5", 1.0))
    assert desk.judge(answer, 61.5) is Freshness.STALE
    assert DigestServer(REALM, b"another").judge(answer, 2.0) is Freshness.STALE
    made_up = answered('Digest realm="example.com", nonce="zz", algorithm=MD5, qop="auth"')
    assert desk.judge(made_up, 2.0) is Freshness.STALE


def test_challenges_never_share_a_nonce() -> None:
    """A hundred challenges at one instant have a hundred nonces."""
    desk = server()
    assert len({desk.challenge("md5", 1.0) for _ in range(100)}) == 100
    assert "stale=true" in desk.challenge("md5", 1.0, stale=True)


BAD = [
    "Basic abc",
    "Digest",
    'Digest username="a", realm="r", nonce="n", uri="u", response="x"',  # no qop: could be sent again
    'Digest username="a", realm="r", nonce="n", uri="u", response="x", cnonce="c", nc=1, qop=auth',
    'Digest username="a", realm="r", nonce="n", uri="u", response="x", cnonce="c", nc=0000000g, qop=auth',
    'Digest username="a", realm="r", nonce="n", uri="u", response="x", cnonce="c", nc=00000001, qop=auth-int',
    'Digest algorithm=SHA-1, username="", realm="r", nonce="n", uri="u", response="", cnonce="", nc=00000001, qop=auth',
    f'Digest username="{"a" * 2000}", realm="r", nonce="n", uri="u", response="x", cnonce="c", nc=00000001, qop=auth',
    'Digest username=" , , "',
]  # fmt: skip


@pytest.mark.parametrize("text", BAD)
def test_answers_that_cannot_be_checked_are_refused(text: str) -> None:
    """Every part is needed, bounded and well-formed."""
    with pytest.raises(TheirMistake):
        Authorization.parse(text)


def test_nothing_secret_is_shown() -> None:
    """Neither response nor nonce stands in a repr."""
    answer = answered(server().challenge("md5", 1.0))
    assert answer.response not in repr(answer) and answer.nonce not in repr(answer)
