//! A program in a container that is spoken with: the engine runs it, and a stream carries both outputs in
//! frames, and its input without.

use async_trait::async_trait;
use bollard::models::ExecConfig;
use bytes::{Bytes, BytesMut};
use futures_util::{StreamExt, stream};
use hyper::upgrade::Upgraded;
use hyper_util::rt::TokioIo;
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt, ReadHalf, WriteHalf, split};

use super::{
    super::{HostError, Program, ProgramInput, ProgramSaid, engine::Engine, limits},
    exec::{exit_code, prepare, write},
    frames::Frames,
};

pub(super) async fn open(
    engine: &Engine,
    docker_id: &str,
    command: &[String],
) -> Result<Program, HostError> {
    let config = ExecConfig {
        attach_stdin: Some(true),
        attach_stdout: Some(true),
        attach_stderr: Some(true),
        cmd: Some(command.to_vec()),
        ..ExecConfig::default()
    };
    let id = prepare(engine, docker_id, ("prepare a program in the container", config)).await?;
    let start = json!({ "Detach": false, "Tty": false });
    let path = format!("/exec/{id}/start");
    let stream = engine.upgrade("run a program in the container", &path, &start).await?;
    let (reader, writer) = split(stream);
    let input = Input { engine: engine.clone(), writer };
    let frames = Frames::new(limits::LINES_FRAME);
    let output = Output { engine: engine.clone(), id, reader, frames };
    let output = stream::unfold(Some(output), |output| async {
        let mut output = output?;
        let said = output.next().await;
        let goes_on = matches!(said, Ok(ProgramSaid::Out(_) | ProgramSaid::Error(_)));
        Some((said, goes_on.then_some(output)))
    });
    Ok(Program { output: output.boxed(), input: Box::new(input) })
}

type Stream = TokioIo<Upgraded>;

/// What the program says. The connection lives as long as this or [`Input`].
struct Output {
    engine: Engine,
    id: String,
    reader: ReadHalf<Stream>,
    frames: Frames,
}

impl Output {
    async fn next(&mut self) -> Result<ProgramSaid, HostError> {
        loop {
            match self.frames.next()? {
                Some((2, bytes)) => return Ok(ProgramSaid::Error(bytes)),
                Some((_, bytes)) => return Ok(ProgramSaid::Out(bytes)),
                None => {}
            }
            let mut read = BytesMut::with_capacity(limits::TERMINAL_READ);
            match self.reader.read_buf(&mut read).await {
                Ok(0) => return self.ended().await,
                Ok(_) => self.frames.take(&read),
                Err(error) => return Err(self.engine.failure(&error)),
            }
        }
    }

    /// An end without an exit code is none: half of what it had to say may be missing.
    async fn ended(&mut self) -> Result<ProgramSaid, HostError> {
        if let Some(lost) = self.engine.connector().lost() {
            return Err(lost);
        }
        exit_code(&self.engine, &self.id).await.map(ProgramSaid::Ended)
    }
}

struct Input {
    engine: Engine,
    writer: WriteHalf<Stream>,
}

impl std::fmt::Debug for Input {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Input").finish_non_exhaustive()
    }
}

#[async_trait]
impl ProgramInput for Input {
    async fn write(&mut self, bytes: Bytes) -> Result<(), HostError> {
        write(&self.engine, &mut self.writer, &bytes).await
    }

    async fn close(&mut self) -> Result<(), HostError> {
        self.writer.shutdown().await.map_err(|error| self.engine.failure(&error))
    }
}
