#!/bin/sh
# Start Mosquitto for pushlab in the foreground; the admin's password is printed once.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
data=$(mktemp -d)
plugin=$(find /usr/lib /usr/local/lib /opt/homebrew/lib -name 'mosquitto_dynamic_security.so' 2>/dev/null | head -n 1)
[ -n "$plugin" ] || { echo "Mosquitto's dynamic-security plug-in was not found; install mosquitto 2" >&2; exit 1; }
password=$(od -An -N16 -tx1 /dev/urandom | tr -d ' \n')
mosquitto_ctrl dynsec init "$data/dynamic-security.json" admin "$password" >/dev/null
sed -e "s|@PLUGIN@|$plugin|" -e "s|@DATA@|$data|" "$here/mosquitto.conf" > "$data/mosquitto.conf"
[ "$(id -u)" != 0 ] || echo "user root" >> "$data/mosquitto.conf"
echo "pushlab serve --broker mqtt://admin:$password@127.0.0.1:1883"
trap 'rm -rf "$data"' EXIT
mosquitto -c "$data/mosquitto.conf"
