"""Alembic migrations: `env.py` runs them, `draft.py` writes a new one, `versions` holds them."""
