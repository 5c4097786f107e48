"""Parley, a self-hosted meeting server: one set of rooms, several dialects and doors."""

__version__ = "0.1.0"
