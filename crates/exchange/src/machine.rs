//! Secrets of machines: made here, too long to be guessed, and therefore quick to check.
//!
//! A person's password needs a slow hash because it can be guessed. A secret of 128 random bits can't,
//! so one keyed hash is enough, and ten thousand machines that redial at once cost milliseconds.

use std::fmt;
use std::fs::{File, OpenOptions};
use std::io::{self, ErrorKind, Read as _, Write as _};
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use blake2::Blake2bMac;
use blake2::digest::consts::U32;
use blake2::digest::{FixedOutput as _, Update as _};
use settings::Secret;
use subtle::ConstantTimeEq as _;

use crate::{hex, limits};

/// What every verifier of a machine's secret begins with.
const KIND: &str = "$trunkline-machine$";

/// Keeps these hashes apart from all others that may be made with the same key.
const PERSONA: &[u8; 16] = b"trunkline-mach-1";

/// Letters and digits that can't be taken for each other on paper; 32 of them, so each is worth 5
/// bits.
const ALPHABET: &[u8; 32] = b"abcdefghijkmnpqrstuvwxyz23456789";

/// A key that makes verifiers of machines' secrets worthless to whoever has only them. It is kept in
/// a file of its own beside the store.
pub struct Pepper {
    key: Secret,
    /// Tells one pepper from another in a verifier.
    mark: [u8; 4],
}

impl fmt::Debug for Pepper {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Pepper({})", hex::encode(&self.mark))
    }
}

/// Why there is no pepper.
#[derive(Debug, thiserror::Error)]
pub enum PepperError {
    /// The file can't be read or made.
    #[error("can't read or make the pepper {}", path.display())]
    File {
        /// Which file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// Others may read it.
    #[error("the pepper {} is open to others (mode {mode:03o}); try: chmod 600 {}", path.display(), path.display())]
    OpenToOthers {
        /// Which file.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// It isn't one.
    #[error("{} is no pepper: expected 64 hexadecimal digits; restore it from a backup", .0.display())]
    Damaged(PathBuf),
}

impl Pepper {
    /// Reads the pepper, or makes one if there is none yet.
    pub fn load_or_make(path: &Path) -> Result<Arc<Self>, PepperError> {
        match Self::load(path) {
            Err(PepperError::File { source, .. }) if source.kind() == ErrorKind::NotFound => {}
            loaded => return loaded,
        }
        let failed = |source| PepperError::File { path: path.to_owned(), source };
        let key: [u8; 32] = random().map_err(failed)?;
        let text = format!("{}\n", hex::encode(&key));
        // Written whole before it has its name, so that a power cut leaves none or all of it; the
        // link fails if somebody else was first, and then his is taken.
        let mut fresh = path.as_os_str().to_owned();
        fresh.push(format!(".{}", std::process::id()));
        let fresh = PathBuf::from(fresh);
        let mut file = OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(&fresh)
            .map_err(failed)?;
        let written = file.write_all(text.as_bytes()).and_then(|()| file.sync_all());
        let linked = written.and_then(|()| match std::fs::hard_link(&fresh, path) {
            Err(error) if error.kind() == ErrorKind::AlreadyExists => Ok(()),
            linked => linked,
        });
        std::fs::remove_file(&fresh).map_err(failed)?;
        linked.map_err(failed)?;
        Self::load(path)
    }

    /// Reads the pepper.
    pub fn load(path: &Path) -> Result<Arc<Self>, PepperError> {
        let failed = |source| PepperError::File { path: path.to_owned(), source };
        let file = File::open(path).map_err(failed)?;
        let mode = file.metadata().map_err(failed)?.mode() & 0o777;
        if mode & 0o077 != 0 {
            return Err(PepperError::OpenToOthers { path: path.to_owned(), mode });
        }
        let mut text = Vec::with_capacity(128);
        file.take(128).read_to_end(&mut text).map_err(failed)?;
        let text = Secret::new(text);
        let digits = std::str::from_utf8(text.expose()).unwrap_or_default().trim_end();
        let key = hex::decode(digits).ok_or_else(|| PepperError::Damaged(path.to_owned()))?;
        Ok(Arc::new(Self::of(key)))
    }

    fn of(key: [u8; 32]) -> Self {
        let mut mark = [0; 4];
        let digest = mac(&key, &[0; 16], b"mark");
        mark.iter_mut().zip(digest).for_each(|(mark, byte)| *mark = byte);
        Self { key: Secret::new(key.to_vec()), mark }
    }
}

/// Why a machine's secret can't be kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MachineSecretError {
    /// A person could have thought of it.
    #[error(
        "this is no machine's secret: it needs 128 random bits; have one made, or leave --machine out \
         and it is kept as a person's password"
    )]
    Chosen,
    /// No login takes it.
    #[error(
        "the secret is longer than {} bytes or has characters that can't be typed",
        limits::PASSWORD
    )]
    NotTyped,
    /// The system has no randomness.
    #[error("the system gives no random numbers")]
    NoRandomness,
}

