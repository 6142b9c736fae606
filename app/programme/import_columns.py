"""Which column of a file means what: one table for each loyalty system that members come from.

Where the names come from, and how sure they are:

- plain: our own export, and the words that people put into the head of a file of their own.
- smile: the file that Smile.io itself takes (help.smile.io, "Import points with a CSV file"): email,
  points. The head of its own export is unconfirmed.
- yotpo: Yotpo Loyalty (support.yotpo.com, "Importing/Exporting Points and Customers"): Email, Points
  Balance, Points Spent, Birthday. Confirmed for the file that it takes; its export is unconfirmed.
- loyaltylion: help.loyaltylion.com ("Imports", "Customers and points import") says e-mail in column A,
  points in column B. The names in its export can be changed by the shop: unconfirmed.
- wployalty: docs.wployalty.net ("Importing Customers and points"): email, points, referral_code.
- wp-swings: Points and Rewards for WooCommerce, the sample file in its public sources: Users Email,
  Points, User Name.
- mycred: the balance export in the plugin's public sources: mycred_user (an id, an e-mail or a login, as
  chosen there), mycred_amount, mycred_ctype, mycred_log.
- yith: YITH WooCommerce Points and Rewards (docs.yithemes.com, "Import and export tab", and its public
  sources): id and points, or email and points.

What is not named here, or named otherwise in a shop's own export, is said with `--column`.
"""

import re
import unicodedata
from collections.abc import Mapping, Sequence

import msgspec

from app.errors import Invalid

FIELDS = ("email", "customer", "user", "store", "points", "expires", "tier", "joined", "kind")
"""What a column can be. `user` holds an e-mail or a customer's id, `kind` which points they are."""

_LOT = re.compile(r"(points|expires)([2-9]|[1-9][0-9])")
_UNIMPORTANT = re.compile(r"[\W_]+")

_MANY = {
    "email": ("email", "e-mail", "email address", "customer email", "user_email", "adres e-mail"),
    "points": ("points", "points balance", "balance", "punkty", "saldo", "liczba punktów"),
}
_BIRTHDAY = ("birthday", "birthdate", "date of birth", "data urodzenia")


class System(msgspec.Struct, frozen=True, kw_only=True):
    """One loyalty system: the names of its columns. A file with all of `sign` is surely its."""

    key: str
    title: str
    columns: Mapping[str, tuple[str, ...]]
    sign: tuple[str, ...] = ()
    sure: bool = True  # the names were found in its public documentation or sources


SYSTEMS: Mapping[str, System] = {
    one.key: one
    for one in (
        System(
            key="plain",
            title="a file of your own",
            columns={
                "email": _MANY["email"],
                "customer": ("customer_id", "customer", "store customer id", "id klienta"),
                "store": ("store", "sklep"),
                "points": ("points", "points balance", "punkty", "saldo", "liczba punktów"),
                "expires": ("expires", "expires at", "expiry date", "wygasa", "ważne do"),
                "tier": ("tier", "vip tier", "poziom"),
                "joined": ("joined", "joined at", "date joined", "created at", "data dołączenia"),
                "birthday": _BIRTHDAY,
            },
        ),
        System(
            key="smile",
            title="Smile.io",
            columns={
                "email": ("email", "customer email"),
                "points": ("points", "points balance"),
                "tier": ("vip tier", "tier"),
                "joined": ("joined at", "member since"),
                "birthday": _BIRTHDAY,
            },
        ),
        System(
            key="yotpo",
            title="Yotpo Loyalty",
            columns={
                "email": ("email", "emails"),
                "points": ("points balance", "current points balance", "points"),
                "tier": ("vip tier", "vip tier name"),
                "birthday": (*_BIRTHDAY, "birthday (mm/dd)", "birthday (mm/dd/yyyy)"),
            },
            sign=("email", "points balance", "points spent"),
        ),
        System(
            key="loyaltylion",
            title="LoyaltyLion",
            columns={
                **_MANY,
                "points": ("points", "points approved", "approved points", "points balance"),
                "customer": ("merchant_id", "customer id", "platform customer id"),
                "tier": ("tier", "loyalty tier", "tier name"),
                "joined": ("enrolled at", "joined at", "created at"),
                "birthday": _BIRTHDAY,
            },
            sign=("merchant_id", "points_approved"),
            sure=False,
        ),
        System(
            key="wployalty",
            title="WPLoyalty",
            columns={"email": ("email", "user_email"), "points": ("points",)},
            sign=("email", "points", "referral_code"),
        ),
        System(
            key="wp-swings",
            title="Points and Rewards for WooCommerce (WP Swings)",
            columns={"email": ("users email", "user email"), "points": ("points",)},
            sign=("users email", "points"),
        ),
        System(
            key="mycred",
            title="myCred",
            columns={
                "user": ("mycred_user",),
                "points": ("mycred_amount",),
                "kind": ("mycred_ctype",),
            },
            sign=("mycred_user", "mycred_amount"),
        ),
        System(
            key="yith",
            title="YITH WooCommerce Points and Rewards",
            columns={"email": ("email",), "customer": ("id", "user id"), "points": ("points",)},
        ),
    )
}


