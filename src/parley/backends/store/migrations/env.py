"""Run by Alembic. The connection and its transaction are the caller's (see migrate.py)."""

from alembic import context

from parley.backends.store.tables import metadata

connection = context.config.attributes["connection"]
# Batch mode copies a table where the database cannot alter it in place.
context.configure(connection=connection, target_metadata=metadata, render_as_batch=True)
with context.begin_transaction():
    context.run_migrations()
