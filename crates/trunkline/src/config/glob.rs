//! Patterns for files: `*` and `?` inside one name, as far as fleets need.

use std::path::{Component, Path, PathBuf};
use std::{fs, io};

/// The paths that `pattern` names, seen from `folder`, in the alphabet's order. Without a `*` or `?` that is
/// one path, whether it exists or not; with one it may be none.
///
/// # Errors
/// A folder that the pattern names can't be read.
pub(crate) fn expand(folder: &Path, pattern: &str) -> io::Result<Vec<PathBuf>> {
    let mut paths = vec![if folder == Path::new(".") { PathBuf::new() } else { folder.to_owned() }];
    for component in Path::new(pattern).components() {
        match component {
            Component::Normal(name) if name.to_string_lossy().contains(['*', '?']) => {
                let mut found = Vec::new();
                for path in &paths {
                    found.extend(matching(path, &name.to_string_lossy())?);
                }
                paths = found;
            }
            component => paths.iter_mut().for_each(|path| path.push(component)),
        }
    }
    Ok(paths)
}

fn matching(folder: &Path, pattern: &str) -> io::Result<Vec<PathBuf>> {
    let place = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
    let mut found = Vec::new();
    for entry in fs::read_dir(place)? {
        let name = entry?.file_name();
        let name = name.to_string_lossy();
        // Editors leave `.file.toml.swp` beside `file.toml`.
        if !name.starts_with('.') && matches(pattern.as_bytes(), name.as_bytes()) {
            found.push(folder.join(&*name));
        }
    }
    found.sort();
    Ok(found)
}

/// Going back to the last star only is enough, so the time is bounded by the product of the lengths.
fn matches(pattern: &[u8], name: &[u8]) -> bool {
    let (mut p, mut n) = (0, 0);
    let mut star: Option<(usize, usize)> = None;
    while let Some(byte) = name.get(n) {
        match pattern.get(p) {
            Some(b'*') => {
                star = Some((p, n));
                p += 1;
            }
            Some(want) if *want == b'?' || want == byte => {
                p += 1;
                n += 1;
            }
            _ => {
                let Some((at, from)) = star else { return false };
                p = at + 1;
                n = from + 1;
                star = Some((at, n));
            }
        }
    }
    pattern.get(p..).unwrap_or_default().iter().all(|byte| *byte == b'*')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stars_and_question_marks_match_within_a_name() {
        for (pattern, name, yes) in [
            ("*.toml", "a.toml", true),
            ("*.toml", "a.toml~", false),
            ("site-??.toml", "site-07.toml", true),
            ("site-??.toml", "site-7.toml", false),
            ("*a*b*", "xxaxxbxx", true),
            ("*a*b", "ab-ba", false),
            ("**", "", true),
        ] {
            assert_eq!(matches(pattern.as_bytes(), name.as_bytes()), yes, "{pattern} {name}");
        }
    }

    #[test]
    fn a_pattern_may_have_stars_in_folders_and_finds_files_in_order() {
        let folder = tempfile::tempdir().unwrap();
        for file in [
            "north/b.toml",
            "north/a.toml",
            "south/c.toml",
            "south/.hidden.toml",
            "south/notes.txt",
        ] {
            let path = folder.path().join(file);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, "").unwrap();
        }
        let found = expand(folder.path(), "*/*.toml").unwrap();
        let found: Vec<_> =
            found.iter().map(|path| path.strip_prefix(folder.path()).unwrap()).collect();
        assert_eq!(found, ["north/a.toml", "north/b.toml", "south/c.toml"].map(Path::new));
        assert_eq!(expand(Path::new("."), "x/y.toml").unwrap(), [Path::new("x/y.toml")]);
        assert_eq!(expand(Path::new("/etc"), "/x.toml").unwrap(), [Path::new("/x.toml")]);
    }
}
