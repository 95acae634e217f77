//! What a document says that a person types and sees, and whether they see it.
//!
//! A block of code is a transcript: `$ ` is an ordinary user's prompt, `# ` root's, `> ` a continued line; what stands
//! between is output. Any other block is fenced, as `text` or in its language. In an output 1234 (four digits or more) is any number, `...`
//! any text, a line of `...` any lines, `student` and `laptop` who reads this and where; blanks are as wide as they are.

/// A command, as typed, and the output that the document shows.
#[derive(Clone, Debug, PartialEq)]
pub struct Typed {
    pub line: usize,
    pub prompt: char,
    pub command: String,
    pub output: Vec<String>,
}

/// What is no shell's.
const OTHERS: [&str; 2] = ["text", "rust"];

/// The transcripts of a page, block by block.
///
/// # Errors
/// What in a block is neither a transcript nor marked.
pub fn read(blocks: Vec<Block>) -> Result<Vec<Vec<Typed>>, String> {
    blocks.into_iter().filter(|block| !OTHERS.contains(&block.kind.as_str())).map(transcript).collect()
}

/// A block of code: where it begins, what it calls itself, its lines.
pub struct Block {
    line: usize,
    kind: String,
    lines: Vec<String>,
}

fn transcript(block: Block) -> Result<Vec<Typed>, String> {
    let mut typed: Vec<Typed> = Vec::new();
    let mut goes_on = false;
    for (index, line) in block.lines.iter().enumerate() {
        let line_number = block.line + index;
        let prompt = ["$ ", "# "].iter().find(|prompt| line.starts_with(**prompt));
        match (prompt, typed.last_mut()) {
            (_, Some(last)) if goes_on || (last.output.is_empty() && line.starts_with("> ")) => {
                let line = line.strip_prefix("> ").unwrap_or(line);
                last.command.push('\n');
                last.command.push_str(line);
                goes_on = line.ends_with('\\');
            }
            (Some(prompt), _) => {
                let command = line[2..].to_owned();
                goes_on = command.ends_with('\\');
                let prompt = prompt.chars().next().expect("a prompt");
                typed.push(Typed { line: line_number, prompt, command, output: Vec::new() });
            }
            (None, Some(last)) => last.output.push(line.clone()),
            (None, None) => return Err(format!("line {line_number}: neither a transcript nor fenced as text: {line}")),
        }
    }
    // The blank lines at the end of a block are the page's.
    if let Some(last) = typed.last_mut() {
        while last.output.last().is_some_and(String::is_empty) {
            last.output.pop();
        }
    }
    Ok(typed)
}

/// The blocks of a Markdown page: fenced, or indented by four.
pub fn markdown(page: &str) -> Vec<Block> {
    let mut blocks: Vec<Block> = Vec::new();
    let (mut is_fenced, mut is_indented, mut was_blank) = (false, false, true);
    for (index, line) in page.lines().enumerate() {
        if let Some(kind) = line.trim_start().strip_prefix("```") {
            is_fenced = !is_fenced;
            if is_fenced {
                blocks.push(Block { line: index + 2, kind: kind.trim().to_owned(), lines: Vec::new() });
            }
            is_indented = false;
        } else if is_fenced {
            blocks.last_mut().expect("a fence").lines.push(line.to_owned());
        } else if let Some(code) = line.strip_prefix("    ").filter(|_| was_blank || is_indented) {
            if !is_indented {
                blocks.push(Block { line: index + 1, kind: String::new(), lines: Vec::new() });
            }
            is_indented = true;
            blocks.last_mut().expect("a block").lines.push(code.to_owned());
        } else if line.is_empty() && is_indented {
            blocks.last_mut().expect("a block").lines.push(String::new());
        } else {
            is_indented = false;
        }
        was_blank = line.is_empty();
    }
    blocks
}

/// The examples of a man page: what stands between `.EX` and `.EE`, or `.nf` and `.fi`.
pub fn manual(page: &str) -> Vec<Block> {
    let mut blocks: Vec<Block> = Vec::new();
    let mut is_example = false;
    for (index, line) in page.lines().enumerate() {
        match line.trim_end() {
            ".EX" | ".nf" => {
                is_example = true;
                blocks.push(Block { line: index + 2, kind: String::new(), lines: Vec::new() });
            }
            ".EE" | ".fi" => is_example = false,
            _ if is_example => {
                let font = [".B ", ".I ", ".RB ", ".BR "].iter().find_map(|font| line.strip_prefix(font));
                if font.is_some() || !line.starts_with('.') {
                    blocks.last_mut().expect("an example").lines.push(shown(font.unwrap_or(line)));
                }
            }
            _ => {}
        }
    }
    blocks
}

/// A line of a man page as man(1) shows it.
fn shown(line: &str) -> String {
    let mut line = line.to_owned();
    for (roff, text) in [
        ("\\fB", ""),
        ("\\fI", ""),
        ("\\fR", ""),
        ("\\fP", ""),
        ("\\&", ""),
        ("\\-", "-"),
        ("\\(aq", "'"),
        ("\\(dq", "\""),
        ("\\(ti", "~"),
        ("\\(ha", "^"),
        ("\\(ga", "`"),
        ("\\ ", " "),
        ("\\e", "\\"),
    ] {
        line = line.replace(roff, text);
    }
    line
}

/// Is this what the document shows?
pub fn is_seen(shown: &[String], seen: &[String]) -> bool {
    match shown.split_first() {
        None => seen.is_empty(),
        Some((any, rest)) if any.trim() == "..." => (0..=seen.len()).any(|skipped| is_seen(rest, &seen[skipped..])),
        Some((line, rest)) => {
            seen.split_first().is_some_and(|(first, others)| is_line(line, first) && is_seen(rest, others))
        }
    }
}

enum Piece {
    One(char),
    Number,
    Blank,
    Any,
}

fn is_line(shown: &str, seen: &str) -> bool {
    let seen: Vec<char> = seen.trim().chars().collect();
    matches(&pieces(shown.trim()), &seen)
}

fn pieces(mut text: &str) -> Vec<Piece> {
    let mut pieces = Vec::new();
    while let Some(first) = text.chars().next() {
        let digits = text.len() - text.trim_start_matches(|c: char| c.is_ascii_digit()).len();
        let blanks = text.len() - text.trim_start().len();
        let (piece, length) = if text.starts_with("...") {
            (Piece::Any, 3)
        } else if digits >= 4 {
            (Piece::Number, digits)
        } else if blanks > 0 {
            (Piece::Blank, blanks)
        } else {
            (Piece::One(first), first.len_utf8())
        };
        pieces.push(piece);
        text = &text[length..];
    }
    pieces
}

fn matches(pieces: &[Piece], seen: &[char]) -> bool {
    let run = |is: fn(&char) -> bool| seen.iter().take_while(|c| is(c)).count();
    match pieces.split_first() {
        None => seen.is_empty(),
        Some((Piece::Any, rest)) => (0..=seen.len()).any(|skipped| matches(rest, &seen[skipped..])),
        Some((Piece::One(c), rest)) => seen.first() == Some(c) && matches(rest, &seen[1..]),
        Some((Piece::Number, rest)) => {
            let length = run(char::is_ascii_digit);
            length > 0 && matches(rest, &seen[length..])
        }
        Some((Piece::Blank, rest)) => {
            let length = run(|c| c.is_whitespace());
            length > 0 && matches(rest, &seen[length..])
        }
    }
}
