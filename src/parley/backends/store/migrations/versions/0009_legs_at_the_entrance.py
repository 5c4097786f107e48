"""What outlives the server of callers at the entrance and of calls that ring."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("live_legs", sa.Column("entrance", sa.JSON()))
    op.add_column("live_legs", sa.Column("ringing", sa.Boolean(), nullable=False, server_default=sa.false()))
