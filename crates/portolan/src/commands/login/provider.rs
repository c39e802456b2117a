//! `portolan login --sso`: through a provider of OpenID Connect, with a browser in between.
//!
//! This program begins the sign-in and ends it, as a browser does otherwise: it alone has the secret
//! that binds the two. The browser only asks the provider. It is sent back to a page of the control
//! plane that ends nothing there, as that secret is not in it, and whose address the person brings
//! here. So it works from hosts without a browser, and providers know one address to send people to.

use anyhow::Context;
use portolan_types::{ProviderName, SignInProvider, SignInWays};
use reqwest::Url;
use secrecy::SecretString;

use crate::{
    ask::line,
    client::{BaseUrl, Client, Credentials},
    failure::Failure,
    printer::{Line, Printer},
};

/// What binds the end of a sign-in to its beginning.
const SIGN_IN: &str = "__Host-portolan-sign-in";
const SESSION: &str = "__Host-portolan";
const DEVICE: &str = "__Host-portolan-device";
/// What a provider sends back (RFC 6749, section 4.1.2; RFC 9207), and nothing else.
const ANSWERED: [&str; 4] = ["code", "state", "error", "iss"];

pub(super) async fn sign_in(
    url: BaseUrl,
    printer: &Printer,
    wanted: Option<&ProviderName>,
    device: Option<SecretString>,
) -> anyhow::Result<Credentials> {
    let client = Client::new(url.clone(), None)?;
    let provider = choose(client.look("/v1/sign-in").await?, wanted)?;
    let begun = client.follow(&provider.begin, &[], &[]).await?;
    let bound = begun.cookie(SIGN_IN).context("the control plane began no sign-in")?;
    let answer = ask(printer, &begun.location)?;
    let mut cookies = vec![(SIGN_IN, bound)];
    cookies.extend(device.clone().map(|device| (DEVICE, device)));
    let ended = client.follow(&format!("{}/callback", provider.begin), &answer, &cookies).await?;
    let token = ended.cookie(SESSION).context("the control plane gave no session")?;
    // One that is known already gets no other.
    Ok(Credentials { url, token, device: ended.cookie(DEVICE).or(device) })
}

/// The provider of this name, or the only one.
fn choose(ways: SignInWays, wanted: Option<&ProviderName>) -> Result<SignInProvider, Failure> {
    let names: Vec<_> = ways.providers.iter().map(|one| one.name.to_string()).collect();
    let is_it = |one: &SignInProvider| wanted.is_none_or(|wanted| one.name == *wanted);
    let mut found = ways.providers.into_iter().filter(is_it);
    match (found.next(), found.next()) {
        (Some(one), None) => Ok(one),
        (Some(_), Some(_)) => Err(Failure::usage(
            "there is more than one provider",
            format!("name one with --sso: {}", names.join(", ")),
        )),
        (None, _) if names.is_empty() => Err(Failure::advised(
            "this control plane has no provider to sign in through",
            "log in with --email ADDRESS",
        )),
        (None, _) => Err(Failure::usage(
            "there is no provider of that name",
            format!("there is: {}", names.join(", ")),
        )),
    }
}

/// Sends the person to the provider, and takes with what it sent them back.
fn ask(printer: &Printer, location: &str) -> anyhow::Result<Vec<(&'static str, String)>> {
    let provider = Url::parse(location).context("the control plane leads to no address")?;
    let web = matches!(provider.scheme(), "https" | "http");
    anyhow::ensure!(web, "the control plane leads to no page: {provider}");
    let mut asked = provider.query_pairs();
    let back = asked.find(|(name, _)| name == "redirect_uri").map(|(_, back)| back.into_owned());
    let back = back.context("the control plane does not say where the provider leads to")?;
    printer.say(&Line::plain("open this in a browser, and sign in there:"));
    printer.say(&Line::plain(provider.as_str()));
    printer.say(&Line::plain(format!(
        "the browser ends at a page that does not know of this sign-in, at {back}"
    )));
    let pasted = line(printer, "paste its whole address here:")?;
    read(&pasted, &back)
}

/// What stands in the address to which the provider has led.
fn read(pasted: &str, back: &str) -> anyhow::Result<Vec<(&'static str, String)>> {
    let other = || {
        let hint = format!("begin again, and paste the address that begins with {back}");
        Failure::usage("that is not where the provider leads to", hint)
    };
    let url = Url::parse(pasted.trim()).map_err(|_| other())?;
    let mut place = url.clone();
    place.set_query(None);
    place.set_fragment(None);
    if Url::parse(back).ok() != Some(place) {
        return Err(other().into());
    }
    let known = |name: &str| ANSWERED.into_iter().find(|known| *known == name);
    let pairs = url.query_pairs();
    Ok(pairs.filter_map(|(name, value)| Some((known(&name)?, value.into_owned()))).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    const BACK: &str = "https://portolan.example.com/v1/sign-in/oidc/corp/callback";

    #[test]
    fn only_what_a_provider_answers_is_taken() {
        let pasted = format!(" {BACK}?code=a%2Fb&x=y&state=s#fragment\n");
        let taken = read(&pasted, BACK).expect("an answer");
        assert_eq!(taken, [("code", "a/b".to_owned()), ("state", "s".to_owned())]);
    }

    #[test]
    fn another_address_is_refused() {
        for other in [
            "",
            "code",
            "https://evil.example/v1/sign-in/oidc/corp/callback?code=a",
            "http://portolan.example.com/v1/sign-in/oidc/corp/callback?code=a",
            "https://portolan.example.com/v1/sign-in/oidc/other/callback?code=a",
            "https://portolan.example.com@evil.example/v1/sign-in/oidc/corp/callback?code=a",
        ] {
            assert!(read(other, BACK).is_err(), "{other}");
        }
    }
}
