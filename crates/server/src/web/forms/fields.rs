//! The fields of a form, as JSON.
//!
//! | name | becomes |
//! | --- | --- |
//! | `options.subnet` | `{"options": {"subnet": "..."}}`; left out when empty |
//! | `description:text` | the text, empty or not |
//! | `options.mtu:number` | a number; left out when empty |
//! | `cookie:bool` | `true` for `true` or `on`; the last of several counts |
//! | `addresses:list` | an array, split at lines, commas and spaces |
//! | `addresses:list?` | the same; left out when empty |
//! | `grants[]:json` | what the JSON says; left out when empty |
//! | `labels:pairs` | an object from lines of `key=value` |
//! | `command:lines` | an array, one line an item; left out when empty |
//! | `memory:bytes` | a number from `512 MiB`, `1 GiB` or bytes; left out when empty |
//! | `source:place` | `{"bind": ...}` of what begins with `/`, else `{"volume": ...}`; left out when empty |
//! | `set:named`, `set:secret` | items `{"name", "value"}` from lines of `NAME=value`, added to what is there |
//! | `networks[]` | an array of all fields of that name; `networks.0.id` is an item's field |
//! | `pools.3.base` | items of which nothing was filled in are left out |
//! | `reason:null` | `null` when empty |
//! | `?version` | a part of the query, not of the body |
//! | `_next` | where to go afterwards; `{id}` is the answer's |
//! | `_typed`, `_expected` | what has to be the same before anything is done |
//! | `_choice`, `_source` | nothing: it says which parts of the form are sent |

mod values;

use portolan_types::{FieldError, Problem, ReturnTo};
use serde_json::{Map, Value};
use url::form_urlencoded;

use self::values::typed_value;
use super::home;
use crate::api;

/// Deeper than any input; a stranger's form does not decide how deep we go.
const DEEPEST: usize = 6;
/// Longer than any list in a form.
const LONGEST: usize = 256;

/// A form that was read.
#[derive(Debug)]
pub(super) struct Form {
    pub body: Value,
    /// Encoded parts of the query.
    pub query: Vec<String>,
    next: Option<String>,
}

impl Form {
    pub(super) fn read(bytes: &[u8]) -> Result<Self, Box<Problem>> {
        let mut form = Self { body: Value::Object(Map::new()), query: Vec::new(), next: None };
        let (mut typed, mut expected) = (None, None);
        for (name, value) in form_urlencoded::parse(bytes) {
            match name.as_ref() {
                "_next" => form.next = Some(value.into_owned()),
                "_typed" => typed = Some(value.into_owned()),
                "_expected" => expected = Some(value.into_owned()),
                "_choice" | "_source" => {}
                _ => form.take(&name, &value)?,
            }
        }
        drop_blank_items(&mut form.body);
        if expected.is_some_and(|expected| typed.as_deref().map(str::trim) != Some(&expected)) {
            return Err(field("_typed", "type the name exactly as it is shown"));
        }
        Ok(form)
    }

    fn take(&mut self, name: &str, value: &str) -> Result<(), Box<Problem>> {
        if let Some(name) = name.strip_prefix('?') {
            let pair =
                form_urlencoded::Serializer::new(String::new()).append_pair(name, value).finish();
            if !value.is_empty() {
                self.query.push(pair);
            }
            return Ok(());
        }
        let (path, kind) = name.split_once(':').unwrap_or((name, ""));
        let (path, many) = path.strip_suffix("[]").map_or((path, false), |path| (path, true));
        let Some(value) = typed_value(path, kind, value)? else { return Ok(()) };
        let parts: Vec<&str> = path.split('.').collect();
        if parts.len() > DEEPEST {
            return Err(field(path, "a name this deep belongs to no form of ours"));
        }
        match place(&mut self.body, &parts) {
            Some(place) if many => append(place, value),
            Some(place) if values::adds(kind) => extend(place, value),
            Some(place) => *place = value,
            None => return Err(field(path, "two fields of this form do not fit together")),
        }
        Ok(())
    }

    /// Where to go: only ever a page of ours.
    pub(super) fn next(&self, answer: &Value) -> ReturnTo {
        let Some(next) = &self.next else { return home() };
        let mut next = next.clone();
        for key in ["id", "operation_id"] {
            if let Some(id) = answer[key].as_str() {
                next = next.replace(&format!("{{{key}}}"), id);
            }
        }
        next.parse().unwrap_or_else(|_| home())
    }
}

fn field(field: &str, message: &str) -> Box<Problem> {
    Box::new(api::invalid(vec![FieldError {
        field: field.to_owned(),
        message: message.to_owned(),
    }]))
}

/// The place of a field, made where it is missing.
fn place<'a>(body: &'a mut Value, parts: &[&str]) -> Option<&'a mut Value> {
    let Some((first, rest)) = parts.split_first() else { return Some(body) };
    let next =
        if let Ok(index) = first.parse() { item(body, index)? } else { member(body, first)? };
    place(next, rest)
}

fn member<'a>(object: &'a mut Value, name: &str) -> Option<&'a mut Value> {
    if object.is_null() {
        *object = Value::Object(Map::new());
    }
    Some(object.as_object_mut()?.entry(name).or_insert(Value::Null))
}

