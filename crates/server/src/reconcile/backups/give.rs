//! From a storage to an engine: nothing is touched before all of the backup was read and is what was
//! stored.

use std::time::Duration;

use bytes::Bytes;
use futures_util::{StreamExt, TryStreamExt, stream::BoxStream};
use portolan_types::Failure;
use tokio::time::{Instant, sleep, timeout};

use super::{
    super::recorder::{OpenStep, Recorder, failure},
    pack::{Seen, Unpacker},
    talk::{self, Complaint, Outcome},
};
use crate::{
    App, amount,
    databases::backups::Asked,
    host::{ContainerDetail, Dialer, Host, HostError, Program, ProgramInput, ProgramSaid},
    storages::object::{Object, StorageError},
};

/// How long an engine may take nothing more, and how long it may work on when it has all.
const SILENCE: Duration = Duration::from_mins(10);
const WORKS_ON: Duration = Duration::from_hours(6);
/// How long the one end may take when the other has ended.
const AT_THE_END: Duration = Duration::from_secs(10);
/// What became of a backup that an engine was given.
pub(super) const CORRUPT: &str = "backup-corrupt";
pub(super) const REFUSED: &str = "restore-refused";
pub(super) const NOT_READ: &str = "not-read";
/// What is waited for, and what is done with the storage, for people.
const PROGRAM: &str = "the engine's program";
const READ: &str = "read the backup";
/// How long it may write down what it has when it is stopped, may take until it answers again, and how
/// often it is asked.
const STOP_WITHIN: Duration = Duration::from_mins(1);
const ANSWERS_WITHIN: Duration = Duration::from_mins(10);
const PAUSE: Duration = Duration::from_millis(250);

pub(super) async fn give(
    (app, dialer): (&App, &dyn Dialer),
    recorder: &Recorder<'_>,
    (asked, object): (&Asked, &Object),
) -> Outcome<()> {
    let step = recorder.begin("check").await?;
    if let Err(failure) = check(asked, object).await {
        return talk::fail(recorder, step, failure).await;
    }
    recorder.done(step, "the backup is what was stored").await?;
    let step = recorder.begin("reach").await?;
    let (host, container) = match talk::reach(app, dialer, asked).await? {
        Ok(found) => found,
        Err(failure) => return talk::fail(recorder, step, failure).await,
    };
    recorder.done(step, &format!("container `{}` runs", container.member.name)).await?;
    let docker_id = container.member.docker_id.as_str();
    restore(recorder, (asked, object), (host.as_ref(), docker_id)).await
}

/// Lets the engine in a container read it, and start with it where it has to.
pub(super) async fn restore(
    recorder: &Recorder<'_>,
    (asked, object): (&Asked, &Object),
    (host, docker_id): (&dyn Host, &str),
) -> Outcome<()> {
    let step = recorder.begin("restore").await?;
    let opened = host.open_program(docker_id, &asked.way.restore).await;
    let fed = match opened {
        Ok(program) => feed(recorder, (&step, asked), (program, object)).await?,
        Err(error) => Err(talk::of_host(asked, "run the engine's program", &error)),
    };
    match fed {
        Ok(read) => recorder.done(step, &format!("{} given back", amount::bytes(read))).await?,
        Err(failure) => return talk::fail(recorder, step, failure).await,
    }
    if asked.way.restart {
        return restart(recorder, asked, (host, docker_id)).await;
    }
    Ok(Ok(()))
}

/// What lies in the storage is what was put there: all of it is read once, and nothing else is done.
pub(super) async fn check(asked: &Asked, object: &Object) -> Result<(), Failure> {
    let wrong = |error| talk::of_storage(asked, READ, &error);
    let mut parts = object.open().await.map_err(wrong)?;
    let mut seen = Seen::default();
    while let Some(part) = parts.try_next().await.map_err(wrong)? {
        seen.take(&part);
    }
    let (found, backup) = (seen.end(), &asked.backup);
    if (Some(found.size), Some(&found.sha256)) == (backup.size, backup.sha256.as_ref()) {
        return Ok(());
    }
    Err(failure(
        CORRUPT,
        format!(
            "what lies in storage `{}` is not what was stored: {} with the hash {}",
            backup.storage_name,
            amount::bytes(found.size),
            found.sha256
        ),
        "nothing was touched: restore another backup (`list_backups`)",
    ))
}

/// Lets the program read the backup, and hears how it ends. Answers how many bytes it read.
async fn feed(
    recorder: &Recorder<'_>,
    (step, asked): (&OpenStep, &Asked),
    (program, object): (Program, &Object),
) -> Outcome<u64> {
    let Program { mut output, input } = program;
    let parts = match object.open().await {
        Ok(parts) => parts,
        Err(error) => return Ok(Err(talk::of_storage(asked, READ, &error))),
    };
    let mut complaint = Complaint::default();
    let (written, ended) = {
        let writing = write(recorder, (step, asked), (parts, input));
        let hearing = hear(asked, &mut output, &mut complaint);
        tokio::pin!(writing, hearing);
        tokio::select! {
            ended = &mut hearing => {
                let written = timeout(AT_THE_END, &mut writing).await;
                (written.unwrap_or_else(|_| Ok(Err(not_read())))?, ended)
            }
            written = &mut writing => {
                let written = written?;
                let within = if written.is_ok() { WORKS_ON } else { AT_THE_END };
                let ended = timeout(within, &mut hearing).await;
                (written, ended.unwrap_or_else(|_| Err(talk::silent(PROGRAM, within))))
            }
        }
    };
    Ok(match (ended, written) {
        (Ok(0), written) => written,
        // A program says what it makes of half a backup; why it got half is told by the storage.
        (Ok(_), Err(failure)) if failure.code == talk::STORAGE_FAILED => Err(failure),
        (Ok(code), _) => Err(refused(asked, code, &complaint)),
        (Err(failure), _) => Err(failure),
    })
}

