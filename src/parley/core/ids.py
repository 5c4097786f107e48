"""Typed identifiers. All are lower-case UUID text made by the app layer; core only carries them."""

from typing import NewType

SpaceId = NewType("SpaceId", str)
AccessMethodId = NewType("AccessMethodId", str)
MemberId = NewType("MemberId", str)
UserId = NewType("UserId", str)
TenantId = NewType("TenantId", str)
LegProfileId = NewType("LegProfileId", str)
CallProfileId = NewType("CallProfileId", str)
InboundRuleId = NewType("InboundRuleId", str)
IvrId = NewType("IvrId", str)
MeetingId = NewType("MeetingId", str)
ParticipantId = NewType("ParticipantId", str)
LegId = NewType("LegId", str)
ConferenceId = NewType("ConferenceId", str)
OccurrenceId = NewType("OccurrenceId", str)
OutboundRuleId = NewType("OutboundRuleId", str)
ForwardingRuleId = NewType("ForwardingRuleId", str)
DialTransformId = NewType("DialTransformId", str)
OutboxId = NewType("OutboxId", str)
DeviceId = NewType("DeviceId", str)
BrandingId = NewType("BrandingId", str)
