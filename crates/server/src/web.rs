//! Pages: the same control plane for people with a browser.
//!
//! Owns what is shown where. A page reads through operations, as the API does; what a form asks for
//! is a call of the API (`forms`, decision 0037), so that nothing can be done here that is not
//! checked there. Each page says which operations of the API it shows, and is open to whoever may
//! call them (`guard`).

mod account;
mod acts;
mod addresses;
mod applications;
mod assets;
mod backups;
mod certificates;
mod chart;
mod chrome;
mod databases;
mod destinations;
mod drifts;
mod entry;
mod extract;
mod forms;
mod guard;
mod history;
mod inside;
mod keys;
mod notifiers;
mod nowhere;
mod operations;
mod overview;
mod pages;
mod people;
mod policies;
mod projects;
mod proxies;
mod reach;
mod registries;
mod results;
mod routes;
mod scan;
mod servers;
mod settings;
mod shown;
mod stacks;
mod tabs;
mod teams;
mod tokens;
mod welcome;
mod words;

use axum::{Router, routing::get};

pub(crate) use forms::around;
pub(crate) use guard::UnknownOperation;
pub(crate) use nowhere::nowhere;
use pages::Pages;

use crate::api::{AppState, Guarded};

/// Everything that is a page. An error when one shows an operation that there is not.
pub(crate) fn router(app: &AppState, operations: &[Guarded]) -> Result<Router, UnknownOperation> {
    let (pages, policies) = all(operations).done()?;
    let guarded = guard::around(pages, app.clone(), policies);
    Ok(guarded.with_state(app.clone()).merge(assets::router()))
}

fn all(operations: &[Guarded]) -> Pages<'_> {
    let rooms = [
        overview::rows,
        chart::rows,
        addresses::rows,
        reach::rows,
        servers::rows,
        proxies::rows,
        routes::rows,
        certificates::rows,
        welcome::rows,
        scan::rows,
        destinations::rows,
        account::rows,
        people::rows,
        teams::rows,
        projects::rows,
        registries::rows,
        applications::rows,
        stacks::rows,
        databases::rows,
        backups::rows,
        tokens::rows,
        history::rows,
        drifts::rows,
        notifiers::rows,
        settings::rows,
    ];
    let first = Pages::new(operations)
        .page("/sign-in", &["list_sign_in_ways"], get(entry::sign_in))
        .page("/setup", &["list_sign_in_ways"], get(entry::set_up))
        .page("/keys", &["list_keys"], get(keys::list))
        .page("/keys/{id}", &["show_key"], get(keys::show))
        .page("/operations", &["list_operations"], get(operations::list))
        .page("/operations/{id}", &["show_operation"], get(operations::show))
        .page("/operations/{id}/stream", &["show_operation"], get(operations::follow));
    rooms.into_iter().fold(first, |pages, rows| rows(pages))
}

/// Each page's path, with the operations of the API that it shows.
pub(crate) fn listed(operations: &[Guarded]) -> Vec<(&'static str, Vec<&'static str>)> {
    all(operations).listed()
}
