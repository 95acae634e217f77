//! `nstree`: show who lives in which namespace (namespaces(7)).
#![forbid(unsafe_code)]
#![no_main]

mod dot;
mod forest;
mod json;
mod kind;
mod links;
mod nsfs;
mod process;
mod text;
mod users;
mod words;

use clap::Parser;
use forest::Picture;
use kind::Kind;
use process::Seen;

/// Show who lives in which namespace, with the process IDs at each level
///
/// PID and user namespaces lie inside each other, and are drawn so. The other
/// kinds do not nest: they stand side by side, each under the user namespace that
/// owns it (whose root is in charge of it) where more than one owner is seen.
///
/// 2001 → 1 is one process: its PID, or its user, outside and inside. A process
/// says in which namespaces it differs from its parent. Namespaces without a
/// process that a file keeps (--keep of the other tools) are shown too.
///
/// An ordinary user may not read the namespaces of others' processes. Of those
/// the PID namespace is told where their PIDs leave no doubt; the rest is counted.
#[derive(Parser)]
#[command(
    name = "nstree",
    version,
    override_usage = "nstree [--type TYPE]... [--json | --dot] [PID]...",
    verbatim_doc_comment
)]
struct Args {
    /// The kind of namespace to show (repeatable) [default: pid]
    #[arg(short = 't', long = "type", value_name = "TYPE", value_delimiter = ',', hide_default_value = true)]
    kinds: Vec<Kind>,

    /// Print JSON, with everything that was read
    #[arg(short = 'J', long, conflicts_with = "dot")]
    json: bool,

    /// Print a drawing for Graphviz: nstree --dot | dot -Tsvg >tree.svg
    #[arg(long)]
    dot: bool,

    /// Show only these processes and their descendants
    #[arg(value_name = "PID")]
    pids: Vec<u32>,
}

common::begin!(common::start::start_printing(env!("CARGO_PKG_NAME"), run));

fn run(mut args: Args) -> anyhow::Result<String> {
    if args.kinds.is_empty() {
        args.kinds.push(Kind::Pid);
    }
    let seen = Seen::read()?;
    let picture = Picture::draw(seen, &args.kinds, &args.pids)?;
    Ok(if args.json {
        json::print(&picture)
    } else if args.dot {
        dot::print(&picture)
    } else {
        text::print(&picture, text::Style::of_terminal())
    })
}
