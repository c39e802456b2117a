//! HTTP: routes, policies and the translation of errors. Handlers extract, call one operation and
//! wrap; only here do status codes exist.

mod address;
mod addresses;
mod applications;
mod audit;
mod backups;
mod builds;
mod by_route;
mod certificates;
mod chart;
mod container_commands;
mod container_logs;
mod container_stats;
mod containers;
mod cookies;
mod databases;
mod destinations;
mod docs;
mod drift_policy;
mod drifts;
mod environments;
mod events;
mod extract;
mod health;
mod hooks;
mod identities;
mod invites;
mod jobs;
mod keys;
mod lines;
mod links;
mod members;
mod middleware;
mod notifiers;
mod operations;
mod passkeys;
mod password_resets;
mod places;
mod policy;
mod problem;
mod projects;
mod proxies;
mod reach;
mod reconcile;
mod registries;
mod routes;
mod secrets;
mod servers;
mod session;
mod sessions;
mod sign_in;
mod stacks;
mod storages;
mod teams;
mod terminals;
mod tokens;
mod traced;
mod user;
mod verifications;

use std::sync::{Arc, LazyLock};

use axum::{Router, middleware::from_fn_with_state};
use portolan_types::{
    Failure, Notification, OperationId, OperationKind, OperationResult, OperationState, Problem,
    Step, Subject, Timestamp, id::SubjectId,
};
use utoipa::{
    Modify, OpenApi,
    openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme},
};
use utoipa_axum::{router::OpenApiRouter, routes};

pub(crate) use address::ClientAddress;
pub(crate) use by_route::ByRoute;
pub(crate) use middleware::{Limiter, in_time, once_when_chunked};
pub use policy::{Guarded, PolicyError};
pub(crate) use policy::{ReadGrants, let_in};
pub(crate) use problem::{answer, invalid, nothing_at, problem, status_of};
pub(crate) use traced::OperationName;

use crate::{App, web};

/// What handlers share.
pub(crate) type AppState = Arc<App>;

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Portolan",
        description = "Docker networks of a fleet, as destinations for applications and \
                       databases.\n\nSend a token or a session as `Authorization: Bearer ...`; browsers \
                       carry a session in a cookie. Errors are \
                       problem details (RFC 9457). Lists are paged by `cursor`. Creates accept \
                       an `Idempotency-Key`.",
        license(name = "Apache-2.0", identifier = "Apache-2.0"),
    ),
    modifiers(&TokenScheme),
    // What an operation is made of is named here, and not anew by each route that answers with one.
    components(schemas(
        Failure,
        Notification,
        OperationId,
        OperationKind,
        OperationResult,
        OperationState,
        Problem,
        Step,
        Subject,
        SubjectId,
        Timestamp,
    )),
    tags(
        (name = "destinations", description = "Docker networks on servers"),
        (name = "servers", description = "Docker hosts"),
        (name = "projects", description = "Where applications and databases are grouped"),
        (name = "applications", description = "Programs that are deployed into destinations"),
        (name = "jobs", description = "Programs that applications run again and again"),
        (name = "stacks", description = "Applications of Compose files, placed together"),
        (name = "databases", description = "Engines that run in destinations, and who uses them"),
        (name = "backups", description = "Backups of databases, and where they are kept"),
        (name = "routes", description = "Ways from outside to containers"),
        (name = "certificates", description = "Certificates of your own"),
        (name = "addresses", description = "From where subnets are taken, and what is left"),
        (name = "drifts", description = "Found differences, and what is done about them"),
        (name = "keys", description = "SSH private keys"),
        (name = "registries", description = "Logins of container registries"),
        (name = "operations", description = "Pieces of work and their steps"),
        (name = "events", description = "What happened"),
        (name = "audit", description = "What people did, for good"),
        (name = "notifiers", description = "Who outside is told of it"),
        (name = "teams", description = "Teams, who is in them, and who is invited"),
        (name = "tokens", description = "API tokens"),
        (name = "secrets", description = "What seals the stored secrets"),
        (name = "session", description = "The first sign-in, and who is asking"),
        (name = "health", description = "For load balancers and Prometheus"),
    )
)]
struct Document;

