//! `/stacks`: applications of Compose files, one stack from all sides, and how one is added.
//!
//! Owns which pages there are. What runs of a service is on the pages of its application.

mod add;
mod detail;
mod head;
mod list;

use axum::routing::get;

use super::pages::Pages;

pub(super) fn rows(pages: Pages<'_>) -> Pages<'_> {
    let added = &["create_stack", "list_environments", "list_destinations", "list_keys"];
    pages
        .page("/stacks", &["list_stacks", "list_environments"], get(list::list))
        .page("/stacks/new", added, get(add::form))
        .page("/stacks/{id}", &["show_stack"], get(detail::overview))
        .page("/stacks/{id}/file", &["apply_stack"], get(detail::file))
        .page("/stacks/{id}/danger", &["delete_stack"], get(detail::danger))
}
