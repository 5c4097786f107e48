"""The entrance: prompts and digits, from the first prompt to a chosen door or to giving up (cms-api 3.4, 3.5).

Theory of operation
-------------------
A caller passes at most two stages: ID (only at an IVR) and PIN. In each a prompt plays; the first digit
stops it; `#`, or silence after a digit, ends the entry. Then the entrance waits for an answer from outside
(RESOLVING a call ID, JUDGING a PIN) and either has an outcome, prompts again, or says GOODBYE and gives up
when that prompt has ended. Silence is counted from the end of the prompt, because callers listen first.

A call ID that leads nowhere goes on to the PIN stage like a known one, and its PINs are judged and refused by
the same prompts, so that nobody learns which IDs exist. The reason of the end still tells them apart inside.

For the same reason a space's own prompts and language are heard only where its address was dialled: at an IVR all
that is heard is the IVR's. A caller who says in which language he wants to be spoken to is spoken to in that one.

The entrance makes no door: what a PIN means is said by `admission`, performed elsewhere and handed in.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from .admission import NOTHING_PROVEN, Admit, Answer, AskPin, Candidates, Proof, Refuse, Verdict, WrongPin, ask
from .attempts import source_key
from .dialplan import Ivr
from .endings import Reason
from .events import PinRefused, PromptUnanswered
from .ids import AccessMethodId, LegId
from .leg_inputs import EntrySettings, JudgePin, LegEffect, Play, RecordLeg, ResolveCallId, StopPlaying
from .profiles import PasscodeMode
from .secret import Secret

WELCOME = "welcome"
GREETING = "greeting"  # of a space that has prompts of its own
ENTER_ID = "enter-id"
ID_INCORRECT = "id-incorrect"
PIN_INCORRECT = "pin-incorrect"
TIMEOUT_GOODBYE = "timeout-goodbye"
MEETING_FULL = "meeting-full"
# How the PIN prompt says that there is a blank door, by the way "no PIN" is said.
ENTER_PIN = {
    None: "enter-pin",
    PasscodeMode.REQUIRED: "enter-pin-or-hash",
    PasscodeMode.TIMEOUT: "enter-pin-or-wait",
}
# A goodbye that nobody reports as heard (its worker may be gone) is over after this many seconds.
GOODBYE_LIMIT = 15.0
_KEYS = frozenset("0123456789*ABCD")


class Stage(StrEnum):
    NOWHERE = "nowhere"  # before the first prompt, or through
    ID = "id"
    RESOLVING = "resolving"
    PIN = "pin"
    JUDGING = "judging"
    GOODBYE = "goodbye"


_STANDING = frozenset({Stage.ID, Stage.RESOLVING, Stage.PIN, Stage.JUDGING})


@dataclass(frozen=True, slots=True)
class SoFar:
    """What was counted of a caller at the entrance. began: when he came to it, monotonic seconds; None: not yet."""

    wrong_ids: int = 0
    wrong_pins: int = 0
    began: float | None = None


NOTHING_SO_FAR = SoFar()


@dataclass(frozen=True, slots=True)
class Entered:
    """A door was chosen."""

    candidates: Candidates
    access_method: AccessMethodId
    proof: Proof = NOTHING_PROVEN


@dataclass(frozen=True, slots=True)
class GaveUp:
    """Hang up for this reason; every prompt has been heard."""

    reason: Reason


class Entrance:
    """One caller's way through the prompts. Every method returns effects; then look at `outcome`."""

    def __init__(
        self,
        leg: LegId,
        number: int,
        source: str,
        settings: EntrySettings,
        encrypted_media: bool = False,
        wanted: str = "",
        plays: int = 0,
        so_far: SoFar = NOTHING_SO_FAR,
    ) -> None:
        """wanted: the language that the caller asks for; empty: he does not say. plays: numbers of prompts begin after
        this one. so_far: of a caller who is asked once more from the first question on."""
        self._leg = leg
        self._number = number
        self._source = source
        self._settings = settings
        self._encrypted_media = encrypted_media
        self._wanted = wanted
        self._brand = ""
        self.language = settings.spoken_to(wanted)  # that the caller is spoken to in
        self.stage = Stage.NOWHERE
        self.outcome: Entered | GaveUp | None = None
        self._began = so_far.began
        self._ivr: Ivr | None = None
        self._candidates: Candidates | None = None  # None in the PIN stage: nothing is behind this call ID
        self._proof = NOTHING_PROVEN  # towards the space of these candidates
        self._question = AskPin()
        self._closed_to_caller: Reason | None = None  # why candidates is None, where that is known
        self._typed = ""
        self._ahead = ""  # typed while a call ID was being looked up
        self._wrong = {Stage.ID: so_far.wrong_ids, Stage.PIN: so_far.wrong_pins}
        self._plays = plays
        self._playing: int | None = None
        self._answered = False  # a digit has come, or the first prompt's end was told
        self._silence_until: float | None = None
        self._goodbye_reason = Reason.NO_INPUT

    @property
    def so_far(self) -> SoFar | None:
        """None: the caller has been asked for the last time."""
        if self.stage is Stage.GOODBYE:
            return None
        return SoFar(self._wrong[Stage.ID], self._wrong[Stage.PIN], self._began)

    # --- beginnings ---------------------------------------------------------------------------------------------

    def ask_id(self, ivr: Ivr, now: float) -> list[LegEffect]:
        """Welcome a caller to an IVR."""
        self._ivr = ivr
        if self._began is None:
            self._began = now
        self._sound_as(ivr.ivr_branding, ivr.language)
        return self._prompt(Stage.ID, WELCOME, ENTER_ID)

    def ask_pin(
        self, candidates: Candidates | None, question: AskPin, now: float, proof: Proof = NOTHING_PROVEN
    ) -> list[LegEffect]:
        """Ask for the PIN of these doors; None: there are none, which the caller is not to notice."""
        if self._began is None:
            self._began = now
        self._candidates = candidates
        self._proof = proof
        self._question = question
        prompt = ENTER_PIN[question.blank]
        if self._ivr is not None or candidates is None:
            return self._prompt(Stage.PIN, prompt)
        self._sound_as(candidates.brand, candidates.language)
        return self._prompt(Stage.PIN, *((GREETING, prompt) if self._brand else (prompt,)))

    def _sound_as(self, brand: str | None, language: str | None) -> None:
        self._brand = brand or ""
        self.language = self._settings.spoken_to(self._wanted or language or "")

    def say_goodbye(self, prompt: str, reason: Reason, now: float) -> list[LegEffect]:
        """Say this and give up for that reason."""
        self.outcome = None
        self._goodbye_reason = reason
        effects = self._prompt(Stage.GOODBYE, prompt)
        self._silence_until = now + GOODBYE_LIMIT
        return effects

    # --- what comes in ------------------------------------------------------------------------------------------

    def digit(self, digit: str, now: float) -> list[LegEffect]:
        if digit != "#" and digit not in _KEYS:
            return []
        if self.stage is Stage.RESOLVING and len(self._ahead) <= self._settings.digits_most:
            self._ahead += digit
        if self.stage not in {Stage.ID, Stage.PIN}:
            return []
        effects = self._hush()
        self._answered = True
        if digit == "#":
            return [*effects, *self._entry_ends(now)]
        if len(self._typed) < self._settings.digits_most:
            self._typed += digit
        self._silence_until = now + self._settings.digit_timeout
        return effects

    def play_ended(self, play: int, now: float) -> list[LegEffect]:
        if play != self._playing:
            return []
        self._playing = None
        if self.stage is Stage.GOODBYE:
            return self._give_up()
        effects: list[LegEffect] = []
        if not self._answered:
            self._answered = True
            effects.append(RecordLeg(PromptUnanswered(self._leg, self._number)))
        patience = self._patience()
        self._silence_until = None if patience is None else now + patience
        return effects

    def call_id_resolved(
        self, candidates: Candidates | None, now: float, proof: Proof = NOTHING_PROVEN
    ) -> list[LegEffect]:
        if self.stage is not Stage.RESOLVING:
            return []
        answer: Answer = Refuse(Reason.UNKNOWN_CALL_ID)
        if candidates is not None:
            answer = ask(candidates, self._encrypted_media, proof)
        if isinstance(answer, Admit) and candidates is not None:
            self._proof = proof
            return self._enter(candidates, answer.access_method)
        if isinstance(answer, AskPin):
            effects = self.ask_pin(candidates, answer, now, proof)
        else:
            self._closed_to_caller = answer.reason if isinstance(answer, Refuse) else None
            effects = self.ask_pin(None, AskPin(), now)
        ahead, self._ahead = self._ahead, ""
        for digit in ahead:
            effects += self.digit(digit, now)  # after a `#` the stage is JUDGING, which takes no more
        return effects

    def pin_judged(self, verdict: Verdict, now: float) -> list[LegEffect]:
        if self.stage is not Stage.JUDGING:
            return []
        if isinstance(verdict, Admit) and self._candidates is not None:
            return self._enter(self._candidates, verdict.access_method)
        reason = verdict.reason if isinstance(verdict, WrongPin) else Reason.UNKNOWN_CALL_ID
        if self._candidates is None and self._closed_to_caller is not None:
            reason = self._closed_to_caller
        space = self._candidates.space if self._candidates is not None else None
        refused = RecordLeg(PinRefused(self._leg, self._number, reason, space, source_key(self._source)))
        return [refused, *self._try_again(Stage.PIN, PIN_INCORRECT, reason, now)]

    def tick(self, now: float) -> list[LegEffect]:
        """Let happen what time has made due."""
        if self.stage in _STANDING and self._began is not None and now >= self._began + self._settings.stay_limit:
            return [*self._hush(), *self.say_goodbye(TIMEOUT_GOODBYE, Reason.NO_INPUT, now)]
        if self._silence_until is None or now < self._silence_until:
            return []
        if self.stage is Stage.GOODBYE:
            return self._give_up()
        if self._typed or self._silence_is_blank():
            return self._entry_ends(now)
        return self.say_goodbye(TIMEOUT_GOODBYE, Reason.NO_INPUT, now)

    def next_deadline(self) -> float | None:
        times: list[float] = []
        if self._silence_until is not None:
            times.append(self._silence_until)
        if self.stage in _STANDING and self._began is not None:
            times.append(self._began + self._settings.stay_limit)
        return min(times, default=None)

    # --- rules --------------------------------------------------------------------------------------------------

    def _silence_is_blank(self) -> bool:
        """After a wrong PIN somebody is trying PINs: his silence is no longer meant as "none"."""
        return self.stage is Stage.PIN and self._question.blank is PasscodeMode.TIMEOUT and not self._wrong[Stage.PIN]

    def _patience(self) -> float | None:
        """Seconds of silence after a prompt that mean something; None: silence means nothing."""
        if self._silence_is_blank() and self._question.timeout is not None:
            return self._question.timeout
        if self.stage is Stage.PIN and self._question.blank is PasscodeMode.REQUIRED:
            return None
        return self._settings.no_input_timeout

    def _entry_ends(self, now: float) -> list[LegEffect]:
        typed, self._typed = self._typed, ""
        self._silence_until = None
        if self.stage is Stage.PIN:
            self.stage = Stage.JUDGING
            return [JudgePin(self._candidates, Secret(typed), self._source, self._proof)]
        if not typed or self._ivr is None:
            return self._try_again(Stage.ID, ID_INCORRECT, Reason.UNKNOWN_CALL_ID, now)
        self.stage = Stage.RESOLVING
        return [ResolveCallId(self._ivr, typed)]

    def _try_again(self, stage: Stage, prompts: str, reason: Reason, now: float) -> list[LegEffect]:
        self._wrong[stage] += 1
        left = self._settings.tries - self._wrong[stage]
        if left <= 0:
            return self.say_goodbye(f"{prompts}-goodbye", reason, now)
        return self._prompt(stage, f"{prompts}-final-attempt" if left == 1 else f"{prompts}-try-again")

    def _prompt(self, stage: Stage, *prompts: str) -> list[LegEffect]:
        self.stage = stage
        self._typed = ""
        self._silence_until = None
        self._plays += 1
        self._playing = self._plays
        return [Play(self._plays, prompts, self.language, self._brand)]

    def _hush(self) -> list[LegEffect]:
        if self._playing is None:
            return []
        self._playing = None
        return [StopPlaying()]

    def _enter(self, candidates: Candidates, access_method: AccessMethodId) -> list[LegEffect]:
        self.stage = Stage.NOWHERE
        self._silence_until = None
        self.outcome = Entered(candidates, access_method, self._proof)
        return []

    def _give_up(self) -> list[LegEffect]:
        self.stage = Stage.NOWHERE
        self._silence_until = None
        self.outcome = GaveUp(self._goodbye_reason)
        return []
