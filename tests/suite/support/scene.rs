//! A scene: a shell script, run with the tools on PATH, and what a person would see of it.

use super::runner::skip;
use std::io::Read;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{OnceLock, mpsc};
use std::time::{Duration, Instant};

/// No scene takes longer, unless it says so: one that hangs fails.
pub const LIMIT: Duration = Duration::from_secs(30);

/// How many times as long as on an ordinary machine things may take: `PATIENCE`, for a virtual machine of software.
pub fn patience() -> u32 {
    std::env::var("PATIENCE").ok().and_then(|text| text.parse().ok()).unwrap_or(1)
}

/// Where the tools are: `UNSHARE_TOOLS`, or what `make` built.
pub fn tools() -> &'static Path {
    static TOOLS: OnceLock<PathBuf> = OnceLock::new();
    TOOLS.get_or_init(|| {
        let given = std::env::var_os("UNSHARE_TOOLS").map(PathBuf::from);
        let dir = given.unwrap_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/release"));
        assert!(dir.join("unshare-pid").exists(), "no tools in {}: run make first", dir.display());
        dir.canonicalize().expect("the directory of the tools")
    })
}

/// Every tool that makes a namespace.
pub const TOOLS: [&str; 8] = [
    "unshare-user",
    "unshare-pid",
    "unshare-mnt",
    "unshare-net",
    "unshare-uts",
    "unshare-ipc",
    "unshare-cgroup",
    "unshare-time",
];

/// Are we root? Some scenes need it; the others run for everybody.
pub fn is_root() -> bool {
    nix::unistd::geteuid().is_root()
}

/// What an ordinary user puts before a chain: nothing as root, else `unshare-user -- `.
pub fn user() -> &'static str {
    if is_root() { "" } else { "unshare-user -- " }
}

/// Ends the test where a program that the scene uses is not installed.
pub fn need(program: &str) {
    if !is_installed(program) {
        skip(format!("{program} is not installed"));
    }
}

/// Do the tools name no interpreter? It would stand at the beginning of the file; a static glibc knows the name, too.
pub fn is_static() -> bool {
    let tool = std::fs::read(tools().join("unshare-mnt")).expect("the tool");
    !tool[..4096].windows(6).any(|part| part == b"ld-lin" || part == b"ld-mus")
}

/// Is it where a scene finds it?
pub fn is_installed(program: &str) -> bool {
    std::env::split_paths(&search_path()).any(|dir| dir.join(program).exists())
}

fn search_path() -> std::ffi::OsString {
    let mut path = tools().as_os_str().to_owned();
    path.push(":");
    path.push(std::env::var_os("PATH").unwrap_or_default());
    path.push(":/usr/sbin:/sbin");
    path
}

/// What a scene showed.
#[derive(Debug)]
pub struct Seen {
    pub status: ExitStatus,
    pub out: String,
    pub err: String,
    pub took: Duration,
}

impl Seen {
    /// The exit status as a shell tells it: 128+n for a death by signal n.
    #[track_caller]
    pub fn code(&self) -> i32 {
        self.status.code().or(self.status.signal().map(|n| 128 + n)).expect("an end")
    }

    /// The output of a scene that has to succeed.
    #[track_caller]
    pub fn ok(&self) -> &str {
        assert!(self.status.success(), "{self:#?}");
        self.out.trim_end()
    }

    /// That this scene was refused by the tool: 125, a line that names the tool, nothing on standard output.
    #[track_caller]
    pub fn refused(&self) -> &str {
        assert_eq!(self.code(), 125, "{self:#?}");
        assert!(self.err.starts_with("unshare-") || self.err.starts_with("limit-"), "{self:#?}");
        assert_eq!(self.out, "", "{self:#?}");
        self.err.trim_end()
    }
}

/// Any program, with the tools on PATH and a bounded time, in a process group of its own.
pub fn command(program: &str) -> Command {
    let mut command = session_command(program);
    command.process_group(0);
    command
}

