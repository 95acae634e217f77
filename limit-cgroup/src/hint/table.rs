//! The causes that only control groups have; the others are in common's table.

common::causes! {
    NO_GROUP: "Not a control group",
        "--parent /tmp: not a control group (cgroup v2)",
        "the type of the file system",
        "name a directory of a cgroup2 file system, or a group as /proc/self/cgroup does";
    NO_PROC: "No /proc to find the own group",
        "read(\"/proc/self/cgroup\"): ENOENT: No such file or directory",
        "the file itself",
        "it takes /proc";
    NO_V2: "No cgroup v2",
        "this kernel has no cgroup v2, or only v1 is in use",
        "`/proc/self/cgroup`",
        "boot with systemd.unified_cgroup_hierarchy=1, or cgroup_no_v1=all";
    NO_TREE: "No tree of groups is mounted",
        "the group of this process, \"/user.slice\", is not found in a file system",
        "`/proc/self/mountinfo`",
        "no cgroup2 file system is mounted here: 'mount -t cgroup2 none /sys/fs/cgroup', or put limit-cgroup in front of 'unshare-mnt --root'";
    OTHER_TREE: "The tree of another cgroup namespace",
        "the group of this process, \"/user.slice\", is not found in a file system",
        "`/proc/self/mountinfo`",
        "the cgroup2 file system that is mounted here belongs to another cgroup namespace: put limit-cgroup in front of unshare-cgroup, or name a directory with --parent";
    ON_V1: "A controller that is bound to cgroup v1",
        "the controller 'memory' is not there in \"/sys/fs/cgroup/unified\", which has: none",
        "`/proc/cgroups`, `/proc/self/mountinfo`",
        "it is bound to cgroup v1{}: boot with cgroup_no_v1={}, or systemd.unified_cgroup_hierarchy=1";
    SWITCHED_OFF: "A controller that is switched off",
        "the controller 'memory' is not there in \"/sys/fs/cgroup\", which has: cpu, pids",
        "`/proc/cgroups`",
        "it is switched off on the kernel's command line: boot without cgroup_disable={}";
    NOT_HANDED_DOWN: "A controller that is not handed down",
        "the controller 'memory' is not there in \"/sys/fs/cgroup/a/b\", which has: none",
        "`cgroup.controllers` of the groups around",
        "{} has it and does not hand it down: not delegated; use 'systemd-run --scope -p Delegate=yes -- limit-cgroup ...' (with --user where you are not root)";
    NOT_VISIBLE: "A controller that no group here has",
        "the controller 'memory' is not there in \"/sys/fs/cgroup\", which has: none",
        "`cgroup.controllers` of the groups around, `/proc/cgroups`",
        "no group that is visible here has it: not delegated; use 'systemd-run --scope -p Delegate=yes -- limit-cgroup ...' (with --user where you are not root)";
    NO_CONTROLLER: "No such controller",
        "the controller 'memroy' is not there in \"/sys/fs/cgroup\", which has: cpu, memory, pids",
        "`/proc/cgroups`",
        "this kernel has no such controller: misspelt, or not compiled in";
    HOLDS_OTHERS: "A group that holds processes",
        "\"/sys/fs/cgroup/a\" holds processes, so it cannot hand down memory",
        "`cgroup.procs`, before anything is changed",
        "it holds {}; name another group with --parent, or use 'systemd-run --scope -p Delegate=yes -- limit-cgroup ...' (with --user where you are not root)";
    NOT_DELEGATED: "A group that is not delegated",
        "write(\"/sys/fs/cgroup/cgroup.subtree_control\", \"+memory\"): EACCES: Permission denied",
        "the error number",
        "{} is not delegated to this user: run as root, or use 'systemd-run --scope -p Delegate=yes -- limit-cgroup ...' (with --user where you are not root)";
    BUSY: "A group to which processes came",
        "write(\"/sys/fs/cgroup/a/cgroup.subtree_control\", \"+memory\"): EBUSY: Device or resource busy",
        "the error number; it held none a moment before",
        "{} holds processes: name another group with --parent, or use 'systemd-run --scope -p Delegate=yes -- limit-cgroup ...' (with --user where you are not root)";
    THREADED: "A threaded group",
        "write(\"/sys/fs/cgroup/a/cgroup.subtree_control\", \"+memory\"): EOPNOTSUPP: Operation not supported on transport endpoint",
        "the error number",
        "{} is a threaded group: name another one with --parent";
    NOT_OURS: "A group of another user",
        "mkdir(\"/sys/fs/cgroup/limit-7\"): EACCES: Permission denied",
        "the error number",
        "{} is not this user's: run as root, or in a group that is, as by 'systemd-run --scope -p Delegate=yes --user -- limit-cgroup ...'";
    READ_ONLY: "A read-only tree of groups",
        "mkdir(\"/sys/fs/cgroup/limit-7\"): EROFS: Read-only file system",
        "the error number",
        "{} is mounted read-only";
    NAME_TAKEN: "A group's name is taken",
        "mkdir(\"/sys/fs/cgroup/box\"): EEXIST: File exists",
        "the error number",
        "a group of that name is there already: another --name, or none for one that is free";
    REPLACED: "Somebody else's group",
        "\"/sys/fs/cgroup/a/box\" is not the group that was made, but another one that belongs to user 1000",
        "the owner of the group, when this process is in it",
        "who may write to {} removed the group while it was empty, and made another: name a --parent that belongs to you";
    TOO_MANY: "No more groups are allowed",
        "mkdir(\"/sys/fs/cgroup/a/limit-7\"): EAGAIN: Try again",
        "the error number",
        "{} or a group above it allows no more: cgroup.max.depth, cgroup.max.descendants";
    FROZEN: "A frozen group",
        "\"/sys/fs/cgroup/a\" is frozen, so the command could not start in it",
        "`cgroup.events` of the new group, `cgroup.freeze` of those around",
        "thaw it with 'echo 0 >{}/cgroup.freeze', or name another group with --parent";
    MAY_NOT_MOVE: "No right to move a process there",
        "write(\"/sys/fs/cgroup/a/limit-7/cgroup.procs\", \"0\"): EACCES: Permission denied",
        "the error number",
        "to move a process takes the right to write cgroup.procs of the nearest group that is around both its old and its new place: start in the delegated group, or run as root";
    BESIDE_THREADS: "A group that became threaded",
        "write(\"/sys/fs/cgroup/a/limit-7/cgroup.procs\", \"0\"): EOPNOTSUPP: Operation not supported on transport endpoint",
        "the error number",
        "the group around it holds processes and hands down controllers that count threads, such as cpu and pids: name another one with --parent";
    HANDS_DOWN: "A group that can hold no processes",
        "write(\"/sys/fs/cgroup/a/limit-7/cgroup.procs\", \"0\"): EBUSY: Device or resource busy",
        "the error number",
        "a group that hands controllers down can hold no processes";
    NO_FILE: "No such control file",
        "write(\"/sys/fs/cgroup/limit-7/memory.hihg\", \"1G\"): ENOENT: No such file or directory",
        "the group's directory",
        "there is no {} here{}";
    FOR_READING: "A control file for reading alone",
        "write(\"/sys/fs/cgroup/limit-7/memory.current\", \"1\"): EINVAL: Invalid argument",
        "the mode of the file",
        "{} is for reading alone";
    VALUE: "Not a value of this control file",
        "write(\"/sys/fs/cgroup/limit-7/memory.high\", \"x\"): EINVAL: Invalid argument",
        "the error number; the file is there and may be written",
        "not a value that {} takes";
    NOT_FOR_US: "A control file that may not be written",
        "write(\"/sys/fs/cgroup/limit-7/memory.max\", \"1\"): EACCES: Permission denied",
        "the error number",
        "{} is not for this user to write, or for nobody";
}
