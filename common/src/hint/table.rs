//! The table of causes: what each looks like, and what to do. The messages and `docs/refusals.md` are both made from it,
//! and from those of the tools that have one of their own.

use std::fmt::Write;

/// A cause that a refusal can have. `{}` in `hint` stands for what was found in this case.
#[derive(Debug, PartialEq, Eq)]
pub struct Row {
    /// What it is called.
    pub name: &'static str,
    /// The first line of the message, as an example.
    pub see: &'static str,
    /// How it is known.
    pub found_by: &'static str,
    /// The second line of the message: the cause, and what to do.
    pub hint: &'static str,
}

/// A cause, in one case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cause {
    /// Which.
    pub row: &'static Row,
    words: Vec<String>,
}

impl Row {
    /// The cause with what was found, in the order of the `{}`.
    pub fn with<const N: usize>(&'static self, words: [&str; N]) -> Cause {
        Cause { row: self, words: words.map(str::to_owned).to_vec() }
    }
}

/// The second line of the message, without `hint: `.
impl std::fmt::Display for Cause {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut words = self.words.iter();
        for (index, piece) in self.row.hint.split("{}").enumerate() {
            if index > 0 {
                f.write_str(words.next().map_or("", String::as_str))?;
            }
            f.write_str(piece)?;
        }
        Ok(())
    }
}

/// For [`crate::failure::Failure::hint`].
impl From<Cause> for Option<String> {
    fn from(cause: Cause) -> Self {
        Some(cause.to_string())
    }
}

/// A table of rows: each a constant, and all of them as `TABLE`. What one tool alone can meet stands in a table of its own.
#[macro_export]
macro_rules! causes {
    ($($constant:ident: $name:literal, $see:literal, $found_by:literal, $hint:literal;)*) => {
        $(
            #[doc = $name]
            pub const $constant: $crate::hint::table::Row =
                $crate::hint::table::Row { name: $name, see: $see, found_by: $found_by, hint: $hint };
        )*
        /// Every cause, in the order of the page.
        #[allow(dead_code, reason = "a tool refers to its rows, the page to the table")]
        pub const TABLE: &[&$crate::hint::table::Row] = &[$(&$constant),*];
    };
}

