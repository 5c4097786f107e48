"""callBrandingProfiles and ivrBrandingProfiles (cms-api 2.11, 2.12)."""

from __future__ import annotations

from ...app.administration import Administration
from ...app.brandings import BrandingEdit
from .codecs import Url
from .fields import Field, Table
from .kept_objects import Objects, plain
from .router import Route

_LOCATION = Field(
    "resourceLocation",
    Url("http", "https"),
    "resource_location",
    listed=True,
    note="directory of sound files, fetched ahead; private addresses only as outbound.allowed_private says",
)
CALL_BRANDING = Table(
    "callBrandingProfile",
    "2.12",
    (Field("invitationTemplate", Url("http", "https"), since="1.8", listed=True), _LOCATION),
)
IVR_BRANDING = Table("ivrBrandingProfile", "2.11", (_LOCATION,))


def routes(administration: Administration, cap: int) -> list[Route]:
    """cap: most entries of one page."""
    kinds = ((CALL_BRANDING, administration.call_brandings), (IVR_BRANDING, administration.ivr_brandings))
    return [
        route
        for table, brandings in kinds
        for route in Objects(f"{table.name}s", table, brandings, plain(BrandingEdit), cap).routes()
    ]
