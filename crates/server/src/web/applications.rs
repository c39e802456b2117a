//! `/applications`: what is deployed into destinations, one of them from all sides, and how one is
//! added.
//!
//! Owns which pages there are. What stands above each is in `head`, a row of a list in `rows`.

mod add;
mod cloning;
mod deployments;
mod detail;
pub(super) mod fields;
mod further;
mod head;
mod inside;
mod jobs;
mod links;
mod list;
pub(super) mod moving;
pub(super) mod places;
mod process;
pub(super) mod rows;
mod settings;

use axum::routing::get;

use super::pages::Pages;

pub(super) fn rows(pages: Pages<'_>) -> Pages<'_> {
    let listed = &["list_applications", "list_environments", "list_operations"];
    let added =
        &["create_application", "list_environments", "list_destinations", "list_registries"];
    let pages = pages.page("/applications", listed, get(list::list)).page(
        "/applications/new",
        added,
        get(add::form),
    );
    details(pages)
}

/// The tabs of one application.
fn details(pages: Pages<'_>) -> Pages<'_> {
    let overview = &[
        "show_application",
        "list_application_tasks",
        "list_deployments",
        "show_operation",
        "list_routes",
    ];
    pages
        .page("/applications/{id}", overview, get(detail::overview))
        .page("/applications/{id}/deployments", &["list_deployments"], get(deployments::list))
        .page(
            "/applications/{id}/deployments/{number}",
            &["show_deployment", "show_operation", "read_build_log"],
            get(deployments::show),
        )
        .page(
            "/applications/{id}/logs",
            &["show_application", "read_application_logs"],
            get(inside::logs),
        )
        .page(
            "/applications/{id}/stats",
            &["show_application", "read_application_stats"],
            get(inside::stats),
        )
        .page(
            "/applications/{id}/command",
            &["show_application", "run_in_application"],
            get(inside::command),
        )
        .page(
            "/applications/{id}/terminal",
            &["show_application", "open_application_terminal"],
            get(inside::terminal),
        )
        .page(
            "/applications/{id}/variables",
            &["list_variables", "list_databases"],
            get(settings::variables),
        )
        .page("/applications/{id}/jobs", &["list_jobs"], get(jobs::list))
        .page("/jobs/{id}", &["show_job", "list_job_runs"], get(jobs::show))
        .page("/jobs/{id}/runs/{run}", &["show_job", "show_job_run"], get(jobs::show_run))
        .page("/applications/{id}/links", &["list_links", "create_link"], get(links::show))
        .page("/applications/{id}/places", &["list_places"], get(further::show))
        .page("/applications/{id}/events", &["list_events"], get(detail::events))
        .page(
            "/applications/{id}/settings",
            &["update_application", "list_registries", "show_hook"],
            get(settings::show),
        )
        .page(
            "/applications/{id}/move",
            &["move_application", "confirm_move", "take_back_move", "list_destinations"],
            get(moving::show),
        )
        .page(
            "/applications/{id}/clone",
            &["clone_application", "list_environments", "list_destinations"],
            get(cloning::show),
        )
        .page("/applications/{id}/danger", &["delete_application"], get(settings::danger))
}
