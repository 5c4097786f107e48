"""What lives on from one start of the server to the next, over what is there."""

from __future__ import annotations

from collections.abc import Callable

from .app.ports import Store
from .app.survival import Survival
from .config import Settings
from .core.ids import TenantId
from .wiring_live import Live


def survival_of(settings: Settings, store: Store, live: Live) -> Survival:
    """Calls of ours count among their tenants' as before."""

    counts = live.dialling.counts

    def counted(tenant: TenantId | None) -> Callable[[], None]:
        place = counts.take_up(tenant, live.services.clock.now())
        return lambda: counts.release(place)

    live.sip.changed = live.directory.door_changed
    return Survival(store, live.directory, live.services, {"sip": live.sip}, settings.web.grace, counted)
