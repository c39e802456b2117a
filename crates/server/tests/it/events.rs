//! Events: their order, who did what, reading with filters, and following.

use anyhow::{Context, Result, ensure};
use portolan_types::{Author, CreatedToken, Event, Page};
use reqwest::{Method, Response};
use serde_json::{Value, json};

use crate::{
    security::{Team, person},
    support::{Client, PATIENCE, eventually, story},
};

/// Every event of the team, oldest first.
async fn all(client: &Client) -> Result<Vec<Event>> {
    let mut events = Vec::new();
    let mut after = 0;
    loop {
        let path = format!("/v1/events?after={after}&limit=7");
        let page: Page<Event> = client.get(&path).await?.ok()?;
        events.extend(page.items);
        match (page.next, events.last()) {
            (Some(_), Some(last)) => after = last.sequence,
            _ => return Ok(events),
        }
    }
}

async fn listed(client: &Client, query: &str) -> Result<Vec<Event>> {
    let page: Page<Event> = client.get(&format!("/v1/events?{query}")).await?.ok()?;
    Ok(page.items)
}

fn kinds(events: &[Event]) -> Vec<&str> {
    events.iter().map(|event| event.kind.as_str()).collect()
}

/// Somebody who follows events.
pub(crate) struct Reader {
    response: Response,
    text: String,
}

/// One message of a stream.
#[derive(Debug, Default)]
struct Message {
    id: Option<u64>,
    name: Option<String>,
    data: String,
}

impl Reader {
    pub(crate) async fn open(client: &Client, query: &str, last: Option<u64>) -> Result<Self> {
        let mut request = client.request(Method::GET, &format!("/v1/events/stream?{query}"));
        if let Some(last) = last {
            request = request.header("Last-Event-ID", last);
        }
        let response = request.send().await?;
        ensure!(response.status() == 200, "{}", response.text().await?);
        let media = response.headers().get("content-type").context("a media type")?;
        ensure!(media == "text/event-stream", "{media:?}");
        let mut reader = Self { response, text: String::new() };
        // The first message is a pulse that says where the stream begins.
        let pulse = reader.message().await?.context("a pulse")?;
        ensure!(pulse.id.is_some() || pulse.name.is_some(), "{pulse:?}");
        Ok(reader)
    }

    /// The next message, pulses included; `None` at the end of the stream.
    async fn message(&mut self) -> Result<Option<Message>> {
        loop {
            if let Some((message, rest)) = self.text.split_once("\n\n") {
                let message = parse(message)?;
                let rest = rest.to_owned();
                self.text = rest;
                return Ok(Some(message));
            }
            let chunk = tokio::time::timeout(PATIENCE, self.response.chunk()).await??;
            let Some(chunk) = chunk else { return Ok(None) };
            self.text.push_str(std::str::from_utf8(&chunk)?);
        }
    }

    pub(crate) async fn event(&mut self) -> Result<Event> {
        loop {
            let message = self.message().await?.context("the stream ended")?;
            if !message.data.is_empty() {
                let event: Event = serde_json::from_str(&message.data)?;
                ensure!(message.id == Some(event.sequence), "{message:?}");
                return Ok(event);
            }
        }
    }

    /// Reads on until the stream ends.
    pub(crate) async fn ended(&mut self) -> Result<()> {
        while self.message().await?.is_some() {}
        Ok(())
    }
}

fn parse(text: &str) -> Result<Message> {
    let mut message = Message::default();
    for line in text.lines() {
        match line.split_once(": ") {
            Some(("id", id)) => message.id = Some(id.parse()?),
            Some(("event", name)) => message.name = Some(name.to_owned()),
            Some(("data", data)) => message.data.push_str(data),
            _ => {}
        }
    }
    Ok(message)
}

