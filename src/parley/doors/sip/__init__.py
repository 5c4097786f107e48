"""SIP listeners, the user agent and its legs."""
