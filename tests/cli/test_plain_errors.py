"""What is wrong is told in one sentence that names it, with a status that is not 0, as seen by a shell."""

import os
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from app.cli import main

Told = Callable[..., str]


@pytest.fixture
def told(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> Told:
    """Return what runs `stempel` in an otherwise empty environment and returns its one sentence."""

    def run(*words: str, **settings: str) -> str:
        for name in os.environ:
            monkeypatch.delenv(name)
        for name, value in {"STEMPEL_DEV": "1", "STEMPEL_VAR": str(tmp_path), **settings}.items():
            monkeypatch.setenv(name, value)
        monkeypatch.setattr(sys, "argv", ["stempel", *words])
        with pytest.raises(SystemExit) as end:
            main()
        assert end.value.code == 1
        printed = capsys.readouterr()
        assert printed.out == ""
        [sentence] = printed.err.splitlines()
        assert sentence.startswith("stempel: ")
        return sentence.removeprefix("stempel: ")

    return run


@pytest.mark.parametrize(
    ("name", "value", "says"),
    [
        ("DATABASE_URL", "mysql://root@db/stempel", "sqlite:/// or postgresql://, not 'mysql'"),
        ("DATABASE_URL", "sqlite:///", "names no file"),
        ("DATABASE_URL", "sqlite:///:memory:", "names no file"),
        ("DATABASE_URL", "postgresql://me:pass/word@db/x", "percent-encoded"),
        ("DATABASE_URL", "postgresql://me@db:port/x", "postgresql://user:password@host:port"),
        ("REDIS_URL", "127.0.0.1:6379", "redis://"),
        ("PUBLIC_URL", "loyalty.example", "https://loyalty.example, not 'loyalty.example'"),
        ("PUBLIC_URL", "https://loyalty.example:port", "address that shops and people reach"),
        ("PUBLIC_URL", "https://loyalty.example/?a=1", "address that shops and people reach"),
        ("PORT", "0", "from 1 to 65535, not 0"),
        ("PORT", "70000", "from 1 to 65535"),
        ("WEB_CONCURRENCY", "2", "must be 1 on SQLite"),
        ("WEB_CONCURRENCY", "0", "from 1 to 64"),
        ("MAX_BODY_BYTES", "0", "at least 1"),
        ("BODY_TIMEOUT_SECONDS", "0", "at least 1"),
        ("HOLD_SECONDS", "-1", "whole number"),
        ("STEMPEL_DEV", "maybe", "1 or 0"),
        ("SECRET_KEYS", "abc", "not a Fernet key"),
    ],
)
def test_a_setting_that_cannot_be_is_named(told: Told, name: str, value: str, says: str) -> None:
    sentence = told("store", "list", **{name: value})
    assert sentence.startswith(name)
    assert says in sentence
    assert "pass" not in sentence.replace("password", "")


def test_a_database_that_is_away_is_told_without_its_password(told: Told) -> None:
    sentence = told("store", "list", DATABASE_URL="postgresql://me:geheim@127.0.0.1:1/stempel")
    assert "The database does not work: connection failed" in sentence
    assert "DATABASE_URL is postgresql://me:***@127.0.0.1:1/stempel." in sentence
    assert "geheim" not in sentence


def test_a_file_that_is_no_database_is_told(told: Told, tmp_path: Path) -> None:
    file = tmp_path / "notes.txt"
    file.write_text("not a database, " * 100)
    sentence = told("store", "list", DATABASE_URL=f"sqlite:///{file}")
    assert "file is not a database" in sentence
    assert str(file) in sentence
    assert file.read_text() == "not a database, " * 100


def test_a_folder_that_cannot_be_made_is_told(told: Told, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    sentence = told("store", "list", DATABASE_URL=f"sqlite:///{tmp_path}/file/deep/stempel.db")
    assert sentence == f"{tmp_path}/file/deep: Not a directory"
    sentence = told("init", KEY_FILE=f"{tmp_path}/file/keys.toml")
    assert f"{tmp_path}/file/keys.toml cannot be written" in sentence


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "'secret_keys' is missing"),
        (b"secret_keys = [", "not a key file"),
        (b"\xff\xfe", "not a key file"),
        (b'secret_keys = 1\nlookup_pepper = "a"\nledger_key = "b"\n', "not a key file"),
    ],
)
def test_a_broken_key_file_is_named(told: Told, tmp_path: Path, content: bytes, says: str) -> None:
    file = tmp_path / "own.toml"
    file.write_bytes(content)
    file.chmod(0o600)
    sentence = told("store", "list", KEY_FILE=str(file))
    assert sentence.startswith(str(file))
    assert says in sentence


def test_a_key_file_is_a_file_of_its_owner_alone(told: Told, tmp_path: Path) -> None:
    assert "is not a file" in told("store", "list", KEY_FILE=str(tmp_path))
    file = tmp_path / "own.toml"
    file.write_text("")
    file.chmod(0o644)
    assert f"chmod 600 {file}" in told("store", "list", KEY_FILE=str(file))


def test_without_keys_the_next_step_is_told(told: Told) -> None:
    sentence = told("up", STEMPEL_DEV="0")
    assert "Run `stempel init` once" in sentence


def test_keys_are_never_overwritten(told: Told, tmp_path: Path) -> None:
    (tmp_path / "keys.toml").write_text("mine")
    assert "exists already" in told("init")
    assert (tmp_path / "keys.toml").read_text() == "mine"
