//! `portolan notifier`, from what was typed to what is done.

use std::path::Path;

use portolan_types::{
    CreateNotifier, NewTarget, NotifierState, Topic, Topics, UpdateNotifier, WebhookSecret,
    WebhookUrl,
};
use secrecy::ExposeSecret;

use crate::{
    ask::read_secret,
    cli::{AddNotifierArgs, EditNotifierArgs, NotifierCommand},
    client::Client,
    commands::notifier,
    failure::Outcome,
    printer::Printer,
};

pub(super) async fn run(
    client: &Client,
    printer: &Printer,
    command: NotifierCommand,
) -> anyhow::Result<Outcome> {
    match command {
        NotifierCommand::List(list) => notifier::list(client, printer, list.into()).await?,
        NotifierCommand::Show { notifier } => notifier::show(client, printer, &notifier).await?,
        NotifierCommand::Add(args) => notifier::add(client, printer, &new(args)?).await?,
        NotifierCommand::Edit(args) => {
            let wanted = args.notifier.clone();
            notifier::edit(client, printer, &wanted, &change(args)?).await?;
        }
        NotifierCommand::Remove { notifier, consent } => {
            notifier::remove(client, printer, &notifier, consent.into()).await?;
        }
        NotifierCommand::Test { notifier } => {
            return notifier::test(client, printer, &notifier).await;
        }
        NotifierCommand::Deliveries { notifier, list } => {
            notifier::deliveries(client, printer, &notifier, list.into()).await?;
        }
    }
    Ok(Outcome::Done)
}

fn new(args: AddNotifierArgs) -> anyhow::Result<CreateNotifier> {
    let url = match args.webhook_file {
        Some(file) => Some(url(&file)?),
        None => args.webhook,
    };
    let target = match url {
        Some(url) => {
            let secret = args.secret_file.as_deref().map(secret).transpose()?;
            NewTarget::Webhook { url, secret }
        }
        None => NewTarget::Email { to: args.email },
    };
    Ok(CreateNotifier {
        name: args.name,
        target,
        topics: topics(args.topics)?.unwrap_or_default(),
        min_severity: args.min_severity,
        quiet_seconds: args.quiet_seconds,
        grace_seconds: args.grace_seconds,
    })
}

fn change(args: EditNotifierArgs) -> anyhow::Result<UpdateNotifier> {
    Ok(UpdateNotifier {
        name: args.rename,
        url: args.webhook_file.as_deref().map(url).transpose()?,
        secret: args.secret_file.as_deref().map(secret).transpose()?,
        to: (!args.email.is_empty()).then_some(args.email),
        topics: topics(args.topics)?,
        min_severity: args.min_severity,
        quiet_seconds: args.quiet_seconds,
        grace_seconds: args.grace_seconds,
        state: match (args.pause, args.resume) {
            (true, _) => Some(NotifierState::Paused),
            (false, true) => Some(NotifierState::Active),
            (false, false) => None,
        },
    })
}

fn topics(topics: Vec<Topic>) -> anyhow::Result<Option<Topics>> {
    if topics.is_empty() { Ok(None) } else { Ok(Some(topics.try_into()?)) }
}

fn url(file: &Path) -> anyhow::Result<WebhookUrl> {
    Ok(read_secret(file)?.expose_secret().parse()?)
}

fn secret(file: &Path) -> anyhow::Result<WebhookSecret> {
    Ok(read_secret(file)?.expose_secret().parse()?)
}
