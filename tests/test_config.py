"""Settings: where they come from, what they are called, and how each mistake is told."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parley.config import Settings
from parley.config_values import Listen, PortRange, SipListen, parse_listen, parse_ports
from parley.settings_docs import markdown
from parley.settings_sources import SettingsError, all_fields, load

ROOT = Path(__file__).resolve().parents[1]


def settings(**environment: str) -> Settings:
    return load(environment).settings


def faults(environment: dict[str, str], **options: Any) -> dict[str, str]:
    """The problems by field, each with its source and message."""
    with pytest.raises(SettingsError) as caught:
        load(environment, **options)
    return {problem.field: f"{problem.source}: {problem.message}" for problem in caught.value.problems}


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No settings file lies in the current directory's data."""
    monkeypatch.chdir(tmp_path)


# --- names and defaults ---

FIXED_NAMES = [
    ("PARLEY_DATA_DIR", "/srv/parley", lambda s: s.data_dir, Path("/srv/parley")),
    ("PARLEY_DATABASE__URL", "sqlite:////x.db", lambda s: s.database_url, "sqlite+aiosqlite:////x.db"),
    ("PARLEY_HTTP__LISTEN", "0.0.0.0:80", lambda s: s.http.listen, Listen("0.0.0.0", 80)),
    ("PARLEY_HTTP__LISTEN", "", lambda s: s.http.listen, None),
    ("PARLEY_HTTPS__LISTEN", "[::1]:443", lambda s: s.https.listen, Listen("::1", 443)),
    ("PARLEY_HTTPS__LISTEN", "", lambda s: s.https.listen, None),
    ("PARLEY_SIP__UDP", "127.0.0.1:5070", lambda s: s.sip.udp, Listen("127.0.0.1", 5070)),
    ("PARLEY_SIP__UDP", "", lambda s: s.sip.udp, None),
    ("PARLEY_SIP__TCP", "[::]:5062", lambda s: s.sip.tcp, Listen("::", 5062)),
    ("PARLEY_SIP__TCP", "", lambda s: s.sip.tcp, None),
    ("PARLEY_SIP__TLS", "", lambda s: s.sip.tls, None),
    ("PARLEY_SIP__DOMAINS", "a.example,b.example", lambda s: s.sip.domains, ("a.example", "b.example")),
    ("PARLEY_SIP__DOMAINS", " A.Example. , 192.0.2.7,", lambda s: s.sip.domains, ("a.example", "192.0.2.7")),
    ("PARLEY_SIP__DOMAINS", "", lambda s: s.sip.domains, ()),
    (
        "PARLEY_SIP__TRUSTED_TRUNKS",
        "192.0.2.7, 2001:DB8::/32,",
        lambda s: s.sip.trusted_trunks,
        ("192.0.2.7/32", "2001:db8::/32"),
    ),
    (
        "PARLEY_SIP__FURTHER",
        "udp:[::1]:5062, TLS:192.0.2.1:5061",
        lambda s: s.sip.further,
        (SipListen("udp", Listen("::1", 5062)), SipListen("tls", Listen("192.0.2.1", 5061))),
    ),
    ("PARLEY_SIP__FURTHER", "", lambda s: s.sip.further, ()),
    ("PARLEY_SIP__WSS", "127.0.0.1:5443", lambda s: s.sip.wss, Listen("127.0.0.1", 5443)),
    (
        "PARLEY_SIP__WEBSOCKET_ORIGINS",
        "https://phone.example.com, http://localhost:3000,*",
        lambda s: s.sip.websocket_origins,
        ("https://phone.example.com", "http://localhost:3000", "*"),
    ),
    (
        "PARLEY_HTTPS__FURTHER_CERTIFICATES",
        "/a.pem, b.pem",
        lambda s: s.https.further_certificates,
        (Path("/a.pem"), Path("b.pem")),
    ),
    ("PARLEY_SIP__ACCESS_NUMBER", "Meet.Me", lambda s: s.sip.access_number, "meet.me"),
    ("PARLEY_SIP__ACCESS_NUMBER", "", lambda s: s.sip.access_number, None),
    ("PARLEY_MEDIA__PORTS", "30000-30099", lambda s: s.media.ports, PortRange(30000, 30099)),
    ("PARLEY_MEDIA__ADDRESS", "2001:DB8::1", lambda s: s.media.address, "2001:db8::1"),
    ("PARLEY_MEDIA__ADDRESS", "", lambda s: s.media.address, None),
    ("PARLEY_MEDIA__WEB_PORT", "0", lambda s: s.media.web_port, 0),
    ("PARLEY_MEDIA__WEB_LISTEN", "", lambda s: s.media.web_listen, ()),
    ("PARLEY_MEDIA__WEB_LISTEN", "127.0.0.1, [::1]", lambda s: s.media.web_listen, ("127.0.0.1", "::1")),
    ("PARLEY_MEDIA__WEB_ADDRESSES", "192.0.2.1", lambda s: s.media.web_addresses, ("192.0.2.1",)),
    ("PARLEY_MEDIA__WORKERS", "2", lambda s: s.media.workers, 2),
    ("PARLEY_WEB__URL", "https://meet.example/", lambda s: s.web.url, "https://meet.example"),
    ("PARLEY_LIMITS__WRONG_PINS", "5", lambda s: s.limits.wrong_pins, 5),
    ("PARLEY_LIMITS__WINDOW_S", "60", lambda s: s.limits.window_s, 60),
    ("PARLEY_IVR__LANGUAGE", "zh", lambda s: s.ivr.language, "zh"),
]


