//! Find the command, execute it, and say why it could not be: 126 and 127.

use crate::failure::{CANNOT_EXECUTE, FAILED, Failure, NOT_FOUND};
use crate::hint::table::{INTERPRETER, INTERPRETER_CR};
use crate::step::narrate;
use crate::sys;
use crate::text::quoted;
use nix::errno::Errno;
use nix::libc::SIGPIPE;
use nix::unistd::{AccessFlags, access};
use std::convert::Infallible;
use std::env;
use std::ffi::{CString, OsStr, OsString};
use std::fs::File;
use std::io::Read;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Path, PathBuf};

/// What to become: a command with its arguments, or a shell.
#[derive(Debug, Clone)]
pub struct Command(Vec<OsString>);

impl Command {
    /// The words after the options; none means a shell.
    pub fn new(words: Vec<OsString>) -> Self {
        Command(words)
    }

    /// The words to execute. Without any: `$SHELL` if it can be run here, else `/bin/sh`.
    fn words(mut self) -> Vec<OsString> {
        if self.0.is_empty() {
            let shell = env::var_os("SHELL").filter(|shell| {
                let shell = Path::new(shell);
                // To access(2) a directory is executable.
                let is_program = shell.is_absolute() && shell.is_file() && access(shell, AccessFlags::X_OK).is_ok();
                // In another root its loader may be missing.
                is_program && interpreter(shell).is_none_or(|interpreter| interpreter.exists())
            });
            self.0.push(shell.unwrap_or_else(|| "/bin/sh".into()));
        }
        self.0
    }

    /// Becomes the command, with the dispositions and descriptors that the caller handed over.
    ///
    /// # Errors
    /// 127 when the command or its interpreter was not found, 126 when it could not be executed.
    pub fn execute(self) -> Result<Infallible, Failure> {
        let words = self.words();
        let Ok(arguments) = words.iter().map(|w| CString::new(w.as_bytes())).collect::<Result<Vec<_>, _>>() else {
            return Err(Failure::input("an argument holds a NUL byte"));
        };
        narrate(format_args!("execvp({})", quoted(&words[0])), "this process becomes the command");
        sys::restore_inherited();
        let Err(errno) = nix::unistd::execvp(&arguments[0], &arguments);
        // We are to say why: where nobody reads standard error, the status is still the one for the caller.
        sys::SignalSet::only(SIGPIPE).block();
        // execvp(3) says EACCES when it may not search a directory of PATH: what is in none of them is not found.
        let nowhere = !words[0].as_bytes().contains(&b'/') && locate(&words[0]).is_none();
        Err(refusal(&words[0], if nowhere { Errno::ENOENT } else { errno }))
    }

    /// Finds out, without executing it, that the command cannot be executed. What it lets pass may still be refused.
    ///
    /// # Errors
    /// As [`Command::execute`].
    pub fn check(&self) -> Result<(), Failure> {
        let words = self.clone().words();
        let errno = match locate(&words[0]) {
            None => Errno::ENOENT,
            Some(path) if !path.is_file() || access(&path, AccessFlags::X_OK).is_err() => Errno::EACCES,
            Some(path) => match interpreter(&path) {
                Some(interpreter) if !interpreter.exists() => Errno::ENOENT,
                _ => return Ok(()),
            },
        };
        Err(refusal(&words[0], errno))
    }
}

fn refusal(command: &OsStr, errno: Errno) -> Failure {
    let status = match errno {
        Errno::ENOENT => NOT_FOUND,
        // The arguments came to us by the same call: these are the system's troubles, and nothing is wrong with COMMAND.
        Errno::ENOMEM | Errno::EAGAIN | Errno::ENFILE | Errno::EMFILE => FAILED,
        _ => CANNOT_EXECUTE,
    };
    Failure::refused(format_args!("execvp({})", quoted(command)), errno).status(status).hint(why(command, errno))
}

