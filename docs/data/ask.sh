#!/bin/sh
# Usage: ask.sh RUN PATH. Starts the explorer at a free port, asks it for PATH and stops it.
address=$(mktemp)
vgae explore "$1" --port 0 --quiet > "$address" &
explorer=$!
until [ -s "$address" ]; do sleep 0.05; done
python3 -c 'import sys, urllib.request; print(urllib.request.urlopen(sys.argv[1]).read().decode())' \
    "$(head -n 1 "$address" | sed 's|/$||')$2"
kill "$explorer"
rm "$address"
