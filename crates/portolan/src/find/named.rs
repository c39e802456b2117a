//! What can be found: where it is listed, and what it is called.

use std::borrow::Cow;

use portolan_types::{
    Application, Certificate, Database, Destination, Environment, Identity, Invite, Key, Member,
    Membership, Notifier, Passkey, Project, Registry, Route, Server, Stack, Storage, Token,
};

use super::{Named, in_list};
use crate::{client::Client, words::since};

impl Named for Key {
    const WHAT: &'static str = "key";
    const PATH: &'static str = "/v1/keys";

    fn id(&self) -> &str {
        self.id.as_str()
    }

    fn names(&self) -> Vec<Cow<'_, str>> {
        vec![self.name.as_str().into()]
    }

    fn context(&self) -> String {
        self.fingerprint.clone()
    }
}

impl Named for Registry {
    const WHAT: &'static str = "registry";
    const PATH: &'static str = "/v1/registries";

    fn id(&self) -> &str {
        self.id.as_str()
    }

    fn names(&self) -> Vec<Cow<'_, str>> {
        vec![self.name.as_str().into()]
    }

    fn context(&self) -> String {
        format!("{} at {}", self.user, self.host)
    }
}

impl Named for Storage {
    const WHAT: &'static str = "storage";
    const PATH: &'static str = "/v1/storages";

    fn id(&self) -> &str {
        self.id.as_str()
    }

    fn names(&self) -> Vec<Cow<'_, str>> {
        vec![self.name.as_str().into()]
    }

    fn context(&self) -> String {
        self.kind.to_string()
    }
}

impl Named for Server {
    const WHAT: &'static str = "server";
    const PATH: &'static str = "/v1/servers";

    fn id(&self) -> &str {
        self.id.as_str()
    }

    fn names(&self) -> Vec<Cow<'_, str>> {
        vec![self.name.as_str().into()]
    }

    fn context(&self) -> String {
        crate::commands::server::connection_words(&self.connection)
    }
}

impl Named for Destination {
    const WHAT: &'static str = "destination";
    const PATH: &'static str = "/v1/destinations";

    fn id(&self) -> &str {
        self.id.as_str()
    }

    fn names(&self) -> Vec<Cow<'_, str>> {
        vec![self.name.as_str().into(), self.network.as_str().into()]
    }

    fn context(&self) -> String {
        format!("network {} on {}", self.network, self.server_name)
    }
}

impl Named for Project {
    const WHAT: &'static str = "project";
    const PATH: &'static str = "/v1/projects";

    fn id(&self) -> &str {
        self.id.as_str()
    }

    fn names(&self) -> Vec<Cow<'_, str>> {
        vec![self.name.as_str().into()]
    }

    fn context(&self) -> String {
        self.description.to_string()
    }
}

impl Named for Environment {
    const WHAT: &'static str = "environment";
    const PATH: &'static str = "/v1/environments";

    fn id(&self) -> &str {
        self.id.as_str()
    }

    /// With its project; the name alone where no other project has one of that name.
    fn names(&self) -> Vec<Cow<'_, str>> {
        let full = format!("{}/{}", self.project_name, self.name);
        vec![full.into(), self.name.as_str().into()]
    }

    fn context(&self) -> String {
        format!("of project {}", self.project_name)
    }
}

impl Named for Application {
    const WHAT: &'static str = "application";
    const PATH: &'static str = "/v1/applications";

    fn id(&self) -> &str {
        self.id.as_str()
    }

    /// With its project and environment; less where that is enough.
    fn names(&self) -> Vec<Cow<'_, str>> {
        let Self { project_name, environment_name, name, .. } = self;
        let near = format!("{environment_name}/{name}");
        vec![format!("{project_name}/{near}").into(), near.into(), name.as_str().into()]
    }

    /// Lists are searched by the name alone.
    fn searched(text: &str) -> &str {
        text.rsplit_once('/').map_or(text, |(_, name)| name)
    }

    fn context(&self) -> String {
        format!("{}/{}", self.project_name, self.environment_name)
    }
}

impl Named for Database {
    const WHAT: &'static str = "database";
    const PATH: &'static str = "/v1/databases";

    fn id(&self) -> &str {
        self.id.as_str()
    }

    /// As those of applications.
    fn names(&self) -> Vec<Cow<'_, str>> {
        let Self { project_name, environment_name, name, .. } = self;
        let near = format!("{environment_name}/{name}");
        vec![format!("{project_name}/{near}").into(), near.into(), name.as_str().into()]
    }

    /// Lists are searched by the name alone.
    fn searched(text: &str) -> &str {
        text.rsplit_once('/').map_or(text, |(_, name)| name)
    }

    fn context(&self) -> String {
        format!("{}/{}", self.project_name, self.environment_name)
    }
}

impl Named for Stack {
    const WHAT: &'static str = "stack";
    const PATH: &'static str = "/v1/stacks";

    fn id(&self) -> &str {
        self.id.as_str()
    }

