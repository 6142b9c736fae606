"""Facts as they are stored: JSON of the tagged structs in `app.programme.events`."""

import msgspec

from app.errors import Invalid, NotFound
from app.programme.events import Facts

UNREADABLE = (msgspec.DecodeError, Invalid, NotFound, ValueError)
"""What judging a stored object raises whose facts, context or version were altered from outside."""

_FACTS: msgspec.json.Decoder[Facts | None] = msgspec.json.Decoder(Facts | None)


def decode_facts(text: str) -> Facts | None:
    """Return stored facts as structs; None for an object of which nothing but its absence is known."""
    return _FACTS.decode(text)


def encode_facts(facts: Facts | None) -> str:
    """Return facts as the JSON that is stored."""
    return msgspec.json.encode(facts).decode()
