//! The audit: who did what, refusals included, and that nobody alters it unseen.

use std::future::Future;

use anyhow::{Context, Result, ensure};
use portolan_types::{
    AuditEntry, AuditFault, AuditNote, AuditOutcome, AuditVerdict, Author, CreatedToken, Page,
};
use serde_json::{Value, json};
use sqlx::AnyPool;

use crate::{
    certificates, notifiers,
    security::{Team, person},
    support::{Client, TestApp, story},
};

async fn entries(client: &Client, query: &str) -> Result<Vec<AuditEntry>> {
    let page: Page<AuditEntry> = client.get(&format!("/v1/audit?limit=200{query}")).await?.ok()?;
    Ok(page.items)
}

async fn verdict(app: &TestApp, query: &str) -> Result<AuditVerdict> {
    app.owner.get(&format!("/v1/audit/verify{query}")).await?.ok()
}

async fn keys(app: &TestApp, names: &[&str]) -> Result<()> {
    for name in names {
        app.owner.key(name).await?;
    }
    Ok(())
}

story! {
    /// Who, with what, from where, through what, on what.
    async fn an_entry_says_who_did_what(app) {
        let key = app.owner.key("deploy").await?;
        let answer = app.owner.patch(&format!("/v1/keys/{key}"), json!({ "name": "new" })).await?;
        let request = answer.headers.get("x-request-id").context("an id")?.to_str()?.to_owned();
        let found = entries(&app.owner, "").await?;
        let entry = found.first().context("an entry")?;
        let Author::Person { email, .. } = &entry.by else { anyhow::bail!("{entry:?}") };
        assert_eq!(email, "owner@example.com");
        assert_eq!(entry.address.as_deref(), Some("127.0.0.1"));
        assert_eq!(entry.operation.as_deref(), Some("update_key"));
        assert_eq!(entry.request_id, Some(request));
        assert_eq!(entry.outcome, AuditOutcome::Done);
        assert_eq!(entry.subject.as_ref().map(portolan_types::Subject::id), Some(key.as_str()));
        let events: Value = app.owner.get(&format!("/v1/events?subject_id={key}")).await?.ok()?;
        let event = &events["items"][0];
        assert_eq!(event["id"], json!(entry.event_id));
        let digest = |part: &str| portolan_server::vault::hash(&event[part].to_string());
        assert_eq!(entry.before_digest, Some(digest("before")));
        assert_eq!(entry.after_digest, Some(digest("after")));
        // The setup is somebody's doing as well.
        let first = found.last().context("an entry")?;
        assert_eq!((first.sequence, first.operation.as_deref()), (1, Some("set_up")));
    }
}

story! {
    /// Everything that a person did is there; what Portolan did by itself is not.
    async fn every_event_of_a_person_is_in_it(app) {
        let (server, _engine) = app.add_server("alpha").await?;
        let destination = app.owner.destination(&server, "web").await?;
        app.owner.route(&destination, "shop.example.com").await?;
        certificates::add(app, "first").await?;
        notifiers::add_unheard(app).await?;
        let events: Value = app.owner.get("/v1/events?limit=200").await?.ok()?;
        let found = entries(&app.owner, "").await?;
        let mut people = 0;
        for event in events["items"].as_array().context("events")? {
            let told = found.iter().any(|entry| json!(entry.event_id) == event["id"]);
            // The team that the setup makes is the one thing without a person yet.
            let by_person = event["by"]["type"] == "person" || event["kind"] == "team.created";
            ensure!(told == by_person, "{event}");
            people += usize::from(by_person);
        }
        assert_eq!(people, found.len());
        ensure!(people >= 7, "{people}");
    }
}

story! {
    /// A refusal of somebody known is there, once a minute; a stranger's is not.
    async fn refusals_are_in_it(app) {
        let body = json!({ "name": "reader", "abilities": ["read"] });
        let reader: CreatedToken = app.owner.post("/v1/tokens", body).await?.created()?;
        let client = app.owner.with_token(&reader.secret);
        for _ in 0..3 {
            client.post("/v1/keys", json!({ "name": "x" })).await?.problem(403)?;
            app.owner.with_token("portolan_made-up").get("/v1/keys").await?.problem(401)?;
        }
        let found = entries(&app.owner, "&outcome=refused").await?;
        let [entry] = &found[..] else { anyhow::bail!("{found:?}") };
        assert_eq!(entry.kind, "access.forbidden");
        assert_eq!(entry.operation.as_deref(), Some("create_key"));
        let Author::Person { email, .. } = &entry.by else { anyhow::bail!("{entry:?}") };
        assert_eq!(email, "owner@example.com");
        ensure!(serde_json::to_string(&entry.by)?.contains(reader.token.id.as_str()), "{entry:?}");
    }
}