fn item(list: &mut Value, index: usize) -> Option<&mut Value> {
    if list.is_null() {
        *list = Value::Array(Vec::new());
    }
    let items = list.as_array_mut()?;
    if index >= LONGEST {
        return None;
    }
    while items.len() <= index {
        items.push(Value::Null);
    }
    items.get_mut(index)
}

/// A form shows rows for more: those that stayed empty are none.
fn drop_blank_items(value: &mut Value) {
    match value {
        Value::Object(members) => members.values_mut().for_each(drop_blank_items),
        Value::Array(items) => {
            items.iter_mut().for_each(drop_blank_items);
            items.retain(|item| match item {
                Value::Null => false,
                Value::Object(members) => members.values().any(|member| member != ""),
                _ => true,
            });
        }
        _ => {}
    }
}

fn append(place: &mut Value, value: Value) {
    match place {
        Value::Array(items) => items.push(value),
        _ => *place = Value::Array(vec![value]),
    }
}

fn extend(place: &mut Value, more: Value) {
    match (place, more) {
        (Value::Array(items), Value::Array(more)) => items.extend(more),
        (place, more) => *place = more,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn body(form: &str) -> Value {
        Form::read(form.as_bytes()).expect("a form").body
    }

    #[test]
    fn fields_become_what_their_names_say() {
        assert_eq!(
            body("name=a+b&options.subnet=&options.mtu:number=1400"),
            json!({ "name": "a b", "options": { "mtu": 1400 } })
        );
        assert_eq!(
            body("on:bool=false&on:bool=on&d:text=&x:null="),
            json!({ "on": true, "d": "", "x": null })
        );
        assert_eq!(
            body("a:list=b%2C+c%0Ad&n[]=1&n[]=2&l:pairs=k%3Dv%3Dw"),
            json!({ "a": ["b", "c", "d"], "n": ["1", "2"], "l": { "k": "v=w" } })
        );
        assert_eq!(body("a:list?=&b:list?=c+d"), json!({ "b": ["c", "d"] }));
        assert_eq!(body("g[]:json=&g[]:json={\"on\":[1]}"), json!({ "g": [{ "on": [1] }] }));
        assert_eq!(body("t.0.id=x&t.1.id=y"), json!({ "t": [{ "id": "x" }, { "id": "y" }] }));
    }

    #[test]
    fn what_an_application_is_made_of() {
        assert_eq!(
            body("c:lines=sh%0D%0A-c%0D%0Aecho+a+b%0D%0A&e:lines=%0A&_choice=yes"),
            json!({ "c": ["sh", "-c", "echo a b"] })
        );
        assert_eq!(
            body("a:bytes=512+MiB&b:bytes=1GiB&c:bytes=7000000&d:bytes=&e:bytes=3+k"),
            json!({ "a": 512 << 20, "b": 1 << 30, "c": 7_000_000, "e": 3 << 10 })
        );
        assert_eq!(
            body("m.0.source:place=data&m.0.target=/data&m.1.source:place=/srv&m.2.source:place="),
            json!({ "m": [
                { "source": { "volume": "data" }, "target": "/data" },
                { "source": { "bind": "/srv" } },
            ] })
        );
        assert_eq!(
            body("set:named=A%3D1%0A%23+no%0A%0A&set:secret=B%3D+x%3Dy+"),
            json!({ "set": [
                { "name": "A", "value": "1", "secret": false },
                { "name": "B", "value": " x=y ", "secret": true },
            ] })
        );
    }

    #[test]
    fn rows_that_stayed_empty_are_none() {
        assert_eq!(
            body("p.0.base=&p.0.size:number=&p.1.base=x&h.0.value:text=&h.1.on=a&h.1.value:text="),
            json!({ "p": [{ "base": "x" }], "h": [{ "on": "a", "value": "" }] })
        );
        assert_eq!(body("p:list="), json!({ "p": [] }));
    }

    #[test]
    fn forms_of_a_stranger_are_refused() {
        for form in [
            "a.b.c.d.e.f.g=1",
            "a.99999=1",
            "a=1&a.b=2",
            "n:number=x",
            "l:pairs=x",
            "g[]:json={",
            "m:bytes=much",
            "m:bytes=99999999999+GiB",
            "m:bytes=-1",
            "set:named=no+sign",
            "_expected=web&_typed=wob",
        ] {
            assert!(Form::read(form.as_bytes()).is_err(), "{form}");
        }
    }

    #[test]
    fn the_next_page_is_one_of_ours() {
        let next = |form: &str| {
            let form = Form::read(form.as_bytes()).expect("a form");
            form.next(&json!({ "id": "abc" })).to_string()
        };
        assert_eq!(next("_next=/destinations/{id}"), "/destinations/abc");
        assert_eq!(next("_next=//evil.example"), "/");
        assert_eq!(next("_next=https://evil.example/"), "/");
        assert_eq!(next("a=1"), "/");
    }

    #[test]
    fn what_belongs_to_the_query_is_encoded() {
        let form = Form::read(b"?version=a%26b&?detach=").expect("a form");
        assert_eq!(form.query, ["version=a%26b"]);
    }
}
