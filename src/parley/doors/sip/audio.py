"""Between SDP and the core's idea of a leg's audio."""

from __future__ import annotations

import base64
from dataclasses import replace

from ...core.leg_inputs import AudioCodec, DtlsRemote, LegAudio, SrtpKeys
from ...core.secret import Secret
from ...wire.offer_answer import G722, OPUS, PCMA, PCMU, Answer, Audio, Local, make_answer, make_offer
from ...wire.sdes import Crypto, Keys, OurKeys
from ...wire.sdp import DIRECTIONS, Codec, Media, SdpMistake, Session, parse

PREFERENCES: tuple[Codec, ...] = (OPUS, G722, PCMU, PCMA)
NO_PORT = 9  # discard: stands for the port while only the far end's side is read


def read_offer(body: bytes | None) -> Session | None:
    """The offer in a body; None when there is none or it cannot be read."""
    if not body:
        return None
    try:
        return parse(body)
    except SdpMistake:
        return None


def answer_to(
    offer: Session,
    ours: tuple[str, int],
    session: int,
    *,
    keys: OurKeys | None,
    fingerprint: str | None = None,
    began: bool = False,
    secure: bool | None = None,
    current: Codec | None = None,
    previous: Session | None = None,
) -> Answer:
    """The answer to an offer, every m-line kept; its `audio` is None when there is nothing for us.

    `ours`: our media address and port; `keys`: ours of this call; `fingerprint`: of our certificate, for DTLS;
    `began`: its handshake, in this call, was ours to begin; `secure`: SRTP it must be, or plain RTP (None: as offered,
    SRTP where it is); `current`: the codec in use, kept when it is offered again; `previous`: our last description in
    this dialog, whose version the answer's o= line continues.
    """
    preferences = PREFERENCES
    if current is not None:
        preferences = tuple(sorted(PREFERENCES, key=lambda codec: not codec.same_format(current)))
    return make_answer(
        offer,
        Local(ours[0], ours[1], session),
        preferences=preferences,
        previous=previous,
        keys=keys,
        fingerprint=fingerprint,
        secure=secure,
        began=began,
    )


def our_offer(
    ours: tuple[str, int], session: int, crypto: Crypto | None = None, fingerprint: str | None = None
) -> Session:
    """To people we call, and to callers who leave the offer to us (RFC 3261 section 13.2.1: the answer comes with their
    ACK). crypto, fingerprint: our key or certificate, where it must be SRTP."""
    local = Local(ours[0], ours[1], session)
    return make_offer(local, preferences=PREFERENCES, crypto=crypto, fingerprint=fingerprint)


def undecided_audio(host: str) -> LegAudio:
    """What stands for the audio of such a caller until his answer: we listen and do not send."""
    codec = PREFERENCES[-1]
    return LegAudio(host, NO_PORT, AudioCodec(codec.name.lower(), codec.payload, codec.clock), sends=False)


def offer_again(sent: Session) -> Session:
    """What we said last, as an offer without hold: who asks us for an offer may want to end his (RFC 6337 5.3).

    The version grows only if something differs (RFC 3264 section 8).
    """
    media = [_both_ways(line) if line.port else line for line in sent.media]
    if media == sent.media:
        return sent
    return replace(sent, origin=replace(sent.origin, version=sent.origin.version + 1), media=media)


def _both_ways(media: Media) -> Media:
    return replace(
        media,
        attributes=[("sendrecv", None) if name in DIRECTIONS else (name, value) for name, value in media.attributes],
    )


def leg_audio(audio: Audio, fallback: tuple[str, int]) -> LegAudio:
    """What was agreed, in the core's words. `fallback`: where packets may come from when the SDP names no address
    (hold by an all-zero address): we then do not send."""
    host, port = audio.remote or fallback
    return LegAudio(
        remote_host=host,
        remote_port=port,
        codec=AudioCodec(audio.codec.name.lower(), audio.codec.payload, audio.codec.clock),
        dtmf_payload_type=audio.events.payload if audio.events else None,
        dtmf_clock_rate=audio.events.clock if audio.events else 8000,
        packet_ms=audio.packet_time,
        rtcp_mux=audio.rtcp_mux,
        rtcp_port=audio.rtcp_port,
        payload_type_in=audio.codec_in,
        dtmf_payload_type_in=audio.events_in,
        sends=audio.remote is not None and audio.direction in {"sendrecv", "sendonly"},
        receives=audio.direction in {"sendrecv", "recvonly"},
        srtp=_srtp_keys(audio.keys) if audio.keys is not None else None,
        dtls=DtlsRemote(audio.dtls.fingerprint, audio.dtls.client) if audio.dtls is not None else None,
    )


def _srtp_keys(keys: Keys) -> SrtpKeys:
    theirs, ours = (Secret(base64.b64encode(key.key).decode("ascii")) for key in (keys.theirs, keys.ours))
    return SrtpKeys(keys.ours.suite, theirs, ours)