/// Makes a secret of 140 bits in seven groups: `k7fm-2hqp-9xtr-c4wd-…`.
pub fn make_machine_secret() -> Result<Secret, MachineSecretError> {
    // One in fifty looks as if a person had chosen it, and would be refused when it is given back.
    for _ in 0..limits::SECRET_TRIES {
        let random: [u8; 28] = random().map_err(|_| MachineSecretError::NoRandomness)?;
        let secret = spell(&random);
        if looks_random(secret.expose()) {
            return Ok(secret);
        }
    }
    Err(MachineSecretError::NoRandomness)
}

fn spell(random: &[u8]) -> Secret {
    let mut secret = Vec::with_capacity(random.len() / 4 * 5);
    for (n, byte) in random.iter().enumerate() {
        if n > 0 && n % 4 == 0 {
            secret.push(b'-');
        }
        let [first, ..] = ALPHABET;
        secret.push(*ALPHABET.get(usize::from(byte % 32)).unwrap_or(first));
    }
    Secret::new(secret)
}

/// The verifier of a machine's secret, as an account keeps it: made with the pepper, or without one
/// with a salt alone, which is enough against guessing but shows an equal secret to whoever tries it.
pub fn machine_verifier(
    secret: &Secret,
    pepper: Option<&Pepper>,
) -> Result<String, MachineSecretError> {
    if secret.len() > limits::PASSWORD || !secret.expose().iter().all(u8::is_ascii_graphic) {
        return Err(MachineSecretError::NotTyped);
    }
    if !looks_random(secret.expose()) {
        return Err(MachineSecretError::Chosen);
    }
    let salt: [u8; 16] = random().map_err(|_| MachineSecretError::NoRandomness)?;
    let key = pepper.map_or(&salt[..], |pepper| pepper.key.expose());
    let made_with =
        pepper.map_or_else(String::new, |pepper| format!(",p={}", hex::encode(&pepper.mark)));
    let hash = mac(key, &salt, secret.expose());
    Ok(format!("{KIND}v=1{made_with}${}${}", hex::encode(&salt), hex::encode(&hash)))
}

/// Whether a secret can be taken for 128 random bits. Nobody can tell for sure; what people choose
/// fails one of these: it is short, has few different characters, repeats itself, or is made of words.
fn looks_random(secret: &[u8]) -> bool {
    let digits: Vec<u8> = secret.iter().copied().filter(|byte| !b"-_.:=".contains(byte)).collect();
    let count = |kind: fn(&u8) -> bool| digits.iter().filter(|byte| kind(byte)).count();
    let symbols = if digits.iter().all(u8::is_ascii_hexdigit) {
        16.0
    } else {
        let lower = if count(u8::is_ascii_lowercase) > 0 { 26.0 } else { 0.0 };
        let upper = if count(u8::is_ascii_uppercase) > 0 { 26.0 } else { 0.0 };
        lower + upper + if count(u8::is_ascii_digit) > 0 { 10.0 } else { 0.0 }
    };
    let length = u32::try_from(digits.len()).unwrap_or(u32::MAX);
    let different = |mut items: Vec<&[u8]>| {
        items.sort_unstable();
        items.dedup();
        items.len()
    };
    let characters = different(digits.chunks(1).collect());
    let pairs = different(digits.windows(2).collect());
    f64::log2(symbols) * f64::from(length) >= 125.0
        && characters >= 10
        && pairs * 4 >= digits.len().saturating_sub(1) * 3
        && !is_words(&digits)
}

