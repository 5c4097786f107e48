#!/bin/bash
# The programs that the stories call the server with, and the browsers that open its pages; installed when missing, and never done without.
set -euo pipefail

missing=()
command -v baresip > /dev/null || missing+=(baresip-core)
command -v linphonec > /dev/null || missing+=(linphone-cli)
command -v sipp > /dev/null || missing+=(sip-tester)
command -v chromium > /dev/null || missing+=(chromium)
command -v firefox-esr > /dev/null || missing+=(firefox-esr)
command -v pulseaudio > /dev/null || missing+=(pulseaudio) # the browsers' loudspeaker
command -v turnserver > /dev/null || missing+=(coturn)
if [ ${#missing[@]} -gt 0 ]; then
    "$(dirname "$0")/apt_install.sh" "${missing[@]}"
fi
for program in baresip linphonec sipp chromium firefox-esr pulseaudio turnserver; do
    command -v $program > /dev/null || {
        echo "$program is not there after the installation" >&2
        exit 1
    }
done
