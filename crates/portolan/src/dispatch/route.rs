//! `portolan route`, from what was typed to what is done.

use portolan_types::RouteOptions;

use crate::{
    cli::{AddRouteArgs, EditRouteArgs, PasswordArgs, RouteCommand},
    client::Client,
    commands::route::{self, AuthChange, NewRoute, Password, RouteChange, Target},
    failure::{Failure, Outcome},
    printer::Printer,
};

pub(super) async fn run(
    client: &Client,
    printer: &Printer,
    command: RouteCommand,
) -> anyhow::Result<Outcome> {
    match command {
        RouteCommand::List { destination, list } => {
            route::list(client, printer, destination, list.into()).await?;
        }
        RouteCommand::Show { route } => route::show(client, printer, &route).await?,
        RouteCommand::Add(args) => return route::add(client, printer, new_route(*args)?).await,
        RouteCommand::Edit(args) => return edit(client, printer, *args).await,
        RouteCommand::Remove { route, consent } => {
            route::remove(client, printer, &route, consent.into()).await?;
        }
    }
    Ok(Outcome::Done)
}

fn new_route(args: AddRouteArgs) -> Result<NewRoute, Failure> {
    let AddRouteArgs { address: (host, path), destination, to, app, port, options, password } =
        args;
    let to = match (app, destination, to) {
        (Some(app), _, _) => Target::Application(app, port),
        (None, Some(destination), Some(to)) => Target::Container(destination, to),
        (None, _, _) => {
            return Err(Failure::usage(
                "it leads nowhere",
                "give --app, or --destination and --to",
            ));
        }
    };
    let options = options
        .applied_to(&RouteOptions::default())
        .map_err(|error| Failure::usage(error.to_string(), "see `portolan route add --help`"))?;
    Ok(NewRoute { host, path, to, options, password: typed(password) })
}

fn typed(args: PasswordArgs) -> Option<Password> {
    let PasswordArgs { user, password_file } = args;
    user.zip(password_file).map(|(user, file)| Password { user, file })
}

async fn edit(client: &Client, printer: &Printer, args: EditRouteArgs) -> anyhow::Result<Outcome> {
    let auth = match (&args.password.user, &args.password.password_file) {
        (Some(user), Some(file)) => {
            AuthChange::Ask(Password { user: user.clone(), file: file.clone() })
        }
        _ if args.no_password => AuthChange::None,
        _ => AuthChange::Keep,
    };
    let (target, port) = args.to.clone().unzip();
    let port = port.or(args.port);
    let options = |present: &_| args.applied_to(present);
    let change = RouteChange { target, port, options, auth };
    route::edit(client, printer, &args.route, change).await
}
