//! A house of paper, its page, and a client that says exactly what a test wants said.

use std::future::Future;
use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};

use settings::{Secret, SecretRef};
use tokio::sync::mpsc;
use web::{
    Busy, CallNow, CallOver, Direction, Ended, FailedLogin, Figures, GroupNow, GsmCall, GsmNow,
    House, LineNow, Listener, MemberKind, MemberNow, ModemNow, OperatorConfig, Refusal, Role,
    Server, Setup, Staff, TokenConfig, Trace, TraceEntry, WebConfig,
};

pub(crate) const VIEWER: &str = "viewer-token-0123456789";
pub(crate) const OPERATOR: &str = "operator-token-0123456789";
pub(crate) const ADMIN: &str = "admin-token-0123456789";

/// Longest wait for anything; a machine with many builds is slow.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

#[derive(Default)]
pub(crate) struct Paper {
    pub(crate) lines: usize,
    pub(crate) orders: Mutex<Vec<String>>,
    pub(crate) traces: Mutex<Vec<mpsc::Sender<TraceEntry>>>,
}

struct PaperTrace(mpsc::Receiver<TraceEntry>);

impl Trace for PaperTrace {
    fn next(&mut self) -> Pin<Box<dyn Future<Output = Option<TraceEntry>> + Send + '_>> {
        Box::pin(self.0.recv())
    }
}

pub(crate) fn call(id: &str, line: Option<&str>) -> CallNow {
    CallNow {
        id: id.to_owned(),
        line: line.map(str::to_owned),
        direction: if line.is_some() { Direction::Out } else { Direction::In },
        party: "10.0.0.7:8023".to_owned(),
        over: line.is_none().then(|| "telnet".into()),
        account: line.is_none().then(|| "site-0042".to_owned()),
        since: SystemTime::UNIX_EPOCH.into(),
        sent: 26,
        received: 89,
    }
}

impl House for Paper {
    fn lines(&self) -> Vec<LineNow> {
        (0..self.lines)
            .map(|n| {
                let name = format!("line-{n}");
                LineNow {
                    state: if n == 1 { "online".into() } else { "idle".into() },
                    persona: "hayes".into(),
                    place: format!("/dev/ttyUSB{n}"),
                    listens: vec![format!("0.0.0.0:{}", 4000 + n)],
                    dtr: true,
                    dcd: n == 1,
                    ri: false,
                    busy: Some(n == 2),
                    error: (n == 3).then(|| "no such device".to_owned()),
                    call: (n == 1).then(|| call("line-1-7", Some(&name))),
                    name,
                }
            })
            .collect()
    }

    fn modems(&self) -> Vec<ModemNow> {
        let modem = |name: &str, party: Option<&str>| ModemNow {
            name: name.to_owned(),
            state: if party.is_some() { "online".into() } else { "absent".into() },
            device: format!("/dev/{name}"),
            busy: false,
            error: party.is_none().then(|| "no such device".to_owned()),
            party: party.map(str::to_owned),
            since: party.map(|_| SystemTime::UNIX_EPOCH.into()),
            groups: vec!["rack".to_owned()],
            gsm: None,
        };
        let last_call = GsmCall {
            party: "192.0.2.9:8023".to_owned(),
            at: SystemTime::UNIX_EPOCH.into(),
            connected: false,
            cause: Some("refused".into()),
            words: Some("the far end refused the connection".to_owned()),
        };
        let gsm = GsmNow {
            dialect: Some("wavecom".into()),
            network: "Example Net (home)".to_owned(),
            dbm: Some(-79),
            last_call: Some(last_call),
        };
        let module = ModemNow {
            state: "no SIM".into(),
            groups: Vec::new(),
            gsm: Some(gsm),
            ..modem("north", None)
        };
        vec![modem("modem-1", Some("5551234")), modem("modem-2", None), module]
    }

