//! Writing a file of accounts: whole or not at all, and for its owner alone.

use std::fs::{self, File, OpenOptions, Permissions};
use std::io::{self, ErrorKind, Write as _};
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _, PermissionsExt as _, fchown};
use std::path::Path;

/// What the file says; nothing if there is none.
pub(super) fn read(path: &Path) -> io::Result<String> {
    match fs::read_to_string(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(String::new()),
        read => read,
    }
}

/// Replaces what the file says. After a power cut it says the one or the other. Owner and permissions stay; a
/// new file is its owner's alone.
pub(super) fn write(path: &Path, text: &str) -> io::Result<()> {
    // A link stays a link.
    let path = &fs::canonicalize(path).or_else(|_| std::path::absolute(path))?;
    let mut fresh = path.as_os_str().to_owned();
    fresh.push(".new");
    let fresh = Path::new(&fresh);
    match fs::remove_file(fresh) {
        Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(fresh)?;
    if let Ok(before) = fs::metadata(path) {
        fchown(&file, Some(before.uid()), Some(before.gid()))?;
        file.set_permissions(Permissions::from_mode(before.mode() & 0o777))?;
    }
    file.write_all(text.as_bytes())?;
    file.sync_all()?;
    fs::rename(fresh, path)?;
    File::open(path.parent().unwrap_or(Path::new("/")))?.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mode(path: &Path) -> u32 {
        fs::metadata(path).unwrap().mode() & 0o777
    }

    #[test]
    fn a_new_file_is_private_and_an_old_one_keeps_its_permissions_and_its_name() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("accounts.toml");
        assert_eq!(read(&path).unwrap(), "");
        write(&path, "one").unwrap();
        assert_eq!((read(&path).unwrap().as_str(), mode(&path)), ("one", 0o600));
        fs::set_permissions(&path, Permissions::from_mode(0o640)).unwrap();
        let link = folder.path().join("link");
        std::os::unix::fs::symlink(&path, &link).unwrap();
        write(&link, "two").unwrap();
        assert_eq!((read(&path).unwrap().as_str(), mode(&path)), ("two", 0o640));
        assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 2, "no temporary file stays");
    }
}
