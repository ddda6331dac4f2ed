#!/usr/bin/env bash
# `ackcast send` to three `ackcast recv`, beside `tee` to three readers and `cat` through a pipe.
#
#     verify/bench/tee.sh [ROUNDS]     # 5 rounds by default; some minutes
#
# Each round runs every command once, one after another, so all of them meet the same machine. The table has the median
# of the rounds. Each output is compared with the input: that of files after each run, that of 4 GiB in a run of its own.
# The inputs take 6 GiB of /dev/shm, or of the folder in TMPDIR. They are removed at the end.
#
# ACKCAST: the command, if it is not to be built. GIB: the size of the large input, 4 by default.
set -euo pipefail
root=$(cd "$(dirname "$0")/../.." && pwd)
rounds=${1:-5} gib=${GIB:-4}
if [ -z "${ACKCAST:-}" ]; then
    cargo build --quiet --locked --release --manifest-path "$root/Cargo.toml" -p ackcast-cli
    ACKCAST=${CARGO_TARGET_DIR:-$root/target}/release/ackcast
fi
dir=$(mktemp -d "${TMPDIR:-/dev/shm}/ackcast-tee.XXXXXX")
name=tee-$$
trap 'rm -rf "$dir"; kill $(jobs -p) 2>/dev/null || true' EXIT
cd "$dir"
mkfifo first second

fail() { echo "$*" >&2; exit 1; }

# Waits for each of these processes, which must exit with 0.
all() { for pid; do wait "$pid" || fail "process $pid exits with $?"; done; }

# The three outputs are files, or /dev/null where files would not fit.
outputs() { if [ "$1" = files ]; then echo a b c; else echo /dev/null /dev/null /dev/null; fi; }

# ours INPUT files|null SEND-OPTIONS -- RECV-OPTIONS
ours() {
    local input=$1 kind=$2 pids=() send=() out
    shift 2
    while [ "$1" != -- ]; do send+=("$1"); shift; done
    shift
    for out in $(outputs "$kind"); do "$ACKCAST" recv "$name" "$@" >"$out" & pids+=($!); done
    "$ACKCAST" send "$name" --consumers 3 "${send[@]}" <"$input"
    all "${pids[@]}"
}

# `tee >(cat >a) >(cat >b) >c`, with a wait for both `cat`.
tee_to_three() {
    local pids=() out
    read -r -a out <<<"$(outputs "$2")"
    cat first >"${out[0]}" & pids+=($!)
    cat second >"${out[1]}" & pids+=($!)
    tee first second <"$1" >"${out[2]}"
    all "${pids[@]}"
}

cat_through_pipe() { cat "$1" | cat >/dev/null; }

# timed FILE COMMAND...: appends the seconds that the command takes.
timed() {
    local file=$1 start=$EPOCHREALTIME
    shift
    "$@"
    awk -v "from=$start" -v "to=$EPOCHREALTIME" 'BEGIN { printf "%.3f\n", to - from }' >>"$file"
}

same() { for out in a b c; do cmp "$out" "$1" || fail "output $out differs"; done; rm a b c; }

# Three `recv` into cmp(1), for outputs that are not stored.
compared() {
    local input=$1 pids=()
    for _ in 1 2 3; do ("$ACKCAST" recv "$name" | cmp - "$input") & pids+=($!); done
    "$ACKCAST" send "$name" --consumers 3 <"$input"
    all "${pids[@]}"
}

echo "writing the inputs" >&2
seq 1 4000000 >lines
head -c "${gib}G" /dev/urandom >large
for _ in $(seq 1 512); do printf '\0\0\020\0' && head -c 1M /dev/zero; done >frames # 0x100000 bytes each
compared large

for round in $(seq 1 "$rounds"); do
    echo "round $round of $rounds" >&2
    timed lines.ours ours lines files -- && same lines
    timed lines.units ours lines files --lines -- --lines && same lines
    timed lines.tee tee_to_three lines files && same lines
    timed frames.ours ours frames files --frames --slot-size 1MiB -- --frames && same frames
    timed frames.tee tee_to_three frames files && same frames
    timed large.ours ours large null --
    timed large.tee tee_to_three large null
    timed large.cat cat_through_pipe large
done

median() { sort -n "$1" | awk '{ all[NR] = $1 } END { print all[int((NR + 1) / 2)] }'; }

row() { awk -v "what=$1" -v "ours=$(median "$2")" -v "with=$3" -v "peer=$(median "$4")" \
    'BEGIN { printf "| %s | %.3f s | %s, %.3f s | %.2f |\n", what, ours, with, peer, peer / ours }'; }

echo "| to three readers, median of $rounds | ackcast | the peer | times as fast |"
echo "| --- | --- | --- | --- |"
row "4,000,000 lines into files" lines.ours tee lines.tee
row "the same with --lines" lines.units tee lines.tee
row "512 frames of 1 MiB into files" frames.ours tee frames.tee
row "$gib GiB to /dev/null" large.ours tee large.tee
row "the same" large.ours "one \`cat\` through a pipe" large.cat
