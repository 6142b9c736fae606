"""What an e-mail about a code says: everything to use it, in two languages, whatever things are called."""

from datetime import UTC, datetime
from decimal import Decimal
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from typing import Any

import msgspec
import pytest
from sqlalchemy import select, update

from app.db import tables as t
from app.db.engine import Database
from app.programme.events import RedemptionFacts
from app.services.addressing import Letter, deliverable, plain
from app.services.letters import letter
from app.services.mail import CODE, claim_mail, want_mail
from app.services.stores import Store
from app.settings import MailServer, Settings
from jobs.mail import message_of
from tests.attack.help import customer
from tests.issued import TEN_PERCENT, issue, member_of
from tests.pipeline import Pipeline

END = datetime(2027, 2, 20, 22, 59, 59, tzinfo=UTC)  # the last second of the day in Warsaw
SERVER = MailServer(host="localhost", port=25, sender="points@shop.example")


def programme(*, head: str = "", reward: str = "") -> str:
    return f"""
[programme]
key = "kawa"
currency = "PLN"
timezone = "Europe/Warsaw"
{head}

[[reward]]
key = "ten-percent"
cost = 100
kind = "percent"
value = "10"
valid_days = 90
{reward}
"""


class Desk:
    """An installation with one shop, and a customer in it."""

    def __init__(self, database: Database, settings: Settings) -> None:
        self.pipeline = Pipeline(database, settings)
        self.store: Store

    def written(
        self,
        source: str,
        *,
        facts: RedemptionFacts = TEN_PERCENT,
        by_customer: str | None = "5",
        **columns: Any,
    ) -> Letter:
        """Return the letter about a code issued under this programme."""
        pipeline = self.pipeline
        self.store = pipeline.store(pipeline.programme(source=source))
        pipeline.deliver(self.store, "customer.created", customer(5, email="ola@example.pl"))
        ola = member_of(pipeline, self.store, 5)
        made = issue(
            pipeline, self.store, ola, facts=facts, customer=by_customer, ends_at=END, **columns
        )
        return self.again(made, ola)

    def again(self, redemption_id: int, member_id: int) -> Letter:
        pipeline = self.pipeline
        now = pipeline.clock()
        with pipeline.database.transaction() as connection:
            want_mail(
                connection,
                programme_id=self.store.programme_id,
                member_id=member_id,
                kind=CODE,
                subject_id=redemption_id,
                now=now,
            )
            [mail] = claim_mail(connection, now, limit=1)
            found = letter(connection, pipeline.runtime.vault, mail, now)
        assert isinstance(found, Letter)
        self.message = message_of(SERVER, mail, found, now)
        return found


@pytest.fixture
def desk(sqlite_database: Database, settings: Settings) -> Desk:
    return Desk(sqlite_database, settings)


def received(message: EmailMessage) -> Any:
    """Return the message as it arrives."""
    return message_from_bytes(message.as_bytes(), policy=default)


def test_all_that_is_needed_is_said_in_english(desk: Desk) -> None:
    found = desk.written(
        programme(head='name = "Kawa i ciastko"', reward='minimum = "50.00"\ncombinable = false')
    )
    assert found.to == "ola@example.pl"
    assert found.subject == "Your reward: 10% off"
    assert found.text == (
        "Hello,\n"
        "\n"
        "thank you for collecting points in “Kawa i ciastko”. Here is your reward: 10% off.\n"
        "\n"
        "Your code: K7QM-3XTD-9RWB\n"
        "\n"
        "Enter it in the basket or at the checkout.\n"
        "It is valid up to and including 20 February 2027.\n"
        "The goods must cost at least PLN\N{NO-BREAK SPACE}50.00.\n"
        "It cannot be combined with other discounts.\n"
        "It works once and for you only: sign in to the shop, or order with this e-mail address.\n"
        "\n"
        "The shop: https://shop.example\n"
        "\n"
        "-- \n"
        "This message was sent automatically by the shop's loyalty programme.\n"
    )