@pytest.mark.parametrize(("variable", "text", "read", "expected"), FIXED_NAMES, ids=lambda v: v if str(v) == v else "")
def test_each_fixed_name_sets_its_field(variable: str, text: str, read: Any, expected: object) -> None:
    """Install scripts rely on these names."""
    assert read(settings(**{variable: text})) == expected


def test_the_defaults_are_those_promised() -> None:
    """HTTP on loopback; HTTPS and SIP on every address, IPv4 and IPv6; TLS off; an entrance for call IDs exists."""
    plain = settings()
    assert plain.http.listen == Listen("127.0.0.1", 8080)
    assert plain.https.listen == Listen("::", 8443)
    assert plain.sip.udp == plain.sip.tcp == Listen("::", 5060)
    assert plain.sip.tls is None
    assert plain.sip.access_number == "9000"
    assert plain.media.ports == PortRange(20000, 29999)
    assert plain.media.address is None
    assert (plain.limits.wrong_pins, plain.limits.window_s) == (20, 600)
    assert plain.database_url == f"sqlite+aiosqlite:///{Path.cwd()}/data/parley.db"


@pytest.mark.parametrize("facts", list(all_fields()), ids=lambda facts: facts.name)
def test_every_field_has_help_and_a_name_of_the_pattern(facts: Any) -> None:
    """Each setting says what it is, and its variable is PARLEY_SECTION__FIELD."""
    assert facts.help.endswith(".")
    assert facts.variable == "PARLEY_" + facts.name.upper().replace(".", "__")


def test_the_page_of_settings_is_current() -> None:
    """docs/settings.md is what `make docs` writes now."""
    assert (ROOT / "docs/settings.md").read_text() == markdown()


def test_the_settings_cannot_be_changed() -> None:
    """They are read once, at the start."""
    with pytest.raises(Exception, match="frozen"):
        settings().sip.access_number = "1"  # type: ignore[misc]


# --- bootstrap ---


def test_bootstrap_pairs_are_taken_and_never_shown() -> None:
    """The first colon divides; the secret shows in no representation."""
    read = settings(PARLEY_BOOTSTRAP_ADMIN="root:s3:kryp", PARLEY_BOOTSTRAP_APP="app1:key1")
    assert read.bootstrap_admin is not None
    assert (read.bootstrap_admin.name, read.bootstrap_admin.secret.get_secret_value()) == ("root", "s3:kryp")
    assert read.bootstrap_app is not None
    assert (read.bootstrap_app.name, read.bootstrap_app.secret.get_secret_value()) == ("app1", "key1")
    assert "kryp" not in repr(read) + str(read)
    assert "key1" not in repr(read) + str(read)


