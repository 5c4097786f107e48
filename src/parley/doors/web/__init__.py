"""Pages for people. Plain HTML and ES modules, nothing from other hosts, a strict content security policy."""
