//! Files, and what they come to.

use portolan_types::{HostPort, MountSource, RestartRule, Transport};

use super::*;

mod files;
mod networks;
mod process;

static NONE: Files = Files::new();

fn reading<'a>(stack: &'a ApplicationName, values: &'a Values) -> Reading<'a> {
    Reading { stack, values, repository: None, files: &NONE, network: "web" }
}

fn values() -> Values {
    let value = |name: &str, value: &str, secret| {
        (name.parse().expect("a name"), (value.parse().expect("a value"), secret))
    };
    Values::from([
        value("TAG", "17", false),
        value("EMPTY", "", false),
        value("PASSWORD", "open sesame", true),
    ])
}

fn read(text: &str) -> Result<Composed, Vec<String>> {
    read_with(text, &NONE)
}

fn read_with(text: &str, files: &Files) -> Result<Composed, Vec<String>> {
    let stack = "shop".parse().expect("a name");
    let values = values();
    let read = super::read(text, &Reading { files, ..reading(&stack, &values) });
    read.map_err(|faults| faults.iter().map(ToString::to_string).collect())
}

/// The only service of a file whose other keys are given.
fn service(rest: &str) -> Service {
    let text = format!("services:\n  web:\n    image: nginx:1\n{rest}");
    let read = read(&text).unwrap_or_else(|faults| panic!("{text}: {faults:#?}"));
    read.services.into_iter().next().expect("a service")
}

fn refused(rest: &str) -> String {
    let text = format!("services:\n  web:\n    image: nginx:1\n{rest}");
    read(&text).expect_err(&text).join("\n")
}

fn told(rest: &str) -> String {
    let text = format!("services:\n  web:\n    image: nginx:1\n{rest}");
    let read = read(&text).unwrap_or_else(|faults| panic!("{text}: {faults:#?}"));
    read.notices.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
}

fn variable<'a>(service: &'a Service, name: &str) -> &'a SetVariable {
    let found = service.variables.iter().find(|one| one.name.as_str() == name);
    found.unwrap_or_else(|| panic!("no {name}"))
}

#[test]
fn an_image_is_enough() {
    let web = service("");
    assert_eq!(web.spec.image.as_str(), "nginx:1");
    assert_eq!(web.spec.aliases.iter().map(Alias::as_str).collect::<Vec<_>>(), ["web"]);
    assert!(!web.places.apart && web.places.beside.is_empty() && web.needs.is_empty());
    assert_eq!((web.line, web.spec.port, web.spec.restart), (2, None, RestartRule::UnlessStopped));
}

#[test]
fn programs_are_lists_or_lines() {
    let texts = |words: &[portolan_types::Argument]| {
        words.iter().map(ToString::to_string).collect::<Vec<_>>()
    };
    let web = service("    command: serve --name 'my shop'\n    entrypoint: [\"/init\", \"-x\"]\n");
    assert_eq!(texts(&web.spec.command), ["serve", "--name", "my shop"]);
    assert_eq!(texts(&web.spec.entrypoint), ["/init", "-x"]);
    assert!(refused("    command: \"a 'b\"\n").contains("line 4: `services.web.command`"));
}

#[test]
fn variables_are_mappings_or_lists_and_secrets_stay_secret() {
    let web = service(
        "    environment:\n      LEVEL: info\n      PORT: 8080\n      ON: true\n      NONE: ''\n      \
         URL: redis://:${PASSWORD}@cache\n      DOLLAR: a$$b\n",
    );
    let value = |name: &str| variable(&web, name).value.as_str().to_owned();
    assert_eq!(
        ["LEVEL", "PORT", "ON", "NONE", "DOLLAR"].map(value),
        ["info", "8080", "true", "", "a$b"]
    );
    assert_eq!(value("URL"), "redis://:open sesame@cache");
    assert!(variable(&web, "URL").secret && !variable(&web, "LEVEL").secret);
    let web = service("    environment:\n      - A=b=c\n      - P=${PASSWORD}\n");
    assert_eq!(variable(&web, "A").value.as_str(), "b=c");
    assert!(variable(&web, "P").secret);
    assert!(refused("    environment:\n      - A\n").contains("`A` has no value"));
    assert!(
        refused("    environment:\n      1A: x\n")
            .contains("line 5: `services.web.environment.1A`")
    );
}