def test_all_that_is_needed_is_said_in_polish(desk: Desk) -> None:
    found = desk.written(
        programme(
            head='name = "Kawa i ciastko"\nlanguage = "pl"',
            reward='minimum = "50.00"\ncombinable = false',
        )
    )
    assert found.subject == "Twoja nagroda: 10% zniżki"
    assert found.text == (
        "Dzień dobry,\n"
        "\n"
        "dziękujemy za zbieranie punktów w programie „Kawa i ciastko”. "
        "Oto Twoja nagroda: 10% zniżki.\n"
        "\n"
        "Twój kod: K7QM-3XTD-9RWB\n"
        "\n"
        "Wpisz go w koszyku lub przy składaniu zamówienia.\n"
        "Jest ważny do 20 lutego 2027 włącznie.\n"
        "Wartość towarów w zamówieniu musi wynosić co najmniej 50,00\N{NO-BREAK SPACE}zł.\n"
        "Nie łączy się z innymi rabatami.\n"
        "Działa jeden raz i tylko dla Ciebie: zaloguj się w sklepie albo złóż zamówienie, podając "
        "ten adres e-mail.\n"
        "\n"
        "Sklep: https://shop.example\n"
        "\n"
        "-- \n"
        "Tę wiadomość wysłał automatycznie program lojalnościowy sklepu.\n"
    )
    assert '<html lang="pl">' in found.html


@pytest.mark.parametrize("language", ["en", "pl"])
def test_both_forms_say_the_same(desk: Desk, language: str) -> None:
    found = desk.written(programme(head=f'language = "{language}"'))
    for line in found.text.splitlines():
        for part in line.removeprefix("-- ").split(": "):
            assert part.replace("'", "&#39;") in found.html
    assert "<img" not in found.html
    assert found.html.count("http") == 2  # the shop: its link and its address


@pytest.mark.parametrize(
    ("changes", "english", "polish"),
    [
        (
            {"kind": "fixed", "value": Decimal("50.00"), "currency": "PLN"},
            "PLN 50.00 off",
            "50,00 zł",
        ),
        ({"kind": "free-delivery", "value": None}, "free delivery", "darmowa dostawa"),
        (
            {"kind": "free-product", "value": None, "product": "7"},
            "a free product",
            "darmowy produkt",
        ),
        (
            {"kind": "gift-card", "value": Decimal("50.00"), "currency": "PLN"},
            "a gift card of PLN 50.00",
            "karta podarunkowa na 50,00 zł",
        ),
        (
            {"kind": "store-credit", "value": Decimal("50.00"), "currency": "PLN"},
            "PLN 50.00 to spend in the shop",
            "50,00 zł do wykorzystania w sklepie",
        ),
    ],
    ids=["fixed", "free-delivery", "free-product", "gift-card", "store-credit"],
)
def test_what_the_reward_gives_is_said(
    desk: Desk, changes: dict[str, Any], english: str, polish: str
) -> None:
    facts = msgspec.structs.replace(TEN_PERCENT, **changes)
    found = desk.written(programme(), facts=facts)
    assert english in found.subject.replace("\N{NO-BREAK SPACE}", " ")
    source = programme(head='language = "pl"')
    desk.pipeline.programme(source=source)
    ola = member_of(desk.pipeline, desk.store, 5)
    made = issue(desk.pipeline, desk.store, ola, "AAAA-BBBB-CCCC", facts=facts)
    assert polish in desk.again(made, ola).subject.replace("\N{NO-BREAK SPACE}", " ")


def test_who_has_a_product_for_free_is_told_to_put_it_into_the_basket(desk: Desk) -> None:
    facts = msgspec.structs.replace(TEN_PERCENT, kind="free-product", value=None, product="7")
    found = desk.written(programme(), facts=facts)
    assert "Put the product into the basket first" in found.text


def test_who_has_a_gift_card_is_told_what_it_is_and_to_keep_it(desk: Desk) -> None:
    facts = msgspec.structs.replace(
        TEN_PERCENT, kind="gift-card", value=Decimal(50), currency="PLN"
    )
    found = desk.written(programme(), facts=facts)
    assert "Your gift card: " in found.text
    assert "Whoever has the code can spend it" in found.text
    assert "cannot be combined" not in found.text


def test_a_reward_is_called_by_the_name_that_it_had_when_it_was_taken(desk: Desk) -> None:
    source = programme(reward='name = "Kubek za pół ceny"')
    desk.written(source)
    desk.pipeline.programme(source=source.replace("Kubek", "Talerz"))
    ola = member_of(desk.pipeline, desk.store, 5)
    found = desk.again(issue(desk.pipeline, desk.store, ola, "AAAA-BBBB-CCCC"), ola)
    assert found.subject == "Your reward: Kubek za pół ceny"


