//! Completions in real shells on a terminal: what a person gets who types and presses Tab. The files are found as they
//! are installed.

use crate::install::install;
use crate::support::pty::Pty;
use crate::support::{Folder, need, session_command};
use std::fs;
use std::time::Duration;

crate::tests![in_bash, in_zsh, in_fish];

/// What is typed before Tab, and what stands there afterwards.
const ROWS: &[(&str, &str)] = &[
    // Through the chain, to the next link and its options: with and without `--`.
    ("unshare-us", "unshare-user"),
    ("unshare-user --drop", "unshare-user --drop-caps"),
    ("unshare-user -- unshare-pi", "unshare-user -- unshare-pid"),
    ("unshare-user -- unshare-pid --mo", "unshare-user -- unshare-pid --mount-proc"),
    ("unshare-user unshare-pid --mo", "unshare-user unshare-pid --mount-proc"),
    ("unshare-user -- unshare-uts -- unshare-ipc --sy", "unshare-user -- unshare-uts -- unshare-ipc --sysctl"),
    (
        "limit-cgroup -- unshare-cgroup -- unshare-time --bo",
        "limit-cgroup -- unshare-cgroup -- unshare-time --boottime",
    ),
    // To the command and its options.
    ("unshare-user -- mkte", "unshare-user -- mktemp"),
    ("unshare-user mkte", "unshare-user mktemp"),
    ("unshare-user -- unshare-uts -- mktemp --su", "unshare-user -- unshare-uts -- mktemp --suffix"),
    ("unshare-user unshare-uts mktemp --su", "unshare-user unshare-uts mktemp --suffix"),
    ("unshare-mnt --bind /etc /mnt -- mktemp --su", "unshare-mnt --bind /etc /mnt -- mktemp --suffix"),
    // A value is no command, a word that is joined by signs is one word.
    ("unshare-uts --hostname unshare-pid --dom", "unshare-uts --hostname unshare-pid --domainname"),
    ("unshare-user --map-users 0:0:1 --expl", "unshare-user --map-users 0:0:1 --explain"),
    ("unshare-user --map-users=0:0:1 -- mkte", "unshare-user --map-users=0:0:1 -- mktemp"),
    ("unshare-net --veth host=a,name=b -- unshare-pid --ini", "unshare-net --veth host=a,name=b -- unshare-pid --init"),
    // Values.
    ("unshare-mnt --bind /et", "unshare-mnt --bind /etc/"),
    ("unshare-mnt --bind /etc /va", "unshare-mnt --bind /etc /var/"),
    (
        "unshare-mnt --overlay-src /etc --overlay /etc /etc /va",
        "unshare-mnt --overlay-src /etc --overlay /etc /etc /var/",
    ),
    ("unshare-pid --mount-proc=/pro", "unshare-pid --mount-proc=/proc/"),
    ("unshare-mnt --propagation sl", "unshare-mnt --propagation slave"),
    ("unshare-mnt --propagation=sl", "unshare-mnt --propagation=slave"),
    ("unshare-user --setuid 6553", "unshare-user --setuid 65534"),
    ("unshare-user --groups 0,6553", "unshare-user --groups 0,65534"),
    ("unshare-net --veth host=a,na", "unshare-net --veth host=a,name"),
    ("unshare-net --move lo,addr", "unshare-net --move lo,address"),
    ("unshare-net --route def", "unshare-net --route default,"),
    ("unshare-net --sysctl net.core.somaxc", "unshare-net --sysctl net.core.somaxconn="),
    ("unshare-ipc --sysctl kernel.shmma", "unshare-ipc --sysctl kernel.shmmax="),
    ("unshare-ipc --sysctl fs.mqueue.queues_", "unshare-ipc --sysctl fs.mqueue.queues_max="),
    ("limit-cgroup --set memory.sw", "limit-cgroup --set memory.swap.max="),
    ("nstree --type pid,tim", "nstree --type pid,time"),
];

/// Types every row, and has the shell itself say what its line is then: Ctrl-T is bound to that.
fn try_all(shell: &str, arguments: &[&str], configuration: &str, text: &str) {
    need(shell);
    let folder = Folder::new();
    install(&folder);
    let home = folder.join("home");
    let file = home.join(configuration);
    fs::create_dir_all(file.parent().expect("a directory")).expect("a directory");
    fs::write(&file, text.replace("DATA", &format!("{folder}/usr/share"))).expect("a file");
    let mut command = session_command(shell);
    command.args(arguments).current_dir(&home).env("HOME", &home).env("ZDOTDIR", &home).env("XDG_CONFIG_HOME", &home);
    command.env("XDG_DATA_DIRS", format!("{folder}/usr/share:/usr/share")).env("XDG_DATA_HOME", home.join("data"));
    command.env("TERM", "xterm").env("LC_ALL", "C.UTF-8").env_remove("BASH_ENV").env_remove("ENV");
    let mut pty = Pty::start(command);
    assert!(pty.expect("ready", Duration::from_secs(60)), "no prompt:\n{}", pty.shown());
    let mut wrong = Vec::new();
    for (typed, expected) in ROWS {
        // Ctrl-U empties the line.
        pty.send(&format!("{typed}\t\x14\x15"));
        let is_said = pty.expect("]line", Duration::from_secs(30));
        let shown = pty.shown();
        let line = shown.rsplit("line[").next().and_then(|rest| rest.split("]line").next()).unwrap_or_default();
        // What follows a finished word: a space, or the sign that its value is joined by.
        if !is_said || line.trim_end_matches([' ', '=', ',']) != expected.trim_end_matches(['=', ',']) {
            wrong.push(format!("{typed:?}: {line:?}, not {expected:?}"));
        }
    }
    pty.hang_up();
    assert!(wrong.is_empty(), "{shell}:\n{}", wrong.join("\n"));
}

fn in_bash() {
    let completion = std::path::Path::new("/usr/share/bash-completion/bash_completion");
    if !completion.exists() {
        crate::support::runner::skip("bash-completion is not installed");
    }
    let text = r#"
. /usr/share/bash-completion/bash_completion
PS1='ready '
bind 'set bell-style none'
bind -x '"\C-t": printf "\nline[%s]line\n" "$READLINE_LINE"'
"#;
    try_all("bash", &["--rcfile", ".bashrc", "-i"], ".bashrc", text);
}

fn in_zsh() {
    let text = r#"
fpath=(DATA/zsh/site-functions $fpath)
autoload -Uz compinit && compinit -u -D
say() { print -r -- $'\n'"line[$BUFFER]line" }
zle -N say
bindkey -e
bindkey '^T' say
PS1='ready '
setopt no_beep
"#;
    try_all("zsh", &["-d", "-i"], ".zshrc", text);
}

fn in_fish() {
    let text = r#"
function fish_prompt; echo 'ready '; end
function fish_greeting; end
set -g fish_autosuggestion_enabled 0
bind \ct 'printf "\nline[%s]line\n" (commandline)'
bind \cu 'commandline ""'
"#;
    try_all("fish", &["-i"], "fish/config.fish", text);
}
