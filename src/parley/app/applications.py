"""Programs with a key of their own: making, changing and removing them."""

from __future__ import annotations

from dataclasses import dataclass, replace

from ..core.people import Application
from ..core.refusals import Refusal
from ..core.secret import Secret
from .account_rights import check_administers
from .booking import Actor
from .changes import Change, Changes
from .editing import KEEP, Kept
from .ports import Clock, Identifiers, Store, Transaction

APPLICATIONS_MOST = 100  # of one enterprise


@dataclass(frozen=True, slots=True, kw_only=True)
class ApplicationEdit:
    name: str | Kept = KEEP
    description: str | Kept = KEEP
    enabled: bool | Kept = KEEP


class Applications:
    """The use cases. Administrators see those of their own enterprise alone."""

    def __init__(self, store: Store, clock: Clock, identifiers: Identifiers, changes: Changes) -> None:
        self._store = store
        self._clock = clock
        self._identifiers = identifiers
        self._changes = changes

    async def all(self, actor: Actor) -> list[Application]:
        """Without order. Raises Refusal not-permitted."""
        check_administers(actor, "administer-applications")
        async with self._store.reading() as tx:
            return await _of(tx, actor)

    async def create(self, actor: Actor, edit: ApplicationEdit) -> Application:
        """Raises Refusal: not-permitted, missing(name), limit."""
        check_administers(actor, "administer-applications")
        if isinstance(edit.name, Kept) or not edit.name:
            raise Refusal("missing", field="name")
        now = self._clock.utc()
        application = Application(
            app_id=self._identifiers.uuid().replace("-", ""),
            app_key=self._key(),
            tenant=actor.tenant,
            created=now,
        )
        async with self._store.transaction() as tx:
            if len(await _of(tx, actor)) >= APPLICATIONS_MOST:
                raise Refusal("limit", which="application")
            application = self._edited(application, edit)
            await tx.save_application(application)
        return application

    async def change(self, actor: Actor, app_id: str, edit: ApplicationEdit) -> Application:
        """Raises Refusal: not-permitted, not-found, missing(name)."""
        if edit.name == "":
            raise Refusal("missing", field="name")
        async with self._store.transaction() as tx:
            application = self._edited(await _found(tx, actor, app_id), edit)
            await tx.save_application(application)
        self._changes.publish(Change("application", app_id))
        return application

    async def reset_key(self, actor: Actor, app_id: str) -> Application:
        """A new key; the old one opens nothing any more. Raises Refusal: not-permitted, not-found."""
        async with self._store.transaction() as tx:
            application = self._edited(await _found(tx, actor, app_id), ApplicationEdit())
            application = replace(application, app_key=self._key())
            await tx.save_application(application)
        self._changes.publish(Change("application", app_id))
        return application

    async def delete(self, actor: Actor, app_id: str) -> None:
        """Raises Refusal: not-permitted, not-found."""
        async with self._store.transaction() as tx:
            await _found(tx, actor, app_id)
            await tx.delete_application(app_id)
        self._changes.publish(Change("application", app_id, deleted=True))

    def _key(self) -> Secret:
        return Secret(self._identifiers.secret() + self._identifiers.secret())

    def _edited(self, application: Application, edit: ApplicationEdit) -> Application:
        values = {
            name: value
            for name in ("name", "description", "enabled")
            if not isinstance(value := getattr(edit, name), Kept)
        }
        return replace(application, changed=self._clock.utc(), **values)


async def _of(tx: Transaction, actor: Actor) -> list[Application]:
    return [one for one in await tx.applications() if one.tenant == actor.tenant]


async def _found(tx: Transaction, actor: Actor, app_id: str) -> Application:
    check_administers(actor, "administer-applications")
    application = await tx.application(app_id)
    if application is None or application.tenant != actor.tenant:
        raise Refusal("not-found", kind="application", id=app_id)
    return application
