"""All use cases around people and programs, in one bundle for doors."""

from __future__ import annotations

from dataclasses import dataclass

from .accounts import Accounts
from .applications import Applications
from .changes import Changes
from .departments import Departments
from .enterprises import OWN_NAME, Enterprises
from .passwords import Announce, HashingQueue, PasswordLimits, Passwords, Welcome
from .ports import Clock, Identifiers, PasswordHasher, Store
from .sign_in import SignIn, SignInLimits
from .tokens import TokenLimits, Tokens
from .users import Users


@dataclass(frozen=True, slots=True)
class People:
    enterprises: Enterprises
    departments: Departments
    accounts: Accounts
    tokens: Tokens
    passwords: Passwords
    sign_in: SignIn
    applications: Applications
    domain: str


def people(
    store: Store,
    clock: Clock,
    identifiers: Identifiers,
    changes: Changes,
    hasher: PasswordHasher,
    users: Users,
    *,
    domain: str,
    own_name: str = OWN_NAME,
    tokens: TokenLimits | None = None,
    sign_in: SignInLimits | None = None,
    passwords: PasswordLimits | None = None,
    announce: Announce | None = None,
    welcome: Welcome | None = None,
) -> People:
    """domain: of sign-in names without one. own_name: of the installation's own enterprise until it is changed.

    announce: sends people a password that was made for them; None: none is made. welcome: the same of new accounts.
    """
    enterprises = Enterprises(store, changes, own_name)
    departments = Departments(store, identifiers, enterprises)
    accounts = Accounts(store, identifiers, changes, users, departments, domain)
    given = Tokens(store, clock, changes, tokens)
    hashing = HashingQueue(hasher, passwords)
    return People(
        enterprises,
        departments,
        accounts,
        given,
        Passwords(store, clock, changes, hashing, accounts, given, passwords, announce, welcome),
        SignIn(store, clock, changes, hashing, accounts, enterprises, given, sign_in),
        Applications(store, clock, identifiers, changes),
        domain,
    )
