//! A terminal in a container: a program that the engine runs in it, and the stream that both speak on.

use async_trait::async_trait;
use bollard::models::ExecConfig;
use bytes::{Bytes, BytesMut};
use futures_util::{StreamExt, stream};
use hyper::upgrade::Upgraded;
use hyper_util::rt::TokioIo;
use portolan_types::TerminalSize;
use serde_json::json;
use tokio::io::{AsyncReadExt, ReadHalf, WriteHalf, split};

use super::{
    super::{
        HostError, Shell, ShellEnd, ShellInput, ShellSaid, TerminalProgram, engine::Engine, limits,
        shell::TERM,
    },
    exec::{exit_code, prepare, variables, write},
};

pub(super) async fn open(
    engine: &Engine,
    docker_id: &str,
    program: &TerminalProgram,
    size: TerminalSize,
) -> Result<Shell, HostError> {
    let config = ExecConfig {
        attach_stdin: Some(true),
        attach_stdout: Some(true),
        attach_stderr: Some(true),
        tty: Some(true),
        cmd: Some(program.command.clone()),
        user: program.user.clone(),
        env: Some([vec![format!("TERM={TERM}")], variables(&program.environment)].concat()),
        ..ExecConfig::default()
    };
    let id = prepare(engine, docker_id, ("prepare a terminal in the container", config)).await?;
    // Engines before 23 do not read the size here: they are told by the call that follows.
    let (columns, rows) = (size.columns.get(), size.rows.get());
    let start = json!({ "Detach": false, "Tty": true, "ConsoleSize": [rows, columns] });
    let path = format!("/exec/{id}/start");
    let stream = engine.upgrade("open a terminal in the container", &path, &start).await?;
    let (reader, writer) = split(stream);
    let mut input = Input { engine: engine.clone(), id: id.clone(), writer };
    input.resize(size).await?;
    let output = Output { engine: engine.clone(), id, reader };
    let output = stream::unfold(Some(output), |output| async {
        let mut output = output?;
        let said = output.next().await;
        let goes_on = matches!(said, Ok(ShellSaid::Bytes(_)));
        Some((said, goes_on.then_some(output)))
    });
    Ok(Shell { output: output.boxed(), input: Box::new(input) })
}

type Stream = TokioIo<Upgraded>;

/// What the program says. The connection lives as long as this or [`Input`].
struct Output {
    engine: Engine,
    id: String,
    reader: ReadHalf<Stream>,
}

impl Output {
    async fn next(&mut self) -> Result<ShellSaid, HostError> {
        let mut read = BytesMut::with_capacity(limits::TERMINAL_READ);
        match self.reader.read_buf(&mut read).await {
            Ok(0) => self.ended().await,
            Ok(_) => Ok(ShellSaid::Bytes(read.freeze())),
            Err(error) => Err(self.engine.failure(&error)),
        }
    }

    /// What ended with its container has no exit code that anybody knows.
    async fn ended(&mut self) -> Result<ShellSaid, HostError> {
        if let Some(lost) = self.engine.connector().lost() {
            return Err(lost);
        }
        let exit_status = match exit_code(&self.engine, &self.id).await {
            Ok(code) => u32::try_from(code).ok(),
            Err(error) => {
                tracing::debug!(%error, "could not read how a program in a terminal ended");
                None
            }
        };
        Ok(ShellSaid::Ended(ShellEnd { exit_status, signal: None }))
    }
}

struct Input {
    engine: Engine,
    id: String,
    writer: WriteHalf<Stream>,
}

impl std::fmt::Debug for Input {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Input").field("id", &self.id).finish_non_exhaustive()
    }
}

#[async_trait]
impl ShellInput for Input {
    async fn write(&mut self, bytes: Bytes) -> Result<(), HostError> {
        write(&self.engine, &mut self.writer, &bytes).await
    }

    /// It is a call beside the stream: where the person does not read it has to wait, and the program
    /// goes on in its old size.
    async fn resize(&mut self, size: TerminalSize) -> Result<(), HostError> {
        let (columns, rows) = (size.columns.get(), size.rows.get());
        let path = format!("/exec/{}/resize?h={rows}&w={columns}", self.id);
        let action = "tell the program how large its terminal is";
        let told = self.engine.post_within(limits::RESIZE, action, &path, &json!({})).await;
        match told {
            Err(lost @ HostError::Lost { .. }) => Err(lost),
            Err(error) => {
                tracing::debug!(%error, "a program in a terminal keeps its size");
                Ok(())
            }
            Ok(()) => Ok(()),
        }
    }
}
