//! How long and how much a host may take. Owns the numbers, not the clocks.

use std::time::Duration;

/// Looking a name up, opening a TCP connection, and the SSH handshake: each.
pub(super) const STEP: Duration = Duration::from_secs(10);

/// Authentication: PAM and directory services can be slow.
pub(super) const LOGIN: Duration = Duration::from_secs(30);

/// A dial as a whole: with several addresses and ways the single bounds add up.
pub(super) const DIAL: Duration = Duration::from_mins(2);

/// Opening a channel and `GET /_ping` on it.
pub(super) const PING: Duration = Duration::from_secs(10);

/// Any call without a bound of its own.
pub(super) const CALL: Duration = Duration::from_secs(30);

/// The engine sets up firewall rules before it answers, which takes long on a loaded host.
pub(super) const CREATE_NETWORK: Duration = Duration::from_mins(1);

/// The same for a container's place on a network: each published port is a rule.
pub(super) const ENDPOINT: Duration = Duration::from_mins(1);

/// How long a node may keep a network that its swarm has forgotten, how long a swarm may take to
/// give one its addresses, and how often it is asked.
pub(super) const LEAVING: Duration = Duration::from_secs(20);
pub(super) const ALLOCATION: Duration = Duration::from_secs(5);
pub(super) const LEAVING_PAUSE: Duration = Duration::from_millis(100);

/// Asking for a terminal and a shell: PAM and directory services can be slow.
pub(super) const SHELL: Duration = Duration::from_secs(30);

/// What a host may send ahead of who reads a terminal: bytes of the channel, and messages of at most
/// 32 KiB that wait. More stays in the sockets, and then in the program on the host.
pub(super) const SHELL_WINDOW: u32 = 256 << 10;
pub(super) const SHELL_MESSAGES: usize = 8;

/// Most bytes that are read at a time of a terminal in a container, and how long a program may take to
/// be told of another size.
pub(super) const TERMINAL_READ: usize = 32 << 10;
pub(super) const RESIZE: Duration = Duration::from_secs(5);

/// `df` hangs on a dead network mount.
pub(super) const DISK: Duration = Duration::from_secs(5);

/// Between keep-alives on a silent SSH connection.
pub(super) const KEEP_ALIVE: Duration = Duration::from_secs(15);

/// Unanswered keep-alives after which the connection is given up: 15 s apart, with the fourth due
/// at 45 s, a silent link is noticed within a minute (russh counts one more than it is told).
pub(super) const KEEP_ALIVES_LOST: usize = 2;

/// How long the kernel keeps resending on a dead link. russh waits for a write before it looks at
/// its keep-alive clock, so a full send buffer would otherwise hide the loss for a quarter hour.
pub(super) const UNACKNOWLEDGED: Duration = Duration::from_secs(45);

/// Concurrent `dial-stdio` channels: sshd allows ten sessions on a connection (`MaxSessions`).
pub(super) const EXEC_CHANNELS: usize = 6;

/// One-off commands at a time, beside the above.
pub(super) const COMMANDS: usize = 2;

/// Concurrent forwarded streams. sshd does not count them; this bounds ourselves.
pub(super) const STREAM_CHANNELS: usize = 16;

/// Connections kept open between calls, and for how long.
pub(super) const IDLE_CONNECTIONS: usize = 4;
pub(super) const IDLE: Duration = Duration::from_mins(10);

/// When bollard itself gives up. Above all deadlines of ours, so that it never does.
pub(super) const BOLLARD: Duration = Duration::from_hours(24);

/// Most bytes of one answer of the engine.
pub(super) const ANSWER: usize = 32 << 20;

/// Most bytes of an answer that is read again because of words that are new to us, and most such
/// words in it.
pub(super) const FORGIVEN: usize = 1 << 20;
pub(super) const ODD: usize = 32;

/// Most things of a kind that an engine may tell of itself: warnings, pools, other managers. They
/// are stored with its server and shown with it.
pub(super) const LISTED: usize = 256;

/// Most bytes that an SSH server may send before we are logged in: its greeting, two exchanges of
/// keys, and a banner for people that nobody reads.
pub(super) const BEFORE_LOGIN: usize = 1 << 20;

/// Most bytes of one event: an event carries the labels of what it is about.
pub(super) const EVENT: usize = 1 << 20;

/// Most events of a second that are read. Making a hundred networks tells of some thousand in all.
pub(super) const EVENTS_A_SECOND: usize = 16_384;

/// Events that wait to be read; further ones say nothing new.
pub(super) const EVENTS_AHEAD: usize = 256;

/// Most bytes of a command's output that are kept.
pub(super) const COMMAND_OUTPUT: usize = 256 << 10;

/// Addresses of one name that are tried.
pub(super) const ADDRESSES: usize = 4;

/// Making, starting and removing a container: layers are mounted, ports are rules.
pub(super) const CONTAINER: Duration = Duration::from_mins(2);

/// Fetching an image as a whole, and how long a registry may say nothing.
pub(super) const PULL: Duration = Duration::from_mins(15);
pub(super) const PULL_SILENCE: Duration = Duration::from_mins(2);

/// Building an image as a whole, and how long an engine may say nothing of it: compilers are silent.
pub(super) const BUILD: Duration = Duration::from_hours(1);
pub(super) const BUILD_SILENCE: Duration = Duration::from_mins(20);

/// Most bytes of what BuildKit tells at a time: it cuts what programs say at 1 MiB, which base64 makes
/// larger.
pub(super) const TRACE: usize = 4 << 20;

/// Most bytes that builds may leave on a host for later ones, where its engine has no bound of its own.
pub(super) const BUILD_CACHE: u64 = 10 << 30;

/// Most steps of a build that are told apart, and most bytes of what one or a part of it is called by.
pub(super) const STEPS: usize = 1_000;
pub(super) const STEP_ID: usize = 256;

/// What an engine may ask at a time while it builds, and most bytes of one question.
pub(super) const QUESTIONS: u32 = 16;
pub(super) const QUESTION: usize = 64 << 10;

/// Trying a login: an engine gives each of the ways to a registry half a minute.
pub(super) const REGISTRY: Duration = Duration::from_secs(75);

/// Most layers of an image whose progress is followed: Docker's own bound is 127.
pub(super) const LAYERS: usize = 256;

/// Bringing an image over the connection.
pub(super) const LOAD: Duration = Duration::from_mins(5);

/// How long the exit code of a program may come after its end, and how often it is asked for.
pub(super) const EXIT_CODE: Duration = Duration::from_secs(5);
pub(super) const EXIT_CODE_PAUSE: Duration = Duration::from_millis(20);

/// Most bytes of each output of a program, and of logs, that are kept: the last ones.
pub(super) const OUTPUT: usize = 1 << 20;

/// Most bytes of a container's logs that are kept: the last ones.
pub(super) const LOGS: usize = 16 << 20;

/// Most bytes of a line that a container says, and of what an engine sends of it at a time.
pub(super) const LINE: usize = 32 << 10;
pub(super) const LINES_FRAME: usize = 1 << 20;

/// Most bytes of a second that are read of what a container goes on saying: more would take a whole
/// processor.
pub(super) const LINES_A_SECOND: usize = 16 << 20;

/// Most samples of a second that are read of what a container uses; an engine tells one.
pub(super) const STATS_A_SECOND: usize = 4;

/// Most bytes of a file that is read back.
pub(super) const FILE: usize = 4 << 20;
