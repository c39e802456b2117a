//! From a push to an answer: a Git repository with a Dockerfile, built by a real engine, behind real
//! proxies with HTTPS.

use anyhow::{Context, Result, ensure};

use crate::{
    applications::Scene,
    registries::REGISTRY,
    support::{eventually, git::Repository, unique},
};

const HOST: &str = "shop.example.com";

/// Answers every request with what the build put into a file.
const PROGRAM: &str = r#"
use strict; use IO::Socket::INET; $| = 1;
my $listener = IO::Socket::INET->new(LocalPort => 80, Listen => 128, ReuseAddr => 1) or die $!;
while (my $client = $listener->accept) {
    while (my $line = <$client>) { last if $line =~ /^\r?\n$/ }
    open my $file, '<', '/greeting'; my $said = <$file>; close $file;
    print $client "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: ", length $said, "\r\n\r\n$said";
    close $client;
}
"#;

/// A step of a shell with an argument of the build, files of the commit, and what only BuildKit gives it:
/// a folder that earlier builds left, and a secret. Its base is in a registry that asks who wants it.
const RECIPE: &str = "FROM 10.88.0.2:5001/library/echo:1\n\
    RUN echo first\n\
    ARG GREETING\n\
    COPY word program.pl /srv/\n\
    RUN --mount=type=cache,target=/kept --mount=type=secret,id=TOKEN \\\n\
    echo \"$GREETING $(cat /srv/word)\" > /greeting && cat /greeting /run/secrets/TOKEN && echo && \\\n\
    touch \"/kept/$GREETING $(cat /srv/word)\" && echo \"kept $(ls /kept | grep -c \"$GREETING\")\"\n\
    CMD [\"perl\", \"/srv/program.pl\"]\n";

const SECRET: &str = "close-sesame";

#[test]
#[ignore = "needs the lab"]
fn a_push_is_answered_behind_caddy() -> Result<()> {
    answered("alpha", "caddy")
}

#[test]
#[ignore = "needs the lab"]
fn a_push_is_answered_behind_traefik() -> Result<()> {
    answered("charlie", "traefik")
}

fn answered(host: &str, kind: &str) -> Result<()> {
    let scene = Scene::set(host, Some(kind))?;
    let (stage, portolan) = (&scene.stage, &scene.stage.portolan);
    let repository = Repository::start()?;
    let files = [
        ("Dockerfile", RECIPE),
        ("program.pl", PROGRAM),
        ("word", "world"),
        (".dockerignore", "secret\n"),
        ("secret", "no"),
    ];
    repository.commit(&files)?;
    let on = ["--environment", &scene.environment, "--destination", &scene.network];
    let built = ["--git", repository.url(), "--git-ref", "main", "--port", "80"];
    portolan.run(&[&["app", "add", &scene.name], &on[..], &built].concat())?;
    // Its own, so that nothing of an earlier build is taken for it.
    let greeting = unique("hello");
    let argument = format!("GREETING={greeting}");
    portolan.run(&["app", "env", "set", &scene.name, "--build", &argument])?;
    let file = portolan.path("secrets.env");
    std::fs::write(&file, format!("TOKEN={SECRET}\n"))?;
    let secret = ["--build", "--secret", "--from-file", &file];
    portolan.run(&[&["app", "env", "set", &scene.name][..], &secret].concat())?;
    portolan.login("base", REGISTRY, "open sesame")?;
    scene.app("deploy", &[])?;
    portolan.run(&["route", "add", HOST, "--app", &scene.name])?;
    let says = |word: &str| {
        let words = format!("{greeting} {word}");
        eventually(&format!("`{words}` over HTTPS"), || {
            let (status, answer) = stage.https(HOST, "/", &[])?;
            Ok((status == "200" && answer.contains(&words)).then_some(()))
        })
    };
    says("world")?;
    let log = portolan.run(&["app", "build-log", &scene.name])?;
    for said in
        [&format!(" {greeting} world"), "] FROM 10.88.0.2:5001/", " ***", " kept 1", " DONE "]
    {
        ensure!(log.contains(said), "{said}: {log}");
    }
    let shown = portolan.json(&["app", "deployments", &scene.name])?;
    let image = shown["items"][0]["image"].as_str().context("an image")?;
    let history = stage.host.docker(&["history", "--no-trunc", image])?;
    ensure!(history.contains(&greeting) && !history.contains(SECRET), "{history}");

    let hook = portolan.json(&["app", "hook", "create", &scene.name])?;
    let text = |field: &str| hook[field].as_str().context("a text");
    let commit = repository.commit(&[("word", "again")])?;
    Repository::tell(&format!("{}{}", portolan.pages(), text("path")?), text("secret")?)?;
    says("again")?;
    let shown = portolan.json(&["app", "deployments", &scene.name])?;
    assert_eq!(shown["items"][0]["commit"]["id"], commit.as_str());
    let log = portolan.run(&["app", "build-log", &scene.name])?;
    ensure!(log.contains(" kept 2") && log.contains(" CACHED"), "{log}");

    // A step that fails: what served serves on, and the log says why.
    repository.commit(&[("Dockerfile", "FROM echo:1\nRUN echo it-is-broken >&2; exit 7\n")])?;
    let refused = portolan.try_run(&["app", "deploy", &scene.name])?;
    ensure!(refused.code == 1 && refused.err.contains("exit code: 7"), "{refused:?}");
    ensure!(portolan.run(&["app", "build-log", &scene.name])?.contains("it-is-broken"));
    says("again")?;
    scene.app("rollback", &[])?;
    says("world")
}
