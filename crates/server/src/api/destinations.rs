//! `/v1/destinations`.

use axum::{Json as Answer, extract::State, http::StatusCode};
use portolan_types::{
    CreateDestination, Destination, DestinationId, DestinationKind, DestinationState, Operation,
    Page, PageQuery, Preview, ServerId, UpdateDestination,
};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::{
    AppState,
    extract::{Answered, Ask, Caller, Json, Path, Query, Repeat, Wait},
    problem::Problems,
};
use crate::{
    Error,
    db::destination::Filter,
    destinations::{
        self, preview,
        remove::{self, Members, Removal},
    },
};

/// Which destinations are listed.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct Wanted {
    /// Only those of this server.
    #[param(value_type = Option<String>)]
    server_id: Option<ServerId>,
    /// Only those of this kind.
    #[param(inline)]
    kind: Option<DestinationKind>,
    /// Only those in this state.
    #[param(inline)]
    state: Option<DestinationState>,
}

impl From<Wanted> for Filter {
    fn from(wanted: Wanted) -> Self {
        let Wanted { server_id, kind, state } = wanted;
        Self { server: server_id, kind, state }
    }
}

/// Lists the team's destinations, oldest first.
#[utoipa::path(get, path = "/v1/destinations", tag = "destinations", params(Wanted, PageQuery),
    security(("token" = ["read"])),
    responses((status = 200, description = "A page", body = Page<Destination>), Problems))]
pub(super) async fn list_destinations(
    State(app): State<AppState>,
    Caller(actor): Caller,
    Query(wanted): Query<Wanted>,
    Query(query): Query<PageQuery>,
) -> Result<Answer<Page<Destination>>, Error> {
    Ok(Answer(destinations::list(&app, &actor, &wanted.into(), &query).await?))
}

/// Creates a destination. It is `pending` until its network was made and inspected.
#[utoipa::path(post, path = "/v1/destinations", tag = "destinations",
    params(
        Wait,
        Ask,
        ("Idempotency-Key" = Option<String>, Header, description = "Makes a repetition safe"),
    ),
    security(("token" = ["operate"])),
    responses(
        (status = 201, description = "The destination", body = Destination),
        (status = 200, description = "What would happen", body = Preview),
        Problems,
    ))]
pub(super) async fn create_destination(
    State(app): State<AppState>,
    Caller(actor): Caller,
    Query(wait): Query<Wait>,
    Query(ask): Query<Ask>,
    Repeat(repeat): Repeat,
    Json(input): Json<CreateDestination>,
) -> Result<Answered<Destination>, Error> {
    if ask.preview {
        return Ok(Answered::Previewed(preview::create(&app, &actor, input).await?));
    }
    let made = destinations::create(&app, &actor, input, repeat).await?;
    let shown = destinations::settled(&app, &actor, made, wait.limit()).await?;
    Ok(Answered::Done(StatusCode::CREATED, shown))
}

/// Shows a destination.
#[utoipa::path(get, path = "/v1/destinations/{id}", tag = "destinations",
    params(("id" = DestinationId, Path, description = "The destination")),
    security(("token" = ["read"])),
    responses((status = 200, description = "The destination", body = Destination), Problems))]
pub(super) async fn show_destination(
    State(app): State<AppState>,
    Caller(actor): Caller,
    Path(id): Path<DestinationId>,
) -> Result<Answer<Destination>, Error> {
    Ok(Answer(destinations::show(&app, &actor, &id).await?))
}

/// Renames a destination, or changes its options in place. The network's name cannot be changed.
///
/// With `options` the destination is `changing` until a network that has them took the place of
/// the old one. Its containers go over with their aliases and share a network at all times; a
/// change that cannot be made is taken back.
#[utoipa::path(patch, path = "/v1/destinations/{id}", tag = "destinations",
    params(("id" = DestinationId, Path, description = "The destination"), Wait, Ask, Since),
    security(("token" = ["operate"])),
    responses(
        (status = 200, description = "The destination; with `preview`, what would happen",
         body = UpdatedOrPreviewed),
        Problems,
    ))]
