#!/bin/sh
# Prints what Debian calls the libraries' folder of an architecture.
# usage: multiarch.sh ARCH
case ${1:-} in
amd64) echo x86_64-linux-gnu ;;
armhf) echo arm-linux-gnueabihf ;;
arm64) echo aarch64-linux-gnu ;;
*)
    echo "multiarch.sh: '${1:-}' is none of amd64 armhf arm64" >&2
    exit 64
    ;;
esac
