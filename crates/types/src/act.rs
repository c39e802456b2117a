//! What texts for people say that can be done: operations of the API, in backticks.
//!
//! A remedy is read by programs, on a terminal and on pages. It names what to call by the
//! operation's name, and whoever shows it says what that is there: a command, a page. Owns how such
//! a name looks, and knows none.

/// A piece of a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part<'a> {
    Text(&'a str),
    Act(Act<'a>),
}

/// An operation that a text names: `` `set_proxy.extra ID` ``.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Act<'a> {
    /// The whole of it, as it stands between the backticks.
    pub text: &'a str,
    pub operation: &'a str,
    /// The field or parameter of it that matters.
    pub field: Option<&'a str>,
    /// What it is to be done to, in words or ids; may be empty.
    pub on: &'a str,
}

/// The pieces of a text, in order.
pub fn parts(text: &str) -> Vec<Part<'_>> {
    let mut parts = Vec::new();
    let (mut from, mut plain) = (0, 0);
    while let Some((begin, end)) = quoted(text, from) {
        let Some(act) = act(&text[begin..end]) else {
            // What closed this may open the next.
            from = end;
            continue;
        };
        parts.push(Part::Text(&text[plain..begin - 1]));
        parts.push(Part::Act(act));
        (from, plain) = (end + 1, end + 1);
    }
    parts.push(Part::Text(&text[plain..]));
    parts.retain(|part| *part != Part::Text(""));
    parts
}

/// From where to where something stands between backticks.
fn quoted(text: &str, from: usize) -> Option<(usize, usize)> {
    let begin = from + text.get(from..)?.find('`')? + 1;
    Some((begin, begin + text.get(begin..)?.find('`')?))
}

/// Names of operations are words with `_` between them; nothing else in our texts is.
fn act(text: &str) -> Option<Act<'_>> {
    let (name, on) = text.split_once(' ').unwrap_or((text, ""));
    let (operation, field) = match name.split_once('.') {
        Some((operation, field)) => (operation, Some(field)),
        None => (name, None),
    };
    let is_name = |text: &str| {
        !text.is_empty()
            && text.split('_').all(|word| {
                !word.is_empty() && word.bytes().all(|letter| letter.is_ascii_lowercase())
            })
    };
    let fits = operation.contains('_') && is_name(operation) && field.is_none_or(is_name);
    fits.then_some(Act { text, operation, field, on })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn acts(text: &str) -> Vec<&str> {
        let act = |part| match part {
            Part::Act(Act { text, .. }) => Some(text),
            Part::Text(_) => None,
        };
        parts(text).into_iter().filter_map(act).collect()
    }

    #[test]
    fn operations_are_found_among_other_words() {
        let text = "see `web`, then start it (`start_proxy`), or `set_proxy.extra ab cd`";
        assert_eq!(acts(text), ["start_proxy", "set_proxy.extra ab cd"]);
        let Some(Part::Act(act)) = parts(text).pop() else { panic!("it ends with an act") };
        assert_eq!((act.operation, act.field, act.on), ("set_proxy", Some("extra"), "ab cd"));
        assert_eq!(parts("`show_key`").len(), 1);
        assert_eq!(parts("plain"), [Part::Text("plain")]);
    }

    #[test]
    fn what_is_no_operation_stays_text() {
        for text in ["", "`", "``", "`a_`", "`_a`", "`web`", "`a__b`", "`a_b.`", "`A_B`", "`a_b"] {
            assert_eq!(acts(text), [""; 0], "{text}");
        }
        assert_eq!(acts("`web` `x` start_proxy` é `a_b`"), ["a_b"]);
    }
}
