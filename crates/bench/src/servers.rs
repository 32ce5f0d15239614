//! Servers of Modbus TCP with their registers in memory: ours beside libmodbus' and pymodbus'.

use std::io;
use std::net::SocketAddr;
use std::path::Path;
use std::process::Command;

use gateway::{AskError, Units};
use modbus::UnitId;
use modbus::master::{Outcome, Question};
use modbus::slave::{Memory, answer};

use crate::Arguments;
use crate::asking::{self, CLIENTS, Figures, REGISTERS, UNIT};
use crate::process::Process;
use crate::subject::free_address;

/// Whoever answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Subject {
    Libmodbus,
    Trunkline,
    Pymodbus,
}

impl Subject {
    fn name(self) -> &'static str {
        match self {
            Self::Libmodbus => "libmodbus, one thread",
            Self::Trunkline => "trunkline, one thread",
            Self::Pymodbus => "pymodbus",
        }
    }

    fn start(self, folder: &Path, listen: SocketAddr) -> io::Result<Process> {
        let port = listen.port().to_string();
        let mut command;
        match self {
            Self::Libmodbus => {
                command = Command::new(folder.join("libmodbus_server"));
                command.arg(port);
            }
            Self::Trunkline => {
                command = Command::new(std::env::current_exe()?);
                command.arg("server").arg(listen.to_string());
            }
            Self::Pymodbus => {
                // The system's interpreter: pymodbus is its package.
                command = Command::new("/usr/bin/python3");
                command.arg(folder.join("pymodbus_server.py")).arg(port);
            }
        }
        Process::start(&mut command)
    }
}

pub(crate) fn measure(arguments: &Arguments) -> io::Result<()> {
    let folder = tempfile::tempdir()?;
    let subjects: Vec<_> = [Subject::Libmodbus, Subject::Trunkline, Subject::Pymodbus]
        .into_iter()
        .filter(|subject| is_there(*subject, folder.path()))
        .collect();
    for clients in CLIENTS {
        let mut figures: Vec<Vec<Figures>> = subjects.iter().map(|_| Vec::new()).collect();
        for _ in 0..arguments.rounds {
            for (subject, figures) in subjects.iter().zip(&mut figures) {
                let listen = free_address()?;
                let _process = subject.start(folder.path(), listen)?;
                figures.push(asking::ask_all(listen, clients)?);
            }
        }
        let names: Vec<_> = subjects.iter().map(|subject| subject.name()).collect();
        let first = names.first().map_or("", |name| name.split(',').next().unwrap_or(name));
        asking::report(
            &format!("Servers of Modbus TCP, reads of {REGISTERS} registers, clients: {clients}"),
            &format!("of {first}"),
            &names,
            &figures,
        );
    }
    Ok(())
}

/// Puts the programs of others in place, where there is what they need.
fn is_there(subject: Subject, folder: &Path) -> bool {
    match subject {
        Subject::Trunkline => true,
        Subject::Libmodbus => {
            let source = folder.join("libmodbus_server.c");
            std::fs::write(&source, include_str!("libmodbus_server.c")).is_ok()
                && Command::new("cc")
                    .args(["-O2", "-I/usr/include/modbus", "-o"])
                    .arg(folder.join("libmodbus_server"))
                    .arg(source)
                    .arg("-lmodbus")
                    .stderr(std::process::Stdio::null())
                    .status()
                    .is_ok_and(|status| status.success())
        }
        Subject::Pymodbus => {
            let script = include_str!("pymodbus_server.py");
            std::fs::write(folder.join("pymodbus_server.py"), script).is_ok()
                && Command::new("/usr/bin/python3")
                    .args(["-c", "import pymodbus"])
                    .stderr(std::process::Stdio::null())
                    .status()
                    .is_ok_and(|status| status.success())
        }
    }
}

/// Registers in memory, for whoever asks.
#[derive(Clone)]
struct Registers(std::sync::Arc<std::sync::Mutex<Memory>>);

impl Units for Registers {
    async fn ask(
        &self,
        unit: UnitId,
        question: Question,
        _: SocketAddr,
    ) -> Result<Outcome, AskError> {
        let mut memory = self.0.lock().map_err(|_| AskError::Forbidden)?;
        Ok(Outcome::Answer(answer(&mut *memory, unit, &question.pdu())))
    }
}

/// Serves as a gateway or a facade does, with the registers at hand.
pub(crate) fn serve(listen: &str) -> io::Result<()> {
    let mut memory = Memory::new(UNIT, 100);
    memory.holding_registers = (0..100).collect();
    let registers = Registers(std::sync::Arc::new(std::sync::Mutex::new(memory)));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let listener = tokio::net::TcpListener::bind(listen).await?;
        let anybody = gateway::Manners::open(1000);
        gateway::serve("bench".to_owned(), listener, registers, anybody).await;
        Ok(())
    })
}
