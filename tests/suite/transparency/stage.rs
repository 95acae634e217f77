//! Plays a scene under a link, and compares what was seen with what is seen without one.

use super::exceptions::Exception;
use super::links::{Kind, Link, bare, links};
use crate::support::pty::Pty;
use crate::support::{Folder, command, need, session_command, wait};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use std::fs;
use std::os::unix::process::ExitStatusExt;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Condvar, Mutex};
use std::time::{Duration, Instant};

/// A row of the table.
#[derive(Clone, Copy)]
pub struct Scene {
    name: &'static str,
    play: Play,
    pub needs: &'static str,
    either_end: bool,
    without_notices: bool,
    /// How much longer than without a link it may take, on a loaded machine.
    slack: Duration,
    excuses: [Option<Excuse>; 4],
}

/// How a scene is played.
#[derive(Clone, Copy)]
enum Play {
    /// A bash script with the link's words in `$L`.
    Script(&'static str),
    /// An interactive bash on a terminal, with the link's words in `$L`.
    Keys(&'static [Step]),
    /// Code that gives what it saw.
    Code(fn(&Stage) -> String),
}

/// What a person at the terminal does.
#[derive(Clone, Copy)]
pub enum Step {
    /// Types a line for the shell, and waits for its next prompt.
    Line(&'static str),
    /// Types keys.
    Keys(&'static str),
    /// Waits for this text.
    See(&'static str),
    /// Waits until the shell has given the foreground away.
    Away,
    /// Waits until all that the shell started stands still: its children, and what they wait for.
    Stopped,
    /// Changes the window.
    Resize(u16, u16),
}

/// Under such a link something else is seen, for this reason; what is seen then holds this text.
#[derive(Clone, Copy)]
struct Excuse {
    kind: Kind,
    exception: &'static Exception,
    instead: &'static str,
}

impl Scene {
    const fn new(play: Play) -> Self {
        let slack = Duration::from_secs(40);
        Scene { name: "", play, needs: "bash", either_end: false, without_notices: false, slack, excuses: [None; 4] }
    }

    /// A bash script with the link's words in `$L`.
    pub const fn script(text: &'static str) -> Self {
        Scene::new(Play::Script(text))
    }

    /// A person at a terminal.
    pub const fn keys(steps: &'static [Step]) -> Self {
        Scene::new(Play::Keys(steps))
    }

    /// Code that gives what it saw.
    pub const fn code(play: fn(&Stage) -> String) -> Self {
        Scene::new(Play::Code(play))
    }

    /// A program that this scene is about.
    pub const fn needs(mut self, program: &'static str) -> Self {
        self.needs = program;
        self
    }

    /// It starts many commands, one after the other.
    pub const fn starts_many(mut self) -> Self {
        self.slack = Duration::from_secs(150);
        self
    }

    /// The command dies of Ctrl-C or exits with 130, as it happens, also without a link: the shell prints a newline
    /// after `^C` in the one case only, which is not compared.
    pub const fn either_end_of_ctrl_c(mut self) -> Self {
        self.either_end = true;
        self
    }

    /// What the shell tells of its jobs comes at one prompt or the next, also without a link: it is not compared.
    pub const fn without_notices(mut self) -> Self {
        self.without_notices = true;
        self
    }

    pub const fn named(mut self, name: &'static str) -> Self {
        self.name = name;
        self
    }

    /// Under links of this kind, something that holds `instead` is seen instead.
    pub const fn except(mut self, kind: Kind, exception: &'static Exception, instead: &'static str) -> Self {
        let mut at = 0;
        while self.excuses[at].is_some() {
            at += 1;
        }
        self.excuses[at] = Some(Excuse { kind, exception, instead });
        self
    }

    /// The row's title.
    pub fn title(&self) -> String {
        self.name.replace('_', " ")
    }

    /// Plays it under our links; fails where a difference has no excuse.
    #[track_caller]
    pub fn check(&self) {
        need(self.needs);
        let (bare, cells) = self.row(&links());
        assert!(!bare.contains("HANGS"), "{bare}");
        for (link, cell, seen) in cells {
            assert!(
                !matches!(cell, Cell::Differs),
                "differs under {}\n== bare ==\n{bare}\n== {} ==\n{seen}",
                link.name,
                link.words
            );
        }
    }

    /// Plays it bare, then under the links, several at once. Gives what was seen bare, and each link's cell.
    pub fn row(&self, links: &[Link]) -> (String, Vec<(Link, Cell, String)>) {
        let (plain, took) = self.play(&bare());
        let cells = std::thread::scope(|scope| {
            let plays: Vec<_> = links.iter().map(|link| scope.spawn(|| self.play(link))).collect();
            let seen = plays.into_iter().map(|play| play.join().expect("a scene panics nowhere"));
            links
                .iter()
                .zip(seen)
                .map(|(link, (seen, time))| {
                    let mut cell = self.compare(link, &plain, &seen);
                    if time > took + self.slack {
                        cell = Cell::Differs;
                    }
                    (link.clone(), cell, seen)
                })
                .collect()
        });
        (plain, cells)
    }

    fn compare(&self, link: &Link, bare: &str, seen: &str) -> Cell {
        if bare == seen {
            return Cell::Same;
        }
        let excuse = self.excuses.iter().flatten().find(|e| e.kind == link.kind && seen.contains(e.instead));
        excuse.map_or(Cell::Differs, |excuse| Cell::Excused(excuse.exception.number))
    }

    fn play(&self, link: &Link) -> (String, Duration) {
        let _place = Places::take();
        let stage = Stage::new(link, self.slack);
        let begin = Instant::now();
        let mut seen = match self.play {
            Play::Script(text) => stage.script(text),
            Play::Keys(steps) => stage.keys(steps),
            Play::Code(play) => play(&stage),
        };
        let took = begin.elapsed();
        if self.either_end {
            seen = seen.replace("^C\n", "^C");
        }
        if self.without_notices {
            let kept = seen.lines().filter(|line| !line.starts_with('[') && !line.is_empty());
            seen = kept.map(|line| format!("{line}\n")).collect();
        }
        seen.push_str(&stage.left());
        (seen, took)
    }
}

/// What is to be seen in the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cell {
    Same,
    Excused(u8),
    Differs,
}

impl std::fmt::Display for Cell {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Cell::Same => f.pad("same"),
            Cell::Excused(number) => f.pad(&number.to_string()),
            Cell::Differs => f.pad("differs"),
        }
    }
}

/// Scenes mostly wait, so more of them are played at once than there are processors; but not all.
struct Places;

static FREE: Mutex<u32> = Mutex::new(10);
static FREED: Condvar = Condvar::new();

impl Places {
    fn take() -> Self {
        let free = FREE.lock().expect("no holder panics");
        *FREED.wait_while(free, |free| *free == 0).expect("no holder panics") -= 1;
        Places
    }
}

impl Drop for Places {
    fn drop(&mut self) {
        *FREE.lock().expect("no holder panics") += 1;
        FREED.notify_one();
    }
}

/// Where a scene is played: a folder of its own, and a mark by which all its processes are known.
pub struct Stage {
    pub link: Link,
    pub folder: Folder,
    mark: String,
    pub limit: Duration,
}

impl Stage {
    fn new(link: &Link, slack: Duration) -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let mark = format!("SCENE=s{}.{}.", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
        // Others are known to hang.
        let limit = if link.kind == Kind::Peer { Duration::from_secs(5) } else { slack + Duration::from_secs(20) };
        Stage { link: link.clone(), folder: Folder::new(), mark, limit }
    }

    /// Any program in this scene.
    pub fn command(&self, program: &str) -> Command {
        self.prepare(command(program))
    }

    /// One that will be the leader of a session.
    pub fn command_in_session(&self, program: &str) -> Command {
        self.prepare(session_command(program))
    }

    fn prepare(&self, mut command: Command) -> Command {
        command.env("L", &self.link.words).env("SCENE", &self.mark["SCENE=".len()..]).current_dir(self.folder.path());
        command.env("LC_ALL", "C.UTF-8").env("TERM", "dumb").env_remove("BASH_ENV").env_remove("ENV");
        command
    }

    /// The link with a command as a direct child of the suite, its output to be read.
    pub fn spawn(&self, words: &[&str]) -> std::process::Child {
        let mut all = self.link.words.split_whitespace().chain(words.iter().copied());
        let mut command = self.command(all.next().expect("a command"));
        command.args(all).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().expect("a process")
    }

    fn script(&self, text: &str) -> String {
        let mut command = self.command("bash");
        let [out, err] = ["out", "err"].map(|name| fs::File::create(self.folder.join(name)).expect("a file"));
        // To files: what is left running must not keep us waiting.
        command.args(["--norc", "--noprofile", "-c", text]).stdin(Stdio::null()).stdout(out).stderr(err);
        let mut child = command.spawn().expect("bash");
        let end = match wait(&mut child, self.limit) {
            Some(status) => format!("{:?} {:?}", status.code(), status.signal()),
            None => {
                crate::support::kill_group(&child);
                let _ = child.wait();
                "HANGS".to_owned()
            }
        };
        let [out, err] = ["out", "err"].map(|name| fs::read(self.folder.join(name)).expect("a file"));
        let [out, err] = [out, err].map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
        format!("{out}{}end: {end}\n", neutral(&err))
    }

    fn keys(&self, steps: &[Step]) -> String {
        let mut bash = self.command_in_session("bash");
        bash.args(["--norc", "--noprofile", "--noediting", "-i"]).env("PS1", "P> ").env("Q", "Q>").env("HISTFILE", "");
        let mut pty = Pty::start(bash);
        let shell = pty.child.id() as i32;
        let mut problem = String::new();
        pty.expect("P> ", self.limit);
        let modes = pty.modes();
        for step in steps {
            let fine = match *step {
                Step::Line(line) => {
                    pty.send(line);
                    pty.send("\n");
                    pty.expect("\r\n", self.limit) && pty.expect("P> ", self.limit)
                }
                Step::Keys(keys) => {
                    pty.send(keys);
                    true
                }
                Step::See(text) => pty.expect(text, self.limit),
                Step::Away => self.until(|| pty.foreground() != shell),
                Step::Stopped => self.until(|| all_stopped(shell)),
                Step::Resize(lines, columns) => {
                    pty.resize(lines, columns);
                    true
                }
            };
            if !fine {
                problem = "HANGS\n".to_owned();
                break;
            }
        }
        let shown = notices_last(&neutral(&pty.shown()));
        let foreground = if pty.foreground() == shell { "the shell's" } else { "another" };
        let modes = if pty.modes() == modes { "as before" } else { "changed" };
        // A link that spins spends seconds; starting one takes milliseconds.
        let spent: u64 = self.processes().iter().map(|(pid, _)| spent(*pid)).sum();
        let busy = if spent > 70 { "busy" } else { "idle" };
        let _ = kill(Pid::from_raw(shell), Signal::SIGKILL);
        let _ = pty.child.wait();
        format!("{shown}\n{problem}foreground: {foreground}, modes: {modes}, links: {busy}\n")
    }

    pub fn until(&self, mut is_so: impl FnMut() -> bool) -> bool {
        let end = Instant::now() + self.limit;
        while !is_so() {
            if Instant::now() > end {
                return false;
            }
            std::thread::sleep(Duration::from_millis(4));
        }
        true
    }

    /// The processes of this scene: those that have its mark in their environment.
    pub fn processes(&self) -> Vec<(i32, String)> {
        let mark = self.mark.as_bytes();
        let numbers = fs::read_dir("/proc").expect("/proc").flatten();
        numbers
            .filter_map(|entry| {
                let pid: i32 = entry.file_name().to_str()?.parse().ok()?;
                let environment = fs::read(entry.path().join("environ")).ok()?;
                environment.windows(mark.len()).any(|window| window == mark).then_some(())?;
                let name = fs::read_to_string(entry.path().join("comm")).ok()?;
                Some((pid, name.trim_end().to_owned()))
            })
            .collect()
    }

    /// What is left running after three seconds; that is killed.
    fn left(&self) -> String {
        // A peer's remains take no more time than to show that they are there.
        let end = Instant::now() + Duration::from_secs(if self.link.kind == Kind::Peer { 1 } else { 3 });
        loop {
            let left = self.processes();
            if left.is_empty() {
                return "left: nothing\n".to_owned();
            }
            if Instant::now() > end {
                for (pid, _) in &left {
                    let _ = kill(Pid::from_raw(*pid), Signal::SIGKILL);
                }
                let names: Vec<_> = left.iter().map(|(_, name)| name.as_str()).collect();
                return format!("left: {}\n", names.join(" "));
            }
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

/// The fields of `/proc/PID/stat` from the third on: state, parent, ...
fn stat(pid: i32) -> Option<Vec<String>> {
    let text = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let (_, fields) = text.rsplit_once(") ")?;
    Some(fields.split_whitespace().map(str::to_owned).collect())
}

/// A process's state: R, S, D, T, Z.
pub fn state(pid: i32) -> Option<String> {
    stat(pid)?.into_iter().next()
}

/// Processor time of a process and the children that it has waited for, in hundredths of a second.
fn spent(pid: i32) -> u64 {
    stat(pid).unwrap_or_default().iter().skip(11).take(4).filter_map(|field| field.parse::<u64>().ok()).sum()
}

/// The living children of a process.
pub fn children(parent: i32) -> Vec<i32> {
    let numbers = fs::read_dir("/proc").expect("/proc").flatten();
    let pids = numbers.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    pids.filter(|&pid| stat(pid).is_some_and(|stat| stat[1] == parent.to_string() && stat[0] != "Z")).collect()
}

fn all_stopped(shell: i32) -> bool {
    let children = children(shell);
    !children.is_empty() && children.into_iter().all(|pid| state(pid).as_deref() == Some("T") && ends_stopped(pid))
}

/// What waits for nothing itself is stopped: an init beside it need not be.
fn ends_stopped(pid: i32) -> bool {
    let children = children(pid);
    if children.is_empty() { state(pid).as_deref() == Some("T") } else { children.into_iter().any(ends_stopped) }
}

/// The shell tells that a job has ended before the prompt that comes next, and which one that is depends on the moment:
/// these notices, `[1]+ Terminated ...`, are put together at the end.
fn notices_last(shown: &str) -> String {
    let is_notice = |line: &&str| {
        let word =
            line.strip_prefix('[').and_then(|rest| rest.split_once(']')?.1.split_whitespace().find(|w| *w != "+"));
        word.is_some_and(|word| !["Running", "Stopped", "PID"].contains(&word) && word.starts_with(char::is_uppercase))
    };
    let (notices, others): (Vec<&str>, Vec<&str>) = shown.lines().partition(is_notice);
    others.into_iter().chain(notices).map(|line| format!("{line}\n")).collect()
}

/// A shell's messages without the process numbers, which are never the same: those of three digits and more that follow
/// a job number, or `line 1: `.
fn neutral(text: &str) -> String {
    let mut all = String::new();
    for line in text.split_inclusive('\n') {
        let mut words = Vec::new();
        for word in line.split_inclusive(' ') {
            let number = word.trim_end();
            let is_pid = number.len() > 1 && number.bytes().all(|byte| byte.is_ascii_digit());
            let after = words.iter().rev().find(|word: &&&str| !word.trim().is_empty());
            let after_job = after.is_some_and(|word| word.starts_with('[') || word.trim_end().ends_with(':'));
            if is_pid && after_job {
                all.push_str(&word.replace(number, "PID"));
            } else if !word.trim().is_empty() || word.ends_with('\n') {
                all.push_str(word);
            }
            words.push(word);
        }
    }
    all
}
