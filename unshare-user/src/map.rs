//! Maps of IDs: read, check, cut to size, print. No system call is made here (user_namespaces(7)).

use crate::hint::table::{OVERLAP, TOO_LONG};
use common::failure::Failure;
use common::proc::id_map;
use std::fmt;

/// The largest ID; the one above it means "no ID" to the kernel.
pub const LAST_ID: u32 = u32::MAX - 1;
/// How many lines a map may have, since Linux 4.15.
const MOST_LINES: usize = 340;
/// How many bytes the one write may have: less than a page, and the smallest page there is.
const MOST_BYTES: usize = 4095;

/// `count` IDs, called from `inner` on inside and from `outer` on outside. They never reach past [`LAST_ID`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Range {
    pub inner: u32,
    pub outer: u32,
    pub count: u32,
}

/// Reads a user or group ID.
///
/// # Errors
/// Not a number, or above [`LAST_ID`].
pub fn id(text: &str) -> Result<u32, String> {
    if text.is_empty() || !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err("an ID is a decimal number".to_owned());
    }
    text.parse().ok().filter(|id| *id <= LAST_ID).ok_or_else(|| format!("the largest ID is {LAST_ID}"))
}

impl Range {
    /// One ID.
    pub fn one(inner: u32, outer: u32) -> Self {
        Range { inner, outer, count: 1 }
    }

    /// Reads `INNER:OUTER:COUNT`.
    ///
    /// # Errors
    /// Not three numbers, nothing to map, or an ID past the last one.
    pub fn parse(text: &str) -> Result<Self, String> {
        let parts: Vec<&str> = text.split(':').collect();
        let [inner, outer, count] = parts[..] else {
            return Err("expected INNER:OUTER:COUNT".to_owned());
        };
        let (inner, outer) = (id(inner)?, id(outer)?);
        if count.is_empty() || !count.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err("COUNT is a decimal number".to_owned());
        }
        match count.parse::<u64>() {
            Ok(0) => Err("COUNT is 0: that maps nothing".to_owned()),
            Ok(count) if count <= u64::from(LAST_ID - inner.max(outer)) + 1 => {
                Ok(Range { inner, outer, count: u32::try_from(count).expect("no more than there are IDs") })
            }
            _ => Err(format!("it reaches past the largest ID, {LAST_ID}")),
        }
    }

    fn last_inner(&self) -> u32 {
        self.inner + (self.count - 1)
    }

    fn last_outer(&self) -> u32 {
        self.outer + (self.count - 1)
    }
}

/// As on the command line.
impl fmt::Display for Range {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:{}", self.inner, self.outer, self.count)
    }
}

/// The map of one side, users or groups.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Map(pub Vec<Range>);

impl Map {
    /// Reads the text of `/proc/PID/uid_map` or `gid_map`.
    pub fn of_proc(text: &str) -> Self {
        // The kernel gives no others; with one every sum below would be wrong.
        let fits = |first: u32, count: u32| count > 0 && first.checked_add(count).is_some();
        let range = |[inner, outer, count]: [u32; 3]| {
            (fits(inner, count) && fits(outer, count)).then_some(Range { inner, outer, count })
        };
        Map(id_map(text).filter_map(range).collect())
    }

    /// Does it have this ID inside?
    pub fn has_inner(&self, id: u32) -> bool {
        self.0.iter().any(|range| (range.inner..=range.last_inner()).contains(&id))
    }

    /// The same map cut where `around`, the map of the caller's own namespace, changes: the kernel takes no line that
    /// crosses from one of its lines into the next.
    ///
    /// # Errors
    /// The first outer ID that has no mapping in `around`.
    pub fn cut(&self, around: &Map) -> Result<Self, u32> {
        let mut cut = Vec::new();
        for range in &self.0 {
            let mut rest = *range;
            loop {
                let has_first = |line: &&Range| (line.inner..=line.last_inner()).contains(&rest.outer);
                let line = around.0.iter().find(has_first).ok_or(rest.outer)?;
                let last = line.last_inner();
                if last >= rest.last_outer() {
                    cut.push(rest);
                    break;
                }
                let count = last - rest.outer + 1;
                cut.push(Range { count, ..rest });
                rest = Range { inner: rest.inner + count, outer: rest.outer + count, count: rest.count - count };
            }
        }
        Ok(Map(cut))
    }

