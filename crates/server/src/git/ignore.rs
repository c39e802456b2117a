//! What of a folder is not sent to an engine: `.dockerignore`, by Docker's rules
//! (<https://docs.docker.com/build/concepts/context/#dockerignore-files>).

use globset::{GlobBuilder, GlobMatcher};

/// Most lines that are heeded, and most bytes of one.
const LINES: usize = 2_000;
const LINE: usize = 1_000;

/// Patterns in their order: the last that matches decides.
#[derive(Debug, Default)]
pub(super) struct Ignored(Vec<(Rule, GlobMatcher)>);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Rule {
    Out,
    /// It begins with `!`.
    In,
}

impl Ignored {
    /// Reads the file. A pattern that is none is an error of its author's.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let lines = text.trim_start_matches('\u{feff}').lines().map(str::trim);
        let patterns = lines.filter(|line| !line.is_empty() && !line.starts_with('#'));
        patterns
            .take(LINES)
            .filter_map(|line| pattern(line).transpose())
            .collect::<Result<_, _>>()
            .map(Self)
    }

    /// Whether a file, by its path below the folder, stays behind. So does all that is in a folder
    /// that does.
    pub(super) fn covers(&self, path: &str) -> bool {
        let parents = path.match_indices('/').map(|(end, _)| &path[..end]);
        let all: Vec<&str> = parents.chain([path]).collect();
        let matching =
            |(_, glob): &&(Rule, GlobMatcher)| all.iter().any(|part| glob.is_match(part));
        self.0.iter().rev().find(matching).is_some_and(|(rule, _)| *rule == Rule::Out)
    }
}

fn pattern(line: &str) -> Result<Option<(Rule, GlobMatcher)>, String> {
    let (rule, rest) = match line.strip_prefix('!') {
        Some(rest) => (Rule::In, rest.trim()),
        None => (Rule::Out, line),
    };
    let parts: Vec<&str> =
        rest.split('/').filter(|part| !part.is_empty() && *part != ".").collect();
    if parts.is_empty() || line.len() > LINE {
        return Ok(None);
    }
    let glob = GlobBuilder::new(&parts.join("/"))
        .literal_separator(true)
        .backslash_escape(true)
        .build()
        .map_err(|error| format!("`.dockerignore` has a pattern that is none: {error}"))?;
    Ok(Some((rule, glob.compile_matcher())))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn covers(text: &str, path: &str) -> bool {
        Ignored::parse(text).expect("patterns").covers(path)
    }

    #[test]
    fn what_matches_stays_behind_with_all_that_is_in_it() {
        for (text, path, out) in [
            ("", "a", false),
            ("node_modules", "node_modules/a/b.js", true),
            ("node_modules", "web/node_modules/a.js", false),
            ("**/node_modules", "web/node_modules/a.js", true),
            ("*/temp*", "somedir/temporary.txt", true),
            ("*/temp*", "somedir/sub/temporary.txt", false),
            ("*.md", "README.md", true),
            ("*.md", "docs/README.md", false),
            ("/target/", "target/debug", true),
            ("# target", "target", false),
            ("temp?", "tempa", true),
            ("./a/./b", "a/b/c", true),
        ] {
            assert_eq!(covers(text, path), out, "{text} {path}");
        }
    }

    #[test]
    fn the_last_that_matches_decides() {
        let text = "*.md\n!README.md\nREADME-secret.md";
        assert!(covers(text, "a.md") && !covers(text, "README.md"));
        assert!(covers(text, "README-secret.md"));
        assert!(covers("!README.md\n*.md", "README.md"));
        assert!(!covers("docs\n!docs/keep.md", "docs/keep.md"));
        assert!(covers("*\n!src", "web/a.js") && !covers("*\n!src", "src/a.rs"));
    }

    #[test]
    fn what_is_no_pattern_is_told() {
        assert!(Ignored::parse("a[").is_err());
        assert!(Ignored::parse("/\n./\n!").expect("nothing").0.is_empty());
    }
}
