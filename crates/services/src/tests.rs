//! Dialogues of each service, with the server's bytes cut at every place.

use std::borrow::Borrow;
use std::net::{Ipv4Addr, SocketAddrV4};
use std::time::Duration;

use clock::Instant;
use proptest::prelude::*;

use crate::limits::LINES;
use crate::*;

const NOW: Instant = Instant::ORIGIN;
const PEER: SocketAddrV4 = SocketAddrV4::new(Ipv4Addr::new(192, 0, 2, 9), 21);

/// All that a session did, in order.
#[derive(Debug, Default, PartialEq)]
struct Wire {
    said: String,
    data: Vec<u8>,
    file: Vec<u8>,
    news: Vec<News>,
    opened: Vec<(String, u16)>,
    closed: Vec<Link>,
}

impl Out for Wire {
    fn open(&mut self, _: Link, host: &str, port: u16) {
        self.opened.push((host.into(), port));
    }

    fn listen(&mut self, _: Link) {
        self.said.push_str("(listen)");
    }

    fn send(&mut self, link: Link, bytes: &[u8]) {
        match link {
            Link::Control => self.said.push_str(&String::from_utf8_lossy(bytes)),
            Link::Data => self.data.extend_from_slice(bytes),
        }
    }

    fn shut(&mut self, _: Link) {
        self.said.push_str("(shut)");
    }

    fn close(&mut self, link: Link) {
        self.closed.push(link);
    }

    fn file(&mut self, bytes: &[u8]) {
        self.file.extend_from_slice(bytes);
    }

    fn news(&mut self, news: News) {
        self.news.push(news);
    }
}

