# shellcheck shell=bash
# Owns the client keys in $LAB_DIR/keys: three that every user of every host accepts, and one that none accepts.

readonly LAB_KEYS=$LAB_DIR/keys
readonly LAB_KEY=$LAB_KEYS/ed25519
readonly LAB_KEY_TYPES=(ed25519 rsa ecdsa)

ensure_keys() {
  local type
  [[ ! -f $LAB_KEYS/authorized_keys ]] || return 0
  install -d -m 700 "$LAB_KEYS"
  for type in "${LAB_KEY_TYPES[@]}"; do make_key "$type" "$type"; done
  make_key ed25519 unauthorised
  authorized_public_keys >"$LAB_KEYS/authorized_keys"
}

make_key() { ssh-keygen -q -t "$1" -N '' -C "lab-$2" -f "$LAB_KEYS/$2" <<<y >/dev/null; }

authorized_public_keys() {
  local type
  for type in "${LAB_KEY_TYPES[@]}"; do cat "$LAB_KEYS/$type.pub"; done
}
