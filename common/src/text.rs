//! Text for people: quote what came from outside, so that no newline breaks the line and no escape sequence reaches a
//! terminal; and how wide it is there.

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
        if is_harmful(c) {
            out.extend(c.escape_default());
        } else {
            out.push(c);
        }
    }
    out
}

/// Does a terminal take it for a command, or does it reorder a line or hide in it: the controls, and Unicode's formats?
pub fn is_harmful(c: char) -> bool {
    let hides = matches!(c, '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}'..='\u{1160}' | '\u{17b4}'..='\u{17b5}'
        | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
        | '\u{3164}' | '\u{feff}' | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}' | '\u{1d173}'..='\u{1d17a}'
        | '\u{e0000}'..='\u{e0fff}');
    c.is_control() || hides
}

/// How many columns a terminal takes for it: two for the wide scripts of East Asia, and for pictures.
pub fn width(text: &str) -> usize {
    let wide = |c: char| {
        matches!(c, '\u{1100}'..='\u{115f}' | '\u{2e80}'..='\u{a4cf}' | '\u{ac00}'..='\u{d7a3}' | '\u{f900}'..='\u{faff}'
            | '\u{fe30}'..='\u{fe6f}' | '\u{ff00}'..='\u{ff60}' | '\u{ffe0}'..='\u{ffe6}' | '\u{1f300}'..='\u{1faff}'
            | '\u{20000}'..='\u{3fffd}')
    };
    text.chars().map(|c| if wide(c) { 2 } else { 1 }).sum()
}

/// Broken between words, so that no line is wider, and all but the first stand further in. A word that is wider itself
/// stays whole; the colours of the narration have no width.
pub fn folded(text: &str, columns: usize) -> String {
    const INDENT: &str = "\n    ";
    let shown = |word: &str| -> usize {
        let after = |piece: &str| width(piece.split_once('m').map_or(piece, |(_, rest)| rest));
        word.split('\x1b').enumerate().map(|(n, piece)| if n == 0 { width(piece) } else { after(piece) }).sum()
    };
    let mut out = String::with_capacity(text.len() + 16);
    let mut at = 0;
    for (n, word) in text.split(' ').enumerate() {
        let wide = shown(word);
        if n > 0 && at + 1 + wide > columns {
            out.push_str(INDENT);
            at = INDENT.len() - 1 + wide;
        } else {
            let blank = if n > 0 { " " } else { "" };
            out.push_str(blank);
            at += blank.len() + wide;
        }
        out.push_str(word);
    }
    out
}