@pytest.mark.parametrize("text", ["hunter2", ":hunter2", " :hunter2", "hunter2:"])
def test_a_broken_bootstrap_pair_is_named_and_not_quoted(text: str) -> None:
    """The fault names the variable; what may be a password is not repeated."""
    found = faults({"PARLEY_BOOTSTRAP_ADMIN": text})
    assert "environment PARLEY_BOOTSTRAP_ADMIN" in found["bootstrap_admin"]
    assert "hunter2" not in str(found)


def test_bootstrap_is_not_for_the_file(tmp_path: Path) -> None:
    """A password does not belong into a settings file."""
    file = tmp_path / "p.toml"
    file.write_text('bootstrap_admin = "a:b"\n')
    assert "bootstrap_admin" in faults({}, config=file)


# --- refusals ---


@pytest.mark.parametrize(
    ("environment", "field", "words"),
    [
        ({"PARLEY_SIP__UPD": "x"}, "sip.upd", "there is no such setting; did you mean PARLEY_SIP__UDP?"),
        ({"PARLEY_SIPP__UDP": ""}, "sipp.udp", "no such setting"),
        ({"PARLEY_SIP__UDP__X": ""}, "sip.udp.x", "no such setting"),
        ({"PARLEY_sip__udp": ""}, "sip.udp", "there is no such setting; did you mean PARLEY_SIP__UDP?"),
        ({"PARLEY_SIP__ZEBRA": ""}, "sip.zebra", "there is no such setting"),
        ({"PARLEY_SIP__DOMAINS": "a b"}, "sip.domains", "'a b' is neither a host name nor an IP address"),
        ({"PARLEY_MEDIA__WORKERS": "two"}, "media.workers", "must be a whole number, not 'two'"),
        ({"PARLEY_LOG__LEVEL": "loud"}, "log.level", "must be 'debug', 'info', 'warning' or 'error', not 'loud'"),
        ({"PARLEY_SIP__WEBSOCKET": "maybe"}, "sip.websocket", "must be true or false, not 'maybe'"),
        ({"PARLEY_DATA_DIR": ""}, "data_dir", "empty"),
        ({"PARLEY_SIP__UDP": "5060"}, "sip.udp", "host:port"),
        ({"PARLEY_SIP__UDP": "127.0.0.1:70000"}, "sip.udp", "65535"),
        ({"PARLEY_SIP__UDP": "127.0.0.1:-1"}, "sip.udp", "host:port"),
        ({"PARLEY_SIP__UDP": "::1:5060"}, "sip.udp", "brackets"),
        ({"PARLEY_SIP__TCP": "pbx.example:5060"}, "sip.tcp", "not an IP address"),
        ({"PARLEY_SIP__TLS": "[::]:5060"}, "sip.tls", "overlaps"),
        ({"PARLEY_SIP__WSS": "127.0.0.1:8443"}, "sip.wss", "overlaps"),
        ({"PARLEY_SIP__FURTHER": "tcp:127.0.0.1:5060"}, "sip.further", "overlaps"),
        ({"PARLEY_SIP__FURTHER": "udp:[::1]:5060"}, "sip.further", "overlaps"),
        ({"PARLEY_SIP__FURTHER": "sctp:127.0.0.1:5070"}, "sip.further", "udp:, tcp: or tls:"),
        ({"PARLEY_SIP__FURTHER": "udp:5070"}, "sip.further", "host:port"),
        ({"PARLEY_SIP__WEBSOCKET_ORIGINS": "phone.example.com"}, "sip.websocket_origins", "not an origin"),
        ({"PARLEY_SIP__WEBSOCKET_ORIGINS": "https://a.example/path"}, "sip.websocket_origins", "not an origin"),
        ({"PARLEY_SIP__SRTP_OFFER": "zrtp"}, "sip.srtp_offer", "sdes"),
        ({"PARLEY_SIP__DOMAINS": "a.example,a.EXAMPLE"}, "sip.domains", "twice"),
        ({"PARLEY_SIP__DOMAINS": "a_b"}, "sip.domains", "a_b"),
        ({"PARLEY_SIP__TRUSTED_TRUNKS": "trunk.example"}, "sip.trusted_trunks", "trunk.example"),
        ({"PARLEY_SIP__TRUSTED_TRUNKS": "192.0.2.7/24"}, "sip.trusted_trunks", "192.0.2.7/24"),
        ({"PARLEY_SIP__TRUSTED_TRUNKS": "192.0.2.7,192.0.2.7/32"}, "sip.trusted_trunks", "twice"),
        ({"PARLEY_SIP__ACCESS_NUMBER": "9 0"}, "sip.access_number", "9 0"),
        ({"PARLEY_MEDIA__PORTS": "20000"}, "media.ports", "range"),
        ({"PARLEY_MEDIA__PORTS": "30001-20000"}, "media.ports", "empty range"),
        ({"PARLEY_MEDIA__PORTS": "20001-30000"}, "media.ports", "pairs"),
        ({"PARLEY_MEDIA__PORTS": "20000-30000"}, "media.ports", "pairs"),
        ({"PARLEY_MEDIA__PORTS": "80-91"}, "media.ports", "1024"),
        ({"PARLEY_MEDIA__PORTS": ""}, "media.ports", "range"),
        ({"PARLEY_MEDIA__PORTS": "5000-5999"}, "media.ports", "sip.udp"),
        ({"PARLEY_MEDIA__WEB_PORT": "20100"}, "media.web_port", "media.ports"),
        ({"PARLEY_MEDIA__WEB_PORT": "5060"}, "media.web_port", "sip.udp"),
        ({"PARLEY_MEDIA__WEB_PORT": "70000"}, "media.web_port", "65535"),
        ({"PARLEY_MEDIA__WEB_LISTEN": "0.0.0.0"}, "media.web_listen", "empty"),
        ({"PARLEY_MEDIA__WEB_LISTEN": "name.example"}, "media.web_listen", "not an IP address"),
        ({"PARLEY_MEDIA__WEB_ADDRESSES": "192.0.2.1,192.0.2.1"}, "media.web_addresses", "twice"),
        ({"PARLEY_MEDIA__ADDRESS": "here"}, "media.address", "IP address"),
        ({"PARLEY_MEDIA__WORKERS": "-1"}, "media.workers", "must be at least 0, not"),
        ({"PARLEY_MEDIA__WORKERS": "two"}, "media.workers", "'two'"),
        ({"PARLEY_WEB__URL": "meet.example"}, "web.url", "base"),
        ({"PARLEY_DATABASE__URL": "postgresql://x"}, "database.url", "sqlite"),
        ({"PARLEY_IVR__LANGUAGE": "fr"}, "ivr.language", "'fr'"),
        ({"PARLEY_HTTPS__LISTEN": "127.0.0.1:8080"}, "https.listen", "http.listen"),
        ({"PARLEY_HTTPS__LISTEN": "[::]:8080"}, "https.listen", "http.listen"),
        ({"PARLEY_HTTP__LISTEN": "0.0.0.0:5060"}, "sip.tcp", "http.listen"),
        ({"PARLEY_HTTPS__KEY": "/k.pem"}, "https.certificate", "together"),
        ({"PARLEY_HTTPS__CERTIFICATE": "/c.pem"}, "https.key", "together"),
        (
            {f"PARLEY_{name}": "" for name in ("HTTP__LISTEN", "HTTPS__LISTEN", "SIP__UDP", "SIP__TCP")},
            "sip.udp",
            "no listener at all",
        ),
    ],
    ids=str,
)
def test_a_mistake_is_told_with_its_field(environment: dict[str, str], field: str, words: str) -> None:
    """Each refusal names the field, and says what is wrong with it."""
    found = faults(environment)
    assert list(found) == [field]
    assert words in found[field]