    /// Checks what the kernel would refuse with a bare EINVAL. `option` names the map.
    ///
    /// # Errors
    /// Ranges that overlap, inside or outside; more lines or bytes than fit.
    pub fn check(&self, option: &str) -> Result<(), Failure> {
        let overlap = |side: &str, first: fn(&Range) -> u32, last: fn(&Range) -> u32| {
            let mut sorted: Vec<&Range> = self.0.iter().collect();
            sorted.sort_by_key(|range| first(range));
            match sorted.windows(2).find(|pair| first(pair[1]) <= last(pair[0])) {
                None => Ok(()),
                Some(pair) => Err(Failure::input(format_args!(
                    "{option}: {} and {} overlap: both have the {side} ID {}",
                    pair[0],
                    pair[1],
                    first(pair[1])
                ))
                .hint(OVERLAP.with([]))),
            }
        };
        overlap("inner", |range| range.inner, Range::last_inner)?;
        overlap("outer", |range| range.outer, Range::last_outer)?;
        let (lines, bytes) = (self.0.len(), self.text().len());
        if lines > MOST_LINES {
            return Err(Failure::input(format_args!("{option}: {lines} lines, and a map has {MOST_LINES} at most"))
                .hint(TOO_LONG.with([])));
        }
        if bytes > MOST_BYTES {
            return Err(Failure::input(format_args!(
                "{option}: {lines} lines of {bytes} bytes, and a map has {MOST_BYTES} bytes at most"
            ))
            .hint(TOO_LONG.with([])));
        }
        Ok(())
    }

    /// The inner IDs in order, for a message.
    pub fn inner_ids(&self) -> String {
        let mut spans: Vec<(u32, u32)> = self.0.iter().map(|range| (range.inner, range.last_inner())).collect();
        spans.sort_unstable();
        spans.dedup_by(|next, span| {
            let is_next = next.0 == span.1 + 1;
            if is_next {
                span.1 = next.1;
            }
            is_next
        });
        let one =
            |(first, last): &(u32, u32)| if first == last { first.to_string() } else { format!("{first}-{last}") };
        if spans.is_empty() { "none".to_owned() } else { spans.iter().map(one).collect::<Vec<_>>().join(", ") }
    }

    /// As arguments of newuidmap(1).
    pub fn words(&self) -> Vec<String> {
        self.0.iter().flat_map(|range| [range.inner, range.outer, range.count]).map(|n| n.to_string()).collect()
    }

    /// What it means, for whom: `user 0 in here is user 1000 outside`.
    pub fn meaning(&self, word: &str) -> String {
        const TOLD: usize = 3;
        let one = |range: &Range| match range.count {
            1 => format!("{word} {} in here is {word} {} outside", range.inner, range.outer),
            _ => format!(
                "{word}s {}-{} in here are {word}s {}-{} outside",
                range.inner,
                range.last_inner(),
                range.outer,
                range.last_outer()
            ),
        };
        let mut told: Vec<String> = self.0.iter().take(TOLD).map(one).collect();
        if self.0.len() > TOLD {
            told.push(format!("and {} lines more", self.0.len() - TOLD));
        }
        told.join(", ")
    }

    /// What to write to the kernel's file.
    pub fn text(&self) -> String {
        self.0.iter().map(|range| format!("{} {} {}\n", range.inner, range.outer, range.count)).collect()
    }
}

/// For messages: on one line, and only as much as a person reads.
impl fmt::Display for Map {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const SHOWN: usize = 5;
        let shown: Vec<String> =
            self.0.iter().take(SHOWN).map(|range| format!("{} {} {}", range.inner, range.outer, range.count)).collect();
        write!(f, "\"{}", shown.join(", "))?;
        if self.0.len() > SHOWN {
            write!(f, ", ... ({} lines)", self.0.len())?;
        }
        f.write_str("\"")
    }
}
