#!/bin/sh
# mosquitto_sub with a session that the broker keeps; it comes back by itself.
# Its options come from a file, so that no secret stands among its arguments.
settings=$(mktemp -d)
trap 'rm -rf "$settings"' EXIT
printf '%s\n' "-h 127.0.0.1" "-p $PORT" "-u $USERNAME" "-P $TOKEN" "-i $CLIENT" "-t $TOPIC" "-q 1" \
  "-k 10" "-c" > "$settings/mosquitto_sub"
XDG_CONFIG_HOME=$settings stdbuf -oL mosquitto_sub | while IFS= read -r line; do
  case $line in *' '*) printf '%s\n' "${line#* }" ;; esac
done
