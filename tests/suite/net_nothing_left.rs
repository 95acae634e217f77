//! Networks that are refused, killed, or over: nothing stays behind.

use crate::net::{host, host_script};
use crate::support::{kernel, watch};
use std::hash::{BuildHasher, RandomState};
use std::time::Duration;

crate::tests![
    refused_input,
    all_or_nothing,
    taken_names,
    two_hundred_in_sequence,
    the_same_name_again,
    killed_at_any_moment
];

/// What can be seen of the host's network. Its bridge has a port of its own, so that it is the same with and without
/// others.
const PICTURE: &str = "picture() { ip -br link; ip route; ip -6 route; }
    settle() { until now=$(picture; ip netns list-id); [ \"$now\" = \"$before\" ]; do
        sleep 0.1; if [ $((tries += 1)) = 100 ]; then echo \"left: $now\"; exit; fi; done; echo as before; }
    ip link add br0 address 02:00:00:00:00:01 type bridge; ip link set br0 addrgenmode none
    for end in 0 1; do [ $end = 0 ] && ip link add port0 type veth peer name port1; ip link set port$end addrgenmode none; done
    ip link set port0 master br0; ip link set port0 up; ip link set port1 up; ip link set br0 up
    until [ $(ip -br link | grep -c ' UP ') = 3 ]; do sleep 0.01; done; before=$(picture)";

/// Each is wrong by itself: refused before anything is made, with a line that says so.
fn refused_input() {
    // Linux 6.1 says no more than the number.
    let loopback =
        if kernel() >= (6, 6) { "the kernel says: ipv6: Cannot assign loopback address" } else { "EADDRNOTAVAIL" };
    let wrong = [
        ("--veth host=sixteen-bytes-ab", "16 bytes, more than 15; alternative names are not taken"),
        ("--veth host=a/b", "no white space, '/', ':' or '%'"),
        ("--veth 'host=a b'", "no white space, '/', ':' or '%'"),
        ("--veth host=veth%d", "no white space, '/', ':' or '%'"),
        ("--veth host=$(printf 'a\\033')", "no white space"),
        ("--veth host=$(printf 'a\\302\\200')", "no control character"),
        ("--veth host=$(printf 'a\\342\\200\\256')", "nor one that hides"),
        ("--veth host=$(printf 'a\\377')", "not UTF-8"),
        ("--veth host=", "the name is empty"),
        ("--veth host=..", "no interface can have that name"),
        ("--veth host=default", "the kernel keeps that name"),
        ("--veth ''", "is no KEY=VALUE"),
        ("--veth name=eth0", "host=NAME is missing"),
        ("--veth host=v,name=lo", "the loopback's name"),
        ("--veth host=v,host=w", "stands twice"),
        ("--veth host=v,colour=red", "no such key: 'colour'"),
        ("--veth host=v,address=10.0.0.2", "the prefix length is missing"),
        ("--veth host=v,address=10.0.0.2/33", "0 to 32"),
        ("--veth host=v,address=fd00::2/129", "0 to 128"),
        ("--veth host=v,address=10.0.0.2/+8", "0 to 32"),
        ("--veth host=v,address=10.0.0.2/0", "prefix length of 0"),
        ("--veth host=v,host-address=fd00::1/0", "prefix length of 0"),
        ("--veth host=v,address=0.0.0.0/8", "no interface can have this address"),
        ("--veth host=v,address=224.0.0.1/24", "no interface can have this address"),
        ("--veth host=v,address=10.0.0.2/24,address=10.0.0.2/16", "stands twice"),
        ("--veth host=v,address=10.0.0.256/24", "no IPv4 or IPv6 address"),
        ("--veth host=v,address=", "the prefix length is missing"),
        ("--veth host=v,address=fe80::1%eth0/64", "no IPv4 or IPv6 address"),
        ("--veth host=v,address=::1/128", loopback),
        ("--veth host=v,mac=02:00:00:00:00", "six bytes"),
        ("--veth host=v,mac=03:00:00:00:00:01", "a group's address"),
        ("--veth host=v,mac=00:00:00:00:00:00", "all zeros"),
        ("--veth host=v,mac=", "six bytes"),
        ("--veth host=v,mac=02:00:00:00:00:00:01", "six bytes"),
        ("--veth host=v,mtu=", "68 to 65535"),
        ("--veth host=v,mtu=0", "68 to 65535"),
        ("--veth host=v,mtu=1", "68 to 65535"),
        ("--veth host=v,mtu=67", "68 to 65535"),
        ("--veth host=v,mtu=65536", "68 to 65535"),
        ("--veth host=v,mtu=99999999999", "68 to 65535"),
        ("--veth host=v,mtu=1279,address=fd00::2/64", "1280 or more"),
        ("--veth host=v,bridge=no-bridge", "there is no no-bridge"),
        ("--veth host=v,bridge=lo", "lo is interface 1, of no virtual kind, no bridge"),
        ("--veth host=v --veth host=w", "two interfaces inside would be named eth0"),
        ("--veth host=v --veth host=v,name=e1", "host=v stands twice"),
        ("--move no-such", "there is no no-such"),
        ("--move ''", "the name is empty"),
        ("--move br0", "br0 is interface 2, a bridge: that kind stays"),
        ("--move lo", "the loopback's name"),
        ("--move v,mtu=1500", "name, address"),
        ("--move v --move v,name=w", "v stands twice"),
        ("--route default", "via=ADDRESS is missing"),
        ("--route 10.0.0.1/24,via=10.0.0.2", "the network is 10.0.0.0/24"),
        ("--route default,via=", "no IPv4 or IPv6 address"),
        ("--route default,via=10.0.0.1,metric=1", "via, dev"),
        ("--route default,via=10.0.0.1,via=10.0.0.2", "stands twice"),
        ("--route ,via=10.0.0.1", "the prefix length is missing"),
        ("--route default,via=gateway", "no IPv4 or IPv6 address"),
        ("--route ::/0,via=10.0.0.1", "different families"),
        ("--route default,via=fe80::1", "dev=NAME"),
        ("--route default,via=10.0.0.1,dev=eth0", "no --veth or --move brings that one in"),
        (
            "--veth host=v,address=10.0.0.2/24 --route default,via=10.0.1.1",
            "no interface there has an address in that network",
        ),
        (
            "--veth host=v,address=10.0.0.2/32 --route default,via=10.0.0.1",
            "no interface there has an address in that network",
        ),
        ("--veth host=v,address=10.0.0.2/24 --route default,via=10.0.0.2", "no next hop"),
        ("--veth host=v,address=10.0.0.2/24 --route default,via=10.0.0.255", "10.0.0.255 is no next hop"),
        ("--sysctl kernel.hostname=x", "would change the host"),
        ("--sysctl net.ipv4.ip_forward", "expected KEY=VALUE"),
        ("--sysctl net.ipv4.ip_forward=", "a value is missing"),
    ];
    let mut text = format!(
        "{PICTURE}
 exec 3>&1 >&2; "
    );
    for (options, _) in wrong {
        text += &format!(
            "unshare-net {options} -- echo ran >&3 && echo accepted >&3 || [ $? = 125 ] || echo wrong status >&3\necho ==== >&2\n"
        );
    }
    text += "[ \"$before\" = \"$(picture)\" ] || picture >&3";
    let seen = host(&text);
    assert_eq!(seen.ok(), "", "{seen:#?}");
    for (said, (options, want)) in seen.err.split("====\n").zip(wrong) {
        assert!(said.starts_with("unshare-net: ") && said.contains(want), "{options}: wanted {want:?}, saw {said:?}");
    }
}

/// Whatever fails, and how late: what was made before is gone when the tool exits, not some time after.
fn all_or_nothing() {
    let text = format!(
        "{PICTURE}
         two='--veth host=v1,address=10.1.0.2/24,host-address=10.1.0.1/24 --veth host=v2,name=eth1,bridge=br0'
         try() {{ unshare-net $two \"$@\" 2>/dev/null && echo accepted || echo $?; after=$(picture); [ \"$before\" = \"$after\" ] || echo \"left: $after\"; }}
         try --veth host=br0,name=eth2 -- echo ran
         try --veth host=v3,name=eth2,host-address=255.255.255.255/32 --sysctl net.no.such=1 -- echo ran
         try --route 10.9.0.0/16,via=10.1.0.1 --route 10.9.0.0/16,via=10.1.0.1 -- echo ran
         try -- /no/such/command
         try -- /"
    );
    let seen = host(&text);
    assert_eq!(seen.ok(), "125\n125\n125\n127\n126", "{seen:#?}");
}

/// Who has the name is said at once, and nothing is waited for that will not go.
fn taken_names() {
    let seen = host(
        "ip link add one type veth peer name two; ip link property add dev one altname other-name
         ip link add br0 type bridge
         for name in one br0 other-name; do unshare-net --veth host=$name -- echo ran || echo $?; done
         unshare-net --move other-name -- echo ran || echo $?
         unshare-net --veth host=v0 -- sleep 20 & living=$!
         until ip link show v0 >/dev/null 2>&1; do sleep 0.01; done
         unshare-net --veth host=v0 -- echo ran || echo $?
         kill $living; unshare-net --veth host=v0 -- echo ran",
    );
    assert_eq!(seen.ok(), "125\n125\n125\n125\n125\nran", "{seen:#?}");
    for part in [
        "hint: one is taken by interface 3, a veth: choose another with host=NAME",
        "hint: br0 is taken by interface 4, a bridge: choose",
        "hint: other-name is taken by interface 3, a veth, as an alternative name of one: choose",
        "other-name is an alternative name of one: use that one",
        "hint: v0 is taken by interface",
    ] {
        assert!(seen.err.contains(part), "{part}: {seen:#?}");
    }
}

/// Afterwards, as soon as the kernel has cleaned up, the host is as before.
fn two_hundred_in_sequence() {
    let text = format!(
        "{PICTURE}
         n=0
         while [ $((n += 1)) -le 200 ]; do
             unshare-net --veth host=v$n,address=10.1.0.2/24,host-address=10.1.0.1/24 --veth host=w$n,name=eth1,bridge=br0 --route default,via=10.1.0.1 -- true
         done
         settle",
    );
    let seen = watch(host_script(&text), Duration::from_secs(60));
    assert_eq!(seen.ok(), "as before", "{seen:#?}");
}

/// The host's end goes some time after its namespace: it is waited for.
fn the_same_name_again() {
    let seen = host(
        "n=0; while [ $((n += 1)) -le 20 ]; do unshare-net --veth host=v0,address=10.1.0.2/24 -- true; done; echo all",
    );
    assert_eq!(seen.ok(), "all", "{seen:#?}");
}

fn killed_at_any_moment() {
    let random = |n: u64| RandomState::new().hash_one(n);
    let kills: String = (0..200u64)
        .map(|n| {
            let delay = random(n) % 9000;
            format!(
                "unshare-net --veth host=k{n},bridge=br0,address=10.1.0.2/24,host-address=10.1.0.1/24 --veth host=l{n},name=eth1 -- sleep 60 &
                 p=$!; sleep 0.00{delay:04}; kill -KILL $p; wait $p || :\n"
            )
        })
        .collect();
    let text = format!(
        "{PICTURE}
         {kills}
         settle",
    );
    let seen = watch(host_script(&text), Duration::from_secs(60));
    assert_eq!(seen.ok(), "as before", "{seen:#?}");
}
