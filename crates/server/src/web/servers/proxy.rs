//! `/servers/{id}/proxy`: the proxy of a server, where it is attached, and what is written into it.

use askama::Template;
use axum::{extract::State, routing::get};
use portolan_types::{
    Attachment, CertificateSource, GeneratedConfiguration, Operation, Page, PageQuery, Proxy,
    ProxyKind, ServerId, SetProxy,
};

use super::head::{Head, Tab};
use crate::{
    Actor, Error,
    api::AppState,
    operations, proxies,
    web::{
        chrome::Chrome,
        extract::{Path, Query},
        pages::Pages,
        shown::{self, Shown},
    },
};

pub(super) fn rows(pages: Pages<'_>) -> Pages<'_> {
    pages.page("/servers/{id}/proxy", &["show_proxy", "list_attachments"], get(show)).page(
        "/servers/{id}/proxy/configuration",
        &["show_proxy", "show_proxy_configuration"],
        get(configuration),
    )
}

/// The form's fields as they are, or as they would be.
struct Fields {
    kind: ProxyKind,
    image: String,
    http_port: u16,
    https_port: u16,
    extra: String,
    certificates: Certificates,
}

/// The authority's settings, flat.
#[derive(Default)]
struct Certificates {
    internal: bool,
    email: String,
    staging: bool,
    directory: String,
    root: String,
}

impl From<&CertificateSource> for Certificates {
    fn from(source: &CertificateSource) -> Self {
        match source {
            CertificateSource::Internal => Self { internal: true, ..Self::default() },
            CertificateSource::Acme { email, staging, directory, root } => Self {
                internal: false,
                email: email.as_ref().map_or_else(String::new, ToString::to_string),
                staging: *staging,
                directory: directory.as_ref().map_or_else(String::new, ToString::to_string),
                root: root.clone().unwrap_or_default(),
            },
        }
    }
}

impl From<Option<&Proxy>> for Fields {
    fn from(proxy: Option<&Proxy>) -> Self {
        let Some(proxy) = proxy else {
            let set = SetProxy::of(ProxyKind::Caddy);
            return Self {
                kind: set.kind,
                image: String::new(),
                http_port: set.http_port.get(),
                https_port: set.https_port.get(),
                extra: String::new(),
                certificates: Certificates::from(&set.certificates),
            };
        };
        let published = proxy.image.as_str() == proxy.kind.default_image();
        Self {
            kind: proxy.kind,
            image: if published { String::new() } else { proxy.image.to_string() },
            http_port: proxy.http_port.get(),
            https_port: proxy.https_port.get(),
            extra: proxy.extra.clone().unwrap_or_default(),
            certificates: Certificates::from(&proxy.certificates),
        }
    }
}

#[derive(Template)]
#[template(path = "servers/proxy.html")]
struct Show {
    chrome: Chrome,
    head: Head,
    proxy: Option<Proxy>,
    set: Fields,
    operation: Option<Operation>,
    page: Page<Attachment>,
}

async fn show(
    State(app): State<AppState>,
    chrome: Chrome,
    Path(id): Path<ServerId>,
    Query(query): Query<PageQuery>,
) -> Shown {
    let head = Head::read(&app, &chrome, &id, Tab::Proxy).await?;
    let proxy = find(&app, &chrome.actor, &id).await?;
    let operation = under_way(&app, &chrome.actor, proxy.as_ref()).await?;
    let page = proxies::attachments(&app, &chrome.actor, Some(&id), None, &query).await?;
    Ok(shown::page(&Show {
        set: Fields::from(proxy.as_ref()),
        chrome,
        head,
        proxy,
        operation,
        page,
    }))
}

/// That there is none is no failure here.
pub(in crate::web) async fn find(
    app: &AppState,
    actor: &Actor,
    id: &ServerId,
) -> Result<Option<Proxy>, Error> {
    match proxies::show(app, actor, id).await {
        Ok(proxy) => Ok(Some(proxy)),
        Err(Error::Refused(refusal)) if refusal.code == "no-proxy" => Ok(None),
        Err(error) => Err(error),
    }
}

async fn under_way(
    app: &AppState,
    actor: &Actor,
    proxy: Option<&Proxy>,
) -> Result<Option<Operation>, Error> {
    let named = proxy.and_then(|proxy| proxy.operation_id.as_ref());
    let latest = operations::show_latest(app, actor, named).await?;
    Ok(latest.filter(|latest| latest.failure.is_some() || !latest.state.is_over()))
}

#[derive(Template)]
#[template(path = "servers/configuration.html")]
struct ConfigurationShown {
    chrome: Chrome,
    head: Head,
    configuration: GeneratedConfiguration,
}

async fn configuration(
    State(app): State<AppState>,
    chrome: Chrome,
    Path(id): Path<ServerId>,
) -> Shown {
    let head = Head::read(&app, &chrome, &id, Tab::Proxy).await?;
    let configuration = proxies::configuration(&app, &chrome.actor, &id).await?;
    Ok(shown::page(&ConfigurationShown { chrome, head, configuration }))
}
