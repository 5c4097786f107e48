"""From settings to couriers, and to the writer of letters."""

from __future__ import annotations

from pydantic import SecretStr

from .app.ports import Clock
from .backends.notify.letters import MailWriter
from .backends.notify.smpp import SmppCourier, SmppSettings
from .backends.notify.sms_http import SmsGatewayCourier, SmsGatewaySettings
from .backends.notify.smtp import SmtpCourier, SmtpSettings
from .config_notices import Mail, Sms
from .core.outbox import Channel
from .core.secret import Secret


def couriers_of(mail: Mail, sms: Sms, clock: Clock) -> dict[Channel, SmtpCourier | SmsGatewayCourier | SmppCourier]:
    """Of the channels that are set up. Raises OSError when mail.ca cannot be read."""
    couriers: dict[Channel, SmtpCourier | SmsGatewayCourier | SmppCourier] = {}
    if mail.host is not None:
        couriers[Channel.MAIL] = SmtpCourier(
            SmtpSettings(
                host=mail.host,
                port=mail.default_port,
                security=mail.security,
                sender=mail.sender_parts[1],
                username=mail.username,
                password=_secret(mail.password),
                authorities=mail.ca,
            ),
            clock.now,
        )
    if sms.url is not None:
        gateway = SmsGatewaySettings(sms.url, sms.sender, _secret(sms.token), _secret(sms.key))
        couriers[Channel.SMS] = SmsGatewayCourier(gateway, clock.utc)
    elif sms.smpp_host is not None:
        couriers[Channel.SMS] = SmppCourier(
            SmppSettings(
                host=sms.smpp_host,
                port=sms.smpp_port,
                system_id=sms.smpp_system_id,
                password=_secret(sms.smpp_password) or Secret(""),
                sender=sms.sender,
                system_type=sms.smpp_system_type,
                tls=sms.smpp_tls,
            )
        )
    return couriers


def writer_of(mail: Mail) -> MailWriter | None:
    """None when mail is off."""
    return MailWriter(mail.sender_parts) if mail.host is not None else None


def _secret(value: SecretStr | None) -> Secret | None:
    return Secret(value.get_secret_value()) if value is not None else None
