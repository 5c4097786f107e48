#!/bin/bash
# make_venv.sh PYTHON: create .venv; on a Debian without python3-venv, install that or say what to type.
set -euo pipefail
python=${1:-python3}

if ! command -v "$python" > /dev/null; then
    echo "There is no $python. On Debian: sudo apt-get install -y python3 python3-venv" >&2
    exit 1
fi
if ! "$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))'; then
    echo "Parley needs Python 3.11 or later, and this is $("$python" --version)." >&2
    echo "Name another one: make run PYTHON=python3.12" >&2
    exit 1
fi
# Debian ships the interpreter without ensurepip, which venv needs.
if ! "$python" -c 'import ensurepip, venv' 2> /dev/null; then
    "$(dirname "$0")/apt_install.sh" python3-venv
fi
if ! "$python" -m venv .venv; then
    rm -rf .venv # half made, it would pass for whole the next time
    exit 1
fi
