"""Every point has its reason in words, in both languages."""

from decimal import Decimal
from typing import Any

import pytest

from app.programme.events import LineKind
from app.programme.explanation import Explanation, LeftOut, Note, Reason
from app.services.explain import read_explanation, render
from app.services.explain_words import CHANNELS, KINDS, LEFT_OUT, LINE_KINDS, NOTES, REASONS
from app.services.texts import LANGUAGES, texts


def money(amount: str) -> Decimal:
    return Decimal(amount)


def told(**values: Any) -> Explanation:
    """Explain an order of 269.08 zł at one point per złoty, as changed by `values`."""
    known = {
        "rule": "per-unit",
        "version": 1,
        "reason": Reason.EARNED,
        "currency": "PLN",
        "basis": money("269.08"),
        "with_tax": True,
        "lines": (("1", money("229.08")), ("2", money("40.00"))),
        "left_out": (("fee", money("6.15")), ("shipping", money("14.99"))),
        "per": money("1.00"),
        "points_each": 1,
        "rounding": "floor",
        "raw": money("269.08"),
    }
    return Explanation(**(known | values))  # type: ignore[arg-type]


def plain(text: str) -> str:
    return text.replace("\N{NO-BREAK SPACE}", " ")


SENTENCES = [
    (
        told(),
        {"kind": "earn", "points": 269, "worth": 269},
        ("269 points: PLN 269.08 of the order counts (2 lines with tax; not counted: fees PLN 6.15 + "
        "delivery PLN 14.99), 1 point for every PLN 1.00, rounded down from 269.08."),
        ("269 punktów: liczy się 269,08 zł z zamówienia (2 pozycje, z podatkiem; nie liczy się: "
        "opłaty 6,15 zł + dostawa 14,99 zł), 1 punkt za każde 1,00 zł, zaokrąglone w dół z 269,08."),
    ),
    (
        told(left_out=(), basis=money("314.00"), raw=money("314")),
        {"kind": "earn", "points": 45, "worth": 314},
        ("45 points more, 314 points altogether: PLN 314.00 of the order counts (2 lines with tax), "
        "1 point for every PLN 1.00."),
        ("45 punktów więcej, łącznie 314 punktów: liczy się 314,00 zł z zamówienia (2 pozycje, "
        "z podatkiem), 1 punkt za każde 1,00 zł."),
    ),
    (
        told(reason=Reason.NOTHING_COUNTS, refunded=money("335.21"), basis=money("0.00")),
        {"kind": "reverse", "points": -1, "worth": 0},
        "1 point taken back: all that counts was given back, PLN 335.21 altogether.",
        "Cofnięto 1 punkt: zwrócono wszystko, co się liczyło, łącznie 335,21 zł.",
    ),
    (
        told(
            lines=(("1", money("235.00")),),
            left_out=(),
            basis=money("235.00"),
            raw=money("235"),
            refunded=money("40.00"),
            notes=(Note.REFUNDS_WITHOUT_LINES,),
        ),
        {"kind": "reverse", "points": -40, "worth": 235},
        ("40 points taken back, 235 points altogether: PLN 235.00 of the order counts (1 line with "
        "tax; PLN 40.00 given back), 1 point for every PLN 1.00. Which lines were given back is not "
        "known, so the amount was spread over all goods."),
        ("Cofnięto 40 punktów, po zmianie 235 punktów: liczy się 235,00 zł z zamówienia (1 pozycja, "
        "z podatkiem; zwrócono 40,00 zł), 1 punkt za każde 1,00 zł. Nie wiadomo, które pozycje "
        "zwrócono, więc kwotę rozłożono na wszystkie towary."),
    ),
    (
        told(
            basis=money("80.00"),
            lines=(("1", money("80.00")),),
            left_out=(("own-credit", money("20.00")), ("shipping", money("14.99"))),
            raw=money("80"),
        ),
        {"kind": "earn", "points": 80, "worth": 80},
        ("80 points: PLN 80.00 of the order counts (1 line with tax; not counted: delivery PLN 14.99; "
        "PLN 20.00 was paid with a gift card or credit of the programme and earns nothing), 1 point "
        "for every PLN 1.00."),
        ("80 punktów: liczy się 80,00 zł z zamówienia (1 pozycja, z podatkiem; nie liczy się: "
        "dostawa 14,99 zł; 20,00 zł zapłacono kartą podarunkową lub środkami z programu, za to nie ma "
        "punktów), 1 punkt za każde 1,00 zł."),
    ),
    (
        told(
            reason=Reason.NOTHING_COUNTS,
            basis=money("0.00"),
            left_out=(("own-credit", money("100.00")),),
        ),
        {"kind": "award", "points": 0},
        "0 points: PLN 100.00 was paid with a gift card or credit of the programme and earns nothing.",
        "0 punktów: 100,00 zł zapłacono kartą podarunkową lub środkami z programu, za to nie ma punktów.",
    ),
    (
        told(
            reason=Reason.BELOW_THRESHOLD,
            basis=money("100.00"),
            lines=(),
            left_out=(),
            over=money("100.00"),
            per=None,
            points_each=50,
        ),
        {"kind": "award", "points": 0},
        "0 points: PLN 100.00 of the order counts, more than PLN 100.00 is needed.",
        "0 punktów: liczy się 100,00 zł z zamówienia, trzeba więcej niż 100,00 zł.",
    ),
    (
        told(
            basis=money("250.00"), lines=(), left_out=(), per=money("100.00"), step=True,
            points_each=10, raw=money("20"),
        ),
        {"kind": "award", "points": 20},
        "20 points: PLN 250.00 of the order counts, 10 points for every full PLN 100.00.",
        "20 punktów: liczy się 250,00 zł z zamówienia, 10 punktów za każde pełne 100,00 zł.",
    ),
    (
        told(
            currency="EUR", basis=money("75.00"), rate=money("4.00"), lines=(), left_out=(),
            raw=money("300"),
        ),
        {"kind": "earn", "points": 300, "currency": "PLN"},
        ("300 points: EUR 75.00 of the order counts, converted at 4 to PLN 300.00, 1 point for every "
        "PLN 1.00."),
        ("300 punktów: liczy się 75,00 € z zamówienia, przeliczone po kursie 4 na 300,00 zł, 1 punkt "
        "za każde 1,00 zł."),
    ),
    (
        told(lines=(), left_out=(), basis=money("900.00"), raw=money("45"), cap=30,
             per=money("20.00"), step=True, notes=(Note.CAPPED,)),
        {"kind": "award", "points": 30},
        ("30 points: PLN 900.00 of the order counts, 1 point for every full PLN 20.00. No more than "
        "30 points for one order."),
        ("30 punktów: liczy się 900,00 zł z zamówienia, 1 punkt za każde pełne 20,00 zł. Za jedno "
        "zamówienie najwyżej 30 punktów."),
    ),
    (
        told(
            basis=money("107.00"),
            lines=(("1", money("40.00")), ("2", money("60.00")), ("4", money("7.00"))),
            factors=(("1", money("1.5")), ("4", money("0"))),
            left_out=(("excepted", money("20.00")), ("not-named", money("5.00"))),
            raw=money("120"),
        ),
        {"kind": "earn", "points": 120, "worth": 120},
        ("120 points: PLN 107.00 of the order counts (3 lines with tax; PLN 40.00 of that times 1.5; "
        "PLN 7.00 of that times 0; not counted: goods that the rule leaves out PLN 20.00 + other "
        "goods PLN 5.00), 1 point for every PLN 1.00."),
        ("120 punktów: liczy się 107,00 zł z zamówienia (3 pozycje, z podatkiem; w tym 40,00 zł razy "
        "1,5; w tym 7,00 zł razy 0; nie liczy się: towary, które reguła pomija 20,00 zł + inne "
        "towary 5,00 zł), 1 punkt za każde 1,00 zł."),
    ),
    (
        told(
            basis=money("90.00"),
            lines=(("1", money("30.00")), ("2", money("60.00"))),
            left_out=(),
            pieces=(("1", 3), ("2", 2)),
            factors=(("1", money("1.5")),),
            per=None,
            points_each=5,
            raw=money("32.5"),
        ),
        {"kind": "earn", "points": 32, "worth": 32},
        ("32 points: 5 pieces of the order count (2 lines for PLN 90.00 with tax; 3 pieces of that "
        "times 1.5), 5 points for each piece, rounded down from 32.5."),
        ("32 punkty: liczy się 5 sztuk z zamówienia (2 pozycje za 90,00 zł, z podatkiem; w tym 3 "
        "sztuki razy 1,5), 5 punktów za każdą sztukę, zaokrąglone w dół z 32,5."),
    ),
    (
        told(
            currency="EUR",
            rate=money("4.00"),
            basis=money("30.00"),
            lines=(("1", money("30.00")),),
            left_out=(("not-named", money("10.00")),),
            pieces=(("1", 1),),
            per=None,
            points_each=25,
            raw=money("25"),
            refunded=money("20.00"),
        ),
        {"kind": "reverse", "points": -25, "worth": 25, "currency": "PLN"},
        ("25 points taken back, 25 points altogether: 1 piece of the order counts (1 line for "
        "EUR 30.00 with tax; not counted: other goods EUR 10.00; EUR 20.00 given back), 25 points "
        "for each piece."),
        ("Cofnięto 25 punktów, po zmianie 25 punktów: liczy się 1 sztuka z zamówienia (1 pozycja za "
        "30,00 €, z podatkiem; nie liczy się: inne towary 10,00 €; zwrócono 20,00 €), 25 punktów za "
        "każdą sztukę."),
    ),
    (
        Explanation(rule="web", version=1, reason=Reason.OTHER_CHANNEL, channel="pos"),
        {"kind": "award", "points": 0},
        "0 points: the rule leaves out orders that come this way: the till.",
        "0 punktów: reguła pomija zamówienia składane tą drogą: kasa w sklepie stacjonarnym.",
    ),
    (
        Explanation(rule="web", version=1, reason=Reason.OTHER_CHANNEL, channel="1830279"),
        {"kind": "award", "points": 0},
        "0 points: the rule leaves out orders that come this way: “1830279”.",
        "0 punktów: reguła pomija zamówienia składane tą drogą: „1830279”.",
    ),
    (
        told(reason=Reason.NO_SUCH_LINES, basis=money("0"), lines=(), refunded=money("5.00")),
        {"kind": "award", "points": 0},
        "0 points: nothing in the order is what this rule is for.",
        "0 punktów: w zamówieniu nie ma nic, czego dotyczy ta reguła.",
    ),
    (
        Explanation(rule="registration", version=1, reason=Reason.EARNED, points_each=100),
        {"kind": "earn", "points": 100, "worth": 100, "window": "once"},
        "100 points: for joining, paid once per person.",
        "100 punktów: za przystąpienie do programu, raz na osobę.",
    ),
    (
        Explanation(rule="per-unit", version=1, reason=Reason.NOT_PAID, currency="PLN"),
        {"kind": "award", "points": 0},
        "0 points: the order is not paid yet.",
        "0 punktów: zamówienie nie jest jeszcze opłacone.",
    ),
    (None, {"kind": "adjust", "points": 2}, "2 points given by hand.", "Przyznano ręcznie 2 punkty."),
    (None, {"kind": "adjust", "points": -5}, "5 points taken off by hand.",
     "Odjęto ręcznie 5 punktów."),
]  # fmt: skip


