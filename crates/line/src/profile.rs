//! Stored profiles and numbers (`&W`, `&Z`) in a file that survives a power cut.

use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use modem::Stored;

/// The file in which one line's modem keeps what `&W` and `&Z` store.
#[derive(Debug, Clone)]
pub(crate) struct ProfileFile(PathBuf);

impl ProfileFile {
    /// The file of the line `name` in the state directory.
    pub(crate) fn new(state: &Path, name: &str) -> Self {
        Self(state.join(format!("{name}.profile")))
    }

    /// What is stored; nothing if the file doesn't exist yet.
    pub(crate) fn load(&self) -> io::Result<Stored> {
        let text = match fs::read_to_string(&self.0) {
            Ok(text) => text,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Stored::default()),
            Err(error) => return Err(self.named(&error)),
        };
        Stored::from_text(&text).map_err(|error| {
            io::Error::new(ErrorKind::InvalidData, format!("{}: {error}", self.0.display()))
        })
    }

    /// Replaces what is stored: after a power cut the file holds either the old text or the new.
    pub(crate) fn save(&self, stored: &Stored) -> io::Result<()> {
        let directory = self.0.parent().unwrap_or(Path::new("."));
        let fresh = self.0.with_extension("profile.new");
        let write = || {
            fs::create_dir_all(directory)?;
            // A module's card keeps its PIN here.
            let mut options = OpenOptions::new();
            let mut file =
                options.write(true).create(true).truncate(true).mode(0o600).open(&fresh)?;
            file.write_all(stored.to_text().as_bytes())?;
            file.sync_all()?;
            fs::rename(&fresh, &self.0)?;
            File::open(directory)?.sync_all()
        };
        write().map_err(|error| self.named(&error))
    }

    fn named(&self, error: &io::Error) -> io::Error {
        io::Error::new(error.kind(), format!("{}: {error}", self.0.display()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_saved_is_found_again_and_nothing_stored_is_no_error() {
        let folder = tempfile::tempdir().unwrap();
        let file = ProfileFile::new(&folder.path().join("state"), "pump-house");
        let empty = file.load().unwrap();
        assert_eq!(empty.to_text(), Stored::default().to_text());
        let stored = Stored::from_text(&empty.to_text()).unwrap();
        file.save(&stored).unwrap();
        assert_eq!(file.load().unwrap().to_text(), stored.to_text());
        assert_eq!(
            fs::read_dir(folder.path().join("state")).unwrap().count(),
            1,
            "no temporary file stays"
        );
    }

    #[test]
    fn a_damaged_file_is_refused_by_name() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("a.profile"), "\u{1}garbage").unwrap();
        let error = ProfileFile::new(folder.path(), "a").load().unwrap_err();
        assert!(error.to_string().contains("a.profile"), "{error}");
    }
}