causes! {
    NO_CAPABILITY: "No capability",
        "unshare(CLONE_NEWNET): EPERM: Operation not permitted",
        "the effective capabilities of the process",
        "needs {} here: run as root, or put 'unshare-user --' in front";
    FOREIGN: "The namespace is not ours",
        "mount(\"proc\", \"/proc\"): EPERM: Operation not permitted",
        "the owner of the namespace (ioctl_ns(2))",
        "the {} here belongs to a user namespace around this one, so it may not be changed from here: make one after unshare-user: {}";
    LIMIT_ZERO: "A limit is 0",
        "unshare(CLONE_NEWUTS): ENOSPC: No space left on device",
        "`/proc/sys/user/max_*_namespaces`",
        "{} is 0 here, so none may be made: raise it with 'sysctl -w {}=...' where it was set";
    LIMIT_REACHED: "A limit is reached",
        "unshare(CLONE_NEWUTS): ENOSPC: No space left on device",
        "`/proc/sys/user/max_*_namespaces`; the other causes of ENOSPC were ruled out",
        "{} is reached ({} here; it counts in every user namespace around this one too): end what holds some (see 'lsns -t {}'), or raise it";
    PID_DEPTH: "PID namespaces nested 32 deep",
        "unshare(CLONE_NEWPID): ENOSPC: No space left on device",
        "the number of PIDs that this process has (`NSpid` in `/proc/self/status`)",
        "PID namespaces nest 32 deep at most, and this process is at that depth: leave a link away";
    PID_DEPTH_OR_LIMIT: "PID namespaces nested too deep, or a limit",
        "unshare(CLONE_NEWPID): ENOSPC: No space left on device",
        "a process that has its own `/proc` cannot see how deep it is",
        "either PID namespaces are nested 32 deep, which is the most, or {} is reached ({} here): 'lsns -T -t pid' from outside shows the nesting";
    USER_DEPTH_OR_LIMIT: "User namespaces nested 33 deep, or a limit",
        "unshare(CLONE_NEWUSER): ENOSPC: No space left on device",
        "`/proc/sys/user/max_user_namespaces`; the depth cannot be seen from inside",
        "either user namespaces are nested 33 deep, which is the most, or {} is reached in one around this one ({} here): 'lsns -T -t user' from outside shows the nesting";
    NOT_IN_KERNEL: "The kernel has no such namespaces",
        "unshare(CLONE_NEWUSER): EINVAL: Invalid argument",
        "`/proc/self/ns`",
        "this kernel was built without {} namespaces";
    SWITCHED_OFF: "User namespaces are switched off",
        "unshare(CLONE_NEWUSER): EPERM: Operation not permitted",
        "`/proc/sys/kernel/unprivileged_userns_clone`",
        "kernel.unprivileged_userns_clone is 0, so only root may make user namespaces: 'sysctl -w kernel.unprivileged_userns_clone=1' as root, or run as root";
    APPARMOR: "Restricted by AppArmor",
        "write(/proc/self/uid_map, \"0 1000 1\"): EPERM: Operation not permitted",
        "`/proc/sys/kernel/apparmor_restrict_unprivileged_userns`, `/proc/self/attr/apparmor/current`",
        "AppArmor restricts user namespaces of ordinary users (kernel.apparmor_restrict_unprivileged_userns is 1, this process is '{}'): give this program a profile with 'userns,' in /etc/apparmor.d, or 'sysctl -w kernel.apparmor_restrict_unprivileged_userns=0', or run as root";
    UNMAPPED: "The caller has no ID here",
        "unshare(CLONE_NEWUSER): EPERM: Operation not permitted",
        "`/proc/self/uid_map`, `/proc/self/gid_map`",
        "a user namespace can be made only by one whose own IDs are mapped here, and the {} ID of this process is not: use another map than --map-none in the unshare-user before, or --setuid and --setgid there";
    CHROOT: "Inside a chroot",
        "unshare(CLONE_NEWUSER): EPERM: Operation not permitted",
        "`/` is no mount point (statx(2))",
        "this process is in a chroot, where the kernel makes no user namespaces: enter that tree with 'unshare-mnt --root DIR' in place of chroot(8)";
    PERHAPS_CHROOT: "Perhaps inside a chroot",
        "unshare(CLONE_NEWUSER): EPERM: Operation not permitted",
        "switched-off user namespaces, unmapped IDs and AppArmor were ruled out, and so was a filter that refuses the call",
        "probably this process is in a chroot, where the kernel makes no user namespaces ('ls -di /' as seen from outside tells; sysctls, ID maps and AppArmor were looked at and allow it): enter that tree with 'unshare-mnt --root DIR' in place of chroot(8); or a security module forbids it";
    CHROOT_NO_PROC: "Perhaps inside a chroot, without /proc",
        "unshare(CLONE_NEWUSER): EPERM: Operation not permitted",
        "`/proc` is absent, so nothing else could be looked at",
        "there is no /proc here to look at for the cause; a tree without one is most often a chroot, where the kernel makes no user namespaces: enter it with 'unshare-mnt --root DIR' in place of chroot(8)";
    USER_PROCESSES: "A user's limit on processes",
        "fork(): EAGAIN: Try again",
        "`/proc/self/limits`, and the user's processes in `/proc`",
        "user {} has {} processes and threads, and may have {} ('ulimit -u'): end some, or raise the limit";
    GROUP_PROCESSES: "A control group's limit on processes",
        "fork(): EAGAIN: Try again",
        "`pids.max` and `pids.current` of the group that this process is in, and of those around it",
        "the control group {} has as many processes as its pids.max allows, {}: end some, or raise it (docker and limit-cgroup: --pids-limit)";
    SECCOMP: "A seccomp filter",
        "unshare(CLONE_NEWUSER): EPERM: Operation not permitted",
        "a harmless, invalid call of the same kind, which the kernel itself answers otherwise",
        "a seccomp filter refuses {}: allow it where the filter was set (docker: --security-opt seccomp=..., systemd: RestrictNamespaces=, SystemCallFilter=)";
    PERHAPS_SECCOMP: "Perhaps a seccomp filter",
        "unshare(CLONE_NEWNET): EPERM: Operation not permitted",
        "`Seccomp` in `/proc/self/status` is 2; the causes that can be seen were ruled out",
        "a seccomp filter is installed and may refuse this call, or a security module does, or for a user namespace a chroot (capabilities, sysctls, ID maps and AppArmor were looked at and allow it): where the same works outside of the filter ('grep Seccomp: /proc/self/status' shows 0), it is the filter";
    TOO_OLD: "The kernel is too old",
        "fsopen(\"tmpfs\"): ENOSYS: Function not implemented",
        "`/proc/sys/kernel/osrelease`",
        "this kernel, {}, is too old: the call needs Linux {}";
    PROC_COVERED: "/proc is over-mounted",
        "mount(\"proc\", \"/proc\"): EPERM: Operation not permitted",
        "`/proc/self/mountinfo`",
        "a new /proc would show more than the one that is here (\"too revealing\" to the kernel), over which something is mounted: {}; umount that where it was mounted (docker: --security-opt systempaths=unconfined), or run as the host's root";
    PROC_READ_ONLY: "/proc is read-only",
        "write(/proc/self/uid_map, \"0 1000 1\"): EROFS: Read-only file system",
        "`/proc/self/mountinfo`",
        "/proc is mounted read-only here: 'mount -o remount,rw /proc' where that was done";
    PROC_FAKE: "A file of /proc is not the kernel's",
        "write(/proc/self/uid_map, \"0 1000 1\"): ENODEV: No such device",
        "the type of the file system; the error number is ours",
        "something else is mounted over this file of /proc: it would have taken the write, and nothing would be set: umount it, or mount a /proc ('unshare-mnt --proc /proc' after unshare-pid)";
    PROC_ABSENT: "/proc is absent",
        "write(/proc/self/uid_map, \"0 1000 1\"): ENOENT: No such file or directory",
        "`/proc/self`",
        "no /proc that knows this process is mounted here: mount one first ('mount -t proc proc /proc' as root, or 'unshare-mnt --proc /proc' after unshare-pid)";
    MOUNT_POINT_MISSING: "A mount point is missing",
        "mount(\"proc\", \"/nowhere\"): ENOENT: No such file or directory",
        "the directory itself",
        "make the mount point first: mkdir {}";
    NOT_A_DIRECTORY: "A mount point is no directory",
        "mount(\"proc\", \"/etc/passwd\"): ENOTDIR: Not a directory",
        "the directory itself",
        "{} is no directory: name one";
    KEEP_DIRECTORY: "The directory of a FILE for --keep or --pid-file is missing",
        "open(\"/run/x/y\", O_CREAT): ENOENT: No such file or directory",
        "the error number",
        "make its directory first: mkdir -p {}";
    KEEP_CAPABILITY: "--keep without rights over the caller's mounts",
        "mount(/proc/self/ns/net, \"/tmp/f\", MS_BIND): EPERM: Operation not permitted",
        "the effective capabilities; the owner of the mount namespace",
        "--keep mounts in the caller's mount namespace, which takes CAP_SYS_ADMIN over that one: run as root, or inside 'unshare-user -- unshare-mnt --'";
    KEEP_SHARED: "A mount namespace on a shared mount",
        "mount(/proc/self/ns/mnt, \"/tmp/f\", MS_BIND): EINVAL: Invalid argument",
        "`/proc/self/mountinfo`",
        "a mount namespace can be bound only where mounts are private, and {} is a shared mount: mount --bind {} {} && mount --make-private {}";
    SYSCTL_OWNER: "The file of a sysctl belongs to another",
        "write(\"/proc/sys/kernel/shmmax\", \"1\"): EACCES: Permission denied",
        "the error number",
        "the file of {} belongs to the user ID 0 inside: after 'unshare-user --' with its root map it can be written";
    SYSCTL_FOR_READING: "A sysctl that only tells",
        "write(\"/proc/sys/net/ipv4/tcp_available_congestion_control\", \"x\"): EACCES: Permission denied",
        "the mode of its file",
        "{} can only be read";
    SYSCTL_UNKNOWN: "The kernel has no such sysctl",
        "write(\"/proc/sys/kernel/shmfoo\", \"1\"): ENOENT: No such file or directory",
        "the error number",
        "this kernel has no {}";
    SYSCTL_READ_ONLY: "The sysctls are read-only",
        "write(\"/proc/sys/net/ipv4/ip_forward\", \"1\"): EROFS: Read-only file system",
        "`/proc/self/mountinfo`",
        "{} is mounted read-only here: 'mount -o remount,rw {}' where that was done (docker: --security-opt systempaths=unconfined)";
    SYSCTL_VALUE: "Not a value of this sysctl",
        "write(\"/proc/sys/kernel/shmmax\", \"x\"): EINVAL: Invalid argument",
        "the error number",
        "not a value that {} takes";
    SET_ID: "Set-ID programs",
        "started with rights that its caller has not (AT_SECURE)",
        "AT_SECURE, see getauxval(3)",
        "the file of this program has a set-ID bit or capabilities, which it must not have ('ls -l' and 'getcap' show them), or a set-ID program called it with two IDs, or a change of security label: take them away, or call it with one ID";
    INTERPRETER: "An interpreter is missing",
        "execvp(\"./script\"): ENOENT: No such file or directory",
        "the first line of the script, or the header of the ELF file",
        "{} is there, its interpreter {} is not: install it, or bind it into this root";
    INTERPRETER_CR: "A script with CR LF line ends",
        "execvp(\"./script\"): ENOENT: No such file or directory",
        "the first line of the script",
        "{} ends its lines with CR LF, so its interpreter is {}: convert it";
}

