//! The asking side.

use std::io::{self, BufRead as _, BufReader, ErrorKind, Write as _};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};

use super::Request;
use crate::json::Json;

/// A connection to a running instance.
pub(crate) struct Connection {
    stream: BufReader<UnixStream>,
}

/// One object of an answer.
pub(crate) enum Answer {
    /// Part of what was asked for.
    Item(Json),
    /// The end: all went well.
    End(Json),
}

/// Why an instance did not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ClientError {
    /// Nobody listens.
    #[error(
        "no instance is running here (looked at {}); start one with `trunkline run`, or say where its socket is with \
         --control",
        places(.0)
    )]
    Nobody(Vec<PathBuf>),
    /// Somebody listens, but not to us.
    #[error("can't talk to the instance at {}: {source}{}", path.display(), remedy(source))]
    Refused {
        /// Where.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The conversation broke off.
    #[error("the instance broke off: {0}")]
    Broken(#[from] io::Error),
    /// It says no.
    #[error("{0}")]
    Failed(String),
}

fn places(paths: &[PathBuf]) -> String {
    paths.iter().map(|path| path.display().to_string()).collect::<Vec<_>>().join(", ")
}

/// The socket is its owner's alone.
fn remedy(source: &io::Error) -> &'static str {
    match source.kind() {
        ErrorKind::PermissionDenied => "; only the user who runs it may, and root",
        _ => "",
    }
}

impl Connection {
    /// Connects to the instance at `place`, or where it is likely to be.
    ///
    /// # Errors
    /// There is none, or it is not ours to talk to.
    pub(crate) fn open(place: Option<&Path>) -> Result<Self, ClientError> {
        let places = place.map_or_else(super::likely_places, |place| vec![place.to_owned()]);
        for path in &places {
            match UnixStream::connect(path) {
                Ok(stream) => return Ok(Self { stream: BufReader::new(stream) }),
                Err(error)
                    if matches!(
                        error.kind(),
                        ErrorKind::NotFound | ErrorKind::ConnectionRefused
                    ) => {}
                Err(source) => return Err(ClientError::Refused { path: path.clone(), source }),
            }
        }
        Err(ClientError::Nobody(places))
    }

    /// Asks.
    ///
    /// # Errors
    /// The instance has gone.
    pub(crate) fn ask(&mut self, request: &Request) -> Result<(), ClientError> {
        self.stream.get_mut().write_all(format!("{}\n", request.to_json()).as_bytes())?;
        Ok(())
    }

    /// The next object of the answer.
    ///
    /// # Errors
    /// The instance has gone, or says no.
    pub(crate) fn next(&mut self) -> Result<Answer, ClientError> {
        let mut line = String::new();
        if self.stream.read_line(&mut line)? == 0 {
            return Err(io::Error::from(ErrorKind::UnexpectedEof).into());
        }
        let json =
            Json::parse(&line).map_err(|error| io::Error::new(ErrorKind::InvalidData, error))?;
        match json.text("end") {
            None => Ok(Answer::Item(json)),
            Some("ok") => Ok(Answer::End(json)),
            Some(_) => {
                Err(ClientError::Failed(json.text("error").unwrap_or("for no reason").to_owned()))
            }
        }
    }

    /// Asks, and gathers the whole answer.
    ///
    /// # Errors
    /// The instance has gone, or says no.
    pub(crate) fn all(&mut self, request: &Request) -> Result<Vec<Json>, ClientError> {
        self.ask(request)?;
        let mut items = Vec::new();
        loop {
            match self.next()? {
                Answer::Item(item) => items.push(item),
                Answer::End(_) => return Ok(items),
            }
        }
    }

    /// Asks, and waits for the end of the answer.
    ///
    /// # Errors
    /// The instance has gone, or says no.
    pub(crate) fn done(&mut self, request: &Request) -> Result<Json, ClientError> {
        self.ask(request)?;
        loop {
            if let Answer::End(end) = self.next()? {
                return Ok(end);
            }
        }
    }
}