struct TokenScheme;

impl Modify for TokenScheme {
    fn modify(&self, document: &mut utoipa::openapi::OpenApi) {
        // Whatever takes a token takes a session; what concerns a person takes only that.
        let scheme = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).build();
        let components = document.components.get_or_insert_default();
        components.add_security_scheme("token", SecurityScheme::Http(scheme.clone()));
        components.add_security_scheme("session", SecurityScheme::Http(scheme));
    }
}

/// Every route there is. The policy of each is what its `security` says: the document is what is
/// enforced (`policy`).
fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::with_openapi(Document::openapi())
        .routes(routes!(health::healthz))
        .routes(routes!(health::readyz))
        .routes(routes!(health::metrics))
        .merge(people())
        .routes(routes!(tokens::list_tokens, tokens::create_token))
        .routes(routes!(tokens::update_token, tokens::delete_token))
        .routes(routes!(keys::list_keys, keys::create_key))
        .routes(routes!(keys::show_key, keys::update_key, keys::delete_key))
        .routes(routes!(registries::list_registries, registries::create_registry))
        .routes(routes!(
            registries::show_registry,
            registries::update_registry,
            registries::delete_registry
        ))
        .routes(routes!(registries::check_registry))
        .routes(routes!(servers::list_servers, servers::create_server))
        .routes(routes!(servers::show_server, servers::update_server, servers::delete_server))
        .routes(routes!(servers::validate_server))
        .routes(routes!(servers::repin_server))
        .routes(routes!(servers::scan_server))
        .routes(routes!(servers::adopt_networks))
        .routes(routes!(destinations::list_destinations, destinations::create_destination))
        .routes(routes!(
            destinations::show_destination,
            destinations::update_destination,
            destinations::delete_destination
        ))
        .routes(routes!(destinations::retry_destination))
        .routes(routes!(destinations::take_over_destination))
        .routes(routes!(verifications::verify_destination))
        .routes(routes!(verifications::list_verifications))
        .routes(routes!(containers::list_containers, containers::connect_container))
        .routes(routes!(containers::disconnect_container))
        .routes(routes!(containers::move_container))
        .routes(routes!(container_logs::read_container_logs))
        .routes(routes!(container_stats::read_container_stats))
        .routes(routes!(container_commands::run_in_container))
        .routes(routes!(terminals::open_container_terminal))
        .routes(routes!(proxies::list_proxies))
        .routes(routes!(proxies::list_attachments))
        .routes(routes!(proxies::show_proxy, proxies::set_proxy, proxies::remove_proxy))
        .routes(routes!(proxies::start_proxy))
        .routes(routes!(proxies::stop_proxy))
        .routes(routes!(proxies::restart_proxy))
        .routes(routes!(proxies::upgrade_proxy))
        .routes(routes!(terminals::open_terminal))
        .routes(routes!(proxies::read_proxy_logs))
        .routes(routes!(proxies::show_proxy_configuration))
        .routes(routes!(routes::list_routes, routes::create_route))
        .routes(routes!(routes::show_route, routes::update_route, routes::delete_route))
        .routes(routes!(certificates::list_certificates, certificates::create_certificate))
        .routes(routes!(certificates::show_certificate, certificates::delete_certificate))
        .routes(routes!(addresses::show_addresses, addresses::update_addresses))
        .routes(routes!(addresses::draw_addresses))
        .routes(routes!(addresses::show_server_addresses))
        .routes(routes!(addresses::draw_server_addresses))
        .routes(routes!(chart::show_chart))
        .routes(routes!(reach::ask_reach))
        .routes(routes!(reach::prove_reach))
        .routes(routes!(reconcile::show_reconcile))
        .routes(routes!(drifts::list_drifts))
        .routes(routes!(drifts::show_drift))
        .routes(routes!(drifts::heal_drift))
        .routes(routes!(drifts::dismiss_drift))
        .routes(routes!(drift_policy::show_drift_policy, drift_policy::update_drift_policy))
        .routes(routes!(
            drift_policy::show_server_drift_policy,
            drift_policy::update_server_drift_policy
        ))
        .routes(routes!(
            drift_policy::show_destination_drift_policy,
            drift_policy::update_destination_drift_policy
        ))
        .merge(projects())
        .routes(routes!(operations::list_operations))
        .routes(routes!(operations::show_operation))
        .routes(routes!(events::list_events))
        .routes(routes!(events::stream_events))
        .routes(routes!(secrets::show_secrets))
        .routes(routes!(secrets::rotate_secrets))
        .routes(routes!(audit::list_audit))
        .routes(routes!(audit::export_audit))
        .routes(routes!(audit::verify_audit))
        .routes(routes!(notifiers::list_notifiers, notifiers::create_notifier))
        .routes(routes!(
            notifiers::show_notifier,
            notifiers::update_notifier,
            notifiers::delete_notifier
        ))
        .routes(routes!(notifiers::test_notifier))
        .routes(routes!(notifiers::list_deliveries))
}