/// The page `docs/refusals.md`, from the tables of single tools, by their names.
pub fn page(tables: &[(&str, &[&Row])]) -> String {
    let mut page = String::from(
        "# Refusals\n\n\
         When a call is refused, the tools say which, with its arguments, on one line. Then they look at the system for the cause,\n\
         and say on a second line, after `hint:`, what it is and what to do. This page lists every cause that they know. It is made\n\
         from the tables in the code: `common/src/hint/table.rs`, and then `src/hint/table.rs` of single tools;\n\
         `...` stands for what was found.\n\n\
         Two causes cannot be provoked on most machines, a user namespace that `kernel.unprivileged_userns_clone` or AppArmor forbids:\n\
         the tests decide them from facts as their documentation gives them.\n\n\
         What unshare(1) and bwrap(1) say to the same refusals stands in [refusals-of-peers.md](refusals-of-peers.md).\n",
    );
    for (tool, table) in [("unshare-...", TABLE)].iter().chain(tables) {
        for row in *table {
            let (name, see, found_by, hint) = (row.name, row.see, row.found_by, row.hint.replace("{}", "..."));
            let _ = write!(
                page,
                "\n## {name}\n\nYou see, for example:\n\n    {tool}: {see}\n    {tool}: hint: {hint}\n\nFound by: {found_by}.\n"
            );
        }
    }
    page
}