story! {
    /// Many write at once; a reader who goes on after the last number that it saw gets everything,
    /// once, in order, and the numbers of the installation have no gap.
    async fn a_reader_misses_nothing(app) {
        let writers = (0..12).map(|writer| {
            let owner = app.owner.clone();
            tokio::spawn(async move {
                for round in 0..5 {
                    let body = json!({
                        "name": format!("s-{writer}-{round}"),
                        "connection": { "type": "local", "socket": format!("/s/{writer}/{round}") },
                    });
                    owner.post("/v1/servers", body).await?.created::<Value>()?;
                }
                anyhow::Ok(())
            })
        });
        let writers: Vec<_> = writers.collect();
        let (mut seen, mut after) = (Vec::new(), 0);
        let mut reader = Reader::open(&app.owner, "after=0&kind=server.added", None).await?;
        while seen.iter().filter(|event: &&Event| event.kind == "server.added").count() < 60 {
            let events = listed(&app.owner, &format!("after={after}&limit=9")).await?;
            after = events.last().map_or(after, |event| event.sequence);
            seen.extend(events);
        }
        for writer in writers {
            writer.await??;
        }
        let numbers: Vec<u64> = seen.iter().map(|event| event.sequence).collect();
        let wanted: Vec<u64> = (1..).take(numbers.len()).collect();
        assert_eq!(numbers, wanted);
        let followed = async {
            let mut followed = Vec::new();
            while followed.len() < 60 {
                followed.push(reader.event().await?.sequence);
            }
            anyhow::Ok(followed)
        };
        let added = seen.iter().filter(|event| event.kind == "server.added");
        assert_eq!(followed.await?, added.map(|event| event.sequence).collect::<Vec<_>>());
    }
}

story! {
    /// Who did it, what it was before and after, and as a part of which work.
    async fn an_event_says_who_and_what(app) {
        let (server, _engine) = app.add_server("alpha").await?;
        let path = format!("/v1/servers/{}", server.id);
        app.owner.patch(&path, json!({ "name": "beta" })).await?.ok::<Value>()?;
        let edited = listed(&app.owner, "kind=server.edited").await?.remove(0);
        assert_eq!(edited.before, Some(json!({ "name": "alpha" })));
        assert_eq!(edited.after, Some(json!({ "name": "beta" })));
        assert_eq!(edited.server_id.as_ref(), Some(&server.id));
        let Some(Author::Person { email, token_name, .. }) = &edited.by else {
            anyhow::bail!("{edited:?}");
        };
        assert_eq!((email.as_str(), token_name.as_ref().map(portolan_types::Name::as_str)), ("owner@example.com", Some("first sign-in")));

        let destination = app.owner.destination(&server, "web").await?;
        let ready = listed(&app.owner, "kind=destination.ready").await?.remove(0);
        assert_eq!(ready.operation_id, destination.operation_id);
        assert_eq!(ready.by, Some(Author::Portolan { task: "create-destination".into() }));
        assert_eq!(ready.server_id.as_ref(), Some(&server.id));
        let answer = app.owner.delete(&format!("/v1/destinations/{}?wait=20", destination.id)).await?;
        answer.accepted::<Value>()?;
        let asked = listed(&app.owner, "kind=operation.asked").await?.remove(0);
        ensure!(asked.message.contains("delete-destination of `"), "{asked:?}");
        // The history outlives the destination.
        let history = listed(&app.owner, &format!("destination_id={}", destination.id)).await?;
        assert_eq!(
            kinds(&history),
            ["destination.removed", "operation.asked", "destination.ready", "destination.added"]
        );
    }
}

story! {
    /// What an event tells of and how much it matters stand in the end of its kind, for every kind.
    async fn topics_and_severities_cut(app) {
        let (alpha, _engine) = app.add_server("alpha").await?;
        app.owner.destination(&alpha, "web").await?;
        let pool = app.pool().await?;
        for (before, after) in [
            ("destination.ready", "destination.drifted"),
            ("destination.added", "destination.not-removed"),
            ("server.added", "server.unreachable"),
        ] {
            let rename = "update events set kind = $1 where kind = $2";
            let done = sqlx::query(rename).bind(after).bind(before).execute(&pool).await?;
            assert_eq!(done.rows_affected(), 1, "{before}");
        }
        pool.close().await;
        let owner = &app.owner;
        let kinds_of = async |query: &str| -> Result<Vec<String>> {
            let events = listed(owner, &format!("{query}&limit=200")).await?;
            Ok(events.into_iter().map(|event| event.kind).collect())
        };
        assert_eq!(kinds_of("topic=drift").await?, ["destination.drifted"]);
        assert_eq!(kinds_of("topic=failure").await?, ["destination.not-removed"]);
        assert_eq!(kinds_of("topic=failure&severity=error").await?, [""; 0]);
        assert_eq!(kinds_of("severity=error").await?, ["server.unreachable"]);
        assert_eq!(kinds_of("severity=warning").await?.len(), 3);
        assert_eq!(kinds_of("severity=info").await?, kinds_of("").await?);
        let changes = kinds_of("topic=change&after=0").await?;
        ensure!(changes.contains(&"key.added".to_owned()), "{changes:?}");
        ensure!(!changes.contains(&"destination.drifted".to_owned()), "{changes:?}");
        owner.get("/v1/events?topic=weather").await?.problem(422)?;
    }
}

