//! `/destinations/new`, and the same form in the dialog of the list: everything is filled in, and
//! each server that cannot be chosen says why.

use askama::Template;
use axum::extract::State;
use portolan_types::{
    DestinationKind, Name, NetworkName, NetworkOptions, PlannedSubnets, ServerId,
};
use serde::Deserialize;

use crate::{
    Error,
    api::AppState,
    destinations::{self, Offer},
    web::{
        chrome::Chrome,
        extract::Query,
        shown::{self, Shown},
    },
};

/// What the form of a new destination begins with.
#[derive(Debug)]
pub(super) struct Form {
    pub offers: Vec<Offer>,
    pub network: NetworkName,
    /// Of the chosen server and the network.
    pub name: String,
    pub options: NetworkOptions,
    pub planned: PlannedSubnets,
    chosen: Option<ServerId>,
}

impl Form {
    /// The server that was asked for is chosen, or the first that can be.
    pub(super) async fn read(
        app: &AppState,
        chrome: &Chrome,
        wanted: Option<&ServerId>,
    ) -> Result<Self, Error> {
        let offers = destinations::offers(app, &chrome.actor).await?;
        let usable = || offers.iter().filter(|offer| offer.kind.is_ok());
        let asked = usable().find(|offer| Some(&offer.server.id) == wanted);
        let chosen = asked.or_else(|| usable().next()).map(|offer| &offer.server);
        let network = NetworkName::generate();
        let name = chosen.map(|server| format!("{}-{network}", server.name)).unwrap_or_default();
        Ok(Self {
            name: Name::proposed(&name).map(String::from).unwrap_or_default(),
            chosen: chosen.map(|server| server.id.clone()),
            network,
            options: NetworkOptions::default(),
            planned: PlannedSubnets::default(),
            offers,
        })
    }

    pub(super) fn is_chosen(&self, offer: &Offer) -> bool {
        self.chosen.as_ref() == Some(&offer.server.id)
    }

    pub(super) fn can_be_sent(&self) -> bool {
        self.chosen.is_some()
    }

    /// Only between the hosts of a swarm is there something to encrypt.
    pub(super) fn may_encrypt(&self) -> bool {
        self.offers.iter().any(|offer| offer.kind == Ok(DestinationKind::Swarm))
    }
}

/// What the page is opened with.
#[derive(Debug, Deserialize)]
pub(super) struct Wanted {
    server_id: Option<ServerId>,
}

#[derive(Template)]
#[template(path = "destinations/new.html")]
struct New {
    chrome: Chrome,
    form: Form,
}

pub(super) async fn form(
    State(app): State<AppState>,
    chrome: Chrome,
    Query(wanted): Query<Wanted>,
) -> Shown {
    let form = Form::read(&app, &chrome, wanted.server_id.as_ref()).await?;
    Ok(shown::page(&New { chrome, form }))
}
