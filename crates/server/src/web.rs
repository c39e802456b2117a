//! Pages: the same control plane for people with a browser.
//!
//! Owns what is shown where. A page reads through operations, as the API does; what a form asks for
//! is a call of the API (`forms`, decision 0037), so that nothing can be done here that is not
//! checked there. Each page says which operations of the API it shows, and is open to whoever may
//! call them (`guard`).

mod addresses;
mod assets;
mod certificates;
mod chart;
mod chrome;
mod destinations;
mod entry;
mod extract;
mod forms;
mod guard;
mod keys;
mod operations;
mod overview;
mod pages;
mod proxies;
mod reach;
mod results;
mod routes;
mod scan;
mod servers;
mod shown;
mod welcome;
mod words;

use axum::{Router, routing::get};

pub(crate) use forms::around;
pub(crate) use guard::UnknownOperation;
use pages::Pages;

use crate::api::{AppState, Guarded};

/// Everything that is a page. An error when one shows an operation that there is not.
pub(crate) fn router(app: &AppState, operations: &[Guarded]) -> Result<Router, UnknownOperation> {
    let (pages, policies) = all(operations).done()?;
    let guarded = guard::around(pages, app.clone(), policies);
    Ok(guarded.with_state(app.clone()).merge(assets::router()))
}

fn all(operations: &[Guarded]) -> Pages<'_> {
    let pages = Pages::new(operations)
        .page("/sign-in", &["list_sign_in_ways"], get(entry::sign_in))
        .page("/setup", &["list_sign_in_ways"], get(entry::set_up))
        .page("/keys", &["list_keys"], get(keys::list))
        .page("/keys/{id}", &["show_key"], get(keys::show))
        .page("/operations", &["list_operations"], get(operations::list))
        .page("/operations/{id}", &["show_operation"], get(operations::show))
        .page("/operations/{id}/stream", &["show_operation"], get(operations::follow));
    let pages = scan::rows(destinations::rows(pages));
    let pages = reach::rows(addresses::rows(chart::rows(overview::rows(pages))));
    let pages = servers::rows(pages);
    let pages = proxies::rows(pages);
    let pages = routes::rows(pages);
    let pages = certificates::rows(pages);
    welcome::rows(pages)
}

/// Each page's path, with the operations of the API that it shows.
pub(crate) fn listed(operations: &[Guarded]) -> Vec<(&'static str, Vec<&'static str>)> {
    all(operations).listed()
}
