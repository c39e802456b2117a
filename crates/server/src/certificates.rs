//! Certificates of a team's own: checked, sealed, and served by its proxies to the hosts that they
//! name. Those that proxies obtain by themselves are not here.

use portolan_types::{
    Certificate, CertificateId, CreateCertificate, Page, PageQuery, Subject, Timestamp,
};
use secrecy::SecretString;
use sqlx::AnyConnection;
use zeroize::Zeroize;

use crate::{
    Actor, App, Error,
    db::{self, Transaction, certificate::Sealed},
    events::{self, Happened},
    page,
};

mod material;

/// What a private key is sealed for: the row it belongs to.
pub(crate) fn seal_context(id: &str) -> String {
    format!("certificate:{id}")
}

/// Stores a certificate and its private key.
pub async fn create(
    app: &App,
    actor: &Actor,
    input: CreateCertificate,
) -> Result<Certificate, Error> {
    let read = material::read(&input.chain, &input.private_key)?;
    let CreateCertificate { name, chain, mut private_key } = input;
    let certificate = Certificate {
        id: CertificateId::generate(),
        name,
        hosts: read.hosts,
        fingerprint: read.fingerprint,
        not_before: read.not_before,
        not_after: read.not_after,
        created_at: Timestamp::now(),
    };
    let secret = SecretString::from(std::mem::take(&mut private_key));
    private_key.zeroize();
    let sealed_private_key = app.vault.seal(&secret, &seal_context(certificate.id.as_str()))?;
    let row = Sealed { certificate, chain, sealed_private_key };
    let mut tx = app.db.begin().await?;
    db::certificate::insert(&mut tx, actor.team_id(), &row)
        .await
        .map_err(|error| Error::on_unique(error, || taken(&row.certificate)))?;
    note(&mut tx, actor, "certificate.added", &row.certificate, "added").await?;
    commit_and_wake(app, tx, actor).await?;
    Ok(row.certificate)
}

fn taken(certificate: &Certificate) -> Error {
    Error::refused(
        "certificate-exists",
        format!("the team already has a certificate named `{}`", certificate.name),
        "choose another name; to renew a certificate, add the new one, then remove the old one",
    )
}

async fn note(
    conn: &mut AnyConnection,
    actor: &Actor,
    kind: &'static str,
    certificate: &Certificate,
    what: &str,
) -> Result<(), Error> {
    let happened = Happened {
        team: actor.team_id(),
        kind,
        subject: Subject::Certificate(certificate.id.clone()),
        name: certificate.name.as_str(),
        message: format!(
            "certificate `{}` for {} was {what} by {}",
            certificate.name,
            certificate.hosts.join(", "),
            actor.user.email
        ),
    };
    Ok(events::record(conn, happened.by(actor.author()), Timestamp::now()).await?)
}

/// Every proxy of the team may have a route whose host it names.
async fn commit_and_wake(app: &App, mut tx: Transaction, actor: &Actor) -> Result<(), Error> {
    let servers = db::proxy::list_servers(&mut tx, actor.team_id()).await?;
    tx.commit().await?;
    for server in &servers {
        app.wake(server);
    }
    Ok(())
}

/// One certificate of the team.
pub async fn show(app: &App, actor: &Actor, id: &CertificateId) -> Result<Certificate, Error> {
    let mut conn = app.db.acquire().await?;
    find(&mut conn, actor, id).await
}

async fn find(
    conn: &mut AnyConnection,
    actor: &Actor,
    id: &CertificateId,
) -> Result<Certificate, Error> {
    db::certificate::find(conn, actor.visible(), id).await?.ok_or(Error::NotFound("certificate"))
}

/// The team's certificates, oldest first.
pub async fn list(app: &App, actor: &Actor, query: &PageQuery) -> Result<Page<Certificate>, Error> {
    let mut conn = app.db.acquire().await?;
    let rows = db::certificate::list(&mut conn, actor.visible(), query).await?;
    Ok(page::of(rows, query, |one| (one.created_at, one.id.as_str())))
}

/// Removes a certificate and its key.
pub async fn delete(app: &App, actor: &Actor, id: &CertificateId) -> Result<(), Error> {
    let mut tx = app.db.begin().await?;
    let certificate = find(&mut tx, actor, id).await?;
    if !db::certificate::delete(&mut tx, actor.team_id(), id).await? {
        return Err(Error::NotFound("certificate"));
    }
    note(&mut tx, actor, "certificate.removed", &certificate, "removed").await?;
    commit_and_wake(app, tx, actor).await
}

/// For the fuzzer: whatever is accepted names hosts.
#[cfg(feature = "fuzzing")]
pub(crate) fn read_anything(chain: &str, private_key: &str) {
    if let Ok(read) = material::read(chain, private_key) {
        assert!(!read.hosts.is_empty());
    }
}
