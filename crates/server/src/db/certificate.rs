//! Certificates of teams. Private keys are stored sealed and leave this module sealed.

use portolan_types::{Certificate, CertificateId, PageQuery, TeamId};
use sqlx::{AnyConnection, FromRow, Row, any::AnyRow};

use super::{Window, json_option, moment, parsed, to_json};
use crate::rights::Visible;

struct CertificateRow(Certificate);

impl FromRow<'_, AnyRow> for CertificateRow {
    fn from_row(row: &AnyRow) -> Result<Self, sqlx::Error> {
        Ok(Self(Certificate {
            id: parsed(row, "id")?,
            name: parsed(row, "name")?,
            hosts: json_option(row, "hosts")?.unwrap_or_default(),
            fingerprint: row.try_get("fingerprint")?,
            not_before: moment(row, "not_before")?,
            not_after: moment(row, "not_after")?,
            created_at: moment(row, "created_at")?,
        }))
    }
}

/// A certificate with what the API does not show.
#[derive(Clone)]
pub struct Sealed {
    pub certificate: Certificate,
    /// PEM.
    pub chain: String,
    pub sealed_private_key: String,
}

impl std::fmt::Debug for Sealed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Sealed").field("certificate", &self.certificate).finish_non_exhaustive()
    }
}

impl FromRow<'_, AnyRow> for Sealed {
    fn from_row(row: &AnyRow) -> Result<Self, sqlx::Error> {
        let CertificateRow(certificate) = CertificateRow::from_row(row)?;
        Ok(Self {
            certificate,
            chain: row.try_get("chain")?,
            sealed_private_key: row.try_get("sealed_private_key")?,
        })
    }
}

/// A name that the team has used is a unique violation.
pub async fn insert(
    conn: &mut AnyConnection,
    team: &TeamId,
    sealed: &Sealed,
) -> Result<(), sqlx::Error> {
    let certificate = &sealed.certificate;
    sqlx::query(
        "insert into certificates
             (id, team_id, name, hosts, chain, fingerprint, sealed_private_key, not_before,
              not_after, created_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
    )
    .bind(certificate.id.as_str())
    .bind(team.as_str())
    .bind(certificate.name.as_str())
    .bind(to_json(&certificate.hosts)?)
    .bind(sealed.chain.as_str())
    .bind(certificate.fingerprint.as_str())
    .bind(sealed.sealed_private_key.as_str())
    .bind(certificate.not_before.as_millis())
    .bind(certificate.not_after.as_millis())
    .bind(certificate.created_at.as_millis())
    .execute(conn)
    .await?;
    Ok(())
}

/// The certificate, if the team has it.
pub async fn find(
    conn: &mut AnyConnection,
    visible: Visible<'_>,
    id: &CertificateId,
) -> Result<Option<Certificate>, sqlx::Error> {
    let row: Option<CertificateRow> = sqlx::query_as(concat!(
        "select id, name, hosts, fingerprint, not_before, not_after, created_at
         from certificates where team_id = $1 and id = $2 and ",
        visible!("3", whole)
    ))
    .bind(visible.team().as_str())
    .bind(id.as_str())
    .bind(visible.by())
    .fetch_optional(conn)
    .await?;
    Ok(row.map(|CertificateRow(certificate)| certificate))
}

/// The team's certificates, oldest first.
pub async fn list(
    conn: &mut AnyConnection,
    visible: Visible<'_>,
    query: &PageQuery,
) -> Result<Vec<Certificate>, sqlx::Error> {
    let window = Window::oldest_first(visible, query);
    let rows: Vec<CertificateRow> = window
        .query(concat!(
            "select id, name, hosts, fingerprint, not_before, not_after, created_at
             from certificates
             where team_id = $1 and (created_at, id) > ($2, $3)
               and (lower(name) like $4 escape '!' or lower(hosts) like $4 escape '!')
               and ",
            visible!("6", whole),
            " order by created_at, id
             limit $5"
        ))
        .fetch_all(conn)
        .await?;
    Ok(rows.into_iter().map(|CertificateRow(certificate)| certificate).collect())
}

/// Every certificate of the team with its sealed key, for a proxy's configuration.
pub async fn list_sealed(
    conn: &mut AnyConnection,
    team: &TeamId,
) -> Result<Vec<Sealed>, sqlx::Error> {
    sqlx::query_as(
        "select id, name, hosts, fingerprint, not_before, not_after, created_at, chain,
                sealed_private_key
         from certificates where team_id = $1 order by created_at, id",
    )
    .bind(team.as_str())
    .fetch_all(conn)
    .await
}

/// Removes the row. `false` when the team has no such certificate.
pub async fn delete(
    conn: &mut AnyConnection,
    team: &TeamId,
    id: &CertificateId,
) -> Result<bool, sqlx::Error> {
    let done = sqlx::query("delete from certificates where team_id = $1 and id = $2")
        .bind(team.as_str())
        .bind(id.as_str())
        .execute(conn)
        .await?;
    Ok(done.rows_affected() == 1)
}
