//! What a launcher makes of messages that no front sends.

use std::fs::{self, File};
use std::io::{BufRead as _, BufReader, IoSlice, Read as _};
use std::mem::MaybeUninit;
use std::os::fd::{AsFd as _, BorrowedFd, OwnedFd};
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::process::{Child, ChildStderr, Command, Stdio};

use rustix::net::{
    AddressFamily, SendAncillaryBuffer, SendAncillaryMessage, SendFlags, SocketFlags, SocketType,
    recv, sendmsg, socketpair,
};
use tempfile::TempDir;

/// A launcher whose front is the test.
struct Launcher {
    folder: TempDir,
    child: Child,
    log: BufReader<ChildStderr>,
    socket: OwnedFd,
}

const START: u8 = 1;
const PIPES: u8 = 1;
const TERMINAL: u8 = 0;

// Replies.
const READY: u8 = 1;
const STARTED: u8 = 3;
const NOT_STARTED: u8 = 4;
const GONE: u8 = 6;

impl Launcher {
    /// Starts one for a front of our own user id; `None` where we aren't root.
    fn start() -> Option<Self> {
        if !rustix::process::geteuid().is_root() {
            return None;
        }
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("trunkline.toml");
        let text = "[exchange]\nuser = \"nobody\"\n[[account]]\nname = \"pump\"\npassword = \"locked\"\n\
            user = \"daemon\"\nprogram = [\"/usr/bin/id\", \"-un\"]\n";
        fs::write(&file, text).unwrap();
        fs::set_permissions(&file, fs::Permissions::from_mode(0o644)).unwrap();
        let flags = SocketFlags::CLOEXEC;
        let (socket, theirs) =
            socketpair(AddressFamily::UNIX, SocketType::SEQPACKET, flags, None).unwrap();
        let mut command = Command::new(env!("CARGO_BIN_EXE_trunkline"));
        command.arg("launcher").arg(&file).arg("0").stdin(theirs).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let log = BufReader::new(child.stderr.take().unwrap());
        let launcher = Self { folder, child, log, socket };
        assert_eq!(launcher.hear().0, READY);
        Some(launcher)
    }

    fn send(&self, message: &[u8], descriptors: &[BorrowedFd<'_>]) {
        let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(4))];
        let mut control = SendAncillaryBuffer::new(&mut space);
        if !descriptors.is_empty() {
            assert!(control.push(SendAncillaryMessage::ScmRights(descriptors)));
        }
        sendmsg(&self.socket, &[IoSlice::new(message)], &mut control, SendFlags::empty()).unwrap();
    }

    /// The next reply: its kind, whom it is about, and the rest.
    fn hear(&self) -> (u8, u64, Vec<u8>) {
        let mut buf = vec![0; 65_536];
        let (length, _) =
            recv(&self.socket, &mut buf[..], rustix::net::RecvFlags::empty()).unwrap();
        assert!(length >= 9, "the launcher has ended");
        (buf[0], u64::from_le_bytes(buf[1..9].try_into().unwrap()), buf[9..length].to_vec())
    }

    /// Asks for a program; what is said against it, if anything.
    fn refused(&self, number: u64, message: &[u8], descriptors: &[BorrowedFd<'_>]) -> String {
        self.send(message, descriptors);
        let (kind, about, why) = self.hear();
        assert_eq!((kind, about), (NOT_STARTED, number));
        String::from_utf8(why).unwrap()
    }

    fn complains(&mut self, about: &str) {
        let mut line = String::new();
        self.log.read_line(&mut line).unwrap();
        assert!(line.contains("refused: ") && line.contains(about), "{line}");
    }
}

impl Drop for Launcher {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn start(number: u64, kind: u8, order: &[u8]) -> Vec<u8> {
    [&[START][..], &number.to_le_bytes(), &[kind], order].concat()
}

/// The order for an account of the configuration.
fn known(account: &str) -> Vec<u8> {
    let length = u32::try_from(account.len()).unwrap();
    [&[1][..], &length.to_le_bytes(), account.as_bytes(), &[0; 4]].concat()
}

#[test]
fn what_no_front_says_is_refused_and_logged_and_the_launcher_goes_on() {
    let Some(mut launcher) = Launcher::start() else { return };
    for nonsense in [&b""[..], b"x", &[0xff; 64], &[START; 9], &[3; 9]] {
        launcher.send(nonsense, &[]);
        launcher.complains("makes no sense");
    }
    launcher.send(&vec![START; 70_000], &[]);
    launcher.complains("too long");
    let (reader, writer) = std::io::pipe().unwrap();
    launcher.send(b"x", &[writer.as_fd(); 4]);
    launcher.complains("brings too much");
    let let_go = [&[4][..], &7_u64.to_le_bytes()].concat();
    launcher.send(&let_go, &[writer.as_fd()]);
    launcher.complains("nothing is to be done with");
    // Of programs that aren't there nothing is said.
    launcher.send(&let_go, &[]);

    let three = [reader.as_fd(), writer.as_fd(), writer.as_fd()];
    let said = launcher.refused(1, &start(1, PIPES, &known("tank")), &three);
    assert!(said.contains("no program for an account `tank`"), "{said}");
    let said = launcher.refused(2, &start(2, PIPES, b"\x09nonsense"), &three);
    assert!(said.contains("makes no sense"), "{said}");
    let said = launcher.refused(3, &start(3, PIPES, &known("pump")), &three[..2]);
    assert!(said.contains("three pipes"), "{said}");
    launcher.complains("three pipes");

    // A file in a terminal's place would become its user's.
    let file = launcher.folder.path().join("file");
    fs::write(&file, "").unwrap();
    let open = File::options().read(true).write(true).open(&file).unwrap();
    let said = launcher.refused(4, &start(4, TERMINAL, &known("pump")), &[open.as_fd()]);
    assert!(said.contains("no pseudo-terminal"), "{said}");
    launcher.complains("no pseudo-terminal");
    assert_eq!(fs::metadata(&file).unwrap().uid(), 0);

    launcher.send(&start(5, PIPES, &known("pump")), &three);
    assert_eq!((launcher.hear().0, launcher.hear().0), (STARTED, GONE));
    drop(writer);
    let mut said = String::new();
    { reader }.read_to_string(&mut said).unwrap();
    assert_eq!(said, "daemon\n");
}

#[test]
fn a_launcher_ends_with_its_front() {
    let Some(mut launcher) = Launcher::start() else { return };
    let (other, _) = std::io::pipe().unwrap();
    drop(std::mem::replace(&mut launcher.socket, other.into()));
    assert!(launcher.child.wait().unwrap().success());
}

#[test]
fn nobody_becomes_a_launcher_by_typing_it() {
    let mut command = Command::new(env!("CARGO_BIN_EXE_trunkline"));
    let said = command.args(["launcher", "x", "0"]).stdin(Stdio::null()).output().unwrap();
    assert_eq!(said.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&said.stderr).contains("started by `trunkline run`"));
}
