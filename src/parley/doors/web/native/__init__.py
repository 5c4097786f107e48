"""The native JSON API below /api/parley/v1: what the pages speak. One file per subject, models in and out."""
