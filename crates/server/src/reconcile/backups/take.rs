//! From an engine to a storage: what its program says is packed and stored as it comes.

use std::time::Duration;

use futures_util::StreamExt;
use portolan_types::Failure;
use tokio::time::{Instant, timeout};

use super::{
    super::recorder::{OpenStep, Recorder, failure},
    pack::Packer,
    talk::{self, Complaint, Outcome},
};
use crate::{
    App, Error, amount,
    databases::backups::Asked,
    db::backup::Stored,
    host::{Dialer, Program, ProgramSaid},
    storages::object::{Object, Writer},
};

/// How long an engine may say nothing: it may sort a while before the first word.
const SILENCE: Duration = Duration::from_mins(10);

/// Takes a backup. Where it fails, pieces of it may be left.
pub(super) async fn take(
    (app, dialer): (&App, &dyn Dialer),
    recorder: &Recorder<'_>,
    (asked, object): (&Asked, &Object),
) -> Outcome<Stored> {
    let step = recorder.begin("reach").await?;
    let (host, container) = match talk::reach(app, dialer, asked).await? {
        Ok(found) => found,
        Err(failure) => return talk::fail(recorder, step, failure).await,
    };
    recorder.done(step, &format!("container `{}` runs", container.member.name)).await?;
    let step = recorder.begin("store").await?;
    let opened = host.open_program(&container.member.docker_id, &asked.way.take).await;
    let program = match opened {
        Ok(program) => program,
        Err(error) => {
            let failure = talk::of_host(asked, "run the engine's program", &error);
            return talk::fail(recorder, step, failure).await;
        }
    };
    let flow = Flow { recorder, step: &step, asked };
    match flow.run(program, object).await? {
        Ok((stored, taken)) => {
            let said = format!("{} of {} stored", amount::bytes(stored.size), amount::bytes(taken));
            recorder.done(step, &said).await?;
            Ok(Ok(stored))
        }
        Err(failure) => talk::fail(recorder, step, failure).await,
    }
}

/// One backup on its way.
struct Flow<'a> {
    recorder: &'a Recorder<'a>,
    step: &'a OpenStep,
    asked: &'a Asked,
}

impl Flow<'_> {
    /// Answers what was stored, and how many bytes the engine said.
    async fn run(&self, mut program: Program, object: &Object) -> Outcome<(Stored, u64)> {
        if let Err(error) = program.input.close().await {
            return Ok(Err(talk::of_host(self.asked, "run the engine's program", &error)));
        }
        let mut writer = match object.create().await {
            Ok(writer) => writer,
            Err(error) => return Ok(Err(talk::of_storage(self.asked, "begin a backup", &error))),
        };
        let (mut packer, mut complaint) = (Packer::new(), Complaint::default());
        let mut told = Instant::now();
        let code = loop {
            match self.next(&mut program).await {
                Ok(ProgramSaid::Ended(code)) => break code,
                Ok(ProgramSaid::Error(bytes)) => complaint.take(&bytes),
                Ok(ProgramSaid::Out(bytes)) => {
                    if let Err(failure) = self.store(&mut packer, &mut writer, &bytes).await {
                        return Ok(Err(failure));
                    }
                }
                Err(failure) => return Ok(Err(failure)),
            }
            if told.elapsed() >= talk::TOLD_EVERY {
                told = Instant::now();
                self.tell(&packer).await?;
            }
        };
        if code != 0 || packer.taken == 0 {
            return Ok(Err(refused(code, &complaint)));
        }
        Ok(self.finish(packer, writer).await)
    }

    async fn next(&self, program: &mut Program) -> Result<ProgramSaid, Failure> {
        let what = "the engine's program";
        let said = timeout(SILENCE, program.output.next()).await;
        match said.map_err(|_| talk::silent(what, SILENCE))? {
            Some(said) => said.map_err(|error| talk::of_host(self.asked, "hear it", &error)),
            None => Err(talk::silent(what, Duration::ZERO)),
        }
    }

    async fn store(
        &self,
        packer: &mut Packer,
        writer: &mut Writer,
        bytes: &[u8],
    ) -> Result<(), Failure> {
        let Some(part) = packer.take(bytes).map_err(|error| unpackable(&error))? else {
            return Ok(());
        };
        let written = writer.write(part).await;
        written.map_err(|error| talk::of_storage(self.asked, "write a backup", &error))
    }

    async fn finish(&self, packer: Packer, mut writer: Writer) -> Result<(Stored, u64), Failure> {
        let taken = packer.taken;
        let (rest, stored) = packer.finish().map_err(|error| unpackable(&error))?;
        let wrong = |error| talk::of_storage(self.asked, "write a backup", &error);
        writer.write(rest).await.map_err(wrong)?;
        writer.finish().await.map_err(wrong)?;
        Ok((stored, taken))
    }

    async fn tell(&self, packer: &Packer) -> Result<(), Error> {
        let (taken, stored) = (amount::bytes(packer.taken), amount::bytes(packer.handed()));
        self.recorder.say(self.step, &format!("{taken} read, {stored} stored")).await
    }
}

/// A program that ended well and said nothing has backed nothing up.
fn refused(code: i64, complaint: &Complaint) -> Failure {
    let words = complaint.words();
    failure(
        "backup-refused",
        format!("the engine's program ended with exit code {code}: {words}"),
        "see what the engine says of it, and take another one (`back_up_database`)",
    )
}

fn unpackable(error: &std::io::Error) -> Failure {
    failure("not-packed", format!("could not pack the backup: {error}"), "take another one")
}
