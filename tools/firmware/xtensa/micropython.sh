#!/bin/sh
exec qemu-xtensa -cpu dc233c "$0.elf" "$@"
