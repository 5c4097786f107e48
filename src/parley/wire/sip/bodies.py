"""What must be understood of a body (RFC 3204 section 6, RFC 5621).

A body that we do not know is refused where its sender says, or by silence means, that it must be understood. Parts of a
multipart body are passed over unless their sender says so in words: phones and gateways send locations, pictures
and signalling of other networks beside their SDP, and few say that we may ignore it.
"""

from collections.abc import Collection

from parley.wire.sip.message import Request, Response, body_part, handling, parts_of

SDP = "application/sdp"


def unacceptable(request: Request, known: Collection[str]) -> bool:
    """Is there something in the body that must be understood and is not? known: media types in lower case."""
    if not request.body or (not request.content_type.startswith("multipart/") and request.content_type in known):
        return False
    if request.content_type in known:
        return any(part.kind not in known and part.handling == "required" for part in parts_of(request))
    return handling(request.headers) != "optional"


def describes(message: Request | Response) -> bool:
    """Does it hold a session description?"""
    return body_part(message, SDP) is not None


def takes(request: Request, media_type: str) -> bool:
    """Would its sender read a body of that type (RFC 3261 section 20.1)? Silence means SDP."""
    lines = request.headers.lines("Accept")
    if not lines:
        return media_type == SDP
    kind, _, _ = media_type.partition("/")
    wanted = {media_type, f"{kind}/*", "*/*"}
    return any(value.partition(";")[0].strip().lower() in wanted for value in ",".join(lines).split(","))