/// What happens to a session.
enum Step<'a> {
    Opened(Link),
    Listening,
    Hears(&'a [u8]),
    Data(&'a [u8]),
    Ended(Link),
    Put(&'a [u8]),
    Finish,
    Does(&'a dyn Fn(&mut Session, &mut Wire)),
}

fn go<'s>(
    begin: impl Fn(&mut Wire) -> Session,
    steps: &[impl Borrow<Step<'s>>],
    size: usize,
) -> Wire {
    let mut wire = Wire::default();
    let mut session = begin(&mut wire);
    for step in steps {
        let wire = &mut wire;
        match step.borrow() {
            Step::Opened(link) => {
                session.event(NOW, Event::Opened { link: *link, peer: Some(PEER) }, wire);
            }
            Step::Listening => {
                let at = SocketAddrV4::new(Ipv4Addr::new(192, 0, 2, 1), 258);
                session.event(NOW, Event::Listening { link: Link::Data, at }, wire);
            }
            Step::Hears(bytes) => {
                for bytes in bytes.chunks(size) {
                    session.event(NOW, Event::Data { link: Link::Control, bytes }, wire);
                }
            }
            Step::Data(bytes) => {
                for bytes in bytes.chunks(size) {
                    session.event(NOW, Event::Data { link: Link::Data, bytes }, wire);
                }
            }
            Step::Ended(link) => session.event(NOW, Event::Ended(*link), wire),
            Step::Put(bytes) => bytes.chunks(size).for_each(|bytes| session.put(NOW, bytes, wire)),
            Step::Finish => session.finish(NOW, wire),
            Step::Does(does) => does(&mut session, wire),
        }
    }
    wire
}

/// The same however the bytes are cut.
fn however_cut<'s>(begin: impl Fn(&mut Wire) -> Session, steps: &[impl Borrow<Step<'s>>]) -> Wire {
    let whole = go(&begin, steps, usize::MAX);
    for size in [1, 2, 3, 7] {
        assert_eq!(go(&begin, steps, size), whole, "in pieces of {size}");
    }
    whole
}

fn server() -> Server {
    Server { host: "h".into(), port: 21, login: Login::new("me", "secret") }
}

fn ftp(out: &mut Wire) -> Session {
    Session::ftp(NOW, server(), out)
}

/// In, and a file is asked for in binary.
fn fetching(session: &mut Session, wire: &mut Wire) {
    let Session::Ftp(ftp) = session else { panic!() };
    ftp.set_kind(Kind::Binary);
    ftp.fetch(NOW, "a b", wire);
}

#[test]
fn ftp_fetches_a_file_and_ends_once_both_its_connections_say_so() {
    let steps = [
        Step::Opened(Link::Control),
        Step::Hears(b"220-hello\r\n 220 you\r\n220 there\r\n"),
        Step::Hears(b"331 who\r\n230 in\r\n"),
        Step::Does(&fetching),
        Step::Hears(b"200 so be it\r\n227 Passive (127,0,0,1,1,2).\r\n"),
        Step::Opened(Link::Data),
        Step::Hears(b"150 it comes\n226 it came\r\n"),
        Step::Data(b"\x00\xffbytes"),
        Step::Ended(Link::Data),
    ];
    let wire = however_cut(ftp, &steps);
    assert_eq!(wire.said, "USER me\r\nPASS secret\r\nTYPE I\r\nPASV\r\nRETR a b\r\n");
    assert_eq!(wire.file, b"\x00\xffbytes");
    assert_eq!(wire.news, [News::Ready, News::Begun, News::Done]);
    // Where the server names another address than its own.
    assert_eq!(wire.opened[1], ("192.0.2.9".into(), 258));
}

/// In, and a file is to be stored, for which the connection is there.
fn storing() -> [Step<'static>; 5] {
    [
        Step::Opened(Link::Control),
        Step::Hears(b"220 a\r\n230 b\r\n"),
        Step::Does(&|session, wire| {
            let Session::Ftp(ftp) = session else { panic!() };
            ftp.store(NOW, "x", wire);
        }),
        Step::Hears(b"227 =127,0,0,1,1,2\r\n"),
        Step::Opened(Link::Data),
    ]
}

/// In, and a file is asked for by a connection of the server's.
fn fetching_actively(session: &mut Session, wire: &mut Wire) {
    let Session::Ftp(ftp) = session else { panic!() };
    ftp.set_connecting(Connecting::Active);
    ftp.fetch(NOW, "a", wire);
}

#[test]
fn ftp_is_connected_to_before_or_behind_the_answer_and_hears_the_whole_file() {
    let begin = [
        Step::Opened(Link::Control),
        Step::Hears(b"220 hello\r\n230 in\r\n"),
        Step::Does(&fetching_actively),
        Step::Listening,
        Step::Hears(b"200 so be it\r\n"),
    ];
    let file = [Step::Data(b"bytes"), Step::Ended(Link::Data)];
    let begun = "USER me\r\n(listen)PORT 192,0,2,1,1,2\r\nRETR a\r\n";
    let orders: [Vec<Step<'_>>; 4] = [
        vec![Step::Opened(Link::Data), Step::Hears(b"150 it comes\r\n226 it came\r\n")],
        vec![Step::Hears(b"150 it comes\r\n"), Step::Opened(Link::Data), Step::Hears(b"226\r\n")],
        vec![Step::Hears(b"150 it comes\r\n226 it came\r\n"), Step::Opened(Link::Data)],
        vec![Step::Hears(b"226 it came\r\n"), Step::Opened(Link::Data)],
    ];
    for order in orders {
        let steps: Vec<_> = begin.iter().chain(&order).chain(&file).collect();
        let wire = however_cut(ftp, &steps);
        assert_eq!(wire.said, begun);
        assert_eq!(wire.file, b"bytes");
        assert_eq!(wire.news, [News::Ready, News::Begun, News::Done]);
        assert_eq!(wire.closed, [Link::Data]);
    }
    for refused in [&b"425 can't connect\r\n"[..], b"150 now\r\n425 can't connect\r\n"] {
        let refused = [Step::Hears(refused)];
        let steps: Vec<_> = begin.iter().chain(&refused).collect();
        let wire = however_cut(ftp, &steps);
        assert_eq!(wire.news, [News::Ready, News::Failed(Trouble::Closed)]);
        assert_eq!(wire.closed, [Link::Data]);
    }
}

#[test]
fn ftp_tells_where_to_connect_in_the_newer_way_to_who_refuses_the_old_one() {
    let told = |answers: &'static [u8]| {
        let steps = [
            Step::Opened(Link::Control),
            Step::Hears(b"220 hello\r\n230 in\r\n"),
            Step::Does(&fetching_actively),
            Step::Listening,
            Step::Hears(answers),
        ];
        however_cut(ftp, &steps)
    };
    let wire = told(b"502 what?\r\n200 so be it\r\n");
    assert!(wire.said.ends_with("EPRT |1|192.0.2.1|258|\r\nRETR a\r\n"), "{}", wire.said);
    let wire = told(b"502 what?\r\n502 what?\r\n");
    assert_eq!(wire.news, [News::Ready, News::Failed(Trouble::Closed)]);
    assert_eq!(wire.closed, [Link::Data]);
}

