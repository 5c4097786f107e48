"""The client of the media engine's workers."""
