"""`.env.example` describes every setting that there is, and none that there is not."""

import re
from pathlib import Path

from connectors.registry import load_connectors

_ROOT = Path(__file__).parents[2]


def test_every_setting_is_described() -> None:
    code = (_ROOT / "app" / "settings.py").read_text()
    of_platforms = {
        f"{name}_{what}".upper().replace("-", "_")
        for name, connector in load_connectors().items()
        for what in ("origin", *(field.name for field in connector.fields))
    }
    described = (_ROOT / ".env.example").read_text()
    read = set(re.findall(r'"([A-Z][A-Z_]{3,})"', code))
    assert {"DATABASE_URL", "PORT", "STEMPEL_DEV"} <= read
    told = set(re.findall(r"^#([A-Z_]+)=", described, re.MULTILINE))
    assert read <= told
    assert told - read <= of_platforms
