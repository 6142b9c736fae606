"""One use case per file. Every function takes the connection it works on."""
