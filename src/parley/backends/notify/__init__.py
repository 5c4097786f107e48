"""Notices on their way out: letters written down as mail, and couriers to SMTP servers and SMS gateways."""
