//! What every test stands on: a folder, the program under test, peers, and wires to talk on.

mod far_end;
mod installed;
mod namespace;
mod network;
#[path = "../../shared/ports.rs"]
mod ports;
mod process;
mod sshd;
mod telnetd;
mod terminal;
mod trunkline;
mod wire;

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

pub(crate) use far_end::FarEnd;
#[cfg(feature = "gsm")]
pub(crate) use installed::made;
pub(crate) use installed::{installed, unpacked};
pub(crate) use network::{HOUSE, Network};
pub(crate) use ports::free_address;
pub(crate) use process::{Log, PATIENCE, Process, command};
pub(crate) use sshd::{SshServer, Sshd, keygen};
pub(crate) use telnetd::{Login, TelnetServer, Telnetd};
pub(crate) use terminal::on_a_terminal;
pub(crate) use trunkline::{Account, Setting, Trunkline};
pub(crate) use wire::Wire;

/// The folder of one test; gone with all that is in it at its end.
pub(crate) struct Stage {
    folder: tempfile::TempDir,
}

impl Stage {
    /// An empty folder.
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        // uucico and the accounts' programs may run as other users.
        fs::set_permissions(folder.path(), Permissions::from_mode(0o755)).expect("our own folder");
        Self { folder }
    }

    /// A name in the folder.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// A file with this content.
    pub(crate) fn write(&self, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path(name);
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder).expect("a folder in our own");
        }
        fs::write(&path, content).expect("a file in our own folder");
        path
    }

    /// A shell script that can be run.
    pub(crate) fn script(&self, name: &str, body: &str) -> PathBuf {
        let path = self.write(name, format!("#!/bin/sh\n{body}\n"));
        fs::set_permissions(&path, Permissions::from_mode(0o755)).expect("our own file");
        path
    }

    /// A folder.
    pub(crate) fn folder(&self, name: &str) -> PathBuf {
        let path = self.path(name);
        fs::create_dir_all(&path).expect("a folder in our own");
        path
    }

    /// A file of random bytes.
    pub(crate) fn random(&self, name: &str, length: usize) -> PathBuf {
        self.write(name, random(length))
    }
}

/// Random bytes, different at every call.
pub(crate) fn random(length: usize) -> Vec<u8> {
    use std::io::Read;
    let mut bytes = vec![0; length];
    fs::File::open("/dev/urandom")
        .and_then(|mut file| file.read_exact(&mut bytes))
        .expect("randomness");
    bytes
}

/// Both files have the same content.
pub(crate) fn assert_same(one: &Path, other: &Path) {
    let read = |path: &Path| {
        fs::read(path).unwrap_or_else(|error| panic!("{} didn't arrive: {error}", path.display()))
    };
    assert_same_bytes(&read(one), &read(other), &other.display().to_string());
}

/// The bytes are the same; otherwise says where they part.
pub(crate) fn assert_same_bytes(expected: &[u8], got: &[u8], what: &str) {
    if expected == got {
        return;
    }
    let at = expected.iter().zip(got).take_while(|(one, other)| one == other).count();
    let near = |bytes: &[u8]| {
        let window = &bytes[at.saturating_sub(8).min(bytes.len())..(at + 16).min(bytes.len())];
        format!("{} bytes, near the difference \"{}\"", bytes.len(), window.escape_ascii())
    };
    panic!("{what} differs at byte {at}: expected {}; got {}", near(expected), near(got));
}
