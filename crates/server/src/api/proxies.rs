//! `/v1/servers/{id}/proxy`, `/v1/proxies` and `/v1/attachments`.

use axum::{Json as Answer, extract::State};
use portolan_types::{
    Attachment, DestinationId, GeneratedConfiguration, Operation, Page, PageQuery, Preview, Proxy,
    ReadProxyLogs, ServerId, SetProxy,
};
use serde::Deserialize;
use utoipa::IntoParams;

use super::{
    AppState,
    extract::{Answered, Ask, Caller, Json, Path, Query, Wait},
    problem::Problems,
};
use crate::{
    Error,
    proxies::{
        self, Removal,
        preview::{self, Act},
    },
};

/// Lists the team's proxies, oldest first.
#[utoipa::path(get, path = "/v1/proxies", tag = "proxies", params(PageQuery),
    security(("token" = ["read"])),
    responses((status = 200, description = "A page", body = Page<Proxy>), Problems))]
pub(super) async fn list_proxies(
    State(app): State<AppState>,
    Caller(actor): Caller,
    Query(query): Query<PageQuery>,
) -> Result<Answer<Page<Proxy>>, Error> {
    Ok(Answer(proxies::list(&app, &actor, &query).await?))
}

/// Which attachments are listed.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct Ends {
    /// Only those of this server's proxy.
    #[param(value_type = Option<String>)]
    server_id: Option<ServerId>,
    /// Only those on this destination's network.
    #[param(value_type = Option<String>)]
    destination_id: Option<DestinationId>,
}

/// Lists on which destinations' networks the proxies are to be, and are.
#[utoipa::path(get, path = "/v1/attachments", tag = "proxies", params(Ends, PageQuery),
    security(("token" = ["read"])),
    responses((status = 200, description = "A page", body = Page<Attachment>), Problems))]
pub(super) async fn list_attachments(
    State(app): State<AppState>,
    Caller(actor): Caller,
    Query(ends): Query<Ends>,
    Query(query): Query<PageQuery>,
) -> Result<Answer<Page<Attachment>>, Error> {
    let Ends { server_id, destination_id } = ends;
    let (server, destination) = (server_id.as_ref(), destination_id.as_ref());
    Ok(Answer(proxies::attachments(&app, &actor, server, destination, &query).await?))
}

/// Shows the proxy of a server.
#[utoipa::path(get, path = "/v1/servers/{id}/proxy", tag = "proxies",
    params(("id" = ServerId, Path, description = "The server")),
    security(("token" = ["read"])),
    responses((status = 200, description = "The proxy", body = Proxy), Problems))]
pub(super) async fn show_proxy(
    State(app): State<AppState>,
    Caller(actor): Caller,
    Path(id): Path<ServerId>,
) -> Result<Answer<Proxy>, Error> {
    Ok(Answer(proxies::show(&app, &actor, &id).await?))
}

/// Gives a server the proxy that it is to have: its first, or another in place of the one it has.
/// The new one is made and its configuration checked before the old one lets go of the ports.
#[utoipa::path(put, path = "/v1/servers/{id}/proxy", tag = "proxies",
    params(("id" = ServerId, Path, description = "The server"), Wait, Ask),
    security(("token" = ["manage"])),
    responses(
        (status = 202, description = "The work", body = Operation),
        (status = 200, description = "What would happen", body = Preview),
        Problems,
    ))]
pub(super) async fn set_proxy(
    State(app): State<AppState>,
    Caller(actor): Caller,
    Path(id): Path<ServerId>,
    Query(wait): Query<Wait>,
    Query(ask): Query<Ask>,
    Json(input): Json<SetProxy>,
) -> Result<Answered<Operation>, Error> {
    if ask.preview {
        return Ok(Answered::Previewed(preview::set(&app, &actor, &id, input).await?));
    }
    let begun = proxies::set(&app, &actor, &id, input).await?;
    wait.accepted(&app, &actor, &begun).await
}

/// How a proxy is removed.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct Force {
    /// Also while it has routes: they lead nowhere then.
    #[param(default = false)]
    #[serde(default)]
    force: bool,
}

/// Removes the proxy of a server. Its volume stays on the host, with certificates in it.
#[utoipa::path(delete, path = "/v1/servers/{id}/proxy", tag = "proxies",
    params(("id" = ServerId, Path, description = "The server"), Wait, Ask, Force),
    security(("token" = ["manage"])),
    responses(
        (status = 202, description = "The work", body = Operation),
        (status = 200, description = "What would happen", body = Preview),
        Problems,
    ))]
pub(super) async fn remove_proxy(
    State(app): State<AppState>,
    Caller(actor): Caller,
    Path(id): Path<ServerId>,
    Query(wait): Query<Wait>,
    Query(ask): Query<Ask>,
    Query(force): Query<Force>,
) -> Result<Answered<Operation>, Error> {
    let removal = if force.force { Removal::Anyway } else { Removal::WithoutRoutes };
    if ask.preview {
        return Ok(Answered::Previewed(preview::remove(&app, &actor, &id, removal).await?));
    }
    let begun = proxies::remove(&app, &actor, &id, removal).await?;
    wait.accepted(&app, &actor, &begun).await
}