    fn groups(&self) -> Vec<GroupNow> {
        let member = |name: &str, kind, state: &'static str| MemberNow {
            name: name.to_owned(),
            kind,
            state: state.into(),
        };
        vec![GroupNow {
            name: "rack".to_owned(),
            order: "linear".into(),
            when_busy: "busy".into(),
            listens: vec!["0.0.0.0:4000".to_owned()],
            members: vec![
                member("modem-1", MemberKind::Modem, "online"),
                member("line-1", MemberKind::Line, "idle"),
            ],
            free: 1,
            calls: 1,
        }]
    }

    fn calls(&self) -> Vec<CallNow> {
        vec![call("line-1-7", Some("line-1")), call("6921b0c4-17", None)]
    }

    fn recent(&self, _most: usize) -> Vec<CallOver> {
        let over = |call: CallNow, status: Option<&str>| CallOver {
            call,
            seconds: 4,
            cause: "caller-hung-up".into(),
            words: "caller hung up".into(),
            status: status.map(str::to_owned),
        };
        vec![
            over(call("6921b0c4-16", None), Some("0")),
            over(call("line-1-6", Some("line-1")), None),
        ]
    }

    fn failed_logins(&self) -> Vec<FailedLogin> {
        vec![FailedLogin {
            at: SystemTime::UNIX_EPOCH.into(),
            from: "192.0.2.1".to_owned(),
            at_what: "exchange".into(),
            name: None,
            cause: "login-tries".into(),
            words: "too many tries".into(),
        }]
    }

    fn listeners(&self) -> Vec<Listener> {
        vec![Listener {
            address: "0.0.0.0:8023".to_owned(),
            answers: "exchange".to_owned(),
            accepts: vec!["telnet".to_owned(), "raw".to_owned()],
        }]
    }

    fn figures(&self) -> Figures {
        Figures {
            ended: vec![Ended {
                side: "exchange",
                direction: Direction::In,
                cause: "caller-hung-up".into(),
                calls: 3,
                sent: 10,
                received: 20,
            }],
            logins: vec![("ok".into(), 2), ("login-tries".into(), 1), ("ok".into(), 1)],
            modem_calls: vec![(Direction::Out, "busy".into(), 4)],
            modem_failures: vec![("silent".into(), 6)],
            password_hashes: 5,
            store_queue: Some(0),
        }
    }

    fn trace(&self, line: &str, _by: &str) -> Result<Box<dyn Trace>, Refusal> {
        if line != "line-1" {
            return Err(Refusal::Unknown(format!("there is no line `{line}`")));
        }
        let (sender, entries) = mpsc::channel(256);
        self.traces.lock().unwrap().push(sender);
        Ok(Box::new(PaperTrace(entries)))
    }

    fn hang_up(&self, call: &str, by: &str) -> Result<String, Refusal> {
        if !["line-1-7", "modem-1"].contains(&call) {
            return Err(Refusal::Unknown(format!("there is no call `{call}`")));
        }
        self.orders.lock().unwrap().push(format!("{by} hangs up {call}"));
        Ok("line `line-1` hangs up".to_owned())
    }

    fn set_busy(&self, line: &str, busy: Busy, by: &str) -> Result<String, Refusal> {
        if !["line-1", "modem-1"].contains(&line) {
            return Err(Refusal::Unknown(format!("there is no line `{line}`")));
        }
        self.orders.lock().unwrap().push(format!("{by} makes {line} {busy:?}"));
        Ok("done".to_owned())
    }

    fn sites(&self) -> Option<&dyn web::Sites> {
        Some(&crate::sites::PaperSites)
    }
}

pub(crate) struct Stage {
    pub(crate) house: Arc<Paper>,
    pub(crate) server: Server,
    pub(crate) address: SocketAddr,
}

fn given(text: &str) -> SecretRef {
    SecretRef::Given(Arc::new(Secret::new(text.as_bytes().to_vec())))
}

