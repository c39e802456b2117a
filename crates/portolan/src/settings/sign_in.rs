//! What the operator says of ways in, put together from its settings.
//!
//! Owns which settings need which and where a client's secret stands; what they mean is the control
//! plane's business.

use anyhow::{Context, bail};
use portolan_types::{ProviderName, Role};
use secrecy::SecretString;

use super::{
    Merge, Networks,
    file::{ProviderValues, RoleValues},
    variable,
};
use crate::{
    ask::read_secret,
    control_plane::{GroupRole, Provider, PublicUrl, SignIn},
    failure::Failure,
};

const GROUPS_CLAIM: &str = "groups";

/// The flags of it.
#[derive(Debug, Default)]
pub(crate) struct SignInFlags {
    pub(crate) public_url: Option<PublicUrl>,
    pub(crate) allow_issuers_to: Option<Networks>,
}

impl Merge {
    pub(super) fn sign_in(&self, flags: SignInFlags) -> anyhow::Result<SignIn> {
        let public_url = self.optional("public-url", flags.public_url)?;
        let networks = self.optional("allow-issuers-to", flags.allow_issuers_to)?;
        let Networks(allow_issuers_to) = networks.unwrap_or_default();
        let mut providers: Vec<Provider> = Vec::new();
        for values in self.file.providers() {
            let name = values.name.escape_debug();
            let place =
                || format!("bad value of `oidc` `{name}` in {}", self.file.path().display());
            let provider = self.provider(values).with_context(place)?;
            if providers.iter().any(|other| other.name == provider.name) {
                bail!("there are two providers `{name}` in {}", self.file.path().display());
            }
            providers.push(provider);
        }
        if public_url.is_none() && !providers.is_empty() {
            return Err(Failure::usage(
                "`oidc` is set and `public-url` is not",
                "providers send browsers back: --public-url https://portolan.example.com",
            )
            .into());
        }
        Ok(SignIn { public_url, providers, allow_issuers_to, ..SignIn::default() })
    }

    fn provider(&self, values: &ProviderValues) -> anyhow::Result<Provider> {
        let name: ProviderName = values.name.parse().context("name")?;
        let word =
            |scope: &String| !scope.is_empty() && scope.bytes().all(|b| b.is_ascii_graphic());
        if !values.scopes.iter().all(word) {
            bail!("scopes: a scope is a word");
        }
        if values.client_id.is_empty() {
            bail!("client-id: empty");
        }
        Ok(Provider {
            client_secret: self.client_secret(&name, values)?,
            issuer: values.issuer.parse().context("issuer")?,
            client_id: values.client_id.clone(),
            scopes: values.scopes.clone(),
            allowed_domains: values.allowed_domains.iter().map(|one| one.to_lowercase()).collect(),
            groups_claim: values.groups_claim.clone().unwrap_or_else(|| GROUPS_CLAIM.to_owned()),
            trust_email: values.trust_email,
            roles: values.roles.iter().map(role).collect::<Result<_, _>>()?,
            name,
        })
    }

    /// In a file, or in `PORTOLAN_OIDC_NAME_CLIENT_SECRET`; never in the settings file itself, which
    /// others may read.
    fn client_secret(
        &self,
        name: &ProviderName,
        values: &ProviderValues,
    ) -> anyhow::Result<Option<SecretString>> {
        let variable = variable(&format!("oidc-{name}-client-secret"));
        let known = (self.environment)(&variable).filter(|text| !text.is_empty());
        match (known, &values.client_secret_file) {
            (Some(secret), None) => Ok(Some(secret.into())),
            (None, Some(file)) => Ok(Some(read_secret(file).context("client-secret-file")?)),
            (None, None) => Ok(None),
            (Some(_), Some(_)) => bail!("client-secret-file: {variable} is set too"),
        }
    }
}

