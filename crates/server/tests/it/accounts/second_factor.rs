//! Authenticators and recovery codes.

use data_encoding::BASE32_NOPAD;
use hmac::{Hmac, KeyInit, Mac};
use portolan_types::{NewTotp, RecoveryCodes, Timestamp};
use sha1::Sha1;

use super::*;

/// What an authenticator shows, so many steps from now.
pub(crate) fn code(secret: &str, steps: i64) -> Result<String> {
    let step = Timestamp::now().as_millis() / 30_000 + steps;
    let key = BASE32_NOPAD.decode(secret.as_bytes())?;
    let mut mac = Hmac::<Sha1>::new_from_slice(&key)?;
    mac.update(&step.to_be_bytes());
    let digest = mac.finalize().into_bytes();
    let offset = usize::from(digest[19] & 15);
    let word = u32::from_be_bytes(digest[offset..offset + 4].try_into()?);
    Ok(format!("{:06}", (word & 0x7fff_ffff) % 1_000_000))
}

/// Lets so much time pass that the last code is an old one.
async fn later(app: &TestApp) -> Result<()> {
    let pool = app.pool().await?;
    sqlx::query("update totps set last_step = last_step - 10").execute(&pool).await?;
    pool.close().await;
    Ok(())
}

/// The owner with an authenticator, signed in.
async fn enrolled(app: &TestApp) -> Result<(Client, String, Vec<String>)> {
    let_in(app).await?;
    let person = sign_in(app, None).await?;
    let new: NewTotp = person.post("/v1/user/totp", json!({})).await?.created()?;
    let body = json!({ "code": code(&new.secret, 0)?, "password": PASSWORD });
    let codes: RecoveryCodes = person.post("/v1/user/totp/confirm", body).await?.ok()?;
    later(app).await?;
    let person = app.owner.with_token(&codes.secret.context("a secret")?);
    Ok((person, new.secret, codes.recovery_codes))
}

story! {
    /// Set up in two steps, wanted from then on, and each code is good once.
    async fn a_second_factor_is_wanted(app) {
        let_in(app).await?;
        let person = sign_in(app, None).await?;
        let confirm = |code: &str| json!({ "code": code, "password": PASSWORD });
        person.post("/v1/user/totp/confirm", confirm("000000")).await?.problem(409)?;
        let first: NewTotp = person.post("/v1/user/totp", json!({})).await?.created()?;
        let new: NewTotp = person.post("/v1/user/totp", json!({})).await?.created()?;
        ensure!(first.secret != new.secret && new.qr.contains("<svg"), "{}", new.uri);
        ensure!(new.uri.contains(&new.secret), "{}", new.uri);
        // Not wanted before it was confirmed.
        sign_in(app, None).await?;
        let old = code(&first.secret, 0)?;
        let refused = person.post("/v1/user/totp/confirm", confirm(&old)).await?.problem(422)?;
        assert_eq!(refused.errors[0].field, "code");
        let good = code(&new.secret, -1)?;
        for (body, field) in [
            (json!({ "code": good }), "password"),
            (json!({ "code": good, "password": OTHER }), "password"),
        ] {
            let refused = person.post("/v1/user/totp/confirm", body).await?.problem(422)?;
            assert_eq!(refused.errors[0].field, field);
        }
        let codes: RecoveryCodes =
            person.post("/v1/user/totp/confirm", confirm(&good)).await?.ok()?;
        assert_eq!(codes.recovery_codes.len(), 10);
        person.get("/v1/session").await?.problem(401)?;
        let person = app.owner.with_token(&codes.secret.context("a secret")?);
        let account: Account = person.get("/v1/user").await?.ok()?;
        assert_eq!((account.has_totp, account.recovery_codes_left), (true, 10));
        person.post("/v1/user/totp", json!({})).await?.problem(409)?;

        let needed = attempt(&app.owner, PASSWORD, None).await?.problem(401)?;
        assert_eq!(code_of(&needed), "second-factor-needed");
        // The password first: a code tells nobody that it was right.
        let wrong = attempt(&app.owner, OTHER, Some(&code(&new.secret, 0)?)).await?.problem(401)?;
        assert_eq!(code_of(&wrong), "wrong-password");
        let used = attempt(&app.owner, PASSWORD, Some(&good)).await?.problem(401)?;
        assert_eq!(code_of(&used), "second-factor-wrong");
        let good = code(&new.secret, 0)?;
        sign_in(app, Some(&good)).await?;
        attempt(&app.owner, PASSWORD, Some(&good)).await?.problem(401)?;
        let (_, text) = told(app).await?;
        let secrets = codes.recovery_codes.iter().chain([&new.secret, &good]);
        for secret in secrets {
            ensure!(!text.contains(secret.as_str()), "events tell of a secret");
        }
    }
}

