"""Between a browser's description of its sound and the core's."""

from __future__ import annotations

from ...core.leg_inputs import AudioCodec, LegAudio, WebRemote
from ...core.secret import Secret
from ...wire.web_sdp import WebOffer


def audio_of(offer: WebOffer) -> LegAudio:
    """In the words of legs. Candidates are learnt from checks, so there is no address."""
    return LegAudio(
        remote_host="",
        remote_port=0,
        codec=AudioCodec("opus", offer.opus.payload, offer.opus.clock),
        dtmf_payload_type=offer.events.payload if offer.events else None,
        dtmf_clock_rate=offer.events.clock if offer.events else 8000,
        sends=offer.direction in {"sendrecv", "sendonly"},
        receives=offer.direction in {"sendrecv", "recvonly"},
        web=WebRemote(
            ufrag=offer.ufrag,
            password=Secret(offer.password),
            fingerprint=offer.fingerprint,
            setup=offer.setup,
            level_extension=offer.level_extension,
        ),
    )
