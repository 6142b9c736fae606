"""Words, points, money and times in the reader's language, with or without a web request.

Babel's catalogues directly: Flask-Babel outside an app context answers in English without an error
(facts/recipes.md, Texts). The catalogue is read from its .po file at first use (some 10 ms), so there
is no compiled copy that could fall behind it.
"""

import io
from datetime import date, datetime, tzinfo
from decimal import Decimal
from functools import cache
from importlib import resources

from babel import Locale
from babel.dates import format_date, format_datetime, format_skeleton
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.numbers import format_currency, format_decimal
from babel.support import NullTranslations, Translations

LANGUAGES = {"en": "English", "pl": "Polski"}
"""Each language by its code, in its own word."""

# English is written in the code itself. British: the day before the month.
_LOCALES = {"en": "en_GB", "pl": "pl_PL"}
_MONEY = {"en": "¤¤\N{NO-BREAK SPACE}#,##0.00"}  # else "PLN269.08", as if it were one word


def mark(message: str) -> str:
    """Return the message itself: marks it as one to translate where it is shown."""
    return message


class Texts:
    """One language: its catalogue and how it writes figures and times."""

    def __init__(self, language: str) -> None:
        self.language = language
        self._locale = Locale.parse(_LOCALES[language])
        self._catalogue = _catalogue(language)

    def say(self, message: str, **values: object) -> str:
        """Translate a message; `%(name)s` in it stands for a value."""
        # An empty msgid would bring the catalogue's header.
        text = self._catalogue.gettext(message) if message else ""
        return text % values if values else text

    def plural(self, one: str, many: str, count: int, **values: object) -> str:
        """Translate a message that counts something; `%(count)s` is the written figure."""
        text = self._catalogue.ngettext(one, many, abs(count))
        return text % {"count": self.number(count), **values}

    def points(self, count: int) -> str:
        """Write a number of points: "1 point", "2 punkty", "5 punktów"."""
        return self.plural("%(count)s point", "%(count)s points", count)

    def number(self, value: Decimal | int) -> str:
        """Write a figure with all of its decimals."""
        return format_decimal(value, locale=self._locale, decimal_quantization=False)

    def hundredths(self, value: Decimal) -> str:
        """Write a figure with two decimals, as columns of amounts want it."""
        return format_decimal(value, format="#,##0.00", locale=self._locale)

    def ordinal(self, number: int) -> str:
        """Write which one of several: "21st", "21."."""
        if self.language != "en":
            return f"{number}."
        ending = {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
        return f"{number}{'th' if number // 10 % 10 == 1 else ending}"

    def money(self, amount: Decimal, currency: str | None) -> str:
        """Write an amount with all of its decimals, at least those of its currency."""
        if currency is None:
            return self.number(amount)
        return format_currency(
            amount.normalize() if amount else Decimal(0),
            currency,
            format=_MONEY.get(self.language),
            locale=self._locale,
            decimal_quantization=False,
        )

    def moment(self, value: datetime, zone: tzinfo) -> str:
        """Write a time to the second, as the clocks in `zone` showed it."""
        return format_datetime(value, "medium", tzinfo=zone, locale=self._locale)

    def day(self, value: datetime, zone: tzinfo) -> str:
        """Write the day of a time in words, as the calendars in `zone` showed it."""
        return self.date_in_words(value.astimezone(zone).date())

    def date_in_words(self, value: date) -> str:
        """Write a date in words."""
        return format_date(value, "long", locale=self._locale)

    def month_in_words(self, value: date) -> str:
        """Write the month of a date in words, with its year."""
        return format_skeleton("yMMMM", value, locale=self._locale)


@cache
def texts(language: str) -> Texts:
    """Return the words of a language; English for one we don't speak."""
    return Texts(language if language in LANGUAGES else "en")


def _catalogue(language: str) -> NullTranslations:
    if language == "en":
        return NullTranslations()
    path = resources.files("app") / "translations" / language / "LC_MESSAGES" / "messages.po"
    with path.open("rb") as file:
        catalogue = read_po(file, locale=language)
    compiled = io.BytesIO()
    write_mo(compiled, catalogue)
    compiled.seek(0)
    return Translations(compiled)
