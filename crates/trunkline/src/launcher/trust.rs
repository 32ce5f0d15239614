//! Whether a file says what root has written.
//!
//! What the launcher does as root stands in the configuration. Whoever can change a file of it, or put
//! another in its place, would have programs run as anybody.

use std::collections::VecDeque;
use std::ffi::OsString;
use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Component, Path, PathBuf};

/// Symbolic links on the way to one file, as the kernel bounds them.
const LINKS: usize = 40;

/// Others than the owner may write.
const OTHERS_WRITE: u32 = 0o022;

/// In a folder: only a file's owner may put another in its place.
const STICKY: u32 = 0o1000;

/// Why a file of the configuration isn't believed.
#[derive(Debug, thiserror::Error)]
pub(super) enum Distrust {
    /// It, or a folder or link on the way to it, isn't root's.
    #[error(
        "{} isn't root's, so what the configuration says can't be done as root; try: chown root {}",
        .0.display(), .0.display()
    )]
    Owner(PathBuf),
    /// Others may change it.
    #[error(
        "others than root may write to {}, so what the configuration says can't be done as root; try: chmod go-w {}",
        .0.display(), .0.display()
    )]
    Writable(PathBuf),
    /// It can't be looked at.
    #[error("can't look at {}: {source}", .path.display())]
    Unseen {
        /// What.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}

/// Looks at a file by its whole path, and at everything on the way to it.
pub(super) fn check(file: &Path) -> Result<(), Distrust> {
    let mut here = PathBuf::from("/");
    let mut ahead = steps(file);
    let mut links = 0;
    check_one(&here)?;
    while let Some(step) = ahead.pop_front() {
        if step == ".." {
            here.pop();
            continue;
        }
        let next = here.join(&step);
        let Some(target) = check_one(&next)? else {
            here = next;
            continue;
        };
        links += 1;
        if links > LINKS {
            let source = io::Error::other("too many symbolic links");
            return Err(Distrust::Unseen { path: file.to_owned(), source });
        }
        if target.is_absolute() {
            here = PathBuf::from("/");
        }
        let mut way = steps(&target);
        way.append(&mut ahead);
        ahead = way;
    }
    Ok(())
}

fn steps(path: &Path) -> VecDeque<OsString> {
    let named = path.components().filter_map(|step| match step {
        Component::Normal(name) => Some(name.to_owned()),
        Component::ParentDir => Some("..".into()),
        Component::RootDir | Component::CurDir | Component::Prefix(_) => None,
    });
    named.collect()
}

/// Looks at one step of the way; where it leads, if it is a link.
fn check_one(path: &Path) -> Result<Option<PathBuf>, Distrust> {
    let unseen = |source| Distrust::Unseen { path: path.to_owned(), source };
    let found = fs::symlink_metadata(path).map_err(unseen)?;
    if found.uid() != 0 {
        return Err(Distrust::Owner(path.to_owned()));
    }
    if found.is_symlink() {
        // A link has no permissions of its own; the folder that it is in was looked at.
        return fs::read_link(path).map(Some).map_err(unseen);
    }
    let sticky = found.is_dir() && found.mode() & STICKY != 0;
    if found.mode() & OTHERS_WRITE != 0 && !sticky {
        return Err(Distrust::Writable(path.to_owned()));
    }
    Ok(None)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::{PermissionsExt as _, chown, symlink};

    use super::*;

    /// Runs `test` in a folder of root's; only root can.
    fn as_root(test: impl FnOnce(&Path)) {
        let folder = tempfile::tempdir().unwrap();
        if rustix::process::geteuid().is_root() {
            test(folder.path());
        }
    }

    fn file(path: &Path) -> PathBuf {
        fs::write(path, "").unwrap();
        fs::set_permissions(path, fs::Permissions::from_mode(0o644)).unwrap();
        path.to_owned()
    }

    #[test]
    fn a_file_that_only_root_can_change_is_believed() {
        as_root(|folder| {
            check(&file(&folder.join("a"))).unwrap();
            symlink("a", folder.join("link")).unwrap();
            check(&folder.join("link")).unwrap();
            check(&folder.join("../").join(folder.file_name().unwrap()).join("a")).unwrap();
        });
    }

    #[test]
    fn a_file_of_somebody_else_or_one_that_others_write_is_not() {
        as_root(|folder| {
            let theirs = file(&folder.join("theirs"));
            chown(&theirs, Some(1), None).unwrap();
            assert!(matches!(check(&theirs), Err(Distrust::Owner(path)) if path == theirs));
            let open = file(&folder.join("open"));
            fs::set_permissions(&open, fs::Permissions::from_mode(0o664)).unwrap();
            let error = check(&open).unwrap_err();
            assert!(error.to_string().ends_with(&format!("chmod go-w {}", open.display())));
            assert!(matches!(check(&folder.join("none")), Err(Distrust::Unseen { .. })));
        });
    }

    #[test]
    fn nor_is_one_in_a_folder_or_behind_a_link_of_somebody_elses() {
        as_root(|folder| {
            let inner = folder.join("inner");
            fs::create_dir(&inner).unwrap();
            let mine = file(&inner.join("a"));
            chown(&inner, Some(1), None).unwrap();
            assert!(matches!(check(&mine), Err(Distrust::Owner(path)) if path == inner));
            // By a way that is all root's until the link.
            symlink(&mine, folder.join("link")).unwrap();
            assert!(matches!(check(&folder.join("link")), Err(Distrust::Owner(_))));
            let target = file(&folder.join("target"));
            let link = folder.join("theirs");
            symlink(target, &link).unwrap();
            std::os::unix::fs::lchown(&link, Some(1), None).unwrap();
            assert!(matches!(check(&link), Err(Distrust::Owner(path)) if path == link));
        });
    }

    #[test]
    fn links_that_lead_in_a_circle_end() {
        as_root(|folder| {
            symlink("b", folder.join("a")).unwrap();
            symlink("a", folder.join("b")).unwrap();
            assert!(matches!(check(&folder.join("a")), Err(Distrust::Unseen { .. })));
        });
    }
}
