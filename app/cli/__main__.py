"""`python -m app.cli` is `stempel`."""

from app.cli import main

main()
