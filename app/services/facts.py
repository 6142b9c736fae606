"""Facts as they are stored: JSON of the tagged structs in `app.programme.events`."""

import msgspec

from app.programme.events import Facts

_FACTS: msgspec.json.Decoder[Facts] = msgspec.json.Decoder(Facts)


def decode_facts(text: str) -> Facts:
    """Return stored facts as structs."""
    return _FACTS.decode(text)


def encode_facts(facts: Facts) -> str:
    """Return facts as the JSON that is stored."""
    return msgspec.json.encode(facts).decode()