story! {
    /// It can be searched, cut into pages, and taken out whole.
    async fn it_is_listed_and_exported(app) {
        keys(app, &["a", "b", "c"]).await?;
        let all = entries(&app.owner, "").await?;
        let created = entries(&app.owner, "&kind=key.added").await?;
        assert_eq!(created.len(), 3);
        assert_eq!(entries(&app.owner, "&search=%60b%60").await?.len(), 1);
        let of = created[0].subject.as_ref().map(|subject| subject.id().to_owned());
        let of = of.context("a subject")?;
        assert_eq!(entries(&app.owner, &format!("&subject_id={of}")).await?.len(), 1);
        assert_eq!(entries(&app.owner, "&since=2100-01-01T00:00:00Z").await?.len(), 0);

        let first: Page<AuditEntry> = app.owner.get("/v1/audit?limit=2").await?.ok()?;
        let next = first.next.context("more")?;
        let path = format!("/v1/audit?limit=200&cursor={}", next.as_str());
        let rest: Page<AuditEntry> = app.owner.get(&path).await?.ok()?;
        let paged: Vec<u64> =
            first.items.iter().chain(&rest.items).map(|entry| entry.sequence).collect();
        assert_eq!(paged, all.iter().map(|entry| entry.sequence).collect::<Vec<_>>());

        let exported = app.owner.get("/v1/audit/export").await?;
        assert_eq!(exported.headers["content-type"], "application/x-ndjson");
        let lines = exported.text.lines().map(serde_json::from_str);
        let mut lines = lines.collect::<Result<Vec<AuditEntry>, _>>()?;
        lines.reverse();
        assert_eq!(lines, all);
        let only = app.owner.get("/v1/audit/export?kind=key.").await?;
        assert_eq!(only.text.lines().count(), 3);
    }
}

story! {
    /// One team learns nothing of another, and members nothing at all.
    async fn it_is_for_admins_of_the_team(app) {
        keys(app, &["ours"]).await?;
        let stranger = person(app, "owner", Team::Other).await?;
        assert_eq!(entries(&stranger, "").await?, []);
        assert_eq!(stranger.get("/v1/audit/export").await?.text, "");
        let verdict: AuditVerdict = stranger.get("/v1/audit/verify").await?.ok()?;
        assert_eq!(verdict.broken, None);
        let admin = person(app, "admin", Team::Same).await?;
        ensure!(!entries(&admin, "").await?.is_empty(), "an admin sees it");
        let member = person(app, "member", Team::Same).await?;
        member.get("/v1/audit").await?.problem(403)?;
    }
}

story! {
    /// No secret is ever in it.
    async fn secrets_are_never_inside(app) {
        let token: CreatedToken = app
            .owner
            .post("/v1/tokens", json!({ "name": "t", "abilities": ["owner"] }))
            .await?
            .created()?;
        let client = app.owner.with_token(&token.secret);
        certificates::add(app, "first").await?;
        let hook = "https://hooks.example.com/very-secret-path";
        let made: Value =
            client.post("/v1/notifiers", notifiers::body("hook", hook)).await?.created()?;
        client.key("deploy").await?;
        let bearer = client.get("/v1/audit").await?;
        ensure!(bearer.text.contains("notifier.added"), "{}", bearer.text);
        let setup = app.setup_token()?;
        let pool = app.pool().await?;
        let rows: Vec<String> = sqlx::query_scalar(
            "select author || message || coalesce(subject_name, '') || coalesce(address, '')
                    || coalesce(request_id, '') || coalesce(operation, '')
             from audit",
        )
        .fetch_all(&pool)
        .await?;
        pool.close().await;
        let exported = client.get("/v1/audit/export").await?.text;
        let everything = format!("{exported}{}", rows.join("\n"));
        let signing = made["secret"].as_str().unwrap_or("whsec_");
        for secret in [&token.secret, setup.as_str(), "very-secret-path", signing, "PRIVATE KEY"] {
            ensure!(!everything.contains(secret), "{secret} is in the audit");
        }
    }
}

/// What somebody with the database and without the master key does to it.
async fn tampered<F>(app: &TestApp, tamper: impl FnOnce(AnyPool) -> F) -> Result<AuditVerdict>
where
    F: Future<Output = Result<()>>,
{
    keys(app, &["a", "b", "c", "d"]).await?;
    assert_eq!(verdict(app, "").await?.broken, None);
    let pool = app.pool().await?;
    tamper(pool.clone()).await?;
    pool.close().await;
    verdict(app, "").await
}

