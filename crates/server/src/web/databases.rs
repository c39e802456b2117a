//! `/databases`: engines that run in destinations, one of them from all sides, and how one is added.
//!
//! Owns which pages there are. Deployments, variables and events are on the pages of the application
//! that runs it.

mod add;
mod backups;
mod cloning;
mod detail;
mod fields;
mod head;
mod list;
pub(super) mod rows;

use axum::routing::get;

use super::pages::Pages;

pub(super) fn rows(pages: Pages<'_>) -> Pages<'_> {
    let listed = &["list_databases", "list_environments", "list_operations"];
    let added =
        &["create_database", "list_database_templates", "list_environments", "list_destinations"];
    let overview = &["show_database", "list_database_templates", "show_operation"];
    let kept = &["show_database", "list_backups", "show_backup_schedule", "list_storages"];
    pages
        .page("/databases", listed, get(list::list))
        .page("/databases/new", added, get(add::form))
        .page("/databases/{id}", overview, get(detail::overview))
        .page("/databases/{id}/backups", kept, get(backups::backups))
        .page("/databases/{id}/settings", &["update_database"], get(detail::settings))
        .page(
            "/databases/{id}/move",
            &["move_application", "confirm_move", "take_back_move", "list_destinations"],
            get(detail::moving),
        )
        .page(
            "/databases/{id}/clone",
            &["clone_database", "list_environments", "list_destinations"],
            get(cloning::show),
        )
        .page("/databases/{id}/danger", &["delete_database"], get(detail::danger))
}
