#!/usr/bin/env bash
# Carries a channel between two machines, which are network namespaces here, over a link with a delay.
#
#   sudo bridge/examples/two_machines.sh [DELAY] [MESSAGES]
#
# Needs root, ip(8), tc(8), nats-server, ackcast and ackcast-bridge in PATH. /dev/shm is shared by the namespaces, so the
# channels have different names.
set -euo pipefail
delay=${1:-10ms} messages=${2:-20000}
id=$$ folder=$(mktemp -d)
east=ackcast-east-$id west=ackcast-west-$id

cleanup() {
    trap - EXIT
    jobs -p | xargs -r kill 2>/dev/null || true
    wait 2>/dev/null || true
    ip netns del "$east" 2>/dev/null || true
    ip netns del "$west" 2>/dev/null || true
    rm -rf "$folder"
}
trap cleanup EXIT

ip netns add "$east"
ip netns add "$west"
ip link add "e$id" netns "$east" type veth peer name "w$id" netns "$west"
for side in "$east e$id 192.0.2.1" "$west w$id 192.0.2.2"; do
    read -r space link address <<<"$side"
    ip -n "$space" address add "$address/24" dev "$link"
    ip -n "$space" link set "$link" up
    ip -n "$space" link set lo up
    if [ "$delay" != none ] && ! ip netns exec "$space" tc qdisc add dev "$link" root netem delay "$delay" 2>/dev/null; then
        echo "this kernel has no netem, so the link has no delay"
        delay=none
    fi
done

in_east=(ip netns exec "$east")
in_west=(ip netns exec "$west")

# The server and the source are in the east, the reader is in the west.
"${in_east[@]}" nats-server -a 192.0.2.1 -p 4222 -js -sd "$folder/storage" -l "$folder/log" &
"${in_east[@]}" ackcast-bridge out "east-$id" --to nats://192.0.2.1:4222 --stream S &
"${in_west[@]}" ackcast-bridge in "west-$id" --from nats://192.0.2.1:4222 --stream S &
into=$!
"${in_west[@]}" ackcast recv "west-$id" >"$folder/received" &
recv=$!
seq "$messages" >"$folder/sent"
start=$(date +%s%N)
"${in_east[@]}" ackcast send "east-$id" --lines <"$folder/sent"
wait "$recv"
end=$(date +%s%N)
wait "$into"
cmp "$folder/sent" "$folder/received"
echo "$messages messages over a link (delay each way: $delay), whole and in order, in $(((end - start) / 1000000)) ms"
