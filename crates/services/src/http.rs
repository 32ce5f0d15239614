//! HTTP: RFC 9110 and 9112, one request a connection.
//!
//! ```text
//! Idle ─► Opening ─► Head ─► Body ─► Idle         GET, HEAD, DELETE, TRACE; over and over with redirects
//!            └─► Sending ─► Head ─► Body ─► Idle  PUT, POST
//! ```

mod body;
mod head;
mod url;

use std::ops::ControlFlow;

use clock::Instant;

use self::body::Body;
use self::head::{Head, Reader};
use self::url::{Url, is_url};
use crate::limits::{ANSWER, STALL};
use crate::session::Service;
use crate::text::base64;
use crate::{Event, Link, Login, News, Out, Trouble, is_plain};

/// What is done with a page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    /// It comes.
    Get,
    /// What is known of it comes.
    Head,
    /// It goes.
    Put,
    /// Something goes to it, and what it makes of that comes.
    Post,
    /// It is deleted.
    Delete,
    /// The request comes back.
    Trace,
}

impl Method {
    /// Its name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Head => "HEAD",
            Self::Put => "PUT",
            Self::Post => "POST",
            Self::Delete => "DELETE",
            Self::Trace => "TRACE",
        }
    }

    const fn sends(self) -> bool {
        matches!(self, Self::Put | Self::Post)
    }

    /// Whether the answer's page is for the owner.
    const fn fetches(self) -> bool {
        matches!(self, Self::Get | Self::Post | Self::Trace)
    }
}

/// The version of requests.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Version {
    /// 1.0
    Http10,
    /// 1.1
    #[default]
    Http11,
}

/// By whom all requests of a session go.
#[derive(Clone, Debug, Default)]
pub struct Via {
    /// The server of pages whose addresses name none, and the proxy for all others.
    pub server: Option<(String, u16)>,
    /// Who we are there.
    pub login: Login,
    /// Headers of all requests.
    pub headers: Vec<(String, String)>,
}

/// One request.
#[derive(Clone, Debug)]
pub struct Request {
    /// What is done.
    pub method: Method,
    /// A whole address, or a path.
    pub url: String,
    /// Who we are there.
    pub login: Login,
    /// More headers.
    pub headers: Vec<(String, String)>,
}

/// A session of HTTP: it has no connection but during a request.
#[derive(Clone, Debug)]
pub struct Http {
    via: Via,
    version: Version,
    redirects: u16,
    stage: Stage,
    last: Head,
    until: Option<Instant>,
}

#[derive(Clone, Debug)]
enum Stage {
    Idle,
    Opening(Box<Going>),
    /// The owner sends the page.
    Sending(Box<Going>, Reader),
    Head(Box<Going>, Reader),
    Body(Box<Going>, Body),
}

/// A request on its way.
#[derive(Clone, Debug)]
struct Going {
    request: Request,
    url: Url,
    /// Whether it goes through a proxy.
    proxy: Proxy,
    coding: Coding,
    /// How many redirects it has seen.
    moved: u16,
    begun: Begun,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Proxy {
    No,
    Yes,
}

/// How the end of what is sent is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Coding {
    Chunks,
    /// So many bytes are left.
    Length(u64),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Begun {
    No,
    Yes,
}

/// What stands between two chunks.
const NEXT: &[u8] = b"\r\n";

impl Http {
    pub(crate) fn new(via: Via) -> Self {
        Self {
            via,
            version: Version::default(),
            redirects: 0,
            stage: Stage::Idle,
            last: Head::default(),
            until: None,
        }
    }

    /// The version of requests.
    pub const fn version(&self) -> Version {
        self.version
    }

    /// Sets what [`Http::version`] tells.
    pub const fn set_version(&mut self, version: Version) {
        self.version = version;
    }

    /// How many redirects are followed.
    pub const fn redirects(&self) -> u16 {
        self.redirects
    }

    /// Sets what [`Http::redirects`] tells.
    pub const fn set_redirects(&mut self, redirects: u16) {
        self.redirects = redirects;
    }

    /// The last answer: its number and the words for it.
    pub fn status(&self) -> Option<(u16, &str)> {
        (self.last.code != 0).then_some((self.last.code, self.last.reason.as_str()))
    }

