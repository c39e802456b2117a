# shellcheck shell=bash
# Owns the registry at 10.88.0.2:5000: a machine on the switch that serves the lab's images, also as the mirror that
# engines ask for names of Docker Hub. Nothing answers DNS at that address, which is why hosts use it as resolver:
# every look-up of an outside name is refused at once. What is in the registry is decided by lib/images.sh.

ensure_registry() {
  is_running registry || start_registry
  wait_until 20 "the registry" curl -fsS "http://$LAB_REGISTRY/v2/"
}

start_registry() {
  mkdir -p "$LAB_CACHE/registry" "$LAB_DIR/run"
  write_registry_config >"$LAB_DIR/run/registry.yml"
  start_init registry "$LAB_DIR/run/registry.log" --net -- \
    "$LAB_HOME/host/registry" "$LAB_ROOT" "$LAB_DIR/run/registry.yml" "$LAB_CACHE/registry" "$(init_title registry)"
  plug registry "$LAB_REGISTRY_ADDRESS"
}

write_registry_config() {
  cat <<'YAML'
version: 0.1
log: {level: warn}
storage:
  filesystem: {rootdirectory: /var/lib/docker-registry}
  delete: {enabled: true}
http: {addr: ":5000"}
YAML
}