#[test]
fn variables_are_put_in_with_their_defaults() {
    let cases = [
        ("${TAG}", "17"),
        ("$TAG", "17"),
        ("v$TAG-x", "v17-x"),
        ("${NONE:-a}", "a"),
        ("${EMPTY:-a}", "a"),
        ("${EMPTY-a}", ""),
        ("${NONE-${TAG}}", "17"),
        ("${NONE:-${NEITHER:-b}}", "b"),
        ("${TAG:+yes}", "yes"),
        ("${NONE:+yes}", ""),
        ("${TAG:?is needed}", "17"),
    ];
    for (text, filled) in cases {
        let web = service(&format!("    environment:\n      A: \"{text}\"\n"));
        assert_eq!(variable(&web, "A").value.as_str(), filled, "{text}");
    }
    let said = refused("    environment:\n      A: ${NONE:?say it}\n");
    assert!(
        said.contains("line 5: `services.web.environment.A`: variable `NONE` is needed: say it"),
        "{said}"
    );
    for text in ["$", "${", "${A", "${A!b}", "${1}", "a $ b"] {
        let said = refused(&format!("    environment:\n      A: \"{text}\"\n"));
        assert!(said.starts_with("line 5"), "{text}: {said}");
    }
    let said = refused("    command: run ${PASSWORD}\n    environment: [\"${PASSWORD}\"]\n");
    assert!(said.contains("line 4: `services.web.command`: a secret variable"), "{said}");
    assert!(said.contains("line 5") && !said.contains("sesame"), "{said}");
    assert!(told("    environment:\n      A: x$NONE\n").contains("variable `NONE` has no value"));
}

#[test]
fn ports_are_short_or_long() {
    let port = |host: u16, container: u16| HostPort {
        host: host.try_into().expect("a port"),
        container: container.try_into().expect("a port"),
        transport: Transport::Tcp,
        address: None,
    };
    let web = service("    ports: [\"8080:80\", 443:8443, \"9000-9001:9000-9001\"]\n");
    assert_eq!(
        web.spec.published,
        [port(8080, 80), port(443, 8443), port(9000, 9000), port(9001, 9001)]
    );
    assert_eq!(web.spec.port.map(std::num::NonZero::get), Some(80));
    let web = service("    ports: [\"127.0.0.1:53:53/udp\", \"[::1]:80:80\"]\n");
    assert_eq!(web.spec.published[0].transport, Transport::Udp);
    assert_eq!(web.spec.published[1].address, Some("::1".parse().expect("an address")));
    let long =
        "    ports:\n      - target: 80\n        published: \"8080\"\n        protocol: tcp\n";
    assert_eq!(service(long).spec.published, [port(8080, 80)]);
    let web = service("    ports: [80]\n    expose: [9000]\n");
    assert!(web.spec.published.is_empty() && web.spec.port.map(std::num::NonZero::get) == Some(80));
    assert!(told("    ports: [80]\n").contains("not published"));
    for text in ["[\"0:80\"]", "[\"80:80/sctp\"]", "[\"1-9:1-8\"]", "[\"x:80:80\"]", "[\"1-100\"]"]
    {
        assert!(refused(&format!("    ports: {text}\n")).starts_with("line 4"), "{text}");
    }
}

#[test]
fn volumes_are_of_the_service_or_of_the_host() {
    let tail = "volumes:\n  pg_data:\n  other: {}\n";
    let web = service(&format!(
        "    volumes:\n      - pg_data:/data\n      - /srv/web:/srv:ro\n      - /cache\n      - type: volume\n        \
         source: other\n        target: /other\n        read_only: true\n{tail}"
    ));
    let sources: Vec<_> = web.spec.mounts.iter().map(|mount| mount.source.clone()).collect();
    let volume = |name: &str| MountSource::Volume(name.parse().expect("a name"));
    assert_eq!(sources[0], volume("pg-data"));
    assert_eq!(sources[1], MountSource::Bind("/srv/web".parse().expect("a path")));
    assert_eq!((&sources[2], &sources[3]), (&volume("at-cache"), &volume("other")));
    assert_eq!(
        web.spec.mounts.iter().map(|one| one.read_only).collect::<Vec<_>>(),
        [false, true, false, true]
    );
    assert!(refused("    volumes: [\"none:/data\"]\n").contains("there is no volume `none`"));
    assert!(refused("    volumes: [\"./conf:/etc/x\"]\n").contains("beside the file"));
    assert!(refused("    volumes: [{type: npipe, target: /x}]\n").contains("not `npipe`"));
    let two = "services:\n  a: {image: x, volumes: [\"d:/d\"]}\n  b: {image: x, volumes: [\"d:/d\"]}\nvolumes: {d: }\n";
    let said = read(two).expect_err("one volume, two services").join("\n");
    assert!(
        said.contains("line 3: `services.b.volumes`") && said.contains("service `a`"),
        "{said}"
    );
    let external = "services: {a: {image: x}}\nvolumes: {d: {external: true}}\n";
    assert!(
        read(external).expect_err("external").join("\n").contains("line 2: `volumes.d.external`")
    );
}

