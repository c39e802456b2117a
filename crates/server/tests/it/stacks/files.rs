//! Files beside a Compose file: sent along, or taken from the stack's repository.

use std::path::Path;

use anyhow::{Context, Result, ensure};
use portolan_server::host::{Capabilities, Gaining, MountSource, RootFilesystem};
use portolan_types::{ClonedApplication, Key, Preview, Problem, Right, StackApplied, Variables};
use serde_json::{Value, json};

use super::body;
use crate::{
    applications::{Place, place},
    builds::ssh::SshHost,
    security::{Team, join},
    support::{TestApp, git::GitServer, story},
};

const FILE: &str = "\
services:
  web:
    image: shop:1
    env_file: [app.env]
    environment: {MODE: live}
    configs: [{source: site, target: /etc/site.conf, uid: '1000', mode: 0440}]
    secrets: [password]
    user: 1000:1000
    working_dir: /srv
    init: true
    stop_signal: SIGINT
    tmpfs: [\"/tmp:size=1m,mode=700\"]
    security_opt: [no-new-privileges:true]
    cap_drop: [ALL]
    cap_add: [CHOWN]
    expose: [80]
    stop_grace_period: 1s
  job:
    image: shop:2
    read_only: true
    expose: [80]
    stop_grace_period: 1s
configs:
  site: {file: conf/site.conf}
secrets:
  password: {environment: PASSWORD}
";

fn files(site: &str) -> Value {
    json!([
        { "path": "app.env", "content": "KEY=swordfish\nMODE=dead\n" },
        { "path": "./conf/site.conf", "content": site },
        { "path": "other", "content": "nobody names it" },
    ])
}

/// What the engine was asked for as the container of a service, by its name.
fn serving(at: &Place, applied: &StackApplied, name: &str) -> Result<String> {
    let found = applied.stack.services.iter().find(|one| one.name.as_str() == name);
    let container = found.and_then(|one| one.container.as_ref()).context("a container")?;
    ensure!(at.engine.asked_for(container.as_str()).is_some(), "it is not there");
    Ok(container.to_string())
}

impl TestApp {
    /// A stack as it is when its services are deployed.
    async fn done(&self, applied: StackApplied) -> Result<StackApplied> {
        self.all_succeed(&applied).await?;
        Ok(StackApplied { stack: self.stack(&applied.stack).await?, ..applied })
    }
}

story! {
    /// What a file names comes along with it: variables that are secret, and files that are in the
    /// container before it starts. Another content is another deployment, of that service alone.
    async fn files_come_along_and_are_put_into_containers(app) {
        let at = place(app).await?;
        let mut asked = body(&at, "shop", FILE);
        let refused: Problem =
            app.owner.post("/v1/stacks", asked.clone()).await?.refused("compose-file")?;
        ensure!(refused.detail.contains("line 4: `services.web.env_file[0]`: file `app.env`"), "{refused:?}");
        ensure!(refused.detail.contains("`configs.site.file`"), "{refused:?}");
        asked["files"] = files("level one");
        let made: StackApplied = app.owner.post("/v1/stacks", asked).await?.created()?;
        let made = app.done(made).await?;
        let container = serving(&at, &made, "web")?;
        let asked = at.engine.asked_for(&container).context("a container")?;
        let variable = |name: &str| asked.environment.get(name).map(String::as_str);
        assert_eq!((variable("KEY"), variable("MODE")), (Some("swordfish"), Some("live")));
        assert_eq!((asked.user.as_deref(), asked.working_dir.as_deref()), (Some("1000:1000"), Some("/srv")));
        ensure!(asked.init && asked.stop_signal.as_deref() == Some("SIGINT"), "{asked:?}");
        assert_eq!(asked.privileges.gaining, Gaining::Never);
        assert_eq!(asked.privileges.capabilities, Capabilities::Only(vec!["CHOWN".to_owned()]));
        let MountSource::Memory(memory) = &asked.mounts[0].source else { anyhow::bail!("{asked:?}") };
        assert_eq!((memory.bytes, memory.mode), (Some(1 << 20), Some(0o700)));
        let job = serving(&at, &made, "job")?;
        let of_job = at.engine.asked_for(&job).context("a container")?;
        assert_eq!(of_job.privileges.root, RootFilesystem::ReadOnly);
        let file = |container: &str, path: &str| at.engine.file(container, path);
        assert_eq!(file(&container, "/etc/site.conf").as_deref(), Some(&b"level one"[..]));
        assert_eq!(file(&container, "/run/secrets/password").as_deref(), Some(&b"open sesame"[..]));

        // Nothing of it comes back.
        let shown = app.owner.get(&format!("/v1/stacks/{}", made.stack.id)).await?.text;
        ensure!(shown.contains("conf/site.conf") && !shown.contains("other"), "{shown}");
        let web = app.service(&made.stack, "web").await?;
        let path = format!("/v1/applications/{}", web.id);
        let variables = app.owner.get(&format!("{path}/variables")).await?;
        for text in [&shown, &variables.text] {
            ensure!(!text.contains("swordfish") && !text.contains("level one"), "{text}");
        }
        ensure!(variables.ok::<Variables>()?.items.iter().any(|one| one.secret), "nothing is secret");

        // What was sent stays, and other content is deployed where it is asked for.
        let same: StackApplied = app.apply(&made.stack, json!({})).await?;
        ensure!(same.operations.is_empty(), "{same:#?}");
        let other = json!({ "files": [{ "path": "conf/site.conf", "content": "level two" }] });
        let apply = format!("/v1/stacks/{}/apply?preview=true", made.stack.id);
        let preview: Preview = app.owner.post(&apply, other.clone()).await?.ok()?;
        assert_eq!(preview.steps, ["change service `web` (configs and secrets), and deploy it"]);
        let changed = app.apply(&made.stack, other).await?;
        assert_eq!(changed.operations.len(), 1);
        let changed = app.done(changed).await?;
        assert_eq!(serving(&at, &changed, "job")?, job);
        let container = serving(&at, &changed, "web")?;
        assert_eq!(file(&container, "/etc/site.conf").as_deref(), Some(&b"level two"[..]));

        // One that is gone is made again with them, and an earlier deployment has its own.
        at.engine.drop_container(&container);
        let started = app.work_on(&web, "start", json!({})).await?;
        ensure!(started.failure.is_none(), "{started:#?}");
        assert_eq!(file(&container, "/etc/site.conf").as_deref(), Some(&b"level two"[..]));
        let back = app.work_on(&web, "roll-back", json!({})).await?;
        ensure!(back.failure.is_none(), "{back:#?}");
        let now = app.done(StackApplied { operations: Vec::new(), ..changed }).await?;
        let container = serving(&at, &now, "web")?;
        assert_eq!(file(&container, "/etc/site.conf").as_deref(), Some(&b"level one"[..]));
        let clone = json!({ "name": "copy" });
        let clone: ClonedApplication =
            app.owner.post(&format!("{path}/clone"), clone).await?.created()?;
        ensure!(clone.left_out.iter().any(|one| one.contains("/run/secrets/password")), "{clone:?}");
        let events = app.owner.get("/v1/events?limit=200").await?.text;
        ensure!(!events.contains("swordfish") && !events.contains("level one"), "{events}");
    }
}

/// What `KEY` is in the container that serves `web`.
fn key_of(at: &Place, applied: &StackApplied) -> Result<Option<String>> {
    let container = serving(at, applied, "web")?;
    let asked = at.engine.asked_for(&container).context("a container")?;
    Ok(asked.environment.get("KEY").cloned())
}

story! {
    /// Files that nobody sent are taken from the stack's repository, whenever it is applied. A link in it
    /// leads nowhere.
    async fn a_repository_has_the_files(app) {
        let (at, git) = (place(app).await?, GitServer::start().await?);
        git.commit("main", &[("deploy/app.env", "KEY=one"), ("app.env", "KEY=root")])?;
        let file = "services:\n  web: {image: \"shop:1\", env_file: app.env, expose: [80]}\n";
        let mut asked = body(&at, "shop", file);
        asked["repository"] = json!({ "repository": git.url, "folder": "deploy" });
        let made: StackApplied = app.owner.post("/v1/stacks", asked.clone()).await?.created()?;
        let made = app.done(made).await?;
        assert_eq!(key_of(&at, &made)?.as_deref(), Some("one"));
        git.commit("main", &[("deploy/app.env", "KEY=two")])?;
        let changed = app.apply(&made.stack, json!({})).await?;
        let changed = app.done(changed).await?;
        assert_eq!(key_of(&at, &changed)?.as_deref(), Some("two"));
        // What is sent goes first.
        let sent = json!({ "files": [{ "path": "app.env", "content": "KEY=three" }] });
        let changed = app.apply(&made.stack, sent).await?;
        let changed = app.done(changed).await?;
        assert_eq!(key_of(&at, &changed)?.as_deref(), Some("three"));
        git.link("main", "deploy/app.env", "../app.env")?;
        let apply = format!("/v1/stacks/{}/apply", made.stack.id);
        let refused = app.owner.post(&apply, json!({})).await?.refused("stack-repository")?;
        ensure!(refused.detail.contains("`app.env`") && refused.detail.contains("link"), "{refused:?}");
        asked["name"] = json!("other");
        asked["repository"] = json!({ "repository": "http://10.0.0.1/x.git" });
        let refused = app.owner.post("/v1/stacks", asked).await?.refused("stack-repository")?;
        ensure!(refused.detail.contains("--allow-repositories-at"), "{refused:?}");
    }
}

story! {
    /// A repository by SSH is asked with a key of the team, which only admins choose; who manages the
    /// project applies what they chose.
    async fn a_repository_by_ssh_has_the_files(app) {
        let (at, git) = (place(app).await?, GitServer::start().await?);
        git.commit("main", &[("app.env", "KEY=one"), ("web/Dockerfile", "FROM scratch\n")])?;
        let key = app.owner.key("deploy").await?;
        let shown: Key = app.owner.get(&format!("/v1/keys/{key}")).await?.ok()?;
        let host = SshHost::start(&shown.public_key).await?;
        let url = host.url(&git.path());
        let file = "services:\n  web: {build: ./web, env_file: app.env, expose: [80]}\n";
        let mut asked = body(&at, "shop", file);
        asked["repository"] = json!({ "repository": url });
        let keyless = app.owner.post("/v1/stacks", asked.clone()).await?.problem(422)?;
        assert_eq!(keyless.errors.first().context("a field")?.field, "repository.key_id");
        asked["repository"]["key_id"] = json!(key);
        let refused = app.owner.post("/v1/stacks", asked.clone()).await?.refused("stack-repository")?;
        ensure!(refused.detail.contains(&host.fingerprint), "{refused:?}");
        asked["repository"]["host_key"] = json!(host.fingerprint);

        let member = join(app, "member", Team::Same).await?;
        member.grant_in(app, at.environment.project_id.as_str(), Right::Manage).await?;
        member.grant(app, at.destination.server_id.as_str(), Right::Use).await?;
        assert_eq!(member.client.post("/v1/stacks", asked.clone()).await?.status, 403);
        let made: StackApplied = app.owner.post("/v1/stacks", asked.clone()).await?.created()?;
        let made = app.done(made).await?;
        assert_eq!(key_of(&at, &made)?.as_deref(), Some("one"));
        git.commit("main", &[("app.env", "KEY=two"), ("web/Dockerfile", "FROM scratch\n")])?;
        let apply = format!("/v1/stacks/{}/apply", made.stack.id);
        let same = json!({ "repository": asked["repository"] });
        let changed: StackApplied = member.client.post(&apply, same).await?.accepted()?;
        let changed = app.done(changed).await?;
        assert_eq!(key_of(&at, &changed)?.as_deref(), Some("two"));
        asked["repository"]["repository"] = json!(host.url(Path::new("/payroll.git")));
        let elsewhere = json!({ "repository": asked["repository"] });
        assert_eq!(member.client.post(&apply, elsewhere).await?.status, 403);
        let in_use = app.owner.delete(&format!("/v1/keys/{key}")).await?.problem(409)?;
        ensure!(in_use.kind.ends_with("key-in-use"), "{in_use:?}");
    }
}
