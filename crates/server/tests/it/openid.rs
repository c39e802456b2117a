//! Signing in through a provider of OpenID Connect.

mod browser;
mod issuer;
mod real;

use anyhow::{Context, Result, ensure};
use base64::{
    Engine,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use portolan_server::{
    Level,
    config::{GroupRole, Provider, SignIn},
};
use portolan_types::{
    Identity, LinkBegun, Member, Membership, Page, Role, Session, SignInWays, TeamId,
};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

pub(crate) use self::browser::{Browser, PUBLIC, parameter};
pub(crate) use self::issuer::Issuer;
use self::{
    browser::sent,
    issuer::{BROKEN, FORGED, SILENT},
};
use crate::{
    sessions,
    support::{Answer, Client, TestApp, story},
};

const FLOW: &str = "__Host-portolan-sign-in";
const NOT_BEGUN: &str = "/problems/sign-in-not-begun";
const SESSION: &str = "__Host-portolan";
const DEVICE: &str = "__Host-portolan-device";

/// A provider that nobody can ask.
pub(crate) const NOWHERE: &str = "nowhere";

/// What the operator says in tests that are about something else.
pub(crate) fn nowhere() -> Result<SignIn> {
    let provider = Provider {
        name: NOWHERE.parse()?,
        issuer: "http://127.0.0.1:1".parse()?,
        client_id: "portolan".to_owned(),
        client_secret: None,
        scopes: Vec::new(),
        allowed_domains: Vec::new(),
        groups_claim: "groups".to_owned(),
        trust_email: false,
        roles: Vec::new(),
    };
    let public_url = Some(PUBLIC.parse()?);
    Ok(SignIn { public_url, providers: vec![provider], ..SignIn::default() })
}

/// Starts the control plane anew with these providers.
pub(crate) async fn provide(app: &mut TestApp, providers: Vec<Provider>) -> Result<()> {
    app.config.sign_in = SignIn {
        public_url: Some(PUBLIC.parse()?),
        providers,
        allow_issuers_to: vec!["127.0.0.0/8".parse()?],
        issuer_timeout: std::time::Duration::from_secs(2),
    };
    app.restart().await
}

async fn team(app: &TestApp) -> Result<TeamId> {
    let session: Value = app.owner.get("/v1/session").await?.ok()?;
    Ok(session["team"]["id"].as_str().context("a team")?.parse()?)
}

/// Comes back from a provider that says who it is.
async fn arrive(browser: &Browser, issuer: &Issuer, name: &str, person: Value) -> Result<Answer> {
    let provider = browser.begin(name).await?;
    issuer.expect(person, &parameter(&provider, "nonce")?);
    let state = parameter(&provider, "state")?;
    browser.get(&format!("/v1/sign-in/oidc/{name}/callback?code=c&state={state}")).await
}

/// The same, let in: the session as a client.
async fn enter(app: &TestApp, issuer: &Issuer, name: &str, person: Value) -> Result<Client> {
    let browser = Browser::of(&app.owner)?;
    let answer = arrive(&browser, issuer, name, person).await?;
    ensure!(sent(&answer)? == "/", "{answer:?}");
    Ok(app.owner.with_token(&browser.cookie(SESSION).context("a session")?))
}

/// The owner, signed in through a provider whose word on addresses is trusted.
pub(crate) async fn owner(app: &mut TestApp, issuer: &Issuer) -> Result<Client> {
    let trusted = Provider { trust_email: true, ..issuer.provider("trusted")? };
    provide(app, vec![trusted, issuer.provider("second")?]).await?;
    let browser = owners_browser(app, issuer).await?;
    Ok(app.owner.with_token(&browser.cookie(SESSION).context("a session")?))
}

/// A browser in which the owner comes in through the provider of [`owner`].
async fn owners_browser(app: &TestApp, issuer: &Issuer) -> Result<Browser> {
    let browser = Browser::of(&app.owner)?;
    let person = json!({ "sub": "1", "email": "Owner@example.com" });
    arrive(&browser, issuer, "trusted", person).await?;
    Ok(browser)
}

/// What a browser is known by after the owner has come in through a provider. It gets it once.
pub(crate) async fn owners_device(app: &mut TestApp, issuer: &Issuer) -> Result<String> {
    owner(app, issuer).await?;
    let browser = owners_browser(app, issuer).await?;
    let device = browser.cookie(DEVICE).context("a device")?;
    let person = json!({ "sub": "1", "email": "Owner@example.com" });
    arrive(&browser, issuer, "trusted", person).await?;
    ensure!(browser.cookie(DEVICE).as_ref() == Some(&device), "it is known already");
    Ok(device)
}

fn me(sub: &str, groups: &[&str]) -> Value {
    json!({ "sub": sub, "email": "me@example.com", "email_verified": true, "groups": groups })
}

story! {
    /// Groups let people in, raise and lower them, and put them out; what people gave stays.
    async fn groups_lead_into_teams(app) {
        let (issuer, team) = (Issuer::start().await?, team(app).await?);
        let role = |group: &str, role| GroupRole { group: group.into(), team: team.clone(), role };
        let roles = vec![role("staff", Role::Member), role("ops", Role::Admin)];
        provide(app, vec![Provider { roles, ..issuer.provider("honest")? }]).await?;
        let ways: SignInWays = app.owner.anonymous().get("/v1/sign-in").await?.ok()?;
        assert!(ways.passkey);
        assert_eq!(ways.providers[0].begin, "/v1/sign-in/oidc/honest");

        let browser = Browser::of(&app.owner)?;
        arrive(&browser, &issuer, "honest", me("1", &["others"])).await?.problem(403)?;
        let mut unverified = me("1", &["ops"]);
        unverified["email_verified"] = false.into();
        arrive(&browser, &issuer, "honest", unverified).await?.problem(403)?;
        assert!(browser.cookie(SESSION).is_none());

        let client = enter(app, &issuer, "honest", me("1", &["ops", "staff"])).await?;
        let session: Value = client.get("/v1/session").await?.ok()?;
        assert_eq!(session["user"]["email"], "me@example.com");
        assert_eq!(session["role"], "admin");
        let again = enter(app, &issuer, "honest", me("1", &["staff"])).await?;
        let session: Value = again.get("/v1/session").await?.ok()?;
        assert_eq!(session["role"], "member");
        let now: Value = client.get("/v1/session").await?.ok()?;
        assert_eq!(now["role"], "member", "sessions that there are have it too");

        arrive(&browser, &issuer, "honest", me("1", &[])).await?.problem(403)?;
        client.get("/v1/session").await?.problem(401)?;
        again.get("/v1/session").await?.problem(401)?;
        enter(app, &issuer, "honest", me("1", &["staff"])).await?;

        let pool = app.pool().await?;
        sqlx::query("update memberships set granted_by = null where granted_by is not null")
            .execute(&pool)
            .await?;
        pool.close().await;
        let client = enter(app, &issuer, "honest", me("1", &["ops"])).await?;
        let session: Value = client.get("/v1/session").await?.ok()?;
        assert_eq!(session["role"], "member", "people gave it");

        let events = app.owner.get("/v1/events?limit=200").await?.text;
        for kind in ["member.joined", "member.changed", "member.removed"] {
            assert!(events.contains(kind), "{kind}");
        }
        for secret in ["between us", "for userinfo", "portolan_o_", "portolan_s_"] {
            assert!(!events.contains(secret), "{secret}");
        }
    }
}

story! {
    /// What groups change goes as far as what people change: rights that a higher role has anyway do
    /// not come back, and sessions go on in another team.
    async fn groups_change_as_people_do(app) {
        let (issuer, first) = (Issuer::start().await?, team(app).await?);
        let (server, _) = app.add_server("alpha").await?;
        let (owner, _) = sessions::begin(app, &app.owner).await?;
        let made: Membership =
            owner.post("/v1/teams", json!({ "name": "port" })).await?.created()?;
        let role = |group: &str, team: &TeamId, role| {
            GroupRole { group: group.into(), team: team.clone(), role }
        };
        let roles = vec![
            role("staff", &first, Role::Member),
            role("ops", &first, Role::Admin),
            role("port", &made.team.id, Role::Member),
        ];
        provide(app, vec![Provider { roles, ..issuer.provider("honest")? }]).await?;

        let client = enter(app, &issuer, "honest", me("1", &["staff"])).await?;
        let id = client.get("/v1/session").await?.ok::<Session>()?.user.id;
        let right = format!("/v1/members/{id}/grants/{}", server.id);
        let granted: Member = app.owner.put(&right, json!({ "right": "manage" })).await?.ok()?;
        assert_eq!(granted.grants.len(), 1);
        enter(app, &issuer, "honest", me("1", &["ops"])).await?;
        enter(app, &issuer, "honest", me("1", &["staff"])).await?;
        let lowered: Member = app.owner.get(&format!("/v1/members/{id}")).await?.ok()?;
        assert_eq!((lowered.role, lowered.grants), (Role::Member, Vec::new()));

        enter(app, &issuer, "honest", me("1", &["port"])).await?;
        app.owner.get(&format!("/v1/members/{id}")).await?.problem(404)?;
        let session: Session = client.get("/v1/session").await?.ok()?;
        assert_eq!((session.team.id, session.role), (made.team.id, Role::Member));
    }
}

story! {
    /// An address alone opens no account, unless the operator trusts the provider; who is signed in
    /// links it, and the last way in stays.
    async fn accounts_are_not_taken_over(app) {
        let issuer = Issuer::start().await?;
        let mallory = json!({ "sub": "666", "email": "owner@example.com", "email_verified": true });
        provide(app, vec![issuer.provider("second")?]).await?;
        let browser = Browser::of(&app.owner)?;
        let refused = arrive(&browser, &issuer, "second", mallory.clone()).await?.problem(409)?;
        assert_eq!(refused.kind, "/problems/identity-not-linked");

        let client = owner(app, &issuer).await?;
        let session: Value = client.get("/v1/session").await?.ok()?;
        assert_eq!(session["user"]["email"], "owner@example.com");
        assert_eq!(session["role"], "owner");
        let page: Page<Identity> = client.get("/v1/identities").await?.ok()?;
        let [trusted] = page.items.as_slice() else { anyhow::bail!("{page:?}") };
        assert_eq!(trusted.subject, "1");
        let trusted = format!("/v1/identities/{}", trusted.id);
        let last = client.delete(&trusted).await?.problem(409)?;
        assert_eq!(last.kind, "/problems/last-way-in");
        app.owner.get("/v1/identities").await?.problem(403)?;

        // Begun by the owner, and ended in the browser of somebody else: nothing happens.
        let link = json!({ "provider": "second", "return_to": "/docs" });
        let begun = client.post("/v1/identities", link.clone()).await?;
        let url = begun.ok::<LinkBegun>()?.url;
        issuer.expect(mallory.clone(), &parameter(&url, "nonce")?);
        let state = parameter(&url, "state")?;
        let back = format!("/v1/sign-in/oidc/second/callback?code=c&state={state}");
        let stranger = Browser::of(&app.owner)?;
        stranger.get(&back).await?.problem(409)?;

        // Nor when the session that began it was ended.
        let (other, id) = sessions::begin(app, &app.owner).await?;
        let ended = other.post("/v1/identities", link.clone()).await?;
        let elsewhere = ended.ok::<LinkBegun>()?.url;
        assert_eq!(client.delete(&format!("/v1/sessions/{id}")).await?.status, 204);
        stranger.take(&ended.headers)?;
        let state = parameter(&elsewhere, "state")?;
        let late = format!("/v1/sign-in/oidc/second/callback?code=c&state={state}");
        assert_eq!(stranger.get(&late).await?.problem(409)?.kind, NOT_BEGUN);

        let browser = Browser::of(&app.owner)?;
        browser.take(&begun.headers)?;
        issuer.expect(json!({ "sub": "2" }), &parameter(&url, "nonce")?);
        assert_eq!(sent(&browser.get(&back).await?)?, "/docs");
        assert!(browser.cookie(SESSION).is_none(), "nobody signed in");
        let person = json!({ "sub": "2", "email": "elsewhere@example.org" });
        let second = enter(app, &issuer, "second", person).await?;
        let session: Value = second.get("/v1/session").await?.ok()?;
        assert_eq!(session["user"]["email"], "owner@example.com");
        let answer = client.delete(&trusted).await?;
        assert_eq!(answer.status, 204, "{}", answer.text);
        let events = client.get("/v1/events?limit=200").await?.text;
        for kind in ["identity.linked", "identity.unlinked"] {
            assert!(events.contains(kind), "{kind}");
        }

        let pool = app.pool().await?;
        sqlx::query("update sessions set created_at = created_at - 3600000").execute(&pool).await?;
        pool.close().await;
        let late = client.post("/v1/identities", link).await?.problem(409)?;
        assert_eq!(late.kind, "/problems/sign-in-again");
    }
}

story! {
    /// A sign-in ends once, in the browser that began it, at the provider that it was begun with.
    async fn a_sign_in_ends_once_where_it_began(app) {
        let issuer = Issuer::start().await?;
        let trusted = |name| Ok::<_, anyhow::Error>(Provider { trust_email: true, ..issuer.provider(name)? });
        provide(app, vec![trusted("honest")?, trusted("second")?]).await?;
        let person = json!({ "sub": "1", "email": "owner@example.com" });
        let begin = async |browser: &Browser| -> Result<(String, String)> {
            let url = browser.begin("honest").await?;
            issuer.expect(person.clone(), &parameter(&url, "nonce")?);
            let state = parameter(&url, "state")?;
            Ok((url, format!("/v1/sign-in/oidc/honest/callback?code=c&state={state}")))
        };
        let code = |answer: Answer| Ok::<_, anyhow::Error>(answer.problem(409)?.kind);

        let browser = Browser::of(&app.owner)?;
        let (url, back) = begin(&browser).await?;
        assert_eq!(parameter(&url, "tenant")?, "1", "what the issuer put there stays");
        assert_eq!(parameter(&url, "scope")?, "openid email");
        let flow = browser.cookie(FLOW).context("a cookie")?;
        assert!(!url.contains(&flow));
        let stranger = Browser::of(&app.owner)?;
        assert_eq!(code(stranger.get(&back).await?)?, NOT_BEGUN);
        begin(&stranger).await?;
        assert_eq!(code(stranger.get(&back).await?)?, NOT_BEGUN);
        issuer.expect(person.clone(), &parameter(&url, "nonce")?);
        assert_eq!(sent(&browser.get(&back).await?)?, "/");
        assert!(browser.cookie(FLOW).is_none(), "it is spent");

        let (headers, form) = issuer.exchanged()?;
        let verifier = parameter(&format!("x:?{form}"), "code_verifier")?;
        let challenge = URL_SAFE_NO_PAD.encode(Sha256::digest(verifier.as_bytes()));
        assert_eq!(challenge, parameter(&url, "code_challenge")?);
        let basic = format!("Basic {}", STANDARD.encode("portolan:between+us"));
        assert_eq!(headers.get("authorization").context("a client")?, &*basic);

        let again = Browser::of(&app.owner)?;
        again.take(&[("set-cookie".parse()?, format!(
            "{FLOW}={flow}; Path=/; Secure; HttpOnly; SameSite=Lax"
        ).parse()?)].into_iter().collect())?;
        assert_eq!(code(again.get(&back).await?)?, NOT_BEGUN);
        let (_, back) = begin(&browser).await?;
        assert_eq!(code(browser.get(&back.replace("honest", "second")).await?)?, NOT_BEGUN);
        let (_, back) = begin(&browser).await?;
        assert_eq!(code(browser.get(&format!("{back}x")).await?)?, NOT_BEGUN);
        let (_, back) = begin(&browser).await?;
        let other = code(browser.get(&format!("{back}&iss=https://evil.example.com")).await?)?;
        assert_eq!(other, "/problems/provider-not-believed");
        let (_, back) = begin(&browser).await?;
        let declined = browser.get(&format!("{back}&error=access_denied")).await?.problem(409)?;
        assert_eq!(declined.kind, "/problems/provider-declined");

        let (_, back) = begin(&browser).await?;
        let pool = app.pool().await?;
        sqlx::query("update openid_flows set expires_at = 1").execute(&pool).await?;
        pool.close().await;
        assert_eq!(code(browser.get(&back).await?)?, NOT_BEGUN);

        let evil = "/v1/sign-in/oidc/honest?return_to=//evil.example.com";
        browser.get(evil).await?.problem(422)?;
        browser.get("/v1/sign-in/oidc/nobody").await?.problem(404)?;
        browser.get("/v1/sign-in/oidc/..%2f..").await?.problem(404)?;
    }
}

story! {
    /// Whatever a provider does, nobody is let in by it, and nobody waits for ever.
    async fn a_provider_that_lies_lets_nobody_in(app) {
        let issuer = Issuer::start().await?;
        let all = FORGED.iter().chain(&SILENT).chain(&BROKEN);
        let trusted = |manner: &&str| Ok(Provider { trust_email: true, ..issuer.provider(manner)? });
        let providers = all.map(trusted).collect::<Result<Vec<_>>>()?;
        provide(app, providers.clone()).await?;
        let browser = Browser::of(&app.owner)?;
        let person = json!({ "sub": "1", "email": "owner@example.com" });
        for manner in SILENT {
            let began = tokio::time::Instant::now();
            let answer = browser.get(&format!("/v1/sign-in/oidc/{manner}")).await?;
            let problem = answer.problem(409).context(manner)?;
            assert_eq!(problem.kind, "/problems/provider-unavailable", "{manner}");
            for inside in ["127.0.0.1", "169.254"] {
                ensure!(!answer.text.contains(inside), "{manner}: {}", answer.text);
            }
            ensure!(began.elapsed().as_secs() < 10, "{manner}: {:?}", began.elapsed());
        }
        for manner in FORGED {
            let answer = arrive(&browser, &issuer, manner, person.clone()).await?;
            let problem = answer.problem(409).context(manner)?;
            assert_eq!(problem.kind, "/problems/provider-not-believed", "{manner}");
        }
        for manner in BROKEN {
            let answer = arrive(&browser, &issuer, manner, person.clone()).await?;
            let problem = answer.problem(409).context(manner)?;
            assert_eq!(problem.kind, "/problems/provider-unavailable", "{manner}");
        }
        assert!(browser.cookie(SESSION).is_none());
        let pool = app.pool().await?;
        let known: i64 = sqlx::query_scalar("select count(*) from identities").fetch_one(&pool).await?;
        pool.close().await;
        assert_eq!(known, 0);

        let found = portolan_server::doctor(&app.config).await;
        let of = |manner: &str| {
            let name = format!("provider {manner}");
            found.iter().find(|finding| finding.name == name).map(|finding| finding.level)
        };
        assert_eq!((of("expired"), of("huge")), (Some(Level::Ok), Some(Level::Fail)));
        assert_eq!((of("inside"), of("document")), (Some(Level::Fail), Some(Level::Fail)));

        // Where the operator does not let issuers be, not even an honest one is asked.
        app.config.sign_in.providers = vec![issuer.provider("honest")?];
        app.config.sign_in.allow_issuers_to = Vec::new();
        app.restart().await?;
        let answer = Browser::of(&app.owner)?.get("/v1/sign-in/oidc/honest").await?;
        assert_eq!(answer.problem(409)?.kind, "/problems/provider-unavailable");
    }
}
