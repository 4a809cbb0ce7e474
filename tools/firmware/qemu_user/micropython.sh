#!/bin/sh
exec QEMU "$0.elf" "$@"