story! {
    /// Filters cut by thing, place, kind, time and text, in either direction and page by page.
    async fn filters_cut(app) {
        let (alpha, _alpha) = app.add_server("alpha").await?;
        let (beta, _beta) = app.add_server("beta").await?;
        let web = app.owner.destination(&alpha, "web").await?;
        let of = |id: &str, of: &str| format!("{of}={id}&limit=200");
        let on_alpha = listed(&app.owner, &of(alpha.id.as_str(), "server_id")).await?;
        ensure!(on_alpha.iter().all(|event| event.server_id.as_ref() == Some(&alpha.id)));
        ensure!(kinds(&on_alpha).contains(&"destination.ready"), "{on_alpha:?}");
        let about = listed(&app.owner, &of(alpha.id.as_str(), "subject_id")).await?;
        ensure!(!kinds(&about).contains(&"destination.ready"), "{about:?}");
        let about = listed(&app.owner, &of(web.id.as_str(), "subject_id")).await?;
        assert_eq!(kinds(&about), ["destination.ready", "destination.added"]);
        let both = format!("subject_id={}&server_id={}", web.id, beta.id);
        assert_eq!(listed(&app.owner, &both).await?, []);
        let typed = listed(&app.owner, "subject_type=destination").await?;
        assert_eq!(typed, about);
        let found = listed(&app.owner, "search=IS%20READY").await?;
        assert_eq!(kinds(&found), ["destination.ready"]);
        assert_eq!(listed(&app.owner, "search=%25").await?, []);

        let all = all(&app.owner).await?;
        let middle = &all[all.len() / 2];
        let until = listed(&app.owner, &format!("until={}&limit=200", middle.at)).await?;
        let since = listed(&app.owner, &format!("since={}&limit=200", middle.at)).await?;
        assert_eq!(until.len() + since.len(), all.len());
        ensure!(until.iter().all(|event| event.at < middle.at));
        let newest = listed(&app.owner, "limit=200").await?;
        assert_eq!(newest.iter().rev().collect::<Vec<_>>(), all.iter().collect::<Vec<_>>());
        let page: Page<Event> = app.owner.get("/v1/events?limit=2").await?.ok()?;
        let next = page.next.context("more")?;
        let second = listed(&app.owner, &format!("limit=2&cursor={next}")).await?;
        assert_eq!(second, newest[2..4]);
        app.owner.get("/v1/events?kind=%25").await?.problem(422)?;
        app.owner.get("/v1/events?after=-1").await?.problem(422)?;
    }
}

story! {
    /// A reader that comes back after the control plane was killed goes on where it was.
    async fn a_stream_resumes(app) {
        let (server, _engine) = app.add_server("alpha").await?;
        let mut reader = Reader::open(&app.owner, "", None).await?;
        app.owner.destination(&server, "one").await?;
        let first = reader.event().await?;
        assert_eq!(first.kind, "destination.added");
        app.restart().await?;
        reader.ended().await.ok();
        app.owner.reachable(server.id.as_str(), portolan_types::Reachability::Reachable).await?;
        app.owner.destination(&server, "two").await?;
        let mut reader = Reader::open(&app.owner, "after=0", Some(first.sequence)).await?;
        let mut expected = all(&app.owner).await?;
        expected.retain(|event| event.sequence > first.sequence);
        for event in expected {
            assert_eq!(reader.event().await?, event);
        }
        // What never was cannot be gone on from.
        let mut reader = Reader::open(&app.owner, "after=1000000", None).await?;
        app.owner.destination(&server, "three").await?;
        assert_eq!(reader.event().await?.kind, "destination.added");
        let request = app.owner.request(Method::GET, "/v1/events/stream");
        let answer = app.owner.send(request.header("Last-Event-ID", "x")).await?;
        answer.problem(422)?;
    }
}

