//! `portolan stack`: Compose files applied, shown and removed.
//!
//! Owns the order: what would be done is seen first, then it is asked for, and the work on each service is
//! followed to its end. What a file means, the control plane says.

use std::path::{Path, PathBuf};

use portolan_types::{
    Alias, ApplicationName, ApplyStack, ComposeFile, CreateStack, Destination, Environment, Key,
    Name, Operation, Preview, RepositoryPath, SetStackVariable, Stack, StackApplied, StackFile,
    StackRepository, StackService, VariableName,
};

use super::{
    application::{remove::Volumes, state_span, variables},
    manner::Manner,
    operation::accompany_subject,
    preview::{Doomed, agree, say_steps, show as show_preview},
};
use crate::{
    ask::{Consent, Run, confirm_by_name, read_text},
    client::Client,
    control_plane::compose_files_named,
    failure::{Failure, Outcome},
    find::{Reference, find, find_any, search},
    list::{Listing, collect},
    printer::{Details, Format, Line, Printer, Span, Table},
    watch::Wait,
    words::since,
};

mod files;
pub(super) mod found;

pub(crate) async fn list(
    client: &Client,
    printer: &Printer,
    environment: Option<&Reference>,
    listing: Listing,
) -> anyhow::Result<()> {
    let environment: Option<Environment> = find_any(client, environment).await?;
    let filters: Vec<_> =
        environment.into_iter().map(|one| ("environment_id", one.id.to_string())).collect();
    let page = collect(client, "/v1/stacks", &filters, listing).await?;
    let when_empty =
        "no stacks: make one with `portolan stack apply NAME --environment PROJECT/NAME`";
    printer.page(&page, table, when_empty)?;
    Ok(())
}

fn table(stacks: &[Stack]) -> Table {
    let header = &["PROJECT", "ENVIRONMENT", "NAME", "SERVICES", "DESTINATION", "APPLIED", "ID"];
    Table::new(header).yielding(&["APPLIED", "DESTINATION"]).with(stacks.iter().map(|one| {
        let up = one.services.iter().filter(|service| service.state.is_up()).count();
        vec![
            Span::plain(one.project_name.as_str()),
            Span::plain(one.environment_name.as_str()),
            Span::plain(one.name.as_str()),
            Span::plain(format!("{up} of {} up", one.services.len())),
            Span::or_dash(one.destination_name.as_ref().map(Name::as_str)),
            Span::plain(since(one.updated_at)),
            Span::plain(one.id.as_str()),
        ]
    }))
}

/// Lists have no file in them.
async fn whole(client: &Client, wanted: &Reference) -> anyhow::Result<Stack> {
    let found: Stack = find(client, wanted).await?;
    Ok(client.get(&path(&found), &[]).await?)
}

fn path(stack: &Stack) -> String {
    format!("/v1/stacks/{}", stack.id)
}

pub(crate) async fn show(
    client: &Client,
    printer: &Printer,
    wanted: &Reference,
) -> anyhow::Result<()> {
    let stack = whole(client, wanted).await?;
    printer.one(&stack, details)?;
    if printer.format() == Format::Text {
        printer.table(&services(&stack.services))?;
    }
    Ok(())
}

fn details(one: &Stack) -> Details {
    let networks = one.networks.iter().map(|network| {
        let services: Vec<&str> = network.services.iter().map(Alias::as_str).collect();
        format!("{} ({}): {}", network.name, network.network, services.join(", "))
    });
    let networks: Vec<String> = networks.collect();
    let visits = one.visits.iter().map(|visit| {
        let services: Vec<&str> = visit.services.iter().map(Alias::as_str).collect();
        format!("{}: {}", visit.network, services.join(", "))
    });
    let visits: Vec<String> = visits.collect();
    let files = one.source.as_ref().map(|source| {
        let names: Vec<&str> = source.files.iter().map(RepositoryPath::as_str).collect();
        names.join("\n")
    });
    let notices = one.source.as_ref().map(|source| source.notices.join("\n"));
    Details::default()
        .row("name", one.name.as_str())
        .row("id", one.id.as_str())
        .row("project", one.project_name.as_str())
        .row("environment", one.environment_name.as_str())
        .maybe("destination", one.destination_name.as_ref().map(Name::as_str))
        .maybe("server", one.server_name.as_ref().map(Name::as_str))
        .row("state", one.state.as_str())
        .maybe("networks", Some(networks.join("\n")).filter(|text| !text.is_empty()))
        .maybe("also on", Some(visits.join("\n")).filter(|text| !text.is_empty()))
        .maybe("files along", files.filter(|text| !text.is_empty()))
        .maybe("to know", notices.filter(|text| !text.is_empty()))
}

