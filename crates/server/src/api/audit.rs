//! `/v1/audit`.

use axum::{
    Json as Answer,
    body::{Body, Bytes},
    extract::State,
    http::header,
    response::IntoResponse,
};
use futures_util::TryStreamExt;
use portolan_types::{AuditEntry, AuditFilter, AuditNote, AuditVerdict, Page, PageQuery};

use super::{
    AppState,
    extract::{Caller, Query},
    problem::Problems,
};
use crate::{Error, audit};

/// Lists what people did in the team, newest first. For admins and owners.
#[utoipa::path(get, path = "/v1/audit", tag = "audit", params(AuditFilter, PageQuery),
    security(("token" = ["admin"])),
    responses((status = 200, description = "A page", body = Page<AuditEntry>), Problems))]
pub(super) async fn list_audit(
    State(app): State<AppState>,
    Caller(actor): Caller,
    Query(filter): Query<AuditFilter>,
    Query(query): Query<PageQuery>,
) -> Result<Answer<Page<AuditEntry>>, Error> {
    Ok(Answer(audit::list(&app, &actor, &filter, &query).await?))
}

/// All of it, oldest first, one JSON object a line. For admins and owners.
#[utoipa::path(get, path = "/v1/audit/export", tag = "audit", params(AuditFilter),
    security(("token" = ["admin"])),
    responses(
        (status = 200, description = "Entries, one a line", body = String,
         content_type = "application/x-ndjson"),
        Problems,
    ))]
pub(super) async fn export_audit(
    State(app): State<AppState>,
    Caller(actor): Caller,
    Query(filter): Query<AuditFilter>,
) -> Result<impl IntoResponse, Error> {
    let parts = audit::export(&app, &actor, filter).await?;
    let lines = parts.map_err(std::io::Error::other).and_then(async |part| lines(&part));
    Ok(([(header::CONTENT_TYPE, "application/x-ndjson")], Body::from_stream(lines)))
}

fn lines(part: &[AuditEntry]) -> Result<Bytes, std::io::Error> {
    let mut lines = Vec::new();
    for entry in part {
        serde_json::to_writer(&mut lines, entry)?;
        lines.push(b'\n');
    }
    Ok(lines.into())
}

/// Follows the chain from its beginning and says whether it holds: no entry altered, gone, moved or
/// forged. Say what was noted earlier (`count`, `head`), and an end that was cut off is found too.
#[utoipa::path(get, path = "/v1/audit/verify", tag = "audit", params(AuditNote),
    security(("token" = ["admin"])),
    responses((status = 200, description = "Whether it holds", body = AuditVerdict), Problems))]
pub(super) async fn verify_audit(
    State(app): State<AppState>,
    Query(note): Query<AuditNote>,
) -> Result<Answer<AuditVerdict>, Error> {
    Ok(Answer(audit::verify(&app, &note).await?))
}