def test_who_has_no_account_in_the_shop_is_known_by_the_address_alone(desk: Desk) -> None:
    found = desk.written(programme(), by_customer=None)
    assert "for you only: order with this e-mail address." in found.text


def test_who_has_another_address_in_that_shop_must_sign_in(desk: Desk) -> None:
    desk.written(programme())
    ola = member_of(desk.pipeline, desk.store, 5)
    with desk.pipeline.database.transaction() as connection:
        connection.execute(update(t.store_customer).values(email_hash=b"of another address"))
    made = issue(desk.pipeline, desk.store, ola, "AAAA-BBBB-CCCC", customer="5")
    assert "sign in to your account in the shop first." in desk.again(made, ola).text


def test_a_code_in_place_of_one_that_was_refunded_says_so(desk: Desk) -> None:
    desk.written(programme())
    ola = member_of(desk.pipeline, desk.store, 5)
    with desk.pipeline.database.snapshot() as connection:
        first = connection.execute(select(t.redemption.c.id)).scalar_one()
    made = issue(desk.pipeline, desk.store, ola, "AAAA-BBBB-CCCC", replaces_id=first)
    assert "was refunded. Here is a new code for it: 10% off." in desk.again(made, ola).text


def test_a_code_without_an_end_names_no_day(desk: Desk) -> None:
    desk.written(programme())
    ola = member_of(desk.pipeline, desk.store, 5)
    found = desk.again(issue(desk.pipeline, desk.store, ola, "AAAA-BBBB-CCCC"), ola)
    assert "valid" not in found.text


HOSTILE = [
    "<script>alert(1)</script>",
    "=?utf-8?q?=0D=0ABcc:_x@example.com?=",
    'say \\"cheese\\", <x@example.com>',
    "100% %(code)s %s",
    "{{ 7 * 7 }} {% raw %}",
    "ż" * 200,
    "טבלה",
]


@pytest.mark.parametrize("name", HOSTILE)
def test_whatever_things_are_called_the_mail_stays_one_mail(desk: Desk, name: str) -> None:
    source = programme(head=f'name = "{name}"', reward=f'name = "{name}"')
    found = desk.written(source)
    mail = received(desk.message)
    assert set(mail.keys()) == {
        "From",
        "To",
        "Subject",
        "Date",
        "Message-ID",
        "Auto-Submitted",
        "Content-Language",
        "MIME-Version",
        "Content-Type",
    }
    assert [one.addr_spec for one in mail["From"].addresses] == ["points@shop.example"]
    assert [one.addr_spec for one in mail["To"].addresses] == ["ola@example.pl"]
    assert str(mail["Subject"]) == found.subject
    assert len(found.subject) < 110
    plain_text = mail.get_body(("plain",)).get_content()
    assert plain_text.replace("\r\n", "\n") == found.text
    assert all(one.isprintable() or one == "\n" for one in found.text)
    assert "<script" not in found.html
    assert "49" not in found.html.replace("#49", "")


def test_the_raw_message_keeps_to_the_length_of_lines(desk: Desk) -> None:
    desk.written(programme(head=f'name = "{"ł" * 200}"'))
    assert max(len(line) for line in desk.message.as_bytes().split(b"\r\n")) <= 200


def test_a_name_is_cut_where_it_is_too_long() -> None:
    assert plain("x" * 300) == "x" * 79 + "…"
    assert plain("  Kawa \t i  ciastko ") == "Kawa i ciastko"
    assert plain("a\u202eb\u0000c") == "a b c"
    assert plain("a\r\nBcc: b\u2028c\u0085d") == "a Bcc: b c d"


@pytest.mark.parametrize(
    ("address", "to"),
    [
        (" Ola.Nowak+shop@Example.PL ", "Ola.Nowak+shop@example.pl"),
        ("ola@łódź.example", "ola@xn--d-uga0v4h.example"),
        ("ola@example.pl, jan@example.pl", None),
        ("ola@example.pl\r\nBcc: jan@example.pl", None),
        ("=?utf-8?q?=0D=0ABcc=3A_x=40example.com?=@example.pl", None),
        ("ola@[127.0.0.1]", None),
        ("ola@-", None),
        ("-" * 65 + "@example.pl", None),
        ("", None),
        ("@", None),
    ],
)
def test_only_a_plain_address_is_written_to(address: str, to: str | None) -> None:
    assert deliverable(address) == to
