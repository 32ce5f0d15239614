//! A hostile server, an impatient owner, and bytes cut anywhere: no session panics, uses a link that it doesn't have,
//! says two lines where it should say one, tells of a file that never began, or waits for ever.
#![no_main]

use std::net::{Ipv4Addr, SocketAddrV4};
use std::time::Duration;

use clock::Instant;
use libfuzzer_sys::fuzz_target;
use services::{
    Connecting, Event, Kind, Link, Login, Mail, Method, News, Out, Request, Server, Session, Version, Via,
};

const FROM: SocketAddrV4 = SocketAddrV4::new(Ipv4Addr::new(192, 0, 2, 9), 21);

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum State {
    #[default]
    Closed,
    Opening,
    Listening,
    Open,
}

/// All that a session did.
#[derive(Debug, Default, PartialEq)]
struct Wire {
    control: State,
    data: State,
    said: Vec<u8>,
    sent: Vec<u8>,
    file: Vec<u8>,
    news: Vec<News>,
    /// Whether something is asked for, and has not come to its end.
    wanted: bool,
    begun: bool,
    /// Whether each piece of the dialogue is one line.
    lines: bool,
    over: bool,
}

impl Wire {
    fn link(&mut self, link: Link) -> &mut State {
        match link {
            Link::Control => &mut self.control,
            Link::Data => &mut self.data,
        }
    }
}

impl Out for Wire {
    fn open(&mut self, link: Link, host: &str, port: u16) {
        assert!(port != 0 && !host.is_empty() && host.bytes().all(|byte| byte.is_ascii_graphic()), "{host:?}:{port}");
        assert_eq!(*self.link(link), State::Closed, "{link:?} is opened twice");
        *self.link(link) = State::Opening;
    }

    fn listen(&mut self, link: Link) {
        assert_eq!(*self.link(link), State::Closed, "{link:?} is opened twice");
        *self.link(link) = State::Opening;
    }

    fn send(&mut self, link: Link, bytes: &[u8]) {
        assert_eq!(*self.link(link), State::Open, "{link:?} isn't open");
        match link {
            Link::Control => {
                if self.lines && !self.begun {
                    let line = bytes.strip_suffix(b"\r\n").expect("a line");
                    assert!(!line.iter().any(|byte| matches!(byte, b'\r' | b'\n' | 0)), "{line:?}");
                }
                self.said.extend_from_slice(bytes);
            }
            Link::Data => self.sent.extend_from_slice(bytes),
        }
    }

    fn shut(&mut self, link: Link) {
        assert_eq!(*self.link(link), State::Open, "{link:?} isn't open");
    }

    fn close(&mut self, link: Link) {
        *self.link(link) = State::Closed;
    }

    fn file(&mut self, bytes: &[u8]) {
        assert!(self.begun, "a file that never began");
        self.file.extend_from_slice(bytes);
    }

    fn news(&mut self, news: News) {
        assert!(!self.over, "{news:?} when all is over");
        match news {
            News::Ready => {}
            News::Begun => {
                assert!(self.wanted && !self.begun, "nothing that could begin");
                self.begun = true;
            }
            News::Done | News::Failed(_) => {
                assert!(std::mem::take(&mut self.wanted), "{news:?} of nothing");
                self.begun = false;
            }
            News::Refused(_) => (self.over, self.wanted) = (true, false),
            News::Lost => {
                assert!(!self.wanted, "nobody is told what became of a file");
                self.over = true;
            }
        }
        self.news.push(news);
    }
}

/// One event: its kind, and bytes or a number.
type Step<'a> = (u8, &'a [u8]);