@pytest.mark.parametrize(
    ("text", "field", "words"),
    [
        ("[sip]\nudp = 5060\n", "sip.udp", "must be text in quotes, not 5060"),
        ('[sip]\nudp = ["0.0.0.0:5060"]\n', "sip.udp", "must be text in quotes, not ['0.0.0.0:5060']"),
        ("[journal]\ndays = 1.5\n", "journal.days", "must be a whole number, not 1.5"),
        ("[sip]\nudpp = true\n", "sip.udpp", "there is no such setting; did you mean sip.udp?"),
        ('access_number = "1"\n', "access_number", "there is no such setting; did you mean sip.access_number?"),
        ("[turn]\nsecret = 1234567\n", "turn.secret", "must be text"),
    ],
    ids=str,
)
def test_a_mistake_in_the_file_is_told_in_the_words_of_the_file(
    tmp_path: Path, text: str, field: str, words: str
) -> None:
    """A value of a wrong kind is told as it was written, and never that of a secret; a slip gets the name meant."""
    file = tmp_path / "p.toml"
    file.write_text(text)
    found = faults({}, config=file)
    assert list(found) == [field]
    assert found[field].endswith(words)


def test_a_variable_with_one_underscore_too_few_is_pointed_out() -> None:
    """It is passed over, for other programs have variables too, and the warning names what was probably meant."""
    (warning,) = load({"PARLEY_SIP_UDP": "127.0.0.1:5062"}).warnings
    assert warning.endswith("did you mean PARLEY_SIP__UDP?")


