//! `portolan user` as it is typed.

use clap::{Args, Subcommand};

use super::serve::ConfigArgs;

/// What concerns you and no team.
#[derive(Debug, Subcommand)]
pub(crate) enum UserCommand {
    /// Show how you can sign in.
    Show,
    /// Change your password, or choose one with a code; your other sessions end.
    #[command(after_help = "Examples:
  portolan user password
  portolan user password --with-code              after `forgot-password` or `reset`")]
    Password {
        /// You have a code from the mail or from the host, and need not be signed in.
        #[arg(long)]
        with_code: bool,
        #[command(flatten)]
        answers: AnswersArgs,
    },
    /// The second factor: codes of an authenticator.
    #[command(subcommand)]
    Totp(TotpCommand),
    /// Print new recovery codes; those before are good for nothing any more.
    RecoveryCodes(AnswersArgs),
    /// Ask for mail with a code for a new password.
    ForgotPassword {
        /// Your email address.
        #[arg(long)]
        email: String,
    },
    /// On the host: print a code with which somebody chooses a new password.
    #[command(
        after_help = "Works on the database, beside `portolan serve` or without it, and takes its settings.

Examples:
  portolan user reset --email you@example.com
  portolan user reset --email you@example.com --remove-second-factor"
    )]
    Reset(Box<ResetArgs>),
}

/// What can be done with an authenticator.
#[derive(Debug, Subcommand)]
pub(crate) enum TotpCommand {
    /// Set up an authenticator, and print recovery codes.
    Enable(AnswersArgs),
    /// Take the authenticator away.
    Disable(AnswersArgs),
}

/// Who answers the questions.
#[derive(Debug, Clone, Copy, Args)]
pub(crate) struct AnswersArgs {
    /// Read what would be asked for from stdin, a line each.
    #[arg(long)]
    pub(crate) stdin: bool,
}

/// Who is let in again.
#[derive(Debug, Args)]
pub(crate) struct ResetArgs {
    /// Their email address.
    #[arg(long)]
    pub(crate) email: String,
    /// Take their authenticator and recovery codes away, and end their sessions.
    #[arg(long)]
    pub(crate) remove_second_factor: bool,
    #[command(flatten)]
    pub(crate) config: ConfigArgs,
}
