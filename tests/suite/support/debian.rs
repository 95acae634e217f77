//! A Debian, made once for the whole run, and removed at its end: by mmdebstrap, as the root of a user namespace with many
//! IDs, whoever runs this. A test changes nothing in it.

use super::runner::skip;
use super::{Folder, many, need, script, watch};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

enum Debian {
    NotYet,
    There(Folder),
    CannotBe(String),
}

static DEBIAN: Mutex<Debian> = Mutex::new(Debian::NotYet);

/// Its root directory. Who enters it as an ordinary user puts [`many`] in front: its files have many owners. Ends the
/// test where none can be made.
pub fn debian() -> PathBuf {
    need("mmdebstrap");
    many();
    let mut debian = DEBIAN.lock().unwrap_or_else(PoisonError::into_inner);
    if matches!(*debian, Debian::NotYet) {
        *debian = build();
    }
    match &*debian {
        Debian::There(folder) => folder.join("root"),
        Debian::CannotBe(why) => skip(format!("no Debian could be made: {why}")),
        Debian::NotYet => unreachable!("it was made"),
    }
}

/// The release of this machine, or the stable one, from the mirror that apt uses.
fn build() -> Debian {
    let folder = Folder::new();
    let text = format!(
        "set -e
         release=$(. /etc/os-release; test \"$ID\" = debian && echo \"$VERSION_CODENAME\" || echo stable)
         mirror=$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' 'Origin: Debian' \"Codename: $release\" | sort -u | head -1)
         eval \"$(apt-config shell proxy Acquire::http::Proxy)\"
         chmod 755 {folder}
         {}unshare-pid --mount-proc -- unshare-mnt -- mmdebstrap --quiet --mode=root --variant=apt --format=directory \
             ${{proxy:+--aptopt=\"Acquire::http::Proxy \\\"$proxy\\\"\"}} $release {folder}/root $mirror",
        many()
    );
    let seen = watch(script(&text), Duration::from_secs(300));
    if seen.status.success() {
        Debian::There(folder)
    } else {
        remove(folder.path());
        Debian::CannotBe(seen.err.lines().last().unwrap_or("mmdebstrap failed").to_owned())
    }
}

/// Removes what was made, at the end of the run.
pub fn clean() {
    if let Debian::There(folder) =
        std::mem::replace(&mut *DEBIAN.lock().unwrap_or_else(PoisonError::into_inner), Debian::NotYet)
    {
        remove(folder.path());
    }
}

/// Its owners have numbers that an ordinary user reaches from inside only.
fn remove(folder: &Path) {
    watch(script(&format!("{}rm -rf {}/root", many(), folder.display())), Duration::from_secs(60));
}
