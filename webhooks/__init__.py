"""The HTTP edge: receives deliveries, verifies them, commits them, answers. No per-platform code."""
