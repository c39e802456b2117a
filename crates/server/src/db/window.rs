//! The part of a list that a statement reads: from where on, how much, and of what somebody sees.

use portolan_types::{Cursor, PageQuery, page::SearchText};
use sqlx::{
    Any, FromRow,
    any::{AnyArguments, AnyRow},
    query::QueryAs,
};

use crate::rights::Visible;

/// The part of a list that is wanted, as the statements take it: `$1` the team or person whose it is, `$2`
/// and `$3` the row before it, `$4` the search pattern, `$5` the rows. One row more than asked for tells whether a
/// page follows.
#[derive(Debug)]
pub(super) struct Window<'a> {
    owner: &'a str,
    at: i64,
    id: &'a str,
    pattern: String,
    rows: i64,
    by: Option<&'a str>,
}

impl<'a> Window<'a> {
    /// Of what somebody sees of a team. The statement has to say by `visible!` what that is: it has a
    /// parameter more.
    pub(super) fn oldest_first(visible: Visible<'a>, query: &'a PageQuery) -> Self {
        let window = Self::from(visible.team().as_str(), query, 0);
        Self { by: Some(visible.by()), ..window }
    }

    /// The same the other way round.
    pub(super) fn newest_first(visible: Visible<'a>, query: &'a PageQuery) -> Self {
        let window = Self::from(visible.team().as_str(), query, i64::MAX);
        Self { by: Some(visible.by()), ..window }
    }

    /// Of what is no server's and no project's: a person's own, or who is in a team.
    pub(super) fn of_owner(owner: &'a str, query: &'a PageQuery) -> Self {
        Self::from(owner, query, 0)
    }

    /// The same the other way round.
    pub(super) fn newest_of_owner(owner: &'a str, query: &'a PageQuery) -> Self {
        Self::from(owner, query, i64::MAX)
    }

    fn from(owner: &'a str, query: &'a PageQuery, start: i64) -> Self {
        let (at, id) = query.cursor.as_ref().map_or((start, ""), Cursor::parts);
        let pattern = contains_pattern(query.search.as_ref().map(SearchText::as_str));
        Self { owner, at, id, pattern, rows: query.limit() + 1, by: None }
    }

    /// The statement with its first five parameters, and the sixth where it is about what is visible.
    pub(super) fn query<'q, T>(&'q self, sql: &'static str) -> QueryAs<'q, Any, T, AnyArguments>
    where
        T: for<'r> FromRow<'r, AnyRow>,
    {
        let query = sqlx::query_as(sql)
            .bind(self.owner)
            .bind(self.at)
            .bind(self.id)
            .bind(self.pattern.as_str())
            .bind(self.rows);
        match self.by {
            Some(by) => query.bind(by),
            None => query,
        }
    }
}

/// The pattern of `like ... escape '!'` that finds a text anywhere, in lower case.
pub(super) fn contains_pattern(search: Option<&str>) -> String {
    let mut pattern = String::from("%");
    for c in search.unwrap_or_default().to_lowercase().chars() {
        if matches!(c, '%' | '_' | '!') {
            pattern.push('!');
        }
        pattern.push(c);
    }
    if pattern.len() > 1 {
        pattern.push('%');
    }
    pattern
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_search_text_is_never_a_pattern() {
        assert_eq!(contains_pattern(None), "%");
        assert_eq!(contains_pattern(Some("")), "%");
        assert_eq!(contains_pattern(Some("A%_!")), "%a!%!_!!%");
    }
}
