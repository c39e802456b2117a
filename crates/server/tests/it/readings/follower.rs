//! Somebody who follows what a container says.

use anyhow::{Context, Result, bail, ensure};
use portolan_types::{ContainerStats, LeftOut, LogLine, ReadingEnd};
use reqwest::{Method, Response};

use crate::support::{Client, PATIENCE};

pub(crate) struct Follower {
    response: Response,
    text: String,
}

#[derive(Debug)]
pub(crate) enum Said {
    Line(LogLine),
    Stats(ContainerStats),
    LeftOut(u64),
    Ended(ReadingEnd),
}

impl Follower {
    /// At a path with a query.
    pub(crate) async fn open(client: &Client, path: &str) -> Result<Self> {
        Self::ask(client, &format!("{path}&follow=true")).await
    }

    /// At a path without a query.
    pub(crate) async fn watch(client: &Client, path: &str) -> Result<Self> {
        Self::ask(client, &format!("{path}?stream=true")).await
    }

    async fn ask(client: &Client, path: &str) -> Result<Self> {
        let request = client.request(Method::GET, path);
        let response = request.send().await?;
        ensure!(response.status() == 200, "{}", response.text().await?);
        let media = response.headers().get("content-type").context("a media type")?;
        ensure!(media == "text/event-stream", "{media:?}");
        Ok(Self { response, text: String::new() })
    }

    pub(crate) async fn next(&mut self) -> Result<Said> {
        loop {
            if let Some((message, rest)) = self.text.split_once("\n\n") {
                let said = parse(message)?;
                let rest = rest.to_owned();
                self.text = rest;
                match said {
                    Some(said) => return Ok(said),
                    None => continue,
                }
            }
            let chunk = tokio::time::timeout(PATIENCE, self.response.chunk()).await??;
            let chunk = chunk.context("it ended without a word")?;
            self.text.push_str(std::str::from_utf8(&chunk)?);
        }
    }

    pub(crate) async fn line(&mut self) -> Result<LogLine> {
        match self.next().await? {
            Said::Line(line) => Ok(line),
            other => bail!("{other:?}"),
        }
    }

    pub(crate) async fn stats(&mut self) -> Result<ContainerStats> {
        match self.next().await? {
            Said::Stats(stats) => Ok(stats),
            other => bail!("{other:?}"),
        }
    }

    /// How it ends; nothing follows.
    pub(crate) async fn ended(&mut self) -> Result<ReadingEnd> {
        let Said::Ended(end) = self.next().await? else { bail!("it goes on") };
        let more = tokio::time::timeout(PATIENCE, self.response.chunk()).await??;
        ensure!(more.is_none() && self.text.is_empty(), "{more:?} {}", self.text);
        Ok(end)
    }
}

/// Nothing where it is a comment.
fn parse(message: &str) -> Result<Option<Said>> {
    let field = |name: &str| message.lines().find_map(|line| line.strip_prefix(name));
    let Some(data) = field("data: ") else { return Ok(None) };
    Ok(Some(match field("event: ") {
        None if data.contains("\"cpus\":") => Said::Stats(serde_json::from_str(data)?),
        None => Said::Line(serde_json::from_str(data)?),
        Some("left-out") => Said::LeftOut(serde_json::from_str::<LeftOut>(data)?.lines),
        Some("ended") => Said::Ended(serde_json::from_str(data)?),
        Some(other) => bail!("{other}: {data}"),
    }))
}
