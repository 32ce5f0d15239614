//! A module on a pseudo-terminal that follows its maker's documents, and does something else at one step.

use std::future::poll_fn;
use std::path::PathBuf;
use std::time::Duration;

use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep_until};
use tty::{OpenWatch, PtyEnd, PtyEvent, PtyOptions};

use crate::plan::{Fault, Plan};
use crate::tables::{ALL, GENERAL, Table};

/// The cable to a module, with the module at its end.
pub(crate) struct Cable(JoinHandle<()>);

struct Module {
    dialect: &'static str,
    table: Table,
    plan: Plan,
    mode: Mode,
    line: Vec<u8>,
    echoes: bool,
    /// What the far end has given back, and nobody has fetched.
    held: Vec<u8>,
    /// Whether this call has had data.
    has_passed: bool,
    out: Vec<u8>,
    late: Option<(Instant, Vec<u8>)>,
}

enum Mode {
    Command,
    /// A stream of data, which the far end gives back as it comes.
    Stream,
    /// One that hears nothing any more.
    Deaf,
    /// So many bytes of data are still to come.
    Piece(usize),
}

impl Cable {
    /// A module of this dialect, and its port.
    pub(crate) fn new(dialect: &'static str, plan: &Plan, watch: &OpenWatch) -> (Self, PathBuf) {
        let end = PtyEnd::open(PtyOptions::default(), watch).unwrap();
        let device = end.slave().to_owned();
        let (_, table) = ALL.into_iter().find(|(name, _)| *name == dialect).unwrap();
        let module = Module {
            dialect,
            table,
            plan: plan.clone(),
            mode: Mode::Command,
            line: Vec::new(),
            echoes: true,
            held: Vec::new(),
            has_passed: false,
            out: Vec::new(),
            late: None,
        };
        (Self(tokio::spawn(module.run(end))), device)
    }
}

impl Drop for Cable {
    fn drop(&mut self) {
        self.0.abort();
    }
}

