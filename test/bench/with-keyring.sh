#!/bin/sh
# Runs a command on a private D-Bus session with a gnome-keyring of its own, and ends both.
set -eu
box=$(mktemp -d)
trap 'rm -rf "$box"' EXIT
mkdir -m 700 "$box/run" "$box/data" "$box/home"
export HOME="$box/home" XDG_RUNTIME_DIR="$box/run" XDG_DATA_HOME="$box/data"
unset DISPLAY WAYLAND_DISPLAY
dbus-run-session -- sh -euc '
  printf test | gnome-keyring-daemon --foreground --unlock --components=secrets --control-directory="$XDG_RUNTIME_DIR/k" >/dev/null 2>&1 &
  keyring=$!
  until dbus-send --session --print-reply=literal --dest=org.freedesktop.DBus /org/freedesktop/DBus \
    org.freedesktop.DBus.NameHasOwner string:org.freedesktop.secrets | grep -q true
  do kill -0 "$keyring"; sleep 0.02; done
  code=0; "$@" || code=$?
  kill "$keyring"; exit "$code"' sh "$@"
