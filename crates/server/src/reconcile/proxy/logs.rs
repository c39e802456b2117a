//! What a proxy said, for those who ask.

use portolan_types::{OperationKind, OperationResult, ReadProxyLogs};

use super::{
    super::{
        PassError,
        recorder::{Recorder, failure},
        work::{self, Halt},
    },
    Scene,
    definition::is_ours,
    job::halt,
};
use crate::{db::operation::Waiting, host::LogQuery};

/// Most bytes of logs that are kept in an operation.
const MOST: usize = 512 << 10;

pub(super) async fn run(scene: &Scene<'_>, waiting: &[Waiting]) -> Result<(), PassError> {
    for task in work::of_kinds(waiting, &[OperationKind::ReadProxyLogs]) {
        let Some(recorder) = Recorder::start(scene.app, task.kind, &task.id).await? else {
            continue;
        };
        let asked = task.input.as_deref().and_then(|text| serde_json::from_str(text).ok());
        let step = recorder.begin("read").await?;
        match read(scene, asked.unwrap_or_default()).await {
            Ok(text) => {
                recorder.done(step, &format!("{} lines", text.lines().count())).await?;
                let result = OperationResult::ProxyLogs { text };
                recorder.conclude(None, Some(&result)).await?;
            }
            Err(Halt::Refused(failure)) => {
                recorder.fail(step, &failure).await?;
                recorder.conclude(Some(&failure), None).await?;
            }
            Err(Halt::Pass(error)) => return Err(error),
        }
    }
    Ok(())
}

async fn read(scene: &Scene<'_>, asked: ReadProxyLogs) -> Result<String, Halt> {
    let action = "read the proxy's logs";
    let found = scene.container().await.map_err(|error| halt(scene, &error, action))?;
    let Some(found) = found.filter(|found| is_ours(scene, found)) else {
        let message = format!("server `{}` has no container of a proxy", scene.server_name());
        return Err(failure("no-proxy", message, "start it (`start_proxy`)").into());
    };
    let query = LogQuery { lines: asked.lines, since: None, timestamps: true };
    let text = scene.host.container_logs(&found.member.docker_id, &query).await;
    Ok(end_of(text.map_err(|error| halt(scene, &error, action))?))
}

/// The last whole lines that are kept.
fn end_of(text: String) -> String {
    let Some(cut) = text.len().checked_sub(MOST).filter(|cut| *cut > 0) else { return text };
    let rest = text.as_bytes()[cut..].iter().position(|byte| *byte == b'\n');
    rest.map_or_else(String::new, |at| text[cut + at + 1..].to_owned())
}
