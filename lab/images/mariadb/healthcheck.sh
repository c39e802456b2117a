#!/bin/bash
# The two questions of the official image's health check that are asked in Portolan's template.
set -euo pipefail

ask() { mariadb --defaults-extra-file=/var/lib/mysql/.my-healthcheck.cnf --skip-column-names --batch "$@"; }

for question in "$@"; do
  case $question in
    # By the network, which its server takes only when it is whole.
    --connect) [[ $(ask --protocol=tcp --host=127.0.0.1 --execute 'select @@skip_networking') == 0 ]] ;;
    --innodb_initialized)
      [[ $(ask --execute "select 1 from information_schema.engines where engine = 'innodb' and support in ('YES', 'DEFAULT')") == 1 ]]
      ;;
    *)
      echo "not known here: $question" >&2
      exit 2
      ;;
  esac
done
