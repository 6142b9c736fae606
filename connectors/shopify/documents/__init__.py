"""The GraphQL documents, one operation a file, checked against the official schema in a test.

`NAME.graphql` holds one operation. A spread of a fragment whose name begins with a capital (`...Money`)
takes that fragment from `Money.fragment.graphql`, so that the pages of a list have the fields of its
first page. Lists are kept short: what a document may cost is 1,000 points, and Shopify counts what is
asked for, not what is found.
"""

import re
from functools import cache
from importlib import resources

_SPREAD = re.compile(r"\.\.\.\s*([A-Z]\w*)")


@cache
def document(name: str) -> str:
    """Return the operation `name` with the fragments that it spreads, as it is sent."""
    parts = [_text(f"{name}.graphql")]
    known: list[str] = []
    for part in parts:
        for fragment in _SPREAD.findall(part):
            if fragment not in known:
                known.append(fragment)
                parts.append(_text(f"{fragment}.fragment.graphql"))
    return "\n".join(parts)


def _text(file: str) -> str:
    return resources.files(__name__).joinpath(file).read_text(encoding="utf-8")