    /// A header of the last answer.
    pub fn header(&self, name: &str) -> Option<String> {
        self.last.header(name)
    }

    /// Asks for something.
    pub fn request(&mut self, now: Instant, request: Request, out: &mut dyn Out) {
        let refusal = if matches!(self.stage, Stage::Idle) { None } else { Some(Trouble::Closed) };
        match refusal.map_or_else(|| self.prepare(request), Err) {
            Ok(going) => {
                self.last = Head::default();
                self.open(now, going, out);
            }
            Err(trouble) => out.news(News::Failed(trouble)),
        }
    }

    fn prepare(&self, request: Request) -> Result<Going, Trouble> {
        let all = || self.via.headers.iter().chain(&request.headers);
        let fit = |(name, value): &(String, String)| {
            !name.is_empty() && name.bytes().all(is_token) && is_plain(value)
        };
        if !is_url(&request.url) || !all().all(fit) {
            return Err(Trouble::Unsupported);
        }
        let (url, proxy) = match (Url::whole(&request.url), &self.via.server) {
            (Some(url), Some(_)) => (url, Proxy::Yes),
            (Some(url), None) => (url, Proxy::No),
            (None, _) if request.url.contains("://") => return Err(Trouble::Unsupported),
            (None, None) => return Err(Trouble::Unsupported),
            (None, Some((host, port))) => {
                let root = Url { host: host.clone(), port: *port, path: "/".into() };
                (root.moved(&request.url).ok_or(Trouble::Unsupported)?, Proxy::No)
            }
        };
        let length = all().find(|(name, _)| name.eq_ignore_ascii_case("content-length"));
        let coding = match (length, self.version) {
            (Some((_, value)), _) => {
                Coding::Length(value.trim().parse().map_err(|_| Trouble::Unsupported)?)
            }
            // 1.0 has no way to tell an end that isn't known.
            (None, Version::Http10) if request.method.sends() => return Err(Trouble::Unsupported),
            (None, _) => Coding::Chunks,
        };
        Ok(Going { request, url, proxy, coding, moved: 0, begun: Begun::No })
    }

    fn open(&mut self, now: Instant, going: Going, out: &mut dyn Out) {
        let (host, port) = match (&self.via.server, going.proxy) {
            (Some((host, port)), Proxy::Yes) => (host.clone(), *port),
            _ => (going.url.host.clone(), going.url.port),
        };
        (self.stage, self.until) = (Stage::Opening(Box::new(going)), Some(now + STALL));
        out.open(Link::Control, &host, port);
    }

    /// The head of a request.
    fn head(&self, going: &Going) -> String {
        let Going { request, url, proxy, .. } = going;
        let target = match proxy {
            Proxy::Yes => url.text(),
            Proxy::No => url.path.clone(),
        };
        let version = match self.version {
            Version::Http10 => "HTTP/1.0",
            Version::Http11 => "HTTP/1.1",
        };
        let mut head = format!("{} {target} {version}\r\n", request.method.name());
        let own = self.via.headers.iter().chain(&request.headers);
        let has = |name: &str| own.clone().any(|(known, _)| known.eq_ignore_ascii_case(name));
        if !has("host") {
            head.push_str(&format!("Host: {}\r\n", url.server()));
        }
        // A password is for the server that was named, and not for where that sends us.
        let login = |login: &Login| base64(format!("{}:{}", login.user, login.password).as_bytes());
        let mut authorise = |name: &str, who: &Login| {
            if !who.user.is_empty() && !has(name) {
                head.push_str(&format!("{name}: Basic {}\r\n", login(who)));
            }
        };
        let at_home = going.moved == 0;
        match proxy {
            Proxy::Yes => authorise("Proxy-Authorization", &self.via.login),
            Proxy::No if at_home && request.login.user.is_empty() => {
                authorise("Authorization", &self.via.login);
            }
            Proxy::No => {}
        }
        if at_home {
            authorise("Authorization", &request.login);
        }
        for (name, value) in own.clone() {
            let secret =
                name.eq_ignore_ascii_case("authorization") || name.eq_ignore_ascii_case("cookie");
            let ours = ["connection", "transfer-encoding"]
                .iter()
                .any(|ours| name.eq_ignore_ascii_case(ours));
            if !ours && (at_home || !secret) {
                head.push_str(&format!("{name}: {value}\r\n"));
            }
        }
        if request.method.sends() && going.coding == Coding::Chunks {
            head.push_str("Transfer-Encoding: chunked\r\n");
        }
        head.push_str("Connection: close\r\n\r\n");
        head
    }

