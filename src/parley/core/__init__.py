"""The pure rules of meetings: no await, clock, random, socket, database or log.

Time is an argument everywhere (seconds, monotonic for what happens in a call)."""
