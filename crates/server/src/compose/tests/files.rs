//! Files beside a Compose file, and what is put into containers.

use super::*;

fn files() -> Files {
    let all = [
        ("a.env", "# one\nA=1\nB='two $words'\nexport C=\"three\"\n"),
        ("conf/b.env", "B=4\nPASSWORD=pa$$\n"),
        ("raw.env", "D='$quoted'\n"),
        ("ca.pem", "PEM\n"),
    ];
    let file =
        |(path, text): (&str, &str)| (path.parse().expect("a path"), text.parse().expect("a text"));
    all.into_iter().map(file).collect()
}

fn with(rest: &str) -> Result<Composed, Vec<String>> {
    read_with(&format!("services:\n  web:\n    image: nginx:1\n{rest}"), &files())
}

fn web(rest: &str) -> Service {
    let read = with(rest).unwrap_or_else(|faults| panic!("{rest}: {faults:#?}"));
    read.services.into_iter().next().expect("a service")
}

#[test]
fn variables_of_files_are_secret_and_come_last() {
    let service =
        web("    env_file:\n      - ./a.env\n      - path: raw.env\n        format: raw\n      \
         - {path: none.env, required: false}\n    environment:\n      A: mine\n");
    let value = |name: &str| variable(&service, name).value.as_str().to_owned();
    assert_eq!(["A", "B", "C", "D"].map(value), ["mine", "two $words", "three", "'$quoted'"]);
    assert!(!variable(&service, "A").secret && variable(&service, "B").secret);
    // Of two files the later one counts.
    let both = web("    env_file: [raw.env, a.env]\n");
    assert_eq!(both.variables.len(), 4);
    assert_eq!(web("    env_file: a.env\n").variables.len(), 3);
}

#[test]
fn what_is_wrong_with_a_file_is_said_without_its_values() {
    for (rest, said) in [
        ("    env_file: none.env\n", "`services.web.env_file`: file `none.env` did not come along"),
        ("    env_file: ../a.env\n", "outside of the folder"),
        ("    env_file: /etc/passwd\n", "outside of the folder"),
        ("    env_file: ca.pem\n", "`ca.pem`, line 1: there is no `=`"),
        ("    env_file: conf/b.env\n", "`conf/b.env`, line 2: not done: a `$` of `PASSWORD`"),
        ("    env_file: [{format: raw}]\n", "`services.web.env_file[0]`: a file has a `path`"),
    ] {
        let all = with(rest).expect_err(rest).join("\n");
        assert!(all.contains(said) && all.starts_with("line 4"), "{rest}: {all}");
        assert!(!all.contains("pa$$") && !all.contains("PEM\n"), "{all}");
    }
}

#[test]
fn configs_and_secrets_are_put_where_they_are_asked_for() {
    let service = web(
        "    configs:\n      - site\n      - {source: ca, target: /etc/ca.pem, uid: '1000', gid: \
         '5', mode: 0440}\n    secrets: [password, {source: ca, target: ca}]\nconfigs:\n  site: \
         {content: \"level ${TAG} ${PASSWORD}\"}\n  ca: {file: ./ca.pem}\nsecrets:\n  password: \
         {environment: PASSWORD}\n  ca: {file: ca.pem}\n",
    );
    let all: Vec<_> =
        service.files.iter().map(|one| (one.target.as_str(), one.content.as_str())).collect();
    let wanted = [
        ("/site", "level 17 open sesame"),
        ("/etc/ca.pem", "PEM\n"),
        ("/run/secrets/password", "open sesame"),
        ("/run/secrets/ca", "PEM\n"),
    ];
    assert!(all.len() == 4 && wanted.iter().all(|one| all.contains(one)), "{all:?}");
    let own = service.files.iter().find(|one| one.uid == 1000).expect("one");
    assert_eq!((own.gid, own.mode.bits()), (5, 0o440));
    assert_eq!(service.files.iter().find(|one| one.uid == 0).expect("one").mode.bits(), 0o444);
    assert!(service.variables.is_empty());
}

#[test]
fn what_cannot_be_put_is_refused() {
    let top = "configs: {a: {content: x}}\nsecrets: {s: {environment: TAG}}\n";
    for (rest, said) in [
        ("    configs: [b]\n", "there is no config `b` under `configs`"),
        ("    configs: [{target: /x}]\n", "it has a `source`"),
        ("    configs: [{source: a, mode: 440}]\n", "a mode is written as `0440`"),
        ("    configs: [a]\n    read_only: true\n", "beside read only files"),
        ("    configs: [a, a]\n", "two files are put at `/a`"),
        ("    secrets: [s]\n    tmpfs: /run\n", "`/run/secrets/s` is below `/run`"),
    ] {
        let all = with(&format!("{rest}{top}")).expect_err(rest).join("\n");
        assert!(all.contains(said), "{rest}: {all}");
    }
    for (top, said) in [
        ("secrets: {s: {external: true}}\n", "`secrets.s.external`: not done"),
        ("secrets: {s: {environment: NONE}}\n", "variable `NONE` of the stack is needed"),
        ("secrets: {s: {content: x}}\n", "`secrets.s.content`: not known here"),
        ("configs: {c: {content: x, file: ca.pem}}\n", "a config has one of"),
        ("configs: {c: {file: ../x}}\n", "outside of the folder"),
    ] {
        let all = with(top).expect_err(top).join("\n");
        assert!(all.contains(said), "{top}: {all}");
    }
}

#[test]
fn files_are_found_by_name_before_they_are_there() {
    let text = "services:\n  web: {image: x, env_file: [a.env, {path: '${DIR:-conf}/b.env'}]}\n  \
                db: {image: x, env_file: ../up.env}\nconfigs: {c: {file: ./ca.pem}, d: {content: x}}\n\
                secrets: {s: {file: /etc/x}}\n";
    let named = files_named(text, &[]);
    let named: Vec<&str> = named.iter().map(RepositoryPath::as_str).collect();
    assert_eq!(named, ["a.env", "ca.pem", "conf/b.env"]);
    assert!(files_named("a: [", &[]).is_empty() && files_named("services: 1", &[]).is_empty());
}
