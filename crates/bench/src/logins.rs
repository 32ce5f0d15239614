//! How many callers a second are let in, each over a connection of its own.

use std::io::{self, Read as _, Write as _};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use crate::Arguments;
use crate::caller::{By, Caller};
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
    Terminal,
    Echo,
}

impl Answerer {
    const ALL: [Self; 3] = [Self::Getty, Self::Terminal, Self::Echo];

    fn name(self) -> &'static str {
        match self {
            Self::Getty => "bare getty, no login",
            Self::Terminal => "trunkline, program on a pty",
            Self::Echo => "trunkline, in the process",
        }
    }
}

pub(crate) fn measure(arguments: &Arguments) -> io::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let folder = tempfile::tempdir()?;
    let program = stub(folder.path())?;
    let mut figures = Answerer::ALL.map(|_| Vec::new());
    for _ in 0..arguments.rounds {
        for (answerer, figures) in Answerer::ALL.into_iter().zip(&mut figures) {
            figures.push(run(answerer, arguments, &program, &runtime)?);
        }
    }
    heading("Logins, 32 callers at a time", &["a second", "of the getty", "CPU ms each"]);
    for (answerer, rounds) in Answerer::ALL.into_iter().zip(&figures) {
        let middle = |of: fn(&Figure) -> f64| median(rounds.iter().map(of).collect());
        let getty = figures.first().map(Vec::as_slice).unwrap_or_default();
        let ratios = rounds.iter().zip(getty).map(|(ours, limit)| ours.rate / limit.rate);
        row(
            answerer.name(),
            &[
                format!("{:.0}", middle(|figure| figure.rate)),
                format!("{:.2}", median(ratios.collect())),
                format!("{:.3}", middle(|figure| figure.cpu)),
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
            let mut caller = Caller::dial(By::Raw, house.address).await?;
            caller.log_in(&house.secret).await?;
            match answerer {
                Answerer::Echo => caller.exchange(GREETING.as_bytes()).await,
                _ => caller.expect(GREETING.as_bytes()).await,
            }
        };
        return runtime.block_on(count(&house.process, call));
    }
    let address = free_address()?;
    let mut getty = Command::new(std::env::current_exe()?);
    getty.args(["getty", &address.to_string()]).arg(program);
    let process = Process::start(&mut getty)?;
    crate::subject::connect(address)?;
    let call = async || Caller::dial(By::Raw, address).await?.expect(GREETING.as_bytes()).await;
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

/// A program that greets and ends.
fn stub(folder: &Path) -> io::Result<PathBuf> {
    use std::os::unix::fs::PermissionsExt as _;
    let path = folder.join("stub");
    std::fs::write(&path, format!("#!/bin/sh\necho {GREETING}\n"))?;
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
            let mut output = std::fs::File::from(master);
            let mut buffer = [0; 4096];
            // A terminal whose last user has gone gives an error.
            while let Ok(read @ 1..) = output.read(&mut buffer) {
                caller.write_all(buffer.get(..read).unwrap_or_default())?;
            }
            child.wait().map(drop)
        });
    }
}
