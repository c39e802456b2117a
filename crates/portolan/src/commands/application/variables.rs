//! `portolan app env`: variables set, removed and shown.
//!
//! Where values come from: arguments, a file, or for secrets a terminal or stdin. How a file is
//! written is in `portolan_types::dotenv`.

use std::path::{Path, PathBuf};

use portolan_types::{
    Application, ChangeVariables, Database, DatabasePart, FromDatabase, ReferVariable, SetVariable,
    Variable, VariableName, VariableValue, Variables, dotenv,
};
use secrecy::ExposeSecret;

use crate::{
    ask::{Answers, has_person, read_text},
    client::Client,
    failure::Failure,
    find::{Reference, find},
    printer::{Format, Line, Printer, Span, Table},
    words::since,
};

pub(crate) async fn list(
    client: &Client,
    printer: &Printer,
    wanted: &Reference,
) -> anyhow::Result<()> {
    let application: Application = find(client, wanted).await?;
    show(printer, &read(client, &application).await?)
}

pub(in crate::commands) async fn read(
    client: &Client,
    application: &Application,
) -> anyhow::Result<Variables> {
    Ok(client.get(&path(application), &[]).await?)
}

fn path(application: &Application) -> String {
    format!("/v1/applications/{}/variables", application.id)
}

fn show(printer: &Printer, variables: &Variables) -> anyhow::Result<()> {
    if printer.format() == Format::Json {
        printer.json(variables)?;
    } else if variables.items.is_empty() {
        printer.say(&Line::plain("no variables"));
    } else {
        printer.table(&table(&variables.items))?;
    }
    Ok(())
}

fn table(variables: &[Variable]) -> Table {
    Table::new(&["NAME", "VALUE", "FOR", "CHANGED"]).yielding(&["CHANGED", "FOR"]).with(
        variables.iter().map(|one| {
            let value = one.value.as_ref().map(|value| Span::plain(value.as_str()));
            vec![
                Span::plain(one.name.as_str()),
                value.unwrap_or_else(|| Span::dim(hidden(one))),
                if one.build { Span::plain("builds") } else { Span::dim("the program") },
                Span::plain(since(one.updated_at)),
            ]
        }),
    )
}

/// What stands in the place of a value that does not come back.
fn hidden(variable: &Variable) -> String {
    match &variable.from_database {
        Some(FromDatabase { database_id, part }) => format!("({part} of database {database_id})"),
        None => "(secret)".to_owned(),
    }
}

/// Variables to set, as they were typed.
#[derive(Debug)]
pub(crate) struct Typed {
    /// Of secret ones the names alone.
    pub(crate) variables: Vec<(VariableName, Option<VariableValue>)>,
    pub(crate) file: Option<PathBuf>,
    pub(crate) kept: Kept,
    /// Whether they are for builds alone.
    pub(crate) build: bool,
}

/// Whether values come back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kept {
    Plain,
    Secret,
}

pub(crate) async fn set(
    client: &Client,
    printer: &Printer,
    wanted: &Reference,
    typed: Typed,
) -> anyhow::Result<()> {
    let (secret, build) = (typed.kept == Kept::Secret, typed.build);
    check(&typed)?;
    let application: Application = find(client, wanted).await?;
    let values = values(printer, typed)?;
    let variable = |(name, value)| SetVariable { name, value, secret, build };
    let set = values.into_iter().map(variable).collect();
    change(client, printer, &application, ChangeVariables { set, ..ChangeVariables::default() })
        .await
}

pub(crate) async fn refer(
    client: &Client,
    printer: &Printer,
    wanted: &Reference,
    (name, database, part): (VariableName, &Reference, DatabasePart),
) -> anyhow::Result<()> {
    let application: Application = find(client, wanted).await?;
    let database: Database = find(client, database).await?;
    let from_database = FromDatabase { database_id: database.id, part };
    let refer = vec![ReferVariable { name, from_database }];
    let request = ChangeVariables { refer, ..ChangeVariables::default() };
    change(client, printer, &application, request).await
}

