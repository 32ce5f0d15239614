//! `trunkline encode` and `trunkline decode`: files as people mail them.

use std::fs::File;
use std::io::{self, BufReader, Cursor, Read, Write as _};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use armour::coder::{Decoder, Encoder, Facts, Format};

use super::{Failure, exit};
use crate::cli::{Act, Command, Count, Exit, Flag, Matches, Operand};
use crate::limits::ARMOUR_BYTES;

const FORMAT: Operand =
    Operand { name: "FORMAT", count: Count::One, help: "uuencode, base64, binhex or yenc" };
const FILE: Operand = Operand {
    name: "FILE",
    count: Count::Optional,
    help: "What is read; standard input without it",
};
const NAME: Flag = Flag {
    name: "name",
    value: Some("NAME"),
    help: "The name that the text says; by default that of FILE",
};
const MAC: Flag = Flag {
    name: "mac",
    value: Some("TYPE/CREATOR"),
    help: "BinHex: type and creator on a Macintosh, four characters each, such as TEXT/ttxt (default ????/????)",
};
const OUTPUT: Flag = Flag {
    name: "output",
    value: Some("PATH"),
    help: "Where the file goes, whatever the text says; by default standard output",
};

pub(super) const ENCODE: Command = Command {
    name: "encode",
    about: "write a file as text: uuencode, base64, BinHex 4.0, yEnc",
    text: "The text goes to standard output. What a file is called on standard input, --name must say, but for \
           base64.",
    operands: &[FORMAT, FILE],
    flags: &[NAME, MAC],
    examples: &[(
        "trunkline encode uuencode log.bin > log.uu",
        "What `uuencode log.bin log.bin` writes.",
    )],
    act: Act::Run(|matches| exit(encode(matches))),
};

pub(super) const DECODE: Command = Command {
    name: "decode",
    about: "read a file back from text: uuencode, base64, BinHex 4.0, yEnc",
    text: "What stands before the file, as in a mail, is skipped, but for base64, which doesn't say where it begins. \
           Its name is told on standard error, and never used as a path. Of several files in a text the first one is \
           read; a file of yEnc in several parts needs all of them, in their order. Every check must be right; otherwise the status is 1, and what has been written so far is not \
           to be used: with --output there is no file then.",
    operands: &[FORMAT, FILE],
    flags: &[OUTPUT],
    examples: &[(
        "trunkline decode uuencode mail.txt --output log.bin",
        "What `uudecode -o log.bin mail.txt` writes.",
    )],
    act: Act::Run(|matches| exit(decode(matches))),
};

fn encode(matches: &Matches) -> Result<Exit, Failure> {
    let format = format(matches)?;
    let path = matches.operand(1).filter(|path| *path != "-");
    let (mut input, mut facts) = match path {
        Some(path) => {
            let file = open(path)?;
            let about = file.metadata().map_err(|error| cannot("read", path, &error))?;
            let name =
                Path::new(path).file_name().map_or(path.into(), |name| name.to_string_lossy());
            let facts = Facts::new(matches.value(&NAME).unwrap_or(&name), about.len());
            let mode = about.permissions().mode() & 0o777;
            (Box::new(BufReader::new(file)) as Box<dyn Read>, Facts { mode, ..facts })
        }
        None => {
            let name = match (matches.value(&NAME), format) {
                (Some(name), _) => name,
                (None, Format::Base64) => "stdin",
                (None, _) => return Err(matches.wrong("standard input needs --name").into()),
            };
            let whole = standard_input()?;
            let facts = Facts::new(name, whole.len() as u64);
            (Box::new(Cursor::new(whole)) as Box<dyn Read>, facts)
        }
    };
    if let Some(mac) = matches.value(&MAC) {
        (facts.kind, facts.creator) = mac
            .split_once('/')
            .and_then(|(kind, creator)| {
                Some((kind.as_bytes().try_into().ok()?, creator.as_bytes().try_into().ok()?))
            })
            .ok_or_else(|| matches.wrong("--mac needs four characters, a slash and four more"))?;
    }
    let failed = |error: armour::coder::EncodeError| Failure::Other(error.to_string());
    let mut encoder = Encoder::new(format, &facts).map_err(failed)?;
    let mut out = Vec::new();
    pieces(&mut input, |piece| {
        encoder.push(piece, &mut out).map_err(failed)?;
        say(&mut out)
    })?;
    encoder.finish(&mut out).map_err(failed)?;
    say(&mut out)?;
    Ok(Exit::Done)
}

