//! How many callers a second are let in, each over a connection of its own.

use std::io::{self, Read as _, Write as _};
use std::net::TcpListener;
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, poll};

use crate::Arguments;
use crate::caller::{By, Caller, Number};
use crate::house::{Gets, House};
use crate::process::Process;
use crate::subject::free_address;
use crate::table::{heading, median, row};

/// Callers at once.
const AT_ONCE: usize = 32;

/// How long each measurement lasts.
const SPAN: Duration = Duration::from_secs(4);

/// How long a caller waits to be let in.
const PATIENCE: Duration = Duration::from_secs(10);

/// What the program behind the login says.
const GREETING: &str = "ready";

/// Whom the callers call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Answerer {
    Getty,
    Inetutils,
    Busybox,
    Terminal,
    Echo,
}

impl Answerer {
    const ALL: [Self; 5] =
        [Self::Getty, Self::Inetutils, Self::Busybox, Self::Terminal, Self::Echo];

    fn name(self) -> &'static str {
        match self {
            Self::Getty => "bare getty, no login",
            Self::Inetutils => "inetutils-telnetd, no login",
            Self::Busybox => "busybox telnetd, no login",
            Self::Terminal => "trunkline, program on a pty",
            Self::Echo => "trunkline, in the process",
        }
    }

    /// The program of somebody else that answers, in its place.
    fn server(self, arguments: &Arguments) -> Option<PathBuf> {
        match self {
            Self::Inetutils => Some("inetutils-telnetd/usr/sbin/telnetd"),
            Self::Busybox => Some("busybox-static/bin/busybox"),
            Self::Getty | Self::Terminal | Self::Echo => None,
        }
        .map(|place| arguments.peers.join(place))
    }
}

pub(crate) fn measure(arguments: &Arguments) -> io::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let folder = tempfile::tempdir()?;
    let program = stub(folder.path())?;
    let there: Vec<_> = Answerer::ALL
        .into_iter()
        .filter(|answerer| answerer.server(arguments).is_none_or(|server| server.exists()))
        .collect();
    let mut figures = vec![Vec::new(); there.len()];
    for _ in 0..arguments.rounds {
        for (answerer, figures) in there.iter().copied().zip(&mut figures) {
            figures.push(run(answerer, arguments, &program, &runtime)?);
        }
    }
    heading("Logins, 32 callers at a time", &["a second", "of the getty", "CPU ms each"]);
    for (answerer, rounds) in there.into_iter().zip(&figures) {
        let middle = |of: fn(&Figure) -> f64| median(rounds.iter().map(of).collect());
        let getty = figures.first().map(Vec::as_slice).unwrap_or_default();
        let ratios = rounds.iter().zip(getty).map(|(ours, limit)| ours.rate / limit.rate);
        row(
            answerer.name(),
            &[
                format!("{:.0}", middle(|figure| figure.rate)),
                format!("{:.2}", median(ratios.collect())),
                match answerer.server(arguments) {
                    None => format!("{:.3}", middle(|figure| figure.cpu)),
                    // Most of it is used by processes that are gone when somebody asks.
                    Some(_) => String::new(),
                },
            ],
        );
    }
    Ok(())
}

/// Logins a second, and milliseconds of the answerer's own processor time for each.
#[derive(Clone, Copy, Debug)]
struct Figure {
    rate: f64,
    cpu: f64,
}

fn run(
    answerer: Answerer,
    arguments: &Arguments,
    program: &Path,
    runtime: &tokio::runtime::Runtime,
) -> io::Result<Figure> {
    let folder = tempfile::tempdir()?;
    let gets = match answerer {
        Answerer::Echo => Gets::Echo,
        _ => Gets::Program(program.to_str().unwrap_or_default()),
    };
    if matches!(answerer, Answerer::Terminal | Answerer::Echo) {
        let house = House::start(&arguments.trunkline, folder.path(), By::Raw, gets)?;
        let call = async || {
            let mut caller = Caller::dial(&house.number).await?;
            caller.log_in(&house.number).await?;
            match answerer {
                Answerer::Echo => caller.exchange(GREETING.as_bytes()).await,
                _ => caller.expect(GREETING.as_bytes()).await,
            }
        };
        return runtime.block_on(count(&house.process, call));
    }
    let address = free_address()?;
    let mut command = Command::new(std::env::current_exe()?);
    match answerer.server(arguments) {
        None => command.args(["getty", &address.to_string()]),
        Some(server) => command.args(["inetd", &address.to_string(), "--"]).arg(server),
    };
    match answerer {
        Answerer::Inetutils => command.arg("-E"),
        // By itself it has room for one caller who waits to be accepted.
        Answerer::Busybox => command.args(["telnetd", "-i", "-l"]),
        Answerer::Getty | Answerer::Terminal | Answerer::Echo => &mut command,
    };
    command.arg(program);
    let process = Process::start(&mut command)?;
    crate::subject::connect(address)?;
    let by = if answerer == Answerer::Getty { By::Raw } else { By::Telnet };
    let number = Number::open(by, address)?;
    let call = async || Caller::dial(&number).await?.expect(GREETING.as_bytes()).await;
    runtime.block_on(count(&process, call))
}