story! {
    /// Of ten who send one code at a time, one gets in.
    async fn a_code_in_a_race_is_good_once(app) {
        let (_, secret, recovery) = enrolled(app).await?;
        for code in [code(&secret, 0)?, recovery[0].clone()] {
            let race = (0..4).map(|_| {
                let (client, code) = (app.owner.clone(), code.clone());
                tokio::spawn(async move { attempt(&client, PASSWORD, Some(&code)).await })
            });
            let mut entered = 0;
            for racer in race.collect::<Vec<_>>() {
                entered += usize::from(racer.await??.status == 201);
            }
            assert_eq!(entered, 1);
        }
    }
}

story! {
    /// A recovery code is as good as an authenticator's, once; new ones end the old.
    async fn recovery_codes(app) {
        let (person, secret, codes) = enrolled(app).await?;
        let upper = codes[0].to_uppercase().replace('-', " ");
        sign_in(app, Some(&upper)).await?;
        attempt(&app.owner, PASSWORD, Some(&codes[0])).await?.problem(401)?;
        let account: Account = person.get("/v1/user").await?.ok()?;
        assert_eq!(account.recovery_codes_left, 9);
        let again = |password: &str, code: String| json!({ "password": password, "code": code });
        let path = "/v1/user/recovery-codes";
        person.post(path, again(OTHER, code(&secret, 0)?)).await?.problem(422)?;
        person.post(path, again(PASSWORD, codes[0].clone())).await?.problem(422)?;
        let new: RecoveryCodes =
            person.post(path, again(PASSWORD, code(&secret, 0)?)).await?.ok()?;
        attempt(&app.owner, PASSWORD, Some(&codes[1])).await?.problem(401)?;
        sign_in(app, Some(&new.recovery_codes[1])).await?;
        person.get("/v1/session").await?.problem(401)?;
    }
}

story! {
    /// Taking it away needs both once more, and ends all sessions; so does the host's way.
    async fn a_second_factor_is_taken_away(app) {
        let (person, secret, codes) = enrolled(app).await?;
        let path = "/v1/user/totp/disable";
        let body = json!({ "password": PASSWORD, "code": "000000" });
        person.post(path, body).await?.problem(422)?;
        let body = json!({ "password": PASSWORD, "code": code(&secret, 0)? });
        let renewed: RenewedSession = person.post(path, body).await?.ok()?;
        person.get("/v1/session").await?.problem(401)?;
        let person = app.owner.with_token(&renewed.secret.context("a secret")?);
        sign_in(app, None).await?;
        attempt(&app.owner, PASSWORD, Some(&codes[3])).await?.created::<Value>()?;

        let new: NewTotp = person.post("/v1/user/totp", json!({})).await?.created()?;
        let body = json!({ "code": code(&new.secret, 0)?, "password": PASSWORD });
        let codes: RecoveryCodes = person.post("/v1/user/totp/confirm", body).await?.ok()?;
        let person = app.owner.with_token(&codes.secret.context("a secret")?);
        offer_reset(&app.config, EMAIL, SecondFactor::Remove).await?;
        person.get("/v1/session").await?.problem(401)?;
        sign_in(app, None).await?;
    }
}

story! {
    /// Its secret is sealed for its person: another row's does not open.
    async fn the_secret_is_sealed(app) {
        let (_, secret, recovery) = enrolled(app).await?;
        let pool = app.pool().await?;
        let (sealed,): (String,) = sqlx::query_as("select sealed_secret from totps").fetch_one(&pool).await?;
        ensure!(!sealed.contains(&secret), "not sealed");
        let (hash,): (String,) =
            sqlx::query_as("select code_hash from recovery_codes limit 1").fetch_one(&pool).await?;
        ensure!(!recovery.contains(&hash), "not hashed");
        pool.close().await;
    }
}
