"""Tables, engine and the few places where SQLite and PostgreSQL differ."""
