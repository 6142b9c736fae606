"""Drafts a revision from what `app.db.tables` has and the migrations lack.

    python -m app.db.migrations.draft "stores can be renamed"
    python -m app.db.migrations.draft --first "the first tables"

The second form writes the first revision anew, as may be done only before a release. Read what was
drafted and mend it by hand: alembic does not see changed CHECK constraints, nor what must happen to
the rows. Rules for a revision: it must fit the previous code, which still runs while it is applied;
a table is STRICT (`sqlite_strict=True`).
"""

import argparse
import subprocess
import sys
import tempfile
from pathlib import Path

from alembic import command
from alembic.script import ScriptDirectory

from app.db import migrating, schema
from app.db.engine import open_database

_UPGRADE = "def upgrade() -> None:"


def draft(message: str, *, first: bool = False) -> Path:
    """Write a revision file and return its path."""
    versions = Path(__file__).parent / "versions"
    if first:
        for old in versions.glob("r*.py"):
            old.unlink()
    with tempfile.TemporaryDirectory() as folder:
        database = open_database(f"sqlite:///{folder}/draft.db")
        if not first:
            schema.upgrade(database)
        with database.transaction() as connection:
            config = migrating.config(connection)
            config.attributes["batch"] = not first
            config.set_main_option("file_template", "r%%(rev)s_%%(slug)s")
            number = len(list(ScriptDirectory.from_config(config).walk_revisions())) + 1
            command.revision(config, message=message, autogenerate=True, rev_id=f"{number:04}")
        database.close()
    [path] = versions.glob(f"r{number:04}_*.py")
    source = path.read_text(encoding="utf-8")
    if first:
        source = source.replace(_UPGRADE, f"{_UPGRADE}  # noqa: PLR0915 - one statement per table")
    lines = (line for line in source.splitlines(keepends=True) if "# ###" not in line)
    path.write_text("".join(lines), encoding="utf-8")
    for tidy in (["check", "--fix", "--exit-zero"], ["format"]):
        command_line = [sys.executable, "-m", "ruff", *tidy, "--silent", str(path)]
        subprocess.run(command_line, check=True)  # noqa: S603 - our own linter on our own file
    return path


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Draft a migration from app/db/tables.")
    parser.add_argument("message", help="what changes, as a short sentence")
    parser.add_argument("--first", action="store_true", help="write the first revision anew")
    arguments = parser.parse_args()
    print(draft(arguments.message, first=arguments.first))  # noqa: T201 - a command's answer
