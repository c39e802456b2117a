//! `/destinations`: the networks, one of them from all sides, and how one is added.
//!
//! Owns which pages there are, and what stands above each (`head`).

mod add;
mod applications;
mod container;
mod containers;
mod detail;
mod drift;
mod head;
mod list;
mod settings;

use axum::routing::get;

use super::pages::Pages;

pub(super) fn rows(pages: Pages<'_>) -> Pages<'_> {
    let pages = pages
        .page("/destinations", &["list_destinations", "list_attachments"], get(list::list))
        .page("/destinations/new", &["create_destination", "list_servers"], get(add::form));
    details(pages)
}

/// The tabs of one destination.
fn details(pages: Pages<'_>) -> Pages<'_> {
    pages
        .page("/destinations/{id}", &["show_destination", "show_operation"], get(detail::overview))
        .page("/destinations/{id}/containers", &["list_containers"], get(containers::list))
        .page(
            "/destinations/{id}/containers/{container}",
            &["list_containers", "disconnect_container"],
            get(container::show),
        )
        .page(
            "/destinations/{id}/containers/{container}/logs",
            &["list_containers", "read_container_logs"],
            get(container::logs),
        )
        .page(
            "/destinations/{id}/containers/{container}/stats",
            &["list_containers", "read_container_stats"],
            get(container::stats),
        )
        .page(
            "/destinations/{id}/containers/{container}/command",
            &["list_containers", "run_in_container"],
            get(container::command),
        )
        .page(
            "/destinations/{id}/containers/{container}/terminal",
            &["list_containers", "open_container_terminal"],
            get(container::terminal),
        )
        .page(
            "/destinations/{id}/applications",
            &["list_applications", "list_databases", "list_operations"],
            get(applications::list),
        )
        .page("/destinations/{id}/proxy", &["list_attachments", "list_routes"], get(detail::proxy))
        .page("/destinations/{id}/verify", &["list_verifications"], get(detail::verify))
        .page(
            "/destinations/{id}/drift",
            &["show_destination_drift_policy", "list_drifts"],
            get(drift::show),
        )
        .page("/destinations/{id}/events", &["list_events"], get(detail::events))
        .page("/destinations/{id}/settings", &["update_destination"], get(settings::show))
        .page("/destinations/{id}/danger", &["delete_destination"], get(settings::danger))
}
