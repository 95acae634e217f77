//! The causes that only maps of IDs and identities have; the others are in common's table.

common::causes! {
    NO_SUB_IDS: "No subordinate IDs",
        "--map-auto: daemon has no subordinate user IDs in /etc/subuid",
        "`/etc/subuid`, `/etc/subgid`, getsubids(1)",
        "as root: {}";
    HELPER_MISSING: "newuidmap is missing",
        "newuidmap: not found on PATH",
        "PATH",
        "an ordinary user needs {} to map more than the own ID: install the package uidmap (Debian) or shadow-utils";
    HELPER_NO_NEW_PRIVS: "newuidmap under no_new_privs",
        "newuidmap 0 1000 1 1 100000 65536: exit status 1: ...",
        "`NoNewPrivs` in `/proc/self/status`",
        "no_new_privs is set, so {} gets no rights when it is executed: start this outside of 'setpriv --no-new-privs', systemd's NoNewPrivileges= and the like";
    HELPER_NOT_PRIVILEGED: "newuidmap without its rights",
        "newuidmap 0 1000 1 1 100000 65536: exit status 1: ...",
        "the mode, owner and capabilities of the file, and the options of its mount",
        "{} has no rights here: it has to be setuid root or to have the capability in the file, on a mount without 'nosuid', with its owner mapped";
    HELPER_RANGE: "A range that newuidmap refuses",
        "newuidmap 0 200000 1000: exit status 1: ...",
        "what newuidmap(1) said; its rights were looked at",
        "an ordinary user may map the own ID and the ranges that {} gives to {}: {}";
    HELPER_GONE: "The helper gave no answer",
        "newuidmap 0 1000 1 1 100000 65536: EPIPE: Broken pipe",
        "the end of the line to it, or a time limit",
        "the helper process that does this outside was killed or stopped: try again";
    UNKNOWN_OUTER: "An outer ID that does not exist",
        "--map-users: the outer user ID 70000 is none here",
        "`/proc/self/uid_map`, `/proc/self/gid_map`",
        "the {} IDs of the namespace that this runs in are: {}";
    NOT_INSIDE: "An inner ID that is not mapped",
        "--setuid 5: there is no such user ID inside",
        "the map, before anything is made",
        "map it: {} {}:OUTER:1, or --map-auto";
    OVERLAP: "Ranges overlap",
        "--map-users: 0:0:10 and 5:100:1 overlap: both have the inner ID 5",
        "the ranges, before anything is made",
        "every ID may stand on one line only, inside and outside: shorten one of the two";
    TOO_LONG: "Too many lines",
        "--map-users: 341 lines, and a map has 340 at most",
        "the ranges, before anything is made",
        "join neighbouring ranges, or leave some out";
    ROOT_NEEDS_SETFCAP: "The ID 0 of the caller's namespace",
        "write(/proc/self/uid_map, \"0 0 1\"): EPERM: Operation not permitted",
        "the map, and the capabilities before the call",
        "since Linux 5.12 only who has CAP_SETFCAP may map the user ID 0 of the own namespace, and this process has not: keep the capabilities (no --drop-caps before this), or become another user first";
    SETGROUPS_DENIED: "setgroups(2) is denied around",
        "setgroups(2) is denied here, and so in every user namespace made from here",
        "`/proc/self/setgroups`",
        "a user namespace around this one has it so: leave --setgroups allow and --groups away, or make that one with --map-auto";
    SETGROUPS_OWN: "setgroups(2) and a map of the own group",
        "setgroups(2) cannot be allowed with a map of the own group alone",
        "the map, and the capabilities",
        "without CAP_SETGID the kernel allows it only where newgidmap wrote the map: use --map-auto";
}
