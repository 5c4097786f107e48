"""SIP (RFC 3261 with RFC 6026), sans-IO: messages, framing, transactions, dialogs."""
