//! From bytes to lines.

use crate::limits::LINE;

/// Gathers a module's lines. However long one is, little is kept of it.
#[derive(Debug, Default)]
pub(crate) struct Ear {
    line: Vec<u8>,
}

impl Ear {
    /// The next byte; a line, if it ends one with something in it.
    ///
    /// A line ends with its LF: behind that of `CONNECT` the data begin.
    pub(crate) fn push(&mut self, byte: u8) -> Option<String> {
        match byte {
            b'\n' => {
                let line = std::mem::take(&mut self.line);
                let text = String::from_utf8_lossy(&line);
                let text = text.trim_matches(['\r', ' ', '\0']);
                (!text.is_empty()).then(|| text.to_owned())
            }
            byte => {
                if self.line.len() < LINE {
                    self.line.push(byte);
                }
                None
            }
        }
    }

    /// Whether what came so far of a line is the sign that text is wanted.
    pub(crate) fn is_prompt(&self) -> bool {
        self.line.trim_ascii() == b">"
    }

    pub(crate) fn clear(&mut self) {
        self.line.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(bytes: &[u8]) -> Vec<String> {
        let mut ear = Ear::default();
        bytes.iter().filter_map(|byte| ear.push(*byte)).collect()
    }

    #[test]
    fn lines_end_with_their_lf_whatever_stands_around_them() {
        assert_eq!(lines(b"ATE0\r\r\nOK\r\n"), ["ATE0", "OK"]);
        assert_eq!(lines(b"\r\n WAVECOM MODEM\r\n\0\r\nOK\r\nhalf"), ["WAVECOM MODEM", "OK"]);
        let noise = [vec![0xFF; 100_000], b"\n".to_vec()].concat();
        assert_eq!(lines(&noise)[0].chars().count(), LINE);
    }

    #[test]
    fn a_prompt_has_no_end() {
        let mut ear = Ear::default();
        let heard: Vec<bool> = b"\r\n> "
            .iter()
            .map(|byte| {
                ear.push(*byte);
                ear.is_prompt()
            })
            .collect();
        assert_eq!(heard, [false, false, true, true]);
    }
}
