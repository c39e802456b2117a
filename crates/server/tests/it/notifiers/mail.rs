//! Notifiers by mail, over a real connection to a mail server.

use portolan_server::config::Smtp;
use portolan_types::CreatedInvite;

use super::{mailbox::Mailbox, *};

pub(crate) async fn with_mail(app: &mut TestApp) -> Result<Mailbox> {
    let mailbox = Mailbox::start().await?;
    let url = format!("smtp://127.0.0.1:{}?tls=none", mailbox.port);
    let smtp = Smtp::parse(&url, "Portolan <portolan@example.com>")?;
    app.config.notifications.smtp = Some(smtp);
    app.config.notifications.pace.first_pause = Duration::from_millis(20);
    app.restart().await?;
    Ok(mailbox)
}

fn letter(name: &str, to: &[&str]) -> Value {
    json!({ "name": name, "target": { "type": "email", "to": to }, "quiet_seconds": 0 })
}

story! {
    /// What happens arrives as mail, to everybody who is named, and says what it is.
    async fn mail_arrives(app) {
        let mailbox = with_mail(app).await?;
        let engine = harbour(app).await?;
        let to = ["ops@example.com", "dev@example.com"];
        let made = add(&app.owner, letter("ops", &to)).await?;
        ensure!(made.secret.is_none());
        drift(app, &engine, "shop").await?;
        let mails = mailbox.wait_for(2).await?;
        let all = over(&app.owner, &made.notifier, 2).await?;
        for (mail, delivery) in mails.iter().zip(&all) {
            assert_eq!(mail.from, "<portolan@example.com>");
            assert_eq!(mail.to, ["<ops@example.com>", "<dev@example.com>"]);
            let head = mail.head();
            ensure!(head.contains(&format!("Message-ID: <{}@example.com>", delivery.id)), "{head}");
            ensure!(head.contains("Auto-Submitted: auto-generated"), "{head}");
            assert_eq!(delivery.answer.as_deref(), Some("250 2.0.0 queued as 4711"));
        }
        let head = mails[0].head();
        ensure!(head.contains("Subject: Portolan: drift: destination `alpha-shop`"), "{head}");
        ensure!(mails[0].data.contains("Severity: warning"), "{}", mails[0].data);
        let metrics = app.owner.get("/metrics").await?.text;
        ensure!(metrics.contains("kind=\"email\",outcome=\"delivered\"} 2"), "{metrics}");
    }
}

story! {
    /// What the mail server refuses is said in its words; other addresses help.
    async fn a_refused_mail_says_why(app) {
        let mailbox = with_mail(app).await?;
        let made = add(&app.owner, letter("ops", &["nobody@example.com"])).await?.notifier;
        let path = format!("/v1/notifiers/{}", made.id);
        let bad: Delivery = app.owner.post(&format!("{path}/test"), json!({})).await?.ok()?;
        let error = bad.error.context("an error")?;
        ensure!(error.contains("no such user here"), "{error}");
        let change = json!({ "to": ["somebody@example.com"] });
        let _: Notifier = app.owner.patch(&path, change).await?.ok()?;
        let good: Delivery = app.owner.post(&format!("{path}/test"), json!({})).await?.ok()?;
        assert_eq!(good.state, DeliveryState::Delivered, "{good:?}");
        assert_eq!(mailbox.wait_for(1).await?[0].to, ["<somebody@example.com>"]);
        for to in [vec![], vec!["a@example.com"; 21], vec!["a@-example-.com"]] {
            let problem = app.owner.post("/v1/notifiers", letter("x", &to)).await?.problem(422)?;
            ensure!(problem.errors[0].field.starts_with("target"), "{problem:?}");
        }
    }
}

story! {
    /// An invitation goes to whom it is for, with its secret; what came of it is said.
    async fn an_invitation_is_sent(app) {
        let mailbox = with_mail(app).await?;
        let body = json!({ "role": "member", "email": "dev@example.com", "send": true });
        let made: CreatedInvite = app.owner.post("/v1/invites", body).await?.created()?;
        ensure!(made.mail.as_ref().is_some_and(|mail| mail.sent), "{:?}", made.mail);
        let mails = mailbox.wait_for(1).await?;
        assert_eq!(mails[0].to, ["<dev@example.com>"]);
        // Long lines are broken on their way (RFC 2045, 6.7).
        let text = mails[0].data.replace("=\r\n", "").replace("=\n", "");
        ensure!(text.contains(&made.secret), "{text}");

        let body = json!({ "role": "member", "email": "nobody@example.com", "send": true });
        let made: CreatedInvite = app.owner.post("/v1/invites", body).await?.created()?;
        let mail = made.mail.context("what came of it")?;
        ensure!(!mail.sent && mail.answer.contains("no such user here"), "{mail:?}");
    }
}
