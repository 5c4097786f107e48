"""Phones of our own that play a scenario against a running server."""
