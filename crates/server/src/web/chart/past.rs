//! What the chart's form for looking back holds: the moment, and the events before and after it.

use portolan_types::{Chart, Event, EventFilter, PageQuery, Subject, Timestamp};
use serde::Deserialize;

use crate::{Actor, App, Error, events};

/// Events that are looked through for one that is about the fleet.
const LOOKED_AT: u16 = 50;

/// As it stands in the address.
#[derive(Debug, Deserialize)]
pub(super) struct Asked {
    at: Option<String>,
}

impl Asked {
    /// A moment as the API has it, or as a field for date and time sends it: that is UTC.
    pub(super) fn moment(&self) -> Result<Option<Timestamp>, Error> {
        let Some(text) = &self.at else { return Ok(None) };
        let read = text.parse().or_else(|_| format!("{text}Z").parse());
        read.map(Some).map_err(|_| Error::field("at", "is no moment, as `2026-01-01T12:00:00Z`"))
    }
}

/// What the form shows.
#[derive(Debug)]
pub(super) struct Past {
    pub(super) at: Option<Timestamp>,
    pub(super) since: Option<Timestamp>,
    pub(super) earlier: Option<Timestamp>,
    pub(super) later: Option<Timestamp>,
    /// What happened last until then.
    pub(super) told: Option<String>,
}

impl Past {
    pub(super) async fn of(app: &App, actor: &Actor, chart: &Chart) -> Result<Self, Error> {
        let (at, since) = (chart.at, chart.since);
        let until = at.map(after);
        let filter = EventFilter { since, until, ..EventFilter::default() };
        let query = PageQuery::first(LOOKED_AT);
        let before = events::list(app, actor, &filter, &query).await?.items;
        let mut before = before.into_iter().filter(is_of_the_fleet).peekable();
        let told = at.and_then(|_| before.peek()).map(|event| event.message.clone());
        let earlier = before.map(|event| event.at).find(|one| at.is_none_or(|at| *one < at));
        let later = match until {
            Some(until) => next(app, actor, until).await?,
            None => None,
        };
        Ok(Self { at, since, earlier, later, told })
    }

    /// A moment as a field for date and time has it.
    fn field(moment: Timestamp) -> String {
        moment.to_string().trim_end_matches('Z').to_owned()
    }

    pub(super) fn chosen(&self) -> String {
        self.at.map(Self::field).unwrap_or_default()
    }

    pub(super) fn first(&self) -> String {
        self.since.map(Self::field).unwrap_or_default()
    }
}

/// The first event from a moment on.
async fn next(app: &App, actor: &Actor, from: Timestamp) -> Result<Option<Timestamp>, Error> {
    let filter = EventFilter { since: Some(from), ..EventFilter::default() };
    let query = PageQuery::first(LOOKED_AT);
    let after = events::list_after(app, actor, &filter, &query, 0).await?;
    Ok(after.items.iter().find(|event| is_of_the_fleet(event)).map(|event| event.at))
}

fn after(moment: Timestamp) -> Timestamp {
    Timestamp::from_millis(moment.as_millis().saturating_add(1))
}

/// Who signed in, and the like, changes nothing in the picture.
const fn is_of_the_fleet(event: &Event) -> bool {
    matches!(event.subject, Subject::Server(_) | Subject::Destination(_) | Subject::Route(_))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_is_read_as_the_api_and_as_a_field_writes_it() {
        let moment = |text: &str| Asked { at: Some(text.to_owned()) }.moment();
        let wanted = Some("2026-01-01T12:30:00.000Z".parse().expect("a moment"));
        for text in ["2026-01-01T12:30:00.000Z", "2026-01-01T12:30:00", "2026-01-01T12:30"] {
            assert_eq!(moment(text).expect("it is one"), wanted, "{text}");
        }
        for text in ["yesterday", "<b>", "2026-01-01"] {
            moment(text).expect_err(text);
        }
    }
}