/// Writes all of it, and then that there is no more.
async fn write(
    recorder: &Recorder<'_>,
    (step, asked): (&OpenStep, &Asked),
    (mut parts, mut input): (
        BoxStream<'static, Result<Bytes, StorageError>>,
        Box<dyn ProgramInput>,
    ),
) -> Outcome<u64> {
    let (mut gzip, mut read, mut told) = (Unpacker::new(), 0_u64, Instant::now());
    while let Some(part) = parts.next().await {
        let part = match part {
            Ok(part) => part,
            Err(error) => return Ok(Err(talk::of_storage(asked, READ, &error))),
        };
        let unpacked = match gzip.take(&part) {
            Ok(unpacked) => unpacked,
            Err(error) => return Ok(Err(unreadable(&error))),
        };
        read += unpacked.len() as u64;
        if let Err(failure) = hand(asked, input.as_mut(), unpacked).await {
            return Ok(Err(failure));
        }
        if told.elapsed() >= talk::TOLD_EVERY {
            told = Instant::now();
            recorder.say(step, &format!("{} given back", amount::bytes(read))).await?;
        }
    }
    let rest = match gzip.finish() {
        Ok(rest) => rest,
        Err(error) => return Ok(Err(unreadable(&error))),
    };
    read += rest.len() as u64;
    if let Err(failure) = hand(asked, input.as_mut(), rest).await {
        return Ok(Err(failure));
    }
    // One that has ended by now had all of it.
    if let Err(error) = input.close().await {
        tracing::debug!(%error, "the input of a program could not be closed");
    }
    Ok(Ok(read))
}

async fn hand(asked: &Asked, input: &mut dyn ProgramInput, bytes: Bytes) -> Result<(), Failure> {
    if bytes.is_empty() {
        return Ok(());
    }
    let written = timeout(SILENCE, input.write(bytes)).await;
    let written = written.map_err(|_| talk::silent(PROGRAM, SILENCE))?;
    written.map_err(|error| talk::of_host(asked, "give the engine its backup", &error))
}

/// Listens until the program ends.
async fn hear(
    asked: &Asked,
    output: &mut BoxStream<'static, Result<ProgramSaid, HostError>>,
    complaint: &mut Complaint,
) -> Result<i64, Failure> {
    while let Some(said) = output.next().await {
        match said {
            Ok(ProgramSaid::Ended(code)) => return Ok(code),
            Ok(ProgramSaid::Error(bytes) | ProgramSaid::Out(bytes)) => complaint.take(&bytes),
            Err(error) => return Err(talk::of_host(asked, "hear the engine's program", &error)),
        }
    }
    Err(talk::silent(PROGRAM, Duration::ZERO))
}

fn refused(asked: &Asked, code: i64, complaint: &Complaint) -> Failure {
    let words = complaint.words();
    failure(
        REFUSED,
        format!("the engine's program ended with exit code {code}: {words}"),
        talk::again(asked.work),
    )
}

fn not_read() -> Failure {
    failure(
        NOT_READ,
        "the engine's program ended before it had read the whole backup",
        "restore it again (`restore_database`)",
    )
}

fn unreadable(error: &std::io::Error) -> Failure {
    failure(
        CORRUPT,
        format!("the backup could not be unpacked: {error}"),
        "restore another backup (`list_backups`)",
    )
}

/// The engine reads what was put there when it starts.
async fn restart(
    recorder: &Recorder<'_>,
    asked: &Asked,
    (host, docker_id): (&dyn Host, &str),
) -> Outcome<()> {
    let step = recorder.begin("restart").await?;
    if let Err(error) = host.restart_container(docker_id, STOP_WITHIN).await {
        let failure = Failure {
            remedy: Some("restart it, and it has what the backup has (`restart_database`)".into()),
            ..talk::of_host(asked, "restart the container", &error)
        };
        return talk::fail(recorder, step, failure).await;
    }
    match timeout(ANSWERS_WITHIN, answers(host, docker_id)).await {
        Ok(Ok(())) => recorder.done(step, "the engine answers").await?,
        Ok(Err(error)) => {
            let failure = talk::of_host(asked, "look at the container", &error);
            return talk::fail(recorder, step, failure).await;
        }
        Err(_) => {
            let failure = talk::silent("the engine", ANSWERS_WITHIN);
            return talk::fail(recorder, step, failure).await;
        }
    }
    Ok(Ok(()))
}

/// Asks until it is healthy; one without a health check is so as soon as it runs.
async fn answers(host: &dyn Host, docker_id: &str) -> Result<(), HostError> {
    loop {
        let found = host.find_container(docker_id).await?;
        let is_well = |one: &ContainerDetail| {
            one.is_running() && one.health.as_deref().is_none_or(|health| health == "healthy")
        };
        if found.as_ref().is_some_and(is_well) {
            return Ok(());
        }
        sleep(PAUSE).await;
    }
}
