"""Write docs/settings.md from the settings' own fields."""

from pathlib import Path

from parley.settings_docs import markdown

if __name__ == "__main__":
    Path(__file__).resolve().parents[1].joinpath("docs/settings.md").write_text(markdown())