    fn opened(&mut self, now: Instant, out: &mut dyn Out) {
        let Stage::Opening(mut going) = std::mem::replace(&mut self.stage, Stage::Idle) else {
            return;
        };
        let head = self.head(&going);
        out.send(Link::Control, head.as_bytes());
        self.until = Some(now + ANSWER);
        self.stage = if going.request.method.sends() {
            going.begun = Begun::Yes;
            out.news(News::Begun);
            self.until = Some(now + STALL);
            Stage::Sending(going, Reader::default())
        } else {
            Stage::Head(going, Reader::default())
        };
    }

    fn fail(&mut self, trouble: Trouble, out: &mut dyn Out) {
        if matches!(self.stage, Stage::Idle) {
            return;
        }
        (self.stage, self.until) = (Stage::Idle, None);
        out.close(Link::Control);
        out.news(News::Failed(trouble));
    }

    fn done(&mut self, out: &mut dyn Out) {
        (self.stage, self.until) = (Stage::Idle, None);
        out.close(Link::Control);
        out.news(News::Done);
    }

    fn heard(&mut self, now: Instant, mut bytes: &[u8], out: &mut dyn Out) {
        while !bytes.is_empty() {
            match std::mem::replace(&mut self.stage, Stage::Idle) {
                // It has made up its mind before it has heard all: the owner is told once it has sent what it has.
                Stage::Sending(going, mut reader) => match reader.next(&mut bytes) {
                    Some(Ok(head)) if head.code < 200 => {
                        self.stage = Stage::Sending(going, Reader::default());
                    }
                    Some(Ok(head)) => {
                        self.last = head;
                        self.stage = Stage::Sending(going, Reader::default());
                        return self.fail(Trouble::Closed, out);
                    }
                    Some(Err(_)) => {
                        self.stage = Stage::Sending(going, Reader::default());
                        return self.fail(Trouble::Protocol, out);
                    }
                    None => self.stage = Stage::Sending(going, reader),
                },
                Stage::Head(going, mut reader) => match reader.next(&mut bytes) {
                    Some(Ok(head)) if head.code < 200 => {
                        self.stage = Stage::Head(going, Reader::default());
                    }
                    Some(Ok(head)) => self.answered(now, going, head, out),
                    Some(Err(_)) => {
                        self.stage = Stage::Head(going, Reader::default());
                        return self.fail(Trouble::Protocol, out);
                    }
                    None => self.stage = Stage::Head(going, reader),
                },
                Stage::Body(going, mut body) => {
                    let piece = body.next(&mut bytes);
                    let fetches = going.request.method.fetches();
                    self.stage = Stage::Body(going, body);
                    match piece {
                        // Only a page for the owner may take as long as something of it comes: a head or a trailer
                        // that never ends is none, and what follows on a page that was sent is of no use to anybody.
                        Ok(ControlFlow::Continue(piece)) if fetches && !piece.is_empty() => {
                            self.until = Some(now + STALL);
                            out.file(piece);
                        }
                        Ok(ControlFlow::Continue(_)) => {}
                        Ok(ControlFlow::Break(())) => return self.done(out),
                        Err(_) => return self.fail(Trouble::Protocol, out),
                    }
                }
                Stage::Idle => return,
                stage @ Stage::Opening(_) => {
                    self.stage = stage;
                    return;
                }
            }
            self.ends_here(out);
        }
    }

    /// A page of which nothing is to come is whole.
    fn ends_here(&mut self, out: &mut dyn Out) {
        if let Stage::Body(_, body) = &mut self.stage
            && matches!(body, Body::Length(0))
        {
            self.done(out);
        }
    }

