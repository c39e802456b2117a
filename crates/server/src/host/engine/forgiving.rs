//! Reads an answer into bollard's models although a word in it is new to them.
//!
//! Their enums are closed: a container in a state that Docker invented since would hide all others.
//! What does not fit is set to null, which the models take for absent, and handed over beside.

use std::collections::BTreeMap;

use serde::de::DeserializeOwned;
use serde_json::Value;
use serde_path_to_error::{Path, Segment};

use super::{
    super::{HostError, limits},
    failure::not_understood,
};

/// What was left out of an answer, by its place: `Swarm.LocalNodeState`, `[0].State`.
pub(in super::super) type Odd = BTreeMap<String, String>;

/// Each round reads everything again, so size and rounds are small: `GET /info` has 5 KiB.
pub(super) fn parse<T: DeserializeOwned>(answer: &[u8]) -> Result<(T, Odd), HostError> {
    if answer.len() > limits::FORGIVEN {
        return Err(HostError::Protocol {
            why: "it is odd, and too large to be read twice".into(),
        });
    }
    let mut value: Value =
        serde_json::from_slice(answer).map_err(|error| not_understood(&error))?;
    let mut odd = Odd::new();
    loop {
        let error = match serde_path_to_error::deserialize(&value) {
            Ok(answer) => return Ok((answer, odd)),
            Err(error) => error,
        };
        let place = find(&mut value, error.path()).filter(|place| !place.is_null());
        let Some(place) = place.filter(|_| odd.len() < limits::ODD) else {
            return Err(not_understood(&error));
        };
        odd.insert(error.path().to_string(), in_words(&place.take()));
    }
}

fn find<'a>(value: &'a mut Value, path: &Path) -> Option<&'a mut Value> {
    path.iter().try_fold(value, |value, segment| match segment {
        Segment::Map { key } => value.get_mut(key),
        Segment::Seq { index } => value.get_mut(index),
        // The variant is in the word itself.
        Segment::Enum { .. } => Some(value),
        Segment::Unknown => None,
    })
}

fn in_words(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

#[cfg(test)]
mod tests {
    use bollard::models::{ContainerSummary, SystemInfo};

    use super::*;

    #[test]
    fn one_new_word_hides_nothing_else() {
        let answer = br#"[{"Id":"a","State":"hibernating"},{"Id":"b","State":"running"}]"#;
        let (found, odd) = parse::<Vec<ContainerSummary>>(answer).expect("two containers");
        assert_eq!(found[0].id.as_deref(), Some("a"));
        assert_eq!(found[0].state, None);
        assert!(found[1].state.is_some());
        assert_eq!(odd, Odd::from([("[0].State".into(), "hibernating".into())]));
    }

    #[test]
    fn new_words_are_left_out_at_any_depth() {
        let answer = br#"{"Name":"a","CgroupVersion":"3","Swarm":{"LocalNodeState":"new"}}"#;
        let (info, odd) = parse::<SystemInfo>(answer).expect("an engine");
        assert_eq!(info.name.as_deref(), Some("a"));
        assert_eq!(odd["Swarm.LocalNodeState"], "new");
        assert_eq!(odd["CgroupVersion"], "3");
    }

    #[test]
    fn what_is_no_such_answer_stays_an_error() {
        let many = format!("[{}]", vec![r#"{"State":"new"}"#; limits::ODD + 1].join(","));
        let large = format!("[{}]", " ".repeat(limits::FORGIVEN));
        for answer in ["", "nonsense", r#"{"a":1}"#, "[7]", &many, &large] {
            assert!(parse::<Vec<ContainerSummary>>(answer.as_bytes()).is_err(), "{answer:.40}");
        }
    }
}
