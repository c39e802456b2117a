//! `portolan storage` as it is typed.

use std::path::PathBuf;

use clap::{ArgGroup, Args, Subcommand};
use portolan_types::{
    AccessKey, BucketEndpoint, BucketName, BucketRegion, BucketStyle, Invalid, KeyPrefix, Name,
    StorageKind,
};

use super::shared::{ConsentArgs, ListArgs};
use crate::find::Reference;

/// What can be done with storages.
#[derive(Debug, Subcommand)]
pub(crate) enum StorageCommand {
    /// List storages.
    List(ListArgs),
    /// Show a storage, and how much is in it.
    Show {
        /// Id or name.
        storage: Reference,
    },
    /// Make a storage for backups of databases.
    #[command(after_help = "Examples:
  portolan storage add cellar --kind disk         a folder of the control plane's data directory
  portolan storage add vault --kind s3 --endpoint https://s3.eu-central-1.amazonaws.com \\
      --region eu-central-1 --bucket backups --access-key AKIAIOSFODNN7EXAMPLE
  pass show s3 | portolan storage add vault --kind s3 --endpoint https://minio.example.com \\
      --bucket backups --prefix portolan --access-key portolan --secret-key-file -

The secret key is read from --secret-key-file, or asked for. It is sealed where it is stored, and never
shown again.")]
    Add(Box<AddStorageArgs>),
    /// Give a storage another name, or another key.
    #[command(after_help = "Examples:
  portolan storage edit cellar --rename attic
  portolan storage edit vault --access-key portolan-2 --secret-key-file new.txt")]
    Edit(EditStorageArgs),
    /// Write a small object into a storage, read it and remove it. Exit code 1 when that fails.
    Try {
        /// Id or name.
        storage: Reference,
    },
    /// Remove a storage in which there are no backups.
    Remove {
        /// Id or name.
        storage: Reference,
        #[command(flatten)]
        consent: ConsentArgs,
    },
}

/// A new storage.
#[derive(Debug, Args)]
pub(crate) struct AddStorageArgs {
    /// What to call it.
    pub(crate) name: Name,
    /// What it is: `disk` or `s3`.
    #[arg(long, value_parser = kind)]
    pub(crate) kind: StorageKind,
    #[command(flatten)]
    pub(crate) bucket: Option<BucketArgs>,
}

/// A bucket, of `s3`.
#[derive(Debug, Args)]
pub(crate) struct BucketArgs {
    /// Where the service is.
    #[arg(long, value_name = "URL", required = false, requires_all = ["bucket", "access_key"])]
    pub(crate) endpoint: BucketEndpoint,
    /// Which bucket.
    #[arg(long, value_name = "NAME", required = false, requires = "endpoint")]
    pub(crate) bucket: BucketName,
    /// In which region the bucket is [default: us-east-1].
    #[arg(long, value_name = "REGION", requires = "endpoint")]
    pub(crate) region: Option<BucketRegion>,
    /// What the names of objects begin with.
    #[arg(long, value_name = "PATH", requires = "endpoint")]
    pub(crate) prefix: Option<KeyPrefix>,
    /// Where the bucket's name stands in addresses: `path` or `host` [default: path].
    #[arg(long, value_name = "STYLE", value_parser = style, requires = "endpoint")]
    pub(crate) style: Option<BucketStyle>,
    /// The name of the key that may use it.
    #[arg(long, value_name = "KEY", required = false, requires = "endpoint")]
    pub(crate) access_key: AccessKey,
    /// File with the secret of that key; `-` is stdin.
    #[arg(long, value_name = "FILE", requires = "endpoint")]
    pub(crate) secret_key_file: Option<PathBuf>,
}

/// What is to be otherwise.
#[derive(Debug, Args)]
#[command(group = ArgGroup::new("change").multiple(true).required(true)
    .args(["rename", "access_key", "secret_key_file", "new_secret_key"]))]
pub(crate) struct EditStorageArgs {
    /// Id or name.
    pub(crate) storage: Reference,
    /// What to call it.
    #[arg(long, value_name = "NAME")]
    pub(crate) rename: Option<Name>,
    /// The name of another key. Its secret is asked for, unless it is in --secret-key-file.
    #[arg(long, value_name = "KEY")]
    pub(crate) access_key: Option<AccessKey>,
    /// File with the secret of the key; `-` is stdin.
    #[arg(long, value_name = "FILE")]
    pub(crate) secret_key_file: Option<PathBuf>,
    /// Ask for a new secret of the key.
    #[arg(long, conflicts_with = "secret_key_file")]
    pub(crate) new_secret_key: bool,
}

fn style(text: &str) -> Result<BucketStyle, Invalid> {
    text.parse()
}

fn kind(text: &str) -> Result<StorageKind, Invalid> {
    text.parse()
}
