//! What texts say that can be done, as links to the page where it is done.
//!
//! Remedies and reasons name operations of the API (`portolan_types::act`). Owns which page that is,
//! and what it is called in a sentence.

use axum::http::{HeaderMap, Uri, header};
use portolan_types::{
    Application, ApplicationId, Database, DatabaseId, DestinationId, Drift, DriftId, Operation,
    ServerId, Stack, StackId, Subject,
    act::{Act, Part, parts},
};

/// A piece of a text on a page.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Said<'a> {
    Text(&'a str),
    Link {
        words: &'static str,
        address: String,
    },
    /// What no page is known for, in backticks as it came.
    Quote(&'a str),
}

/// What a text is about: where its links lead when they say no more.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Near {
    server: Option<String>,
    destination: Option<String>,
    application: Option<String>,
    database: Option<String>,
    stack: Option<String>,
}

impl Near {
    pub(super) fn server(id: &ServerId) -> Self {
        Self { server: Some(id.to_string()), ..Self::default() }
    }

    pub(super) fn place(server: &ServerId, destination: &DestinationId) -> Self {
        Self { destination: Some(destination.to_string()), ..Self::server(server) }
    }

    pub(super) fn application(application: &Application) -> Self {
        Self {
            application: Some(application.id.to_string()),
            database: application.database_id.as_ref().map(ToString::to_string),
            stack: application.stack_id.as_ref().map(ToString::to_string),
            ..Self::place(&application.server_id, &application.destination_id)
        }
    }

    pub(super) fn database(database: &Database) -> Self {
        let id = Some(database.id.to_string());
        Self {
            application: id.clone(),
            database: id,
            ..Self::place(&database.server_id, &database.destination_id)
        }
    }

    pub(super) fn stack(stack: &Stack) -> Self {
        let place = Self::place(&stack.server_id, &stack.destination_id);
        Self { stack: Some(stack.id.to_string()), ..place }
    }

    pub(super) fn operation(operation: &Operation) -> Self {
        let id = |is: bool| is.then(|| operation.subject.id().to_owned());
        Self {
            server: id(matches!(operation.subject, Subject::Server(_))),
            destination: id(matches!(operation.subject, Subject::Destination(_))),
            application: id(matches!(operation.subject, Subject::Application(_))),
            // What runs a database has its id; only a text about one names what is done with it.
            database: id(matches!(operation.subject, Subject::Application(_))),
            stack: id(matches!(operation.subject, Subject::Stack(_))),
        }
    }

    pub(super) fn drift(drift: &Drift) -> Self {
        let destination = drift.destination_id.as_ref().map(ToString::to_string);
        Self { destination, ..Self::server(&drift.server_id) }
    }

    /// The page on which a form was: what is refused there is about what it shows.
    pub(super) fn page(headers: &HeaderMap) -> Self {
        let from = headers.get("hx-current-url").or_else(|| headers.get(header::REFERER));
        let from = from.and_then(|from| from.to_str().ok()).and_then(|from| from.parse().ok());
        from.map_or_else(Self::default, |from: Uri| Self::shown_at(from.path()))
    }

    fn shown_at(path: &str) -> Self {
        let mut parts = path.split('/').skip(1);
        let (room, id) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
        Self {
            server: id.parse::<ServerId>().ok().filter(|_| room == "servers").map(Into::into),
            destination: id
                .parse::<DestinationId>()
                .ok()
                .filter(|_| room == "destinations")
                .map(Into::into),
            application: id
                .parse::<ApplicationId>()
                .ok()
                .filter(|_| room == "applications")
                .map(Into::into),
            database: id
                .parse::<DatabaseId>()
                .ok()
                .filter(|_| matches!(room, "applications" | "databases"))
                .map(Into::into),
            stack: id.parse::<StackId>().ok().filter(|_| room == "stacks").map(Into::into),
        }
    }
}

