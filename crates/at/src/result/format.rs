//! The exact bytes around what a modem says.

use super::{Codes, ResultCode};

/// `V`: words or numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
pub enum Verbosity {
    /// `V0`: numbers, followed by S3 only.
    Numeric,
    /// `V1`: words, with S3 and S4 on both sides.
    #[default]
    Verbose,
}

/// How everything that is sent to the terminal is framed.
///
/// ```
/// use at::result::{Codes, Format, ResultCode, Verbosity};
///
/// let numeric = Format { verbosity: Verbosity::Numeric, ..Format::default() };
/// let mut out = Vec::new();
/// numeric.information(["000"], &mut out);
/// numeric.result(ResultCode::Ok, &Codes::default(), &mut out);
/// assert_eq!(out, b"000\r\n0\r");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Format {
    /// Words or numbers.
    pub verbosity: Verbosity,
    /// S3.
    pub cr: u8,
    /// S4.
    pub lf: u8,
}

impl Default for Format {
    fn default() -> Self {
        Self { verbosity: Verbosity::Verbose, cr: b'\r', lf: b'\n' }
    }
}

impl Format {
    /// Appends a result code.
    pub fn result(&self, code: ResultCode, codes: &Codes, out: &mut Vec<u8>) {
        self.result_with(code, "", codes, out);
    }

    /// Appends a result code with something directly behind its words, such as `/ARQ` behind
    /// `CONNECT 9600` or ` 10.0.0.7` behind `RING`. The short form has no place for it.
    pub fn result_with(&self, code: ResultCode, suffix: &str, codes: &Codes, out: &mut Vec<u8>) {
        match self.verbosity {
            Verbosity::Verbose => {
                self.line_end(out);
                push_text(&codes.text(code), out);
                push_text(suffix, out);
                self.line_end(out);
            }
            Verbosity::Numeric => {
                out.extend_from_slice(codes.number(code).to_string().as_bytes());
                out.push(self.cr);
            }
        }
    }

    /// Appends one information text of any number of lines. `Q1` doesn't silence it.
    pub fn information<T: AsRef<str>>(
        &self,
        lines: impl IntoIterator<Item = T>,
        out: &mut Vec<u8>,
    ) {
        let mut lines = lines.into_iter().peekable();
        if self.verbosity == Verbosity::Verbose && lines.peek().is_some() {
            self.line_end(out);
        }
        for line in lines {
            push_text(line.as_ref(), out);
            self.line_end(out);
        }
    }

    /// Appends an information text as it is: what stands in it is the user's own.
    pub fn information_bytes(&self, lines: &[Vec<u8>], out: &mut Vec<u8>) {
        if self.verbosity == Verbosity::Verbose && !lines.is_empty() {
            self.line_end(out);
        }
        for line in lines {
            out.extend_from_slice(line);
            self.line_end(out);
        }
    }

    /// Appends `> `, on a line of its own: a text is to be typed (3GPP TS 27.005, 3.5.1).
    pub fn prompt(&self, out: &mut Vec<u8>) {
        self.line_end(out);
        out.extend_from_slice(b"> ");
    }

    /// Appends an extended result code such as `+MCR: V34`. It has no number: `V0` takes only the
    /// line end in front of it away.
    pub fn extended(&self, text: &str, out: &mut Vec<u8>) {
        self.information([text], out);
    }

    fn line_end(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&[self.cr, self.lf]);
    }
}

