//! Thousands of callers at once, from one thread.

use std::io::Write as _;
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::sync::{Mutex, MutexGuard, PoisonError};

use rustix::net::{AddressFamily, SocketType, bind, connect, socket};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use crate::stage::{PATIENCE, Stage, hear};

/// Room for so many callers in this process and, as its child, in the instance. One crowd at a time: they share the
/// process's limit of open files.
pub(crate) fn make_room(callers: usize) -> MutexGuard<'static, ()> {
    static ALONE: Mutex<()> = Mutex::new(());
    let alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    let wanted = callers as u64 + 500;
    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    if current.is_some_and(|current| current < wanted) {
        let maximum = maximum.map(|maximum| maximum.max(wanted));
        setrlimit(Resource::Nofile, Rlimit { current: Some(wanted), maximum })
            .unwrap_or_else(|error| panic!("this test needs {wanted} open files: {error}"));
    }
    alone
}

/// An exchange with a store, and an account `guest` on its test number; gives the account's secret, which is quick
/// to check.
pub(crate) fn test_number(exchange: &str) -> (Stage, String) {
    let mut stage = Stage::new(&format!(
        "[exchange]\nstore = \"calls.db\"\n{exchange}[[exchange.listen]]\naddress = \"127.0.0.1:0\"\n"
    ));
    let added = stage.ask(&["account", "add", "guest", "--machine", "--set", "service=echo"]);
    let secret = added.lines().next().unwrap().strip_prefix("secret: ").unwrap().to_owned();
    stage.start(&["run"]);
    (stage, secret)
}

/// A caller from one of loopback's many addresses.
pub(crate) fn call_from(source: Ipv4Addr, exchange: SocketAddr) -> std::io::Result<TcpStream> {
    let socket = socket(AddressFamily::INET, SocketType::STREAM, None)?;
    bind(&socket, &SocketAddr::from((source, 0)))?;
    connect(&socket, &exchange)?;
    let stream = TcpStream::from(socket);
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    Ok(stream)
}

/// Logs all of them in as `guest`, step by step, so that the waiting is done once and not for each.
pub(crate) fn log_in(callers: &mut [TcpStream], secret: &str) {
    callers.iter_mut().for_each(|caller| hear(caller, "login: "));
    callers.iter_mut().for_each(|caller| caller.write_all(b"guest\r").unwrap());
    callers.iter_mut().for_each(|caller| hear(caller, "Password: "));
    let typed = format!("{secret}\r");
    callers.iter_mut().for_each(|caller| caller.write_all(typed.as_bytes()).unwrap());
    callers.iter_mut().for_each(|caller| hear(caller, "\r\n"));
}

/// Sends something that has to come back.
pub(crate) fn echoed(caller: &mut TcpStream, text: &str) {
    caller.write_all(text.as_bytes()).unwrap();
    hear(caller, text);
}
