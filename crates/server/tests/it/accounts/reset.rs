//! Forgotten passwords: by mail, and on the host.

use portolan_server::accounts::ResetError;

use super::*;
use crate::notifiers::mail::with_mail;

async fn ask(app: &TestApp, email: &str) -> Result<Answer> {
    app.owner.anonymous().post("/v1/password-resets", json!({ "email": email })).await
}

async fn redeem(app: &TestApp, code: &str, new: &str) -> Result<Answer> {
    let body = json!({ "code": code, "new": new });
    app.owner.anonymous().post("/v1/password-resets/redeem", body).await
}

story! {
    /// A code comes by mail, is good once, and ends every session; an address that nobody has is
    /// answered alike.
    async fn a_password_is_reset_by_mail(app) {
        let mailbox = with_mail(app).await?;
        let_in(app).await?;
        let person = sign_in(app, None).await?;
        let nobody = ask(app, "stranger@example.com").await?;
        let known = ask(app, "Owner@Example.com ").await?;
        assert_eq!((nobody.status.as_u16(), nobody.text.as_str()), (202, ""));
        assert_eq!((known.status, &known.text), (nobody.status, &nobody.text));
        let mails = mailbox.wait_for(1).await?;
        assert_eq!(mails[0].to, [format!("<{EMAIL}>")]);
        let code = mails[0].data.lines().map(str::trim).find(|line| line.starts_with("portolan_r_"));
        let code = code.context("a code")?.to_owned();
        ensure!(!mails[0].head().contains("portolan_r_"), "a code in the head");

        // Nobody is drowned in mail.
        ask(app, EMAIL).await?;
        let refused = redeem(app, &code, "weak").await?.problem(422)?;
        assert_eq!(refused.errors[0].field, "new");
        assert_eq!(redeem(app, &code, OTHER).await?.status, 204);
        assert_eq!(mailbox.wait_for(1).await?.len(), 1);
        redeem(app, &code, PASSWORD).await?.problem(401)?;
        person.get("/v1/session").await?.problem(401)?;
        attempt(&app.owner, PASSWORD, None).await?.problem(401)?;
        attempt(&app.owner, OTHER, None).await?.created::<Value>()?;
        let (_, text) = told(app).await?;
        ensure!(!text.contains(&code), "events tell of the code");
    }
}

story! {
    /// A code ends after an hour, and with the next one.
    async fn a_code_has_an_end(app) {
        let first = offer_reset(&app.config, EMAIL, SecondFactor::Keep).await?;
        let second = offer_reset(&app.config, EMAIL, SecondFactor::Keep).await?;
        redeem(app, first.code.expose_secret(), PASSWORD).await?.problem(401)?;
        let pool = app.pool().await?;
        sqlx::query("update password_resets set expires_at = 1").execute(&pool).await?;
        pool.close().await;
        redeem(app, second.code.expose_secret(), PASSWORD).await?.problem(401)?;
        let nobody = offer_reset(&app.config, "nobody@example.com", SecondFactor::Keep).await;
        ensure!(matches!(nobody, Err(ResetError::Nobody(_))), "{nobody:?}");
        let refused = ask(app, EMAIL).await?.problem(409)?;
        assert_eq!(code_of(&refused), "no-mail");
        // The event of the host's way is numbered although another process wrote it.
        let (kinds, text) = told(app).await?;
        ensure!(kinds.iter().any(|kind| kind == "user.password-reset-offered"), "{kinds:?}");
        ensure!(!text.contains("portolan_r_"), "events tell of a code");
    }
}
