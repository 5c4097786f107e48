"""One adapter per way in. Doors import neither backends nor one another."""
