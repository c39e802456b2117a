//! Portolan, as an issuer knows it: a client with a secret or without one. Asks nobody.

use openidconnect::{
    AuthType, AuthenticationFlow, ClientId, ClientSecret, CsrfToken, Nonce, PkceCodeChallenge,
    PkceCodeVerifier, RedirectUrl, Scope,
    core::{CoreClientAuthMethod, CoreResponseType},
};
use secrecy::ExposeSecret;

use super::{
    flow::Flow,
    issuer::Trouble,
    words::{Client, Metadata},
};
use crate::config::Provider;

/// Portolan, as the issuer knows it; `redirect` is where it sends browsers back to.
pub(super) fn of(
    provider: &Provider,
    metadata: &Metadata,
    redirect: String,
) -> Result<Client, Trouble> {
    let redirect =
        RedirectUrl::new(redirect).map_err(|_| Trouble::new("there is no way back from it"))?;
    let secret = provider.client_secret.as_ref();
    let secret = secret.map(|secret| ClientSecret::new(secret.expose_secret().to_owned()));
    let id = ClientId::new(provider.client_id.clone());
    let client = Client::from_provider_metadata(metadata.clone(), id, secret);
    Ok(client.set_redirect_uri(redirect).set_auth_type(secret_goes(metadata)))
}

/// Into the body only when the issuer takes the secret nowhere else.
fn secret_goes(metadata: &Metadata) -> AuthType {
    let methods = metadata.token_endpoint_auth_methods_supported();
    let takes = |method| methods.is_some_and(|methods| methods.contains(&method));
    let (post, basic) =
        (CoreClientAuthMethod::ClientSecretPost, CoreClientAuthMethod::ClientSecretBasic);
    if takes(post) && !takes(basic) { AuthType::RequestBody } else { AuthType::BasicAuth }
}

/// Where a browser goes to sign in: with PKCE (RFC 7636), `state` and `nonce`.
pub(super) fn leads_to(client: &Client, provider: &Provider, flow: &Flow) -> String {
    let verifier = PkceCodeVerifier::new(flow.verifier().to_string());
    let (state, nonce) = (flow.state(), flow.nonce());
    // `openid` is there already.
    let scopes = provider.scopes.iter().filter(|scope| *scope != "openid").cloned().map(Scope::new);
    let (url, ..) = client
        .authorize_url(
            AuthenticationFlow::<CoreResponseType>::AuthorizationCode,
            || CsrfToken::new(state),
            || Nonce::new(nonce),
        )
        .add_scopes(scopes)
        .set_pkce_challenge(PkceCodeChallenge::from_code_verifier_sha256(&verifier))
        .url();
    url.into()
}
