"""Pages and the public API, served by Flask behind the edge."""
