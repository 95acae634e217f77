//! The tree as JSON (RFC 8259).

use crate::forest::{Forest, Picture, Space};
use crate::kind::Kind;
use crate::process::Process;
use crate::users::Names;
use common::text::is_harmful;
use std::fmt::{self, Write};

/// A value; what can be built of it is always well-formed.
enum Value {
    Null,
    Bool(bool),
    Number(u64),
    Text(String),
    List(Vec<Value>),
    Object(Vec<(&'static str, Value)>),
}

/// Prints all forests, with everything that was read. Bytes that are not UTF-8 are U+FFFD.
pub fn print(picture: &Picture) -> String {
    let names = Names::read();
    let trees = picture.forests.iter().map(|forest| tree(picture, forest, &names)).collect();
    format!("{}\n", Value::Object(vec![("trees", Value::List(trees))]))
}

fn tree(picture: &Picture, forest: &Forest, names: &Names) -> Value {
    // Where owners were put around namespaces that do not nest, a program wants the namespaces alone: each names its owner.
    let is_top = |space: &&Space| {
        if forest.kind.nests() { forest.roots.contains(&space.id) } else { space.kind == forest.kind }
    };
    let spaces = forest.spaces.iter().filter(is_top).map(|top| space(picture, forest, top, names)).collect();
    Value::Object(vec![
        ("type", text(forest.kind.name())),
        ("namespaces", Value::List(spaces)),
        ("unreadable", number(forest.unread)),
        ("partly_readable", number(forest.half_read)),
        ("left_by_zombies", number(forest.left)),
    ])
}

fn space(picture: &Picture, forest: &Forest, this: &Space, names: &Names) -> Value {
    let processes = this.processes.iter().map(|place| process(picture, &picture.processes[*place], forest.kind, names));
    let children = forest.spaces(&this.children).map(|child| space(picture, forest, child, names));
    Value::Object(vec![
        ("type", text(this.kind.name())),
        ("id", Value::Number(this.id)),
        ("initial", Value::Bool(this.is_initial())),
        ("parent", optional(this.parent.filter(|_| forest.kind.nests()))),
        ("owner", optional(this.owner)),
        ("made_by", optional(this.made_by.map(u64::from))),
        ("kept_by", Value::List(this.kept.iter().map(|file| text(&file.to_string_lossy())).collect())),
        ("not_shown", number(this.others.len())),
        ("processes", Value::List(processes.collect())),
        ("children", Value::List(children.collect())),
    ])
}

fn process(picture: &Picture, this: &Process, shown: Kind, names: &Names) -> Value {
    let not_shared = picture.not_shared(this, shown);
    let namespaces = Kind::ALL.into_iter().filter_map(|kind| Some((kind.name(), Value::Number(this.namespace(kind)?))));
    Value::Object(vec![
        ("pid", Value::Number(this.pid.into())),
        ("pids", Value::List(this.pids.iter().map(|pid| Value::Number((*pid).into())).collect())),
        ("parent", optional((this.parent > 0).then(|| this.parent.into()))),
        ("name", text(&this.name)),
        ("command", Value::List(this.arguments.iter().map(|word| text(word)).collect())),
        ("state", text(&this.state.to_string())),
        ("kernel_thread", Value::Bool(this.kernel)),
        ("uid", Value::Number(this.uid.into())),
        ("user", text(&names.outside(this.uid))),
        ("uid_inside", optional(this.uid_inside.map(u64::from))),
        ("readable", Value::Bool(this.readable)),
        ("not_shared", Value::List(not_shared.into_iter().map(|kind| text(kind.name())).collect())),
        ("namespaces", Value::Object(namespaces.collect())),
    ])
}

fn text(text: &str) -> Value {
    Value::Text(text.to_owned())
}

fn number(number: usize) -> Value {
    Value::Number(number as u64)
}

fn optional(number: Option<u64>) -> Value {
    number.map_or(Value::Null, Value::Number)
}

impl Value {
    fn is_flat(&self) -> bool {
        match self {
            Value::List(values) => values.iter().all(|value| !matches!(value, Value::List(_) | Value::Object(_))),
            // A process is one line.
            Value::Object(fields) => fields.iter().all(|(name, value)| *name == "namespaces" || value.is_flat()),
            _ => true,
        }
    }

    fn write(&self, f: &mut fmt::Formatter<'_>, indent: usize) -> fmt::Result {
        match self {
            Value::Null => f.write_str("null"),
            Value::Bool(value) => write!(f, "{value}"),
            Value::Number(value) => write!(f, "{value}"),
            Value::Text(value) => write_text(f, value),
            Value::List(values) => {
                let items = values.iter().map(|value| (None, value));
                write_items(f, ['[', ']'], items, self.is_flat(), indent)
            }
            Value::Object(fields) => {
                let items = fields.iter().map(|(name, value)| (Some(*name), value));
                write_items(f, ['{', '}'], items, self.is_flat(), indent)
            }
        }
    }
}

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.write(f, 0)
    }
}

fn write_items<'a>(
    f: &mut fmt::Formatter<'_>,
    [open, close]: [char; 2],
    items: impl Iterator<Item = (Option<&'static str>, &'a Value)>,
    flat: bool,
    indent: usize,
) -> fmt::Result {
    f.write_char(open)?;
    for (index, (name, value)) in items.enumerate() {
        match (index, flat) {
            (0, true) => {}
            (_, true) => f.write_str(", ")?,
            (index, false) => {
                write!(f, "{}\n{:2$}", if index > 0 { "," } else { "" }, "", indent + 2)?;
            }
        }
        if let Some(name) = name {
            write_text(f, name)?;
            f.write_str(": ")?;
        }
        value.write(f, indent + 2)?;
    }
    if !flat {
        write!(f, "\n{:1$}", "", indent)?;
    }
    f.write_char(close)
}

/// A string of RFC 8259, section 7. What a terminal could take for a command, or what would hide in it, is escaped too.
fn write_text(f: &mut fmt::Formatter<'_>, text: &str) -> fmt::Result {
    f.write_char('"')?;
    for c in text.chars() {
        match c {
            '"' => f.write_str("\\\"")?,
            '\\' => f.write_str("\\\\")?,
            '\n' => f.write_str("\\n")?,
            '\t' => f.write_str("\\t")?,
            c if is_harmful(c) => {
                c.encode_utf16(&mut [0; 2]).iter().try_for_each(|unit| write!(f, "\\u{unit:04x}"))?;
            }
            c => f.write_char(c)?,
        }
    }
    f.write_char('"')
}