def test_the_source_of_a_mistake_is_told(tmp_path: Path) -> None:
    """The file or the variable that set the value is part of the message, and all mistakes come at once."""
    file = tmp_path / "p.toml"
    file.write_text('[sip]\nudp = "nowhere"\n[media]\nports = "20000-29999"\n')
    found = faults({"PARLEY_MEDIA__PORTS": "1-2"}, config=file)
    assert str(file) in found["sip.udp"]
    assert "environment PARLEY_MEDIA__PORTS" in found["media.ports"]


@pytest.mark.parametrize(
    ("text", "field"),
    [
        ("colour = 1", "colour"),
        ("[sip]\nudq = ''", "sip.udq"),
        ("[sipp]\nudp = ''", "sipp.udp"),
        ("[sip.udp]\nport = 1", "sip.udp.port"),
        ("sip = 5", "sip"),
        ("[sipp]", "sipp"),
        ("[sip\n", "config"),
        ("[limits]\nwrong_pins = 'many'", "limits.wrong_pins"),
        ("[sip]\ndomains = [1]", "sip.domains"),
        ("[sip]\nudp = 5060", "sip.udp"),
    ],
)
def test_a_mistake_in_the_file_is_told(tmp_path: Path, text: str, field: str) -> None:
    """Unknown keys, wrong shapes and bad TOML name the key and the file."""
    file = tmp_path / "p.toml"
    file.write_text(text)
    found = faults({}, config=file)
    assert list(found) == [field]
    assert str(file) in found[field]


def test_a_named_file_must_exist(tmp_path: Path) -> None:
    """--config and PARLEY_CONFIG refuse what is not there; the data directory's file is optional."""
    assert "absent.toml" in faults({}, config=tmp_path / "absent.toml")["config"]
    assert "environment PARLEY_CONFIG" in faults({"PARLEY_CONFIG": "absent.toml"})["config"]
    assert load({"PARLEY_DATA_DIR": str(tmp_path / "none")}).file is None


# --- order ---


def test_the_environment_wins_over_the_file_and_the_file_over_defaults(tmp_path: Path) -> None:
    """The later source wins field by field, and each field knows where it came from."""
    file = tmp_path / "p.toml"
    file.write_text('[sip]\nudp = "127.0.0.1:1"\ntcp = "127.0.0.1:2"\ndomains = ["a.example"]\n')
    loaded = load({"PARLEY_SIP__UDP": "127.0.0.1:3"}, config=file)
    assert (loaded.settings.sip.udp, loaded.settings.sip.tcp) == (Listen("127.0.0.1", 3), Listen("127.0.0.1", 2))
    assert loaded.settings.sip.domains == ("a.example",)
    assert loaded.sources["sip.udp"] == "environment PARLEY_SIP__UDP"
    assert loaded.sources["sip.tcp"] == f"file {file}"
    assert "sip.access_number" not in loaded.sources


def test_the_file_in_the_data_directory_is_found(tmp_path: Path) -> None:
    """Without a named file, parley.toml in the data directory is read; a named one is read instead."""
    (tmp_path / "parley.toml").write_text("[media]\nworkers = 3\n")
    other = tmp_path / "other.toml"
    other.write_text("[media]\nworkers = 5\n")
    assert settings(PARLEY_DATA_DIR=str(tmp_path)).media.workers == 3
    assert load({}, data_dir=tmp_path).settings.media.workers == 3
    assert settings(PARLEY_DATA_DIR=str(tmp_path), PARLEY_CONFIG=str(other)).media.workers == 5