async fn execute(pool: AnyPool, statements: &'static [&'static str]) -> Result<()> {
    for statement in statements {
        sqlx::query(*statement).execute(&pool).await?;
    }
    Ok(())
}

fn named(verdict: &AuditVerdict) -> Option<(Option<u64>, AuditFault)> {
    verdict.broken.as_ref().map(|broken| (broken.sequence, broken.fault))
}

story! {
    /// An altered entry.
    async fn an_altered_entry_is_found(app) {
        let alter = &["update audit set message = 'nothing to see' where sequence = 4"];
        let found = tampered(app, |pool| execute(pool, alter)).await?;
        assert_eq!(named(&found), Some((Some(4), AuditFault::Altered)));
        assert_eq!(found.count, 3);
        // The host finds the same, beside the control plane.
        let config = &app.config;
        let beside = portolan_server::audit::verify_on_host(config, &AuditNote::default()).await?;
        assert_eq!(beside, found);
    }
}

story! {
    /// An entry that was taken out of the middle.
    async fn a_gap_is_found(app) {
        let delete = &["delete from audit where sequence = 3"];
        let found = tampered(app, |pool| execute(pool, delete)).await?;
        assert_eq!(named(&found), Some((Some(3), AuditFault::Missing)));
    }
}

story! {
    /// The same, with the later ones moved up.
    async fn a_closed_gap_is_found(app) {
        let close = &[
            "delete from audit where sequence = 3",
            "update audit set sequence = -sequence where sequence > 3",
            "update audit set sequence = -sequence - 1 where sequence < 0",
            "update audit_chain set length = length - 1",
        ];
        let found = tampered(app, |pool| execute(pool, close)).await?;
        assert_eq!(named(&found), Some((Some(3), AuditFault::Moved)));
    }
}

story! {
    /// Two that changed places.
    async fn exchanged_entries_are_found(app) {
        let exchange = &[
            "update audit set sequence = -1 where sequence = 3",
            "update audit set sequence = 3 where sequence = 4",
            "update audit set sequence = 4 where sequence = -1",
        ];
        let found = tampered(app, |pool| execute(pool, exchange)).await?;
        assert_eq!(named(&found), Some((Some(3), AuditFault::Moved)));
    }
}

story! {
    /// One that Portolan did not write, and gave a place in good faith.
    async fn a_forged_entry_is_found(app) {
        let forge = &["insert into audit
                 (id, team_id, at, written, kind, outcome, author, message, proof)
             select 'tz4a98xxat96iws9zmbrgj3a', team_id, at, written, kind, outcome, author,
                    'somebody else did it', proof
             from audit where sequence = 2"];
        let found = tampered(app, |pool| execute(pool, forge)).await?;
        let broken = found.broken.context("it is broken")?;
        assert_eq!(broken.fault, AuditFault::Altered);
        assert_eq!(broken.entry_id.as_deref(), Some("tz4a98xxat96iws9zmbrgj3a"));
    }
}

story! {
    /// An end that was cut off: found at once, and by what was noted when the mark of the end was
    /// set back as well.
    async fn a_cut_end_is_found(app) {
        keys(app, &["a", "b", "c", "d"]).await?;
        let noted = verdict(app, "").await?;
        assert_eq!(noted.broken, None);
        let pool = app.pool().await?;
        let delete = "delete from audit where sequence = (select max(sequence) from audit)";
        sqlx::query(delete).execute(&pool).await?;
        let found = verdict(app, "").await?;
        assert_eq!(named(&found), Some((Some(noted.count), AuditFault::Truncated)));

        let back = "update audit_chain set length = length - 1,
                        head = (select hash from audit order by sequence desc limit 1)";
        sqlx::query(back).execute(&pool).await?;
        assert_eq!(verdict(app, "").await?.broken, None);
        let note = format!("?count={}&head={}", noted.count, noted.head);
        let found = verdict(app, &note).await?;
        assert_eq!(named(&found), Some((Some(noted.count), AuditFault::Truncated)));
        // What is written after that is another chain.
        keys(app, &["e"]).await?;
        let found = verdict(app, &note).await?;
        assert_eq!(named(&found), Some((Some(noted.count), AuditFault::Replaced)));
        pool.close().await;
        app.owner.get(&format!("/v1/audit/verify?head={}", noted.head)).await?.problem(422)?;
    }
}
