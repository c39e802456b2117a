//! `portolan route`.

use std::{num::NonZeroU16, path::PathBuf};

use portolan_types::{
    Application, ApplicationId, BasicAuth, ChangeAuth, ContainerName, CreateRoute, Destination,
    DestinationId, Direction, Header, Invalid, Route, RouteHost, RouteOptions, RoutePath,
    RouteState, RouteUser, UpdateRoute,
};
use secrecy::ExposeSecret;

use crate::{
    ask::{Consent, confirm, read_secret},
    client::Client,
    failure::{Failure, Outcome},
    find::{Reference, find},
    list::{Listing, collect},
    printer::{Details, Line, Printer, Span, Style, Table},
    words::{bytes, since},
};

/// Seconds in which a proxy that answers has taken a route, with much to spare.
const WAIT: u32 = 30;

/// A route to add.
#[derive(Debug)]
pub(crate) struct NewRoute {
    pub(crate) host: RouteHost,
    pub(crate) path: RoutePath,
    pub(crate) to: Target,
    pub(crate) options: RouteOptions,
    pub(crate) password: Option<Password>,
}

/// Where a route is to lead.
#[derive(Debug)]
pub(crate) enum Target {
    /// To a container on a destination.
    Container(Reference, (ContainerName, NonZeroU16)),
    /// To whichever container serves, on the port that is said or that of its spec.
    Application(Reference, Option<NonZeroU16>),
}

/// A user, and the file with their password.
#[derive(Debug)]
pub(crate) struct Password {
    pub(crate) user: RouteUser,
    pub(crate) file: PathBuf,
}

impl Password {
    fn read(self) -> anyhow::Result<BasicAuth> {
        let password = read_secret(&self.file)?.expose_secret().to_owned();
        Ok(BasicAuth { user: self.user, password })
    }
}

/// What is to be other than it is.
#[derive(Debug)]
pub(crate) struct RouteChange<F> {
    pub(crate) target: Option<ContainerName>,
    pub(crate) port: Option<NonZeroU16>,
    /// Makes the new options of the present ones.
    pub(crate) options: F,
    pub(crate) auth: AuthChange,
}

/// What becomes of the password.
#[derive(Debug)]
pub(crate) enum AuthChange {
    Keep,
    None,
    Ask(Password),
}

pub(crate) async fn list(
    client: &Client,
    printer: &Printer,
    destination: Option<Reference>,
    listing: Listing,
) -> anyhow::Result<()> {
    let filters = match destination {
        Some(wanted) => {
            vec![("destination_id", find::<Destination>(client, &wanted).await?.id.into())]
        }
        None => Vec::new(),
    };
    let page = collect(client, "/v1/routes", &filters, listing).await?;
    let when_empty =
        "no routes: add one with `portolan route add HOST --destination D --to NAME:PORT`";
    printer.page(&page, table, when_empty)?;
    Ok(())
}

fn table(routes: &[Route]) -> Table {
    let header = &["ADDRESS", "TARGET", "DESTINATION", "SERVER", "STATE", "HTTPS", "ID"];
    Table::new(header).yielding(&["HTTPS", "SERVER"]).with(routes.iter().map(|route| {
        vec![
            Span::plain(route.address()),
            Span::plain(format!("{}:{}", route.target, route.port)),
            Span::plain(route.destination_name.as_str()),
            Span::plain(route.server_name.as_str()),
            state_span(route.state),
            Span::plain(route.options.https.as_str()),
            Span::plain(route.id.as_str()),
        ]
    }))
}

fn state_span(state: RouteState) -> Span {
    let style = match state {
        RouteState::Live => Style::Good,
        RouteState::Pending => Style::Caution,
        RouteState::Dark | RouteState::Refused => Style::Bad,
    };
    Span::new(style, state.as_str())
}

pub(crate) async fn show(
    client: &Client,
    printer: &Printer,
    wanted: &Reference,
) -> anyhow::Result<()> {
    let route: Route = find(client, wanted).await?;
    printer.one(&route, details)?;
    Ok(())
}

