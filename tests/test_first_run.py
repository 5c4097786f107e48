"""What is made on an empty data directory, and what the start says."""

from __future__ import annotations

import ipaddress
import itertools
import ssl
import stat
import sys
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509

from parley.first_run import (
    DemoSpace,
    StartFacts,
    banner,
    demo_space,
    ensure_data_dir,
    generated_password,
    load_secrets,
)
from parley.host import _ipv4, _ipv6, foremost_address, has_sound_card, local_addresses, own_names
from parley.server_facts import own_command
from parley.tls import generated_certificate

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
DEMO = DemoSpace("Demo", "demo", "123456789", "987654321", "735190")
FACTS = StartFacts(
    version="0.1.0",
    api=["https://192.0.2.7:8443/api/v1", "http://127.0.0.1:8080/api/v1"],
    sip=["udp [::]:5060", "tcp [::]:5060"],
    domain="192.0.2.7",
    sip_port=5060,
    access_number="9000",
    password="abcd-efgh-ijkm-npqr",
    certificate_fingerprint="AA:BB",
    demo=DEMO,
)


# --- secrets ---


def test_secrets_are_made_once_and_for_the_owner_alone(tmp_path: Path) -> None:
    """The first start makes them with mode 0600 in a directory of mode 0700; later starts read the same."""
    home = tmp_path / "deep" / "data"
    assert ensure_data_dir(home) is True
    made = load_secrets(home)
    assert ensure_data_dir(home) is False
    assert load_secrets(home) == made
    assert len(made.seal) == 32
    assert made.seal.hex() not in repr(made)
    assert str(made.seal) not in repr(made)
    assert stat.S_IMODE(home.stat().st_mode) == 0o700
    assert [stat.S_IMODE(file.stat().st_mode) for file in home.iterdir()] == [0o600]


def test_two_installations_have_different_secrets(tmp_path: Path) -> None:
    """Nothing secret is a default."""
    homes = [tmp_path / "a", tmp_path / "b"]
    for home in homes:
        ensure_data_dir(home)
    assert load_secrets(homes[0]) != load_secrets(homes[1])
    assert generated_password() != generated_password()


@pytest.mark.parametrize("content", ["", "{}", "[]", '{"seal": "00"}', '{"seal": 5}', '{"seal": "zz"}'])
def test_a_damaged_secrets_file_is_never_replaced(tmp_path: Path, content: str) -> None:
    """What it sealed would be lost: the start is refused and the file stays."""
    (tmp_path / "secrets.json").write_text(content)
    with pytest.raises(ValueError, match="damaged"):
        load_secrets(tmp_path)
    assert (tmp_path / "secrets.json").read_text() == content


def test_the_demo_space_has_two_doors_told_apart() -> None:
    """The two call IDs differ even when the dice repeat."""
    dice = itertools.cycle(["111111111", "111111111", "222222222", "333333"])
    made = demo_space(lambda count: next(dice))
    assert (made.guest_call_id, made.host_call_id, made.host_pin) == ("111111111", "222222222", "333333")
    assert "333333" not in repr(made)


# --- banner ---


def test_the_banner_tells_everything_needed_to_call() -> None:
    """Addresses, the demo space with URIs, call IDs and PIN, and the exact softphone line."""
    text = banner(FACTS)
    for part in (
        "https://192.0.2.7:8443/api/v1",
        "http://127.0.0.1:8080/api/v1",
        "udp [::]:5060",
        "sip:9000@192.0.2.7",
        "AA:BB",
        "abcd-efgh-ijkm-npqr",
        "sip:demo@192.0.2.7",
        "123456789",
        "987654321",
        "735190",
        'baresip -f ~/.baresip -e "/uanew <sip:me@localhost>;regint=0" -e "/dial sip:demo@192.0.2.7"',
    ):
        assert part in text
    assert not text.endswith("\n")


def test_a_later_start_shows_no_password() -> None:
    """A password is shown when it was made, and never again; its facts hide it in their repr."""
    text = banner(StartFacts("0.1.0", ["http://127.0.0.1:8080/api/v1"], [], "x", None, "9000"))
    assert "password" not in text
    assert "abcd-efgh" not in repr(FACTS)
    assert "735190" not in repr(FACTS)


@pytest.mark.parametrize(
    ("domain", "port", "uri"),
    [
        ("192.0.2.7", 5060, "sip:demo@192.0.2.7 "),
        ("192.0.2.7", 5070, "sip:demo@192.0.2.7:5070 "),
        ("2001:db8::1", 5060, "sip:demo@[2001:db8::1] "),
        ("meet.example", None, "sip:demo@meet.example "),
    ],
)
def test_a_uri_is_written_as_phones_take_it(domain: str, port: int | None, uri: str) -> None:
    """IPv6 in brackets, and the port only when it is not SIP's own."""
    assert uri in banner(StartFacts("0.1.0", [], ["udp"], domain, port, None, demo=DEMO))


def test_without_a_sound_card_a_softphone_line_without_sound_is_shown() -> None:
    """The usual line would have the softphone hang up at once; the other one still stays, for other machines."""
    usual = 'baresip -f ~/.baresip -e "/uanew <sip:me@localhost>;regint=0" -e "/dial sip:demo@192.0.2.7"'
    assert "aubridge" not in banner(FACTS)
    silent = banner(replace(FACTS, sound_card=False))
    assert usual in silent
    assert '-e "/auplay aubridge,x" -e "/uanew <sip:me@localhost>;regint=0" -e "/dial sip:demo@192.0.2.7"' in silent


