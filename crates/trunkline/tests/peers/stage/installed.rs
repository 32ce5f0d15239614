//! Where the peers are, as `tests/set-up` put them.

use std::path::{Path, PathBuf};

/// A program from an installed package, by its path.
///
/// A peer that isn't there fails the test: a proof that silently proves nothing is worse than none.
pub(crate) fn installed(path: &str) -> PathBuf {
    present(PathBuf::from(path))
}

/// A program from a package that was only unpacked: its path inside the package.
pub(crate) fn unpacked(package: &str, path: &str) -> PathBuf {
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).parent().expect("a folder of cargo's");
    present(target.join("peers").join(package).join(path))
}

/// A program from a folder that `tests/set-up` made.
#[cfg(feature = "gsm")]
pub(crate) fn made(folder: &str, path: &str) -> PathBuf {
    unpacked(folder, path)
}

fn present(path: PathBuf) -> PathBuf {
    assert!(path.exists(), "{} is missing: run tests/set-up", path.display());
    path
}