/// Those about projects: their environments, and the applications in them.
fn projects() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(projects::list_projects, projects::create_project))
        .routes(routes!(projects::show_project, projects::update_project, projects::delete_project))
        .routes(routes!(applications::list_applications, applications::create_application))
        .routes(routes!(
            applications::show_application,
            applications::update_application,
            applications::delete_application
        ))
        .routes(routes!(applications::clone_application))
        .routes(routes!(applications::list_variables, applications::change_variables))
        .routes(routes!(applications::deploy_application))
        .routes(routes!(applications::roll_back_application))
        .routes(routes!(applications::cancel_deployment))
        .routes(routes!(applications::start_application))
        .routes(routes!(applications::stop_application))
        .routes(routes!(applications::restart_application))
        .routes(routes!(applications::move_application))
        .routes(routes!(applications::confirm_move))
        .routes(routes!(applications::take_back_move))
        .routes(routes!(applications::list_application_tasks))
        .routes(routes!(applications::list_deployments))
        .routes(routes!(applications::show_deployment))
        .routes(routes!(container_logs::read_application_logs))
        .routes(routes!(container_stats::read_application_stats))
        .routes(routes!(container_commands::run_in_application))
        .routes(routes!(terminals::open_application_terminal))
        .routes(routes!(builds::read_build_log))
        .routes(routes!(jobs::list_jobs, jobs::create_job))
        .routes(routes!(jobs::show_job, jobs::update_job, jobs::delete_job))
        .routes(routes!(jobs::run_job))
        .routes(routes!(jobs::list_job_runs))
        .routes(routes!(jobs::show_job_run))
        .routes(routes!(hooks::show_hook, hooks::create_hook, hooks::delete_hook))
        .routes(routes!(hooks::call_hook))
        .routes(routes!(links::list_links, links::create_link))
        .routes(routes!(links::delete_link))
        .routes(routes!(places::list_places, places::add_place))
        .merge(stacks::routes())
        .routes(routes!(databases::list_database_templates))
        .routes(routes!(databases::list_databases, databases::create_database))
        .routes(routes!(
            databases::show_database,
            databases::update_database,
            databases::delete_database
        ))
        .routes(routes!(databases::clone_database))
        .routes(routes!(databases::deploy_database))
        .routes(routes!(databases::upgrade_database))
        .routes(routes!(databases::start_database))
        .routes(routes!(databases::stop_database))
        .routes(routes!(databases::restart_database))
        .routes(routes!(backups::back_up_database))
        .routes(routes!(backups::restore_database))
        .routes(routes!(
            backups::show_backup_schedule,
            backups::set_backup_schedule,
            backups::delete_backup_schedule
        ))
        .routes(routes!(backups::list_backups))
        .routes(routes!(backups::show_backup, backups::delete_backup))
        .routes(routes!(backups::check_backup))
        .routes(routes!(backups::download_backup))
        .routes(routes!(storages::list_storages, storages::create_storage))
        .routes(routes!(storages::show_storage, storages::update_storage, storages::delete_storage))
        .routes(routes!(storages::try_storage))
        .routes(routes!(environments::list_environments, environments::create_environment))
        .routes(routes!(
            environments::show_environment,
            environments::update_environment,
            environments::delete_environment
        ))
}