#[test]
fn ftp_does_not_believe_a_server_that_has_a_file_before_its_owner_has_given_it() {
    let begin = storing();
    let given = [Step::Hears(b"150 give\r\n"), Step::Put(b"half")];
    let closes = || [Step::Ended(Link::Data), Step::Hears(b"226 I have it\r\n")];
    let ends: [(Vec<Step<'_>>, News); 3] = [
        (vec![Step::Hears(b"226 I have it\r\n")], News::Failed(Trouble::Closed)),
        (closes().into(), News::Failed(Trouble::Closed)),
        (vec![Step::Put(b"+"), Step::Finish, Step::Hears(b"226 I have it\r\n")], News::Done),
    ];
    for (end, news) in ends {
        let steps: Vec<_> = begin.iter().chain(&given).chain(&end).collect();
        let wire = however_cut(ftp, &steps);
        assert_eq!(wire.news, [News::Ready, News::Begun, news]);
        assert_eq!(wire.closed, [Link::Data]);
    }
}

#[test]
fn ftp_is_refused_by_name_password_or_file() {
    let enter = |answers: &'static [u8]| {
        however_cut(ftp, &[Step::Opened(Link::Control), Step::Hears(answers)]).news
    };
    assert_eq!(enter(b"220 a\r\n530 who?\r\n"), [News::Refused(Trouble::User)]);
    assert_eq!(enter(b"220 a\r\n331 b\r\n530 no\r\n"), [News::Refused(Trouble::Password)]);
    assert_eq!(enter(b"421 too many\r\n"), [News::Refused(Trouble::NotReady)]);
    assert_eq!(enter(b"SSH-2.0-x\r\n"), [News::Refused(Trouble::Protocol)]);
    let refused = [Step::Hears(b"553 not yours\r\n"), Step::Hears(b"421 good night\r\n")];
    let begin = storing();
    let steps: Vec<_> = begin.iter().chain(&refused).collect();
    let wire = however_cut(ftp, &steps);
    assert_eq!(wire.news, [News::Ready, News::Failed(Trouble::Closed), News::Lost]);
    assert_eq!(wire.closed, [Link::Data, Link::Control]);
}

#[test]
fn a_silent_server_is_not_waited_for_for_ever() {
    let mut wire = Wire::default();
    let mut session = ftp(&mut wire);
    session.event(NOW, Event::Opened { link: Link::Control, peer: Some(PEER) }, &mut wire);
    let until = session.deadline().unwrap();
    session.due(NOW + Duration::from_secs(1), &mut wire);
    assert_eq!(wire.news, []);
    session.due(until, &mut wire);
    assert_eq!(wire.news, [News::Refused(Trouble::Protocol)]);
    assert_eq!(session.deadline(), None);
}

fn pop3(out: &mut Wire) -> Session {
    Session::pop3(NOW, server(), out)
}

