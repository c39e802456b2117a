//! Further places of an application on the command line.

use serde_json::{Value, json};

use crate::{
    fake::Fake,
    program::{Program, snapshot},
    samples::{ID, OPERATION, OTHER_ID, application, destination, operation, step},
};

fn place() -> Value {
    let mut place = application(OTHER_ID, "production", "shop-web-2");
    place["server_name"] = json!("web-2");
    place["place_of"] = json!({ "application_id": ID, "application_name": "shop" });
    place
}

/// An application with one place.
fn fake() -> Fake {
    let mut shop = application(ID, "production", "shop");
    shop["places"] = json!(1);
    let done = operation("succeeded", &[step("pull", "succeeded", "41 MB")]);
    Fake::new()
        .list("/v1/applications", &[shop.clone(), place()])
        .list(&format!("/v1/applications/{ID}/places"), &[place()])
        .get(&format!("/v1/applications/{ID}"), shop)
        .get(&format!("/v1/applications/{OTHER_ID}"), place())
        .list("/v1/destinations", &[destination(OTHER_ID, "quay", "quay")])
        .get(&format!("/v1/operations/{OPERATION}"), done)
}

#[test]
fn places_are_listed_and_added() {
    let path = format!("/v1/applications/{ID}/places");
    let fake = fake().on("POST", &path, 201, place());
    let program = Program::with(&fake);
    snapshot!("app_place_list", program.run(&["app", "place", "list", "shop"]));
    let ran =
        program.run(&["app", "place", "add", "shop", "quay", "--name", "shop-web-2", "--routes"]);
    assert!(ran.data().contains("shop-web-2"), "{ran}");
    assert!(ran.stdout.contains("place of"), "{ran}");
    let sent = fake.only("POST").body;
    assert_eq!(
        sent,
        json!({ "destination_id": OTHER_ID, "name": "shop-web-2", "with_routes": true })
    );
}

#[test]
fn a_place_is_removed_by_where_it_is() {
    let gone = operation("succeeded", &[]);
    let fake = fake().on("DELETE", &format!("/v1/applications/{OTHER_ID}"), 202, gone);
    let program = Program::with(&fake);
    program.run(&["app", "place", "remove", "shop", "quay", "--volumes", "--yes"]).data();
    assert!(fake.only("DELETE").path.ends_with("?volumes=true"));
}
