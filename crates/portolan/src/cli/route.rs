//! `portolan route` as it is typed.

use std::{num::NonZeroU16, path::PathBuf};

use clap::{ArgGroup, Args, Subcommand};
use portolan_types::{
    BodyLimit, ContainerName, Direction, Header, Headers, Https, Invalid, RouteHost, RouteOptions,
    RoutePath, RouteUser, Www,
};

use super::shared::{ConsentArgs, ListArgs};
use crate::find::Reference;

/// What can be done with routes.
#[derive(Debug, Subcommand)]
pub(crate) enum RouteCommand {
    /// List routes.
    #[command(after_help = "Examples:
  portolan route list --destination shop
  portolan route list --all --json | jq -r '.items[] | .host + .path'")]
    List {
        /// Only those to this destination: id, name or network.
        #[arg(long)]
        destination: Option<Reference>,
        #[command(flatten)]
        list: ListArgs,
    },
    /// Show a route, and how it is doing.
    Show {
        /// Id, or host and path as `shop.example.com/api`.
        route: Reference,
    },
    /// Lead requests for a host to an application, or to a container on a destination.
    #[command(after_help = "Examples:
  portolan route add shop.example.com --destination shop --to web:8080
  portolan route add shop.example.com/api --destination shop --to api:3000 --strip-path
  portolan route add shop.example.com --app shop
  portolan route add example.com --destination shop --to web:80 --www strip --body-limit 10485760
  portolan route add lab.example.com --destination lab --to web:80 --https off \\
      --user visitor --password-file - --response-header x-frame-options=DENY

The proxy of the destination's server serves it (`portolan proxy set`). The target is found by its
name on that destination's network and on no other. A route to an application follows its
deployments.")]
    Add(Box<AddRouteArgs>),
    /// Lead a route elsewhere, or otherwise; what is not named stays.
    #[command(after_help = "Examples:
  portolan route edit shop.example.com --to web-2:8080
  portolan route edit shop.example.com --https both --no-password

The host and path are what a route is: to change them, add another and remove this one.")]
    Edit(Box<EditRouteArgs>),
    /// Remove a route: its proxy stops answering for the address.
    Remove {
        /// Id, or host and path as `shop.example.com/api`.
        route: Reference,
        #[command(flatten)]
        consent: ConsentArgs,
    },
}

/// A route to add.
#[derive(Debug, Args)]
pub(crate) struct AddRouteArgs {
    /// Host, or host and path as `shop.example.com/api`.
    #[arg(value_name = "HOST[/PATH]", value_parser = address)]
    pub(crate) address: (RouteHost, RoutePath),
    /// Where the target is: id, name or network of a destination.
    #[arg(long, required_unless_present = "app")]
    pub(crate) destination: Option<Reference>,
    /// The target: a container or service by name, and its port.
    #[arg(long, value_name = "CONTAINER:PORT", value_parser = target,
          required_unless_present = "app")]
    pub(crate) to: Option<(ContainerName, NonZeroU16)>,
    /// The application that it leads to, whichever container serves: id, name, or
    /// PROJECT/ENVIRONMENT/NAME.
    #[arg(long, conflicts_with_all = ["destination", "to"])]
    pub(crate) app: Option<Reference>,
    /// The application's port, if not that on which it answers.
    #[arg(long, requires = "app")]
    pub(crate) port: Option<NonZeroU16>,
    #[command(flatten)]
    pub(crate) options: RouteOptionArgs,
    #[command(flatten)]
    pub(crate) password: PasswordArgs,
}

/// A route to change.
#[derive(Debug, Args)]
#[command(group = ArgGroup::new("edit").multiple(true).required(true).args([
    "to", "port", "https", "www", "strip_path", "body_limit", "no_body_limit", "request_headers",
    "response_headers", "unset_headers", "user", "no_password",
]))]
pub(crate) struct EditRouteArgs {
    /// Id, or host and path as `shop.example.com/api`.
    pub(crate) route: Reference,
    /// Another target: a container or service by name, and its port.
    #[arg(long, value_name = "CONTAINER:PORT", value_parser = target)]
    pub(crate) to: Option<(ContainerName, NonZeroU16)>,
    /// Another port of the same target.
    #[arg(long, conflicts_with = "to")]
    pub(crate) port: Option<NonZeroU16>,
    #[command(flatten)]
    pub(crate) options: RouteOptionArgs,
    /// Bodies of any size again.
    #[arg(long, conflicts_with = "body_limit")]
    no_body_limit: bool,
    /// A header that is no longer set, either way; may be given again.
    #[arg(long = "unset-header", value_name = "NAME")]
    unset_headers: Vec<String>,
    #[command(flatten)]
    pub(crate) password: PasswordArgs,
    /// Ask for no password any more.
    #[arg(long, conflicts_with = "user")]
    pub(crate) no_password: bool,
}

/// What is done to requests on their way.
#[derive(Debug, Args)]
pub(crate) struct RouteOptionArgs {
    /// `redirect` sends HTTP on to HTTPS, `both` answers both, `off` is HTTP alone [default:
    /// redirect].
    #[arg(long, value_name = "redirect|both|off")]
    https: Option<Https>,
    /// `strip` sends `www.HOST` on to the host, `add` sends the name without `www.` on to the host
    /// [default: keep].
    #[arg(long, value_name = "keep|strip|add")]
    www: Option<Www>,
    /// Take the path off before the request is passed on.
    #[arg(long, value_name = "true|false", num_args = 0..=1, default_missing_value = "true")]
    strip_path: Option<bool>,
    /// Refuse larger request bodies.
    #[arg(long, value_name = "BYTES", value_parser = body_limit)]
    body_limit: Option<BodyLimit>,
    /// Set a header for the target; without a value it is taken off. May be given again.
    #[arg(long = "request-header", value_name = "NAME=VALUE", value_parser = request_header)]
    request_headers: Vec<Header>,
    /// Set a header of responses; without a value it is taken off. May be given again.
    #[arg(long = "response-header", value_name = "NAME=VALUE", value_parser = response_header)]
    response_headers: Vec<Header>,
}