#[test]
fn pop3_gives_a_mail_as_it_was_and_knows_its_end() {
    let steps = [
        Step::Opened(Link::Control),
        Step::Hears(b"+OK\r\n+OK\r\n+OK\r\n+OK 2 320\r\n"),
        Step::Does(&|session, wire| {
            let Session::Pop3(pop3) = session else { panic!() };
            assert_eq!((pop3.mails(), pop3.octets()), (2, 320));
            pop3.retrieve(NOW, 1, wire);
        }),
        Step::Hears(b"+OK 9\r\nA: b\r\n\r\n..dot\r\n.\rx\r\n...\r\n\r\n.\r\n"),
        Step::Does(&|session, wire| {
            let Session::Pop3(pop3) = session else { panic!() };
            pop3.delete(NOW, 1, wire);
        }),
        Step::Hears(b"+OK\r\n+OK 1 10\r\n"),
        Step::Does(&|session, wire| session.close(wire)),
    ];
    let wire = however_cut(pop3, &steps);
    assert_eq!(wire.file, b"A: b\r\n\r\n.dot\r\n\rx\r\n..\r\n\r\n");
    assert_eq!(wire.news, [News::Ready, News::Begun, News::Done, News::Done]);
    assert!(wire.said.ends_with("RETR 1\r\nDELE 1\r\nSTAT\r\nQUIT\r\n"), "{}", wire.said);
}

fn smtp(out: &mut Wire) -> Session {
    Session::smtp(NOW, server(), Ipv4Addr::new(192, 0, 2, 1), out)
}

fn mail() -> Mail {
    Mail { sender: "a@x".into(), to: "b@x, <c@x>".into(), bcc: "d@x".into(), ..Mail::default() }
}

fn mails(session: &mut Session, wire: &mut Wire) {
    let Session::Smtp(smtp) = session else { panic!() };
    smtp.send(NOW, mail(), wire);
}

#[test]
fn smtp_sends_a_mail_whose_lines_are_lines_and_whose_dots_are_no_end() {
    let steps = [
        Step::Opened(Link::Control),
        Step::Hears(b"220 hi\r\n250-x\r\n250-AUTH LOGIN PLAIN\r\n250 8BITMIME\r\n235 you\r\n"),
        Step::Does(&mails),
        Step::Hears(b"250 a\r\n250 b\r\n251 c\r\n250 d\r\n354 go on\r\n"),
        Step::Put(b".a\n.b\r\nc\r.\xe9"),
        Step::Finish,
        Step::Hears(b"250 kept\r\n"),
    ];
    let wire = however_cut(smtp, &steps);
    assert_eq!(wire.news, [News::Ready, News::Begun, News::Done]);
    let (envelope, text) = wire.said.split_once("DATA\r\n").unwrap();
    assert_eq!(
        envelope,
        "EHLO [192.0.2.1]\r\nAUTH PLAIN AG1lAHNlY3JldA==\r\nMAIL FROM:<a@x> BODY=8BITMIME\r\n\
         RCPT TO:<b@x>\r\nRCPT TO:<c@x>\r\nRCPT TO:<d@x>\r\n"
    );
    let head = "From: <a@x>\r\nTo: <b@x>,\r\n <c@x>\r\nSubject: \r\n\r\n";
    assert_eq!(text, format!("{head}..a\r\n..b\r\nc\r\n..\u{fffd}\r\n.\r\n"));
}

#[test]
fn smtp_tells_who_is_refused_and_a_mail_that_is_given_up_is_not_ended() {
    let begin = [
        Step::Opened(Link::Control),
        Step::Hears(b"220 hi\r\n250-x\r\n250 AUTH=LOGIN\r\n334 a\r\n334 b\r\n235 c\r\n"),
        Step::Does(&mails),
    ];
    let refused = [Step::Hears(b"250 a\r\n250 b\r\n250 c\r\n550 d\r\n250 e\r\n")];
    let steps: Vec<_> = begin.into_iter().chain(refused).collect();
    let wire = however_cut(smtp, &steps);
    assert_eq!(wire.news, [News::Ready, News::Failed(Trouble::Bcc)]);
    assert!(wire.said.contains("AUTH LOGIN\r\nbWU=\r\nc2VjcmV0\r\n"), "{}", wire.said);
    assert!(wire.said.ends_with("RSET\r\n"));

    let mut steps = steps;
    steps.pop();
    steps.push(Step::Hears(b"250 a\r\n250 b\r\n250 c\r\n250 d\r\n354 e\r\n"));
    steps.push(Step::Put(b"half"));
    steps.push(Step::Does(&|session, wire| session.abort(NOW, wire)));
    let wire = however_cut(smtp, &steps);
    assert!(wire.said.ends_with("half"), "{}", wire.said);
    assert_eq!(wire.news.last(), Some(&News::Lost));
}

