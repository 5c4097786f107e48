"""The CMS-compatible XML admin API, /api/v1. Words of that dialect stop here (field tables and one error table)."""
