"""Names that people read on one line: what they may be made of."""

from typing import Annotated

from msgspec import Meta

from app.programme.reading import wrong

# Also the line ends and controls beyond ASCII: a shop shows a name on one line.
ONE_LINE = r"\A[^\x00-\x1f\x7f-\x9f\u2028\u2029]*\Z"

Name = Annotated[
    str,
    Meta(
        pattern=ONE_LINE,
        max_length=200,
        description="a name of at most 200 characters on one line, without blanks around",
    ),
]
ShortName = Annotated[
    str,
    Meta(
        pattern=ONE_LINE,
        max_length=100,
        description="a name of at most 100 characters on one line",
    ),
]


def check_name(path: str, name: str) -> None:
    """Refuse a name with blanks around it. Raises ConfigError."""
    if name != name.strip():
        raise wrong(path, name, "a name without blanks around")
