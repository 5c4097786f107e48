"""What control may ask for of a leg's media; everything else is refused before anything has changed."""

from __future__ import annotations

import re

from parley.engine.messages import DtlsRemote, LegMedia, SrtpKeys, WebRemote
from parley.engine.packets import PACKET_TIMES
from parley.engine.srtp import SUITES

_CLOCK_RATES = {"opus": 48_000, "pcmu": 8_000, "pcma": 8_000, "g722": 8_000}
# RFC 8839 section 5.4: ice-char, 4 to 256 of a ufrag and 22 to 256 of a password.
_UFRAG = re.compile(r"[A-Za-z0-9+/]{4,256}")
_PASSWORD = re.compile(r"[A-Za-z0-9+/]{22,256}")
_FINGERPRINT = re.compile(r"[0-9A-Fa-f]{2}(:[0-9A-Fa-f]{2}){31}")  # of SHA-256
_SETUPS = {"actpass", "active"}


class BadMedia(ValueError):
    """Media that cannot be carried; nothing of it was taken over. The text names no secret."""


def check_media(media: LegMedia) -> None:
    """Raises BadMedia."""
    rate = _CLOCK_RATES.get(media.codec.name)
    if rate is None or media.codec.clock_rate != rate:
        raise BadMedia(f"codec {media.codec.name!r} at {media.codec.clock_rate} Hz")
    incoming = (media.payload_type_in, media.dtmf_payload_type_in)
    for payload_type in (media.codec.payload_type, media.dtmf_payload_type, *incoming):
        if payload_type is not None and not 0 <= payload_type <= 127:
            raise BadMedia(f"payload type {payload_type}")
    if media.dtmf_payload_type == media.codec.payload_type:
        raise BadMedia("one payload type for voice and digits")
    if incoming[0] is not None and incoming[0] == incoming[1]:
        raise BadMedia("one payload type for incoming voice and digits")
    if media.packet_ms not in PACKET_TIMES:
        raise BadMedia(f"packets of {media.packet_ms} ms")
    if media.rtcp_port is not None and not 1 <= media.rtcp_port <= 65535:
        raise BadMedia(f"RTCP port {media.rtcp_port}")
    if not 0 <= media.remote_port <= 65535:
        raise BadMedia(f"remote port {media.remote_port}")
    if media.web is not None:
        _check_web(media.web)
    if media.srtp is not None:
        _check_srtp(media.srtp, media.web)
    if media.dtls is not None:
        _check_dtls(media.dtls, media)


def _check_web(web: WebRemote) -> None:
    if web == WebRemote(ufrag="", password="", fingerprint="", setup="actpass"):
        return  # of somebody who has not answered yet
    if not _UFRAG.fullmatch(web.ufrag) or not _PASSWORD.fullmatch(web.password):
        raise BadMedia("ICE credentials that are none")
    if not _FINGERPRINT.fullmatch(web.fingerprint):
        raise BadMedia("not the SHA-256 fingerprint of a certificate")
    if web.setup not in _SETUPS:
        raise BadMedia(f"DTLS setup {web.setup!r}: the far end must be the client")
    if web.level_extension is not None and not 1 <= web.level_extension <= 255:
        raise BadMedia(f"header extension {web.level_extension}")


def _check_srtp(keys: SrtpKeys, web: WebRemote | None) -> None:
    profile = SUITES.get(keys.suite)
    if profile is None:
        raise BadMedia(f"SRTP suite {keys.suite!r}")
    if web is not None:
        raise BadMedia("a browser agrees its keys by DTLS")
    if not len(keys.theirs) == len(keys.ours) == profile.key + profile.salt:
        raise BadMedia("an SRTP key of the wrong length")


def _check_dtls(dtls: DtlsRemote, media: LegMedia) -> None:
    if media.web is not None or media.srtp is not None:
        raise BadMedia("keys are agreed in one way alone")
    if dtls.fingerprint and not _FINGERPRINT.fullmatch(dtls.fingerprint):
        raise BadMedia("not the SHA-256 fingerprint of a certificate")
    if dtls.client and not dtls.fingerprint:
        raise BadMedia("nobody to begin a handshake with")
