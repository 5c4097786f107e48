"""The SQL store (SQLAlchemy 2, Alembic)."""