fn run(kind: u8, steps: &[Step<'_>], size: usize) -> Wire {
    let mut wire = Wire { lines: kind % 4 != 1, ..Wire::default() };
    let mut now = Instant::ORIGIN;
    let login = Login { account: "extra".into(), ..Login::new("me", "secret") };
    let server = Server { host: "h".into(), port: 21, login: login.clone() };
    let mut session = match kind % 4 {
        0 => Session::ftp(now, server, &mut wire),
        1 => {
            let server = (kind & 4 == 0).then(|| ("h".into(), 80));
            Session::http(Via { server, login, headers: Vec::new() })
        }
        2 => Session::smtp(now, server, Ipv4Addr::LOCALHOST, &mut wire),
        _ => Session::pop3(now, server, &mut wire),
    };
    for &(event, bytes) in steps {
        let number = bytes.first().copied().unwrap_or(0);
        let link = if number % 2 == 0 { Link::Control } else { Link::Data };
        match event % 16 {
            0..=4 => says(&mut session, now, Link::Control, bytes, size, &mut wire),
            5 => says(&mut session, now, Link::Data, bytes, size, &mut wire),
            6 => match *wire.link(link) {
                State::Opening if event & 16 == 0 => {
                    *wire.link(link) = State::Open;
                    session.event(now, Event::Opened { link, peer: Some(FROM) }, &mut wire);
                }
                State::Opening => {
                    *wire.link(link) = State::Listening;
                    session.event(now, Event::Listening { link, at: FROM }, &mut wire);
                }
                State::Listening => {
                    *wire.link(link) = State::Open;
                    session.event(now, Event::Opened { link, peer: Some(FROM) }, &mut wire);
                }
                State::Closed | State::Open => {}
            },
            7 if *wire.link(link) == State::Opening => {
                *wire.link(link) = State::Closed;
                session.event(now, Event::Failed(link), &mut wire);
            }
            8 if *wire.link(link) == State::Open => session.event(now, Event::Ended(link), &mut wire),
            9 if *wire.link(link) == State::Open => session.event(now, Event::Reset(link), &mut wire),
            10 => bytes.chunks(size).for_each(|piece| session.put(now, piece, &mut wire)),
            11 => session.finish(now, &mut wire),
            12 if wire.begun => {
                (wire.wanted, wire.begun) = (false, false);
                session.abort(now, &mut wire);
            }
            13 => {
                now = session.deadline().unwrap_or(now + Duration::from_secs(1)).max(now);
                session.due(now, &mut wire);
            }
            14 if !wire.wanted && !wire.over => {
                wire.wanted = true;
                ask(&mut session, now, number, &mut wire);
            }
            15 if number == 0xFF => {
                session.close(&mut wire);
                wire.over = true;
            }
            _ => {}
        }
        assert!(!wire.wanted || wire.over || session.deadline().is_some(), "waits for ever");
        if wire.over {
            assert_eq!((wire.control, wire.data), (State::Closed, State::Closed), "a link is left");
        }
    }
    wire
}

fn says(session: &mut Session, now: Instant, link: Link, bytes: &[u8], size: usize, wire: &mut Wire) {
    for bytes in bytes.chunks(size) {
        // As drivers do: a file is read once its owner takes it.
        let welcome = !session.carries_file(link) || wire.begun;
        if *wire.link(link) == State::Open && welcome {
            session.event(now, Event::Data { link, bytes }, wire);
        }
    }
}

fn ask(session: &mut Session, now: Instant, number: u8, wire: &mut Wire) {
    match session {
        Session::Ftp(ftp) => {
            ftp.set_kind(if number & 1 == 0 { Kind::Ascii } else { Kind::Binary });
            ftp.set_connecting(if number & 2 == 0 { Connecting::Passive } else { Connecting::Active });
            match number >> 2 & 3 {
                0 => ftp.fetch(now, "a b", wire),
                1 => ftp.store(now, "a b", wire),
                2 => ftp.list(now, "", wire),
                _ => ftp.delete(now, "a b", wire),
            }
        }
        Session::Http(http) => {
            http.set_redirects(u16::from(number & 3));
            http.set_version(if number & 4 == 0 { Version::Http11 } else { Version::Http10 });
            let all = [Method::Get, Method::Head, Method::Put, Method::Post, Method::Delete, Method::Trace];
            let method = all[usize::from(number >> 3) % all.len()];
            let length = (number & 4 != 0).then(|| ("Content-Length".into(), "5".into()));
            let login = Login::new("you", "secret");
            http.request(now, Request { method, url: "http://h/x".into(), login, headers: length.into_iter().collect() }, wire);
        }
        Session::Smtp(smtp) => {
            let mail = Mail { sender: "a@x".into(), to: "b@x, c@x".into(), cc: "d@x".into(), ..Mail::default() };
            smtp.send(now, mail, wire);
        }
        Session::Pop3(pop3) if number % 2 == 0 => pop3.retrieve(now, number.into(), wire),
        Session::Pop3(pop3) => pop3.delete(now, number.into(), wire),
    }
}

fuzz_target!(|bytes: &[u8]| {
    let Some((&kind, mut rest)) = bytes.split_first() else { return };
    let mut steps = Vec::new();
    while let Some((&event, after)) = rest.split_first() {
        let (length, text) = after.split_first().map_or((0, after), |(&length, text)| (usize::from(length), text));
        let (text, after) = text.split_at(length.min(text.len()));
        rest = after;
        steps.push((event, text));
    }
    let whole = run(kind, &steps, usize::MAX);
    let alone = run(kind, &steps, 1);
    // How much of a page is one chunk is the owner's own affair.
    let chunked = kind % 4 == 1;
    assert!(chunked || whole.said == alone.said, "said otherwise:\n{whole:?}\n{alone:?}");
    assert_eq!((whole.sent, whole.file, &whole.news), (alone.sent, alone.file, &alone.news));
});