def test_a_found_file_cannot_move_the_data_directory(tmp_path: Path) -> None:
    """A file that lies in the data directory names no other, for the next start would not find it."""
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "parley.toml").write_text('data_dir = "elsewhere"\n')
    assert "another" in faults({})["data_dir"]


def test_other_variables_only_warn() -> None:
    """PARLEY_ names that are not of the pattern are passed over, by name and without their value."""
    loaded = load({"PARLEY_HOME": "/secret/place", "HOME": "/x"})
    assert len(loaded.warnings) == 1
    assert "PARLEY_HOME" in loaded.warnings[0]
    assert "/secret/place" not in loaded.warnings[0]


# --- values ---


@pytest.mark.parametrize(
    ("text", "listen", "shown"),
    [
        ("127.0.0.1:5060", Listen("127.0.0.1", 5060), "127.0.0.1:5060"),
        ("[::]:5060", Listen("::", 5060), "[::]:5060"),
        (":5060", Listen("::", 5060), "[::]:5060"),
        ("*:5060", Listen("::", 5060), "[::]:5060"),
        ("localhost:0", Listen("127.0.0.1", 0), "127.0.0.1:0"),
        ("[2001:DB8:0::1]:1", Listen("2001:db8::1", 1), "[2001:db8::1]:1"),
    ],
)
def test_a_listener_is_read_and_shown(text: str, listen: Listen, shown: str) -> None:
    """Every spelling gives one value, which is shown in one way."""
    assert parse_listen(text) == listen
    assert str(listen) == shown


@pytest.mark.parametrize(
    ("one", "other", "overlap"),
    [
        ("[::]:1", "127.0.0.1:1", True),
        ("[::]:1", "[::1]:1", True),
        ("0.0.0.0:1", "127.0.0.1:1", True),
        ("0.0.0.0:1", "[::1]:1", False),
        ("127.0.0.1:1", "127.0.0.2:1", False),
        ("[::]:1", "[::]:2", False),
        ("[::]:0", "[::]:0", False),
    ],
)
def test_overlap_is_symmetric(one: str, other: str, overlap: bool) -> None:
    """Two listeners overlap when one would take the other's connections; chosen ports never do."""
    first, second = parse_listen(one), parse_listen(other)
    assert first is not None
    assert second is not None
    assert first.overlaps(second) is second.overlaps(first) is overlap


@given(st.text(max_size=60))
def test_any_text_is_a_value_or_a_value_error(text: str) -> None:
    """Nothing that is written into a setting fails in another way."""
    for parse in (parse_listen, parse_ports):
        try:
            parse(text)
        except ValueError:
            continue


@given(st.integers(0, 65535), st.ip_addresses())
def test_a_listener_survives_being_written_down(port: int, address: Any) -> None:
    """What is shown can be read back."""
    listen = Listen(str(address), port)
    assert parse_listen(str(listen)) == listen


# --- mail and SMS ---

MAIL = {"PARLEY_MAIL__HOST": "mail.example.com", "PARLEY_MAIL__SENDER": "Parley <parley@example.com>"}


def test_mail_and_sms_are_off_unless_set() -> None:
    """Nobody is written to by accident."""
    plain = settings()
    assert plain.mail.host is None
    assert plain.sms.url is None
    assert plain.sms.smpp_host is None
    assert plain.invitations.dial_in == ()


def test_the_fixed_names_of_mail_set_their_fields() -> None:
    """Host, port, security, credentials and sender."""
    mail = settings(
        **MAIL,
        PARLEY_MAIL__PORT="2525",
        PARLEY_MAIL__SECURITY="tls",
        PARLEY_MAIL__USERNAME="me",
        PARLEY_MAIL__PASSWORD="p w",
    ).mail
    assert (mail.host, mail.default_port, mail.security) == ("mail.example.com", 2525, "tls")
    assert mail.password is not None
    assert (mail.username, mail.password.get_secret_value()) == ("me", "p w")
    assert mail.sender_parts == ("Parley", "parley@example.com")
    assert "p w" not in repr(mail)


