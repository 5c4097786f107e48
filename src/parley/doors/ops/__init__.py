"""The operator's door: a UNIX socket in the data directory that the command line speaks to."""