fn services(services: &[StackService]) -> Table {
    let header = &["SERVICE", "STATE", "APPLICATION", "IMAGE", "WAITS FOR"];
    Table::new(header).yielding(&["WAITS FOR", "IMAGE"]).with(services.iter().map(|one| {
        let needs: Vec<&str> = one.needs.iter().map(Alias::as_str).collect();
        let needs = Some(needs.join(", ")).filter(|text| !text.is_empty());
        vec![
            Span::plain(one.name.as_str()),
            state_span(one.state),
            Span::plain(one.application_name.as_str()),
            Span::plain(one.image.as_str()),
            Span::or_dash(needs),
        ]
    }))
}

/// The file is data, as it was given.
pub(crate) async fn file(
    client: &Client,
    printer: &Printer,
    wanted: &Reference,
) -> anyhow::Result<()> {
    let stack = whole(client, wanted).await?;
    if printer.format() == Format::Json {
        printer.json(&stack.source)?;
    } else if let Some(source) = &stack.source {
        source.file.as_str().lines().try_for_each(|line| printer.line(line))?;
    }
    Ok(())
}

/// A stack as it is to be.
#[derive(Debug)]
pub(crate) struct Described {
    pub(crate) name: ApplicationName,
    pub(crate) file: Option<PathBuf>,
    pub(crate) environment: Option<Reference>,
    pub(crate) destination: Option<Reference>,
    pub(crate) typed: Vec<SetStackVariable>,
    pub(crate) unset: Vec<VariableName>,
    pub(crate) env_file: Option<PathBuf>,
    pub(crate) secret_file: Option<PathBuf>,
    pub(crate) repository: Option<StackRepository>,
    /// The key that logs in to it.
    pub(crate) git_key: Option<Reference>,
}

impl Described {
    /// Those of files, and then those that were typed.
    fn variables(&mut self) -> anyhow::Result<Vec<SetStackVariable>> {
        let mut all = Vec::new();
        for (file, secret) in [(&self.env_file, false), (&self.secret_file, true)] {
            let Some(file) = file else { continue };
            let read = variables::from_file(file)?.into_iter();
            all.extend(read.map(|(name, value)| SetStackVariable { name, value, secret }));
        }
        all.append(&mut self.typed);
        Ok(all)
    }
}

/// What is sent: where, and what.
enum Request {
    Create(CreateStack),
    Apply(Box<Stack>, ApplyStack),
}

pub(crate) async fn apply(
    client: &Client,
    printer: &Printer,
    mut described: Described,
    manner: Manner,
) -> anyhow::Result<Outcome> {
    let place = found::or_named(described.file.take());
    check_stdin(&place, &described)?;
    let file: ComposeFile = read_text(&place)?.parse()?;
    let variables = described.variables()?;
    let named = compose_files_named(file.as_str(), &variables);
    let files = files::read(&place, named)?;
    if !files.is_empty() {
        let sent: Vec<&str> = files.iter().map(|one| one.path.as_str()).collect();
        printer.say(&Line::plain(format!("sent along: {}", sent.join(", "))));
    }
    let request = request(client, described, (file, variables, files)).await?;
    if manner.run == Run::Dry {
        let preview = request.previewed(client).await?;
        return show_preview(printer, &preview);
    }
    let Some(request) = request.agreed(client, printer, manner.consent).await? else {
        return Ok(Outcome::Failed);
    };
    let applied = request.send(client).await?;
    follow(client, printer, &applied, manner.wait).await
}

fn check_stdin(file: &Path, described: &Described) -> Result<(), Failure> {
    let is_stdin = |path: &Path| path == Path::new("-");
    if is_stdin(file) && described.secret_file.as_deref().is_some_and(is_stdin) {
        return Err(Failure::usage("stdin cannot be two files", "give one of them a name"));
    }
    Ok(())
}