fn role(values: &RoleValues) -> anyhow::Result<GroupRole> {
    let role = values.role.parse().context("role")?;
    if role == Role::Owner {
        bail!("role: groups make members and admins; owners are made by owners");
    }
    if values.group.is_empty() {
        bail!("group: empty");
    }
    let team = values.team.parse().context("team (its id, see `portolan whoami --json`)")?;
    Ok(GroupRole { group: values.group.clone(), team, role })
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use secrecy::ExposeSecret;

    use super::{
        super::{Flags, Settings},
        *,
    };
    use crate::environment::Environment;

    const TEAM: &str = "tz4a98xxat96iws9zmbrgj3a";

    fn merged(folder: &Path, text: &str, environment: Environment) -> anyhow::Result<SignIn> {
        let path = folder.join("settings.toml");
        std::fs::write(&path, text)?;
        let flags = Flags { config: Some(path), ..Flags::default() };
        Ok(Settings::merge(flags, environment)?.config.sign_in)
    }

    fn nothing(name: &str) -> Option<String> {
        (name == "HOME").then(|| "/home/someone".to_owned())
    }

    fn written(more: &str) -> String {
        format!(
            "public-url = 'https://portolan.example.com'\n[[oidc]]\nname = 'corp'\n\
             issuer = 'https://id.example.com'\nclient-id = 'portolan'\n{more}\n"
        )
    }

    #[test]
    fn a_provider_is_read() -> anyhow::Result<()> {
        let folder = tempfile::tempdir()?;
        let secret = folder.path().join("secret");
        std::fs::write(&secret, "hunter2\n")?;
        let more = format!(
            "client-secret-file = '{}'\nscopes = ['email', 'groups']\n\
             allowed-domains = ['Example.com']\n[[oidc.roles]]\ngroup = 'ops'\nteam = '{TEAM}'\n\
             role = 'admin'",
            secret.display()
        );
        let read = merged(folder.path(), &written(&more), nothing)?;
        let provider = &read.providers[0];
        assert_eq!(
            provider.client_secret.as_ref().map(ExposeSecret::expose_secret),
            Some("hunter2")
        );
        assert_eq!(provider.allowed_domains, ["example.com"]);
        assert_eq!(provider.groups_claim, "groups");
        assert_eq!(provider.roles[0].role, Role::Admin);
        assert!(!format!("{read:?}").contains("hunter2"));
        let environment: Environment = |name| match name {
            "PORTOLAN_OIDC_CORP_CLIENT_SECRET" => Some("hunter3".to_owned()),
            other => nothing(other),
        };
        let read = merged(folder.path(), &written(""), environment)?;
        let secret = read.providers[0].client_secret.as_ref().map(ExposeSecret::expose_secret);
        assert_eq!(secret, Some("hunter3"));
        assert!(merged(folder.path(), &written(&more), environment).is_err());
        Ok(())
    }

    #[test]
    fn what_does_not_fit_is_refused() -> anyhow::Result<()> {
        let folder = tempfile::tempdir()?;
        let refused = |text: &str| match merged(folder.path(), text, nothing) {
            Ok(read) => format!("{read:?}"),
            Err(error) => format!("{error:#}"),
        };
        let role = |role: &str, team: &str| {
            written(&format!("[[oidc.roles]]\ngroup = 'g'\nteam = '{team}'\nrole = '{role}'"))
        };
        assert!(refused(&role("owner", TEAM)).contains("owners are made by owners"));
        assert!(refused(&role("root", TEAM)).contains("unknown role"));
        assert!(refused(&role("member", "Default team")).contains("its id"));
        let text = written("").replace("https://id", "http://id");
        assert!(refused(&text).contains("https"), "{}", refused(&text));
        let twice = format!("{}{}", written(""), written("").replace("public-url", "#"));
        assert!(refused(&twice).contains("two providers"), "{}", refused(&twice));
        let text = written("").replace("public-url", "#");
        assert!(refused(&text).contains("`public-url` is not"), "{}", refused(&text));
        assert!(refused(&written("client-secret = 'hunter2'")).contains("unknown field"));
        assert!(!refused(&written("client-secret = 'hunter2'")).contains("hunter2"));
        assert!(refused("public-url = 'http://portolan.example.com'").contains("https"));
        Ok(())
    }
}
