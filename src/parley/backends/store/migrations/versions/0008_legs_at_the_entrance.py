"""Callers who stand at the entrance outlive the server: what they came to, and what was counted of them."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("live_legs", sa.Column("entrance", sa.JSON()))
