//! The control plane of Portolan.
//!
//! Owns HTTP, operations, the database, hosts and reconcilers. The vocabulary is in
//! `portolan-types`; flags, files and the terminal are in the binary.

pub mod accounts;
pub mod actor;
pub mod addresses;
mod amount;
mod api;
pub mod app;
pub mod applications;
pub mod audit;
pub mod backup;
pub mod certificates;
mod chart;
mod commands;
pub mod config;
mod connections;
mod container;
pub mod credentials;
pub mod databases;
pub mod db;
pub mod destinations;
mod doctor;
pub mod drift_rules;
pub mod drifts;
pub mod environments;
pub mod error;
pub mod events;
#[cfg(feature = "fuzzing")]
pub mod fuzzing;
mod git;
pub mod host;
pub mod idempotency;
pub mod invites;
pub mod keys;
pub mod members;
pub mod metrics;
pub mod notifiers;
pub mod openid;
pub mod operations;
mod outbound;
mod page;
pub mod passkeys;
pub mod picture;
pub mod plan;
pub mod policy;
pub mod projects;
pub mod proxies;
pub mod reach;
mod readings;
mod reconcile;
pub mod registries;
pub mod rights;
pub mod routes;
mod run;
mod seats;
pub mod secrets;
pub mod servers;
pub mod sessions;
pub mod setup;
pub mod sighting;
pub mod sign_in;
pub mod storages;
pub mod tasks;
pub mod teams;
mod terminals;
pub mod tokens;
pub mod vault;
mod web;

pub use actor::Actor;
pub use api::{Guarded, PolicyError, openapi, pages, policies};
pub use app::App;
pub use config::Config;
pub use doctor::{Finding, Level, doctor};
pub use error::Error;
pub use run::{RunError, run, run_with};
