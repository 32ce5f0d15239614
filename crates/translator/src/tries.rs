//! How often the PIN of a module's card was said in vain, kept over restarts: the third time would lock the card.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use gsm::limits::PIN_TRIES;
use settings::SecretRef;
use tracing::info;

use crate::config::GsmConfig;

/// Where it is kept. A module is known by its own number, wherever it is plugged in and whoever asks.
#[derive(Clone, Debug, Default)]
pub struct Tries {
    folder: Option<PathBuf>,
    /// The file with the PIN, if it is in one: a change of it is another PIN.
    pin: Option<PathBuf>,
    /// What names a module that doesn't tell its number.
    device: String,
    file: Option<PathBuf>,
}

impl Tries {
    /// Kept in this folder; without one, only for as long as the process runs.
    pub fn new(folder: Option<PathBuf>, config: &GsmConfig) -> Self {
        let pin = match &config.pin {
            Some(SecretRef::File(path)) => Some(path.clone()),
            _ => None,
        };
        Self { folder, pin, device: config.device.display().to_string(), file: None }
    }

    /// The module has told its number: how often its card was told the PIN in vain.
    pub(crate) fn of(&mut self, serial: &str) -> u8 {
        let name = if serial.is_empty() { &self.device } else { serial };
        let name: String = name
            .chars()
            .map(|c| if c.is_ascii_alphanumeric() { c } else { '_' })
            .take(64)
            .collect();
        self.file = self.folder.as_ref().map(|folder| folder.join(format!("gsm-{name}.pin")));
        let Some(file) = &self.file else { return 0 };
        let Ok(text) = fs::read_to_string(file) else { return 0 };
        if let (Some(pin), Ok(kept)) = (&self.pin, changed(file))
            && changed(pin).is_ok_and(|changed| changed > kept)
        {
            info!("{} is newer than {}: the PIN is tried again", pin.display(), file.display());
            self.taken();
            return 0;
        }
        // One that can't be read was written all the same.
        text.trim().parse().unwrap_or(PIN_TRIES)
    }

    /// Keeps that it is said for the n-th time, before it is.
    pub(crate) fn said(&self, count: u8) -> Result<(), String> {
        let Some(file) = &self.file else { return Ok(()) };
        keep(file, count).map_err(|error| {
            format!(
                "the PIN is not tried, since {} can't be written, which remembers that: {error}",
                file.display()
            )
        })
    }

    /// The card has taken it.
    pub(crate) fn taken(&self) {
        if let Some(file) = &self.file {
            let _ = fs::remove_file(file);
        }
    }

    /// What to do once the PIN is right.
    pub(crate) fn remedy(&self) -> Option<String> {
        let file = self.file.as_ref().filter(|file| file.exists())?;
        let change = match &self.pin {
            Some(pin) => format!("; a change of {} does that too", pin.display()),
            None => String::new(),
        };
        Some(format!("then remove {}{change}", file.display()))
    }
}

fn changed(file: &Path) -> io::Result<SystemTime> {
    fs::metadata(file)?.modified()
}

fn keep(file: &Path, count: u8) -> io::Result<()> {
    let folder = file.parent().unwrap_or(Path::new("."));
    fs::create_dir_all(folder)?;
    let fresh = file.with_extension("pin.new");
    let mut options = OpenOptions::new();
    let mut open = options.write(true).create(true).truncate(true).mode(0o600).open(&fresh)?;
    writeln!(open, "{count}")?;
    open.sync_all()?;
    fs::rename(&fresh, file)?;
    File::open(folder)?.sync_all()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn what_was_said_in_vain_is_known_after_a_restart_until_the_pin_changes() {
        let folder = tempfile::tempdir().unwrap();
        let pin = folder.path().join("pin");
        fs::write(&pin, "1234").unwrap();
        let config =
            GsmConfig { pin: Some(SecretRef::File(pin.clone())), ..GsmConfig::new("a", "/dev/x") };
        let tries = || Tries::new(Some(folder.path().join("state")), &config);
        let mut first = tries();
        assert_eq!(first.of("490154203237518"), 0);
        first.said(1).unwrap();
        first.said(2).unwrap();
        let mut second = tries();
        assert_eq!(second.of("490154203237518"), 2);
        assert_eq!(second.of("another"), 0);
        assert_eq!(second.of("490154203237518"), 2);
        assert!(second.remedy().unwrap().contains("gsm-490154203237518.pin"));
        let later = SystemTime::now() + Duration::from_secs(60);
        File::options().write(true).open(&pin).unwrap().set_modified(later).unwrap();
        assert_eq!(second.of("490154203237518"), 0);
        assert_eq!(tries().of("490154203237518"), 0);
    }

    #[test]
    fn what_can_not_be_kept_is_not_said() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("file");
        fs::write(&file, "").unwrap();
        let mut tries = Tries::new(Some(file), &GsmConfig::new("a", "/dev/x"));
        assert_eq!(tries.of("1"), 0);
        assert!(tries.said(1).unwrap_err().contains("not tried"));
    }
}
