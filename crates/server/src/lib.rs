//! The control plane of Portolan.
//!
//! Owns HTTP, operations, the database, hosts and reconcilers. The vocabulary is in
//! `portolan-types`; flags, files and the terminal are in the binary.

pub mod host;
