# What the steps share. Each begins with `source .ci/lib.sh`.
# shellcheck shell=bash
set -euo pipefail

# Where the steps keep tools that they install: built once, reused by later runs.
tools="$PWD/target/ci"
target="${CARGO_TARGET_DIR:-$PWD/target}"
export tools target

# Fails with a reason.
fail() {
    echo "$*" >&2
    exit 1
}

# Fails if a command is not there: `need npm "install Node.js 20 or newer"`.
need() {
    command -v "$1" >/dev/null || fail "there is no $1: $2"
}

# Runs a command up to four times, with growing pauses: for what asks a network.
retry() {
    local try
    for try in 1 2 3; do
        "$@" && return
        echo "attempt $try failed: $*" >&2
        sleep $((try * 10))
    done
    "$@"
}
