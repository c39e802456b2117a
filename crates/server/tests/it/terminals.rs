//! Terminals: a shell on a host, for those who may have it and for as long as they may.

mod inside;
mod person;
mod sshd;

use anyhow::{Context, Result, ensure};
use portolan_server::host::fake::FakeEngine;
use portolan_types::{AuditEntry, Event, Page, Role, Server, TerminalCause, TerminalSwitch};
use reqwest::Method;
use serde_json::{Value, json};
use std::sync::Arc;

use crate::{
    security::{Person, Team, join},
    sessions,
    support::{Client, TestApp, eventually, story},
};
use person::{Terminal, path};

/// A server and somebody who may have a terminal on it.
async fn ready(app: &TestApp) -> Result<(Server, Arc<FakeEngine>, Client)> {
    let (server, engine) = app.add_server("alpha").await?;
    Ok((server, engine, sessions::begin(app, &app.owner).await?.0))
}

/// An admin of the owner's team with a session.
async fn admin(app: &TestApp) -> Result<(Person, Client)> {
    let person = join(app, Role::Admin.as_str(), Team::Same).await?;
    let client = sessions::begin(app, &person.client).await?.0;
    Ok((person, client))
}

/// What a request to open one is answered, which is no terminal.
async fn refused(
    client: &Client,
    path: &str,
    headers: &[(&str, &str)],
) -> Result<crate::support::Answer> {
    let mut request = client
        .request(Method::GET, path)
        .header("connection", "upgrade")
        .header("upgrade", "websocket")
        .header("sec-websocket-version", "13")
        .header("sec-websocket-key", "AAAAAAAAAAAAAAAAAAAAAA==");
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    client.send(request).await
}

async fn told(client: &Client, kind: &str) -> Result<Vec<Event>> {
    let page: Page<Event> = client.get(&format!("/v1/events?kind={kind}")).await?.ok()?;
    Ok(page.items)
}

/// The one event of this kind, when it has come.
async fn only(client: &Client, kind: &str) -> Result<Event> {
    eventually(&format!("`{kind}` is told"), || async {
        let mut events = told(client, kind).await?;
        ensure!(events.len() < 2, "{events:?}");
        Ok(events.pop())
    })
    .await
}

story! {
    /// What is typed gets there, what is said comes back, and the end is the shell's own.
    async fn a_shell_is_used(app) {
        let (server, engine, owner) = ready(app).await?;
        let sized = format!("{}?columns=100&rows=30", path(&server));
        let mut terminal = Terminal::begin(&owner, &sized).await?;
        // The shell has begun before anything else is said.
        terminal.ended().await.expect_err("it began");
        engine.has_shells(1).await;
        terminal.types("hello; rm -rf /\u{1b}[31m\r").await?;
        terminal.sees("ran hello; rm -rf /").await?;
        terminal.types("size\r").await?;
        terminal.sees("100 by 30").await?;
        terminal.resize(120, 40).await?;
        terminal.types("size\r").await?;
        terminal.sees("120 by 40").await?;
        terminal.types("exit 3\r").await?;
        let end = terminal.ended().await?;
        assert_eq!((end.cause, end.exit_status), (TerminalCause::Exited, Some(3)));
        engine.has_shells(0).await;

        let opened = only(&app.owner, "terminal.opened").await?;
        assert_eq!((opened.server_id.as_ref(), opened.severity.as_str()), (Some(&server.id), "info"));
        let closed = only(&app.owner, "terminal.closed").await?;
        let after = closed.after.as_ref().context("how")?;
        assert_eq!((&after["cause"], &after["exit_status"]), (&json!("exited"), &json!(3)));
        ensure!(closed.message.contains("owner@example.com"), "{closed:?}");
        // Both are the doing of that request, and nothing tells what was typed or shown.
        let audit: Page<AuditEntry> = app.owner.get("/v1/audit?limit=200").await?.ok()?;
        let entries = audit.items.iter().filter(|entry| entry.kind.starts_with("terminal."));
        let entries: Vec<_> = entries.collect();
        assert_eq!(entries.len(), 2);
        for entry in &entries {
            assert_eq!(entry.operation.as_deref(), Some("open_terminal"));
            assert_eq!(entry.address.as_deref(), Some("127.0.0.1"));
        }
        for told in [format!("{opened:?}{closed:?}"), format!("{entries:?}")] {
            ensure!(!told.contains("hello") && !told.contains("100 by 30"), "{told}");
        }
    }
}

