//! Where services are.

use super::*;

#[test]
fn networks_are_the_destination_and_others() {
    let text = "
services:
  web: {image: x, networks: [default, back]}
  db:
    image: x
    networks:
      back: {aliases: [store]}
  job: {image: x}
networks:
  back: {internal: true}
  default: {name: web, external: true}
";
    let read = read(text).expect("a file");
    assert_eq!(read.networks, BTreeMap::from([("back".to_owned(), Network { internal: true })]));
    let of = |name: &str| read.services.iter().find(|one| one.name.as_str() == name).expect("it");
    assert!(!of("web").places.apart && of("db").places.apart && !of("job").places.apart);
    let names: Vec<&str> = of("db").places.beside["back"].iter().map(Alias::as_str).collect();
    assert_eq!(names, ["db", "store"]);
    assert!(of("db").spec.aliases.is_empty());
    assert!(refused("    networks: [none]\n").contains("there is no network `none`"));
    let tail = |of: &str| refused(&format!("networks: {{back: {of}}}\n"));
    assert!(tail("{external: perhaps}").contains("line 4: `networks.back.external`"));
    assert!(tail("{external: true, internal: true}").contains("as it was made"));
    assert!(tail("{driver: overlay}").contains("is a bridge"));
    assert!(refused("networks: {default: {name: other}}\n").contains("choose another destination"));
}

#[test]
fn external_networks_are_there_already() {
    let text = "
services:
  web: {image: x, networks: {front: {aliases: [shop]}, home: {}, back: {}}}
networks:
  front: {external: true, name: edge}
  home: {external: true, name: web}
  back: {external: false}
";
    let read = read(text).expect("a file");
    let places = &read.services[0].places;
    assert!(!places.apart);
    let names: Vec<&str> = places.outside["edge"].iter().map(Alias::as_str).collect();
    assert_eq!((names.as_slice(), places.outside.len()), (&["shop", "web"][..], 1));
    assert_eq!(places.beside.keys().collect::<Vec<_>>(), ["back"]);
    assert_eq!(read.networks.len(), 1);
    let alone = service("    networks: [edge]\nnetworks: {edge: {external: true}}\n");
    assert!(alone.places.apart && alone.places.outside.contains_key("edge"));
}
