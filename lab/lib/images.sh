# shellcheck shell=bash
# Owns the container images and their way into the lab's registry.

ensure_images() { :; }
lab_images() { ensure_root; }
preload() { :; }