pub(crate) async fn unset(
    client: &Client,
    printer: &Printer,
    wanted: &Reference,
    names: Vec<VariableName>,
) -> anyhow::Result<()> {
    let application: Application = find(client, wanted).await?;
    let request = ChangeVariables { remove: names, ..ChangeVariables::default() };
    change(client, printer, &application, request).await
}

async fn change(
    client: &Client,
    printer: &Printer,
    application: &Application,
    request: ChangeVariables,
) -> anyhow::Result<()> {
    let after = put(client, application, &request).await?;
    show(printer, &after)?;
    super::say_how_to_deploy(printer, application);
    Ok(())
}

pub(in crate::commands) async fn put(
    client: &Client,
    application: &Application,
    request: &ChangeVariables,
) -> anyhow::Result<Variables> {
    Ok(client.change(&path(application), request).await?)
}

/// Before anything is asked: what was typed has to be whole.
fn check(typed: &Typed) -> Result<(), Failure> {
    let stdin = typed.file.as_deref() == Some(Path::new("-"));
    for (name, value) in &typed.variables {
        match (typed.kept, value) {
            (Kept::Plain, None) => {
                return Err(Failure::usage(
                    format!("variable {name} has no value"),
                    format!("give it as {name}=VALUE, or --secret to be asked"),
                ));
            }
            (Kept::Secret, Some(_)) => {
                return Err(Failure::usage(
                    format!("the value of secret {name} is no argument: others can read it"),
                    format!("give {name} alone; the value is asked for, or read from stdin"),
                ));
            }
            (Kept::Secret, None) if stdin => {
                return Err(Failure::usage(
                    "stdin cannot be a file and a value",
                    "give the file a name, or the variables in two commands",
                ));
            }
            (Kept::Plain, Some(_)) | (Kept::Secret, None) => {}
        }
    }
    Ok(())
}

pub(in crate::commands) type Values = Vec<(VariableName, VariableValue)>;

/// Those of the file, and then those that were typed.
fn values(printer: &Printer, typed: Typed) -> anyhow::Result<Values> {
    let mut values = match &typed.file {
        Some(file) => from_file(file)?,
        None => Vec::new(),
    };
    let alone = typed.variables.len() == 1;
    for (name, value) in typed.variables {
        let value = match value {
            Some(value) => value,
            None => secret(printer, &name, alone)?,
        };
        values.push((name, value));
    }
    // The control plane takes the last one of a name too; here nobody is told of it twice.
    let mut later = std::collections::BTreeMap::new();
    later.extend(values);
    Ok(later.into_iter().collect())
}

/// Those of a file, a line each.
pub(in crate::commands) fn from_file(file: &Path) -> anyhow::Result<Values> {
    let text = read_text(file)?;
    let name = if file == Path::new("-") { "stdin".to_owned() } else { file.display().to_string() };
    let values = dotenv::parse(&text).map_err(|(line, error)| {
        Failure::advised(
            format!("{name}, line {line}: {error}"),
            "a line is NAME=VALUE; the value may be in quotes",
        )
    })?;
    Ok(values.into_iter().map(|one| (one.name, one.value)).collect())
}

/// A key has several lines: one secret is all of stdin, where nobody can be asked.
fn secret(printer: &Printer, name: &VariableName, alone: bool) -> anyhow::Result<VariableValue> {
    let question = format!("value of {name}:");
    if has_person() {
        return Ok(Answers::Person.secret(printer, &question)?.expose_secret().parse()?);
    }
    if !alone {
        return Ok(Answers::Lines.secret(printer, &question)?.expose_secret().parse()?);
    }
    let text = read_text(Path::new("-"))?;
    let value = text.strip_suffix('\n').unwrap_or(&text);
    anyhow::ensure!(!value.is_empty(), "stdin has no value for {name}");
    Ok(value.parse()?)
}
