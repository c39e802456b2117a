//! `portolan app hook`.

use portolan_types::{Application, CreatedHook, Hook};
use serde_json::json;

use crate::{
    ask::{Consent, confirm},
    client::Client,
    find::{Reference, find},
    printer::{Details, Line, Printer},
    words::since,
};

fn path(application: &Application) -> String {
    format!("/v1/applications/{}/hook", application.id)
}

pub(crate) async fn show(
    client: &Client,
    printer: &Printer,
    wanted: &Reference,
) -> anyhow::Result<()> {
    let application: Application = find(client, wanted).await?;
    let hook: Hook = client.get(&path(&application), &[]).await?;
    printer.one(&hook, |hook| details(client, hook))?;
    Ok(())
}

fn details(client: &Client, hook: &Hook) -> Details {
    Details::default()
        .row("address", client.url().join(&hook.path))
        .row("token", hook.token_id.as_str())
        .row("made", since(hook.created_at))
        .maybe("called", hook.called_at.map(since))
        .maybe("outcome", hook.outcome.as_deref())
}

pub(crate) async fn create(
    client: &Client,
    printer: &Printer,
    wanted: &Reference,
) -> anyhow::Result<()> {
    let application: Application = find(client, wanted).await?;
    let made: CreatedHook = client.create(&path(&application), &json!({})).await?;
    printer.one(&made, |made| details(client, &made.hook).row("secret", made.secret.as_str()))?;
    Ok(())
}

pub(crate) async fn remove(
    client: &Client,
    printer: &Printer,
    wanted: &Reference,
    consent: Consent,
) -> anyhow::Result<()> {
    let application: Application = find(client, wanted).await?;
    let question = format!("remove the hook of `{}`? Pushes deploy it no more.", application.name);
    confirm(printer, consent, &question)?;
    let () = client.remove(&path(&application), &[]).await?;
    printer.say(&Line::plain(format!("removed the hook of `{}`", application.name)));
    Ok(())
}