/// Starts a proxy that was stopped, or that failed.
#[utoipa::path(post, path = "/v1/servers/{id}/proxy/start", tag = "proxies",
    params(("id" = ServerId, Path, description = "The server"), Wait),
    security(("token" = ["manage"])),
    responses((status = 202, description = "The work", body = Operation), Problems))]
pub(super) async fn start_proxy(
    State(app): State<AppState>,
    Caller(actor): Caller,
    Path(id): Path<ServerId>,
    Query(wait): Query<Wait>,
) -> Result<Answered<Operation>, Error> {
    let begun = proxies::start(&app, &actor, &id).await?;
    wait.accepted(&app, &actor, &begun).await
}

/// Stops a proxy until it is started again.
#[utoipa::path(post, path = "/v1/servers/{id}/proxy/stop", tag = "proxies",
    params(("id" = ServerId, Path, description = "The server"), Wait, Ask),
    security(("token" = ["manage"])),
    responses(
        (status = 202, description = "The work", body = Operation),
        (status = 200, description = "What would happen", body = Preview),
        Problems,
    ))]
pub(super) async fn stop_proxy(
    State(app): State<AppState>,
    Caller(actor): Caller,
    Path(id): Path<ServerId>,
    Query(wait): Query<Wait>,
    Query(ask): Query<Ask>,
) -> Result<Answered<Operation>, Error> {
    if ask.preview {
        return Ok(Answered::Previewed(preview::act(&app, &actor, &id, Act::Stop).await?));
    }
    let begun = proxies::stop(&app, &actor, &id).await?;
    wait.accepted(&app, &actor, &begun).await
}

/// Restarts a proxy.
#[utoipa::path(post, path = "/v1/servers/{id}/proxy/restart", tag = "proxies",
    params(("id" = ServerId, Path, description = "The server"), Wait, Ask),
    security(("token" = ["manage"])),
    responses(
        (status = 202, description = "The work", body = Operation),
        (status = 200, description = "What would happen", body = Preview),
        Problems,
    ))]
pub(super) async fn restart_proxy(
    State(app): State<AppState>,
    Caller(actor): Caller,
    Path(id): Path<ServerId>,
    Query(wait): Query<Wait>,
    Query(ask): Query<Ask>,
) -> Result<Answered<Operation>, Error> {
    if ask.preview {
        return Ok(Answered::Previewed(preview::act(&app, &actor, &id, Act::Restart).await?));
    }
    let begun = proxies::restart(&app, &actor, &id).await?;
    wait.accepted(&app, &actor, &begun).await
}

/// Fetches the newest image of the proxy's reference and runs it. It is checked first, and the old
/// one comes back when it does not run.
#[utoipa::path(post, path = "/v1/servers/{id}/proxy/upgrade", tag = "proxies",
    params(("id" = ServerId, Path, description = "The server"), Wait, Ask),
    security(("token" = ["manage"])),
    responses(
        (status = 202, description = "The work", body = Operation),
        (status = 200, description = "What would happen", body = Preview),
        Problems,
    ))]
pub(super) async fn upgrade_proxy(
    State(app): State<AppState>,
    Caller(actor): Caller,
    Path(id): Path<ServerId>,
    Query(wait): Query<Wait>,
    Query(ask): Query<Ask>,
) -> Result<Answered<Operation>, Error> {
    if ask.preview {
        return Ok(Answered::Previewed(preview::act(&app, &actor, &id, Act::Upgrade).await?));
    }
    let begun = proxies::upgrade(&app, &actor, &id).await?;
    wait.accepted(&app, &actor, &begun).await
}

/// Reads what the proxy said. It is the operation's `result`.
#[utoipa::path(post, path = "/v1/servers/{id}/proxy/logs", tag = "proxies",
    params(("id" = ServerId, Path, description = "The server"), Wait),
    security(("token" = ["manage"])),
    responses((status = 202, description = "The reading", body = Operation), Problems))]
pub(super) async fn read_proxy_logs(
    State(app): State<AppState>,
    Caller(actor): Caller,
    Path(id): Path<ServerId>,
    Query(wait): Query<Wait>,
    Json(input): Json<ReadProxyLogs>,
) -> Result<Answered<Operation>, Error> {
    let begun = proxies::read_logs(&app, &actor, &id, input).await?;
    wait.accepted(&app, &actor, &begun).await
}

/// Shows what is generated for the proxy from its routes now, without hashes of passwords.
#[utoipa::path(get, path = "/v1/servers/{id}/proxy/configuration", tag = "proxies",
    params(("id" = ServerId, Path, description = "The server")),
    security(("token" = ["read"])),
    responses((status = 200, description = "Its files", body = GeneratedConfiguration), Problems))]
pub(super) async fn show_proxy_configuration(
    State(app): State<AppState>,
    Caller(actor): Caller,
    Path(id): Path<ServerId>,
) -> Result<Answer<GeneratedConfiguration>, Error> {
    Ok(Answer(proxies::configuration(&app, &actor, &id).await?))
}
