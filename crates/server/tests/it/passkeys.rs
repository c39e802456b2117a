//! Passkeys: made, used, and everything that is not one.

mod authenticator;
mod chromium;

use anyhow::{Context, Result, ensure};
use portolan_server::config::SignIn;
use portolan_types::{
    CreatedSession, Page, Passkey, PasskeyCreation, PasskeyRequest, SignInMethod, SignInWays,
};
use reqwest::{Method, header};
use serde_json::{Value, json};

use self::authenticator::{Authenticator, GOOD};
use crate::{
    openid::provide,
    security::{Team, person},
    sessions,
    support::{Answer, Client, TestApp, story},
};

async fn begin(client: &Client) -> Result<PasskeyCreation> {
    client.post("/v1/passkeys/begin", json!({})).await?.ok()
}

async fn create(client: &Client, credential: Value) -> Result<Answer> {
    client.post("/v1/passkeys", json!({ "name": "phone", "credential": credential })).await
}

async fn register(client: &Client, with: &mut Authenticator) -> Result<Passkey> {
    let credential = with.make(&begin(client).await?)?;
    create(client, credential).await?.created()
}

async fn ask(app: &TestApp) -> Result<PasskeyRequest> {
    app.owner.anonymous().post("/v1/sign-in/passkey/begin", json!({})).await?.ok()
}

async fn answer(app: &TestApp, credential: &Value) -> Result<Answer> {
    let body = json!({ "credential": credential });
    app.owner.anonymous().post("/v1/sign-in/passkey", body).await
}

async fn sign_in(app: &TestApp, with: &mut Authenticator) -> Result<Answer> {
    let credential = with.answer(&ask(app).await?)?;
    answer(app, &credential).await
}

/// What a device is known by after the owner has signed in on it with a passkey.
pub(crate) async fn owners_device(app: &TestApp) -> Result<String> {
    let (owner, _) = sessions::begin(app, &app.owner).await?;
    let mut phone = Authenticator::p256()?;
    register(&owner, &mut phone).await?;
    let created: CreatedSession = sign_in(app, &mut phone).await?.created()?;
    let device = created.device.context("a device")?;
    let body = json!({ "credential": phone.answer(&ask(app).await?)?, "device": device });
    let again = app.owner.anonymous().post("/v1/sign-in/passkey", body).await?;
    ensure!(again.created::<CreatedSession>()?.device.is_none(), "it is known already");
    Ok(device)
}

