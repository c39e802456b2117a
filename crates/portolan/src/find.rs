//! Finds things by what a person types: an id or an exact name.
//!
//! Never guesses: two of one name are an error that lists both.

use std::{borrow::Cow, convert::Infallible, str::FromStr};

use portolan_types::{GrantedOn, Name, Project, Server, id::is_cuid2};
use serde::de::DeserializeOwned;

use crate::{
    client::Client,
    failure::Failure,
    list::{Listing, collect},
};

mod named;

/// An id or a name, as it was typed.
#[derive(Debug, Clone)]
pub(crate) struct Reference(String);

impl Reference {
    /// What a file calls it.
    pub(crate) fn named(text: &str) -> Self {
        Self(text.trim().to_owned())
    }
}

impl FromStr for Reference {
    type Err = Infallible;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Ok(Self::named(text))
    }
}

/// What a right is on, as it was typed.
#[derive(Debug, Clone)]
pub(crate) enum RightOn {
    Server(Reference),
    Project(Reference),
}

impl RightOn {
    /// What it is, with its name.
    pub(crate) async fn find(&self, client: &Client) -> anyhow::Result<(GrantedOn, Name)> {
        match self {
            Self::Server(wanted) => {
                let server: Server = find(client, wanted).await?;
                Ok((GrantedOn::Server(server.id), server.name))
            }
            Self::Project(wanted) => {
                let project: Project = find(client, wanted).await?;
                Ok((GrantedOn::Project(project.id), project.name))
            }
        }
    }
}

/// What can be found.
pub(crate) trait Named: DeserializeOwned {
    const WHAT: &'static str;
    const PATH: &'static str;

    fn id(&self) -> &str;

    /// The names it answers to, the one to show first.
    fn names(&self) -> Vec<Cow<'_, str>>;

    /// The part of what was typed by which lists are searched.
    fn searched(text: &str) -> &str {
        text
    }

    /// What tells it from another of the same name.
    fn context(&self) -> String;

    /// Reads the one with this id.
    async fn with_id(client: &Client, id: &str) -> Result<Option<Self>, crate::client::Error> {
        match client.get(&format!("{}/{id}", Self::PATH), &[]).await {
            Ok(one) => Ok(Some(one)),
            Err(error) if error.is_not_found() => Ok(None),
            Err(error) => Err(error),
        }
    }
}

/// The one with an id, of those that cannot be read one at a time.
async fn in_list<T: Named>(client: &Client, id: &str) -> Result<Option<T>, crate::client::Error> {
    let page = collect::<T>(client, T::PATH, &[], Listing::all(None)).await?;
    Ok(page.items.into_iter().find(|one| one.id() == id))
}

/// The one thing that is meant.
pub(crate) async fn find<T: Named>(client: &Client, wanted: &Reference) -> anyhow::Result<T> {
    match search(client, wanted).await? {
        Some(one) => Ok(one),
        None => Err(unknown::<T>(client, &wanted.0).await),
    }
}

/// The same for what need not be there.
pub(crate) async fn search<T: Named>(
    client: &Client,
    wanted: &Reference,
) -> anyhow::Result<Option<T>> {
    let text = wanted.0.as_str();
    // A name may look like an id (a generated network name does), so a miss is not the end.
    if is_cuid2(text)
        && let Some(one) = T::with_id(client, text).await?
    {
        return Ok(Some(one));
    }
    let search = Listing::all(Some(T::searched(text).to_owned()));
    let page = collect::<T>(client, T::PATH, &[], search).await?;
    let mut exact: Vec<T> =
        page.items.into_iter().filter(|one| one.names().contains(&Cow::Borrowed(text))).collect();
    match exact.pop() {
        Some(one) if !exact.is_empty() => {
            exact.push(one);
            Err(ambiguous(text, &exact))
        }
        found => Ok(found),
    }
}

/// The one thing that is meant, where one is.
pub(crate) async fn find_any<T: Named>(
    client: &Client,
    wanted: Option<&Reference>,
) -> anyhow::Result<Option<T>> {
    match wanted {
        Some(wanted) => find(client, wanted).await.map(Some),
        None => Ok(None),
    }
}

fn ambiguous<T: Named>(text: &str, found: &[T]) -> anyhow::Error {
    let ids: Vec<String> =
        found.iter().map(|one| format!("{}  {}", one.id(), one.context())).collect();
    Failure::advised(
        format!("{} {}s are called `{text}`:\n{}", found.len(), T::WHAT, ids.join("\n")),
        "use the id of the one you mean",
    )
    .into()
}

async fn unknown<T: Named>(client: &Client, text: &str) -> anyhow::Error {
    // The names are only for advice: without them the error is still true.
    let all = collect::<T>(client, T::PATH, &[], Listing::all(None)).await;
    let items = all.map(|page| page.items).unwrap_or_default();
    let near = near_names(text, items.iter().filter_map(|one| one.names().into_iter().next()));
    let hint = if near.is_empty() {
        format!("see `portolan {} list`", T::WHAT)
    } else {
        format!("did you mean {}?", near.join(" or "))
    };
    Failure::advised(format!("no {} with the id or name `{text}`", T::WHAT), hint).into()
}

/// At most three names that differ little.
fn near_names<'a>(text: &str, names: impl Iterator<Item = Cow<'a, str>>) -> Vec<String> {
    let lower = text.to_lowercase();
    let mut near: Vec<(usize, Cow<'a, str>)> = names
        .map(|name| (distance(&lower, &name.to_lowercase()), name))
        .filter(|(far, name)| {
            *far <= 1 + lower.chars().count() / 4 || name.to_lowercase().contains(&lower)
        })
        .collect();
    near.sort_unstable();
    near.dedup();
    near.into_iter().take(3).map(|(_, name)| format!("`{name}`")).collect()
}

/// Letters to add, drop or change to make one text of the other (Levenshtein).
fn distance(one: &str, other: &str) -> usize {
    let other: Vec<char> = other.chars().collect();
    let mut row: Vec<usize> = (0..=other.len()).collect();
    for (i, a) in one.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, b) in other.iter().enumerate() {
            let changed = diagonal + usize::from(a != *b);
            diagonal = row[j + 1];
            row[j + 1] = changed.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[other.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distances() {
        let pairs = [("", ""), ("", "ab"), ("web-1", "web-1"), ("web1", "web-1"), ("abc", "cba")];
        assert_eq!(pairs.map(|(a, b)| distance(a, b)), [0, 2, 0, 1, 2]);
    }

    #[test]
    fn near_names_are_few_and_near() {
        let names = ["web-1", "web-2", "db-1", "Web"];
        assert_eq!(
            near_names("web", names.into_iter().map(Cow::from)),
            ["`Web`", "`web-1`", "`web-2`"]
        );
        assert!(near_names("mail", names.into_iter().map(Cow::from)).is_empty());
    }
}
