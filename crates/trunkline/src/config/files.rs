//! Reading a configuration's files: the one that was named, and all it includes.

use std::fs;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::USUAL_FILE;
use super::diagnostic::Diagnostic;
use super::glob;
use super::source::Source;
use crate::limits::{CONFIG_BYTES, CONFIG_FILES};

/// Reads `path` and what it includes, in the order in which a reader would meet it: a file comes before the
/// files that it includes.
pub(crate) fn read_all(path: &Path, mistakes: &mut Vec<Diagnostic>) -> Vec<Arc<Source>> {
    let mut reader = Reader { files: Vec::new(), seen: Vec::new(), mistakes };
    match fs::canonicalize(path).and_then(|canonical| Ok((canonical, read(path)?))) {
        Ok((canonical, text)) => reader.file(path, canonical, text),
        Err(error) => {
            let missing = error.kind() == io::ErrorKind::NotFound && path == Path::new(USUAL_FILE);
            let mistake = Diagnostic::file(path, format!("can't read the configuration: {error}"));
            reader.mistakes.push(match missing {
                true => {
                    mistake.note("it is looked for where you are; --help tells how to name another")
                }
                false => mistake,
            });
        }
    }
    reader.files
}

struct Reader<'a> {
    files: Vec<Arc<Source>>,
    /// Every file met, by its canonical path, with the path by which it was met.
    seen: Vec<(PathBuf, PathBuf)>,
    mistakes: &'a mut Vec<Diagnostic>,
}

impl Reader<'_> {
    fn file(&mut self, path: &Path, canonical: PathBuf, text: String) {
        self.seen.push((canonical, path.to_owned()));
        let source = Arc::new(Source { path: path.to_owned(), text });
        // Of a file that is no TOML the first mistake is the one to mend; the others often follow from it.
        match DeTable::parse(&source.text) {
            Err(error) => self.mistakes.push(Diagnostic::toml(&source, &error)),
            Ok(root) => {
                self.files.push(Arc::clone(&source));
                if let Some(includes) = root.get_ref().get("include") {
                    self.includes(&source, includes);
                }
            }
        }
    }

    fn includes(&mut self, source: &Arc<Source>, includes: &Spanned<DeValue<'_>>) {
        match includes.get_ref() {
            DeValue::String(pattern) => self.include(source, pattern, includes),
            DeValue::Array(list) => {
                for item in list.iter() {
                    match item.get_ref() {
                        DeValue::String(pattern) => self.include(source, pattern, item),
                        other => self.mistakes.push(no_path(source, item, other)),
                    }
                }
            }
            other => self.mistakes.push(no_path(source, includes, other)),
        }
    }

    fn include(&mut self, source: &Arc<Source>, pattern: &str, place: &Spanned<DeValue<'_>>) {
        let paths = match glob::expand(source.folder(), pattern) {
            Ok(paths) => paths,
            Err(error) => {
                let message = format!("can't look for `{pattern}`: {error}");
                return self.mistakes.push(Diagnostic::at(source, place.span(), message));
            }
        };
        for path in paths {
            let refused = if self.seen.len() >= CONFIG_FILES {
                Some(format!("these are more than {CONFIG_FILES} files"))
            } else {
                self.included(&path).err()
            };
            if let Some(message) = refused {
                self.mistakes.push(Diagnostic::at(source, place.span(), message));
                return;
            }
        }
    }

    fn included(&mut self, path: &Path) -> Result<(), String> {
        let unreadable = |error: io::Error| format!("can't read {}: {error}", path.display());
        let canonical = fs::canonicalize(path).map_err(unreadable)?;
        if let Some((_, known)) = self.seen.iter().find(|(seen, _)| *seen == canonical) {
            return Err(format!(
                "{} is part of this configuration already, as {}",
                path.display(),
                known.display()
            ));
        }
        let text = read(path).map_err(unreadable)?;
        self.file(path, canonical, text);
        Ok(())
    }
}

fn no_path(source: &Arc<Source>, place: &Spanned<DeValue<'_>>, found: &DeValue<'_>) -> Diagnostic {
    Diagnostic::at(
        source,
        place.span(),
        format!("this is no path but a value of type {}", found.type_str()),
    )
    .note("expected a path such as \"lines/*.toml\", or a list of them")
}

fn read(path: &Path) -> io::Result<String> {
    let mut bytes = Vec::new();
    fs::File::open(path)?.take(CONFIG_BYTES + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > CONFIG_BYTES {
        return Err(io::Error::new(
            io::ErrorKind::FileTooLarge,
            format!("it is larger than {} MiB", CONFIG_BYTES >> 20),
        ));
    }
    String::from_utf8(bytes).map_err(|error| {
        let wrong = error.utf8_error().valid_up_to();
        let line = error.as_bytes().iter().take(wrong).filter(|byte| **byte == b'\n').count() + 1;
        let words = format!("line {line} is no UTF-8: save it as plain text in UTF-8");
        io::Error::new(io::ErrorKind::InvalidData, words)
    })
}