/// Whether letters stay among themselves, and have as many vowels as words have: three in ten and more,
/// where a random text has a fifth.
fn is_words(digits: &[u8]) -> bool {
    let kind = |byte: &u8| (byte.is_ascii_lowercase(), byte.is_ascii_uppercase());
    let changes = digits.windows(2).filter(|pair| matches!(pair, [a, b] if kind(a) != kind(b)));
    let changes = changes.count();
    let letters = digits.iter().filter(|byte| byte.is_ascii_alphabetic()).count();
    let vowels = digits.iter().filter(|byte| b"aeiouAEIOU".contains(byte)).count();
    changes * 3 < digits.len() && vowels * 10 >= letters * 3
}

/// What a machine's secret is compared with.
pub(crate) struct MachineVerifier {
    salt: [u8; 16],
    hash: [u8; 32],
    pepper: Option<Arc<Pepper>>,
}

/// Why a verifier of a machine's secret can't be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NoVerifier {
    Malformed,
    /// It was made with another pepper, or with one where there is none now.
    OtherPepper,
}

impl MachineVerifier {
    /// Whether a text means to be one.
    pub(crate) fn is_meant(text: &[u8]) -> bool {
        text.starts_with(KIND.as_bytes())
    }

    pub(crate) fn parse(text: &str, pepper: Option<&Arc<Pepper>>) -> Result<Self, NoVerifier> {
        let rest = text.strip_prefix(KIND).ok_or(NoVerifier::Malformed)?;
        let mut fields = rest.split('$');
        let (Some(version), Some(salt), Some(hash), None) =
            (fields.next(), fields.next(), fields.next(), fields.next())
        else {
            return Err(NoVerifier::Malformed);
        };
        let pepper = match (version.strip_prefix("v=1"), pepper) {
            (Some(""), _) => None,
            (Some(mark), pepper) => {
                let mark = mark.strip_prefix(",p=").and_then(hex::decode);
                let mark: [u8; 4] = mark.ok_or(NoVerifier::Malformed)?;
                let pepper = pepper.filter(|pepper| pepper.mark == mark);
                Some(Arc::clone(pepper.ok_or(NoVerifier::OtherPepper)?))
            }
            (None, _) => return Err(NoVerifier::Malformed),
        };
        let salt = hex::decode(salt).ok_or(NoVerifier::Malformed)?;
        let hash = hex::decode(hash).ok_or(NoVerifier::Malformed)?;
        Ok(Self { salt, hash, pepper })
    }

    /// One that no secret has, for callers without an account.
    pub(crate) fn decoy() -> Self {
        // Without randomness nobody could find a secret for zeros either.
        Self {
            salt: random().unwrap_or_default(),
            hash: random().unwrap_or_default(),
            pepper: None,
        }
    }

    /// Whether it is the secret's. Takes the same time whatever differs.
    pub(crate) fn is_of(&self, secret: &Secret) -> bool {
        let key = self.pepper.as_ref().map_or(&self.salt[..], |pepper| pepper.key.expose());
        bool::from(mac(key, &self.salt, secret.expose()).ct_eq(&self.hash))
    }
}

fn mac(key: &[u8], salt: &[u8; 16], bytes: &[u8]) -> [u8; 32] {
    // Keys of 16 and 32 bytes, a salt and a persona of 16 are what BLAKE2b takes, so this can't
    // fail; and if it did, nothing would be equal to it.
    match Blake2bMac::<U32>::new_with_salt_and_personal(Some(key), salt, PERSONA) {
        Ok(mut mac) => {
            mac.update(bytes);
            mac.finalize_fixed().into()
        }
        Err(_) => random().unwrap_or_default(),
    }
}