/// Looks at the file for the cause.
fn why(command: &OsStr, errno: Errno) -> Option<String> {
    let Some(path) = locate(command) else {
        if command.as_bytes().contains(&b'/') {
            return Some("there is no such file here".to_owned());
        }
        return Some(match env::var_os("PATH") {
            _ if command.is_empty() => "the command is an empty word".to_owned(),
            Some(path) => format!("it is in no directory of PATH={}", quoted(&path)),
            None => "PATH is not set, and it is in none of /bin, /usr/bin".to_owned(),
        });
    };
    let shown = quoted(&path).to_string();
    match errno {
        Errno::ENOENT => {
            let interpreter = interpreter(&path)?;
            if interpreter.exists() {
                return None;
            }
            let bytes = interpreter.as_os_str().as_bytes();
            let row = if bytes.ends_with(b"\r") { &INTERPRETER_CR } else { &INTERPRETER };
            row.with([&shown, &quoted(&interpreter).to_string()]).into()
        }
        Errno::EACCES if path.is_dir() => Some(format!("{shown} is a directory")),
        Errno::EACCES if access(&path, AccessFlags::X_OK).is_err() => Some(format!(
            "{shown} may not be executed by this user: look at its mode, its directories', and 'noexec' mounts"
        )),
        Errno::ENOEXEC => Some(format!("{shown} is no program that this kernel can run")),
        _ => None,
    }
}

/// The file that execvp(3) means, if there is one: the first that may be executed, else the first that is there.
fn locate(command: &OsStr) -> Option<PathBuf> {
    if command.as_bytes().contains(&b'/') {
        return Some(PathBuf::from(command)).filter(|path| path.exists());
    }
    if command.is_empty() {
        return None;
    }
    let path = env::var_os("PATH").unwrap_or_else(|| "/bin:/usr/bin".into());
    let found: Vec<PathBuf> = env::split_paths(&path).map(|dir| dir.join(command)).filter(|p| p.exists()).collect();
    let runs = found.iter().find(|path| path.is_file() && access(*path, AccessFlags::X_OK).is_ok());
    runs.or(found.first()).cloned()
}

/// The interpreter that a script's first line or an ELF program's header names.
fn interpreter(path: &Path) -> Option<PathBuf> {
    let mut head = Vec::new();
    File::open(path).ok()?.take(4096).read_to_end(&mut head).ok()?;
    let name = if let Some(line) = head.strip_prefix(b"#!") {
        let line = line.split(|&b| b == b'\n').next()?.trim_ascii_start();
        // Not trim_ascii_end: a carriage return belongs to the name, and is what people search for.
        line.split(|&b| b == b' ' || b == b'\t').next()?.to_vec()
    } else {
        elf_interpreter(&head)?
    };
    (!name.is_empty()).then(|| PathBuf::from(OsString::from_vec(name)))
}

/// The PT_INTERP of an ELF file of this machine's word size and byte order: elf(5).
fn elf_interpreter(head: &[u8]) -> Option<Vec<u8>> {
    const PT_INTERP: usize = 3;
    let wide = match head.get(..5)? {
        [0x7f, b'E', b'L', b'F', class] => *class == 2,
        _ => return None,
    };
    let number = |at: usize, size: usize| -> Option<usize> {
        let mut bytes = [0; 8];
        let field = head.get(at..at.checked_add(size)?)?;
        if cfg!(target_endian = "little") {
            bytes[..size].copy_from_slice(field);
            usize::try_from(u64::from_le_bytes(bytes)).ok()
        } else {
            bytes[8 - size..].copy_from_slice(field);
            usize::try_from(u64::from_be_bytes(bytes)).ok()
        }
    };
    // Where the fields stand: program header table, its entry size and count; in an entry: offset and size in the file.
    let (table, entry_size, count, offset, size, word) =
        if wide { (32, 54, 56, 8, 32, 8) } else { (28, 42, 44, 4, 16, 4) };
    let (table, entry_size, count) = (number(table, word)?, number(entry_size, 2)?, number(count, 2)?);
    (0..count).find_map(|index| {
        let entry = table.checked_add(index.checked_mul(entry_size)?)?;
        if number(entry, 4)? != PT_INTERP {
            return None;
        }
        let (start, length) = (number(entry + offset, word)?, number(entry + size, word)?);
        let name = head.get(start..start.checked_add(length)?)?;
        Some(name.strip_suffix(b"\0").unwrap_or(name).to_vec())
    })
}
