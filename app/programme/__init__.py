"""PURE rules of a loyalty programme: no database, clock or network (DESIGN.md, Layers)."""
