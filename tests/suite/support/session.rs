//! A reader's terminal: an interactive shell in a fresh folder, with the tools on PATH, as an ordinary user or as root.

use super::pty::Pty;
use super::{Folder, LIMIT, descendants, eventually, is_root, lives, patience, tools};
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

/// What the shells show when they wait for a command. No command shows this.
const PROMPT: &str = "\u{1c}ready\u{1c}";

/// Who reads when we are root ourselves: a user that every system has, and whom nothing is owned by.
const ORDINARY: &str = "daemon";

pub struct Session {
    pty: Pty,
    user: String,
    /// Held so that it is there until the shell is gone.
    _folder: Folder,
}

impl Session {
    /// Opens the shell that has this prompt: `$` or `#`.
    pub fn open(prompt: char) -> Session {
        let folder = Folder::new();
        let is_ordinary = prompt == '$';
        let (mut command, user) = match (is_ordinary, is_root()) {
            (true, true) => (Command::new("setpriv"), ORDINARY.to_owned()),
            (true, false) => (Command::new("bash"), name()),
            (false, true) => (Command::new("bash"), "root".to_owned()),
            // As much of a root as an ordinary user can be.
            (false, false) => (Command::new(tools().join("unshare-user")), "root".to_owned()),
        };
        let mut bin = tools().to_owned();
        if is_ordinary && is_root() {
            command.args(["--reuid", ORDINARY, "--regid", ORDINARY, "--clear-groups", "bash"]);
            bin = for_everybody(&folder);
        } else if !is_ordinary && !is_root() {
            command.args(["--", "unshare-mnt", "--", "bash"]);
        }
        let home = folder.join("home");
        fs::create_dir(&home).expect("a folder");
        // Where a system's own file sets another prompt.
        fs::write(home.join(".bashrc"), format!("PS1='{PROMPT}'\n")).expect("a file");
        if is_ordinary && is_root() {
            let user = nix::unistd::User::from_name(ORDINARY).ok().flatten().expect("a user");
            nix::unistd::chown(&home, Some(user.uid), Some(user.gid)).expect("a new owner");
        }
        command.args(["--norc", "--noprofile", "--noediting", "-i"]).current_dir(&home).env_clear();
        command.env("PATH", format!("{}:/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin", bin.display()));
        command.env("HOME", &home).env("USER", &user).env("LOGNAME", &user).env("SHELL", "/bin/sh");
        // With these a bash inside neither edits its line nor echoes it.
        command.env("TERM", "dumb").env("EMACS", "t");
        command.env("LANG", "C.UTF-8").env("PS1", PROMPT).env("PS2", "");
        let mut session = Session { pty: Pty::start(command), user, _folder: folder };
        // The documents show each line whole, however long.
        session.pty.resize(24, 400);
        session.wait().expect("the first prompt");
        session.type_line("stty -echo").expect("a prompt");
        session
    }

    /// What was shown before the next prompt.
    ///
    /// # Errors
    /// There is none: all that was shown.
    fn wait(&mut self) -> Result<String, String> {
        let end = Instant::now() + LIMIT * patience();
        loop {
            if let Some(shown) = self.pty.until(PROMPT, Duration::from_millis(200)) {
                return Ok(shown);
            }
            if Instant::now() > end || !lives(self.pty.child.id()) {
                return Err(format!("no prompt came, but:\n{}", self.pty.shown().replace(PROMPT, "$ ")));
            }
        }
    }

    /// Types a command, and gives what it showed: without colours, and with the names that the documents use.
    ///
    /// # Errors
    /// It did not end, or it ended the session.
    pub fn type_line(&mut self, command: &str) -> Result<Vec<String>, String> {
        self.pty.send(&format!("{command}\n"));
        let shown = without_colours(&self.wait()?).replace('\r', "");
        let host = fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
        let shown = word(&shown, &self.user, if self.user == "root" { "root" } else { "student" });
        Ok(word(&shown, host.trim(), "laptop").lines().map(str::to_owned).collect())
    }

    /// Leaves. Nothing of the session may stay behind.
    pub fn close(mut self) {
        let shell = self.pty.child.id();
        let left = descendants(shell);
        self.pty.send("exit\n");
        eventually("the shell is over: no shell inside is still open", || {
            self.pty.shown();
            !lives(shell)
        });
        let _ = self.pty.child.wait();
        eventually("nothing that was started is left", || left.iter().all(|pid| !lives(*pid)));
    }
}

/// A copy of the tools that an ordinary user can execute, wherever the real ones are.
fn for_everybody(folder: &Folder) -> std::path::PathBuf {
    let bin = folder.join("bin");
    fs::create_dir(&bin).expect("a folder");
    for tool in fs::read_dir(tools()).expect("the tools").flatten() {
        let is_tool = tool.file_name().to_str().is_some_and(|name| !name.contains('.'));
        if is_tool && tool.path().is_file() {
            fs::copy(tool.path(), bin.join(tool.file_name())).expect("a copy");
        }
    }
    for dir in [folder.path(), bin.as_path() as &Path] {
        fs::set_permissions(dir, fs::Permissions::from_mode(0o755)).expect("a mode");
    }
    bin
}

fn name() -> String {
    let user = nix::unistd::User::from_uid(nix::unistd::geteuid()).ok().flatten();
    user.map_or_else(|| nix::unistd::geteuid().to_string(), |user| user.name)
}

/// The text with one word put for another.
fn word(text: &str, old: &str, new: &str) -> String {
    let is_part = |c: Option<char>| c.is_some_and(|c| c.is_alphanumeric() || c == '-' || c == '_');
    let mut out = String::new();
    let mut rest = text;
    while let Some(at) = rest.find(old).filter(|_| !old.is_empty()) {
        let (before, after) = (&rest[..at], &rest[at + old.len()..]);
        out.push_str(before);
        let is_word = !is_part(out.chars().last()) && !is_part(after.chars().next());
        out.push_str(if is_word { new } else { old });
        rest = after;
    }
    out + rest
}

fn without_colours(text: &str) -> String {
    let mut parts = text.split("\u{1b}[");
    let mut out = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        out.push_str(
            part.trim_start_matches(|c: char| c.is_ascii_digit() || c == ';' || c == '?').get(1..).unwrap_or(""),
        );
    }
    out
}