@pytest.mark.parametrize(("security", "port"), [("starttls", 587), ("tls", 465), ("none", 25)])
def test_the_usual_port_follows_from_the_security(security: str, port: int) -> None:
    """As mail servers have it (RFC 8314)."""
    assert settings(**MAIL, PARLEY_MAIL__SECURITY=security, PARLEY_MAIL__PORT="").mail.default_port == port


NUMBERS = "+49 30 555, +1 (212) 555-0100"


def test_dial_in_numbers_are_a_list() -> None:
    """As people read them."""
    assert settings(PARLEY_INVITATIONS__DIAL_IN=NUMBERS).invitations.dial_in == ("+49 30 555", "+1 (212) 555-0100")


SMPP = {
    "PARLEY_SMS__SMPP_HOST": "smsc.example.com",
    "PARLEY_SMS__SMPP_SYSTEM_ID": "me",
    "PARLEY_SMS__SMPP_PASSWORD": "secret",
}
CONTRADICTIONS = [
    ({"PARLEY_MAIL__HOST": "mail.example.com"}, "mail.sender"),
    ({"PARLEY_MAIL__USERNAME": "me"}, "mail.username"),
    ({**MAIL, "PARLEY_MAIL__USERNAME": "me"}, "mail.password"),
    ({**MAIL, "PARLEY_MAIL__PASSWORD": "x"}, "mail.username"),
    (
        {**MAIL, "PARLEY_MAIL__USERNAME": "me", "PARLEY_MAIL__PASSWORD": "x", "PARLEY_MAIL__SECURITY": "none"},
        "mail.security",
    ),
    ({**MAIL, "PARLEY_MAIL__CA": "/x.pem", "PARLEY_MAIL__SECURITY": "none"}, "mail.ca"),
    ({"PARLEY_SMS__URL": "https://sms.example.com", **SMPP}, "sms.smpp_host"),
    ({"PARLEY_SMS__URL": "https://x.example", "PARLEY_SMS__TOKEN": "a", "PARLEY_SMS__KEY": "b"}, "sms.key"),
    ({"PARLEY_SMS__TOKEN": "a"}, "sms.token"),
    ({"PARLEY_SMS__SMPP_HOST": "smsc.example.com"}, "sms.smpp_system_id"),
    ({"PARLEY_SMS__SMPP_SYSTEM_ID": "me"}, "sms.smpp_system_id"),
    ({**SMPP, "PARLEY_SMS__SMPP_PASSWORD": "ninechars"}, "sms.smpp_password"),
    ({"PARLEY_MAIL__HOST": "not a host", "PARLEY_MAIL__SENDER": "a@b.example"}, "mail.host"),
    ({**MAIL, "PARLEY_MAIL__SENDER": "nobody"}, "mail.sender"),
    ({**MAIL, "PARLEY_MAIL__SENDER": "a@b.example\r\nBcc: c@d.example"}, "mail.sender"),
    ({**MAIL, "PARLEY_MAIL__SECURITY": "maybe"}, "mail.security"),
    ({"PARLEY_SMS__URL": "ftp://sms.example.com"}, "sms.url"),
    ({"PARLEY_INVITATIONS__DIAL_IN": "call us"}, "invitations.dial_in"),
]


@pytest.mark.parametrize(("environment", "field"), CONTRADICTIONS, ids=lambda value: str(value)[:60])
def test_mail_and_sms_that_cannot_work_refuse_to_start(environment: dict[str, str], field: str) -> None:
    """With the field that is wrong, and never a secret's text."""
    found = faults(environment)
    assert set(found) == {field}
    assert "ninechars" not in found[field]


def test_a_secret_that_is_not_text_is_not_quoted(tmp_path: Path) -> None:
    """A password written as a number in the file is refused without repeating it."""
    file = tmp_path / "x.toml"
    file.write_text('[mail]\nhost = "m.example.com"\nsender = "a@b.example"\nusername = "u"\npassword = 123456\n')
    assert "123456" not in faults({}, config=file)["mail.password"]