/// Who may come in.
#[derive(Debug, Args)]
pub(crate) struct PasswordArgs {
    /// Ask for a password, of this user (HTTP basic authentication).
    #[arg(long, requires = "password_file")]
    pub(crate) user: Option<RouteUser>,
    /// File with the password, 8 to 72 bytes; `-` is stdin.
    #[arg(long, value_name = "FILE", requires = "user")]
    pub(crate) password_file: Option<PathBuf>,
}

impl RouteOptionArgs {
    /// The present options with what was typed instead.
    pub(crate) fn applied_to(&self, present: &RouteOptions) -> Result<RouteOptions, Invalid> {
        let typed = || self.request_headers.iter().chain(&self.response_headers);
        let replaced = |header: &Header| {
            typed().any(|other| other.on == header.on && other.name == header.name)
        };
        let kept = Vec::from(present.headers.clone()).into_iter().filter(|one| !replaced(one));
        Ok(RouteOptions {
            https: self.https.unwrap_or(present.https),
            www: self.www.unwrap_or(present.www),
            strip_path: self.strip_path.unwrap_or(present.strip_path),
            body_limit_bytes: self.body_limit.or(present.body_limit_bytes),
            headers: Headers::try_from(kept.chain(typed().cloned()).collect::<Vec<_>>())?,
        })
    }
}

impl EditRouteArgs {
    /// The present options with what was typed instead.
    pub(crate) fn applied_to(&self, present: &RouteOptions) -> Result<RouteOptions, Invalid> {
        let mut present = present.clone();
        let unset = |header: &Header| self.unset_headers.iter().any(|name| header.is_named(name));
        let kept = Vec::from(present.headers).into_iter().filter(|one| !unset(one));
        present.headers = Headers::try_from(kept.collect::<Vec<_>>())?;
        if self.no_body_limit {
            present.body_limit_bytes = None;
        }
        self.options.applied_to(&present)
    }
}

fn address(text: &str) -> Result<(RouteHost, RoutePath), Invalid> {
    match text.find('/') {
        Some(at) => Ok((text[..at].parse()?, text[at..].parse()?)),
        None => Ok((text.parse()?, RoutePath::default())),
    }
}

fn target(text: &str) -> Result<(ContainerName, NonZeroU16), Invalid> {
    let parts = text.rsplit_once(':');
    let (name, port) =
        parts.ok_or_else(|| Invalid::new("a target is a container and its port, as `web:8080`"))?;
    let port = port.parse().map_err(|_| Invalid::new("a port is 1 to 65535"))?;
    Ok((name.parse()?, port))
}

fn body_limit(text: &str) -> Result<BodyLimit, Invalid> {
    let bytes: u64 = text.parse().map_err(|_| Invalid::new("not a number of bytes"))?;
    BodyLimit::try_from(bytes)
}

fn request_header(text: &str) -> Result<Header, Invalid> {
    header(Direction::Request, text)
}

fn response_header(text: &str) -> Result<Header, Invalid> {
    header(Direction::Response, text)
}

fn header(on: Direction, text: &str) -> Result<Header, Invalid> {
    let (name, value) = text.split_once('=').unwrap_or((text, ""));
    Ok(Header { on, name: name.parse()?, value: value.parse()? })
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Debug, Parser)]
    struct Typed {
        #[command(flatten)]
        edit: EditRouteArgs,
    }

    fn changed(present: &RouteOptions, typed: &[&str]) -> RouteOptions {
        let typed = Typed::try_parse_from([&["edit", "a.com"], typed].concat()).expect("accepted");
        typed.edit.applied_to(present).expect("options")
    }

    #[test]
    fn what_is_not_typed_stays() {
        let first = ["--request-header", "x-a=1", "--body-limit", "10", "--strip-path"];
        let present = changed(&RouteOptions::default(), &first);
        assert!(present.strip_path && present.body_limit_bytes.is_some());
        let next = changed(&present, &["--request-header", "X-A=2", "--https", "off"]);
        let headers: Vec<Header> = next.headers.clone().into();
        assert_eq!((headers.len(), headers[0].value.as_str()), (1, "2"));
        assert!(next.strip_path && next.body_limit_bytes.is_some());
        let last = changed(&next, &["--unset-header", "x-a", "--no-body-limit"]);
        assert!(last.headers.is_empty() && last.body_limit_bytes.is_none());
        assert!(!changed(&last, &["--strip-path", "false"]).strip_path);
    }

    #[test]
    fn addresses_and_targets() {
        let (host, path) = address("Shop.example.com/api/").expect("an address");
        assert_eq!((host.as_str(), path.as_str()), ("shop.example.com", "/api"));
        assert_eq!(address("a.com").map(|(_, path)| path), Ok(RoutePath::default()));
        assert!(address("https://a.com").is_err());
        assert!(target("web:8080").is_ok());
        for bad in ["web", "web:0", "web:70000", ":80", "we b:80"] {
            assert!(target(bad).is_err(), "{bad}");
        }
    }
}