fn decode(matches: &Matches) -> Result<Exit, Failure> {
    let format = format(matches)?;
    let mut input: Box<dyn Read> = match matches.operand(1).filter(|path| *path != "-") {
        Some(path) => Box::new(BufReader::new(open(path)?)),
        None => Box::new(io::stdin().lock()),
    };
    let mut target = Target::new(matches.value(&OUTPUT))?;
    let failed = |error: armour::coder::DecodeError| Failure::Other(error.to_string());
    let mut decoder = Decoder::new(format);
    let mut out = Vec::new();
    pieces(&mut input, |piece| {
        decoder.push(piece, &mut out).map_err(failed)?;
        target.write(&mut out)
    })?;
    let told = decoder.finish(&mut out).map_err(failed)?;
    target.write(&mut out)?;
    target.keep()?;
    if let Some(name) = &told.name {
        eprintln!("{name}");
    }
    if told.others > 0 {
        eprintln!("{} more behind it in the same text: left out", told.others);
    }
    if told.resource > 0 {
        eprintln!("its resource fork of {} bytes was left out", told.resource);
    }
    Ok(Exit::Done)
}

/// Where a decoded file goes.
enum Target {
    Standard,
    /// Beside its place, until it is whole.
    File {
        file: File,
        beside: std::path::PathBuf,
        path: std::path::PathBuf,
    },
}

impl Target {
    fn new(path: Option<&str>) -> Result<Self, Failure> {
        let Some(path) = path else { return Ok(Self::Standard) };
        let beside = std::path::PathBuf::from(format!("{path}.part"));
        let file = File::options().write(true).create_new(true).open(&beside);
        let file = file.map_err(|error| cannot("write", &beside.to_string_lossy(), &error))?;
        Ok(Self::File { file, beside, path: path.into() })
    }

    fn write(&mut self, bytes: &mut Vec<u8>) -> Result<(), Failure> {
        match self {
            Self::Standard => say(bytes),
            Self::File { file, path, .. } => {
                let written = file.write_all(bytes);
                bytes.clear();
                written.map_err(|error| cannot("write", &path.to_string_lossy(), &error))
            }
        }
    }

    fn keep(mut self) -> Result<(), Failure> {
        let Self::File { file, beside, path } = &mut self else { return Ok(()) };
        file.sync_all()
            .and_then(|()| std::fs::rename(&*beside, &*path))
            .map_err(|error| cannot("write", &path.to_string_lossy(), &error))
    }
}

impl Drop for Target {
    fn drop(&mut self) {
        if let Self::File { beside, .. } = self {
            // It is there no more once it has been kept.
            let _ = std::fs::remove_file(beside);
        }
    }
}

fn format(matches: &Matches) -> Result<Format, Failure> {
    let format = matches.operand(0).unwrap_or_default().parse();
    format.map_err(|error: String| matches.wrong(error).into())
}

fn open(path: &str) -> Result<File, Failure> {
    File::open(path).map_err(|error| cannot("read", path, &error))
}

fn cannot(what: &str, path: &str, error: &io::Error) -> Failure {
    Failure::Other(format!("can't {what} {path}: {error}"))
}

fn standard_input() -> Result<Vec<u8>, Failure> {
    let mut whole = Vec::new();
    let read = io::stdin().lock().take(ARMOUR_BYTES + 1).read_to_end(&mut whole);
    read.map_err(|error| cannot("read", "standard input", &error))?;
    if whole.len() as u64 > ARMOUR_BYTES {
        let most = ARMOUR_BYTES >> 20;
        let message = format!("more than {most} MiB can't come by standard input: name a FILE");
        return Err(Failure::Other(message));
    }
    Ok(whole)
}

fn pieces(
    input: &mut dyn Read,
    mut each: impl FnMut(&[u8]) -> Result<(), Failure>,
) -> Result<(), Failure> {
    let mut buffer = [0; 16 << 10];
    loop {
        match input.read(&mut buffer) {
            Ok(0) => return Ok(()),
            Ok(length) => each(&buffer[..length])?,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(Failure::Other(format!("can't read: {error}"))),
        }
    }
}

fn say(text: &mut Vec<u8>) -> Result<(), Failure> {
    let said = io::stdout().lock().write_all(text);
    text.clear();
    said.map_err(|error| cannot("write", "standard output", &error))
}
