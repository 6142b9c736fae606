"""Several documents as one: the rules and rewards of all, readable as if a person had written it.

In these documents each table is one paragraph with its comment on top; the first is [programme], and its
comment says what the document is.
"""

import tomllib
from collections.abc import Mapping, Sequence
from itertools import takewhile
from typing import Any

import msgspec

from app.errors import ConfigError

_OF_ITS_OWN = frozenset({"key", "currency"})  # fields of [programme] that each document has


class Block(msgspec.Struct, frozen=True):
    """One table as it is written, with its comment."""

    table: str
    values: Mapping[str, Any]
    text: str

    @property
    def comment(self) -> str:
        """What is written above the table."""
        return "\n".join(takewhile(lambda line: line.startswith("#"), self.text.splitlines()))


def blocks(source: str) -> list[Block]:
    """Return the tables of a document."""
    return [_block(text) for text in source.strip().split("\n\n")]


def combine(documents: Sequence[tuple[str, str]]) -> list[Block]:
    """Return the tables of all documents, each given as (name, source).

    [programme] is the first one's, with what others add to it. What two documents share to the letter
    stands there once; raises ConfigError if they say different things of one key.
    """
    (first, source), *others = documents
    head, *tables = blocks(source)
    owners = {_place(block): first for block in tables}
    for name, other_source in others:
        other, *more = blocks(other_source)
        head = _joined(head, other, first, name)
        known = {_place(block): block for block in tables}
        for block in more:
            if known.get(_place(block), block).values != block.values:
                raise _contradiction(owners[_place(block)], name, " ".join(_place(block)))
        fresh = [block for block in more if _place(block) not in known]
        owners |= {_place(block): name for block in fresh}
        if fresh:
            text = f"{other.comment}\n\n{fresh[0].text}"
            tables += [msgspec.structs.replace(fresh[0], text=text), *fresh[1:]]
    return [head, *tables]


def _block(text: str) -> Block:
    [(table, found)] = tomllib.loads(text).items()
    return Block(table, found[0] if isinstance(found, list) else found, text)


def _place(block: Block) -> tuple[str, str]:
    return block.table, block.values.get("key", "")


def _joined(head: Block, other: Block, name: str, other_name: str) -> Block:
    added = {field: value for field, value in other.values.items() if field not in _OF_ITS_OWN}
    for field, value in added.items():
        if head.values.get(field, value) != value:
            raise _contradiction(name, other_name, f"programme.{field}")
    missing = added.keys() - head.values.keys()
    lines = [line for line in other.text.splitlines() if line.split(" = ")[0] in missing]
    return Block(head.table, {**added, **head.values}, "\n".join([head.text, *lines]))


def _contradiction(name: str, other: str, what: str) -> ConfigError:
    return ConfigError(
        f'"{name}" and "{other}" cannot be combined: each has its own {what.strip()}'
    )
