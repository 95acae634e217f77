//! Interfaces, addresses, routes, both ways. The host of these scenes is a network that the scene itself made, so that
//! they are the same for everybody.

use crate::support::runner::skip;
use crate::support::{LIMIT, Seen, command, eventually, is_root, need, sh, watch};
use std::collections::BTreeSet;
use std::process::Command;
use std::time::Duration;

crate::tests![
    loopback,
    every_option,
    both_ways,
    largest_packet,
    no_address_is_tentative,
    fifty_on_a_bridge,
    moved_in,
    moved_back,
    moved_from_a_parent_that_is_down,
    overlapping_addresses,
    settings,
    no_driver,
    through_the_fence,
    rights_over_an_older_network,
    out_with_pasta,
    chain_of_networks,
];

/// A script in a network of its own, which is the host of what it starts.
pub fn host_script(text: &str) -> Command {
    need("ip");
    need("ping");
    let words = ["unshare-net", "--", "sh", "-ec", text];
    if is_root() {
        let mut command = command(words[0]);
        command.args(&words[1..]);
        command
    } else {
        let mut command = command("unshare-user");
        command.arg("--").args(words);
        command
    }
}

#[track_caller]
pub fn host(text: &str) -> Seen {
    watch(host_script(text), LIMIT)
}

fn loopback() {
    let seen = host(
        "ip -br address; ping -q -c1 127.0.0.1 >&2; ping -q -c1 ::1 >&2
         unshare-net --no-loopback -- sh -c 'cat /sys/class/net/lo/flags >&2; ip -br link; ping -q -c1 -W1 127.0.0.1' || echo none",
    );
    let lines: Vec<Vec<&str>> = seen.ok().lines().map(|line| line.split_whitespace().collect()).collect();
    assert_eq!(lines[0], ["lo", "UNKNOWN", "127.0.0.1/8", "::1/128"], "{seen:?}");
    assert_eq!(lines[1][..2], ["lo", "DOWN"], "{seen:?}");
    assert_eq!(lines.last().expect("a line"), &["none"], "{seen:?}");
}