pub(crate) fn setup(config: &str, passwords: [&str; 2]) -> Setup {
    let mut config: WebConfig = toml::from_str(config).unwrap();
    config.listen = settings::OneOrMany(vec!["127.0.0.1:0".parse().unwrap()]);
    let operators = [("ada", Role::Operator), ("vic", Role::Viewer)];
    let operators: Vec<_> = operators
        .iter()
        .zip(passwords)
        .map(|((name, role), password)| OperatorConfig {
            name: (*name).to_owned(),
            password: given(password),
            role: *role,
        })
        .collect();
    let tokens = [
        ("watcher", VIEWER, Role::Viewer),
        ("robot", OPERATOR, Role::Operator),
        ("engineer", ADMIN, Role::Admin),
    ];
    let tokens = tokens.map(|(name, secret, role)| TokenConfig {
        name: name.to_owned(),
        secret: given(secret),
        role,
    });
    let staff = Staff::new(&operators, &tokens, "/".as_ref()).unwrap();
    Setup { config, staff, tls: None }
}

impl Stage {
    pub(crate) fn new(config: &str, lines: usize) -> Self {
        let house = Arc::new(Paper { lines, ..Paper::default() });
        let shown: Arc<dyn House> = Arc::clone(&house) as _;
        let server = Server::start(setup(config, ["pass", "view"]), shown).unwrap();
        let address = server.addresses()[0];
        Self { house, server, address }
    }

    /// Sends these lines and a body, and reads the whole answer.
    pub(crate) fn say(&self, head: &str, body: &str) -> Answer {
        let mut stream = self.connect();
        let host = if head.to_ascii_lowercase().contains("\nhost:") {
            String::new()
        } else {
            format!("Host: {}\r\n", self.address)
        };
        let length = if body.is_empty() {
            String::new()
        } else {
            format!("Content-Length: {}\r\n", body.len())
        };
        let head = head.replace('\n', "\r\n");
        // A server that has refused already may not take all of it.
        let _ = write!(stream, "{head}\r\n{host}{length}Connection: close\r\n\r\n{body}");
        let mut answer = Vec::new();
        let _ = stream.read_to_end(&mut answer);
        Answer::parse(&String::from_utf8(answer).unwrap())
    }

    pub(crate) fn connect(&self) -> TcpStream {
        let stream = TcpStream::connect(self.address).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream
    }

    /// Asks as a machine.
    pub(crate) fn get(&self, path: &str, token: &str) -> Answer {
        self.say(&format!("GET {path} HTTP/1.1\nAuthorization: Bearer {token}"), "")
    }

    /// Logs in as a browser does, and gives what it would know then.
    pub(crate) fn log_in(&self, name: &str, password: &str) -> Result<Browser, Answer> {
        let form = self.say("GET /login HTTP/1.1", "");
        let proof =
            form.body.split("name=\"proof\" value=\"").nth(1).unwrap().split('"').next().unwrap();
        let answer = self.say(
            &format!(
                "POST /login HTTP/1.1\nSec-Fetch-Site: same-origin\nCookie: {}\nContent-Type: application/x-www-form-urlencoded",
                form.cookie()
            ),
            &format!("name={name}&password={password}&proof={proof}"),
        );
        if answer.status != 303 {
            return Err(answer);
        }
        let cookie = answer.cookie();
        let page = self.say(&format!("GET / HTTP/1.1\nCookie: {cookie}"), "");
        let csrf =
            page.body.split("name=\"csrf\" content=\"").nth(1).unwrap().split('"').next().unwrap();
        Ok(Browser { cookie, csrf: csrf.to_owned() })
    }
}

pub(crate) struct Browser {
    pub(crate) cookie: String,
    pub(crate) csrf: String,
}

#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) head: String,
    pub(crate) body: String,
}

impl Answer {
    fn parse(text: &str) -> Self {
        let (head, body) = text.split_once("\r\n\r\n").unwrap_or((text, ""));
        let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or(0);
        Self { status, head: head.to_owned(), body: body.to_owned() }
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let mut lines = self.head.lines().filter_map(|line| line.split_once(": "));
        lines.find_map(|(known, value)| known.eq_ignore_ascii_case(name).then_some(value))
    }

    /// The cookie that it sets, as it would come back.
    pub(crate) fn cookie(&self) -> String {
        self.header("set-cookie").unwrap().split(';').next().unwrap().to_owned()
    }

    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {}", self.body))
    }
}
