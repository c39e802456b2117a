//! What an act on a proxy would do: what it interrupts, for how long, and what is against it. The
//! same checks as the act itself, against what is stored; no host is asked, and nothing is changed.

use portolan_types::{
    Affected, Failure, MemberKind, Preview, Proxy, Route, Server, ServerId, SetProxy, Timestamp,
};

use super::{Removal, check, check_no_routes, check_stays, has_none, wanted};
use crate::{
    Actor, App, Error, db,
    destinations::{
        check_usable,
        preview::{as_failure, going_dark, refused},
    },
    reconcile, servers,
};

/// What is done with a proxy that is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Act {
    Stop,
    Restart,
    Upgrade,
}

/// What is interrupted, and until when.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Interruption {
    None,
    /// The new one listens as soon as the old one has let go.
    UntilTheNewOne,
    UntilItIsBack,
    UntilItIsStarted,
    UntilThereIsAnother,
}

impl Interruption {
    const fn of(act: Act) -> Self {
        match act {
            Act::Stop => Self::UntilItIsStarted,
            Act::Restart => Self::UntilItIsBack,
            Act::Upgrade => Self::UntilTheNewOne,
        }
    }

    /// What happens to the container that serves.
    const fn effect(self) -> &'static str {
        match self {
            Self::None => "goes on",
            Self::UntilTheNewOne => {
                "is replaced: nothing answers until the new one does, most often a few seconds"
            }
            Self::UntilItIsBack => {
                "is restarted: nothing answers until it does again, most often a few seconds"
            }
            Self::UntilItIsStarted => "is stopped: nothing answers until somebody starts it",
            Self::UntilThereIsAnother => {
                "is removed: nothing answers until the server has a proxy again"
            }
        }
    }
}

/// What is looked at.
struct Scene {
    server: Server,
    proxy: Option<Proxy>,
    routes: Vec<Route>,
}

async fn scene(app: &App, actor: &Actor, id: &ServerId) -> Result<Scene, Error> {
    let mut conn = app.db.acquire().await?;
    let server = servers::find(&mut conn, actor, id).await?;
    let proxy = db::proxy::find(&mut conn, actor.team_id(), id).await?;
    let routes = reconcile::routes_of(&mut conn, &server).await?;
    Ok(Scene { server, proxy, routes: routes.into_iter().map(|row| row.route).collect() })
}

/// What giving a server this proxy would do.
pub async fn set(
    app: &App,
    actor: &Actor,
    id: &ServerId,
    input: SetProxy,
) -> Result<Preview, Error> {
    let scene = scene(app, actor, id).await?;
    let checks = [
        check(&input),
        check_usable(&scene.server),
        scene.proxy.as_ref().map_or(Ok(()), check_stays),
    ];
    let refusals = refusals(checks)?;
    let new = wanted(&scene.server, input, scene.proxy.as_ref(), None);
    let interruption = match &scene.proxy {
        Some(before) if reconcile::is_another_proxy(before, &new) => Interruption::UntilTheNewOne,
        Some(_) | None => Interruption::None,
    };
    let steps = setting_steps(&scene, &new, interruption);
    Ok(preview(&scene, steps, interruption, refusals))
}

fn setting_steps(scene: &Scene, new: &Proxy, interruption: Interruption) -> Vec<String> {
    let server = &scene.server.name;
    let mut steps = vec![format!("fetch image `{}`, where it is not on the host", new.image)];
    steps.push("let it read its configuration before anything else is touched".to_owned());
    steps.push(match (&scene.proxy, interruption) {
        (None, _) => format!("make the proxy of server `{server}`"),
        (Some(_), Interruption::None) => "put the configuration into it while it runs".to_owned(),
        (Some(_), _) => format!(
            "replace the proxy of server `{server}`; the old one comes back when the new one does \
             not answer"
        ),
    });
    let (http, https) = (new.http_port, new.https_port);
    let moved = scene
        .proxy
        .as_ref()
        .is_some_and(|before| (before.http_port, before.https_port) != (http, https));
    if moved {
        steps.push(format!("answer at ports {http} and {https} from then on"));
    }
    steps
}

/// What stopping, restarting or upgrading would do.
pub async fn act(app: &App, actor: &Actor, id: &ServerId, act: Act) -> Result<Preview, Error> {
    let scene = scene(app, actor, id).await?;
    let proxy = there(&scene)?;
    let refusals = refusals([check_stays(proxy), check_usable(&scene.server)])?;
    let name = &scene.server.name;
    let step = match act {
        Act::Stop => format!("stop the proxy of server `{name}`"),
        Act::Restart => format!("restart the proxy of server `{name}`"),
        Act::Upgrade => {
            format!("fetch the newest `{}`, check it, and replace the proxy by it", proxy.image)
        }
    };
    Ok(preview(&scene, vec![step], Interruption::of(act), refusals))
}

/// What removing the proxy would do.
pub async fn remove(
    app: &App,
    actor: &Actor,
    id: &ServerId,
    removal: Removal,
) -> Result<Preview, Error> {
    let scene = scene(app, actor, id).await?;
    there(&scene)?;
    let routes = match removal {
        Removal::WithoutRoutes => {
            check_no_routes(&mut *app.db.acquire().await?, &scene.server).await
        }
        Removal::Anyway => Ok(()),
    };
    let refusals = refusals([check_usable(&scene.server), routes])?;
    let steps = vec![
        format!("remove the proxy of server `{}`, and its own network", scene.server.name),
        "leave its volume on the host, with certificates in it".to_owned(),
    ];
    Ok(preview(&scene, steps, Interruption::UntilThereIsAnother, refusals))
}

/// Nothing can be done with a proxy that is not there.
fn there(scene: &Scene) -> Result<&Proxy, Error> {
    scene.proxy.as_ref().ok_or_else(|| has_none(&scene.server))
}

/// What is against it. What is no refusal stays an error.
fn refusals(checks: impl IntoIterator<Item = Result<(), Error>>) -> Result<Vec<Failure>, Error> {
    checks.into_iter().filter_map(Result::err).map(as_failure).collect()
}

fn preview(
    scene: &Scene,
    steps: Vec<String>,
    interruption: Interruption,
    refusals: Vec<Failure>,
) -> Preview {
    let observed = scene.proxy.as_ref().and_then(|proxy| proxy.observed.as_ref());
    let as_of = observed.map_or_else(Timestamp::now, |observed| observed.inspected_at);
    if interruption == Interruption::None {
        return Preview { steps, ..refused(as_of, refusals) };
    }
    let affected = observed.map(|observed| Affected {
        kind: MemberKind::Proxy,
        id: observed.docker_id.clone(),
        name: reconcile::PROXY_CONTAINER.to_owned(),
        state: observed.status.clone(),
        effect: interruption.effect().to_owned(),
    });
    Preview {
        steps,
        affected: affected.into_iter().collect(),
        dark_routes: going_dark(&scene.routes),
        ..refused(as_of, refusals)
    }
}
