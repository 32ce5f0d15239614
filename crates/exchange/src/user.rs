//! The system's users: whom a program runs as.

use std::fs;
use std::path::PathBuf;

use crate::account::AccountFault;
use crate::config::RootPrograms;

/// One line of `/etc/passwd`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct SystemUser {
    pub(crate) name: String,
    uid: u32,
    pub(crate) home: PathBuf,
    pub(crate) shell: String,
}

/// Whom a program of an account runs as: `user`, or whoever we are. Says no to root unless allowed, and to
/// another user where this process can't become him.
pub(crate) fn identity(
    user: Option<&str>,
    root_programs: RootPrograms,
) -> Result<SystemUser, AccountFault> {
    let ourselves = effective_uid();
    let passwd = fs::read_to_string("/etc/passwd").unwrap_or_default();
    let identity = match user {
        Some(name) => find(&passwd, |user| user.name == name)
            .ok_or_else(|| AccountFault::NoSuchUser { user: name.to_owned() })?,
        None => find(&passwd, |user| user.uid == ourselves).unwrap_or_else(|| nameless(ourselves)),
    };
    if identity.uid == 0 && root_programs == RootPrograms::Refuse {
        return Err(AccountFault::Root);
    }
    if identity.uid != ourselves && ourselves != 0 {
        return Err(AccountFault::OtherUser { user: identity.name });
    }
    Ok(identity)
}

fn find(passwd: &str, wanted: impl Fn(&SystemUser) -> bool) -> Option<SystemUser> {
    passwd.lines().filter_map(parse).find(|user| wanted(user))
}

fn parse(line: &str) -> Option<SystemUser> {
    let mut fields = line.split(':');
    let name = fields.next().filter(|name| !name.is_empty())?;
    let uid = fields.nth(1)?.parse().ok()?;
    let home = fields.nth(2)?;
    let shell = fields.next().filter(|shell| !shell.is_empty()).unwrap_or("/bin/sh");
    Some(SystemUser { name: name.to_owned(), uid, home: home.into(), shell: shell.to_owned() })
}

/// A process may run under a number that has no name, in a container for example.
fn nameless(uid: u32) -> SystemUser {
    SystemUser { name: uid.to_string(), uid, home: "/".into(), shell: "/bin/sh".to_owned() }
}

/// The effective user of this process. Should the kernel not say, we are taken for root: that allows least.
fn effective_uid() -> u32 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let uids = status.lines().find_map(|line| line.strip_prefix("Uid:"));
    uids.and_then(|uids| uids.split_whitespace().nth(1)?.parse().ok()).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    const PASSWD: &str = "root:x:0:0:root:/root:/bin/bash\n\
        broken\n\
        rtu:x:1001:1001::/var/lib/rtu:\n\
        toor:x:0:0::/root:/bin/sh\n";

    #[test]
    fn a_user_is_found_among_broken_lines() {
        let rtu = find(PASSWD, |user| user.name == "rtu").expect("found");
        assert_eq!(rtu.uid, 1001);
        assert_eq!(rtu.home, PathBuf::from("/var/lib/rtu"));
        assert_eq!(rtu.shell, "/bin/sh");
        assert!(find(PASSWD, |user| user.name == "broken").is_none());
    }

    #[test]
    fn a_user_who_does_not_exist_is_nobody() {
        let missing = identity(Some("no-such-user"), RootPrograms::Allow);
        assert!(matches!(missing, Err(AccountFault::NoSuchUser { .. })), "{missing:?}");
    }

    #[test]
    fn root_is_refused_unless_allowed() {
        let root = identity(Some("root"), RootPrograms::Refuse);
        assert!(matches!(root, Err(AccountFault::Root)), "{root:?}");
        if effective_uid() == 0 {
            assert!(matches!(identity(None, RootPrograms::Refuse), Err(AccountFault::Root)));
            assert_eq!(identity(None, RootPrograms::Allow).expect("allowed").name, "root");
        }
    }

    #[test]
    fn we_know_who_we_are() {
        use std::os::unix::fs::MetadataExt;
        let file = tempfile::NamedTempFile::new().expect("a file");
        assert_eq!(file.as_file().metadata().expect("metadata").uid(), effective_uid());
    }
}
