//! The text of a field as the JSON that its kind says.

use portolan_types::Problem;
use serde_json::{Map, Value, json};

use super::field;

/// Whether what a field says comes to what the ones before it said, in the place of it.
pub(super) fn adds(kind: &str) -> bool {
    matches!(kind, "named" | "secret")
}

/// `None` is a field that says nothing.
pub(super) fn typed_value(
    path: &str,
    kind: &str,
    text: &str,
) -> Result<Option<Value>, Box<Problem>> {
    let trimmed = text.trim();
    Ok(match kind {
        "text" => Some(text.into()),
        "null" if trimmed.is_empty() => Some(Value::Null),
        "bool" => Some(matches!(trimmed, "true" | "on").into()),
        "list" => Some(split(trimmed).map(Value::from).collect()),
        "pairs" => Some(pairs(path, text)?),
        _ if trimmed.is_empty() => None,
        "list?" => Some(split(trimmed).map(Value::from).collect()),
        "lines" => Some(lines(text).map(Value::from).collect()),
        "named" => Some(variables(path, text, false)?),
        "secret" => Some(variables(path, text, true)?),
        "place" => Some(place(trimmed)),
        "json" => Some(serde_json::from_str(trimmed).map_err(|_| field(path, "not JSON"))?),
        "bytes" => Some(bytes(path, trimmed)?),
        "number" => {
            let number: i64 = trimmed.parse().map_err(|_| field(path, "not a whole number"))?;
            Some(number.into())
        }
        // Keys end in a line end; passwords may begin with a space.
        _ => Some(text.into()),
    })
}

fn split(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| c == ',' || c.is_whitespace()).filter(|part| !part.is_empty())
}

/// Lines that are not blank, as they are.
fn lines(text: &str) -> impl Iterator<Item = &str> {
    text.lines().filter(|line| !line.trim().is_empty())
}

fn pairs(path: &str, text: &str) -> Result<Value, Box<Problem>> {
    let pair = |line: &str| {
        let (key, value) =
            line.split_once('=').ok_or_else(|| field(path, "one `key=value` a line"))?;
        Ok((key.trim().to_owned(), Value::from(value.trim())))
    };
    lines(text).map(pair).collect::<Result<Map<_, _>, _>>().map(Value::Object)
}

/// As files of variables have it: a line that begins with `#` is none.
fn variables(path: &str, text: &str, secret: bool) -> Result<Value, Box<Problem>> {
    let variable = |line: &str| {
        let (name, value) =
            line.split_once('=').ok_or_else(|| field(path, "one `NAME=value` a line"))?;
        Ok(json!({ "name": name.trim(), "value": value, "secret": secret }))
    };
    let told = lines(text).filter(|line| !line.trim_start().starts_with('#'));
    told.map(variable).collect()
}

/// A volume by its name, or a path of the host.
fn place(text: &str) -> Value {
    let kind = if text.starts_with('/') { "bind" } else { "volume" };
    json!({ kind: text })
}

/// A size, with or without a unit of 1,024.
fn bytes(path: &str, text: &str) -> Result<Value, Box<Problem>> {
    let wrong = || field(path, "a size is a number of bytes, KiB, MiB or GiB");
    let end = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let (number, unit) = text.split_at(end);
    let power = match unit.trim().to_ascii_lowercase().as_str() {
        "" | "b" => 0,
        "k" | "kib" => 1,
        "m" | "mib" => 2,
        "g" | "gib" => 3,
        _ => return Err(wrong()),
    };
    let number: u64 = number.parse().map_err(|_| wrong())?;
    number.checked_mul(1 << (10 * power)).map(Value::from).ok_or_else(wrong)
}
