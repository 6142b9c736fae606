"""Cells of CSV files as a spreadsheet shows them, never as something to work out."""

_FORMULAS = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")
"""How a cell begins that a spreadsheet would work out instead of showing it; some read wide signs so too."""


def as_text(cell: str) -> str:
    """Return a cell, with an apostrophe in front if a spreadsheet would take it for a formula."""
    return f"'{cell}" if cell.startswith(_FORMULAS) else cell