#[test]
fn health_is_checked_as_compose_does() {
    let web = service(
        "    healthcheck:\n      test: [\"CMD\", \"curl\", \"-f\", \"http://localhost\"]\n      interval: 1m30s\n      \
         retries: 5\n      start_period: 500ms\n",
    );
    let health = web.spec.health.expect("a check");
    assert_eq!((health.command.len(), health.retries), (3, 5));
    assert_eq!((u32::from(health.interval_seconds), u32::from(health.timeout_seconds)), (90, 30));
    assert_eq!(health.start_seconds.map(u32::from), Some(1));
    assert_eq!(u32::from(web.spec.ready_within_seconds), 541);
    let web = service("    healthcheck: {test: pg_isready -U postgres}\n");
    let words: Vec<String> =
        web.spec.health.expect("a check").command.into_iter().map(Into::into).collect();
    assert_eq!(words, ["/bin/sh", "-c", "pg_isready -U postgres"]);
    assert!(refused("    healthcheck: {disable: true}\n").contains("cannot be turned off"));
    assert!(refused("    healthcheck: {test: [curl]}\n").contains("begins with `CMD`"));
    assert!(refused("    healthcheck: {test: x, interval: soon}\n").contains("is no time"));
}

#[test]
fn limits_labels_and_restarts() {
    let web = service(
        "    restart: on-failure\n    stop_grace_period: 1m\n    labels: {com.example.team: web}\n    deploy:\n      \
         resources:\n        limits: {cpus: '0.5', memory: 512M, pids: 100}\n",
    );
    let limits = web.spec.limits;
    assert_eq!(
        (limits.memory_bytes, limits.millicpus, limits.processes),
        (Some(512 << 20), Some(500), Some(100))
    );
    assert_eq!((web.spec.restart, u32::from(web.spec.stop_seconds)), (RestartRule::OnFailure, 60));
    assert_eq!(web.spec.labels.len(), 1);
    let web = service("    mem_limit: 64m\n    cpus: 2\n    restart: \"no\"\n    scale: 1\n");
    assert_eq!(
        (web.spec.limits.memory_bytes, web.spec.limits.millicpus),
        (Some(64 << 20), Some(2_000))
    );
    assert_eq!(web.spec.restart, RestartRule::Never);
    assert!(told("    labels: [traefik.enable=true]\n").contains("`create_route`"));
    assert!(refused("    labels: [com.docker.compose.x=1]\n").contains("not given by people"));
}

#[test]
fn services_follow_what_they_need() {
    let text = "
services:
  web: {image: x, depends_on: {db: {condition: service_healthy}, job: {}}}
  job: {image: x, depends_on: [db]}
  db: {image: x}
";
    let read_one = read(text).expect("a file");
    let names: Vec<&str> = read_one.services.iter().map(|one| one.name.as_str()).collect();
    assert_eq!(names, ["db", "job", "web"]);
    let web = &read_one.services[2].needs;
    assert_eq!((web["db"], web["job"]), (Condition::Healthy, Condition::Started));
    let circle = "services:\n  a: {image: x, depends_on: [b]}\n  b: {image: x, depends_on: [a]}\n";
    assert!(read(circle).expect_err("a circle").join("\n").contains("wait for each other"));
    assert!(refused("    depends_on: [db]\n").contains("there is no service `db`"));
    let once = "    depends_on: {x: {condition: service_completed_successfully}}\n";
    assert!(refused(once).contains("line 4: `services.web.depends_on.x.condition`"));
}

