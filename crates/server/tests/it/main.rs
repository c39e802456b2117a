//! Stories through the front door: the real server, HTTP, both databases, a fleet in memory.
//!
//! What needs real hosts is in the test binary `lab`.

mod accounts;
mod addresses;
mod audit;
mod backup;
mod certificates;
mod change;
mod chart;
mod containers;
mod crashes;
mod destinations;
mod drift;
mod events;
mod fuzzing;
mod guide;
mod health;
mod hostile;
mod idempotency;
mod invites;
mod keys;
mod notifiers;
mod openapi;
mod openid;
mod pages;
mod passkeys;
mod projects;
mod proxies;
mod reach;
mod reconcile;
mod removal;
mod routes;
mod running;
mod scan;
mod secrets;
mod security;
mod servers;
mod sessions;
mod setup;
mod support;
mod swarm;
mod teams;
mod tokens;
mod upgrade;
mod verify;
mod visible;
