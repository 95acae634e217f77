//! Maps and subordinate IDs, on any bytes: lines of `--map-users`, of `/proc/PID/uid_map`, of subuid(5), of passwd(5) and
//! of what getsubids(1) says. None may panic, and a map that is accepted must be one that the kernel takes.
#![cfg_attr(fuzzing, no_main)]
#![allow(dead_code, reason = "the tool's modules, of which the readers are called")]

mod driver;

#[path = "../../unshare-user/src/hint/mod.rs"]
mod hint;
#[path = "../../unshare-user/src/kind.rs"]
mod kind;
#[path = "../../unshare-user/src/map.rs"]
mod map;
#[path = "../../unshare-user/src/program.rs"]
mod program;
#[path = "../../unshare-user/src/subid.rs"]
mod subid;

use map::{LAST_ID, Map, Range};

/// Reads all lines as each of them. Gives how many ranges were accepted.
fn read(data: &[u8]) -> usize {
    let text = String::from_utf8_lossy(data);
    let ranges: Vec<Range> = text.lines().filter_map(|line| Range::parse(line).ok()).collect();
    for range in &ranges {
        assert_eq!(Range::parse(&range.to_string()), Ok(*range));
    }
    let map = Map(ranges);
    let around = Map::of_proc(&text);
    let found = [subid::of_file(&text, Some("user"), 1000), subid::of_answer(&text)].concat();
    for (first, count) in &found {
        assert!(*count > 0 && u64::from(*first) + u64::from(*count) - 1 <= u64::from(LAST_ID));
    }
    let _ = (subid::shown(&found), subid::name_in(&text, 1000), map.inner_ids(), map.words(), map.to_string());
    check(&map);
    if let Ok(cut) = map.cut(&around) {
        assert_eq!(size(&cut), size(&map), "cutting loses no ID");
    }
    let own = map.0.first().map_or(Range::one(0, 1000), |first| Range::one(first.inner, 1000));
    let lowest = Map(subid::on_lowest_free(own, &found));
    let mut inner: Vec<(u64, u64)> = lowest.0.iter().map(|range| span(range.inner, range.count)).collect();
    inner.sort_unstable();
    assert!(inner.windows(2).all(|pair| pair[0].1 < pair[1].0), "one inner ID twice: {lowest}");
    check(&lowest);
    map.0.len() + around.0.len() + found.len()
}

/// A map that passes its check is one that the kernel takes: user_namespaces(7).
fn check(map: &Map) {
    match map.check("--map-users") {
        Ok(()) => {
            assert!(map.0.len() <= 340 && map.text().len() < 4096);
            for side in [|range: &Range| range.inner, |range: &Range| range.outer] {
                let mut spans: Vec<(u64, u64)> = map.0.iter().map(|range| span(side(range), range.count)).collect();
                spans.sort_unstable();
                assert!(spans.windows(2).all(|pair| pair[0].1 < pair[1].0));
                assert!(spans.iter().all(|(first, last)| first <= last && *last <= u64::from(LAST_ID)));
            }
        }
        Err(failure) => assert!(!failure.to_string().contains(char::is_control), "{failure:?}"),
    }
}

fn span(first: u32, count: u32) -> (u64, u64) {
    (first.into(), (u64::from(first) + u64::from(count)).saturating_sub(1))
}

fn size(map: &Map) -> u64 {
    map.0.iter().map(|range| u64::from(range.count)).sum()
}

driver::target!(
    read,
    ["0:0:1", "0:0:4294967295", "4294967294:4294967294:1", "1000:", "user:", "100000:65536", "0 0 4294967295", "0: ",]
);
