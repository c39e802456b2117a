//! `/certificates`: certificates that people brought. Those that proxies get by themselves are not
//! among them.

use askama::Template;
use axum::{extract::State, routing::get};
use portolan_types::{Certificate, CertificateId, Page, PageQuery, Timestamp};

use super::{
    chrome::Chrome,
    extract::{Path, Query},
    pages::Pages,
    shown::{self, Shown},
};
use crate::{api::AppState, certificates};

/// Long enough to get a new one without haste.
const SOON_SECONDS: u64 = 30 * 24 * 3_600;

pub(super) fn rows(pages: Pages<'_>) -> Pages<'_> {
    pages.page("/certificates", &["list_certificates"], get(list)).page(
        "/certificates/{id}",
        &["show_certificate"],
        get(show),
    )
}

/// A certificate, and whether it serves.
struct Dated {
    certificate: Certificate,
    state: &'static str,
}

impl From<Certificate> for Dated {
    fn from(certificate: Certificate) -> Self {
        let now = Timestamp::now();
        let state = match certificate.not_after {
            end if end <= now => "expired",
            end if now.seconds_until(end) < SOON_SECONDS => "ends soon",
            _ if certificate.not_before > now => "not valid yet",
            _ => "valid",
        };
        Self { certificate, state }
    }
}

#[derive(Template)]
#[template(path = "certificates/list.html")]
struct List {
    chrome: Chrome,
    rows: Vec<Dated>,
    page: Page<Certificate>,
    search: String,
}

async fn list(
    State(app): State<AppState>,
    chrome: Chrome,
    Query(query): Query<PageQuery>,
) -> Shown {
    let mut page = certificates::list(&app, &chrome.actor, &query).await?;
    let rows = page.items.drain(..).map(Dated::from).collect();
    let search = shown::searched(&query);
    Ok(shown::page(&List { chrome, rows, page, search }))
}

#[derive(Template)]
#[template(path = "certificates/show.html")]
struct Show {
    chrome: Chrome,
    certificate: Certificate,
    state: &'static str,
}

async fn show(State(app): State<AppState>, chrome: Chrome, Path(id): Path<CertificateId>) -> Shown {
    let certificate = certificates::show(&app, &chrome.actor, &id).await?;
    let Dated { certificate, state } = certificate.into();
    Ok(shown::page(&Show { chrome, certificate, state }))
}
