"""A mail server as it is set: what is read from one address, and what is refused with a sentence."""

import pytest
from cryptography.fernet import Fernet

from app.errors import ConfigError
from app.settings import MailServer, from_env

FROM = "points@shop.example"


def read(url: str, sender: str = FROM) -> MailServer | None:
    return from_env(
        {
            "SECRET_KEYS": Fernet.generate_key().decode(),
            "LOOKUP_PEPPER": "p" * 32,
            "LEDGER_KEY": "k" * 32,
            "SMTP_URL": url,
            "MAIL_FROM": sender,
        }
    ).mail


def test_without_an_address_there_is_no_mail_server() -> None:
    assert read("") is None


def test_a_submission_port_turns_to_tls_before_it_logs_in() -> None:
    assert read("smtp://stempel:p%40ss%23@smtp.example") == MailServer(
        host="smtp.example",
        port=587,
        sender=FROM,
        security="starttls",
        user="stempel",
        password="p@ss#",
    )


def test_an_address_of_smtps_is_tls_from_the_start() -> None:
    found = read("smtps://smtp.example:4650", "Kawa i ciastko <points@shop.example>")
    assert found == MailServer(
        host="smtp.example",
        port=4650,
        sender=FROM,
        sender_name="Kawa i ciastko",
        security="tls",
    )
    assert read("smtps://smtp.example") == MailServer("smtp.example", 465, FROM, security="tls")


def test_a_relay_on_this_machine_may_do_without() -> None:
    assert read("smtp://me:pass@127.0.0.1:25?starttls=no") == MailServer(
        "127.0.0.1", 25, FROM, security="none", user="me", password="pass"
    )


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("smtp.example:587", "SMTP_URL must be as smtp://"),
        ("http://smtp.example", "SMTP_URL must be as smtp://"),
        ("smtp://", "SMTP_URL must be as smtp://"),
        ("smtp://smtp.example:port", "SMTP_URL must be as smtp://"),
        ("smtp://smtp.example:0", "SMTP_URL must be as smtp://"),
        ("smtp://smtp.example/inbox", "SMTP_URL must be as smtp://"),
        ("smtp://me@smtp.example", "SMTP_URL must be as smtp://"),
        ("smtp://me:s3#cret@smtp.example", "percent-encoded"),
        ("smtp://me:s3cret@smtp.example?starttls", "SMTP_URL must be as smtp://"),
        ("smtp://me:s3cret@smtp.example?tls=1", "?starttls=no"),
        ("smtps://me:s3cret@smtp.example?starttls=no", "?starttls=no"),
        ("smtp://me:s3cret@smtp.example?starttls=no", "readable on the way"),
        ("smtp://me:s3cret%C5%BC@smtp.example", "ASCII"),
    ],
)
def test_what_cannot_be_is_refused_and_the_password_is_not_repeated(url: str, says: str) -> None:
    with pytest.raises(ConfigError) as refused:
        read(url)
    assert says in str(refused.value)
    assert "s3" not in str(refused.value)


@pytest.mark.parametrize(
    "sender",
    [
        "",
        "shop.example",
        "points@",
        "a@shop.example, b@shop.example",
        "Ola <ola@shop.example> <b@shop.example>",
        "ola@shop.example\r\nBcc: b@shop.example",
        '"=?utf-8?q?=0D=0ABcc:_b?=" <points@shop.example>',
        "żaneta@shop.example",
    ],
)
def test_a_sender_is_one_plain_address(sender: str) -> None:
    with pytest.raises(ConfigError, match="MAIL_FROM must be the address"):
        read("smtp://smtp.example", sender)


def test_no_password_is_shown_with_the_settings() -> None:
    assert "s3cret" not in repr(read("smtp://me:s3cret@smtp.example"))
