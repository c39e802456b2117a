//! What differs between a thing before and after, small enough to keep with an event.

use serde::Serialize;
use serde_json::{Map, Value, json};

/// More than any change that a person makes by hand.
const MAX_BYTES: usize = 8 * 1_024;

/// Fields that change with everything, and tell nothing.
const NOISE: [&str; 6] = [
    "updated_at",
    "operation_id",
    "last_contact_at",
    "last_contact_age_seconds",
    "last_used_at",
    "last_used_address",
];

/// The fields that differ, on either side. `None` where there is nothing.
pub(super) fn between(
    before: &impl Serialize,
    after: &impl Serialize,
) -> (Option<Value>, Option<Value>) {
    let (before, after) = (value(before), value(after));
    let (before, after) = match (before, after) {
        (Value::Object(before), Value::Object(after)) => {
            (only(&before, &after), only(&after, &before))
        }
        other => other,
    };
    (small(before), small(after))
}

/// What cannot be written as JSON is said to be so: an event must not fail for it.
fn value(thing: &impl Serialize) -> Value {
    serde_json::to_value(thing).unwrap_or_else(|error| json!({ "unreadable": error.to_string() }))
}

fn only(of: &Map<String, Value>, other: &Map<String, Value>) -> Value {
    let differs = |key: &String, value: &Value| {
        !NOISE.contains(&key.as_str()) && other.get(key) != Some(value)
    };
    let fields = of.iter().filter(|(key, value)| differs(key, value));
    Value::Object(fields.map(|(key, value)| (key.clone(), value.clone())).collect())
}

fn small(value: Value) -> Option<Value> {
    let empty = value.is_null() || value.as_object().is_some_and(Map::is_empty);
    if empty {
        return None;
    }
    let bytes = value.to_string().len();
    if bytes > MAX_BYTES { Some(json!({ "omitted_bytes": bytes })) } else { Some(value) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_differs_is_kept() {
        let before = json!({ "name": "a", "port": 22, "updated_at": 1 });
        let after = json!({ "name": "b", "port": 22, "updated_at": 2, "note": "new" });
        let (before, after) = between(&before, &after);
        assert_eq!(before, Some(json!({ "name": "a" })));
        assert_eq!(after, Some(json!({ "name": "b", "note": "new" })));
        assert_eq!(between(&json!({ "a": 1 }), &json!({ "a": 1 })), (None, None));
        assert_eq!(between(&(), &json!({ "a": 1 })), (None, Some(json!({ "a": 1 }))));
    }

    #[test]
    fn what_is_large_is_left_out_and_said_to_be() {
        let (_, after) = between(&(), &json!({ "text": "x".repeat(MAX_BYTES) }));
        assert_eq!(after, Some(json!({ "omitted_bytes": MAX_BYTES + 11 })));
    }
}
