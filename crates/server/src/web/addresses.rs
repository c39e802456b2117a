//! `/addresses`: from where subnets are taken, and what is left.

use askama::Template;
use axum::{extract::State, routing::get};
use portolan_types::{FleetAddresses, ReservedRange, SubnetPool, address::SubnetUse};

use super::{
    chrome::Chrome,
    pages::Pages,
    shown::{self, Shown},
};
use crate::{addresses, api::AppState};

/// Empty rows for more.
const SPARE: usize = 2;

pub(super) fn rows(pages: Pages<'_>) -> Pages<'_> {
    pages.page("/addresses", &["show_addresses", "draw_addresses"], get(show))
}

#[derive(Template)]
#[template(path = "addresses/show.html")]
struct Show {
    chrome: Chrome,
    fleet: FleetAddresses,
}

async fn show(State(app): State<AppState>, chrome: Chrome) -> Shown {
    let fleet = addresses::show(&app, &chrome.actor).await?;
    Ok(shown::page(&Show { chrome, fleet }))
}

impl Show {
    /// Rows of the form: what there is, and empty ones.
    fn pools(&self) -> Vec<Option<&SubnetPool>> {
        let there = self.fleet.plan.pools.as_slice().iter().map(Some);
        there.chain(std::iter::repeat_n(None, SPARE)).collect()
    }

    fn reserved(&self) -> Vec<Option<&ReservedRange>> {
        let there = self.fleet.plan.reserved.as_slice().iter().map(Some);
        there.chain(std::iter::repeat_n(None, SPARE)).collect()
    }

    /// Of a hundred; more than nothing is never shown as nothing.
    #[expect(clippy::unused_self, reason = "the template reaches it by the page")]
    fn percent(&self, of: &SubnetUse) -> u64 {
        if of.used == 0 { 0 } else { (of.used * 100 / of.total.max(1)).clamp(1, 100) }
    }
}
