//! The command line from outside: the built binary against a control plane that answers as told.

mod addresses;
mod audit;
mod backup;
mod change;
mod doctor;
mod drift;
mod fake;
mod help;
mod hostile;
mod lists;
mod login;
mod notifiers;
mod people;
mod problems;
mod program;
mod proxies;
mod reconcile;
mod routes;
mod samples;
mod secrets;
mod serve;
mod teams;
mod terminal;
mod verify;
mod waiting;
mod write;
