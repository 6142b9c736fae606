"""Attacks on the way of a delivery: what must not break however unkindly it is treated."""
