//! Repositories by SSH: asked by a real client of the program's own, sent by a real `git-upload-pack`
//! behind an SSH server of the tests.

use std::{collections::HashMap, net::SocketAddr, path::Path, process::Stdio, sync::Arc};

use anyhow::{Context, Result, ensure};
use portolan_types::{Application, Key, Right};
use russh::{
    Channel, ChannelId,
    keys::{Algorithm, HashAlg, PrivateKey, key::safe_rng},
    server::{self, Auth, ChannelOpenHandle, Config, Handle, Msg, Session, VerifiedPublicKey},
};
use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
    process::{Child, ChildStdin, Command},
    task::JoinSet,
};

use super::{RECIPE, built, deploy, failed, set_build};
use crate::{
    applications::{Place, place},
    security::{Team, join},
    support::{TestApp, git::GitServer, story},
};

/// An SSH server that lets one key in. It ends with this.
pub(crate) struct SshHost {
    address: SocketAddr,
    /// Of its own key.
    pub(crate) fingerprint: String,
    _serving: JoinSet<()>,
}

impl SshHost {
    /// `lets_in` is a public key, as a line of `authorized_keys`.
    pub(crate) async fn start(lets_in: &str) -> Result<Self> {
        let key = PrivateKey::random(&mut safe_rng(), Algorithm::Ed25519).expect("a key");
        let fingerprint = key.fingerprint(HashAlg::Sha256).to_string();
        let config = Arc::new(Config { keys: vec![key], ..Config::default() });
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        let words = lets_in.split(' ').take(2).collect::<Vec<_>>().join(" ");
        let mut serving = JoinSet::new();
        serving.spawn(async move {
            let mut connections = JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                let (config, peer) = (config.clone(), Peer::who_lets_in(&words));
                connections.spawn(async move {
                    if let Ok(running) = server::run_stream(config, stream, peer).await {
                        drop(running.await);
                    }
                });
            }
        });
        Ok(Self { address, fingerprint, _serving: serving })
    }

    pub(crate) fn url(&self, path: &Path) -> String {
        format!("ssh://git@{}{}", self.address, path.display())
    }
}

/// One connection.
struct Peer {
    lets_in: String,
    inputs: HashMap<ChannelId, ChildStdin>,
    programs: JoinSet<()>,
}

impl Peer {
    fn who_lets_in(key: &str) -> Self {
        Self { lets_in: key.to_owned(), inputs: HashMap::new(), programs: JoinSet::new() }
    }
}

/// What a program says, to its end.
async fn tell(mut program: Child, handle: Handle, channel: ChannelId) {
    let mut said = program.stdout.take().expect("its output");
    let mut buffer = vec![0; 32 << 10];
    while let Ok(count @ 1..) = said.read(&mut buffer).await {
        if handle.data(channel, buffer[..count].to_vec()).await.is_err() {
            return;
        }
    }
    let mut complained = Vec::new();
    let mut errors = program.stderr.take().expect("its errors");
    drop(errors.read_to_end(&mut complained).await);
    drop(handle.extended_data(channel, 1, complained).await);
    let code = program.wait().await.ok().and_then(|status| status.code()).unwrap_or(1);
    let ending = async {
        handle.exit_status_request(channel, code.unsigned_abs()).await?;
        handle.eof(channel).await?;
        handle.close(channel).await
    };
    // Refused where nobody listens any more.
    let _heard = ending.await;
}

impl server::Handler for Peer {
    type Error = russh::Error;

    async fn auth_publickey(
        &mut self,
        user: &str,
        key: VerifiedPublicKey<'_>,
    ) -> Result<Auth, Self::Error> {
        let shown = key.public_key.to_openssh().unwrap_or_default();
        let is_known = user == "git" && shown.starts_with(&self.lets_in);
        Ok(if is_known { Auth::Accept } else { Auth::reject() })
    }

    async fn channel_open_session(
        &mut self,
        _: Channel<Msg>,
        reply: ChannelOpenHandle,
        _: &mut Session,
    ) -> Result<(), Self::Error> {
        reply.accept().await;
        Ok(())
    }

    /// A shell reads it, as sshd has it.
    #[expect(clippy::disallowed_methods, reason = "this process is a peer of the test")]
    async fn exec_request(
        &mut self,
        channel: ChannelId,
        command: &[u8],
        session: &mut Session,
    ) -> Result<(), Self::Error> {
        let mut program = Command::new("sh")
            .args(["-c", &String::from_utf8_lossy(command)])
            .env("GIT_CONFIG_GLOBAL", "/dev/null")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()?;
        self.inputs.insert(channel, program.stdin.take().expect("its input"));
        session.channel_success(channel)?;
        self.programs.spawn(tell(program, session.handle(), channel));
        Ok(())
    }