story! {
    /// A shell is for admins who signed in, on servers that have one to give.
    async fn not_for_everybody(app) {
        let (server, engine, owner) = ready(app).await?;
        let place = path(&server);
        let (_, admin) = admin(app).await?;
        drop(Terminal::open(&admin, &server).await?);
        let member = join(app, "member", Team::Same).await?;
        member.grant(app, server.id.as_str(), portolan_types::Right::Manage).await?;
        let member = sessions::begin(app, &member.client).await?.0;
        refused(&member, &place, &[]).await?.problem(403)?;
        // The owner's token may do everything else.
        let problem = refused(&app.owner, &place, &[]).await?.problem(403)?;
        ensure!(problem.detail.contains("a person who signed in"), "{problem:?}");
        refused(&app.owner.anonymous(), &place, &[]).await?.problem(401)?;
        let stranger = join(app, "owner", Team::Other).await?;
        let stranger = sessions::begin(app, &stranger.client).await?.0;
        refused(&stranger, &place, &[]).await?.problem(404)?;

        let plain = owner.get(&place).await?;
        assert_eq!(plain.headers["upgrade"], "websocket");
        plain.problem(426)?;
        for size in ["columns=0", "rows=1001", "columns=x", "rows=-1"] {
            refused(&owner, &format!("{place}?{size}"), &[]).await?.problem(422)?;
        }
        let body = json!({
            "name": "here", "connection": { "type": "local", "socket": "/run/docker.sock" },
        });
        let local: Server = app.owner.post("/v1/servers", body).await?.created()?;
        let problem = refused(&owner, &path(&local), &[]).await?.problem(409)?;
        ensure!(problem.kind.ends_with("terminal-is-local"), "{problem:?}");
        engine.has_shells(0).await;
    }
}

story! {
    /// A server's switch is its admins', whoever manages it.
    async fn a_server_is_switched_off(app) {
        let (server, engine, owner) = ready(app).await?;
        let edit = format!("/v1/servers/{}", server.id);
        assert_eq!(server.terminal, TerminalSwitch::On);
        let member = join(app, "member", Team::Same).await?;
        member.grant(app, server.id.as_str(), portolan_types::Right::Manage).await?;
        member.client.patch(&edit, json!({ "terminal": "off" })).await?.problem(403)?;
        member.client.patch(&edit, json!({ "terminal": "on" })).await?.ok::<Server>()?;
        let off: Server = app.owner.patch(&edit, json!({ "terminal": "off" })).await?.ok()?;
        assert_eq!(off.terminal, TerminalSwitch::Off);
        let problem = refused(&owner, &path(&server), &[]).await?.problem(409)?;
        ensure!(problem.kind.ends_with("terminal-off"), "{problem:?}");
        // What is edited otherwise leaves it so.
        let named: Server = app.owner.patch(&edit, json!({ "name": "beta" })).await?.ok()?;
        assert_eq!(named.terminal, TerminalSwitch::Off);
        app.owner.patch(&edit, json!({ "terminal": "on" })).await?.ok::<Server>()?;
        drop(Terminal::open(&owner, &server).await?);
        engine.has_shells(0).await;
    }
}