#[test]
fn builds_need_a_repository() {
    assert!(refused("    build: .\n").contains("came without a repository"));
    let (stack, values) = ("shop".parse().expect("a name"), values());
    let repository = StackRepository {
        repository: "https://git.example.com/shop.git".parse().expect("a repository"),
        reference: Some("main".parse().expect("a branch")),
        key_id: None,
        host_key: None,
        folder: "deploy".parse().expect("a folder"),
    };
    let reading = Reading { repository: Some(&repository), ..reading(&stack, &values) };
    let text = "services:\n  api:\n    build: {context: ./api, dockerfile: Dockerfile.dev, target: run, args: {V: $TAG}}\n";
    let read_it = super::read(text, &reading).expect("a file");
    let api = &read_it.services[0];
    let build = api.spec.build.as_ref().expect("a build");
    assert_eq!(
        (build.folder.as_str(), build.dockerfile.as_str()),
        ("deploy/api", "Dockerfile.dev")
    );
    assert_eq!(build.stage.as_ref().map(portolan_types::BuildStage::as_str), Some("run"));
    assert_eq!(api.spec.image.as_str(), "localhost/shop-api");
    assert!(variable(api, "V").build && variable(api, "V").value.as_str() == "17");
    let up = "services:\n  api:\n    build: ../../..\n";
    assert!(super::read(up, &reading).is_err());
    let far = "services:\n  api:\n    build: https://git.example.com/x.git#v1:sub\n";
    let build = read(far).expect("a file").services[0].spec.build.clone().expect("a build");
    assert_eq!(
        (build.folder.as_str(), build.reference.map(String::from).as_deref()),
        ("sub", Some("v1"))
    );
}

#[test]
fn anchors_and_merge_keys_are_followed() {
    let text = "
x-common: &common
  restart: always
  environment: &env {A: '1', B: '2'}
services:
  web:
    <<: *common
    image: nginx:1
    environment:
      <<: *env
      B: '3'
  job: {<<: [*common], image: x}
";
    let read = read(text).expect("a file");
    let web = &read.services[0];
    assert_eq!(["A", "B"].map(|name| variable(web, name).value.as_str()), ["1", "3"]);
    assert_eq!(variable(&read.services[1], "B").value.as_str(), "2");
}

#[test]
fn what_is_not_done_is_refused_by_name_and_line() {
    let cases = [
        ("    privileged: true\n", "`services.web.privileged`: not done"),
        ("    network_mode: host\n", "`services.web.network_mode`: not done"),
        ("    env_file: .env\n", "`services.web.env_file`: file `.env` did not come along"),
        ("    cap_add: [NET_ADMIN]\n", "`services.web.cap_add[0]`: not done"),
        ("    secrets: [x]\n", "`services.web.secrets[0]`: there is no secret `x`"),
        ("    profiles: [dev]\n", "`services.web.profiles`: not done"),
        ("    imagee: x\n", "`services.web.imagee`: not known here"),
        ("    deploy: {mode: global}\n", "`services.web.deploy.mode`: not known here"),
        ("    image: nginx:2\n", "`image` is there twice"),
        ("    user: !override x\n", "the tag `!override` is not known here"),
        ("volumes: {a: }\ninclude: [x]\n", "`include`: not done"),
    ];
    for (rest, said) in cases {
        let all = refused(rest);
        assert!(all.contains(said) && all.starts_with("line "), "{rest}: {all}");
    }
    // All of it at once, each where it is.
    let all = refused("    privileged: true\n    pid: host\n    image2: x\n");
    assert_eq!(
        all.lines().map(|line| line.split(':').next()).collect::<Vec<_>>(),
        ["line 4", "line 5", "line 6"].map(Some)
    );
    let harmless = told("    container_name: web\n    tty: true\nname: other\n");
    assert_eq!(harmless.lines().count(), 3, "{harmless}");
}

#[test]
fn a_file_is_bounded_whatever_it_says() {
    let bomb = (0..30).fold("a0: &a0 [x,x,x,x,x,x,x,x,x]\n".to_owned(), |text, n| {
        format!("{text}a{}: &a{} [*a{n},*a{n},*a{n},*a{n},*a{n}]\n", n + 1, n + 1)
    });
    let deep = format!("services: {}{}\n", "[".repeat(200), "]".repeat(200));
    let itself = "services: &s\n  web: *s\n";
    let big = format!("x-a: &a {}\nx-b: [{}]\n", "y".repeat(200_000), "*a,".repeat(20));
    for text in
        [bomb.as_str(), &deep, itself, &big, "", "a: [", "- x", "a", "---\na: b\n---\nc: d\n"]
    {
        let start: String = text.chars().take(40).collect();
        assert!(read(text).is_err(), "{start}");
    }
    let spread = format!("services:\n  web: {{image: '{}'}}\n", "$PASSWORD".repeat(29_000));
    assert!(read(&spread).is_err());
    let huge = "${TAG:-".repeat(3_000);
    assert!(read(&format!("services: {{web: {{image: \"{huge}\"}}}}\n")).is_err());
}
