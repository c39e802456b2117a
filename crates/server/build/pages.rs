//! Builds the styles and scripts of the pages with npm. Owns where and when that happens; what is
//! built is in `web/`, and `src/web/assets.rs` embeds it.
//!
//! Everything happens in a copy below `OUT_DIR`: a build does not write into the sources.

use std::{env, error::Error, fs, io, path::Path, process::Command};

/// What is copied, and looked at for changes: the sources, and the templates whose classes are used.
const SOURCES: [&str; 2] = ["web", "templates"];

pub(crate) fn build(crate_dir: &Path, out: &Path) -> Result<(), Box<dyn Error>> {
    let place = out.join("pages");
    for source in SOURCES {
        println!("cargo::rerun-if-changed={}", crate_dir.join(source).display());
        copy(&crate_dir.join(source), &place.join(source))?;
    }
    let web = place.join("web");
    install(&web)?;
    npm(&web, &["run", "--silent", "styles"])?;
    npm(&web, &["run", "--silent", "scripts"])?;
    Ok(())
}

/// The folder with what is in it; a folder of modules in the sources is somebody's editor's.
fn copy(from: &Path, to: &Path) -> io::Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let (source, target) = (entry.path(), to.join(entry.file_name()));
        if entry.file_type()?.is_dir() {
            if entry.file_name() != "node_modules" {
                copy(&source, &target)?;
            }
        } else {
            fs::copy(source, target)?;
        }
    }
    Ok(())
}

/// Anew only when the lock file says something else than what is installed.
fn install(web: &Path) -> Result<(), Box<dyn Error>> {
    let (lock, installed) = (web.join("package-lock.json"), web.join("installed-lock.json"));
    let wanted = fs::read(&lock)?;
    if fs::read(&installed).is_ok_and(|there| there == wanted) {
        return Ok(());
    }
    npm(web, &["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"])?;
    Ok(fs::write(installed, wanted)?)
}

fn npm(web: &Path, arguments: &[&str]) -> Result<(), Box<dyn Error>> {
    let mut npm = Command::new(env::var_os("NPM").unwrap_or_else(|| "npm".into()));
    let output = npm.args(arguments).current_dir(web).output().map_err(|error| {
        format!("could not start npm, which builds the pages: {error}; install Node.js 20 or newer")
    })?;
    if output.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&output.stderr);
    Err(format!("`npm {}` failed: {said}", arguments.join(" ")).into())
}
