//! A program of a fake container that is spoken with: it reads all of its input, and then says what the
//! test lets it say.

use std::{fmt, sync::Arc};

use async_trait::async_trait;
use bytes::Bytes;
use futures_util::{StreamExt, stream};
use tokio::sync::{mpsc, oneshot};

use super::{FakeEngine, lost};
use crate::host::{HostError, Program, ProgramInput, ProgramSaid};

/// What is said at a time.
const PIECE: usize = 32 << 10;

/// What a program does, in the container of this name.
type Act = dyn Fn(&str, &[String], Vec<u8>) -> FakeSaid + Send + Sync;

/// What programs do that are spoken with.
#[derive(Clone)]
pub struct FakePrograms(pub(super) Arc<Act>);

impl FakePrograms {
    pub fn new(act: impl Fn(&str, &[String], Vec<u8>) -> FakeSaid + Send + Sync + 'static) -> Self {
        Self(Arc::new(act))
    }
}

impl fmt::Debug for FakePrograms {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("FakePrograms")
    }
}

/// All that a program says.
#[derive(Debug, Clone, Default)]
pub struct FakeSaid {
    pub out: Vec<u8>,
    pub error: Vec<u8>,
    pub exit_code: i64,
    /// Says nothing more after its outputs, and does not end.
    pub hangs: bool,
}

/// One that does nothing where the test lets it do nothing.
pub(super) fn open(
    engine: &Arc<FakeEngine>,
    (container, command): (String, Vec<String>),
    act: Option<FakePrograms>,
) -> Program {
    let (written, mut read) = mpsc::channel::<Bytes>(4);
    let (say, said) = oneshot::channel();
    let mut up = engine.up.subscribe();
    tokio::spawn(async move {
        let mut input = Vec::new();
        while let Some(bytes) = read.recv().await {
            input.extend_from_slice(&bytes);
        }
        let does = act.map(|FakePrograms(act)| act(&container, &command, input));
        drop(say.send(does.unwrap_or_default()));
    });
    let output = stream::once(async move {
        tokio::select! {
            said = said => said.map_err(|_| lost()),
            _ = up.wait_for(|up| !up) => Err(lost()),
        }
    });
    let output = output.flat_map(|said| stream::iter(pieces(said)).chain(stream::once(never())));
    let output = output.filter_map(std::future::ready);
    let input = Input { written: Some(written) };
    Program { output: output.boxed(), input: Box::new(input) }
}

/// After its end nothing is asked for any more; before it, a program that hangs is waited for.
async fn never() -> Option<Result<ProgramSaid, HostError>> {
    std::future::pending().await
}

type Said = Option<Result<ProgramSaid, HostError>>;

fn pieces(said: Result<FakeSaid, HostError>) -> Vec<Said> {
    let said = match said {
        Ok(said) => said,
        Err(error) => return vec![Some(Err(error))],
    };
    let piece = |bytes: &[u8]| Bytes::copy_from_slice(bytes);
    let error = said.error.chunks(PIECE).map(|one| ProgramSaid::Error(piece(one)));
    let out = said.out.chunks(PIECE).map(|one| ProgramSaid::Out(piece(one)));
    let ended = (!said.hangs).then_some(ProgramSaid::Ended(said.exit_code));
    error.chain(out).chain(ended).map(|one| Some(Ok(one))).collect()
}

#[derive(Debug)]
struct Input {
    written: Option<mpsc::Sender<Bytes>>,
}

#[async_trait]
impl ProgramInput for Input {
    async fn write(&mut self, bytes: Bytes) -> Result<(), HostError> {
        let Some(written) = &self.written else { return Err(lost()) };
        written.send(bytes).await.map_err(|_| lost())
    }

    async fn close(&mut self) -> Result<(), HostError> {
        self.written = None;
        Ok(())
    }
}
