//! Users of this machine, from `/etc/passwd` and `/etc/group`.
//!
//! Read here and not by the C library: its lookup may load modules into the process, wait for a
//! directory server, or do nothing in a static build. An account's user is the machine's own, and
//! a user that only a directory knows is refused as unknown.

use std::ffi::OsString;
use std::fs::File;
use std::io::{self, Read as _};
use std::os::unix::ffi::OsStringExt as _;
use std::path::{Path, PathBuf};

use rustix::process::{getegid, geteuid};

use crate::limits::{USER_FILE_SIZE, USER_GROUPS};

const PASSWD: &str = "/etc/passwd";
const GROUP: &str = "/etc/group";

/// A user of this machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct User {
    /// Login name.
    pub name: String,
    /// User id.
    pub uid: u32,
    /// Group id of files the user makes.
    pub gid: u32,
    /// Ids of all groups, `gid` first.
    pub groups: Vec<u32>,
    /// Home directory.
    pub home: PathBuf,
    /// Login shell.
    pub shell: PathBuf,
}

/// Why a user can't be had.
#[derive(Debug, thiserror::Error)]
pub enum UserError {
    /// No such user.
    #[error("there is no user {0:?} in /etc/passwd")]
    Unknown(String),
    /// The user has more groups than the kernel takes.
    #[error("user {0:?} is in more groups than the system allows")]
    TooManyGroups(String),
    /// A file can't be read.
    #[error("cannot read {}: {source}", .path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}

impl User {
    /// Finds a user by name.
    pub fn find(name: &str) -> Result<Self, UserError> {
        user_in(&read(Path::new(PASSWD))?, |user| user.name == name)
            .ok_or_else(|| UserError::Unknown(name.to_owned()))?
            .with_groups()
    }

    /// Who this process is. One that runs under a number without a name, as in many a container, is
    /// called by its number.
    pub fn current() -> Result<Self, UserError> {
        let (uid, gid) = (geteuid().as_raw(), getegid().as_raw());
        let user = user_in(&read(Path::new(PASSWD))?, |user| user.uid == uid);
        user.unwrap_or_else(|| Self::nameless(uid, gid)).with_groups()
    }

    /// Makes this whole process his, with his groups and no way back. Only root can do that; what is open
    /// stays open.
    pub fn become_for_good(&self) -> io::Result<()> {
        crate::raw::become_for_good(self.uid, self.gid, &self.groups)?;
        let became = (geteuid().as_raw(), getegid().as_raw());
        if became == (self.uid, self.gid) {
            Ok(())
        } else {
            Err(io::ErrorKind::PermissionDenied.into())
        }
    }

    fn nameless(uid: u32, gid: u32) -> Self {
        Self {
            name: uid.to_string(),
            uid,
            gid,
            groups: vec![gid],
            home: "/".into(),
            shell: "/bin/sh".into(),
        }
    }