fn every_option() {
    let seen = host(
        "ip link add br7 type bridge; ip link set br7 up
         unshare-net --veth host=v7,name=net7,address=10.7.0.2/24,address=10.7.1.2/25,address=fd07::2/64,host-address=10.7.0.1/24,host-address=fd07::1/64,bridge=br7,mac=02:00:00:00:07:01,mtu=1400 \
             --veth host=v8,address=10.8.0.2/31 --route default,via=10.7.0.1 --route 10.9.0.0/16,via=10.8.0.3,dev=eth0 --route default,via=fd07::1 --route fd09::/32,via=fe80::1,dev=net7 \
             -- sh -ec 'ip -j address show net7; ip -j address show eth0; ip -j route; ip -j -6 route'
         ",
    );
    let text = seen.ok();
    for part in [
        r#""ifname":"net7""#,
        r#""mtu":1400"#,
        r#""address":"02:00:00:00:07:01""#,
        r#""operstate":"UP""#,
        r#""local":"10.7.0.2","prefixlen":24"#,
        r#""local":"10.7.1.2","prefixlen":25"#,
        r#""local":"fd07::2","prefixlen":64"#,
        r#""local":"10.8.0.2","prefixlen":31"#,
        r#""dst":"default","gateway":"10.7.0.1","dev":"net7""#,
        r#""dst":"10.9.0.0/16","gateway":"10.8.0.3","dev":"eth0""#,
        r#""dst":"default","gateway":"fd07::1","dev":"net7""#,
        r#""dst":"fd09::/32","gateway":"fe80::1","dev":"net7""#,
    ] {
        assert!(text.contains(part), "{part} inside: {seen:#?}");
    }
    let seen = host(
        "ip link add br7 type bridge; ip link set br7 up
         unshare-net --veth host=v7,name=net7,host-address=10.7.0.1/24,host-address=fd07::1/64,bridge=br7,mtu=1400 -- sleep 20 & sleeper=$!
         until ip -br link show v7 2>/dev/null | grep -q UP; do sleep 0.01; done
         until [ \"$(cat /proc/$sleeper/comm)\" = sleep ]; do sleep 0.01; done
         ip -j address show v7; kill $sleeper",
    );
    let text = seen.ok();
    for part in [
        r#""ifname":"v7""#,
        r#""mtu":1400"#,
        r#""master":"br7""#,
        r#""operstate":"UP""#,
        r#""local":"10.7.0.1","prefixlen":24"#,
        r#""local":"fd07::1","prefixlen":64"#,
    ] {
        assert!(text.contains(part), "{part} outside: {seen:#?}");
    }
}

const BOTH: &str = "host=v0,address=10.6.0.2/24,address=fd06::2/64,host-address=10.6.0.1/24,host-address=fd06::1/64";

fn both_ways() {
    need("busybox");
    need("curl");
    let folder = crate::support::Folder::new();
    std::fs::create_dir(folder.join("in")).expect("a folder");
    std::fs::create_dir(folder.join("out")).expect("a folder");
    std::fs::write(folder.join("in/index.html"), "the page inside\n").expect("a page");
    std::fs::write(folder.join("out/index.html"), "the page outside\n").expect("a page");
    let seen = host(&format!(
        "cd {folder}
         busybox httpd -f -p 80 -h out & outside=$!
         unshare-net --veth {BOTH} -- sh -ec '
             for there in 10.6.0.1 fd06::1; do ping -q -c1 -W2 $there >&2; done
             curl -s --retry 20 --retry-connrefused --retry-delay 1 http://10.6.0.1/; curl -gs http://[fd06::1]/
             busybox httpd -f -p 80 -h in & server=$!; until curl -so /dev/null http://127.0.0.1/; do sleep 0.02; done; touch ready
             until [ -e done ]; do sleep 0.02; done; kill $server' &
         inside=$!
         until [ -e ready ]; do sleep 0.02; done
         for there in 10.6.0.2 fd06::2; do ping -q -c1 -W2 $there >&2; done
         curl -s http://10.6.0.2/; curl -gs http://[fd06::2]/
         touch done; kill $outside; wait $inside"
    ));
    let want = "the page outside\nthe page outside\nthe page inside\nthe page inside";
    assert_eq!(seen.ok(), want, "{seen:?}");
}

fn largest_packet() {
    // 28 bytes are the headers of IPv4 and ICMP; 48 those of IPv6 and ICMPv6.
    let seen = host(
        "unshare-net --veth host=v0,mtu=9000,address=10.6.0.2/24,host-address=10.6.0.1/24,address=fd06::2/64,host-address=fd06::1/64 -- sh -ec '
             ping -q -M do -c1 -W2 -s 8972 10.6.0.1 >&2; ping -q -M do -c1 -W2 -s 8952 fd06::1 >&2
             ! ping -q -M do -c1 -W1 -s 8973 10.6.0.1 >&2; echo all as it should be'",
    );
    assert_eq!(seen.ok(), "all as it should be");
}

/// On a busy machine the first question for a neighbour may come before the kernel listens for it; it asks again after a second.
fn no_address_is_tentative() {
    let seen = host(
        "unshare-net --veth host=v0,address=fd06::2/64,host-address=fd06::1/64 -- sh -ec '
             ip -6 -o address show dev eth0; ping -q -c1 -W3 fd06::1 >&2'",
    );
    let lines: Vec<&str> = seen.ok().lines().collect();
    assert_eq!(lines.len(), 2, "one given, one link-local: {seen:?}");
    assert!(!seen.out.contains("tentative"), "{seen:?}");
    assert!(seen.out.contains("fe80::"), "{seen:?}");
}

/// Each asks everybody at once and counts who answers; again if some did not, as fifty at once may be more than the
/// kernel's queues hold. The neighbours are written down beforehand: the kernel remembers
/// 1,024 learned ones on the whole machine, and these are 2,450.
fn fifty_on_a_bridge() {
    let folder = crate::support::Folder::new();
    let neighbours: String = (1..=50)
        .map(|n| format!("neighbour replace 10.50.0.{n} lladdr 02:00:00:00:50:{n:02x} dev eth0 nud permanent\n"))
        .collect();
    std::fs::write(folder.join("neighbours"), neighbours).expect("a file");
    let text = format!(
        "cd {folder}; ip link add br50 type bridge; ip link set br50 up; n=0
         while [ $((n += 1)) -le 50 ]; do : >said$n
             unshare-net --veth host=v$n,bridge=br50,address=10.50.0.$n/24,mac=02:00:00:00:50:$(printf %02x $n) --sysctl net.ipv4.icmp_echo_ignore_broadcasts=0 -- sh -c '
                 ip -batch neighbours; touch here$1; until [ -e go ]; do sleep 0.1; done
                 sleep 0.0$1; tries=0; until [ \"$(sort -u said$1 | wc -l)\" = 50 ] || [ $((tries += 1)) = 10 ]; do
                     ping -n -b -w1 10.50.0.255 | sed -n \"s/.*bytes from \\([0-9.]*\\):.*/\\1/p\" >>said$1
                 done; sort -u said$1 | wc -l; touch over$1; until [ -e end ]; do sleep 0.1; done' sh $n &
         done
         until [ $(ls here* 2>/dev/null | wc -l) = 50 ]; do sleep 0.1; done
         touch go; until [ $(ls over* 2>/dev/null | wc -l) = 50 ]; do sleep 0.1; done; touch end; wait"
    );
    let seen = watch(host_script(&text), Duration::from_secs(60));
    let counts: Vec<&str> = seen.ok().lines().collect();
    assert_eq!(counts, ["50"; 50], "{seen:?}");
}

fn moved_in() {
    let seen = host(
        "ip link add one type veth peer name two; ip address add 10.4.0.1/24 dev one; ip link set one up
         unshare-net --move two,name=card0,address=10.4.0.2/24,address=fd04::2/64 -- sh -ec 'ip -br address show card0; ping -q -c1 -W2 10.4.0.1 >&2'
         ip -br link show two 2>/dev/null || echo gone",
    );
    assert!(seen.ok().contains("10.4.0.2/24 fd04::2/64 fe80::"), "{seen:?}");
    assert!(seen.ok().ends_with("gone"), "{seen:?}");
}

fn moved_back() {
    let seen = host(
        "ip link add one type veth peer name two; ip link set two up; ip link set one up
         ip address add 10.4.0.2/24 dev two; ip -6 address add fd04::2/64 dev two nodad
         ip route add 10.9.0.0/16 via 10.4.0.1; ip -6 route add fd09::/64 via fd04::1
         ip -br link show two; ip -br -4 address show two
         unshare-net --move two,name=card0 -- /no/such/command || echo $?
         ip -br link show two; ip -br -4 address show two; ip -br -6 address show two | grep -c fd04::2/64
         ip route show 10.9.0.0/16; ip -6 route show fd09::/64",
    );
    let lines: Vec<&str> = seen.ok().lines().collect();
    assert_eq!(lines[2], "127", "{seen:?}");
    assert_eq!(lines[0], lines[3], "its name, address and state: {seen:?}");
    assert_eq!(lines[1], lines[4], "its IPv4 address: {seen:?}");
    assert_eq!(lines[5], "1", "its IPv6 address: {seen:?}");
    assert!(lines[6].starts_with("10.9.0.0/16 via 10.4.0.1 dev two"), "its routes: {seen:?}");
    assert!(lines[7].starts_with("fd09::/64 via fd04::1 dev two"), "its routes: {seen:?}");
}

/// The kernel brings it up; packets pass once the parent is up too.
fn moved_from_a_parent_that_is_down() {
    let seen = host(
        "ip link add one type veth peer name two; ip link set two up; ip link add link one name vlan0 type macvlan
         unshare-net --move vlan0,address=10.4.0.1/24,address=fd04::1/64 -- sh -ec 'ip -br address show vlan0; ip -6 -o address show dev vlan0'
         ip -br link show vlan0 2>/dev/null || echo gone",
    );
    let text = seen.ok();
    assert!(text.contains(" LOWERLAYERDOWN 10.4.0.1/24 fd04::1/64"), "{seen:?}");
    assert!(!text.contains("tentative") && text.ends_with("gone"), "{seen:?}");
}

/// What the kernel takes, we take: several of one network, one network in another, a network's own address, one address
/// on both ends, the longest prefixes.
fn overlapping_addresses() {
    let seen = host(
        "unshare-net --veth host=v0,address=10.0.0.2/24,address=10.0.0.3/24,address=10.0.0.4/16,address=10.0.1.0/24,address=10.9.9.9/32,address=fd00::1/128,host-address=10.0.0.2/24 \
             --route 10.8.8.8/32,via=10.0.0.1 -- sh -ec 'ip -br address show eth0; ip route'",
    );
    for part in ["10.0.0.2/24", "10.0.0.3/24", "10.0.0.4/16", "10.0.1.0/24", "10.9.9.9/32", "fd00::1/128"] {
        assert!(seen.ok().contains(&format!(" {part} ")), "{part}: {seen:?}");
    }
    assert!(seen.out.contains("10.8.8.8 via 10.0.0.1 dev eth0"), "{seen:?}");
}

fn settings() {
    let seen = host(
        "cat /proc/sys/net/ipv4/ip_default_ttl
         unshare-net --veth host=v0 --sysctl net.ipv4.ip_default_ttl=33 --sysctl net.ipv4.conf.eth0.forwarding=1 -- cat /proc/sys/net/ipv4/ip_default_ttl /proc/sys/net/ipv4/conf/eth0/forwarding
         cat /proc/sys/net/ipv4/ip_default_ttl
         unshare-net --veth host=v2,name=a.b --sysctl net.ipv4.conf.a/b.forwarding=1 -- cat /proc/sys/net/ipv4/conf/a.b/forwarding
         unshare-net --veth host=v1,address=fd06::2/64 --sysctl net.ipv6.conf.all.disable_ipv6=1 -- true || echo $?",
    );
    assert_eq!(seen.ok(), "64\n33\n1\n64\n1\n125", "{seen:?}");
    assert!(seen.err.contains("RTM_NEWADDR(fd06::2/64 on eth0 inside): EACCES"), "{seen:?}");
    assert!(seen.err.contains("hint: IPv6 is switched off there"), "{seen:?}");
}

/// On a kernel without veth, which is this one after its first answer was changed to EOPNOTSUPP: 36 bytes, an error.
fn no_driver() {
    need("strace");
    let answer = "24000000020000000000000000000000a1ffffff";
    let seen = host(&format!(
        "strace -qqo /dev/null -e trace=recvfrom -e 'inject=recvfrom:when=1:poke_exit=@arg2={answer}' unshare-net --veth host=v0 -- echo ran || echo $?"
    ));
    assert_eq!(seen.ok(), "125", "{seen:?}");
    assert!(seen.err.contains("RTM_NEWLINK(veth v0 outside, peer eth0 inside): EOPNOTSUPP"), "{seen:?}");
    assert!(seen.err.contains("hint: this kernel has no veth driver: modprobe veth"), "{seen:?}");
}

/// An ordinary user has no rights over the machine's network.
fn through_the_fence() {
    let user = if is_root() { "setpriv --reuid 65534 --regid 65534 --clear-groups " } else { "" };
    let before = sh("ip -br link").out;
    let seen = sh(&format!("{user}unshare-user -- unshare-net --veth host=fence0 -- echo ran"));
    assert!(seen.refused().contains("RTM_NEWLINK(veth fence0 outside, peer eth0 inside): EPERM"), "{seen:?}");
    assert!(seen.err.contains("pasta --config-net -- COMMAND"), "{seen:?}");
    let names = |text: &str| {
        text.lines().filter_map(|line| line.split([' ', '@']).next()).map(str::to_owned).collect::<BTreeSet<_>>()
    };
    eventually("the same interfaces as before", || names(&sh("ip -br link").out).is_superset(&names(&before)));
    assert!(!names(&sh("ip -br link").out).contains("fence0"));
}

/// A network from before the last user namespace is out of reach, whether it is the machine's or of the chain's own making.
fn rights_over_an_older_network() {
    let user = if is_root() { "" } else { "unshare-user -- " };
    for front in [format!("{user}unshare-net -- unshare-user"), "unshare-user".to_owned()] {
        let seen = sh(&format!("{front} -- unshare-net --veth host=older0 -- echo ran"));
        assert!(seen.refused().contains("RTM_NEWLINK(veth older0 outside, peer eth0 inside): EPERM"), "{seen:?}");
        let remedy = "make a network of your own with 'unshare-net --', and put it after unshare-user";
        assert!(seen.err.contains(remedy), "{front}: {seen:?}");
    }
    // Which is no empty promise.
    let seen = sh("unshare-user -- unshare-net -- unshare-net --veth host=older0 -- echo ran");
    assert_eq!(seen.ok(), "ran");
}

/// What the hint shows: pasta is a link itself, and brings an ordinary user out, here to a host that the scene made.
fn out_with_pasta() {
    for program in ["pasta", "curl", "busybox", "setpriv"] {
        need(program);
    }
    // A machine's udev lets everybody open this device; a container's may not.
    let (as_user, device) = if is_root() {
        (
            "setpriv --reuid 65534 --regid 65534 --clear-groups ",
            "mount -t tmpfs none /dev/net; mknod -m 666 /dev/net/tun c 10 200; ",
        )
    } else {
        if std::fs::File::options().read(true).write(true).open("/dev/net/tun").is_err() {
            skip("this user cannot open /dev/net/tun: chmod 666 /dev/net/tun");
        }
        // pasta doesn't want to be root.
        ("unshare-user --map-user 1000 --map-group 1000 --drop-caps -- ", "")
    };
    let folder = crate::support::Folder::new();
    std::fs::write(folder.join("index.html"), "the page outside\n").expect("a page");
    // pasta takes the gateway's address for the machine's own, so the page is at another.
    let seen = host(&format!(
        "busybox httpd -f -p 80 -h {folder} & server=$!
         unshare-net --veth host=v0,address=10.6.0.2/24,host-address=10.6.0.1/24,host-address=10.6.9.1/24 --route default,via=10.6.0.1 -- unshare-mnt -- sh -ec '
             {device}{as_user}pasta --config-net -- unshare-pid -- unshare-uts --hostname box -- sh -c \"hostname; curl -s --retry 20 --retry-connrefused --retry-delay 1 http://10.6.9.1/; exit 3\" || echo $?'
         kill $server"
    ));
    assert_eq!(seen.ok(), "box\nthe page outside\n3", "{seen:#?}");
}

/// A network lives as long as somebody is in it: the shell in the middle stays.
fn chain_of_networks() {
    let seen = host(
        "unshare-net --veth host=a0,address=10.1.0.2/24,host-address=10.1.0.1/24 --sysctl net.ipv4.ip_forward=1 -- sh -ec '
             unshare-net --veth host=b0,address=10.2.0.2/24,host-address=10.2.0.1/24 --route default,via=10.2.0.1 -- \
                 sh -ec \"ip -br link | wc -l; ping -q -c1 -W2 10.1.0.2 >&2; echo reached\"; echo over'",
    );
    assert_eq!(seen.ok(), "2\nreached\nover", "{seen:?}");
}