@pytest.mark.parametrize(("explanation", "entry", "english", "polish"), SENTENCES)
def test_an_entry_says_why_it_is_there(
    explanation: Explanation | None, entry: dict[str, Any], english: str, polish: str
) -> None:
    kind, points = entry["kind"], entry["points"]
    more = {name: value for name, value in entry.items() if name not in {"kind", "points"}}
    assert plain(render(explanation, kind, points, "en", **more)) == english
    assert plain(render(explanation, kind, points, "pl", **more)) == polish


@pytest.mark.parametrize(
    ("table", "codes"),
    [
        (REASONS, set(Reason)),
        (NOTES, set(Note)),
        (LINE_KINDS, set(LineKind)),
        (LEFT_OUT, set(LeftOut)),
        (CHANNELS, {"", "web", "pos", "mobile", "subscription", "admin", "api"}),
        (
            KINDS,
            {"earn", "award", "reverse", "forgive", "spend", "restore", "expire", "merge"}
            | {"idle", "unexpire", "mature", "limit", "import", "unimport", "bonus", "unbonus"},
        ),
    ],
)
def test_no_reason_is_without_words_in_either_language(table: Any, codes: set[str]) -> None:
    assert set(table) == codes
    for message in table.values():
        polish = texts("pl").say(message)
        assert polish
        assert polish != message or message == "%(points)s"


