"""A small Shopify for demo, tests and benchmarks: a real HTTP server with the real one's traps."""
