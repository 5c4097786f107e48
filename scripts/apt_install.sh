#!/bin/bash
# apt_install.sh PACKAGE...: install Debian packages as root or by sudo, or say what to type.
set -euo pipefail

say_what_to_type() {
    echo "Missing Debian packages. Type, then try again:" >&2
    echo "    sudo apt-get install -y $*" >&2
    exit 1
}

command -v apt-get > /dev/null || {
    echo "This is not a Debian. Install by your own means: $*" >&2
    exit 1
}
if [ "$(id -u)" = 0 ]; then
    as_root=()
elif command -v sudo > /dev/null && { sudo -n true 2> /dev/null || [ -t 0 ]; }; then
    as_root=(sudo)
else
    say_what_to_type "$@"
fi
export DEBIAN_FRONTEND=noninteractive
install=("${as_root[@]}" apt-get install -y --no-install-recommends "$@")
# The lists of a new or long unused machine are empty or old.
"${install[@]}" || { "${as_root[@]}" apt-get update && "${install[@]}"; } || say_what_to_type "$@"
