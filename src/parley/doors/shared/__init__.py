"""What several doors do alike, without a word of any dialect. Imports no door."""
