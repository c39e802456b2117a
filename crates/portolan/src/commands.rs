//! What the commands do, a file for each group.
//!
//! Commands take checked values, a client and a printer; nothing of `clap` reaches them.

pub(crate) mod addresses;
pub(crate) mod application;
pub(crate) mod audit;
pub(crate) mod backup;
pub(crate) mod certificate;
pub(crate) mod completions;
pub(crate) mod container;
pub(crate) mod container_logs;
pub(crate) mod destination;
pub(crate) mod doctor;
pub(crate) mod drift;
pub(crate) mod edit;
pub(crate) mod environment;
pub(crate) mod event;
pub(crate) mod event_watch;
pub(crate) mod fleet;
pub(crate) mod identity;
pub(crate) mod invite;
pub(crate) mod key;
pub(crate) mod login;
pub(crate) mod manner;
pub(crate) mod member;
pub(crate) mod notifier;
pub(crate) mod openapi;
pub(crate) mod operation;
pub(crate) mod passkey;
mod preview;
pub(crate) mod project;
pub(crate) mod proxy;
pub(crate) mod reach;
pub(crate) mod reconcile;
pub(crate) mod registry;
mod result;
pub(crate) mod route;
pub(crate) mod scan;
pub(crate) mod secrets;
pub(crate) mod serve;
pub(crate) mod server;
pub(crate) mod session;
pub(crate) mod team;
pub(crate) mod terminal;
pub(crate) mod token;
pub(crate) mod user;
pub(crate) mod verification;
pub(crate) mod version;
