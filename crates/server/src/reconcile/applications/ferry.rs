//! Volumes that are carried beside the keeper's looks: begun, followed, gone on with where a connection was
//! lost, and what is told of it. How they are carried is in `carry`.

use std::time::Duration;

use portolan_types::{Failure, MovedVolume};

use super::{
    super::{
        beside::Stage,
        recorder::{failure, host_failure},
        work::Halt,
    },
    carry,
    job::Job,
};

/// How often a copy is gone on with that was broken off, and how long after.
const TRIES: u32 = 60;
const PAUSE: Duration = Duration::from_secs(2);

/// What was carried and read back; `None` while it is under way. The load is asked for where it is begun.
pub(super) async fn carried(
    job: &mut Job<'_>,
    load: impl Future<Output = Result<carry::Load, Halt>>,
    again: &str,
) -> Result<Option<Vec<MovedVolume>>, Halt> {
    let key = format!("carry:{}", job.recorder.id);
    job.enter("copy").await?;
    match job.carries.stage(&key) {
        Stage::UnderWay => {
            let words = job.open.carried.as_ref().map(carry::Progress::words).unwrap_or_default();
            job.say(&words).await?;
        }
        Stage::Ended(Ok(volumes)) => {
            job.leave(&told(&volumes)).await?;
            return Ok(Some(volumes));
        }
        Stage::Ended(Err(failed)) if !failed.is_lost() || job.open.tries >= TRIES => {
            return Err(refused(failed, again).into());
        }
        Stage::Idle | Stage::Ended(Err(_)) => begin(job, &key, load.await?),
    }
    Ok(None)
}

fn told(volumes: &[MovedVolume]) -> String {
    let bytes: u64 = volumes.iter().map(|one| one.bytes).sum();
    let hashes = volumes.iter().map(|one| format!("`{}` is {} on both", one.name, one.sha256));
    let hashes = hashes.collect::<Vec<_>>().join(", ");
    format!("{bytes} bytes are there, and were read back: {hashes}")
}

fn begin(job: &mut Job<'_>, key: &str, load: carry::Load) {
    let (progress, bell) = (carry::Progress::default(), job.carries.bell());
    let dialer = job.scene.around.dialer.clone();
    let carrying = carry::carry(dialer, load, (progress.clone(), bell));
    let pause = if job.open.tries == 0 { Duration::ZERO } else { PAUSE };
    job.carries.begin(key, async move {
        tokio::time::sleep(pause).await;
        Box::pin(carrying).await
    });
    job.open.tries += 1;
    job.open.carried = Some(progress);
}

fn refused(failed: carry::Failed, again: &str) -> Failure {
    match failed {
        carry::Failed::Host { server, error } => host_failure("copy volumes", &server, &error),
        carry::Failed::Unreadable { server, volume, why } => failure(
            "volume-unreadable",
            format!("volume `{volume}` on server `{server}` could not be copied: {why}"),
            format!(
                "what served before goes on; copy it by hand, or leave that volume out, and {again}"
            ),
        ),
        carry::Failed::Beside { volume, path } => failure(
            "volume-not-empty",
            format!("volume `{volume}` has something at its new place that was not sent: {path}"),
            format!("remove that volume there, and {again}"),
        ),
        carry::Failed::Differs { volume } => failure(
            "volume-differs",
            format!("volume `{volume}` did not become the same at its new place"),
            format!("see that nothing else writes to it, and {again}"),
        ),
        carry::Failed::Runs { container } => failure(
            "original-runs",
            format!("container `{container}` runs, and may write to what is being copied"),
            format!("stop it (`stop_application`), {again}, and start it afterwards"),
        ),
    }
}