story! {
    /// Any page of the web may open a WebSocket to us with the cookies of whoever looks at it.
    async fn another_site_opens_nothing(app) {
        let (server, engine, owner) = ready(app).await?;
        let (place, logins) = (path(&server), engine.logins());
        let cookie = format!("__Host-portolan={}", owner.secret());
        let nobody = owner.anonymous();
        let own = owner.url.clone();
        for headers in [
            vec![],
            vec![("origin", "https://evil.example")],
            vec![("origin", "null")],
            vec![("origin", "http://127.0.0.1:1")],
            vec![("origin", own.as_str()), ("sec-fetch-site", "cross-site")],
        ] {
            let with_cookie = [vec![("cookie", cookie.as_str())], headers].concat();
            let problem = refused(&nobody, &place, &with_cookie).await?.problem(403)?;
            ensure!(problem.detail.contains("Origin"), "{problem:?}");
        }
        assert_eq!(engine.logins(), logins, "somebody logged in");
        ensure!(told(&app.owner, "terminal.").await?.is_empty(), "something was opened");
        let headers = [("cookie", cookie), ("origin", own)];
        let mut terminal = Terminal::ask(&nobody, &place, &headers).await?;
        terminal.ended().await.expect_err("it began");
        engine.has_shells(1).await;
    }
}

/// What takes a terminal away from an admin, as the owner does it.
#[derive(Debug, Clone, Copy)]
enum Taken {
    SignedOut,
    Removed,
    Demoted,
    SwitchedOff,
    ConnectedOtherwise,
    ServerRemoved,
}

impl Taken {
    async fn happens(
        self,
        app: &TestApp,
        server: &Server,
        whose: (&Person, &Client),
    ) -> Result<()> {
        let (server, member) =
            (format!("/v1/servers/{}", server.id), format!("/v1/members/{}", whose.0.id));
        let answer = match self {
            Self::SignedOut => whose.1.delete("/v1/session").await?,
            Self::Removed => app.owner.delete(&member).await?,
            Self::Demoted => app.owner.patch(&member, json!({ "role": "member" })).await?,
            Self::SwitchedOff => app.owner.patch(&server, json!({ "terminal": "off" })).await?,
            Self::ConnectedOtherwise => {
                let mut shown: Value = app.owner.get(&server).await?.ok()?;
                shown["connection"]["port"] = json!(2222);
                let body = json!({ "connection": shown["connection"] });
                app.owner.patch(&server, body).await?
            }
            Self::ServerRemoved => app.owner.delete(&server).await?,
        };
        ensure!(answer.status.is_success(), "{self:?}: {}", answer.text);
        Ok(())
    }
}

story! {
    /// It ends at once when its person may not have it any more, or its server is another one.
    async fn what_is_taken_away_is_cut(app) {
        for (n, taken) in [
            Taken::SignedOut,
            Taken::Removed,
            Taken::Demoted,
            Taken::SwitchedOff,
            Taken::ConnectedOtherwise,
            Taken::ServerRemoved,
        ].into_iter().enumerate() {
            let (server, engine) = app.add_server(&format!("server-{n}")).await?;
            let (person, client) = admin(app).await?;
            let mut terminal = Terminal::open(&client, &server).await?;
            // Somebody else's goes on, unless the server itself is another one.
            let owner = sessions::begin(app, &app.owner).await?.0;
            let mut other = Terminal::open(&owner, &server).await?;
            engine.has_shells(2).await;
            taken.happens(app, &server, (&person, &client)).await?;
            let end = terminal.ended().await?;
            let of_person = matches!(taken, Taken::SignedOut | Taken::Removed | Taken::Demoted);
            let wanted = if of_person { TerminalCause::Revoked } else { TerminalCause::ServerChanged };
            assert_eq!(end.cause, wanted, "{taken:?}: {end:?}");
            if of_person {
                other.types("still here\r").await?;
                other.sees("ran still here").await?;
                drop(other);
            } else {
                assert_eq!(other.ended().await?.cause, wanted);
            }
            engine.has_shells(0).await;
        }
    }
}

story! {
    /// A host that floods and a person who reads nothing cost a bounded amount, and hold nobody up.
    async fn who_does_not_read_holds_nobody_up(app) {
        let (server, engine, owner) = ready(app).await?;
        let mut terminal = Terminal::open(&owner, &server).await?;
        terminal.types("flood\r").await?;
        let mut before = 0;
        let mut same = 0;
        eventually("the host is held up", || {
            let now = engine.flooded();
            same = if now == before { same + 1 } else { 0 };
            before = now;
            let held = now > 0 && same > 50;
            async move { Ok(held.then_some(())) }
        })
        .await?;
        // What the kernel keeps for a connection, and little more.
        ensure!(engine.flooded() < 24 << 20, "{} bytes", engine.flooded());
        app.owner.destination(&server, "meanwhile").await?;
        drop(terminal);
        engine.has_shells(0).await;
    }
}