@pytest.mark.parametrize(
    ("list_of_cards", "has"),
    [(" 0 [PCH            ]: HDA-Intel - HDA Intel PCH\n", True), ("--- no soundcards ---\n", False), (None, False)],
)
def test_a_sound_card_is_known_by_the_list_of_cards(tmp_path: Path, list_of_cards: str | None, has: bool) -> None:
    """A machine without ALSA has no list."""
    cards = tmp_path / "cards"
    if list_of_cards is not None:
        cards.write_text(list_of_cards)
    assert has_sound_card(cards) is has


@pytest.mark.parametrize(
    ("started", "data_dir", "line"),
    [
        (".venv/bin/parley", "data", ".venv/bin/parley demo guest-host"),
        ("/opt/parley/bin/parley", "/var/my lib", "/opt/parley/bin/parley --data-dir '/var/my lib' demo guest-host"),
        ("-c", "data", "parley demo guest-host"),
    ],
)
def test_the_demo_is_shown_as_it_can_be_typed(
    monkeypatch: pytest.MonkeyPatch, started: str, data_dir: str, line: str
) -> None:
    """With the program's path where no shell would find it, and the data directory where it is not the usual one."""
    monkeypatch.setattr(sys, "argv", [started])
    text = banner(replace(FACTS, command=own_command(Path(data_dir))))
    assert text.endswith(f"no phone   {line}")


def test_without_sip_no_call_is_promised() -> None:
    """With SIP off the banner names no address to call."""
    assert "sip:" not in banner(StartFacts("0.1.0", ["http://x"], [], "x", None, "9000", demo=DEMO))


# --- certificate ---


def test_a_certificate_is_made_for_names_and_addresses(tmp_path: Path) -> None:
    """It serves TLS, names what it was made for, is valid a day ago and for less than 398 days, and its key is ours."""
    made = generated_certificate(tmp_path, ["meet.example", "192.0.2.7", "::1"], NOW)
    certificate = x509.load_pem_x509_certificate(made.certificate.read_bytes())
    names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.DNSName) == ["meet.example"]
    assert names.get_values_for_type(x509.IPAddress) == [
        ipaddress.ip_address("192.0.2.7"),
        ipaddress.ip_address("::1"),
    ]
    assert certificate.not_valid_before_utc < NOW < certificate.not_valid_after_utc < NOW + timedelta(days=398)
    assert stat.S_IMODE(made.key.stat().st_mode) == 0o600
    assert len(made.fingerprint) == 95
    ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(made.certificate, made.key)


def test_a_certificate_is_kept_until_near_its_end(tmp_path: Path) -> None:
    """Who accepted it need not do so again at every start."""
    first = generated_certificate(tmp_path, ["a.example"], NOW)
    assert generated_certificate(tmp_path, ["b.example"], NOW + timedelta(days=360)) == first
    assert generated_certificate(tmp_path, ["a.example"], NOW + timedelta(days=380)) != first


@pytest.mark.parametrize("name", ["https-key.pem", "https-certificate.pem"])
def test_a_broken_pair_is_made_anew(tmp_path: Path, name: str) -> None:
    """A key that does not belong to the certificate, or a damaged file, does not keep the server from starting."""
    first = generated_certificate(tmp_path, ["a.example"], NOW)
    (tmp_path / name).write_text("damaged")
    second = generated_certificate(tmp_path, ["a.example"], NOW)
    assert second.fingerprint != first.fingerprint
    ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(second.certificate, second.key)


# --- this machine ---


def test_the_kernels_tables_are_read() -> None:
    """IPv4 addresses of this machine are the /32 LOCAL ones; link-local IPv6 addresses are left out."""
    trie = (
        "Main:\n  +-- 0.0.0.0/0 3 0 5\n     |-- 0.0.0.0\n        /0 universe UNICAST\n"
        "     |-- 127.0.0.1\n        /32 host LOCAL\n     |-- 192.0.2.7\n        /32 host LOCAL\n"
        "     |-- 192.0.2.255\n        /32 link BROADCAST\n"
    )
    assert _ipv4(trie) == ["127.0.0.1", "192.0.2.7"]
    table = (
        "00000000000000000000000000000001 01 80 10 80       lo\n"
        "fe80000000000000000000000000abcd 02 40 20 80     eth0\n"
        "20010db8000000000000000000000007 02 40 00 80     eth0\n"
    )
    assert _ipv6(table) == ["::1", "2001:db8::7"]


def test_this_machine_knows_itself() -> None:
    """Loopback is always among the names, all are lower-case, and the foremost address is an address."""
    names = own_names()
    assert {"localhost", "127.0.0.1", "::1"} <= set(names)
    assert all(name == name.lower() for name in names)
    assert len(set(names)) == len(names)
    assert "127.0.0.1" in local_addresses()
    ipaddress.ip_address(foremost_address())


def test_the_banner_leads_browsers_to_the_demo_space() -> None:
    """The pages' address, the port that browsers' sound needs, and the demo space's own page."""
    text = banner(
        StartFacts("0.1.0", [], ["udp"], "x", 5060, None, demo=DEMO, pages="https://x:8443", browser_port=10000)
    )
    assert "https://x:8443/\n" in text and "udp port 10000" in text
    assert f"https://x:8443/meeting/{DEMO.guest_call_id}" in text
