//! `openapi.json` in the repository is what the code serves.

use std::collections::BTreeSet;

use anyhow::{Context, Result};
use portolan_types::{Ability, DestinationState, OperationKind, ServerKind, server::Access};
use serde_json::{Value, json};

use crate::support::sources::{folder, texts};

#[test]
fn the_document_is_up_to_date() -> Result<()> {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../openapi.json");
    let checked_in = std::fs::read_to_string(path).context("openapi.json: run `make openapi`")?;
    let served = portolan_server::openapi().to_pretty_json()? + "\n";
    assert!(checked_in == served, "openapi.json is stale: run `make openapi`");
    Ok(())
}

/// Generated clients send and expect what the document lists: the words of the wire.
#[test]
fn the_document_lists_the_words_of_the_wire() -> Result<()> {
    let document: Value = serde_json::from_str(&portolan_server::openapi().to_json()?)?;
    let listed = |name: &str| document["components"]["schemas"][name]["enum"].clone();
    assert_eq!(listed("Ability"), json!(Ability::ALL));
    assert_eq!(listed("Access"), json!(Access::ALL));
    assert_eq!(listed("DestinationState"), json!(DestinationState::ALL));
    assert_eq!(listed("OperationKind"), json!(OperationKind::ALL));
    assert_eq!(listed("ServerKind"), json!(ServerKind::ALL));
    Ok(())
}

/// Generated clients break at a name that leads nowhere.
#[test]
fn what_the_document_refers_to_is_in_it() -> Result<()> {
    let text = portolan_server::openapi().to_json()?;
    let document: Value = serde_json::from_str(&text)?;
    let named: BTreeSet<&str> =
        text.split("\"$ref\":\"#").skip(1).filter_map(|rest| rest.split('"').next()).collect();
    assert!(named.len() > 50, "{}", named.len());
    for name in named {
        assert!(document.pointer(name).is_some(), "there is no {name}");
    }
    Ok(())
}

/// Of two types with one name the document would have the second, without a word.
#[test]
fn no_two_types_share_a_name() -> Result<()> {
    let mut names = BTreeSet::new();
    for text in texts(&folder("../types/src"), "rs")? {
        for name in shown_in(&text) {
            assert!(names.insert(name.clone()), "{name} is one of two");
        }
    }
    assert!(names.len() > 100, "{}", names.len());
    Ok(())
}

/// The names by which the types of a file are in the document.
fn shown_in(source: &str) -> Vec<String> {
    let word = |text: &str| text.chars().take_while(char::is_ascii_alphanumeric).collect();
    let derived = source.split("ToSchema)]").skip(1);
    let named = derived.filter_map(|rest| {
        let (attributes, rest) = rest.split_once("\npub ").or_else(|| rest.split_once("pub "))?;
        let name = rest.split_once(' ').map(|(_, name)| word(name));
        attributes.split_once("schema(as = ").map(|(_, name)| word(name)).or(name)
    });
    named.collect()
}