/// Those about people: who they are, how they sign in, and what they share.
fn people() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(session::set_up))
        .routes(routes!(session::show_session, session::end_session))
        .routes(routes!(
            sessions::list_sessions,
            sessions::create_session,
            sessions::delete_other_sessions
        ))
        .routes(routes!(sessions::delete_session))
        .routes(routes!(sign_in::list_sign_in_ways))
        .routes(routes!(sign_in::begin_openid))
        .routes(routes!(sign_in::finish_openid))
        .routes(routes!(sign_in::begin_sign_in_by_passkey))
        .routes(routes!(sign_in::sign_in_by_passkey))
        .routes(routes!(identities::list_identities, identities::link_identity))
        .routes(routes!(identities::delete_identity))
        .routes(routes!(passkeys::list_passkeys, passkeys::create_passkey))
        .routes(routes!(passkeys::begin_passkey))
        .routes(routes!(passkeys::update_passkey, passkeys::delete_passkey))
        .routes(routes!(teams::list_teams, teams::create_team))
        .routes(routes!(teams::delete_team))
        .routes(routes!(teams::show_team, teams::rename_team))
        .routes(routes!(teams::transfer_team))
        .routes(routes!(teams::switch_team))
        .routes(routes!(teams::leave_team))
        .routes(routes!(members::list_members))
        .routes(routes!(members::show_member, members::update_member, members::remove_member))
        .routes(routes!(members::grant_right, members::revoke_right))
        .routes(routes!(invites::list_invites, invites::create_invite))
        .routes(routes!(invites::revoke_invite))
        .routes(routes!(invites::join_team))
        .routes(routes!(invites::accept_invite))
        .routes(routes!(user::show_user))
        .routes(routes!(user::change_password))
        .routes(routes!(user::begin_totp))
        .routes(routes!(user::confirm_totp))
        .routes(routes!(user::disable_totp))
        .routes(routes!(user::renew_recovery_codes))
        .routes(routes!(password_resets::ask_password_reset))
        .routes(routes!(password_resets::redeem_password_reset))
}

/// The routes, and what is said of them.
struct Described {
    api: Router<AppState>,
    document: utoipa::openapi::OpenApi,
    docs: Router,
}

/// Once: to describe all that is taken and given is most of the work of a start, and a process may
/// serve more than once, as that of a story of crashes does.
static DESCRIBED: LazyLock<Described> = LazyLock::new(|| {
    let (api, document) = routes().split_for_parts();
    Described { api, docs: docs::router(document.clone()), document }
});

/// The document of the API.
pub fn openapi() -> utoipa::openapi::OpenApi {
    DESCRIBED.document.clone()
}

/// Every operation of the document, with who may call it.
pub fn policies() -> Result<Vec<Guarded>, PolicyError> {
    policy::read(&DESCRIBED.document)
}

/// Each page's path, with the operations of the API that it shows.
pub fn pages() -> Result<Vec<(&'static str, Vec<&'static str>)>, PolicyError> {
    Ok(web::listed(&policies()?))
}

/// Everything that is served. An error when a route does not say who may call it.
pub(crate) fn router(app: AppState, limiter: Arc<Limiter>) -> Result<Router, PolicyError> {
    let Described { api, document, docs } = &*DESCRIBED;
    let operations = policy::read(document)?;
    let pages = web::router(&app, &operations)?;
    let policies = Arc::new(policy::policies(operations));
    let api = api
        .clone()
        .route_layer(from_fn_with_state((app.clone(), policies), policy::enforce))
        .fallback(web::nowhere)
        .method_not_allowed_fallback(problem::no_such_method)
        .with_state(app.clone());
    let operations = traced::operations(document);
    let served = api.merge(docs.clone()).merge(pages);
    Ok(web::around(middleware::wrap(served, app, limiter, operations)))
}
