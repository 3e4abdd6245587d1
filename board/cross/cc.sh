#!/bin/sh
# The C compiler and linker for TARGET, a name in the file targets, with what setup.sh made.
# usage: cc.sh TARGET ARGS...
#        cc.sh armv7-musl -Os main.c libfirepush.a -lunwind -o main
set -eu

here=$(cd "$(dirname "$0")" && pwd)
cross=${FIREPUSH_CROSS:-$here/../../target/cross}

die() {
    echo "cc.sh: $2" >&2
    exit "$1"
}

[ $# -ge 2 ] || die 64 'usage: cc.sh TARGET ARGS...'
row=$(awk -v target="$1" '$1 == target || $2 == target { print $3, $4 }' "$here/targets")
[ -n "$row" ] || die 64 "$1 is none of $(awk '!/^#/ { printf "%s ", $1 }' "$here/targets")"
[ -e "$cross/made-from" ] || die 69 "there is no toolchain: run $here/setup.sh"
target=${row% *} cpu=${row#* }
shift

# rustc and cc-rs name the machine in their own words, and gcc's libraries.
count=$#
while [ "$count" -gt 0 ]; do
    argument=$1
    shift
    count=$((count - 1))
    case $argument in
    --target=* | -march=* | -mcpu=* | -mfpu=* | -mfloat-abi=* | -nodefaultlibs | -nostartfiles | -lgcc) ;;
    -lgcc_s | -lgcc_eh) set -- "$@" -lunwind ;;
    *) set -- "$@" "$argument" ;;
    esac
    case $target$argument in
    thumb-*.S) target=arm-${target#thumb-} ;; # ring's is ARM code
    esac
done

export ZIG_GLOBAL_CACHE_DIR="$cross/cache" ZIG_LOCAL_CACHE_DIR="$cross/cache"
exec "$cross/zig/ziglang/zig" cc -target "$target" "-mcpu=$cpu" "$@"