fn details(route: &Route) -> Details {
    let options = &route.options;
    let headers: Vec<String> =
        Vec::from(options.headers.clone()).iter().map(header_words).collect();
    Details::default()
        .row("address", route.address())
        .row("id", route.id.as_str())
        .row("target", format!("{}:{}", route.target, route.port))
        .maybe("application", route.application_id.as_ref().map(ApplicationId::as_str))
        .row("destination", route.destination_name.as_str())
        .row("network", route.network.as_str())
        .row("server", route.server_name.as_str())
        .span("state", state_span(route.state))
        .maybe("reason", route.reason.as_deref())
        .row("https", options.https.as_str())
        .row("www", options.www.as_str())
        .maybe("strip path", options.strip_path.then_some("yes"))
        .maybe("body limit", options.body_limit_bytes.map(|limit| bytes(limit.bytes())))
        .maybe("headers", (!headers.is_empty()).then(|| headers.join("\n")))
        .maybe("password", route.user.as_ref().map(|user| format!("of `{user}`")))
        .row("created", since(route.created_at))
}

fn header_words(header: &Header) -> String {
    let way = match header.on {
        Direction::Request => "->",
        Direction::Response => "<-",
    };
    match header.value.as_str() {
        "" => format!("{way} without {}", header.name),
        value => format!("{way} {}: {value}", header.name),
    }
}

pub(crate) async fn add(
    client: &Client,
    printer: &Printer,
    new: NewRoute,
) -> anyhow::Result<Outcome> {
    let basic_auth = new.password.map(Password::read).transpose()?;
    let (destination_id, led) = lead(client, new.to).await?;
    let (target, application_id, port) = match led {
        Led::Container((target, port)) => (Some(target), None, Some(port)),
        Led::Application(id, port) => (None, Some(id), port),
    };
    let request = CreateRoute {
        destination_id,
        host: new.host,
        path: new.path,
        target,
        application_id,
        port,
        options: new.options,
        basic_auth,
    };
    let route: Route = client.create(&format!("/v1/routes?wait={WAIT}"), &request).await?;
    outcome(printer, &route)
}

/// The same as [`Target`], found.
enum Led {
    Container((ContainerName, NonZeroU16)),
    Application(ApplicationId, Option<NonZeroU16>),
}

async fn lead(client: &Client, to: Target) -> anyhow::Result<(DestinationId, Led)> {
    match to {
        Target::Container(destination, to) => {
            let destination: Destination = find(client, &destination).await?;
            Ok((destination.id, Led::Container(to)))
        }
        Target::Application(wanted, port) => {
            let application: Application = find(client, &wanted).await?;
            Ok((application.destination_id, Led::Application(application.id, port)))
        }
    }
}

/// Shows the route; one that does not lead anywhere is no success.
fn outcome(printer: &Printer, route: &Route) -> anyhow::Result<Outcome> {
    printer.one(route, details)?;
    match route.state {
        RouteState::Live => Ok(Outcome::Done),
        RouteState::Pending => {
            printer.hint(
                "no proxy serves it yet: see `portolan proxy list`, or give the server one with \
                 `portolan proxy set`",
            );
            Ok(Outcome::Done)
        }
        RouteState::Dark | RouteState::Refused => Ok(Outcome::Failed),
    }
}

pub(crate) async fn edit<F>(
    client: &Client,
    printer: &Printer,
    wanted: &Reference,
    change: RouteChange<F>,
) -> anyhow::Result<Outcome>
where
    F: FnOnce(&RouteOptions) -> Result<RouteOptions, Invalid>,
{
    let before: Route = find(client, wanted).await?;
    let options = (change.options)(&before.options)
        .map_err(|error| Failure::usage(error.to_string(), "see `portolan route edit --help`"))?;
    let basic_auth = match change.auth {
        AuthChange::Keep => None,
        AuthChange::None => Some(ChangeAuth::None),
        AuthChange::Ask(password) => Some(ChangeAuth::Ask(password.read()?)),
    };
    let options = (options != before.options).then_some(options);
    let request = UpdateRoute { target: change.target, port: change.port, options, basic_auth };
    let path = format!("/v1/routes/{}?wait={WAIT}", before.id);
    let after: Route = client.change(&path, &request).await?;
    outcome(printer, &after)
}

pub(crate) async fn remove(
    client: &Client,
    printer: &Printer,
    wanted: &Reference,
    consent: Consent,
) -> anyhow::Result<()> {
    let route: Route = find(client, wanted).await?;
    let question = format!(
        "remove route `{}` to `{}:{}` on `{}`? It goes dark at once.",
        route.address(),
        route.target,
        route.port,
        route.destination_name
    );
    confirm(printer, consent, &question)?;
    let () = client.remove(&format!("/v1/routes/{}", route.id), &[]).await?;
    printer.say(&Line::plain(format!("removed route `{}`", route.address())));
    Ok(())
}