class Columns(msgspec.Struct, frozen=True, kw_only=True):
    """Where in a row what is. `lots` are pairs of points and, if there is one, their expiry."""

    system: str
    header: tuple[str, ...]
    at: Mapping[str, int]
    lots: tuple[tuple[int, int | None], ...]
    unknown: tuple[str, ...] = ()  # names of columns that nothing is read from

    @property
    def needed(self) -> int:
        """Return the last column that every row must reach: whose it is, and the points."""
        return max(
            self.at[name] for name in ("points", "email", "user", "customer") if name in self.at
        )

    def name(self, index: int) -> str:
        """Return what the file calls a column."""
        return self.header[index]


def map_columns(
    header: Sequence[str], *, system: str | None = None, chosen: Mapping[str, str] | None = None
) -> Columns:
    """Say which column is what, from the head of a file.

    `system` is the one it comes from (None: found out, where the head leaves no doubt). `chosen` names
    columns by what they are; an empty name leaves a column out. Raises Invalid, with what to do.
    """
    names = tuple(_clean(name) for name in header)
    folded = [_fold(name) for name in names]
    if not all(name.isprintable() for name in names):
        raise Invalid(
            "The first line of the file holds what no text does: is it CSV? An Excel file must be "
            "saved as CSV first."
        )
    if any("@" in name for name in names):
        raise Invalid(
            "The first line of the file holds an e-mail address. It must name the columns, "
            "for example: email,points"
        )
    of = SYSTEMS[system] if system else _recognised(folded)
    chosen = dict(chosen or {})
    if wrong := sorted(chosen.keys() - set(FIELDS)):
        raise Invalid(f"--column {wrong[0]}=… is none; a column can be: {', '.join(FIELDS)}")
    at: dict[str, int] = {}
    for field in FIELDS:
        wanted = chosen.get(field)
        if wanted is not None:
            if wanted:
                at[field] = _only(folded, (wanted,), field, names, must=True)
            continue
        found = _only(folded, of.columns.get(field, ()), field, names)
        if found >= 0:
            at[field] = found
    if "points" not in at:
        raise Invalid(
            f"No column of the file is known as the points. It has: {_listed(names)}. "
            'Say which one: --column points="NAME"'
        )
    if not {"email", "customer", "user"} & at.keys():
        raise Invalid(
            f"No column of the file says whose the points are. It has: {_listed(names)}. "
            'Say which one: --column email="NAME" or --column customer="NAME"'
        )
    lots = ((at["points"], at.get("expires")), *_more_lots(folded))
    used = set(at.values()) | {index for lot in lots for index in lot if index is not None}
    quiet = {_fold(name) for name in of.columns.get("birthday", ())}
    unknown = tuple(
        name for n, name in enumerate(names) if n not in used and name and folded[n] not in quiet
    )
    return Columns(system=of.key, header=names, at=at, lots=lots, unknown=unknown)


def _recognised(folded: Sequence[str]) -> System:
    """Return the one system whose own names are in the head of a file, else the plain one."""
    several = [
        one
        for one in SYSTEMS.values()
        if one.sign and {_fold(name) for name in one.sign} <= set(folded)
    ]
    return several[0] if len(several) == 1 else SYSTEMS["plain"]


def _only(
    folded: Sequence[str],
    wanted: Sequence[str],
    field: str,
    names: Sequence[str],
    *,
    must: bool = False,
) -> int:
    """Return where one of the wanted names is, -1 for nowhere. Raises Invalid if it is in two places.

    Earlier names go before later ones: "points" before "balance".
    """
    for name in wanted:
        places = [n for n, one in enumerate(folded) if one and one == _fold(name)]
        if len(places) > 1:
            raise Invalid(
                f"Two columns of the file are called {names[places[0]]!r}: which is the {field}? "
                "Rename the other one."
            )
        if places:
            return places[0]
    if must:
        raise Invalid(f"The file has no column {wanted[0]!r}. It has: {_listed(names)}")
    return -1


def _more_lots(folded: Sequence[str]) -> list[tuple[int, int | None]]:
    """Return the further points of a row: points_2 with expires_2, and so on."""
    found: dict[int, dict[str, int]] = {}
    for index, name in enumerate(folded):
        if form := _LOT.fullmatch(name):
            found.setdefault(int(form[2]), {})[form[1]] = index
    return [
        (lot["points"], lot.get("expires")) for _, lot in sorted(found.items()) if "points" in lot
    ]


def _fold(name: str) -> str:
    """Return a column's name without what people write in many ways: case, blanks, dashes."""
    return _UNIMPORTANT.sub("", unicodedata.normalize("NFKC", name).casefold())


def _clean(name: str) -> str:
    return " ".join(name.replace("\ufeff", "").replace("\0", "").split())[:100]


def _listed(names: Sequence[str]) -> str:
    return ", ".join(repr(name) for name in names[:30])