impl Module {
    async fn run(mut self, mut end: PtyEnd) {
        let mut buf = [0; 4096];
        loop {
            let due = self.late.as_ref().map(|(at, _)| *at);
            let late = async {
                match due {
                    Some(at) => sleep_until(at).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                event = poll_fn(|cx| end.poll_event(cx, &mut buf)) => match event {
                    Ok(PtyEvent::Data(count)) => self.hear(&buf[..count]),
                    Ok(_) => {}
                    Err(_) => return,
                },
                () = late => {
                    let (_, answer) = self.late.take().unwrap();
                    self.out.extend(answer);
                }
            }
            while !self.out.is_empty() {
                match poll_fn(|cx| end.poll_write(cx, &self.out)).await {
                    Ok(count) => drop(self.out.drain(..count)),
                    Err(_) => return,
                }
            }
        }
    }

    fn hear(&mut self, bytes: &[u8]) {
        let mut rest = bytes;
        while !rest.is_empty() {
            match self.mode {
                Mode::Stream | Mode::Deaf => {
                    self.stream(rest);
                    return;
                }
                Mode::Piece(left) => {
                    let (piece, behind) = rest.split_at(left.min(rest.len()));
                    self.held.extend(piece);
                    rest = behind;
                    self.mode = Mode::Piece(left - piece.len());
                    if left == piece.len() {
                        self.mode = Mode::Command;
                        self.taken();
                    }
                }
                Mode::Command => {
                    let (byte, behind) = rest.split_first().unwrap();
                    rest = behind;
                    if *byte != b'\r' {
                        self.line.push(*byte);
                        continue;
                    }
                    let line =
                        String::from_utf8_lossy(&std::mem::take(&mut self.line)).into_owned();
                    // What an escape has left in front of it is no part of a command.
                    if let Some(begin) = line.find("AT") {
                        self.obey(&line[begin..]);
                    }
                }
            }
        }
    }

    /// Data for the far end, which gives them back; `+++` alone is an escape.
    fn stream(&mut self, bytes: &[u8]) {
        if bytes == b"+++" {
            let fault = self.plan.step();
            self.mode = Mode::Command;
            return self.answer(fault, "+++", b"\r\nOK\r\n".to_vec());
        }
        if matches!(self.mode, Mode::Deaf) {
            return;
        }
        let fault = if self.has_passed { None } else { self.plan.step() };
        self.has_passed = true;
        match fault {
            Some(Fault::Silent) => self.mode = Mode::Deaf,
            Some(Fault::Reboots) => self.reboot(),
            Some(Fault::Refuses) => self.broken("\x03\r\n+CME ERROR: 843\r\n"),
            Some(Fault::LosesBearer) => self.broken("\x03\r\n+CME ERROR: 848\r\n"),
            _ => {
                let mut escaped = false;
                let ends = bytes.iter().any(|byte| {
                    let is_end = *byte == 0x03 && !escaped;
                    escaped = *byte == 0x10 && !escaped;
                    is_end
                });
                match ends {
                    // The far end has read everything, and closes.
                    true => {
                        let last = if self.dialect == "edsoft" {
                            "Ok_Info_SocketClosed"
                        } else {
                            "SHUTDOWN"
                        };
                        self.out.extend(format!("\x03\r\n{last}\r\n").as_bytes());
                    }
                    false => self.out.extend(bytes),
                }
            }
        }
    }

    fn broken(&mut self, last_words: &str) {
        self.out.extend(last_words.as_bytes());
        self.mode = Mode::Command;
    }

    fn reboot(&mut self) {
        self.mode = Mode::Command;
        (self.echoes, self.has_passed) = (true, false);
        self.held.clear();
        self.out.extend(b"\0\xff\r\nRDY\r\n\r\n+WIND: 1\r\n\r\n+CFUN: 1\r\n");
    }

    /// The far end gives a piece back.
    fn taken(&mut self) {
        let told = match self.dialect {
            "simcom" => "\r\nSEND OK\r\n\r\n+CIPRXGET: 1\r\n",
            _ => "\r\nSEND OK\r\n\r\n+QIURC: \"recv\",0\r\n",
        };
        self.out.extend(told.as_bytes());
    }

    fn obey(&mut self, command: &str) {
        let fault = self.plan.step();
        let works = !matches!(fault, Some(Fault::Refuses | Fault::Silent | Fault::Reboots));
        if command.starts_with("ATE0") && works {
            self.echoes = false;
        }
        let own = self.table.iter().chain(GENERAL);
        let (_, known) = own.into_iter().find(|(begin, _)| command.starts_with(begin)).unwrap();
        let mut answer = known.as_bytes().to_vec();
        let number = |begin: &str| command.strip_prefix(begin).and_then(|rest| rest.parse().ok());
        if let Some(count) = number("AT+CIPSEND=").or(number("AT+QISEND=0,")) {
            answer = b"\r\n> ".to_vec();
            // One that stops before it has offered anything takes nothing.
            if works && fault != Some(Fault::Stops) {
                self.mode = Mode::Piece(count);
            }
        }
        if let Some(most) = number("AT+CIPRXGET=2,").or(number("AT+QIRD=0,")) {
            let most: usize = most;
            if works {
                let rest = self.held.split_off(most.min(self.held.len()));
                let piece = std::mem::replace(&mut self.held, rest);
                let header = match self.dialect {
                    "simcom" => format!("\r\n+CIPRXGET: 2,{},{}\r\n", piece.len(), self.held.len()),
                    _ => format!("\r\n+QIRD: {}\r\n", piece.len()),
                };
                answer = [header.as_bytes(), &piece, b"\r\nOK\r\n"].concat();
            }
        }
        if works && (command.starts_with("AT+CIPSTART") || command.starts_with("AT+QIOPEN")) {
            // What a connection before has given back died with it.
            self.held.clear();
        }
        if works && (command.starts_with("AT+WIPDATA") || command.starts_with("AT#OTCP")) {
            (self.mode, self.has_passed) = (Mode::Stream, false);
        }
        self.answer(fault, command, answer);
    }

    fn answer(&mut self, fault: Option<Fault>, command: &str, mut answer: Vec<u8>) {
        if self.echoes {
            self.out.extend(format!("{command}\r").as_bytes());
        }
        let lost: &[u8] = match self.dialect {
            "simcom" => b"\r\n+PDP: DEACT\r\n",
            "quectel" => b"\r\n+QIURC: \"pdpdeact\",1\r\n",
            _ => b"\r\n+WIPBR: 6,0\r\n",
        };
        // Where data begin, nothing but data come.
        let is_command = matches!(self.mode, Mode::Command);
        match fault {
            Some(Fault::Refuses) => answer = b"\r\nERROR\r\n".to_vec(),
            Some(Fault::Silent) => return,
            Some(Fault::Reboots) => return self.reboot(),
            Some(Fault::LosesBearer) => answer = [lost, &answer].concat(),
            Some(Fault::Garbled) => {
                let noise: Vec<u8> = (0..=255).cycle().take(700).collect();
                answer = [&noise[..], b"\r\n", &answer].concat();
            }
            Some(Fault::Late) => {
                self.late = Some((Instant::now() + Duration::from_secs(2), answer));
                return;
            }
            Some(Fault::Echoes) => self.echoes = true,
            Some(Fault::Stops) => answer.truncate(answer.len() / 2),
            Some(Fault::Chatters) => {
                let urc = b"\r\n+WIND: 7\r\n\r\n+CREG: 1,\"178D\",\"1678\"\r\n\r\nRING\r\n";
                let behind = if is_command { &urc[..] } else { b"" };
                answer = [&urc[..], &answer, behind].concat();
            }
            _ => {}
        }
        self.out.extend(answer);
    }
}
