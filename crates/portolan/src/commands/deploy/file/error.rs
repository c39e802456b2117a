//! Where in a file something is wrong, for whoever has to mend it.

/// `line 12, health.interval: a time is 1 to 3600 seconds`.
pub(super) fn words(text: &str, error: &toml::de::Error) -> String {
    let at = error.span().map_or(0, |span| span.start.min(text.len()));
    let line = text.bytes().take(at).filter(|byte| *byte == b'\n').count();
    let message = error.message();
    // Those name the field themselves.
    let named = message.starts_with("missing field") || message.starts_with("unknown field");
    let field = if named { table(text, line) } else { field(text, line) };
    let of = field.map(|field| format!(", {field}")).unwrap_or_default();
    format!("line {}{of}: {message}", line + 1)
}

/// The key to which the value on a line belongs, with its table: a value may have several lines.
fn field(text: &str, line: usize) -> Option<String> {
    let lines: Vec<&str> = text.lines().take(line + 1).collect();
    let at = lines.iter().rposition(|line| key(line).is_some())?;
    let key = key(lines[at])?;
    Some(match table(text, at) {
        Some(table) => format!("{table}.{key}"),
        None => key.to_owned(),
    })
}

fn key(line: &str) -> Option<&str> {
    let key = line.split_once('=')?.0.trim();
    let plain = |c: char| c.is_alphanumeric() || "-_.\"' ".contains(c);
    (!key.is_empty() && key.chars().all(plain)).then_some(key)
}

/// The table that is open on a line.
fn table(text: &str, line: usize) -> Option<String> {
    let lines: Vec<&str> = text.lines().take(line + 1).collect();
    let head =
        lines.into_iter().rev().map(str::trim).find(|line| {
            line.starts_with('[') && line.ends_with(']') && !line.contains(['"', ','])
        })?;
    Some(head.trim_matches(['[', ']', ' ']).to_owned()).filter(|name| !name.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_found_by_its_key() {
        let text =
            "name = \"a\"\n\n[health]\ncommand = [\n  \"b\",\n]\n[[volumes]]\nname = \"c\"\n";
        let fields = [0, 3, 4, 7].map(|line| field(text, line));
        let wanted = ["name", "health.command", "health.command", "volumes.name"];
        assert_eq!(fields, wanted.map(|name| Some(name.to_owned())));
    }
}