/// Control characters are left out: an answer may quote what a stranger sent, and must stay one line.
fn push_text(text: &str, out: &mut Vec<u8>) {
    out.extend(text.bytes().filter(|byte| !byte.is_ascii_control()));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::result::Family;

    const V1: Format = Format { verbosity: Verbosity::Verbose, cr: b'\r', lf: b'\n' };
    const V0: Format = Format { verbosity: Verbosity::Numeric, cr: b'\r', lf: b'\n' };

    fn written(write: impl FnOnce(&mut Vec<u8>)) -> String {
        let mut out = Vec::new();
        write(&mut out);
        String::from_utf8(out).unwrap()
    }

    fn result(format: Format, code: ResultCode) -> String {
        written(|out| format.result(code, &Codes::default(), out))
    }

    #[test]
    fn a_result_in_words_stands_between_line_ends() {
        assert_eq!(result(V1, ResultCode::Ok), "\r\nOK\r\n");
        assert_eq!(result(V1, ResultCode::Connect(Some(9600))), "\r\nCONNECT 9600\r\n");
        assert_eq!(result(V1, ResultCode::Connect(None)), "\r\nCONNECT\r\n");
        assert_eq!(result(V1, ResultCode::NoCarrier), "\r\nNO CARRIER\r\n");
    }

    #[test]
    fn a_result_in_numbers_ends_with_s3_alone() {
        assert_eq!(result(V0, ResultCode::Ok), "0\r");
        assert_eq!(result(V0, ResultCode::NoCarrier), "3\r");
        assert_eq!(result(V0, ResultCode::Connect(Some(9600))), "12\r");
    }

    #[test]
    fn a_register_is_an_information_line_of_its_own() {
        let answer = |format: Format| {
            written(|out| {
                format.information(["000"], out);
                format.result(ResultCode::Ok, &Codes::default(), out);
            })
        };
        assert_eq!(answer(V1), "\r\n000\r\n\r\nOK\r\n");
        assert_eq!(answer(V0), "000\r\n0\r");
    }

    #[test]
    fn a_long_information_text_has_one_line_end_between_its_lines() {
        let text = ["Trunkline", "1.0"];
        assert_eq!(written(|out| V1.information(text, out)), "\r\nTrunkline\r\n1.0\r\n");
        assert_eq!(written(|out| V0.information(text, out)), "Trunkline\r\n1.0\r\n");
    }

    #[test]
    fn information_and_register_in_one_line_are_two_texts() {
        let answer = written(|out| {
            V1.information(["Trunkline", "1.0"], out);
            V1.information(["060"], out);
            V1.result(ResultCode::Ok, &Codes::default(), out);
        });
        assert_eq!(answer, "\r\nTrunkline\r\n1.0\r\n\r\n060\r\n\r\nOK\r\n");
    }

    #[test]
    fn no_lines_are_no_bytes() {
        assert_eq!(written(|out| V1.information([""; 0], out)), "");
    }

    #[test]
    fn extended_results_stay_words_in_the_short_form() {
        assert_eq!(written(|out| V1.extended("+IPR: 0", out)), "\r\n+IPR: 0\r\n");
        assert_eq!(written(|out| V0.extended("+IPR: 0", out)), "+IPR: 0\r\n");
    }

    #[test]
    fn a_suffix_follows_the_words_and_leaves_the_number_alone() {
        let codes = Codes::new(Family::Usr);
        let connect = ResultCode::Connect(Some(14_400));
        let with = |format: Format, code, suffix| {
            written(|out| format.result_with(code, suffix, &codes, out))
        };
        assert_eq!(with(V1, connect, "/ARQ"), "\r\nCONNECT 14400/ARQ\r\n");
        assert_eq!(with(V0, connect, "/ARQ"), "25\r");
        assert_eq!(with(V1, ResultCode::Ring, " 10.0.0.7"), "\r\nRING 10.0.0.7\r\n");
    }

    #[test]
    fn s3_and_s4_are_the_bytes_that_are_sent() {
        let other = Format { cr: b'!', lf: b'~', ..V1 };
        assert_eq!(result(other, ResultCode::Ok), "!~OK!~");
        assert_eq!(result(Format { cr: b'!', ..V0 }, ResultCode::Ok), "0!");
    }

    #[test]
    fn a_stranger_s_text_can_not_fake_a_second_line() {
        let answer = written(|out| V1.information(["NAME = x\r\nRING\r\n"], out));
        assert_eq!(answer, "\r\nNAME = xRING\r\n");
    }
}
