//! Guessing is slow for those who guess, and for nobody else.

use super::*;
use crate::{openid, passkeys, security::write};

/// Wrong attempts until one is not judged any more; answers how many were.
async fn guess(client: &Client, email: &str, most: usize) -> Result<usize> {
    for judged in 0..most {
        let body = json!({ "email": email, "password": "not the password" });
        let answer = client.anonymous().post("/v1/sessions", body).await?;
        if answer.status == 429 {
            let problem = answer.problem(429)?;
            assert_eq!(code_of(&problem), "too-many-attempts");
            let after = answer.headers.get("retry-after").context("Retry-After")?;
            let seconds: u64 = after.to_str()?.parse()?;
            ensure!((1..=901).contains(&seconds), "{seconds}");
            return Ok(judged);
        }
        answer.problem(401)?;
    }
    Ok(most)
}

/// The counters as if so many attempts had failed just now.
async fn set_tallies(app: &TestApp, like: &str, attempts: i64) -> Result<()> {
    let pool = app.pool().await?;
    let now = portolan_types::Timestamp::now().as_millis();
    let sql = "update throttles set attempts = $1, latest_at = $2 where key like $3";
    sqlx::query(sql).bind(attempts).bind(now).bind(like).execute(&pool).await?;
    pool.close().await;
    Ok(())
}

async fn in_from(client: &Client, device: Option<&str>) -> Result<Answer> {
    let mut body = json!({ "email": EMAIL, "password": PASSWORD });
    if let Some(device) = device {
        body["device"] = json!(device);
    }
    client.anonymous().post("/v1/sessions", body).await
}

story! {
    /// Whoever guesses at one address waits; the person at another does not, nor another account.
    async fn one_address_does_not_lock_another(app) {
        let_in(app).await?;
        let thief = app.owner.at_address([127, 0, 0, 2])?;
        assert_eq!(guess(&thief, EMAIL, 20).await?, 5);
        // Not even the right password is looked at, and a restart forgets nothing.
        in_from(&thief, None).await?.problem(429)?;
        app.restart().await?;
        let thief = thief.at(&app.owner.url);
        set_tallies(app, "place:%", 12).await?;
        in_from(&thief, None).await?.problem(429)?;
        in_from(&app.owner, None).await?.created::<Value>()?;
        assert_eq!(guess(&thief, "other@example.com", 3).await?, 3);
    }
}

story! {
    /// An account that is guessed at from everywhere slows strangers, not the devices and addresses
    /// that it knows.
    async fn a_known_device_gets_in(app) {
        let_in(app).await?;
        let home = app.owner.at_address([127, 0, 0, 3])?;
        let created: CreatedSession = in_from(&home, None).await?.created()?;
        let device = created.device.context("a device")?;
        let strangers = app.owner.at_address([127, 0, 0, 4])?;
        guess(&strangers, EMAIL, 1).await?;
        set_tallies(app, "account:%", 40).await?;
        let elsewhere = app.owner.at_address([127, 0, 0, 5])?;
        in_from(&elsewhere, None).await?.problem(429)?;
        in_from(&elsewhere, Some("portolan_d_made_up")).await?.problem(429)?;
        in_from(&home, None).await?.created::<Value>()?;
        in_from(&elsewhere, Some(&device)).await?.created::<Value>()?;
        // A device that guesses is slowed as well, and alone.
        for _ in 0..5 {
            let body = json!({ "email": EMAIL, "password": OTHER, "device": device });
            app.owner.anonymous().post("/v1/sessions", body).await?.problem(401)?;
        }
        in_from(&elsewhere, Some(&device)).await?.problem(429)?;
        in_from(&home, None).await?.created::<Value>()?;
        // Another account's device is nobody's here.
        let (_, text) = told(app).await?;
        ensure!(!text.contains(&device), "events tell of a device");
    }
}

story! {
    /// A device is known, whichever way somebody came in on it.
    async fn a_device_is_known_by_every_way_in(app) {
        // First of all: a new password makes every device a stranger.
        let_in(app).await?;
        let issuer = openid::Issuer::start().await?;
        let devices = [
            openid::owners_device(app, &issuer).await?,
            passkeys::owners_device(app).await?,
        ];
        let strangers = app.owner.at_address([127, 0, 0, 4])?;
        guess(&strangers, EMAIL, 1).await?;
        set_tallies(app, "account:%", 40).await?;
        let elsewhere = app.owner.at_address([127, 0, 0, 5])?;
        in_from(&elsewhere, None).await?.problem(429)?;
        for device in devices {
            // Where it came in is known from then on: each comes from another place.
            in_from(&elsewhere, Some(&device)).await?.created::<Value>()?;
            write(app, "delete from known_places where place like $1", &["address:%"]).await?;
        }
    }
}

story! {
    /// Attempts side by side are all counted before any of them is judged.
    async fn a_burst_gets_no_further(app) {
        let_in(app).await?;
        let burst = (0..30).map(|_| {
            let client = app.owner.anonymous();
            let body = json!({ "email": EMAIL, "password": "not the password" });
            tokio::spawn(async move { client.post("/v1/sessions", body).await })
        });
        let mut judged = 0;
        for attempt in burst.collect::<Vec<_>>() {
            match attempt.await??.status.as_u16() {
                401 => judged += 1,
                429 => {}
                other => anyhow::bail!("{other}"),
            }
        }
        // Time goes on meanwhile: a second lets one more through.
        ensure!((5..=8).contains(&judged), "{judged} were judged");
    }
}

story! {
    /// Whoever gets in is not slowed by what they mistyped, and a missing code is no guess.
    async fn a_slip_is_forgotten(app) {
        let_in(app).await?;
        for _ in 0..4 {
            guess(&app.owner, EMAIL, 3).await?;
            in_from(&app.owner, None).await?.created::<Value>()?;
        }
        let pool = app.pool().await?;
        let (left,): (i64,) = sqlx::query_as(
            "select count(*) from throttles where key like 'place:%' and attempts > 0",
        )
        .fetch_one(&pool)
        .await?;
        pool.close().await;
        assert_eq!(left, 0);
    }
}

story! {
    /// A session in the wrong hands guesses the password no faster.
    async fn a_session_guesses_no_password(app) {
        let_in(app).await?;
        let person = sign_in(app, None).await?;
        let body = json!({ "current": "not the password", "new": OTHER });
        for _ in 0..5 {
            person.put("/v1/user/password", body.clone()).await?.problem(422)?;
        }
        person.put("/v1/user/password", body).await?.problem(429)?;
    }
}
