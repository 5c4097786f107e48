#!/bin/bash
# screenshots.sh DIRECTORY: every page, wide and narrow, light and dark, as the stories with browsers come past them.
set -euo pipefail
[ $# = 1 ] || { sed -n 2p "$0" >&2; exit 2; }
mkdir -p "$1"
PARLEY_SCREENSHOTS=$(realpath "$1")
export PARLEY_SCREENSHOTS
cd "$(dirname "$0")/.."
exec .venv/bin/pytest tests/stories/test_browser_meeting.py tests/stories/test_browser_spaces.py tests/stories/test_pages_spaces.py
