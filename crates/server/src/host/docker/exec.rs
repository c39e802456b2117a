//! Programs run in containers.

use bollard::models::ExecConfig;
use hyper::{Method, upgrade::Upgraded};
use hyper_util::rt::TokioIo;
use tokio::{
    io::{AsyncWriteExt, WriteHalf},
    time::{Instant, sleep},
};

use super::{
    super::{
        Exec, ExecOutput, HostError, Unfinished,
        engine::{Content, Engine},
        limits,
    },
    id::DockerId,
    output::{self, Output},
};

/// Without a word about upgrading, the engine answers with what the program says until it ends.
const START: &[u8] = br#"{"Detach":false,"Tty":false}"#;

pub(super) async fn run(
    engine: &Engine,
    docker_id: &str,
    exec: &Exec,
) -> Result<ExecOutput, HostError> {
    let config = ExecConfig {
        attach_stdout: Some(true),
        attach_stderr: Some(true),
        cmd: Some(exec.command.clone()),
        user: exec.user.clone(),
        env: Some(variables(&exec.environment)),
        ..ExecConfig::default()
    };
    let id = prepare(engine, docker_id, ("prepare a program in the container", config)).await?;
    let path = format!("/exec/{id}/start");
    let request = (Method::POST, path.as_str(), Content::Json(START.to_vec()));
    let mut heard = Output::apart();
    let into = &mut heard;
    let action = "see the program in the container end";
    let running = engine
        .converse(action, exec.within, request, move |body| output::read_into(engine, body, into));
    let ended = running.await;
    let said = heard.end();
    match ended {
        Err(HostError::Timeout { seconds, .. }) => return Err(ran_on(seconds, &said)),
        ended => ended?,
    }
    Ok(ExecOutput {
        exit_code: exit_code(engine, &id).await?,
        stdout: said.stdout(),
        stderr: said.stderr(),
        truncated: said.truncated(),
    })
}

fn ran_on(seconds: u64, said: &Output) -> HostError {
    let said =
        Unfinished { stdout: said.stdout(), stderr: said.stderr(), truncated: said.truncated() };
    HostError::RanOn { seconds, said: Box::new(said) }
}

/// As the engine takes them.
pub(super) fn variables(named: &[(String, String)]) -> Vec<String> {
    named.iter().map(|(name, value)| format!("{name}={value}")).collect()
}

/// Tells the engine which program it is to run; answers what the engine calls it.
pub(super) async fn prepare(
    engine: &Engine,
    docker_id: &str,
    (action, config): (&str, ExecConfig),
) -> Result<String, HostError> {
    let making = engine.docker().create_exec(DockerId::parse(docker_id)?.as_str(), config);
    let made = engine.ask(action, making).await?;
    Ok(DockerId::parse(&made.id)?.as_str().to_owned())
}

/// Writes to a program that was prepared and runs on this stream.
pub(super) async fn write(
    engine: &Engine,
    writer: &mut WriteHalf<TokioIo<Upgraded>>,
    bytes: &[u8],
) -> Result<(), HostError> {
    let written = async {
        writer.write_all(bytes).await?;
        writer.flush().await
    };
    written.await.map_err(|error| engine.failure(&error))
}

/// The engine learns of the end a moment after the outputs were closed.
pub(super) async fn exit_code(engine: &Engine, id: &str) -> Result<i64, HostError> {
    let deadline = Instant::now() + limits::EXIT_CODE;
    loop {
        let asking = engine.docker().inspect_exec(id);
        let exec = engine.ask("read how the program ended", asking).await?;
        match exec.exit_code {
            Some(code) if exec.running != Some(true) => return Ok(code),
            Some(_) | None if Instant::now() < deadline => sleep(limits::EXIT_CODE_PAUSE).await,
            Some(_) | None => {
                let action = "read how the program ended".to_owned();
                return Err(HostError::Timeout { action, seconds: limits::EXIT_CODE.as_secs() });
            }
        }
    }
}
