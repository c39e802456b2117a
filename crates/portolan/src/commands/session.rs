//! `portolan session`.

use portolan_types::{EndedSessions, SessionId, SignIn};

use super::token::expiry_span;
use crate::{
    client::Client,
    list::{Listing, collect},
    printer::{Line, Printer, Span, Style, Table},
    words::since,
};

pub(crate) async fn list(
    client: &Client,
    printer: &Printer,
    listing: Listing,
) -> anyhow::Result<()> {
    let page = collect(client, "/v1/sessions", &[], listing).await?;
    printer.page(&page, table, "no sessions")?;
    Ok(())
}

fn table(sessions: &[SignIn]) -> Table {
    let header = &["BEGUN", "LAST USED", "EXPIRES", "BY", "ADDRESS", "PROGRAM", "ID"];
    Table::new(header).yielding(&["PROGRAM", "ADDRESS"]).with(sessions.iter().map(|session| {
        let used = since(session.last_used_at);
        vec![
            Span::plain(since(session.created_at)),
            if session.current { Span::new(Style::Good, "this one") } else { Span::plain(used) },
            expiry_span(Some(session.expires_at)),
            Span::plain(session.method.as_str()),
            Span::or_dash(session.address.as_deref()),
            Span::or_dash(session.user_agent.as_deref()),
            Span::plain(session.id.as_str()),
        ]
    }))
}

pub(crate) async fn revoke(
    client: &Client,
    printer: &Printer,
    id: &SessionId,
) -> anyhow::Result<()> {
    let () = client.remove(&format!("/v1/sessions/{id}"), &[]).await?;
    printer.say(&Line::plain("the session has ended"));
    Ok(())
}

pub(crate) async fn revoke_others(client: &Client, printer: &Printer) -> anyhow::Result<()> {
    let EndedSessions { ended } = client.remove("/v1/sessions", &[]).await?;
    printer.say(&Line::plain(match ended {
        0 => "there were no other sessions".to_owned(),
        1 => "one other session has ended".to_owned(),
        several => format!("{several} other sessions have ended"),
    }));
    Ok(())
}
