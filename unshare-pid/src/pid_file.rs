//! `--pid-file FILE`.

use common::failure::{Failure, OrHint, errno_of};
use common::hint;
use common::step::step;
use common::text::quoted;
use nix::unistd::Pid;
use std::fs::{self, File, OpenOptions};
use std::io::{ErrorKind, Write};
use std::path::PathBuf;

/// A file that holds a PID. Dropped, it is removed again if we made it: the command could not be executed.
pub struct PidFile {
    file: PathBuf,
    made: bool,
}

impl PidFile {
    /// Writes it, as `echo PID >FILE` would.
    pub fn write(file: PathBuf, pid: Pid) -> Result<Self, Failure> {
        let call = format!("write({}, \"{pid}\")", quoted(&file));
        let mut this = PidFile { file, made: false };
        step(call, "the command's PID as the caller knows it, for 'nsenter -t'", || {
            this.try_write(pid).map_err(errno_of)
        })
        .or_hint(|errno| hint::keep_file(&this.file, errno))?;
        Ok(this)
    }

    fn try_write(&mut self, pid: Pid) -> std::io::Result<()> {
        let mut file = match OpenOptions::new().write(true).create_new(true).open(&self.file) {
            Ok(file) => {
                self.made = true;
                file
            }
            Err(error) if error.kind() == ErrorKind::AlreadyExists => File::create(&self.file)?,
            Err(error) => return Err(error),
        };
        file.write_all(format!("{pid}\n").as_bytes())
    }

    /// The command runs: the file stays.
    pub fn commit(mut self) {
        self.made = false;
    }
}

impl Drop for PidFile {
    fn drop(&mut self) {
        if self.made {
            let _ = fs::remove_file(&self.file);
        }
    }
}