story! {
    /// A browser takes whatever comes, and says by itself when it has too much.
    async fn who_has_too_much_says_so(app) {
        let (server, engine, owner) = ready(app).await?;
        let mut terminal = Terminal::open(&owner, &server).await?;
        terminal.sees("$ ").await?;
        terminal.says("{\"flow\":\"stop\"}").await?;
        terminal.types("flood\r").await?;
        // The next that is done is done after it: frames are taken in their order.
        terminal.types("x").await?;
        app.owner.destination(&server, "meanwhile").await?;
        assert_eq!(engine.flooded(), 0, "it was asked for more");
        terminal.says("{\"flow\":\"go\"}").await?;
        terminal.sees("flood\r\nxxxx").await?;
        drop(terminal);
        engine.has_shells(0).await;
    }
}

story! {
    /// There are so many and no more, and what is sent is bounded.
    async fn bounds(app) {
        let (server, engine, owner) = ready(app).await?;
        let mut open = Vec::new();
        for _ in 0..4 {
            open.push(Terminal::open(&owner, &server).await?);
        }
        let problem = refused(&owner, &path(&server), &[]).await?.problem(409)?;
        ensure!(problem.kind.ends_with("too-many-terminals"), "{problem:?}");
        let (_, another) = admin(app).await?;
        drop(Terminal::open(&another, &server).await?);
        engine.has_shells(4).await;
        let mut large = open.pop().context("one")?;
        large.types(&"x".repeat((64 << 10) + 1)).await?;
        large.is_cut().await?;
        engine.has_shells(3).await;
        for nonsense in ["{\"columns\":0}", "x", "{\"rows\":\"9\"}"] {
            let mut odd = Terminal::open(&owner, &server).await?;
            odd.says(nonsense).await?;
            assert_eq!(odd.ended().await?.cause, TerminalCause::Misused, "{nonsense}");
        }
        // A host that takes nothing holds up who types, and the end of it still comes.
        let mut deaf = open.pop().context("one")?;
        deaf.types("deaf\r").await?;
        deaf.sees("deaf").await?;
        for _ in 0..8 {
            deaf.types(&"y".repeat(1 << 10)).await?;
        }
        app.owner.patch(&format!("/v1/servers/{}", server.id), json!({ "terminal": "off" })).await?;
        assert_eq!(deaf.ended().await?.cause, TerminalCause::ServerChanged);
        engine.has_shells(0).await;
    }
}

story! {
    /// A host that is not there, goes away or gives none says so; and the process ends politely.
    async fn hosts_and_ends(app) {
        let (server, engine, owner) = ready(app).await?;
        let why = "sshd gives this user no terminal";
        engine.refuse_shells(Some(portolan_server::host::HostError::NoShell { why: why.into() }));
        let mut none = Terminal::begin(&owner, &path(&server)).await?;
        let end = none.ended().await?;
        assert_eq!(end.cause, TerminalCause::Refused);
        ensure!(end.message.contains(why), "{end:?}");
        ensure!(end.remedy.is_some_and(|remedy| remedy.contains("PermitTTY")), "no way out");
        only(&app.owner, "terminal.not-opened").await?;
        engine.refuse_shells(None);
        let mut cut = Terminal::open(&owner, &server).await?;
        cut.sees("$ ").await?;
        engine.stop();
        assert_eq!(cut.ended().await?.cause, TerminalCause::Lost);
        engine.start();
        let mut last = Terminal::open(&owner, &server).await?;
        let (stopped, end) = tokio::join!(app.stop(), last.ended());
        stopped?;
        assert_eq!(end?.cause, TerminalCause::Stopping);
        app.launch().await?;
        let closed = told(&app.owner, "terminal.closed").await?;
        assert_eq!(closed.len(), 2, "{closed:?}");
    }
}
