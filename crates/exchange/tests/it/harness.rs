//! An exchange on loopback, and callers.

use std::future::poll_fn;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use carrier::{AccessList, Call, CallOptions, Received};
use exchange::{
    AccountConfig, Accounts, CallRecord, Exchange, ExchangeConfig, ListenConfig, RecordKeeper,
    RootPrograms,
};
use serde::Deserialize;
use tokio::time::{sleep, timeout};

/// How long anything here may take on a busy machine.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// What a test's exchange is made of.
#[derive(Deserialize)]
pub(crate) struct Setup {
    #[serde(default)]
    pub(crate) exchange: ExchangeConfig,
    #[serde(default)]
    account: Vec<AccountConfig>,
}

impl Setup {
    /// From a configuration file's text; `HASH` stands for the hash of `secret`.
    pub(crate) fn new(text: &str) -> Self {
        let text = text.replace("HASH", &cheap_hash("secret"));
        let mut setup: Self = toml::from_str(&text).unwrap_or_else(|error| panic!("{error}"));
        setup.exchange.root_programs = RootPrograms::Allow;
        if setup.exchange.listen.is_empty() {
            setup
                .exchange
                .listen
                .push(ListenConfig::at("127.0.0.1:0".parse().expect("an address")));
        }
        setup
    }

    pub(crate) fn accounts(&self) -> Accounts {
        Accounts::new(&self.account, Path::new("/")).unwrap_or_else(|error| panic!("{error:?}"))
    }

    pub(crate) fn start(&self) -> House {
        self.start_with_records(None)
    }

    pub(crate) fn start_with_records(&self, keeper: Option<Arc<dyn RecordKeeper>>) -> House {
        let accounts = self.accounts();
        let exchange = Exchange::start_with_records(&self.exchange, accounts, keeper);
        House { exchange: exchange.unwrap_or_else(|error| panic!("{error:?}")) }
    }
}

/// An account `rtu` with the password `secret` and a program, in a configuration file's text.
pub(crate) fn rtu(on: &str, program: &[&str]) -> String {
    format!(
        "[[account]]\nname = \"rtu\"\npassword = \"HASH\"\non = \"{on}\"\nprogram = {program:?}\n"
    )
}

/// A shell script as a program.
pub(crate) fn script(on: &str, script: &str) -> String {
    rtu(on, &["/bin/sh", "-c", script])
}

/// An exchange with one such account.
pub(crate) fn house(text: &str) -> House {
    Setup::new(text).start()
}

/// The cheapest hash there is, for tests that aren't about its cost.
pub(crate) fn cheap_hash(password: &str) -> String {
    let secret = settings::Secret::new(password.as_bytes().to_vec());
    let cheap = password::Cost { memory: 8, passes: 1, lanes: 1 };
    password::hash_at(&secret, cheap).expect("hashed")
}

/// A running exchange.
pub(crate) struct House {
    pub(crate) exchange: Exchange,
}

impl House {
    pub(crate) fn address(&self) -> SocketAddr {
        let places = self.exchange.listeners();
        places.first().and_then(|place| place.socket_addr()).expect("a listener")
    }

    /// A caller who speaks bytes.
    pub(crate) async fn raw(&self) -> Caller {
        self.dial("tcp", CallOptions::default()).await
    }

    /// A caller who speaks telnet.
    pub(crate) async fn telnet(&self) -> Caller {
        self.dial("telnet", CallOptions::default()).await
    }

    pub(crate) async fn dial(&self, scheme: &str, options: CallOptions) -> Caller {
        let address = format!("{scheme}://{}", self.address()).parse().expect("an address");
        let call = carrier::dial(&address, &options, &AccessList::allow_all()).await;
        Caller::new(call.expect("a call"))
    }

    /// A caller who is already logged in.
    pub(crate) async fn rtu(&self) -> Caller {
        let mut caller = self.raw().await;
        caller.log_in().await;
        caller
    }

    /// The record of the only call so far, once that is over.
    pub(crate) async fn record(&self) -> CallRecord {
        let mut records = self.records(1).await;
        records.remove(0)
    }

