"""Stores what an empty data directory needs: an administrator, an application, a demo space."""

from __future__ import annotations

from dataclasses import dataclass, field

from .app.administration import Administration
from .app.credentials import Credentials
from .app.ports import Identifiers, Store
from .app.profiles import CallProfileEdit, LegProfileEdit
from .app.spaces import AccessMethodEdit, SpaceEdit
from .config import Settings
from .core.people import Application
from .core.profiles import PasscodeMode
from .core.secret import Secret
from .first_run import ADMINISTRATOR, DemoSpace, demo_space, generated_password

DEMO_URI = "demo"


@dataclass(frozen=True, slots=True)
class FirstStart:
    """What the banner is to show of it. password: only when it was generated just now."""

    password: str | None = field(default=None, repr=False)
    demo: DemoSpace | None = None


async def prepare(
    settings: Settings,
    empty: bool,
    store: Store,
    administration: Administration,
    credentials: Credentials,
    identifiers: Identifiers,
) -> FirstStart:
    """Does nothing but look for the demo space unless the data directory was empty.

    Where the environment names the first administrator, a program is installing: no demo space is made then.
    """
    password: str | None = None
    if empty:
        if settings.bootstrap_admin is not None:
            given = settings.bootstrap_admin
            await credentials.bootstrap(given.name, given.secret.get_secret_value())
        else:
            password = generated_password()
            await credentials.bootstrap(ADMINISTRATOR, password)
            await _make_demo(administration, identifiers)
        if settings.bootstrap_app is not None:
            app = settings.bootstrap_app
            async with store.transaction() as tx:
                await tx.save_application(Application(app.name, Secret(app.secret.get_secret_value())))
    return FirstStart(password, await _find_demo(store))


async def _make_demo(administration: Administration, identifiers: Identifiers) -> None:
    """Scenario 6.3 of the CMS reference: one address, guests without PIN, the host with one."""
    demo = demo_space(identifiers.digits)
    guest = await administration.leg_profiles.create(
        LegProfileEdit(name="Demo guest", settings={"needs_activation": True})
    )
    host = await administration.leg_profiles.create(
        LegProfileEdit(name="Demo host", settings={"needs_activation": False})
    )
    entry = await administration.call_profiles.create(
        CallProfileEdit(
            settings={"passcode_mode": PasscodeMode.TIMEOUT, "passcode_timeout": demo.passcode_timeout},
            extras={"native": {"name": "Demo"}},  # only the administration's pages show call profiles by name
        )
    )
    space = await administration.spaces.create(
        SpaceEdit(name=demo.name, uri=DEMO_URI, call_id=demo.guest_call_id, leg_profile=guest, call_profile=entry)
    )
    await administration.spaces.create_access_method(
        space,
        AccessMethodEdit(
            name="Host", uri=DEMO_URI, call_id=demo.host_call_id, passcode=Secret(demo.host_pin), leg_profile=host
        ),
    )


async def _find_demo(store: Store) -> DemoSpace | None:
    """The demo space as it stands, while it still has its two doors."""
    async with store.reading() as tx:
        methods = await tx.access_methods.by_uri(DEMO_URI)
        guest = next((method for method in methods if method.own and method.passcode is None), None)
        host = next((method for method in methods if not method.own and method.passcode is not None), None)
        if guest is None or host is None or host.passcode is None:
            return None
        space = await tx.spaces.get(guest.space)
        profile = await tx.call_profiles.get(space.call_profile) if space and space.call_profile else None
    if space is None or profile is None:
        return None
    timeout = profile.settings.passcode_timeout or 5
    return DemoSpace(space.name, DEMO_URI, guest.call_id or "", host.call_id or "", host.passcode.reveal(), timeout)
