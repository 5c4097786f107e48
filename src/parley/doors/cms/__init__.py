"""The CMS-compatible XML admin API, /api/v1."""