/// Where something is done.
#[derive(Debug, Clone, Copy)]
enum Place {
    /// A page that is the same for everything.
    Page(&'static str),
    /// Below the page of the server that it is about, or the list of all.
    Server(&'static str),
    Destination(&'static str),
    Application(&'static str),
    Database(&'static str),
    Stack(&'static str),
    /// The drift that is named.
    Drift,
}

use Place::{Destination, Page, Server};

/// What it is called in a sentence, and where it is.
const PLACES: &[(&str, &str, Place)] = &[
    ("accept_invite", "the sign-in", Page("/sign-in")),
    ("adopt_networks", "the server's networks", Server("/scan")),
    ("apply_stack", "its stack's file", Place::Stack("/file")),
    ("ask_password_reset", "a new password", Page("/password-reset")),
    ("back_up_database", "its backups", Place::Database("/backups")),
    ("begin_totp", "your account", Page("/account")),
    ("cancel_deployment", "the application", Place::Application("")),
    ("change_variables", "its variables", Place::Application("/variables")),
    ("check_backup", "the backups", Page("/backups")),
    ("clone_application", "its clone", Place::Application("/clone")),
    ("confirm_move", "its move", Place::Application("/move")),
    ("connect_container", "its containers", Destination("/containers")),
    ("create_application", "a new application", Page("/applications/new")),
    ("create_database", "a new database", Page("/databases/new")),
    ("create_destination", "a new destination", Page("/destinations/new")),
    ("create_link", "its links", Place::Application("/links")),
    ("create_registry", "the registries", Page("/registries")),
    ("create_route", "the routes", Page("/routes")),
    ("create_server", "a new server", Page("/servers/new")),
    ("create_session", "the sign-in", Page("/sign-in")),
    ("create_storage", "the storages", Page("/storages")),
    ("create_team", "your teams", Page("/teams")),
    ("delete_application", "the application's removal", Place::Application("/danger")),
    ("delete_backup", "the backups", Page("/backups")),
    ("delete_backup_schedule", "its backups", Place::Database("/backups")),
    ("delete_database", "the database's removal", Place::Database("/danger")),
    ("delete_destination", "the destination's removal", Destination("/danger")),
    ("delete_job", "its jobs", Place::Application("/jobs")),
    ("delete_route", "the routes", Page("/routes")),
    ("delete_server", "the server's removal", Server("/danger")),
    ("delete_stack", "its stack's removal", Place::Stack("/danger")),
    ("deploy_application", "the application", Place::Application("")),
    ("deploy_database", "the database", Place::Database("")),
    ("disable_totp", "your account", Page("/account")),
    ("disconnect_container", "its containers", Destination("/containers")),
    ("dismiss_drift", "the drift", Place::Drift),
    ("heal_drift", "the drift", Place::Drift),
    ("list_application_tasks", "the application", Place::Application("")),
    ("list_backups", "the backups", Page("/backups")),
    ("list_containers", "its containers", Destination("/containers")),
    ("list_deployments", "its deployments", Place::Application("/deployments")),
    ("list_drifts", "the drifts", Page("/drifts")),
    ("list_job_runs", "its jobs", Place::Application("/jobs")),
    ("list_links", "its links", Place::Application("/links")),
    ("list_operations", "the operations", Page("/operations")),
    ("list_places", "its places", Place::Application("/places")),
    ("list_routes", "the routes", Page("/routes")),
    ("list_servers", "the servers", Page("/servers")),
    ("move_application", "its move", Place::Application("/move")),
    ("read_build_log", "its deployments", Place::Application("/deployments")),
    ("read_proxy_logs", "the server's proxy", Server("/proxy")),
    ("remove_proxy", "the server's proxy", Server("/proxy")),
    ("repin_server", "the server", Server("")),
    ("restart_database", "the database", Place::Database("")),
    ("restart_proxy", "the server's proxy", Server("/proxy")),
    ("restore_database", "its backups", Place::Database("/backups")),
    ("retry_destination", "the destination", Destination("")),
    ("roll_back_application", "its deployments", Place::Application("/deployments")),
    ("run_in_application", "a command", Place::Application("/command")),
    ("scan_server", "the server's networks", Server("/scan")),
    ("set_backup_schedule", "its backups", Place::Database("/backups")),
    ("set_proxy", "the server's proxy", Server("/proxy")),
    ("show_addresses", "the addresses", Page("/addresses")),
    ("show_application", "the application", Place::Application("")),
    ("show_destination", "the destination", Destination("")),
    ("show_drift", "the drift", Place::Drift),
    ("show_key", "the keys", Page("/keys")),
    ("show_proxy", "the server's proxy", Server("/proxy")),
    ("show_server", "the server", Server("")),
    ("show_server_addresses", "the server's addresses", Server("/addresses")),
    ("start_application", "the application", Place::Application("")),
    ("start_database", "the database", Place::Database("")),
    ("start_proxy", "the server's proxy", Server("/proxy")),
    ("stop_application", "the application", Place::Application("")),
    ("stop_database", "the database", Place::Database("")),
    ("take_back_move", "its move", Place::Application("/move")),
    ("transfer_team", "your teams", Page("/teams")),
    ("update_addresses", "the addresses", Page("/addresses")),
    ("update_application", "the application's settings", Place::Application("/settings")),
    ("update_database", "the database's settings", Place::Database("/settings")),
    ("update_destination", "the destination's settings", Destination("/settings")),
    ("update_job", "its jobs", Place::Application("/jobs")),
    ("update_member", "the people", Page("/people")),
    ("update_registry", "the registries", Page("/registries")),
    ("update_route", "the routes", Page("/routes")),
    ("update_server", "the server's settings", Server("/settings")),
    ("update_storage", "the storages", Page("/storages")),
    ("validate_server", "the server", Server("")),
];

/// A text in pieces.
pub(super) fn said<'a>(text: &'a str, near: &Near) -> Vec<Said<'a>> {
    let piece = |part| match part {
        Part::Text(text) => Said::Text(text),
        Part::Act(act) => link(&act, near),
    };
    parts(text).into_iter().map(piece).collect()
}

fn link<'a>(act: &Act<'a>, near: &Near) -> Said<'a> {
    let place = PLACES.iter().find(|(operation, _, _)| *operation == act.operation);
    let Some((_, words, place)) = place else { return Said::Quote(act.text) };
    let address = match place {
        Page(path) => (*path).to_owned(),
        Server(tab) => below("/servers", near.server.as_deref(), tab),
        Destination(tab) => below("/destinations", near.destination.as_deref(), tab),
        Place::Application(tab) => below("/applications", near.application.as_deref(), tab),
        Place::Database(tab) => below("/databases", near.database.as_deref(), tab),
        Place::Stack(tab) => below("/stacks", near.stack.as_deref(), tab),
        // An id is a word of letters and digits; what is none leads to the list.
        Place::Drift => {
            let id = act.on.parse::<DriftId>().ok();
            below("/drifts", id.as_ref().map(DriftId::as_str), "")
        }
    };
    Said::Link { words, address }
}

fn below(room: &str, id: Option<&str>, tab: &str) -> String {
    id.map_or_else(|| room.to_owned(), |id| format!("{room}/{id}{tab}"))
}

#[cfg(test)]
mod tests {
    use std::{fs, path::Path};

    use super::*;

    const ID: &str = "tz4a98xxat96iws9zmbrgj3a";

    #[test]
    fn texts_lead_to_the_pages_of_what_they_are_about() {
        let near = Near::shown_at(&format!("/servers/{ID}/proxy"));
        let link =
            |address: &str| Said::Link { words: "the server's proxy", address: address.to_owned() };
        let text = "start it (`start_proxy`)";
        let here = link(&format!("/servers/{ID}/proxy"));
        assert_eq!(said(text, &near), [Said::Text("start it ("), here, Said::Text(")")]);
        assert_eq!(said("`set_proxy.extra`", &Near::default()), [link("/servers")]);
    }

    /// What the texts of this crate name, read off its sources.
    #[test]
    fn whatever_is_named_can_be_called_and_has_a_page() {
        let operations = crate::policies().expect("the document");
        let is_operation = |name: &str| operations.iter().any(|one| one.name == name);
        let sources = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
        let mut named = 0;
        each_line(&sources, &mut |line| {
            for part in parts(line) {
                let Part::Act(act) = part else { continue };
                assert!(is_operation(act.operation), "no operation: {line}");
                let mut places = PLACES.iter();
                assert!(places.any(|(name, _, _)| *name == act.operation), "no page: {line}");
                named += 1;
            }
        });
        assert!(named > 50, "the sources name {named}");
    }

    fn each_line(folder: &Path, see: &mut impl FnMut(&str)) {
        for entry in fs::read_dir(folder).expect("the sources") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                each_line(&path, see);
            } else if !path.ends_with("acts.rs") {
                let text = fs::read_to_string(&path).expect("a source");
                text.lines()
                    .filter(|line| !line.trim_start().starts_with("//"))
                    .for_each(&mut *see);
            }
        }
    }

    #[test]
    fn a_drift_is_named_by_its_id_alone() {
        let address = |text: &str| match said(text, &Near::default()).pop() {
            Some(Said::Link { address, .. }) => address,
            other => panic!("{other:?}"),
        };
        assert_eq!(address(&format!("`heal_drift {ID}`")), format!("/drifts/{ID}"));
        assert_eq!(address("`heal_drift ../../evil`"), "/drifts");
        assert_eq!(said("`sail_boat x`", &Near::default()), [Said::Quote("sail_boat x")]);
    }
}