    fn answered(&mut self, now: Instant, mut going: Box<Going>, head: Head, out: &mut dyn Out) {
        let follows = matches!(going.request.method, Method::Get | Method::Head)
            && matches!(head.code, 301 | 302 | 303 | 307 | 308)
            && going.moved < self.redirects;
        let to = head.header("location").filter(|to| is_url(to));
        let body = Body::of(&head);
        let method = going.request.method;
        self.last = head;
        if follows && let Some(url) = to.and_then(|to| going.url.moved(&to)) {
            going.moved += 1;
            going.url = url;
            out.close(Link::Control);
            return self.open(now, *going, out);
        }
        let body = match (method, body) {
            (Method::Head, _) => Body::Length(0),
            (_, Ok(body)) => body,
            (_, Err(_)) => {
                self.stage = Stage::Head(going, Reader::default());
                return self.fail(Trouble::Protocol, out);
            }
        };
        if method.fetches() && going.begun == Begun::No {
            going.begun = Begun::Yes;
            out.news(News::Begun);
        }
        (self.stage, self.until) = (Stage::Body(going, body), Some(now + STALL));
    }

    fn ended(&mut self, trouble: Trouble, out: &mut dyn Out) {
        match &self.stage {
            Stage::Body(_, body) if body.ends_with_connection() && trouble == Trouble::Closed => {
                self.done(out);
            }
            _ => self.fail(trouble, out),
        }
    }
}

/// RFC 9110, 5.6.2.
const fn is_token(byte: u8) -> bool {
    byte.is_ascii_alphanumeric()
        || matches!(
            byte,
            b'!' | b'#'
                | b'$'
                | b'%'
                | b'&'
                | b'\''
                | b'*'
                | b'+'
                | b'-'
                | b'.'
                | b'^'
                | b'_'
                | b'`'
                | b'|'
                | b'~'
        )
}

impl Service for Http {
    fn event(&mut self, now: Instant, event: Event<'_>, out: &mut dyn Out) {
        match event {
            Event::Opened { .. } => self.opened(now, out),
            Event::Listening { .. } => {}
            Event::Failed(_) => self.fail(Trouble::Unreachable, out),
            Event::Data { bytes, .. } => self.heard(now, bytes, out),
            Event::Ended(_) => self.ended(Trouble::Closed, out),
            Event::Reset(_) => self.ended(Trouble::Reset, out),
        }
    }

    fn put(&mut self, now: Instant, bytes: &[u8], out: &mut dyn Out) {
        let Stage::Sending(going, _) = &mut self.stage else { return };
        if bytes.is_empty() {
            return;
        }
        self.until = Some(now + STALL);
        match &mut going.coding {
            Coding::Chunks => {
                out.send(Link::Control, format!("{:x}\r\n", bytes.len()).as_bytes());
                out.send(Link::Control, bytes);
                out.send(Link::Control, NEXT);
            }
            Coding::Length(left) => match left.checked_sub(bytes.len() as u64) {
                Some(rest) => {
                    *left = rest;
                    out.send(Link::Control, bytes);
                }
                // More than was told would be taken for another request.
                None => self.fail(Trouble::Body, out),
            },
        }
    }

    fn finish(&mut self, now: Instant, out: &mut dyn Out) {
        match std::mem::replace(&mut self.stage, Stage::Idle) {
            Stage::Sending(going, reader) => {
                let short = matches!(going.coding, Coding::Length(1..));
                if going.coding == Coding::Chunks {
                    out.send(Link::Control, b"0\r\n\r\n");
                }
                (self.stage, self.until) = (Stage::Head(going, reader), Some(now + STALL));
                if short {
                    self.fail(Trouble::Body, out);
                }
            }
            stage => self.stage = stage,
        }
    }

    fn abort(&mut self, _: Instant, out: &mut dyn Out) {
        self.close(out);
    }

    fn close(&mut self, out: &mut dyn Out) {
        if !matches!(std::mem::replace(&mut self.stage, Stage::Idle), Stage::Idle) {
            self.until = None;
            out.close(Link::Control);
        }
    }

    fn deadline(&self) -> Option<Instant> {
        self.until
    }

    fn due(&mut self, _: Instant, out: &mut dyn Out) {
        self.fail(Trouble::Protocol, out);
    }

    fn carries_file(&self, _: Link) -> bool {
        matches!(&self.stage, Stage::Body(going, _) if going.request.method.fetches())
    }
}
