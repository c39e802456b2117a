//! The lab as tests see it: its hosts, its faults, and dialling. Owns no assertions.

use std::{path::Path, process::Output, sync::Arc, time::Duration};

use futures_util::{StreamExt, stream::BoxStream};
use portolan_server::host::{
    DialReport, Dialed, Dialer, Host, HostError, HostEvent, NewNetwork, Pin, Progress, RealDialer,
    Route, SshRoute, Target,
};
use portolan_types::{Access, DestinationKind, NetworkName, NetworkOptions};
use serde::Deserialize;
use sha2::Digest;
use tokio::net::TcpStream;

/// A host of the lab, as `lab env --json` describes it.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct LabHost {
    pub(crate) name: String,
    address: String,
    port: u16,
    keys: std::collections::BTreeMap<String, String>,
    unauthorised_key: String,
    pub(crate) host_key_fingerprint: String,
}

/// How to dial: the defaults are what most tests want.
#[derive(Debug, Clone)]
pub(crate) struct How {
    pub(crate) user: &'static str,
    pub(crate) key: &'static str,
    pub(crate) pin: Pin,
    pub(crate) access: Option<Access>,
}

impl Default for How {
    fn default() -> Self {
        Self { user: "root", key: "ed25519", pin: Pin::FirstContact, access: None }
    }
}

/// The host of this name.
pub(crate) fn lab_host(name: &str) -> LabHost {
    let answer = lab(&["env", "--json"]);
    let hosts: Vec<LabHost> = serde_json::from_slice(&answer.stdout).expect("`lab env --json`");
    let host = hosts.into_iter().find(|host| host.name == name);
    host.unwrap_or_else(|| panic!("`{name}` does not run: run `make lab-up`"))
}

impl LabHost {
    pub(crate) fn target(&self, how: &How) -> Target {
        let key = match how.key {
            "unauthorised" => &self.unauthorised_key,
            kind => &self.keys[kind],
        };
        let private_key = std::fs::read_to_string(key).expect("a key of the lab");
        Target {
            server: self.name.clone(),
            route: Route::Ssh(SshRoute {
                host: self.address.parse().expect("an address"),
                port: self.port,
                user: how.user.parse().expect("an account"),
                private_key: private_key.into(),
                pin: how.pin.clone(),
                access: how.access,
            }),
        }
    }

    pub(crate) async fn dial(&self, how: &How) -> Result<Dialed, HostError> {
        RealDialer::default().dial(&self.target(how), &Progress::silent()).await
    }

