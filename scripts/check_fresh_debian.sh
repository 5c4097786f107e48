#!/bin/bash
# From a clone to the first tone heard, on a Debian made for the occasion, as an ordinary user.
#
# Needs root and debootstrap. Makes a chroot, clones HEAD into it, runs `make run`, lets the demo's phones call the
# demo space, and prints the times. PARLEY_ variables reach the server, for machines where its ports are taken;
# proxy settings, resolver, certificates and the configuration of apt and pip are taken over from this machine.
set -euo pipefail

suite=bookworm
packages=ca-certificates,git,make,python3,python3-venv # the README's first line
repository=$(git -C "$(dirname "$0")" rev-parse --show-toplevel)

[ "$(id -u)" = 0 ] || { echo "check_fresh_debian.sh: needs root, for chroot and mounts" >&2; exit 1; }
command -v debootstrap > /dev/null || { echo "check_fresh_debian.sh: needs the package debootstrap" >&2; exit 1; }

root=$(mktemp -d -p /var/tmp)
chmod 755 "$root" # it becomes the ordinary user's /
log=$(mktemp -p /tmp --suffix=.fresh-debian.log)
server=

clean_up() {
    status=$?
    trap - EXIT INT TERM
    [ -z "$server" ] || kill -TERM -- "-$server" 2> /dev/null || true
    [ -z "$server" ] || wait "$server" 2> /dev/null || true
    # Deepest first; only what lies below our own directory.
    awk -v root="$root/" 'index($2, root) == 1 { print $2 }' /proc/mounts | sort -r | while read -r place; do
        umount -l "$place"
    done
    rm -rf --one-file-system "$root"
    [ $status = 0 ] && rm -f "$log" || echo "what make run printed: $log" >&2
    exit $status
}
trap clean_up EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

# --- the machine ---

# The mirror that this machine uses for the suite; debootstrap's own default without one.
mirror=$(awk -v suite=$suite '
    /^deb / { for (i = 2; i < NF; i++) if ($i ~ /^https?:/ && $(i + 1) == suite) print $i }
    /^URIs:/ { uri = $2 }
    /^Suites:/ { for (i = 2; i <= NF; i++) if ($i == suite) print uri }
' /etc/apt/sources.list /etc/apt/sources.list.d/*.list /etc/apt/sources.list.d/*.sources 2> /dev/null | head -n 1 || true)
echo "making a Debian $suite below $root"
debootstrap --variant=minbase --include=$packages $suite "$root" ${mirror:+"$mirror"} > "$log" 2>&1 || {
    tail -n 20 "$log" >&2
    exit 1
}
mount -t proc proc "$root/proc"
mount --bind /dev "$root/dev"
mkdir -p "$root/dev/shm"

cp -L /etc/resolv.conf /etc/hosts "$root/etc/"
for part in apt.conf.d auth.conf.d trusted.gpg.d keyrings; do
    if [ -d /etc/apt/$part ]; then cp -r /etc/apt/$part "$root/etc/apt/"; fi
done
if compgen -G '/usr/local/share/ca-certificates/*.crt' > /dev/null; then
    cp -r /usr/local/share/ca-certificates "$root/usr/local/share/"
    chroot "$root" update-ca-certificates > /dev/null 2>&1
fi

chroot "$root" useradd --create-home --shell /bin/bash visitor
home=$root/home/visitor
if [ -f /etc/pip.conf ]; then cp /etc/pip.conf "$root/etc/"; fi
for file in "${XDG_CONFIG_HOME:-$HOME/.config}/pip/pip.conf" "$HOME/.pip/pip.conf"; do
    if [ -f "$file" ]; then install -D -m 0644 "$file" "$home/.config/pip/pip.conf"; fi
done
# Package directories of this machine that pip is configured to read are shown to the chroot, read-only.
{ cat /etc/pip.conf "$home/.config/pip/pip.conf" 2> /dev/null || true; env | grep ^PIP_ || true; } |
    grep -oE '(^|[= ]|file://)/[^ ]+' | sed -E 's,^[= ],,; s,^file://,,' | sort -u | while read -r place; do
    place=${place%/simple} # an index of files lies beside its files (PEP 503)
    if [ -d "$place" ] && [ ! -d "$root$place" ]; then
        mkdir -p "$root$place"
        mount --bind "$place" "$root$place"
        mount -o remount,bind,ro "$root$place"
    fi
done

environment=(HOME=/home/visitor USER=visitor LANG=C.UTF-8 PATH=/usr/local/bin:/usr/bin:/bin)
while IFS= read -r -d '' variable; do
    case $variable in
        PIP_CONFIG_FILE=*) ;;
        PIP_*=* | PARLEY_*=* | http_proxy=* | https_proxy=* | no_proxy=*) environment+=("$variable") ;;
        HTTP_PROXY=* | HTTPS_PROXY=* | NO_PROXY=*) environment+=("$variable") ;;
    esac
done < <(env -0)

as_visitor() { # COMMAND: run by bash in the clone, as the ordinary user
    chroot --userspec=visitor:visitor "$root" env -i "${environment[@]}" bash -c "cd ~/parley && $1"
}
seconds_since() { echo $((($(date +%s%N) - $1) / 100000000)) | sed -E 's/^(.)$/0\1/; s/(.)$/.\1/'; }

# --- from the clone to the first tone ---

start=$(date +%s%N)
git clone --quiet --no-hardlinks "$repository" "$home/parley"
chroot "$root" chown -R visitor:visitor /home/visitor

set -m # a process group of its own, so that it can be ended as a whole
as_visitor 'exec make run' > "$log" 2>&1 &
server=$!
set +m
until grep -qx ready "$log"; do
    kill -0 "$server" 2> /dev/null || { echo "make run ended:" >&2; tail -n 20 "$log" >&2; exit 1; }
    [ $((($(date +%s%N) - start) / 1000000000)) -lt 600 ] || { echo "not ready after 600 s" >&2; exit 1; }
    sleep 0.2
done
echo "clone to ready: $(seconds_since "$start") s"

heard=
while IFS= read -r line; do
    case $line in "exit code"*) continue ;; esac
    echo "    $line"
    case $line in
        *"hears nobody"* | *"hears nothing"* | *"hears silence"*) ;;
        *hears*) [ -n "$heard" ] || heard=$(seconds_since "$start") ;;
    esac
done < <(as_visitor '.venv/bin/parley --data-dir "${PARLEY_DATA_DIR:-./data}" demo guest-host 2>&1; echo "exit code $?"' |
    tee "$log.demo")
well=$(tail -n 1 "$log.demo")
rm -f "$log.demo"
[ "$well" = "exit code 0" ] || { echo "the demo did not end well" >&2; exit 1; }
[ -n "$heard" ] || { echo "nobody heard anything" >&2; exit 1; }
echo "clone to first tone heard: $heard s"
