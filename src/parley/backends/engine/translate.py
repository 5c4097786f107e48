"""Values of the core in the words of the engine's messages, and back."""

from __future__ import annotations

import base64
from dataclasses import fields

import msgspec

from ...app.ports import MediaStatistics
from ...core.leg_inputs import DtlsRemote, LegAudio, SrtpKeys, WebLocal, WebRemote
from ...core.mediaplan import LegMedia, MediaPlan
from ...core.meeting_inputs import Announce
from ...core.quality import LossRuns, QualityWindow
from ...core.secret import Secret
from ...engine import messages as m


def media_of(audio: LegAudio) -> m.LegMedia:
    return m.LegMedia(
        remote_host=audio.remote_host,
        remote_port=audio.remote_port,
        codec=m.Codec(name=audio.codec.name, payload_type=audio.codec.payload_type, clock_rate=audio.codec.clock_rate),
        dtmf_payload_type=audio.dtmf_payload_type,
        dtmf_clock_rate=audio.dtmf_clock_rate,
        packet_ms=audio.packet_ms,
        sends=audio.sends,
        receives=audio.receives,
        web=_web_remote(audio.web) if audio.web is not None else None,
        srtp=_srtp_keys(audio.srtp) if audio.srtp is not None else None,
        dtls=_dtls_remote(audio.dtls) if audio.dtls is not None else None,
        rtcp_mux=audio.rtcp_mux,
        rtcp_port=audio.rtcp_port,
        payload_type_in=audio.payload_type_in,
        dtmf_payload_type_in=audio.dtmf_payload_type_in,
    )


def _dtls_remote(dtls: DtlsRemote) -> m.DtlsRemote:
    return m.DtlsRemote(fingerprint=dtls.fingerprint, client=dtls.client)


def _srtp_keys(keys: SrtpKeys) -> m.SrtpKeys:
    theirs, ours = (base64.b64decode(key.reveal()) for key in (keys.theirs, keys.ours))
    return m.SrtpKeys(suite=keys.suite, theirs=theirs, ours=ours)


def _web_remote(web: WebRemote) -> m.WebRemote:
    return m.WebRemote(
        ufrag=web.ufrag,
        password=web.password.reveal(),
        fingerprint=web.fingerprint,
        setup=web.setup,
        level_extension=web.level_extension,
    )


def web_local(web: m.WebLocal) -> WebLocal:
    return WebLocal(web.port, web.ufrag, Secret(web.password), web.fingerprint, web.addresses)


def set_plan(number: int, plan: MediaPlan) -> m.SetPlan:
    return m.SetPlan(
        id=number, meeting=plan.meeting, number=plan.number, legs=tuple(_leg_plan(leg) for leg in plan.legs)
    )


def _leg_plan(leg: LegMedia) -> m.LegPlan:
    return m.LegPlan(
        leg=leg.leg,
        contributes=leg.contributes,
        receives=leg.receives,
        gain=leg.gain,
        agc=leg.agc,
        group=leg.group,
        announcement=leg.announcement,
        language=leg.language,
        repeat_ms=None if leg.repeat_after is None else int(leg.repeat_after * 1000),
        brand=leg.brand,
        echo_ms=None if leg.echo is None else int(leg.echo * 1000),
    )


def window_of(told: m.LegQuality) -> QualityWindow:
    return QualityWindow(
        seconds=told.seconds,
        received=told.received,
        lost=told.lost,
        sent=told.sent,
        bytes_received=told.bytes_received,
        bytes_sent=told.bytes_sent,
        jitter_ms=told.jitter_ms,
        buffer_ms=round(told.buffer_ms, 1),
        level=told.level,
        concealed_ms=told.concealed_ms,
        round_trip_ms=told.round_trip_ms,
        far_loss_percent=told.far_loss_percent,
        bursts=told.bursts,
        burst_ms=told.burst_ms,
        burst_lost=told.burst_lost,
    )


def statistics_of(told: m.LegStatistics) -> MediaStatistics:
    values = {spec.name: getattr(told, spec.name) for spec in fields(MediaStatistics)}
    values["losses"] = LossRuns(**msgspec.structs.asdict(told.losses))
    return MediaStatistics(**values)


def announce(number: int, announcement: Announce) -> m.Announce:
    return m.Announce(
        id=number,
        meeting=announcement.meeting,
        prompt=announcement.prompt,
        legs=announcement.legs,
        language=announcement.language,
        brand=announcement.brand,
    )


def load_prompts(number: int, brand: str, files: dict[str, str]) -> m.LoadPrompts:
    return m.LoadPrompts(id=number, brand=brand, files=files)