    /// Waits until sshd listens again: the lab does not wait for a restart it made for a fault.
    pub(crate) async fn listens(&self) {
        let listening = async {
            while TcpStream::connect((&*self.address, self.port)).await.is_err() {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        soon(10, "a listening sshd", listening).await;
    }

    /// As root, or the test fails.
    pub(crate) async fn host(&self) -> Arc<dyn Host> {
        self.dial(&How::default()).await.expect("a healthy host").host
    }

    /// With all that was reported on the way.
    pub(crate) async fn dial_and_listen(
        &self,
        how: &How,
    ) -> (Result<Dialed, HostError>, Vec<DialReport>) {
        let (progress, mut reports) = Progress::channel();
        let outcome = RealDialer::default().dial(&self.target(how), &progress).await;
        drop(progress);
        let mut heard = Vec::new();
        while let Some(report) = reports.recv().await {
            heard.push(report);
        }
        (outcome, heard)
    }

    /// The Docker client, beside the host layer: what it says is the truth.
    pub(crate) fn docker(&self, arguments: &[&str]) -> String {
        let answer = lab(&[&["docker", &self.name], arguments].concat());
        let errors = String::from_utf8_lossy(&answer.stderr);
        assert!(answer.status.success(), "docker {arguments:?}: {errors}");
        String::from_utf8_lossy(&answer.stdout).trim().to_owned()
    }

    /// A text file on the host.
    pub(crate) fn read(&self, path: &str) -> String {
        let answer = lab(&["ssh", &self.name, "cat", path]);
        assert!(answer.status.success(), "{}", String::from_utf8_lossy(&answer.stderr));
        String::from_utf8_lossy(&answer.stdout).trim().to_owned()
    }
}

/// A fault that is undone when dropped.
#[derive(Debug)]
pub(crate) struct Fault(String);

impl Fault {
    pub(crate) fn set(host: &LabHost, kind: &str) -> Self {
        let fault = Self(host.name.clone());
        let answer = lab(&["fault", &host.name, kind]);
        assert!(answer.status.success(), "{}", String::from_utf8_lossy(&answer.stderr));
        fault
    }
}

impl Drop for Fault {
    fn drop(&mut self) {
        lab(&["fault", &self.0, "clear"]);
    }
}

/// A network that is gone when dropped, even when the test failed.
#[derive(Debug)]
pub(crate) struct Scratch(pub(crate) LabHost, pub(crate) String);

impl Drop for Scratch {
    fn drop(&mut self) {
        lab(&["docker", &self.0.name, "network", "rm", &self.1]);
    }
}

/// A container, with its volume, that is gone when dropped.
#[derive(Debug)]
pub(crate) struct ScratchContainer(pub(crate) LabHost, pub(crate) String);

impl Drop for ScratchContainer {
    fn drop(&mut self) {
        lab(&["docker", &self.0.name, "rm", "--force", "--volumes", &self.1]);
        lab(&["docker", &self.0.name, "volume", "rm", "--force", &self.1]);
    }
}

#[expect(clippy::disallowed_methods, reason = "the lab is a program")]
fn lab(arguments: &[&str]) -> Output {
    let lab = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../lab/lab");
    std::process::Command::new(lab).args(arguments).output().expect("lab/lab")
}

/// A network with a name of its own.
pub(crate) fn new_network(options: NetworkOptions) -> NewNetwork {
    let labels = [("dev.portolan.test".to_owned(), "lab".to_owned())].into();
    NewNetwork { kind: DestinationKind::Standalone, name: NetworkName::generate(), options, labels }
}

/// Options from their wire form.
pub(crate) fn options(json: serde_json::Value) -> NetworkOptions {
    serde_json::from_value(json).expect("options")
}

/// Fails when something that should happen soon does not.
pub(crate) async fn soon<T>(seconds: u64, what: &str, work: impl Future<Output = T>) -> T {
    let done = tokio::time::timeout(Duration::from_secs(seconds), work).await;
    done.unwrap_or_else(|_| panic!("{what} did not happen within {seconds} s"))
}

/// The error that ends a stream of events; other tests may cause events before it.
pub(crate) async fn end_of(
    events: &mut BoxStream<'static, Result<HostEvent, HostError>>,
) -> HostError {
    loop {
        if let Err(error) = events.next().await.expect("an error at the end") {
            return error;
        }
    }
}

/// An image without files, as `docker save` writes one.
pub(crate) fn tiny_image(reference: &str) -> bytes::Bytes {
    let layer = archive(&[]);
    let config = serde_json::json!({
        "architecture": "amd64", "os": "linux", "config": {"Labels": {"a": "b"}},
        "rootfs": {"type": "layers", "diff_ids": [format!("sha256:{}", hex(&sha2::Sha256::digest(&layer)))]},
    });
    let manifest = serde_json::json!([{
        "Config": "config.json", "RepoTags": [reference], "Layers": ["layer.tar"],
    }]);
    let files: [(&str, Vec<u8>); 3] = [
        ("layer.tar", layer),
        ("config.json", config.to_string().into_bytes()),
        ("manifest.json", manifest.to_string().into_bytes()),
    ];
    archive(&files).into()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |text, byte| format!("{text}{byte:02x}"))
}

fn archive(files: &[(&str, Vec<u8>)]) -> Vec<u8> {
    let mut archive = tar::Builder::new(Vec::new());
    for (path, content) in files {
        let mut header = tar::Header::new_gnu();
        header.set_size(content.len() as u64);
        header.set_mode(0o644);
        archive.append_data(&mut header, path, content.as_slice()).expect("an entry");
    }
    archive.into_inner().expect("an archive")
}