    /// As those of applications.
    fn names(&self) -> Vec<Cow<'_, str>> {
        let Self { project_name, environment_name, name, .. } = self;
        let near = format!("{environment_name}/{name}");
        vec![format!("{project_name}/{near}").into(), near.into(), name.as_str().into()]
    }

    /// Lists are searched by the name alone.
    fn searched(text: &str) -> &str {
        text.rsplit_once('/').map_or(text, |(_, name)| name)
    }

    fn context(&self) -> String {
        format!("{}/{}", self.project_name, self.environment_name)
    }
}

impl Named for Route {
    const WHAT: &'static str = "route";
    const PATH: &'static str = "/v1/routes";

    fn id(&self) -> &str {
        self.id.as_str()
    }

    /// Host and path; the host alone where the path is everything.
    fn names(&self) -> Vec<Cow<'_, str>> {
        let host = self.path.is_root().then(|| self.host.as_str().into());
        std::iter::once(self.address().into()).chain(host).collect()
    }

    fn context(&self) -> String {
        format!("to {}:{} on {}", self.target, self.port, self.destination_name)
    }
}

impl Named for Certificate {
    const WHAT: &'static str = "certificate";
    const PATH: &'static str = "/v1/certificates";

    fn id(&self) -> &str {
        self.id.as_str()
    }

    fn names(&self) -> Vec<Cow<'_, str>> {
        vec![self.name.as_str().into()]
    }

    fn context(&self) -> String {
        self.hosts.join(", ")
    }
}

impl Named for Member {
    const WHAT: &'static str = "member";
    const PATH: &'static str = "/v1/members";

    fn id(&self) -> &str {
        self.user_id.as_str()
    }

    fn names(&self) -> Vec<Cow<'_, str>> {
        vec![self.email.as_str().into()]
    }

    fn context(&self) -> String {
        self.role.to_string()
    }
}

impl Named for Invite {
    const WHAT: &'static str = "invite";
    const PATH: &'static str = "/v1/invites";

    fn id(&self) -> &str {
        self.id.as_str()
    }

    fn names(&self) -> Vec<Cow<'_, str>> {
        self.email.iter().map(|email| email.as_str().into()).collect()
    }

    fn context(&self) -> String {
        self.role.to_string()
    }

    /// A single invitation cannot be read: the list is searched.
    async fn with_id(client: &Client, id: &str) -> Result<Option<Self>, crate::client::Error> {
        in_list(client, id).await
    }
}

impl Named for Membership {
    const WHAT: &'static str = "team";
    const PATH: &'static str = "/v1/teams";

    fn id(&self) -> &str {
        self.team.id.as_str()
    }

    fn names(&self) -> Vec<Cow<'_, str>> {
        vec![self.team.name.as_str().into()]
    }

    fn context(&self) -> String {
        self.role.to_string()
    }

    /// A single team cannot be read: the list is searched.
    async fn with_id(client: &Client, id: &str) -> Result<Option<Self>, crate::client::Error> {
        in_list(client, id).await
    }
}

impl Named for Notifier {
    const WHAT: &'static str = "notifier";
    const PATH: &'static str = "/v1/notifiers";

    fn id(&self) -> &str {
        self.id.as_str()
    }

    fn names(&self) -> Vec<Cow<'_, str>> {
        vec![self.name.as_str().into()]
    }

    fn context(&self) -> String {
        crate::commands::notifier::target_words(&self.target)
    }
}

impl Named for Token {
    const WHAT: &'static str = "token";
    const PATH: &'static str = "/v1/tokens";

    fn id(&self) -> &str {
        self.id.as_str()
    }

    fn names(&self) -> Vec<Cow<'_, str>> {
        vec![self.name.as_str().into()]
    }

    fn context(&self) -> String {
        self.abilities.to_string()
    }

    /// A single token cannot be read: the list is searched.
    async fn with_id(client: &Client, id: &str) -> Result<Option<Self>, crate::client::Error> {
        in_list(client, id).await
    }
}

impl Named for Passkey {
    const WHAT: &'static str = "passkey";
    const PATH: &'static str = "/v1/passkeys";

    fn id(&self) -> &str {
        self.id.as_str()
    }

    fn names(&self) -> Vec<Cow<'_, str>> {
        vec![self.name.as_str().into()]
    }

    fn context(&self) -> String {
        format!("made {}", since(self.created_at))
    }

    /// A single passkey cannot be read: the list is searched.
    async fn with_id(client: &Client, id: &str) -> Result<Option<Self>, crate::client::Error> {
        in_list(client, id).await
    }
}

impl Named for Identity {
    const WHAT: &'static str = "identity";
    const PATH: &'static str = "/v1/identities";

    fn id(&self) -> &str {
        self.id.as_str()
    }

    fn names(&self) -> Vec<Cow<'_, str>> {
        vec![self.issuer.as_str().into()]
    }

    fn context(&self) -> String {
        self.subject.clone()
    }

    /// A single identity cannot be read: the list is searched.
    async fn with_id(client: &Client, id: &str) -> Result<Option<Self>, crate::client::Error> {
        in_list(client, id).await
    }
}
