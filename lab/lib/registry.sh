# shellcheck shell=bash
# Owns the registry at 10.88.0.2:5000: a machine on the switch that serves the lab's images, also as the mirror that
# engines ask for names of Docker Hub. At port 5001 it serves the same images to whoever logs in. Nothing answers DNS at
# that address, which is why hosts use it as resolver: every look-up of an outside name is refused at once. What is in
# the registry is decided by lib/images.sh.

ensure_registry() {
  is_running registry || start_registry
  wait_until 20 "the registry" curl -fsS "http://$LAB_REGISTRY/v2/"
  wait_until 20 "the registry behind a login" \
    curl -fsS --user "$LAB_PRIVATE_USER:$LAB_PRIVATE_PASSWORD" "http://$LAB_PRIVATE_REGISTRY/v2/"
}

start_registry() {
  local settings=$LAB_DIR/run/registry
  mkdir -p "$LAB_CACHE/registry" "$settings"
  write_registry_config 5000 >"$settings/public.yml"
  write_private_config >"$settings/private.yml"
  write_registry_users >"$settings/users"
  start_init registry "$LAB_DIR/run/registry.log" --net -- \
    "$LAB_HOME/host/registry" "$LAB_ROOT" "$settings" "$LAB_CACHE/registry" "$(init_title registry)"
  plug registry "$LAB_REGISTRY_ADDRESS"
}

write_registry_config() {
  cat <<YAML
version: 0.1
log: {level: warn}
storage:
  filesystem: {rootdirectory: /var/lib/docker-registry}
  delete: {enabled: true}
http: {addr: ":$1"}
YAML
}

# Images come into it by the other port.
write_private_config() {
  write_registry_config "${LAB_PRIVATE_REGISTRY##*:}"
  cat <<'YAML'
auth:
  htpasswd: {realm: lab, path: /run/registry/users}
YAML
}

# `open sesame`, as bcrypt has it: no machine of the lab has a program for it.
write_registry_users() {
  # shellcheck disable=SC2016  # no variables
  echo "$LAB_PRIVATE_USER:"'$2y$05$abcdefghijklmnopqrstuupx2xBUC4954936wVIjyyPHmUBFu0wCW'
}
