#!/bin/sh
# Puts `traefik` before options and before its own subcommands; runs anything else as it is.
set -eu

case ${1:-} in
  -* | version | healthcheck) set -- traefik "$@" ;;
esac
exec "$@"
