"""Password hashing and the sealing key."""

import stat
from pathlib import Path

import pytest
from cryptography.fernet import Fernet

from parley.backends.secrets import ScryptHasher, seal_key

HASHER = ScryptHasher(cost=16, block=8, parallel=1)
# Of "right"; typed in, so that the stored form stays readable for ever.
STORED = "scrypt$16$8$1$c2l4dGVlbiBieXRlIHNhbA==$0RCROuuytPZZ0HQvIEpMsuuaST+eSHiKK1vXJ6x3jE4="


@pytest.mark.parametrize("password", ["right", "", "schlüssel 李", "x" * 10_000, "lone\udcff"])
def test_a_password_fits_its_own_hash_alone(password: str) -> None:
    """Any text can be a password; another one does not fit."""
    stored = HASHER.hash(password)
    assert HASHER.verify(password, stored)
    assert not HASHER.verify(password + "x", stored)
    assert password == "" or password not in stored


def test_each_hash_has_a_salt_of_its_own() -> None:
    """The same password twice gives two texts."""
    assert HASHER.hash("same") != HASHER.hash("same")


def test_stored_parameters_decide() -> None:
    """A hasher with other parameters verifies old texts."""
    assert ScryptHasher(cost=32, block=4, parallel=2).verify("right", STORED)


@pytest.mark.parametrize(
    "stored",
    [
        "",
        "right",
        "scrypt$16$8$1$",
        STORED.replace("scrypt", "md5"),
        STORED.replace("$16$", "$17$"),
        STORED.replace("$16$", "$0$"),
        STORED.replace("$16$", "$-16$"),
        STORED.replace("$16$", "$1073741824$"),
        STORED.replace("$16$", "$" + "9" * 30 + "$"),
        STORED.replace("$8$1$", "$8$99999999$"),
        STORED[:-10],
        STORED[: STORED.rfind("$") + 1],
        STORED + "!",
        STORED + "$",
        "scrypt$16$8$1$é$é",
    ],
)
def test_malformed_hashes_fit_no_password(stored: str) -> None:
    """Damaged texts and parameters that ask for the moon give False at once, not an error."""
    assert HASHER.verify("right", stored) is False
    assert HASHER.verify("", stored) is False


def test_the_defaults_are_strong_and_work() -> None:
    """A password hashed as the server does it is verified, with at least 32 MiB of work."""
    hasher = ScryptHasher()
    stored = hasher.hash("right")
    assert hasher.verify("right", stored)
    _, cost, block, parallel, *_ = stored.split("$")
    assert int(cost) * int(block) * 128 >= 32 * 2**20
    assert int(parallel) >= 1


def test_the_sealing_key_is_made_once(tmp_path: Path) -> None:
    """A new key is usable, for its owner alone, and the same at each start."""
    key = seal_key(tmp_path / "seal.key")
    Fernet(key)
    assert seal_key(tmp_path / "seal.key") == key
    assert stat.S_IMODE((tmp_path / "seal.key").stat().st_mode) == 0o600
    assert seal_key(tmp_path / "other.key") != key


def test_a_damaged_sealing_key_is_refused(tmp_path: Path) -> None:
    """The error names the file and not its content, and the file stays."""
    (tmp_path / "seal.key").write_text("not a key")
    with pytest.raises(ValueError, match=r"seal\.key") as caught:
        seal_key(tmp_path / "seal.key")
    assert "not a key" not in str(caught.value)
    assert (tmp_path / "seal.key").read_text() == "not a key"
