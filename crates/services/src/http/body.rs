//! What follows a head, in each of the ways in which its end is told.

use std::ops::ControlFlow;

use super::head::Head;
use crate::limits::LINES;
use crate::lines::Lines;

/// How much of a body is to come.
#[derive(Clone, Debug)]
pub(crate) enum Body {
    /// So many bytes.
    Length(u64),
    /// Pieces with their lengths.
    Chunks(Chunks),
    /// All until the connection ends.
    Rest,
}

/// RFC 9112, 7.1.
#[derive(Clone, Debug, Default)]
pub(crate) struct Chunks {
    lines: Lines,
    stage: Stage,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Stage {
    #[default]
    Length,
    Within(u64),
    /// The end of a line behind a piece.
    Behind,
    /// What follows the last piece, until an empty line: so many lines of it were read.
    Trailer(usize),
}

/// The body isn't as its head says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Garbled;

impl Body {
    /// What follows this head. RFC 9112, 6.3.
    pub(crate) fn of(head: &Head) -> Result<Self, Garbled> {
        if matches!(head.code, 100..200 | 204 | 304) {
            return Ok(Self::Length(0));
        }
        if let Some(coding) = head.header("transfer-encoding") {
            return match coding.to_ascii_lowercase().ends_with("chunked") {
                true => Ok(Self::Chunks(Chunks::default())),
                false => Ok(Self::Rest),
            };
        }
        match head.header("content-length") {
            Some(length) => length.parse().map(Self::Length).map_err(|_| Garbled),
            None => Ok(Self::Rest),
        }
    }

    /// Takes a piece of the page off the front of `bytes`; breaks behind the end.
    pub(crate) fn next<'a>(&mut self, bytes: &mut &'a [u8]) -> Result<Piece<'a>, Garbled> {
        match self {
            Self::Length(0) => Ok(ControlFlow::Break(())),
            Self::Length(left) => Ok(ControlFlow::Continue(take(bytes, left))),
            Self::Chunks(chunks) => chunks.next(bytes),
            Self::Rest => Ok(ControlFlow::Continue(std::mem::take(bytes))),
        }
    }

    /// Whether the end of the connection is the end of the page.
    pub(crate) const fn ends_with_connection(&self) -> bool {
        matches!(self, Self::Rest | Self::Length(0))
    }
}

/// A piece of a page, or its end.
type Piece<'a> = ControlFlow<(), &'a [u8]>;

impl Chunks {
    fn next<'a>(&mut self, bytes: &mut &'a [u8]) -> Result<Piece<'a>, Garbled> {
        loop {
            if let Stage::Within(left) = &mut self.stage {
                if *left > 0 {
                    return Ok(ControlFlow::Continue(take(bytes, left)));
                }
                self.stage = Stage::Behind;
            }
            let Some(line) = self.lines.next(bytes) else { return Ok(ControlFlow::Continue(&[])) };
            self.stage = match self.stage {
                Stage::Behind if line.is_empty() => Stage::Length,
                Stage::Behind => return Err(Garbled),
                Stage::Trailer(_) if line.is_empty() => return Ok(ControlFlow::Break(())),
                Stage::Trailer(LINES..) => return Err(Garbled),
                Stage::Trailer(count) => Stage::Trailer(count + 1),
                Stage::Length | Stage::Within(_) => {
                    let digits = line.split(';').next().unwrap_or_default().trim();
                    let plain = digits.bytes().all(|byte| byte.is_ascii_hexdigit());
                    match u64::from_str_radix(digits, 16) {
                        Ok(0) => Stage::Trailer(0),
                        Ok(length) if plain => Stage::Within(length),
                        _ => return Err(Garbled),
                    }
                }
            };
        }
    }
}

fn take<'a>(bytes: &mut &'a [u8], left: &mut u64) -> &'a [u8] {
    let length = usize::try_from(*left).unwrap_or(usize::MAX).min(bytes.len());
    let (piece, rest) = bytes.split_at_checked(length).unwrap_or((bytes, &[]));
    (*bytes, *left) = (rest, *left - piece.len() as u64);
    piece
}
