#!/bin/sh
# Start Mosquitto for pushlab in the foreground: start.sh [PORT]. When the broker answers, the hub's
# command is printed once, with the password of this run.
set -eu
port=${1:-1883}
case $port in *[!0-9]*) echo "usage: start.sh [PORT], not '$port'" >&2; exit 2 ;; esac
umask 077 # there are passwords in the files
here=$(cd "$(dirname "$0")" && pwd)
PATH=$PATH:/usr/sbin:/usr/local/sbin:/opt/homebrew/sbin # Debian keeps the broker out of users' PATH
data=

# A shell may run no EXIT trap when a signal ends it (dash does not), so signals end it by `exit`.
# And only a shell that waits for a child in the background hears a signal at once.
end() {
	trap '' HUP INT TERM
	set +u # no child, no $!
	[ -z "$!" ] || kill "$!" 2>/dev/null || :
	[ -z "$!" ] || wait "$!" || : # it may rewrite its files until it is gone
	[ -z "$data" ] || rm -rf "$data"
}
trap end EXIT
trap 'exit 129' HUP
trap 'exit 130' INT
trap 'exit 143' TERM

data=$(mktemp -d)
plugin=$(find /usr/lib /usr/lib64 /usr/local/lib /opt/homebrew/lib -name 'mosquitto_dynamic_security.so' 2>/dev/null | head -n 1)
[ -n "$plugin" ] || { echo "Mosquitto's dynamic-security plug-in was not found; install mosquitto 2" >&2; exit 1; }
password=$(od -An -N16 -tx1 /dev/urandom | tr -d ' \n')
# Any user may read a command line, so the password goes through pipes and files alone.
printf '%s\n%s\n' "$password" "$password" | mosquitto_ctrl dynsec init "$data/initial.json" admin >/dev/null
printf -- '-h 127.0.0.1\n-p %s\n-u admin\n-P %s\n' "$port" "$password" > "$data/mosquitto_ctrl"
# The admin that this makes may read everything and write commands only; the bridge sends messages
# too. Granted in the file: the plug-in cuts off the very client that changes its own role.
send='{"acltype": "publishClientSend", "topic": "#", "allow": true}'
sed "s|\"acls\":[[:space:]]*\[|&$send, |" "$data/initial.json" > "$data/dynamic-security.json"
sed -e "s|@PORT@|$port|" -e "s|@PLUGIN@|$plugin|" -e "s|@DATA@|$data|" "$here/mosquitto.conf" > "$data/mosquitto.conf"
[ "$(id -u)" != 0 ] || echo "user root" >> "$data/mosquitto.conf"

mosquitto -c "$data/mosquitto.conf" &
# Whoever knows the password that was just made is our broker, and not another one on that port.
until XDG_CONFIG_HOME=$data mosquitto_ctrl dynsec listClients 2>/dev/null | grep -q admin; do
	kill -0 "$!" 2>/dev/null || {
		echo "Mosquitto did not start on 127.0.0.1:$port; if the port is in use, choose another: start.sh PORT" >&2
		exit 1
	}
	sleep 0.1
done
echo "PUSHLAB_BROKER_PASSWORD=$password pushlab serve --broker mqtt://admin@127.0.0.1:$port"
wait "$!"
