# shellcheck shell=bash
# Owns the faults that can be set on a running host, and their undoing.

clear_faults() { :; }
list_faults() { :; }
