"""Sans-IO protocols: bytes to values and back, and their state machines. Imports nothing of ours."""
