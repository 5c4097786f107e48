"""The other side of the ports: they decide nothing."""
