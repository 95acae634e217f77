//! The causes that only networks have; the others are in common's table.

common::causes! {
    NO_RIGHTS_OUTSIDE: "The caller's network belongs to others",
        "RTM_NEWLINK(veth v0 outside, peer eth0 inside): EPERM: Operation not permitted",
        "the error number; who may use the caller's network needs this capability",
        "needs CAP_NET_ADMIN over the caller's network: run as root, or make a network of your own with 'unshare-net --', and put it after unshare-user (unshare-user -- unshare-net -- unshare-net ...); to reach the world as you are: pasta --config-net -- COMMAND, from passt";
    NO_RIGHTS_INSIDE: "No rights over the new network",
        "RTM_SETLINK(lo up inside): EPERM: Operation not permitted",
        "the error number: over a namespace that is new and our own there are all rights",
        "no CAP_NET_ADMIN over this network namespace: a security module may have taken the capabilities (AppArmor, SELinux)";
    NO_INTERFACE: "There is no such interface",
        "RTM_GETLINK(v0 outside): ENODEV: No such device",
        "the kernel's answer",
        "there is no {}; 'ip link' lists what there is";
    HOST_NAME_TAKEN: "An interface's name is taken outside",
        "RTM_NEWLINK(veth v0 outside, peer eth0 inside): EEXIST: File exists",
        "the interface that has that name",
        "{} is taken by {}: choose another with host=NAME";
    NAME_TAKEN: "An interface's name is taken inside",
        "RTM_NEWLINK(veth v0 outside, peer lo inside): EEXIST: File exists",
        "no interface outside has the other name",
        "{} is taken inside: choose another with name=NAME";
    NO_VETH: "No veth driver",
        "RTM_NEWLINK(veth v0 outside, peer eth0 inside): EOPNOTSUPP: Operation not supported on transport endpoint",
        "the error number",
        "this kernel has no veth driver: modprobe veth";
    IMMOVABLE: "An interface that stays where it is",
        "RTM_SETLINK(br0 outside to br0 inside): EINVAL: Invalid argument",
        "what kind the kernel says it is",
        "{} is {}: that kind stays in the namespace in which it was made";
    NO_FAMILY: "The kernel has no such protocol",
        "RTM_NEWADDR(fd00::2/64 on eth0 inside): EOPNOTSUPP: Operation not supported on transport endpoint",
        "the error number",
        "this kernel has no {}: modprobe {}";
    IPV6_LEFT_OUT: "The kernel was started without IPv6",
        "RTM_NEWADDR(fd00::2/64 on eth0 inside): EOPNOTSUPP: Operation not supported on transport endpoint",
        "/sys/module/ipv6/parameters/disable",
        "this kernel was started with ipv6.disable=1: start it without";
    IPV6_OFF: "IPv6 is switched off",
        "RTM_NEWADDR(fd00::2/64 on eth0 inside): EACCES: Permission denied",
        "the error number",
        "IPv6 is switched off there (net.ipv6.conf.*.disable_ipv6)";
    LOWER_IS_DOWN: "An interface stands on one that is down",
        "RTM_SETLINK(eth0 up inside): ENETDOWN: Network is down",
        "the error number",
        "{} stands on an interface that is down: bring that one up first";
    NO_WAY: "A next hop that nothing reaches",
        "RTM_NEWROUTE(default via 10.1.0.1): ENETUNREACH: Network is unreachable",
        "the error number",
        "{} is in no network that an interface inside has an address of: see address=CIDR";
    NO_NEXT_HOP: "An address that is no next hop",
        "RTM_NEWROUTE(default via 10.0.0.2): EINVAL: Invalid argument",
        "the error number",
        "{} is no next hop: an address of this side's own, or of a whole network?";
    ROUTE_EXISTS: "A route is there already",
        "RTM_NEWROUTE(default via 10.0.0.1): EEXIST: File exists",
        "the error number",
        "there is a route to {} already";
}