pub(super) async fn update_destination(
    State(app): State<AppState>,
    Caller(actor): Caller,
    Path(id): Path<DestinationId>,
    Query(wait): Query<Wait>,
    Query(ask): Query<Ask>,
    Query(since): Query<Since>,
    Json(input): Json<UpdateDestination>,
) -> Result<Answer<UpdatedOrPreviewed>, Error> {
    if ask.preview {
        let preview = preview::update(&app, &actor, &id, input).await?;
        return Ok(Answer(UpdatedOrPreviewed::Previewed(preview)));
    }
    let updated = destinations::update(&app, &actor, &id, input, since.version).await?;
    let shown = destinations::settled(&app, &actor, updated, wait.limit()).await?;
    Ok(Answer(UpdatedOrPreviewed::Updated(Box::new(shown))))
}

/// Either has the same status.
#[derive(Debug, Serialize, ToSchema)]
#[serde(untagged)]
pub(super) enum UpdatedOrPreviewed {
    Updated(Box<Destination>),
    Previewed(Preview),
}

/// What was looked at before a change.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct Since {
    /// Of a preview: when the world has changed since, the options stay as they are.
    version: Option<String>,
}

/// How a destination is removed.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct Deletion {
    /// Of a preview: when the world has changed since, nothing is done.
    version: Option<String>,
    /// Disconnects the containers that the preview named. Needs its version.
    #[param(default = false)]
    #[serde(default)]
    detach: bool,
    /// Forgets the destination without asking its host, which has to be unreachable. The network
    /// and what is on it stay there.
    #[param(default = false)]
    #[serde(default)]
    forget: bool,
}

impl Deletion {
    fn removal(self) -> Removal {
        let members = if self.detach { Members::Detached } else { Members::InTheWay };
        Removal { members, version: self.version }
    }
}

/// Begins the removal. It fails, and changes nothing, while containers are on the network that are
/// not to be disconnected.
#[utoipa::path(delete, path = "/v1/destinations/{id}", tag = "destinations",
    params(("id" = DestinationId, Path, description = "The destination"), Wait, Ask, Deletion),
    security(("token" = ["operate"])),
    responses(
        (status = 202, description = "The removal", body = Operation),
        (status = 200, description = "What would happen", body = Preview),
        Problems,
    ))]
pub(super) async fn delete_destination(
    State(app): State<AppState>,
    Caller(actor): Caller,
    Path(id): Path<DestinationId>,
    Query(wait): Query<Wait>,
    Query(ask): Query<Ask>,
    Query(deletion): Query<Deletion>,
) -> Result<Answered<Operation>, Error> {
    let forgotten = deletion.forget;
    let removal = deletion.removal();
    if ask.preview {
        let preview = preview::delete(&app, &actor, &id, removal.members).await?;
        return Ok(Answered::Previewed(preview));
    }
    if forgotten {
        let operation = remove::forget(&app, &actor, &id).await?;
        return Ok(Answered::Done(StatusCode::ACCEPTED, operation));
    }
    let begun = remove::delete(&app, &actor, &id, &removal).await?;
    wait.accepted(&app, &actor, &begun).await
}

/// Tries a failed destination again.
#[utoipa::path(post, path = "/v1/destinations/{id}/retry", tag = "destinations",
    params(("id" = DestinationId, Path, description = "The destination"), Wait),
    security(("token" = ["operate"])),
    responses((status = 202, description = "The work", body = Operation), Problems))]
pub(super) async fn retry_destination(
    State(app): State<AppState>,
    Caller(actor): Caller,
    Path(id): Path<DestinationId>,
    Query(wait): Query<Wait>,
) -> Result<Answered<Operation>, Error> {
    let begun = destinations::retry(&app, &actor, &id).await?;
    wait.accepted(&app, &actor, &begun).await
}

/// Makes an adopted destination Portolan's own. The network is not touched; from then on it is
/// repaired and removed as one that was created.
#[utoipa::path(post, path = "/v1/destinations/{id}/take-over", tag = "destinations",
    params(("id" = DestinationId, Path, description = "The destination")),
    security(("token" = ["operate"])),
    responses((status = 200, description = "The destination", body = Destination), Problems))]
pub(super) async fn take_over_destination(
    State(app): State<AppState>,
    Caller(actor): Caller,
    Path(id): Path<DestinationId>,
) -> Result<Answer<Destination>, Error> {
    Ok(Answer(destinations::take_over(&app, &actor, &id).await?))
}
