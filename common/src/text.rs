//! Quote what came from outside for a one-line message: no newline breaks the line, no escape sequence reaches a terminal.

use std::ffi::OsStr;
use std::fmt;

/// A file name or argument, between double quotes, with everything but printable characters escaped.
///
/// ```
/// # use common::text::quoted;
/// assert_eq!(quoted("a\nb").to_string(), r#""a\nb""#);
/// ```
pub fn quoted<S: AsRef<OsStr> + ?Sized>(text: &S) -> impl fmt::Display {
    // OsStr's Debug escapes control characters, quotes and bytes that are not UTF-8.
    struct Quoted<'a>(&'a OsStr);
    impl fmt::Display for Quoted<'_> {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            fmt::Debug::fmt(self.0, f)
        }
    }
    Quoted(text.as_ref())
}

/// Prose that may hold foreign text: control characters are escaped, and the invisible ones that reorder a line or hide
/// in it; all else stays as it is.
pub fn harmless(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        let hides =
            matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}');
        if c.is_control() || hides {
            out.extend(c.escape_default());
        } else {
            out.push(c);
        }
    }
    out
}
