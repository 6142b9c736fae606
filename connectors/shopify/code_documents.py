"""The documents that make, look at and delete several discounts at once: one alias for each.

Scope: write_discounts, which includes read_discounts. A mutation costs 10 points, an object 1.
"""

from collections.abc import Sequence
from typing import Any

from connectors.shopify.code_inputs import Creation

POINTS_TO_WRITE = 10.0  # each
POINTS_TO_LOOK = 4.0  # each: by its id and by its code, a node and the discount in it

_STATE = "{ tags status asyncUsageCount usageLimit }"
# A discount of an app's own making is never ours: it shows no tags here.
_NODE = f"""
fragment Discount on DiscountCodeNode {{
  id
  codeDiscount {{
    __typename
    ... on DiscountCodeBasic {_STATE}
    ... on DiscountCodeFreeShipping {_STATE}
    ... on DiscountCodeBxgy {_STATE}
  }}
}}
"""

Document = tuple[str, dict[str, Any]]
"""A text and its variables."""


def alias(number: int) -> str:
    """Return the name under which the answer has the discount with this place in the list."""
    return f"discount{number}"


def making(creations: Sequence[Creation]) -> Document:
    """Return the mutation that makes the discounts in turn."""
    declared = [f"$input{number}: {one.type}" for number, one in enumerate(creations)]
    lines = [
        f"  {alias(number)}: {one.field}({one.argument}: $input{number}) "
        "{ codeDiscountNode { id } userErrors { field code } }"
        for number, one in enumerate(creations)
    ]
    variables = {f"input{number}": one.input for number, one in enumerate(creations)}
    return _document("mutation MakeCodes", declared, lines), variables


def looking(codes: Sequence[str], ids: Sequence[str]) -> Document:
    """Return the query for discounts by their codes, and for those with these global ids in `nodes`."""
    declared = [f"$code{number}: String!" for number in range(len(codes))]
    lines = [
        f"  {alias(number)}: codeDiscountNodeByCode(code: $code{number}) {{ ...Discount }}"
        for number in range(len(codes))
    ]
    variables: dict[str, Any] = {f"code{number}": code for number, code in enumerate(codes)}
    if ids:
        declared.append("$ids: [ID!]!")
        lines.append("  nodes(ids: $ids) { ...Discount }")
        variables["ids"] = list(ids)
    return _document("query LookAtCodes", declared, lines) + _NODE, variables


def deleting(ids: Sequence[str]) -> Document:
    """Return the mutation that deletes the discounts with these global ids in turn."""
    declared = [f"$id{number}: ID!" for number in range(len(ids))]
    lines = [
        f"  {alias(number)}: discountCodeDelete(id: $id{number}) {{ userErrors {{ field code }} }}"
        for number in range(len(ids))
    ]
    variables = {f"id{number}": one for number, one in enumerate(ids)}
    return _document("mutation EndCodes", declared, lines), variables


def _document(head: str, declared: Sequence[str], lines: Sequence[str]) -> str:
    return f"{head}({', '.join(declared)}) {{\n" + "\n".join(lines) + "\n}\n"