    fn with_groups(mut self) -> Result<Self, UserError> {
        add_groups_in(&read(Path::new(GROUP))?, &mut self);
        if self.groups.len() > USER_GROUPS {
            return Err(UserError::TooManyGroups(self.name));
        }
        Ok(self)
    }
}

fn read(path: &Path) -> Result<Vec<u8>, UserError> {
    let failed = |source| UserError::File { path: path.to_owned(), source };
    let mut content = Vec::new();
    let file = File::open(path).map_err(failed)?;
    file.take(USER_FILE_SIZE + 1).read_to_end(&mut content).map_err(failed)?;
    if content.len() as u64 > USER_FILE_SIZE {
        return Err(failed(io::ErrorKind::FileTooLarge.into()));
    }
    Ok(content)
}

/// Lines that are not of the right form are no user's, whatever they say.
fn user_in(passwd: &[u8], wanted: impl Fn(&User) -> bool) -> Option<User> {
    lines(passwd).filter_map(|fields| user_of(&fields)).find(wanted)
}

fn user_of(fields: &[&[u8]]) -> Option<User> {
    let &[name, _password, uid, gid, _comment, home, shell] = fields else { return None };
    let gid = number(gid)?;
    Some(User {
        name: std::str::from_utf8(name).ok().filter(|name| !name.is_empty())?.to_owned(),
        uid: number(uid)?,
        gid,
        groups: vec![gid],
        home: path(home),
        // The system's own rule for an empty field.
        shell: if shell.is_empty() { "/bin/sh".into() } else { path(shell) },
    })
}

fn add_groups_in(group: &[u8], user: &mut User) {
    for fields in lines(group) {
        let [_name, _password, gid, members] = fields[..] else { continue };
        let Some(gid) = number(gid) else { continue };
        let is_member = members.split(|&b| b == b',').any(|member| member == user.name.as_bytes());
        if is_member && !user.groups.contains(&gid) {
            user.groups.push(gid);
        }
    }
}

fn lines(content: &[u8]) -> impl Iterator<Item = Vec<&[u8]>> {
    content.split(|&b| b == b'\n').map(|line| line.split(|&b| b == b':').collect())
}

/// An id. The highest number means "no change" to the kernel and is nobody's.
fn number(text: &[u8]) -> Option<u32> {
    std::str::from_utf8(text).ok()?.parse().ok().filter(|&id| id != u32::MAX)
}

fn path(text: &[u8]) -> PathBuf {
    PathBuf::from(OsString::from_vec(text.to_vec()))
}

#[cfg(test)]
mod tests {
    use super::*;

    const PASSWD: &[u8] = b"root:x:0:0:root:/root:/bin/bash\n\
        # a comment\n\
        +nis\n\
        broken:x:zero:0::/:/bin/sh\n\
        nochange:x:4294967295:0::/:/bin/sh\n\
        rtu:x:1001:100:Remote, unit:/srv/rtu:/bin/false\n\
        rtu2:x:1002:100::/srv/rtu2:\n";

    fn named(passwd: &[u8], name: &str) -> Option<User> {
        user_in(passwd, |user| user.name == name)
    }

    #[test]
    fn a_user_is_found_by_its_whole_name() {
        let user = named(PASSWD, "rtu").unwrap();
        assert_eq!((user.uid, user.gid, user.home.to_str()), (1001, 100, Some("/srv/rtu")));
        assert_eq!(named(PASSWD, "rt"), None);
        assert_eq!(named(PASSWD, ""), None);
        assert_eq!(named(PASSWD, "+nis"), None);
    }

    #[test]
    fn a_broken_line_is_nobodys_and_never_roots() {
        assert_eq!(named(PASSWD, "broken"), None);
        assert_eq!(named(PASSWD, "nochange"), None);
        assert_eq!(named(b"rtu:x:1001:100::/srv\n", "rtu"), None);
    }

    #[test]
    fn all_groups_of_a_user_are_found_once() {
        let mut user = named(PASSWD, "rtu").unwrap();
        let group =
            b"users:x:100:rtu\ndialout:x:20:uucp,rtu\nuucp:x:10:rtu2\nbad:x:x:rtu\ntty:x:5:rtu";
        add_groups_in(group, &mut user);
        assert_eq!(user.groups, [100, 20, 5]);
    }

    #[test]
    fn this_machine_has_a_root() {
        assert_eq!(User::find("root").unwrap().uid, 0);
        let error = User::find("no-such-user").unwrap_err().to_string();
        assert!(error.contains("no-such-user"), "{error}");
    }

    #[test]
    fn we_are_somebody_even_without_a_name() {
        assert_eq!(User::current().unwrap().uid, geteuid().as_raw());
        assert_eq!(User::nameless(7, 8).groups, [8]);
    }

    #[test]
    fn an_empty_shell_is_the_systems() {
        assert_eq!(named(PASSWD, "rtu2").unwrap().shell, Path::new("/bin/sh"));
    }
}
