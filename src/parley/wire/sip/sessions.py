"""How both halves of the layer keep the session timer of a dialog (RFC 4028 sections 7 to 10)."""

from parley.wire.sip.core import ClientEntry, Core
from parley.wire.sip.dialog import Dialog
from parley.wire.sip.errors import TheirMistake
from parley.wire.sip.message import Request, Response
from parley.wire.sip.session_timer import LEAST, REFRESHING, SessionExpires, SessionTimer, Terms, least_of, terms_for

Lines = list[tuple[str, str]]


def asked(core: Core, dialog: Dialog, request: Request) -> Terms | None:
    """What we shall agree to if the request is accepted; malformed headers were refused before."""
    usual = core.dialect.session_expires
    ours = dialog.session is not None and dialog.session.we_refresh
    return terms_for(request, usual, ours) if usual else None


def agree(core: Core, dialog: Dialog, terms: Terms | None, now: float) -> None:
    """The session is refreshed, and these are its terms from now on; None: it may last for ever."""
    if dialog.session is not None:
        dialog.session.abandon()
        dialog.session = None
    if terms is not None:
        dialog.session = SessionTimer(
            dialog.flow, core.timers, now, dialog=dialog.id, interval=terms.interval, we_refresh=terms.we_refresh
        )
        core.schedule.touch(dialog.session)


def offered(core: Core, dialog: Dialog | None = None) -> Lines:
    """Headers with which an INVITE or UPDATE of ours asks for a timer. dialog None: the INVITE opens one.

    Who refreshes goes on with it: in a request of ours we are "uac".
    """
    usual = core.dialect.session_expires
    session = dialog.session if dialog is not None else None
    if not usual:
        return []
    if dialog is None or session is None:
        return [("Session-Expires", str(usual))]
    lines = [("Session-Expires", f"{session.interval};refresher={'uac' if session.we_refresh else 'uas'}")]
    return [*lines, ("Min-SE", str(dialog.least_interval))] if dialog.least_interval else lines


def answered(core: Core, entry: ClientEntry, response: Response, now: float) -> None:
    """A final response to a request of ours: an INVITE or UPDATE of a call may have refreshed its session."""
    dialog = core.dialogs.get(entry.dialog) if entry.dialog else None
    if dialog is None or entry.method not in REFRESHING or response.status < 200 or not core.dialect.session_expires:
        return
    if response.status < 300:
        dialog.note_allow(response)
        agree(core, dialog, _agreed(dialog, response, entry.inside), now)
    elif dialog.session is not None and dialog.session.asking == entry.id:
        _refused(dialog, dialog.session, entry, response)
        put_off(core, dialog, now)


def _agreed(dialog: Dialog, response: Response, inside: bool) -> Terms | None:
    """What a 2xx says. An end that knows no timers says nothing: then we go on as before, by ourselves."""
    try:
        said = SessionExpires.of(response)
    except TheirMistake:
        said = None
    if said is not None:
        return Terms(max(said.seconds, LEAST), said.refresher != "uas")
    session = dialog.session
    return Terms(session.interval, session.we_refresh) if inside and session is not None else None


def _refused(dialog: Dialog, session: SessionTimer, entry: ClientEntry, response: Response) -> None:
    """Learn from the refusal of a refresh what the next one should be like."""
    if response.status == 422:
        try:
            dialog.least_interval = max(dialog.least_interval, least_of(response))
        except TheirMistake:
            return
        session.interval = max(session.interval, dialog.least_interval)
    elif response.status in (405, 501) and entry.method == "UPDATE":
        dialog.takes_update = False


def put_off(core: Core, dialog: Dialog, now: float) -> None:
    """Try the refresh again after a random while, each time a longer one."""
    session = dialog.session
    if session is None:
        return
    delay = core.glare_delay(dialog) * 2**session.failures
    session.failures = min(session.failures + 1, 10)
    session.put_off(now + min(delay, session.interval / 4))
    core.schedule.touch(session)
