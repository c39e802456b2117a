//! How programs are run.

use portolan_types::{Capability, ContainerUser, FileMode, Hostname, StopSignal, WorkingDirectory};

use super::*;

#[test]
fn a_program_is_run_as_the_file_says() {
    let web = service(
        "    user: 1000:1000\n    working_dir: /srv\n    hostname: mail.example.com\n    init: true\n    \
         read_only: true\n    stop_signal: quit\n    security_opt: [\"no-new-privileges:true\"]\n    \
         cap_drop: [ALL]\n    cap_add: [NET_BIND_SERVICE, cap_chown]\n",
    );
    let process = &web.spec.process;
    assert_eq!(process.user.as_ref().map(ContainerUser::as_str), Some("1000:1000"));
    assert_eq!(process.working_dir.as_ref().map(WorkingDirectory::as_str), Some("/srv"));
    assert_eq!(process.hostname.as_ref().map(Hostname::as_str), Some("mail.example.com"));
    assert_eq!(process.stop_signal, Some(StopSignal::Quit));
    assert!(process.init && process.read_only && process.no_new_privileges);
    assert_eq!(process.drop_capabilities.len(), Capability::ALL.len() - 2);
    assert!(!process.drop_capabilities.contains(&Capability::Chown));
    let less =
        service("    cap_drop: [NET_RAW, SYS_ADMIN]\n    cap_add: [KILL]\n    init: false\n");
    let dropped: Vec<Capability> = less.spec.process.drop_capabilities.into_iter().collect();
    assert_eq!((dropped.as_slice(), less.spec.process.init), (&[Capability::NetRaw][..], false));
}

#[test]
fn what_gives_more_is_refused() {
    for (rest, said) in [
        ("    cap_add: [ALL]\n", "`services.web.cap_add[0]`: not done"),
        ("    security_opt: [seccomp:unconfined]\n", "`services.web.security_opt[0]`: not done"),
        ("    user: 'a b'\n", "`services.web.user`: a user"),
        ("    working_dir: srv\n", "`services.web.working_dir`"),
        ("    stop_signal: SIGNONE\n", "unknown signal `SIGNONE`"),
    ] {
        let all = refused(rest);
        assert!(all.contains(said) && all.starts_with("line "), "{rest}: {all}");
    }
}

#[test]
fn folders_are_in_memory() {
    let web = service(
        "    tmpfs:\n      - /run\n      - /tmp:size=64m,mode=700,noexec\n    volumes:\n      \
         - {type: tmpfs, target: /cache, tmpfs: {size: 1gb, mode: 01777}}\n",
    );
    let all: Vec<_> =
        web.spec.tmpfs.iter().map(|one| (one.target.as_str(), one.size_bytes)).collect();
    assert_eq!(all, [("/run", None), ("/tmp", Some(64 << 20)), ("/cache", Some(1 << 30))]);
    let modes: Vec<_> = web.spec.tmpfs.iter().map(|one| one.mode.map(FileMode::bits)).collect();
    assert_eq!(modes, [None, Some(0o700), Some(0o1777)]);
    assert!(web.spec.mounts.is_empty());
    assert_eq!(service("    tmpfs: /run\n").spec.tmpfs.len(), 1);
    assert!(refused("    tmpfs: /run:uid=1000\n").contains("`uid=1000`"));
    assert!(refused("    tmpfs: /run:size=half\n").contains("is no size"));
    let decimal = "    volumes: [{type: tmpfs, target: /x, tmpfs: {mode: 777}}]\n";
    assert!(refused(decimal).contains("a mode is written as `0777`"));
}