story! {
    /// It ends with the right to read, and with the process.
    async fn a_stream_ends(app) {
        let body = json!({ "name": "reader", "abilities": ["read"] });
        let token: CreatedToken = app.owner.post("/v1/tokens", body).await?.created()?;
        let reader = app.owner.with_token(&token.secret);
        let mut revoked = Reader::open(&reader, "", None).await?;
        let mut other = Reader::open(&app.owner, "", None).await?;
        app.owner.delete(&format!("/v1/tokens/{}", token.token.id)).await?;
        // Whatever happens next is not for a revoked token.
        let (_server, _engine) = app.add_server("alpha").await?;
        revoked.ended().await?;
        let added = other.event().await?;
        app.stop().await?;
        other.ended().await?;
        ensure!(added.sequence > 0);
        app.launch().await?;
    }
}

story! {
    /// Not one event of a team reaches another, in a list or a stream.
    async fn teams_hear_only_of_themselves(app) {
        let stranger = person(app, "owner", Team::Other).await?;
        let mut theirs = Reader::open(&stranger, "after=0", None).await?;
        let (server, _engine) = app.add_server("alpha").await?;
        app.owner.destination(&server, "web").await?;
        assert_eq!(all(&stranger).await?, []);
        for filter in ["server_id", "subject_id"] {
            assert_eq!(listed(&stranger, &format!("{filter}={}", server.id)).await?, []);
        }
        let body = json!({
            "name": "theirs", "connection": { "type": "local", "socket": "/theirs" },
        });
        let made: Value = stranger.post("/v1/servers", body).await?.created()?;
        let event = theirs.event().await?;
        assert_eq!((event.kind.as_str(), event.subject.id()), ("server.added", made["id"].as_str().context("an id")?));
        eventually("their server was looked at", || async {
            let events = all(&stranger).await?;
            ensure!(events.iter().all(|event| event.subject.id() == made["id"]), "{events:?}");
            Ok((events.len() > 1).then_some(()))
        })
        .await?;
    }
}

story! {
    /// What people do with keys, tokens and the plan is an event as well, and no secret is in it.
    async fn everything_that_people_do_is_told(app) {
        let key = app.owner.key("deploy").await?;
        let path = format!("/v1/keys/{key}");
        app.owner.patch(&path, json!({ "name": "old" })).await?.ok::<Value>()?;
        app.owner.delete(&path).await?;
        app.owner.delete(&path).await?.problem(404)?;
        let body = json!({ "name": "ci", "abilities": ["read"] });
        let token: CreatedToken = app.owner.post("/v1/tokens", body).await?.created()?;
        app.owner.delete(&format!("/v1/tokens/{}", token.token.id)).await?;
        let plan = json!({ "across_fleet": true });
        app.owner.patch("/v1/addresses", plan).await?.ok::<Value>()?;
        let events = all(&app.owner).await?;
        assert_eq!(
            kinds(&events),
            [
                "team.created", "token.created", "key.added", "key.renamed", "key.removed",
                "token.created", "token.revoked", "addresses.changed",
            ]
        );
        assert_eq!(events[3].before, Some(json!({ "name": "deploy" })));
        assert_eq!(events[7].after.as_ref().map(|after| &after["across_fleet"]), Some(&json!(true)));
        let text = serde_json::to_string(&events)?;
        ensure!(!text.contains(&token.secret) && !text.contains("PRIVATE KEY"), "{text}");
    }
}

story! {
    /// Events go when their time is over, and a reader from before is told of the gap.
    async fn events_are_kept_for_a_while(app) {
        app.owner.key("one").await?;
        app.owner.key("two").await?;
        let before = all(&app.owner).await?;
        app.stop().await?;
        let pool = app.pool().await?;
        let old = portolan_types::Timestamp::now().plus_seconds(-31 * 86_400).as_millis();
        sqlx::query("update events set at = $1 where sequence <= 3").bind(old).execute(&pool).await?;
        pool.close().await;
        app.config.keep_events_days = 30.try_into()?;
        app.launch().await?;
        let kept = eventually("old events are gone", || async {
            let events = all(&app.owner).await?;
            Ok((events.len() == before.len() - 3).then_some(events))
        })
        .await?;
        assert_eq!(kept, before[3..]);
        let mut request = app.owner.request(Method::GET, "/v1/events/stream");
        request = request.header("Last-Event-ID", 1);
        let answer = app.owner.open(request).await?;
        ensure!(answer.text.starts_with("event: gap\ndata: {\"after\":1}\n\n"), "{}", answer.text);
    }
}