pub(crate) fn random<const N: usize>() -> io::Result<[u8; N]> {
    let mut bytes = [0; N];
    File::open("/dev/urandom")?.read_exact(&mut bytes)?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secret(text: &str) -> Secret {
        Secret::new(text.as_bytes().to_vec())
    }

    fn parse(text: &str, pepper: Option<&Arc<Pepper>>) -> Result<MachineVerifier, NoVerifier> {
        MachineVerifier::parse(text, pepper)
    }

    #[test]
    fn a_made_secret_is_long_different_each_time_and_random_enough() {
        let [one, other] = [0, 1].map(|_| make_machine_secret().expect("made"));
        assert_ne!(one.expose(), other.expose());
        assert_eq!(one.len(), 34);
        for _ in 0..200 {
            let made = make_machine_secret().expect("made");
            assert!(looks_random(made.expose()), "{}", String::from_utf8_lossy(made.expose()));
        }
    }

    #[test]
    fn other_programs_secrets_are_random_enough() {
        for text in [
            "9f86d081884c7d659a2feaa0c55ad015",
            "n4bQgYhMfWWaL+qgxVrQFaO/Tx",
            "3f2b7c1e-9d4a-4b6e-8f01-2c3d4e5f6a7b",
        ] {
            assert!(machine_verifier(&secret(text), None).is_ok(), "{text}");
        }
    }

    #[test]
    fn what_people_choose_is_refused() {
        for text in [
            "",
            "hunter2",
            "correct-horse-battery-staple",
            "CorrectHorseBatteryStaple2026",
            "passwordpasswordpassword1",
            "abcabcabcabcabcabcabcabcabc123123123",
            "111111111111111111111111111111111111",
            "00112233445566778899aabbccddeeff00112233",
            "pump-house-42-pump-house-42-pump-house-42",
        ] {
            let refused = machine_verifier(&secret(text), None);
            assert_eq!(refused, Err(MachineSecretError::Chosen), "{text}");
        }
        let typed = machine_verifier(&secret("9f86d081884c7d65\n9a2feaa0c55ad015"), None);
        assert_eq!(typed, Err(MachineSecretError::NotTyped));
    }

    #[test]
    fn the_right_secret_is_right_with_and_without_a_pepper() {
        let pepper = Arc::new(Pepper::of([7; 32]));
        let made = make_machine_secret().expect("made");
        for pepper in [None, Some(&pepper)] {
            let text = machine_verifier(&made, pepper.map(|pepper| &**pepper)).expect("kept");
            assert!(!text.contains(&String::from_utf8_lossy(made.expose())[..]));
            let verifier = parse(&text, pepper).expect("read");
            assert!(verifier.is_of(&made));
            assert!(!verifier.is_of(&make_machine_secret().expect("made")));
            assert!(!verifier.is_of(&secret("")));
        }
    }

    #[test]
    fn a_verifier_without_its_pepper_is_refused_and_not_just_wrong() {
        let [pepper, other] = [7, 8].map(|key| Arc::new(Pepper::of([key; 32])));
        let text = machine_verifier(&make_machine_secret().expect("made"), Some(&pepper));
        let text = text.expect("kept");
        assert_eq!(parse(&text, None).err(), Some(NoVerifier::OtherPepper));
        assert_eq!(parse(&text, Some(&other)).err(), Some(NoVerifier::OtherPepper));
        for broken in [KIND, "$trunkline-machine$v=2$00$00", &text.replace('$', ""), &text[..60]] {
            assert_eq!(parse(broken, Some(&pepper)).err(), Some(NoVerifier::Malformed), "{broken}");
        }
    }

    #[test]
    fn a_pepper_is_made_once_and_kept_private() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("trunkline.db.pepper");
        let made = Pepper::load_or_make(&path).expect("made");
        assert_eq!(Pepper::load_or_make(&path).expect("read").mark, made.mark);
        assert_eq!(std::fs::metadata(&path).expect("there").mode() & 0o777, 0o600);
        assert_eq!(std::fs::read_dir(folder.path()).expect("read").count(), 1);
        use std::os::unix::fs::PermissionsExt as _;
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o640)).expect("set");
        assert!(matches!(Pepper::load(&path), Err(PepperError::OpenToOthers { mode: 0o640, .. })));
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).expect("set");
        std::fs::write(&path, "short").expect("written");
        assert!(matches!(Pepper::load(&path), Err(PepperError::Damaged(_))));
        assert_eq!(format!("{made:?}").len(), "Pepper(01234567)".len());
    }
}