@pytest.mark.parametrize("language", list(LANGUAGES))
@pytest.mark.parametrize("reason", list(Reason))
def test_every_reason_makes_a_whole_sentence(reason: Reason, language: str) -> None:
    for explanation in (
        told(reason=reason, notes=tuple(Note), cap=3),
        Explanation(rule="r", version=1, reason=reason),
    ):
        for kind in [*KINDS, "adjust"]:
            sentence = render(explanation, kind, -7, language, worth=2, currency="PLN")
            assert "%(" not in sentence
            assert "None" not in sentence
            assert sentence.endswith(".")


@pytest.mark.parametrize(
    ("count", "words"),
    [
        (0, "0 punktów"),
        (1, "1 punkt"),
        (2, "2 punkty"),
        (5, "5 punktów"),
        (12, "12 punktów"),
        (22, "22 punkty"),
        (101, "101 punktów"),
        (-3, "-3 punkty"),
        (1234, "1 234 punkty"),
        (10_000, "10 000 punktów"),
    ],
)
def test_polish_points_are_counted_as_poles_count(count: int, words: str) -> None:
    assert plain(texts("pl").points(count)) == words


@pytest.mark.parametrize(
    ("amount", "currency", "english", "polish"),
    [
        ("269.08", "PLN", "PLN 269.08", "269,08 zł"),
        ("100", "PLN", "PLN 100.00", "100,00 zł"),
        ("0", "EUR", "EUR 0.00", "0,00 €"),
        ("1234567.5", "EUR", "EUR 1,234,567.50", "1 234 567,50 €"),
        ("3200", "JPY", "JPY 3,200", "3 200 JPY"),
        ("12.345", "KWD", "KWD 12.345", "12,345 KWD"),
        ("269.0850", "PLN", "PLN 269.085", "269,085 zł"),  # nothing is rounded away
        ("5", None, "5", "5"),
    ],
)
def test_money_is_written_as_the_reader_writes_it(
    amount: str, currency: str | None, english: str, polish: str
) -> None:
    assert plain(texts("en").money(Decimal(amount), currency)) == english
    assert plain(texts("pl").money(Decimal(amount), currency)) == polish


def test_a_language_we_do_not_speak_is_answered_in_english() -> None:
    assert texts("de").points(3) == "3 points"


def test_an_entry_without_an_explanation_has_none() -> None:
    assert read_explanation("{}") is None
    assert read_explanation('{"audit":"5"}') is None
    [stored] = [b'{"rule":"r","version":2,"reason":"earned"}']
    assert read_explanation(stored.decode()) == Explanation(
        rule="r", version=2, reason=Reason.EARNED
    )
