//! What two or more of the tools need, and nothing else but the unsafe code of them all.
//!
//! A tool is four beats: parse, enter the namespace, configure it, become the command. The rooms:
//!
//! | module | what it holds |
//! |---|---|
//! | [`start`] | the frame of every `main`: parse, run, report, exit status |
//! | [`link`] | the arguments that every `unshare-*` has, and the four beats |
//! | [`namespace`] | the kinds of namespace: name, flag, `/proc` entry; which one this process is in |
//! | `create` | make one, and tell of it |
//! | [`keep`] | `--keep`: bind a namespace to a file, and unbind it when the command cannot run |
//! | [`outside`] | a short-lived process that stays in the caller's namespaces and acts there |
//! | [`command`] | find the command, execute it, and say why it could not be: 126 and 127 |
//! | [`supervise`] | the waiting link: processes, signals, terminal |
//! | [`step`] | perform one call: its name serves the error, the narration and the hint |
//! | [`failure`] | what went wrong, and the exit status that it has |
//! | [`hint`] | from a refusal and the facts of the system to a cause and a remedy |
//! | [`proc`], [`mountinfo`] | read `/proc`, and set what its files set |
//! | [`sysctl`] | `KEY=VALUE` for `/proc/sys`, within a fence |
//! | [`text`] | quote what came from outside for a one-line message, and fit it to a terminal |
//! | [`view`] | what this process sees of each kind of namespace, for the narration |
//! | [`sys`] | the only unsafe code: one documented wrapper a call |

pub mod command;
mod create;
pub mod failure;
pub mod hint;
pub mod keep;
pub mod link;
pub mod mountinfo;
pub mod namespace;
pub mod outside;
pub mod proc;
pub mod start;
pub mod step;
pub mod supervise;
pub mod sys;
pub mod sysctl;
pub mod text;
pub mod view;
