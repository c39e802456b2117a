//! From a push to an answer: a Git repository with a Dockerfile, built by a real engine, behind real
//! proxies with HTTPS.

use anyhow::{Context, Result, ensure};

use crate::{
    applications::Scene,
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

/// A step of a shell with an argument of the build, and files of the commit.
const RECIPE: &str = "FROM echo:1\n\
    ARG GREETING\n\
    COPY word program.pl /srv/\n\
    RUN echo \"$GREETING $(cat /srv/word)\" > /greeting && cat /greeting\n\
    CMD [\"perl\", \"/srv/program.pl\"]\n";

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
    ensure!(log.contains(&format!("{greeting} world")) && log.contains(": FROM echo:1"), "{log}");

    let hook = portolan.json(&["app", "hook", "create", &scene.name])?;
    let text = |field: &str| hook[field].as_str().context("a text");
    let commit = repository.commit(&[("word", "again")])?;
    Repository::tell(&format!("{}{}", portolan.pages(), text("path")?), text("secret")?)?;
    says("again")?;
    let shown = portolan.json(&["app", "deployments", &scene.name])?;
    assert_eq!(shown["items"][0]["commit"]["id"], commit.as_str());

    // A step that fails: what served serves on, and the log says why.
    repository.commit(&[("Dockerfile", "FROM echo:1\nRUN echo it-is-broken >&2; exit 7\n")])?;
    let refused = portolan.try_run(&["app", "deploy", &scene.name])?;
    ensure!(
        refused.code == 1 && refused.err.contains("returned a non-zero code: 7"),
        "{refused:?}"
    );
    ensure!(portolan.run(&["app", "build-log", &scene.name])?.contains("it-is-broken"));
    says("again")?;
    scene.app("rollback", &[])?;
    says("world")
}