    pub(crate) async fn records(&self, count: usize) -> Vec<CallRecord> {
        until("the end of a call", || {
            let ended = self.exchange.ended();
            (ended.len() >= count).then_some(ended)
        })
        .await
    }
}

/// Asks until there is an answer.
pub(crate) async fn until<T>(what: &str, mut ask: impl FnMut() -> Option<T>) -> T {
    let asking = async {
        loop {
            if let Some(answer) = ask() {
                return answer;
            }
            sleep(Duration::from_millis(5)).await;
        }
    };
    timeout(PATIENCE, asking).await.unwrap_or_else(|_| panic!("no {what} in sight"))
}

/// Waits until no process has this number.
pub(crate) async fn gone(pid: u32) {
    until("end of the process", || (!Path::new(&format!("/proc/{pid}")).exists()).then_some(()))
        .await;
}

/// The calling side.
pub(crate) struct Caller {
    pub(crate) call: Call,
    heard: Vec<u8>,
}

impl Caller {
    pub(crate) fn new(call: Call) -> Self {
        Self { call, heard: Vec::new() }
    }

    pub(crate) async fn log_in(&mut self) {
        self.give("rtu", "secret").await;
    }

    pub(crate) async fn give(&mut self, name: &str, password: &str) {
        self.expect("login: ").await;
        self.say(format!("{name}\r")).await;
        self.expect("Password: ").await;
        self.say(format!("{password}\r")).await;
        self.expect("\r\n").await;
    }

    pub(crate) async fn say(&mut self, bytes: impl AsRef<[u8]>) {
        let sending = self.call.send(bytes.as_ref());
        timeout(PATIENCE, sending).await.expect("sent in time").expect("sent");
    }

    /// Hears on until `text`, and returns what came before it.
    pub(crate) async fn expect(&mut self, text: &str) -> String {
        loop {
            if let Some(at) = find(&self.heard, text.as_bytes()) {
                let before =
                    String::from_utf8_lossy(self.heard.get(..at).expect("found")).into_owned();
                self.heard.drain(..at + text.len());
                return before;
            }
            if !self.hear().await {
                panic!("`{text}` didn't come, but {:?}", String::from_utf8_lossy(&self.heard));
            }
        }
    }

    /// The next line, without its end.
    pub(crate) async fn line(&mut self) -> String {
        self.expect("\n").await.trim_end_matches('\r').to_owned()
    }

    pub(crate) async fn number(&mut self) -> u32 {
        let line = self.line().await;
        line.trim().parse().unwrap_or_else(|_| panic!("{line:?} is no number"))
    }

    /// So many bytes.
    pub(crate) async fn bytes(&mut self, count: usize) -> Vec<u8> {
        while self.heard.len() < count {
            if !self.hear().await {
                panic!("{count} bytes didn't come, but {} and the end", self.heard.len());
            }
        }
        self.heard.drain(..count).collect()
    }

    /// Everything to the end; then the caller hangs up too.
    pub(crate) async fn rest(mut self) -> Vec<u8> {
        while self.hear().await {}
        std::mem::take(&mut self.heard)
    }

    /// Waits for more; false at the end.
    pub(crate) async fn hear(&mut self) -> bool {
        let mut buf = vec![0; 4096];
        loop {
            let receiving = timeout(PATIENCE, self.call.receive(&mut buf));
            match receiving.await.expect("something in time") {
                Ok(Received::Data(count)) => {
                    self.heard.extend_from_slice(buf.get(..count).expect("read"));
                    return true;
                }
                Ok(Received::Event(_)) => {}
                Ok(Received::End) | Err(_) => return false,
            }
        }
    }

    /// Finishes sending.
    pub(crate) async fn finish(&mut self) {
        poll_fn(|cx| self.call.poll_finish(cx)).await.expect("finished");
    }
}

pub(crate) fn find(text: &[u8], part: &[u8]) -> Option<usize> {
    text.windows(part.len()).position(|window| window == part)
}
