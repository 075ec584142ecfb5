#!/bin/sh
# curl reads the stream; the shell notes the ID that ends an event, and comes back with it.
noted=$(mktemp)
trap 'rm -f "$noted"' EXIT
while :; do
  curl -sN --noproxy '*' -H "Authorization: Bearer $TOKEN" -H "Last-Event-ID: $(cat "$noted")" \
    "$HUB/v1/events" | {
    data='' kind='' id=''
    while IFS= read -r line; do
      case $line in
        data:\ *) data=${line#data: } ;;
        event:\ *) kind=${line#event: } ;;
        id:\ *) id=${line#id: } ;;
        '')
          [ -n "$id" ] && printf '%s' "$id" > "$noted"
          [ -n "$data" ] && [ -z "$kind" ] && printf '%s\n' "$data"
          data='' kind=''
          ;;
      esac
    done
  }
  sleep 0.3
done