/// As many calls as there is time for, from `AT_ONCE` callers.
async fn count(process: &Process, call: impl AsyncFn() -> io::Result<()>) -> io::Result<Figure> {
    let (start, cpu) = (Instant::now(), process.cpu()?);
    let caller = async || -> io::Result<u32> {
        let mut calls = 0;
        while start.elapsed() < SPAN {
            tokio::time::timeout(PATIENCE, call()).await??;
            calls += 1;
        }
        Ok(calls)
    };
    let mut callers: Vec<_> = (0..AT_ONCE).map(|_| Box::pin(caller())).collect();
    let mut calls = 0;
    let mut left = AT_ONCE;
    std::future::poll_fn(|cx| {
        use std::task::Poll;
        let mut index = 0;
        while let Some(caller) = callers.get_mut(index) {
            match caller.as_mut().poll(cx) {
                Poll::Pending => index += 1,
                Poll::Ready(result) => {
                    drop(callers.remove(index));
                    left -= 1;
                    match result {
                        Ok(made) => calls += made,
                        Err(error) => return Poll::Ready(Err(error)),
                    }
                }
            }
        }
        if left == 0 { Poll::Ready(Ok(())) } else { Poll::Pending }
    })
    .await?;
    let (span, cpu) = (start.elapsed().as_secs_f64(), process.cpu()? - cpu);
    Ok(Figure {
        rate: f64::from(calls) / span,
        cpu: cpu.as_secs_f64() * 1e3 / f64::from(calls.max(1)),
    })
}

/// A program that greets and ends with its caller, as a site's does.
fn stub(folder: &Path) -> io::Result<PathBuf> {
    use std::os::unix::fs::PermissionsExt as _;
    let path = folder.join("stub");
    std::fs::write(&path, format!("#!/bin/sh\necho {GREETING}\nread line\n"))?;
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755))?;
    Ok(path)
}

/// The least that could be called a getty: a terminal and a process for each caller, and what the
/// process says.
pub(crate) fn getty(address: &str, program: &str) -> io::Result<()> {
    let listener = TcpListener::bind(address)?;
    loop {
        let (mut caller, _) = listener.accept()?;
        let program = program.to_owned();
        std::thread::spawn(move || -> io::Result<()> {
            let (master, mut child) = crate::forkpty::spawn(&program)?;
            let mut terminal = std::fs::File::from(master);
            let mut buffer = [0; 4096];
            loop {
                let mut ends =
                    [PollFd::new(&terminal, PollFlags::IN), PollFd::new(&caller, PollFlags::IN)];
                poll(&mut ends, None)?;
                let [said, typed] = ends.map(|end| !end.revents().is_empty());
                if said {
                    // A terminal whose last user has gone gives an error.
                    let Ok(read @ 1..) = terminal.read(&mut buffer) else { break };
                    caller.write_all(buffer.get(..read).unwrap_or_default())?;
                }
                if typed {
                    let Ok(read @ 1..) = caller.read(&mut buffer) else { break };
                    terminal.write_all(buffer.get(..read).unwrap_or_default())?;
                }
            }
            drop(terminal);
            child.wait().map(drop)
        });
    }
}

/// A server process for each caller, with the connection as its input and output.
pub(crate) fn inetd(address: &str, server: &[String]) -> io::Result<()> {
    let Some((program, arguments)) = server.split_first() else {
        return Err(io::Error::other("no server"));
    };
    let listener = TcpListener::bind(address)?;
    loop {
        let (caller, _) = listener.accept()?;
        let mut command = Command::new(program);
        command.args(arguments).stdin(OwnedFd::from(caller.try_clone()?));
        command.stdout(OwnedFd::from(caller)).stderr(Stdio::null());
        let mut server = command.spawn()?;
        std::thread::spawn(move || server.wait());
    }
}
