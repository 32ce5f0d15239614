//! A Modbus gateway: clients of Modbus TCP in front of a bus whose unit answers at once.

use std::fs::File;
use std::io::{self, Read, Write};
use std::net::SocketAddr;
use std::path::Path;
use std::process::Command;
use std::thread;

use modbus::frame::rtu;

use crate::Arguments;
use crate::asking::{self, CLIENTS, Figures, REGISTERS, UNIT, answer};
use crate::process::Process;
use crate::subject::free_address;
use crate::{bare_gateway, baseline};

/// Whoever stands between the clients and the bus.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Subject {
    Bare,
    /// As fast as the port takes it.
    Trunkline,
    /// With the silence that the standard wants at 115,200 bit/s.
    TrunklineByTheBook,
    Mbusd,
}

impl Subject {
    fn name(self) -> &'static str {
        match self {
            Self::Bare => "bare gateway",
            Self::Trunkline => "trunkline, no silence",
            Self::TrunklineByTheBook => "trunkline, t3.5",
            Self::Mbusd => "mbusd -R 1",
        }
    }

    fn start(
        self,
        trunkline: &Path,
        folder: &Path,
        bus: &Path,
        listen: SocketAddr,
    ) -> io::Result<Process> {
        let mut command;
        match self {
            Self::Bare => {
                command = Command::new(std::env::current_exe()?);
                command.arg("gateway").arg(bus).arg(listen.to_string());
            }
            Self::Trunkline | Self::TrunklineByTheBook => {
                let silence = if self == Self::Trunkline { "silence = \"0s\"\n" } else { "" };
                let file = folder.join("trunkline.toml");
                std::fs::write(
                    &file,
                    format!(
                        "control = \"control\"\n[log]\nlevel = \"error\"\n[[gateway]]\nname = \"bus\"\n\
                         listen = \"{listen}\"\nclients = 64\n{silence}\
                         serial = {{ device = \"{}\", speed = 115200, format = \"8N1\" }}\n",
                        bus.display()
                    ),
                )?;
                command = Command::new(trunkline);
                command.arg("run").arg(file);
            }
            Self::Mbusd => {
                command = Command::new("mbusd");
                command.args(["-d", "-R", "1", "-s", "115200", "-m", "8n1", "-C", "64"]);
                command.arg("-p").arg(bus).args(["-A", &listen.ip().to_string()]);
                command.args(["-P", &listen.port().to_string()]);
            }
        }
        Process::start(&mut command)
    }
}

pub(crate) fn measure(arguments: &Arguments) -> io::Result<()> {
    let mut subjects = vec![Subject::Bare, Subject::Trunkline, Subject::TrunklineByTheBook];
    if Command::new("mbusd").arg("-h").output().is_ok() {
        subjects.push(Subject::Mbusd);
    }
    for clients in CLIENTS {
        let mut figures: Vec<Vec<Figures>> = subjects.iter().map(|_| Vec::new()).collect();
        for _ in 0..arguments.rounds {
            for (subject, figures) in subjects.iter().zip(&mut figures) {
                let run = run(*subject, &arguments.trunkline, clients);
                figures.push(run.map_err(|error| {
                    io::Error::new(error.kind(), format!("{}: {error}", subject.name()))
                })?);
            }
        }
        let names: Vec<_> = subjects.iter().map(|subject| subject.name()).collect();
        asking::report(
            &format!(
                "Modbus TCP to RTU on a pty, reads of {REGISTERS} registers, clients: {clients}"
            ),
            "of the bare one",
            &names,
            &figures,
        );
    }
    Ok(())
}

fn run(subject: Subject, trunkline: &Path, clients: usize) -> io::Result<Figures> {
    let folder = tempfile::tempdir()?;
    let bus = folder.path().join("bus");
    let unit = File::from(baseline::offer(&bus)?);
    // Whoever has the other end open keeps the unit from reading an end of file before there is a master.
    let kept_open = crate::subject::open_pty(&bus)?;
    let listen = free_address()?;
    let _process = subject.start(trunkline, folder.path(), &bus, listen)?;
    let answering = thread::spawn(move || be_unit(unit));
    let figures = asking::ask_all(listen, clients);
    drop(kept_open);
    drop(_process);
    // It ends with the last who has the bus open.
    let _ = answering.join();
    figures
}

/// A unit that answers every read at once.
fn be_unit(mut bus: File) {
    let Ok(answer) = answer() else { return };
    let mut frame = Vec::new();
    rtu::encode(UNIT, &answer, &mut frame);
    let mut asked = [0; bare_gateway::READ_LENGTH];
    while bus.read_exact(&mut asked).is_ok() && bus.write_all(&frame).is_ok() {}
}