story! {
    /// The whole life of passkeys: no address and no password is asked for.
    async fn people_sign_in_with_passkeys(app) {
        app.config.sign_in = SignIn::default();
        app.restart().await?;
        let (owner, _) = sessions::begin(app, &app.owner).await?;
        let without = owner.post("/v1/passkeys/begin", json!({})).await?.problem(409)?;
        assert_eq!(without.kind, "/problems/no-passkeys");
        let ways: SignInWays = app.owner.anonymous().get("/v1/sign-in").await?.ok()?;
        assert!(!ways.passkey && ways.providers.is_empty());
        provide(app, Vec::new()).await?;
        let owner = owner.at(&app.owner.url);

        let options = begin(&owner).await?;
        assert_eq!(options.rp.id, "portolan.example.com");
        assert_eq!(options.authenticator_selection.user_verification, "required");
        let mut phone = Authenticator::p256()?;
        let passkey = register(&owner, &mut phone).await?;
        let mut key = Authenticator::ed25519()?;
        key.counter = 7;
        key.flags = 0x05;
        let second = register(&owner, &mut key).await?;
        assert!(passkey.backed_up && !second.backed_up);
        assert_eq!(begin(&owner).await?.exclude_credentials.len(), 2);
        let path = format!("/v1/passkeys/{}", second.id);
        let renamed: Passkey = owner.patch(&path, json!({ "name": "key ring" })).await?.ok()?;
        assert_eq!(renamed.name.as_str(), "key ring");
        app.owner.get("/v1/passkeys").await?.problem(403)?;

        let signed_in: CreatedSession = sign_in(app, &mut phone).await?.created()?;
        assert_eq!(signed_in.session.method, SignInMethod::Passkey);
        let client = app.owner.with_token(&signed_in.secret.context("a secret")?);
        let session: Value = client.get("/v1/session").await?.ok()?;
        assert_eq!(session["user"]["email"], "owner@example.com");
        key.counter = 8;
        let body = json!({ "credential": key.answer(&ask(app).await?)?, "cookie": true });
        app.owner.anonymous().post("/v1/sign-in/passkey", body.clone()).await?.problem(403)?;
        let request = app.owner.anonymous().request(Method::POST, "/v1/sign-in/passkey");
        let request = request.header(header::ORIGIN, app.owner.url.clone()).json(&body);
        let inside = app.owner.send(request).await?;
        assert_eq!(inside.created::<CreatedSession>()?.secret, None);
        let set = inside.headers.get_all(header::SET_COOKIE).iter();
        let set = set.map(|cookie| Ok(cookie.to_str()?)).collect::<Result<Vec<_>>>()?;
        let [session, device] = set.as_slice() else { anyhow::bail!("{set:?}") };
        assert!(session.starts_with("__Host-portolan=portolan_s_"), "{session}");
        assert!(device.starts_with("__Host-portolan-device=portolan_d_"), "{device}");
        let page: Page<Passkey> = client.get("/v1/passkeys?search=PHONE").await?.ok()?;
        assert!(page.items.len() == 1 && page.items[0].last_used_at.is_some());

        let member = person(app, "member", Team::Same).await?;
        let (member, _) = sessions::begin(app, &member).await?;
        member.delete(&path).await?.problem(404)?;
        member.patch(&path, json!({ "name": "mine" })).await?.problem(404)?;
        assert_eq!(client.delete(&path).await?.status, 204);
        key.counter = 9;
        sign_in(app, &mut key).await?.problem(401)?;
        let last = client.delete(&format!("/v1/passkeys/{}", passkey.id)).await?.problem(409)?;
        assert_eq!(last.kind, "/problems/last-way-in");
        sign_in(app, &mut phone).await?.created::<CreatedSession>()?;

        let pool = app.pool().await?;
        sqlx::query("update sessions set created_at = created_at - 3600000").execute(&pool).await?;
        pool.close().await;
        let stale = client.post("/v1/passkeys/begin", json!({})).await?.problem(409)?;
        assert_eq!(stale.kind, "/problems/sign-in-again");
        let events = app.owner.get("/v1/events?limit=200").await?.text;
        for kind in ["passkey.created", "passkey.edited", "passkey.removed"] {
            assert!(events.contains(kind), "{kind}");
        }
    }
}

story! {
    /// What is in a TPM signs with RSA: a passkey of Windows Hello is as good as any, and no better.
    async fn people_sign_in_with_windows_hello(app) {
        provide(app, Vec::new()).await?;
        let (owner, _) = sessions::begin(app, &app.owner).await?;
        let mut hello = Authenticator::rsa()?;
        register(&owner, &mut hello).await?;
        hello.counter = 1;
        let earlier = hello.answer(&ask(app).await?)?;
        answer(app, &earlier).await?.created::<CreatedSession>()?;
        hello.counter = 2;
        let mut forged = hello.answer(&ask(app).await?)?;
        forged["response"]["signature"] = earlier["response"]["signature"].clone();
        answer(app, &forged).await?.problem(401).context("another signature")?;
        sign_in(app, &mut hello).await?.created::<CreatedSession>()?;
    }
}

/// What an authenticator, or whoever stands between, says that is not so.
type Lie = fn(&mut Authenticator);

const LIES: [(&str, Lie); 10] = [
    ("another site", |with| with.origin = "https://portolan.example.com.evil.example"),
    ("without TLS", |with| with.origin = "http://portolan.example.com"),
    ("another port", |with| with.origin = "https://portolan.example.com:8443"),
    ("inside of another site", |with| with.cross_origin = true),
    ("another party", |with| with.party = Some("evil.example")),
    ("nobody there", |with| with.flags = GOOD & !0x01),
    ("nobody verified", |with| with.flags = GOOD & !0x04),
    ("backed up what cannot be", |with| with.flags = GOOD & !0x08),
    ("more than there should be", |with| with.more = &[0xa0]),
    ("extensions that are none", |with| with.flags = GOOD | 0x80),
];