/// One of that name is applied to; otherwise it is a new one, in the environment that is named.
async fn request(
    client: &Client,
    described: Described,
    (file, variables, files): (ComposeFile, Vec<SetStackVariable>, Vec<StackFile>),
) -> anyhow::Result<Request> {
    let Described { name, unset, mut repository, .. } = described;
    if let Some(repository) = &mut repository {
        let key: Option<Key> = find_any(client, described.git_key.as_ref()).await?;
        repository.key_id = key.map(|key| key.id);
    }
    let environment: Option<Environment> = find_any(client, described.environment.as_ref()).await?;
    let called = match &environment {
        Some(one) => format!("{}/{}/{name}", one.project_name, one.name),
        None => name.to_string(),
    };
    if let Some(found) = search::<Stack>(client, &Reference::named(&called)).await? {
        let file = Some(file);
        let input = ApplyStack { file, variables, unset, repository, files, remove: false };
        return Ok(Request::Apply(found.into(), input));
    }
    let environment = environment.ok_or_else(|| {
        let why = format!("there is no stack `{name}`");
        Failure::advised(why, "say in which --environment it is to be made")
    })?;
    let destination: Option<Destination> = find_any(client, described.destination.as_ref()).await?;
    Ok(Request::Create(CreateStack {
        environment_id: environment.id,
        destination_id: destination.map(|one| one.id),
        name,
        file,
        variables,
        repository,
        files,
    }))
}

impl Request {
    async fn previewed(&self, client: &Client) -> anyhow::Result<Preview> {
        Ok(match self {
            Self::Create(input) => client.act_with("/v1/stacks?preview=true", input).await?,
            Self::Apply(stack, input) => {
                client.act_with(&format!("{}/apply?preview=true", path(stack)), input).await?
            }
        })
    }

    /// Whoever applies a file that has a service no more is asked first. `None` where it was refused.
    async fn agreed(
        self,
        client: &Client,
        printer: &Printer,
        consent: Consent,
    ) -> anyhow::Result<Option<Self>> {
        let preview = self.previewed(client).await?;
        if !preview.allowed {
            show_preview(printer, &preview)?;
            return Ok(None);
        }
        say_steps(printer, &preview);
        let Self::Apply(stack, input) = self else { return Ok(Some(self)) };
        let remove = preview.steps.iter().any(|step| step.starts_with("remove service"));
        if remove {
            let question = format!("services of stack `{}` go; their volumes stay.", stack.name);
            confirm_by_name(printer, consent, &question, stack.name.as_str())?;
        }
        Ok(Some(Self::Apply(stack, ApplyStack { remove, ..input })))
    }

    async fn send(&self, client: &Client) -> anyhow::Result<StackApplied> {
        Ok(match self {
            Self::Create(input) => client.create("/v1/stacks", input).await?,
            Self::Apply(stack, input) => {
                client.act_with(&format!("{}/apply", path(stack)), input).await?
            }
        })
    }
}

/// Stays with each piece of work, in the order in which they are done. Data is the stack with all of it.
async fn follow(
    client: &Client,
    printer: &Printer,
    applied: &StackApplied,
    wait: Wait,
) -> anyhow::Result<Outcome> {
    if printer.format() == Format::Json {
        printer.json(applied)?;
    }
    if applied.operations.is_empty() {
        printer.say(&Line::plain(format!("stack `{}` is as its file says", applied.stack.name)));
    }
    let mut outcome = Outcome::Done;
    for operation in &applied.operations {
        let Operation { kind, subject_name, id, .. } = operation;
        printer.say(&Line::plain(format!("{kind} of {subject_name}")));
        // What one of them came to is told; the others go on.
        let ended = accompany_subject(client, printer, Some(id), wait).await?;
        if ended != Outcome::Done {
            outcome = ended;
        }
    }
    Ok(outcome)
}

/// Asks with what the preview shows.
pub(crate) async fn remove(
    client: &Client,
    printer: &Printer,
    (wanted, volumes): (&Reference, Volumes),
    manner: Manner,
) -> anyhow::Result<Outcome> {
    let stack: Stack = find(client, wanted).await?;
    let doomed = Doomed {
        path: &path(&stack),
        query: ("volumes", (volumes == Volumes::Removed).to_string()),
        name: stack.name.as_str(),
        question: &question(&stack, volumes),
    };
    if let Some(outcome) = agree(client, printer, &doomed, manner).await? {
        return Ok(outcome);
    }
    let removed: StackApplied = client.remove(doomed.path, &[doomed.query]).await?;
    follow(client, printer, &removed, manner.wait).await
}

fn question(stack: &Stack, volumes: Volumes) -> String {
    let Stack { name, project_name, environment_name, .. } = stack;
    let with = match volumes {
        Volumes::Kept => "Its volumes stay.",
        Volumes::Removed => "What is in its volumes is lost for good.",
    };
    format!("remove stack `{name}` of `{project_name}/{environment_name}`? {with}")
}