fn http(_: &mut Wire) -> Session {
    let login = Login::new("me", "secret");
    Session::http(Via { server: Some(("h".into(), 8080)), login, headers: Vec::new() })
}

fn asks(method: Method, url: &'static str) -> impl Fn(&mut Session, &mut Wire) {
    move |session, wire| {
        let Session::Http(http) = session else { panic!() };
        http.set_redirects(1);
        let headers = vec![("Accept".into(), "*/*".into())];
        let request = Request { method, url: url.into(), login: Login::default(), headers };
        http.request(NOW, request, wire);
    }
}

#[test]
fn http_gets_a_page_in_each_way_to_tell_its_end() {
    for (answer, end) in [
        (&b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\npage"[..], false),
        (b"HTTP/1.1 100 Go\r\n\r\nHTTP/1.1 200 OK\nTransfer-Encoding: chunked\n\n3;x\r\npag\r\n1\r\ne\r\n0\r\na: b\r\n\r\n", false),
        (b"HTTP/1.0 200 OK\r\n\r\npage", true),
    ] {
        let get = asks(Method::Get, "/x");
        let mut steps =
            vec![Step::Does(&get), Step::Opened(Link::Control), Step::Hears(answer)];
        if end {
            steps.push(Step::Ended(Link::Control));
        }
        let wire = however_cut(http, &steps);
        assert_eq!(wire.file, b"page");
        assert_eq!(wire.news, [News::Begun, News::Done]);
        assert_eq!(
            wire.said,
            "GET /x HTTP/1.1\r\nHost: h:8080\r\nAuthorization: Basic bWU6c2VjcmV0\r\n\
             Accept: */*\r\nConnection: close\r\n\r\n"
        );
    }
    let get = asks(Method::Get, "/x");
    let cut = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\npage";
    let steps = [
        Step::Does(&get),
        Step::Opened(Link::Control),
        Step::Hears(cut),
        Step::Ended(Link::Control),
    ];
    assert_eq!(however_cut(http, &steps).news, [News::Begun, News::Failed(Trouble::Closed)]);
}

#[test]
fn http_follows_as_many_redirects_as_it_may_and_takes_no_password_along() {
    let get = asks(Method::Get, "/x/y");
    let moved = b"HTTP/1.1 302 Found\r\nLocation: http://other:81/z\r\n\r\n";
    let steps = [
        Step::Does(&get),
        Step::Opened(Link::Control),
        Step::Hears(moved),
        Step::Opened(Link::Control),
        Step::Hears(moved),
        Step::Ended(Link::Control),
    ];
    let wire = however_cut(http, &steps);
    let second = wire.said.split_once("\r\n\r\n").unwrap().1;
    assert!(!second.contains("Basic"), "{second}");
    assert_eq!(wire.news, [News::Begun, News::Done]);
}

#[test]
fn http_does_not_wait_for_ever_for_what_its_owner_does_not_get_though_a_little_comes_now_and_then()
{
    let endless = &b"HTTP/1.1 102 Processing\r\n\r\n"[..];
    let page = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\npage\r\n";
    let whole = [&page[..], b"0\r\n"].concat();
    for (method, begins, endless) in [
        (Method::Get, &b""[..], endless),
        (Method::Put, b"", endless),
        (Method::Put, b"HTTP/1.1 201 Created\r\n\r\n", endless),
        // A trailer: of lines, and of one that never ends; and a length that doesn't.
        (Method::Get, &whole, b"a: b\r\n"),
        (Method::Get, &whole, b"a"),
        (Method::Get, page, b"0"),
    ] {
        let mut wire = Wire::default();
        let mut session = http(&mut wire);
        asks(method, "/x")(&mut session, &mut wire);
        session.event(NOW, Event::Opened { link: Link::Control, peer: Some(PEER) }, &mut wire);
        session.finish(NOW, &mut wire);
        let mut now = NOW;
        for bytes in std::iter::once(begins).chain(std::iter::repeat(endless)) {
            now = now + Duration::from_secs(10);
            session.due(now, &mut wire);
            if matches!(wire.news.last(), Some(News::Failed(_))) {
                break;
            }
            assert!(now < NOW + Duration::from_secs(3600), "it still waits");
            session.event(now, Event::Data { link: Link::Control, bytes }, &mut wire);
        }
        assert_eq!(wire.news.last(), Some(&News::Failed(Trouble::Protocol)));
    }
}

#[test]
fn http_takes_a_server_for_none_whose_trailer_has_no_end() {
    let get = asks(Method::Get, "/x");
    let head = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\npage\r\n0\r\n";
    let answer = [head, &"a: b\r\n".repeat(LINES + 1)].concat();
    let steps = [Step::Does(&get), Step::Opened(Link::Control), Step::Hears(answer.as_bytes())];
    let wire = however_cut(http, &steps);
    assert_eq!(wire.file, b"page");
    assert_eq!(wire.news, [News::Begun, News::Failed(Trouble::Protocol)]);
}

#[test]
fn http_puts_a_page_in_chunks_or_in_the_length_that_was_told() {
    let put = asks(Method::Put, "/x");
    let steps = [
        Step::Does(&put),
        Step::Opened(Link::Control),
        Step::Put(b"abc"),
        Step::Finish,
        Step::Hears(b"HTTP/1.1 201 Created\r\nContent-Length: 2\r\n\r\nok"),
    ];
    let wire = go(http, &steps, usize::MAX);
    assert!(wire.said.contains("Transfer-Encoding: chunked\r\n"), "{}", wire.said);
    assert!(wire.said.ends_with("\r\n\r\n3\r\nabc\r\n0\r\n\r\n"), "{}", wire.said);
    assert_eq!((wire.file, wire.news), (Vec::new(), vec![News::Begun, News::Done]));
}

#[test]
fn what_would_be_another_header_or_request_is_refused() {
    for url in ["/a b", "/a\r\nX: y", "https://h/", "ftp://h/", "http:///", "http://h:99999/"] {
        let wire = go(http, &[Step::Does(&asks(Method::Get, url))], 1);
        assert_eq!(wire.news, [News::Failed(Trouble::Unsupported)], "{url}");
        assert!(wire.opened.is_empty());
    }
}

proptest! {
    #[test]
    fn whatever_servers_say_no_session_panics_or_speaks_of_a_file_that_never_began(
        bytes in prop::collection::vec(
            prop_oneof![
                prop::sample::select(vec![
                    &b"220 a\r\n"[..], b"331 b\r\n", b"230 c\r\n", b"250 d\r\n", b"354 e\r\n",
                    b"227 (1,2,3,4,5,6)\r\n", b"150 f\r\n", b"226 g\r\n", b"+OK 1 2\r\n", b".\r\n",
                    b"-ERR\r\n", b"HTTP/1.1 200 OK\r\n", b"\r\n", b"Transfer-Encoding: chunked\r\n",
                    b"ffffffffffffffff\r\n", b"Location: /\r\n", b"HTTP/1.1 301 x\r\n",
                ]).prop_map(<[u8]>::to_vec),
                prop::collection::vec(any::<u8>(), 0..8),
            ], 0..24),
    ) {
        let fetch = |session: &mut Session, wire: &mut Wire| match session {
            Session::Ftp(ftp) => ftp.fetch(NOW, "x", wire),
            Session::Http(_) => asks(Method::Get, "/")(session, wire),
            Session::Smtp(smtp) => smtp.send(NOW, mail(), wire),
            Session::Pop3(pop3) => pop3.retrieve(NOW, 1, wire),
        };
        for begin in [ftp, http, smtp, pop3] {
            let mut steps = vec![Step::Does(&fetch), Step::Opened(Link::Control)];
            for piece in &bytes {
                steps.push(Step::Hears(piece));
                steps.push(Step::Opened(Link::Data));
                steps.push(Step::Data(piece));
                steps.push(Step::Put(piece));
            }
            let wire = go(begin, &steps, 5);
            let begun = wire.news.contains(&News::Begun);
            prop_assert!(begun || wire.file.is_empty());
            let ends = wire.news.iter().filter(|news| matches!(news, News::Done | News::Failed(_)));
            prop_assert!(ends.count() <= 1);
        }
    }
}