story! {
    /// Nobody makes a passkey with what was made elsewhere, for something else, or twice.
    async fn what_is_no_new_passkey_is_refused(app) {
        provide(app, Vec::new()).await?;
        let (owner, _) = sessions::begin(app, &app.owner).await?;
        for (lie, tell) in LIES {
            let mut with = Authenticator::p256()?;
            tell(&mut with);
            let credential = with.make(&begin(&owner).await?)?;
            create(&owner, credential).await?.problem(422).context(lie)?;
        }
        let mut with = Authenticator::p256()?;
        with.kind = Some("webauthn.get");
        let credential = with.make(&begin(&owner).await?)?;
        create(&owner, credential).await?.problem(422)?;
        let unsound = json!({ "clientDataJSON": "e30", "attestationObject": "oA" });
        let nothing = json!({ "id": "AA", "type": "public-key", "response": unsound });
        create(&owner, nothing).await?.problem(422)?;

        let mut with = Authenticator::p256()?;
        let mut other = with.make(&begin(&owner).await?)?;
        other["id"] = "AAAA".into();
        create(&owner, other).await?.problem(422)?;
        let credential = with.make(&begin(&owner).await?)?;
        let member = person(app, "member", Team::Same).await?;
        let (member, _) = sessions::begin(app, &member).await?;
        create(&member, credential.clone()).await?.problem(422).context("for somebody else")?;
        create(&owner, credential).await?.problem(409).context("spent")?;
        register(&owner, &mut with).await?;
        let again = with.make(&begin(&owner).await?)?;
        create(&owner, again).await?.problem(422).context("known")?;
        let mut request = Authenticator::p256()?;
        let challenge = ask(app).await?.challenge;
        let options = PasskeyCreation { challenge, ..begin(&owner).await? };
        create(&owner, request.make(&options)?).await?.problem(422).context("of a sign-in")?;
        let page: Page<Passkey> = owner.get("/v1/passkeys").await?.ok()?;
        assert_eq!(page.items.len(), 1);
    }
}

story! {
    /// Nobody signs in with what was signed elsewhere, earlier, by another key, or by a copy.
    async fn what_is_no_passkey_lets_nobody_in(app) {
        provide(app, Vec::new()).await?;
        let (owner, _) = sessions::begin(app, &app.owner).await?;
        let mut with = Authenticator::p256()?;
        with.counter = 5;
        register(&owner, &mut with).await?;
        for (lie, tell) in LIES {
            let (origin, counter) = (with.origin, with.counter + 1);
            tell(&mut with);
            with.counter = counter;
            sign_in(app, &mut with).await?.problem(401).context(lie)?;
            (with.origin, with.flags, with.party) = (origin, GOOD, None);
            (with.cross_origin, with.more) = (false, &[]);
        }
        let mut stranger = Authenticator::p256()?;
        let options = begin(&owner).await?;
        stranger.make(&options)?;
        sign_in(app, &mut stranger).await?.problem(401).context("unknown")?;

        with.counter = 100;
        let good = with.answer(&ask(app).await?)?;
        let mut forged = stranger.answer(&ask(app).await?)?;
        forged["id"] = good["id"].clone();
        answer(app, &forged).await?.problem(401).context("another key")?;
        for (field, value) in [("userHandle", json!("AAAA")), ("userHandle", Value::Null)] {
            let mut other = with.answer(&ask(app).await?)?;
            other["response"][field] = value;
            answer(app, &other).await?.problem(401).context("another person")?;
        }
        let mut mixed = with.answer(&ask(app).await?)?;
        mixed["response"]["signature"] = good["response"]["signature"].clone();
        answer(app, &mixed).await?.problem(401).context("another signature")?;
        let challenge = begin(&owner).await?.challenge;
        let options = PasskeyRequest { challenge, ..ask(app).await? };
        answer(app, &with.answer(&options)?).await?.problem(401).context("of a creation")?;

        answer(app, &good).await?.created::<CreatedSession>()?;
        answer(app, &good).await?.problem(409).context("twice")?;
        let copied = sign_in(app, &mut with).await?.problem(401)?;
        assert!(copied.detail.contains("copied"), "{copied:?}");
        with.counter = 0;
        sign_in(app, &mut with).await?.problem(401).context("a count that begins anew")?;
        with.counter = 101;
        let late = with.answer(&ask(app).await?)?;
        let pool = app.pool().await?;
        sqlx::query("update passkey_challenges set expires_at = 1").execute(&pool).await?;
        pool.close().await;
        answer(app, &late).await?.problem(409).context("late")?;
        sign_in(app, &mut with).await?.created::<CreatedSession>()?;
    }
}
