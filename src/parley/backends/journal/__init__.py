"""The append-only journal file of call records and event-log lines."""