/// The same for one that will make a session of its own, which a group's leader cannot.
pub fn session_command(program: &str) -> Command {
    let mut command = Command::new(program);
    command.env("PATH", search_path()).env_remove("UNSHARE_EXPLAIN");
    // What `make check` hands down is for its own.
    command.env_remove("MAKEFLAGS").env_remove("MFLAGS").env_remove("MAKELEVEL");
    command
}

/// A shell script with the tools on PATH.
pub fn script(text: &str) -> Command {
    let mut command = command("/bin/sh");
    command.args(["-c", text]);
    command
}

/// Runs a shell script and shows what came of it.
#[track_caller]
pub fn sh(text: &str) -> Seen {
    watch(script(text), LIMIT)
}

/// Runs a command to its end, or fails.
#[track_caller]
pub fn watch(mut command: Command, limit: Duration) -> Seen {
    let limit = limit * patience();
    let begin = Instant::now();
    let mut child =
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("a process");
    let out = reader(child.stdout.take().expect("a pipe"));
    let err = reader(child.stderr.take().expect("a pipe"));
    let status = wait(&mut child, limit).unwrap_or_else(|| {
        kill_group(&child);
        panic!("not over after {limit:?}: {command:?}")
    });
    let took = begin.elapsed();
    // What the command left running may hold its output: no longer than the limit.
    let text = |bytes: mpsc::Receiver<Vec<u8>>| {
        let bytes = bytes.recv_timeout(limit.saturating_sub(begin.elapsed())).unwrap_or_else(|_| {
            kill_group(&child);
            panic!("something holds its output after {limit:?}: {command:?}")
        });
        String::from_utf8_lossy(&bytes).into_owned()
    };
    Seen { status, out: text(out), err: text(err), took }
}

fn reader(mut pipe: impl Read + Send + 'static) -> mpsc::Receiver<Vec<u8>> {
    let (sender, receiver) = mpsc::channel();
    std::thread::spawn(move || {
        let mut bytes = Vec::new();
        let _ = pipe.read_to_end(&mut bytes);
        // Nobody waits for it any more when the scene took too long.
        let _ = sender.send(bytes);
    });
    receiver
}

/// Waits for a child for a bounded time.
pub fn wait(child: &mut Child, limit: Duration) -> Option<ExitStatus> {
    let end = Instant::now() + limit;
    loop {
        if let Some(status) = child.try_wait().expect("a child of ours") {
            return Some(status);
        }
        if Instant::now() > end {
            return None;
        }
        std::thread::sleep(Duration::from_millis(2));
    }
}

/// Kills a process that [`command`] started, with its process group.
pub fn kill_group(child: &Child) {
    let pid = nix::unistd::Pid::from_raw(child.id() as i32);
    let _ = nix::sys::signal::killpg(pid, nix::sys::signal::Signal::SIGKILL);
}

/// Waits until something asynchronous is so, or fails after ten seconds.
#[track_caller]
pub fn eventually(what: &str, mut is_so: impl FnMut() -> bool) {
    let end = Instant::now() + Duration::from_secs(10) * patience();
    while !is_so() {
        assert!(Instant::now() < end, "not so after ten seconds: {what}");
        std::thread::sleep(Duration::from_millis(10));
    }
}

/// A directory of this test's own, removed at its end.
pub struct Folder(PathBuf);

impl Folder {
    pub fn new() -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let name = format!("unshare-suite-{}-{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
        let path = std::env::temp_dir().join(name);
        // create_dir fails where something is there already, so a foreign file of that name is never used.
        std::fs::create_dir(&path).expect("a folder");
        Folder(path)
    }

    pub fn path(&self) -> &Path {
        &self.0
    }

    pub fn join(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }
}

impl std::fmt::Display for Folder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.display().fmt(f)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// This kernel's version, as far as it decides what is seen.
pub fn kernel() -> (u32, u32) {
    let release = std::fs::read_to_string("/proc/sys/kernel/osrelease").expect("a release");
    let mut numbers = release.split(|c: char| !c.is_ascii_digit()).map(|number| number.parse().unwrap_or(0));
    (numbers.next().unwrap_or(0), numbers.next().unwrap_or(0))
}
