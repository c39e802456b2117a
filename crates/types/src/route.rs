//! Routes: ways from outside to a container on a destination.

use std::{num::NonZeroU16, str::FromStr};

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{
    ApplicationId, ContainerName, DestinationId, Invalid, Name, NetworkName, RouteId, ServerId,
    Timestamp, text::text_newtype, text::words,
};

mod header;
mod host;
mod path;

pub use header::{Direction, Header, HeaderName, HeaderValue, Headers};
pub use host::RouteHost;
pub use path::RoutePath;

words! {
    /// What of HTTPS and HTTP is answered.
    #[derive(Default)]
    pub enum Https ("use of HTTPS") {
        /// HTTPS; requests over HTTP are sent on to it.
        #[default]
        Redirect = "redirect",
        /// Both, each as it came.
        Both = "both",
        /// HTTP alone: no certificate is asked for, and over HTTPS nobody answers.
        Off = "off",
    }
}

words! {
    /// What becomes of requests for the host with `www.` before it, or without it. Of several routes
    /// on one host that with the longest path decides for all of it.
    #[derive(Default)]
    pub enum Www ("redirect of www") {
        /// Nothing: the host alone is answered.
        #[default]
        Keep = "keep",
        /// Requests for `www.HOST` are sent on to the host.
        Strip = "strip",
        /// The host begins with `www.`; requests for it without are sent on to it.
        Add = "add",
    }
}

words! {
    /// How a route is doing.
    pub enum RouteState ("state of a route") {
        /// The proxy does not have it yet, or there is none.
        Pending = "pending",
        /// In force; its target is on the destination and runs.
        Live = "live",
        /// In force, but its target cannot be reached: the reason says why.
        Dark = "dark",
        /// The proxy refused it: the reason has its words.
        Refused = "refused",
    }
}

/// A way from outside to a container on a destination.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Route {
    pub id: RouteId,
    pub destination_id: DestinationId,
    pub destination_name: Name,
    /// The destination's network: the only one over which the target is reached.
    pub network: NetworkName,
    pub server_id: ServerId,
    pub server_name: Name,
    pub host: RouteHost,
    pub path: RoutePath,
    /// A container by name, or a service. Of an application the container that serves, and before
    /// there is one the application's name.
    pub target: ContainerName,
    /// The application that it leads to, whichever container serves.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub application_id: Option<ApplicationId>,
    #[schema(value_type = u16, minimum = 1, example = 8080)]
    pub port: NonZeroU16,
    pub options: RouteOptions,
    /// Who has to give the password, if one is asked for.
    pub user: Option<RouteUser>,
    pub state: RouteState,
    /// Why it is in this state, when that is not obvious.
    pub reason: Option<String>,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
}

impl Route {
    /// The host and path, as people write them.
    pub fn address(&self) -> String {
        format!("{}{}", self.host, self.path)
    }
}

/// What is done to requests on their way.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct RouteOptions {
    pub https: Https,
    pub www: Www,
    /// Takes the path off before the request is passed on.
    pub strip_path: bool,
    /// Larger request bodies are refused with 413.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<u64>, minimum = 1)]
    pub body_limit_bytes: Option<BodyLimit>,
    /// Set on requests to the target and on its responses.
    #[serde(skip_serializing_if = "Headers::is_empty")]
    #[schema(max_items = 50)]
    pub headers: Headers,
}

/// A bound of request bodies in bytes: 1 to 1 TiB.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(try_from = "u64", into = "u64")]
#[schema(value_type = u64, minimum = 1)]
pub struct BodyLimit(u64);

impl BodyLimit {
    pub const MAX: u64 = 1 << 40;

    pub const fn bytes(self) -> u64 {
        self.0
    }
}

impl TryFrom<u64> for BodyLimit {
    type Error = Invalid;

    fn try_from(bytes: u64) -> Result<Self, Self::Error> {
        if (1..=Self::MAX).contains(&bytes) {
            Ok(Self(bytes))
        } else {
            Err(Invalid::new("a body limit is 1 byte to 1 TiB"))
        }
    }
}

impl From<BodyLimit> for u64 {
    fn from(limit: BodyLimit) -> Self {
        limit.0
    }
}

/// The user of a password: visible ASCII without `:`, which would end it (RFC 7617).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(try_from = "String", into = "String")]
#[schema(value_type = String, min_length = 1, max_length = 100, example = "visitor")]
pub struct RouteUser(String);

impl RouteUser {
    pub const MAX: usize = 100;
}

impl FromStr for RouteUser {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let sound = text.bytes().all(|byte| byte.is_ascii_graphic() && byte != b':');
        if sound && (1..=Self::MAX).contains(&text.len()) {
            Ok(Self(text.to_owned()))
        } else {
            Err(Invalid::new(format!(
                "a user has 1 to {} visible ASCII characters without `:`",
                Self::MAX
            )))
        }
    }
}

text_newtype!(RouteUser);

/// A user and their password. The password is hashed and never comes back.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct BasicAuth {
    pub user: RouteUser,
    /// 8 to 72 bytes: bcrypt, which both proxies take, reads no further.
    #[schema(min_length = 8, max_length = 72, write_only)]
    pub password: String,
}

impl std::fmt::Debug for BasicAuth {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("BasicAuth").field("user", &self.user).finish_non_exhaustive()
    }
}

/// What `create_route` takes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CreateRoute {
    pub destination_id: DestinationId,
    pub host: RouteHost,
    #[serde(default)]
    pub path: RoutePath,
    /// A container or service by name: this, or an application.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub target: Option<ContainerName>,
    /// An application on the destination: the route follows its deployments.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub application_id: Option<ApplicationId>,
    /// Default: that of the application's spec.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<u16>, minimum = 1, example = 8080)]
    pub port: Option<NonZeroU16>,
    #[serde(default)]
    pub options: RouteOptions,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub basic_auth: Option<BasicAuth>,
}

/// What `update_route` takes. What is left out stays; the host and path are what a route is.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct UpdateRoute {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub target: Option<ContainerName>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<u16>, minimum = 1)]
    pub port: Option<NonZeroU16>,
    /// All options from now on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub options: Option<RouteOptions>,
    /// A user and password from now on, or `none`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub basic_auth: Option<ChangeAuth>,
}

/// What becomes of a route's password.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum ChangeAuth {
    /// None is asked for any more.
    None,
    /// This one.
    Ask(BasicAuth),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bounds_of_numbers_and_users() {
        assert!(BodyLimit::try_from(0).is_err());
        assert!(BodyLimit::try_from(BodyLimit::MAX).is_ok());
        assert!(BodyLimit::try_from(BodyLimit::MAX + 1).is_err());
        assert!("visitor".parse::<RouteUser>().is_ok());
        for bad in ["", "a:b", "a b", "ü", "a\n"] {
            assert!(bad.parse::<RouteUser>().is_err(), "{bad:?}");
        }
    }

    #[test]
    fn a_password_is_not_debugged() {
        let auth = BasicAuth {
            user: "visitor".parse().expect("a user"),
            password: "open sesame".to_owned(),
        };
        assert!(!format!("{auth:?}").contains("sesame"));
    }
}
