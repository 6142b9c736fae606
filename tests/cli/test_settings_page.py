"""`.env.example` describes every setting that there is, and none that there is not."""

import re
from pathlib import Path

_ROOT = Path(__file__).parents[2]


def test_every_setting_is_described() -> None:
    code = (_ROOT / "app" / "settings.py").read_text()
    described = (_ROOT / ".env.example").read_text()
    read = set(re.findall(r'"([A-Z][A-Z_]{3,})"', code))
    assert {"DATABASE_URL", "PORT", "STEMPEL_DEV"} <= read
    assert set(re.findall(r"^#([A-Z_]+)=", described, re.MULTILINE)) == read
