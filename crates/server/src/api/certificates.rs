//! `/v1/certificates`.

use axum::{Json as Answer, extract::State, http::StatusCode};
use portolan_types::{Certificate, CertificateId, CreateCertificate, Page, PageQuery};

use super::{
    AppState,
    extract::{Caller, Json, Path, Query},
    problem::Problems,
};
use crate::{Error, certificates};

/// Lists the team's certificates, oldest first.
#[utoipa::path(get, path = "/v1/certificates", tag = "certificates", params(PageQuery),
    security(("token" = ["read"])),
    responses((status = 200, description = "A page", body = Page<Certificate>), Problems))]
pub(super) async fn list_certificates(
    State(app): State<AppState>,
    Caller(actor): Caller,
    Query(query): Query<PageQuery>,
) -> Result<Answer<Page<Certificate>>, Error> {
    Ok(Answer(certificates::list(&app, &actor, &query).await?))
}

/// Stores a certificate with its private key, which is never answered. It serves every route whose
/// host it names.
#[utoipa::path(post, path = "/v1/certificates", tag = "certificates",
    security(("token" = ["admin"])),
    responses((status = 201, description = "The certificate", body = Certificate), Problems))]
pub(super) async fn create_certificate(
    State(app): State<AppState>,
    Caller(actor): Caller,
    Json(input): Json<CreateCertificate>,
) -> Result<(StatusCode, Answer<Certificate>), Error> {
    Ok((StatusCode::CREATED, Answer(certificates::create(&app, &actor, input).await?)))
}

/// Shows a certificate.
#[utoipa::path(get, path = "/v1/certificates/{id}", tag = "certificates",
    params(("id" = CertificateId, Path, description = "The certificate")),
    security(("token" = ["read"])),
    responses((status = 200, description = "The certificate", body = Certificate), Problems))]
pub(super) async fn show_certificate(
    State(app): State<AppState>,
    Caller(actor): Caller,
    Path(id): Path<CertificateId>,
) -> Result<Answer<Certificate>, Error> {
    Ok(Answer(certificates::show(&app, &actor, &id).await?))
}

/// Removes a certificate. Routes that it served take theirs from where their proxy takes them.
#[utoipa::path(delete, path = "/v1/certificates/{id}", tag = "certificates",
    params(("id" = CertificateId, Path, description = "The certificate")),
    security(("token" = ["admin"])),
    responses((status = 204, description = "It is gone"), Problems))]
pub(super) async fn delete_certificate(
    State(app): State<AppState>,
    Caller(actor): Caller,
    Path(id): Path<CertificateId>,
) -> Result<StatusCode, Error> {
    certificates::delete(&app, &actor, &id).await?;
    Ok(StatusCode::NO_CONTENT)
}
