"""What lives on from one start of the server to the next, over what is there."""

from __future__ import annotations

from collections.abc import Callable

from .app.dialling import Dialling
from .app.directory import Directory
from .app.legs import LegServices
from .app.ports import Store
from .app.survival import Survival
from .config import Settings
from .core.ids import TenantId
from .doors.sip.agent import SipAgent


def survival_of(
    settings: Settings, store: Store, directory: Directory, services: LegServices, sip: SipAgent, dialling: Dialling
) -> Survival:
    """Calls of ours count among their tenants' as before."""

    def counted(tenant: TenantId | None) -> Callable[[], None]:
        place = dialling.counts.take_up(tenant, services.clock.now())
        return lambda: dialling.counts.release(place)

    sip.changed = directory.door_changed
    return Survival(store, directory, services, {"sip": sip}, settings.web.grace, counted)
