"""Who may do what to accounts, and what an enterprise leaves to its administrators. All raise Refusal not-permitted."""

from __future__ import annotations

from ..core.people import AdministratorLevel, User
from ..core.refusals import Refusal
from .booking import Actor


def check_administers(actor: Actor, what: str) -> None:
    """what: the word of the refusal."""
    if not actor.administers:
        raise Refusal("not-permitted", what=what)


def check_may_touch(actor: Actor, user: User) -> None:
    """The default administrator is changed by itself alone."""
    if user.level is AdministratorLevel.DEFAULT and actor.user != user.id:
        raise Refusal("not-permitted", what="change-default-administrator")


def check_may_switch_off(actor: Actor, user: User) -> None:
    """Disable or delete."""
    if user.level is AdministratorLevel.DEFAULT:
        raise Refusal("not-permitted", what="remove-default-administrator")
    if user.id == actor.user:
        raise Refusal("not-permitted", what="remove-oneself")
    if user.level is AdministratorLevel.ADMINISTRATOR and actor.level is not AdministratorLevel.DEFAULT:
        raise Refusal("not-permitted", what="remove-administrator")


def check_may_reset(actor: Actor, user: User) -> None:
    """An administrator's password is reset by the default administrator alone."""
    if user.level is not AdministratorLevel.NONE and actor.level is not AdministratorLevel.DEFAULT:
        raise Refusal("not-permitted", what="reset-administrator")