    async fn data(
        &mut self,
        channel: ChannelId,
        data: &[u8],
        _: &mut Session,
    ) -> Result<(), Self::Error> {
        if let Some(input) = self.inputs.get_mut(&channel) {
            input.write_all(data).await?;
        }
        Ok(())
    }

    async fn channel_eof(
        &mut self,
        channel: ChannelId,
        _: &mut Session,
    ) -> Result<(), Self::Error> {
        self.inputs.remove(&channel);
        Ok(())
    }
}

/// An application that is asked for and refused: the field, or the kind of the problem.
async fn refused(app: &TestApp, at: &Place, build: Value) -> Result<String> {
    let mut spec = built("https://git.example.com/a");
    spec["build"] = build;
    let body = json!({
        "environment_id": at.environment.id, "destination_id": at.destination.id,
        "name": "other", "spec": spec,
    });
    let problem = app.owner.post("/v1/applications", body).await?.problem(422)?;
    Ok(problem.errors.first().context("a field")?.field.clone())
}

story! {
    /// A key of the team logs in where the host's key is the one that was named, and nowhere else.
    async fn a_repository_by_ssh(app) {
        let (at, git) = (place(app).await?, GitServer::start().await?);
        let commit = git.commit("main", &[("Dockerfile", RECIPE), ("a.txt", "by SSH")])?;
        let (key, other) = (app.owner.key("deploy").await?, app.owner.key("other").await?);
        let shown: Key = app.owner.get(&format!("/v1/keys/{key}")).await?.ok()?;
        let host = SshHost::start(&shown.public_key).await?;
        let url = host.url(&git.path());
        let build = |key: &str| json!({ "repository": url, "key_id": key, "host_key": host.fingerprint });

        assert_eq!(refused(app, &at, json!({ "repository": url })).await?, "spec.build.key_id");
        let by_http = json!({ "repository": git.url, "key_id": key });
        assert_eq!(refused(app, &at, by_http).await?, "spec.build.key_id");
        let by_http = json!({ "repository": git.url, "host_key": host.fingerprint });
        assert_eq!(refused(app, &at, by_http).await?, "spec.build.host_key");

        let mut spec = built(&url);
        spec["build"]["key_id"] = json!(key);
        let shop = app.add_application(&at, "shop", spec).await?;
        let failure = failed(app, &shop).await?;
        assert_eq!(failure.code, "repository-host-key");
        ensure!(failure.message.contains(&host.fingerprint), "{failure:?}");
        set_build(app, &shop, build(&other)).await?;
        assert_eq!(failed(app, &shop).await?.code, "repository-login");

        set_build(app, &shop, build(&key)).await?;
        let (_, made) = deploy(app, &shop).await?;
        assert_eq!(made.commit.context("a commit")?.id, commit);
        let image = at.engine.build_of(made.image.as_str()).context("a build")?;
        assert_eq!(image.files["a.txt"], "by SSH");

        let in_use = app.owner.delete(&format!("/v1/keys/{key}")).await?.problem(409)?;
        ensure!(in_use.kind.ends_with("key-in-use") && in_use.blockers == ["shop"], "{in_use:?}");
        let mut nowhere = build(&key);
        nowhere["repository"] = json!(host.url(Path::new("/nowhere.git")));
        set_build(app, &shop, nowhere).await?;
        let failure = failed(app, &shop).await?;
        ensure!(failure.message.contains("does not appear to be a git repository"), "{failure:?}");
    }
}

story! {
    /// Whoever manages a project, and no more than that, changes the rest of a build, and not where a key
    /// of the team logs in.
    async fn only_admins_say_where_a_key_logs_in(app) {
        let at = place(app).await?;
        let key = app.owner.key("deploy").await?;
        let build = |path: &str| json!({ "repository": format!("git@git.example.com:{path}"), "key_id": key });
        let mut spec = built("https://git.example.com/a");
        spec["build"] = build("shop.git");
        let shop = app.add_application(&at, "shop", spec.clone()).await?;
        let member = join(app, "member", Team::Same).await?;
        member.grant_in(app, shop.project_id.as_str(), Right::Manage).await?;
        member.grant(app, shop.server_id.as_str(), Right::Use).await?;
        let path = format!("/v1/applications/{}", shop.id);
        spec["build"]["folder"] = json!("api");
        let changed: Application = member.client.patch(&path, json!({ "spec": spec })).await?.ok()?;
        ensure!(changed.spec.build.is_some_and(|build| build.folder.as_str() == "api"));
        spec["build"] = build("payroll.git");
        let refused = member.client.patch(&path, json!({ "spec": spec })).await?;
        assert_eq!(refused.status, 403);
    }
}
