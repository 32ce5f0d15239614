//! Both roles against each other. Other people's programs are met in `trunkline`'s tests.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use settings::{Secret, SecretRef};
use telnet::Event;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::*;
use crate::{
    AccessList, Address, Call, CallOptions, DialError, ListenOptions, Listener, Login, Received,
    SshClient, SshFailure, UnknownHosts,
};

/// Lets `rtu` in with `open sesame` or one key, at the third try at the latest.
struct Door {
    key: Option<PublicKey>,
    tries: u32,
    terms: Terms,
}

impl Door {
    fn new() -> Self {
        Self { key: None, tries: 3, terms: Terms::default() }
    }

    fn judge(&mut self, right: bool) -> Verdict {
        if right {
            return Verdict::Admitted(self.terms);
        }
        self.tries -= 1;
        if self.tries == 0 { Verdict::GoAway } else { Verdict::Refused }
    }
}

impl Doorkeeper for Door {
    async fn password(&mut self, name: &str, password: &str) -> Verdict {
        self.judge(name == "rtu" && password == "open sesame")
    }

    async fn key(&mut self, name: &str, key: &PublicKey, _: Proof) -> Verdict {
        match name == "rtu" && self.key.as_ref() == Some(key) {
            true => Verdict::Admitted(self.terms),
            false => Verdict::Refused,
        }
    }
}

struct Place {
    dir: tempfile::TempDir,
    listener: Listener,
    keys: HostKeys,
}

impl Place {
    fn new() -> Self {
        let listen = ListenOptions::default();
        let listener = Listener::tcp("127.0.0.1:0".parse().unwrap(), &listen).unwrap();
        Self { dir: tempfile::tempdir().unwrap(), listener, keys: HostKeys::passing().unwrap() }
    }

    fn address(&self) -> Address {
        format!("ssh://rtu@{}", self.listener.local()).parse().unwrap()
    }

    fn options(&self) -> SshClient {
        SshClient {
            known_hosts: Some("known_hosts".into()),
            unknown_hosts: UnknownHosts::TrustOnFirstUse,
            login: Login { password: Some(secret("open sesame")), ..Login::default() },
            base: self.dir.path().into(),
            ..SshClient::default()
        }
    }

    async fn answer(&mut self, door: Door) -> Result<Answered<Door>, NotAnswered> {
        let caller = self.listener.accept().await.unwrap();
        answer(caller, &CallOptions::default(), &self.keys, door).await
    }

    /// Both ends of a call.
    async fn pair(&mut self, how: SshClient, door: Door) -> (Call, Answered<Door>) {
        let address = self.address();
        let (call, answered) = tokio::join!(dial(&address, how), self.answer(door));
        (call.unwrap(), answered.unwrap_or_else(|why| panic!("{why}")))
    }

    async fn refused(&mut self, how: SshClient) -> (SshFailure, NotAnswered) {
        let address = self.address();
        let (call, answered) = tokio::join!(dial(&address, how), self.answer(Door::new()));
        match (call, answered) {
            (Err(DialError::NoSession { why, .. }), Err(not)) => (why, not),
            (call, _) => panic!("{call:?}"),
        }
    }
}

fn secret(text: &str) -> SecretRef {
    SecretRef::Given(Arc::new(Secret::new(text.as_bytes().to_vec())))
}

async fn dial(address: &Address, how: SshClient) -> Result<Call, DialError> {
    let options = CallOptions { ssh: Some(Arc::new(how)), ..CallOptions::default() };
    crate::dial(address, &options, &AccessList::allow_all()).await
}

/// What comes until the far end has finished.
async fn hear(call: &mut Call) -> Vec<u8> {
    let (mut heard, mut buf) = (Vec::new(), vec![0; 64 * 1024]);
    loop {
        match call.receive(&mut buf).await.unwrap() {
            Received::Data(count) => heard.extend_from_slice(&buf[..count]),
            Received::Event(_) => {}
            Received::End => return heard,
        }
    }
}

async fn finish(call: &mut Call) {
    std::future::poll_fn(|cx| call.poll_finish(cx)).await.unwrap();
}

/// Sends all of `out` and finishes, while hearing all that comes.
async fn exchange(call: &mut Call, out: &[u8]) -> Vec<u8> {
    let (mut sent, mut heard, mut buf) = (0, Vec::new(), vec![0; 64 * 1024]);
    let mut finished = false;
    std::future::poll_fn(|cx| {
        loop {
            let mut moved = false;
            if sent < out.len() {
                if let std::task::Poll::Ready(count) = call.poll_send(cx, &out[sent..]) {
                    sent += count.unwrap();
                    moved = true;
                }
            } else if !finished && call.poll_finish(cx).is_ready() {
                finished = true;
                moved = true;
            }
            match call.poll_receive(cx, &mut buf) {
                std::task::Poll::Ready(Ok(Received::Data(count))) => {
                    heard.extend_from_slice(&buf[..count]);
                    moved = true;
                }
                std::task::Poll::Ready(Ok(Received::End)) if finished => {
                    return std::task::Poll::Ready(());
                }
                std::task::Poll::Ready(Err(error)) => panic!("{error}"),
                _ => {}
            }
            if !moved {
                return std::task::Poll::Pending;
            }
        }
    })
    .await;
    heard
}

fn noise(length: usize, seed: u32) -> Vec<u8> {
    let mut state = seed;
    let all = (0..=255).cycle().take(1024);
    let random = std::iter::repeat_with(|| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 24) as u8
    });
    all.chain(random).take(length).collect()
}

#[tokio::test]
async fn every_byte_passes_both_ways_at_once_and_each_way_ends_by_itself() {
    let mut place = Place::new();
    let (mut here, mut there) = place.pair(place.options(), Door::new()).await;
    assert_eq!(there.name, "rtu");
    assert_eq!(there.terminal, None);
    let (out, back) = (noise(1 << 20, 1), noise((1 << 20) + 7, 2));
    let (heard_here, heard_there) =
        tokio::join!(exchange(&mut here, &out), exchange(&mut there.call, &back));
    assert!(heard_here == back && heard_there == out);
    assert_eq!(here.counts().sent, 1 << 20);
}

#[tokio::test]
async fn what_was_said_last_arrives_before_the_end() {
    let mut place = Place::new();
    let (mut here, there) = place.pair(place.options(), Door::new()).await;
    let last = noise(300_000, 3);
    let mut call = there.call;
    let said = last.clone();
    let speaker = tokio::spawn(async move {
        call.send(&said).await.unwrap();
        call.hang_up(Duration::from_millis(1)).await;
    });
    assert!(hear(&mut here).await == last);
    speaker.await.unwrap();
}

#[tokio::test]
async fn a_terminal_is_given_with_type_and_size_and_its_changes_keep_their_place() {
    let mut place = Place::new();
    let how = SshClient {
        terminal: Some("vt220".parse().unwrap()),
        size: Some(telnet::WindowSize { columns: 132, rows: 50 }),
        ..place.options()
    };
    let (mut here, mut there) = place.pair(how, Door::new()).await;
    let terminal = there.terminal.unwrap();
    assert_eq!(terminal.name.unwrap().as_str(), "vt220");
    assert_eq!((terminal.size.columns, terminal.size.rows), (132, 50));
    here.send(b"before").await.unwrap();
    here.resize(telnet::WindowSize { columns: 80, rows: 25 });
    here.send(b"behind").await.unwrap();
    let mut buf = [0; 64];
    assert_eq!(there.call.receive(&mut buf).await.unwrap(), Received::Data(6));
    let size = telnet::WindowSize { columns: 80, rows: 25 };
    let event = there.call.receive(&mut buf).await.unwrap();
    assert_eq!(event, Received::Event(Event::WindowSize(size)));
    assert_eq!(there.call.receive(&mut buf).await.unwrap(), Received::Data(6));
}

#[tokio::test]
async fn an_account_on_a_pipe_gives_no_terminal_and_no_commands_if_it_says_so() {
    let mut place = Place::new();
    let terminal = Some("vt220".parse().unwrap());
    let address = place.address();
    for (how, terms) in [
        (
            SshClient { terminal, ..place.options() },
            Terms { terminal: Terminal::Refused, ..Terms::default() },
        ),
        (
            SshClient { command: Some("reboot".into()), ..place.options() },
            Terms { commands: Commands::Refused, ..Terms::default() },
        ),
    ] {
        let door = Door { terms, ..Door::new() };
        let (call, answered) = tokio::join!(dial(&address, how), place.answer(door));
        assert!(matches!(call, Err(DialError::NoSession { .. })));
        assert!(answered.is_err());
    }
}

#[tokio::test]
async fn a_command_is_told_only_where_that_is_wanted() {
    let mut place = Place::new();
    for (commands, told) in
        [(Commands::Ignored, None), (Commands::Told, Some(b"uname -a".to_vec()))]
    {
        let how = SshClient { command: Some("uname -a".into()), ..place.options() };
        let terms = Terms { commands, ..Terms::default() };
        let (_, answered) = place.pair(how, Door { terms, ..Door::new() }).await;
        assert_eq!(answered.command, told);
    }
}

#[tokio::test]
async fn a_wrong_password_is_refused_and_so_is_nothing_at_all() {
    let mut place = Place::new();
    let wrong = Login { password: Some(secret("hunter2")), ..Login::default() };
    let (failure, not) = place.refused(SshClient { login: wrong, ..place.options() }).await;
    assert!(matches!(failure, SshFailure::LoginRefused(_)), "{failure}");
    assert!(!failure.to_string().contains("hunter2"));
    assert_eq!(failure.cause(), at::result::Cause::LoginFailed);
    assert_eq!(not, NotAnswered::Left);

    let nothing = SshClient { login: Login::default(), ..place.options() };
    let (failure, _) = place.refused(nothing).await;
    assert!(matches!(failure, SshFailure::NothingToShow));
}

#[tokio::test]
async fn a_key_opens_the_door_that_knows_it() {
    use russh::keys::ssh_key::LineEnding;
    let mut place = Place::new();
    let mut rng = russh::keys::key::safe_rng();
    for kind in [KEYS[0].clone(), KEYS[1].clone()] {
        let key = russh::keys::PrivateKey::random(&mut rng, kind).unwrap();
        let public = PublicKey(key.public_key().clone());
        let text = key.to_openssh(LineEnding::LF).unwrap();
        let login = Login { identity: Some(secret(&text)), ..Login::default() };
        let how = SshClient { login, ..place.options() };
        let door = Door { key: Some(public), ..Door::new() };
        let (mut here, mut there) = place.pair(how.clone(), door).await;
        here.send(b"x").await.unwrap();
        assert_eq!(there.call.receive(&mut [0; 8]).await.unwrap(), Received::Data(1));
        assert!(matches!(place.refused(how).await.0, SshFailure::LoginRefused(_)));
    }
}

#[tokio::test]
async fn an_unknown_host_is_refused_unless_the_first_one_is_trusted_and_never_another_one() {
    let mut place = Place::new();
    let list = place.dir.path().join("known_hosts");
    let strict = SshClient { unknown_hosts: UnknownHosts::Refuse, ..place.options() };
    let (failure, not) = place.refused(strict.clone()).await;
    let SshFailure::UnknownHost { line, .. } = &failure else { panic!("{failure}") };
    assert!(failure.to_string().contains("SHA256:"), "{failure}");
    assert_eq!(failure.cause(), at::result::Cause::HostKeyUnknown);
    assert!(matches!(not, NotAnswered::Left | NotAnswered::Lost), "{not}");
    assert!(!list.exists());

    // The remedy in the message works.
    std::fs::write(&list, line).unwrap();
    drop(place.pair(strict.clone(), Door::new()).await);
    std::fs::remove_file(&list).unwrap();

    drop(place.pair(place.options(), Door::new()).await);
    drop(place.pair(strict, Door::new()).await);

    place.keys = HostKeys::passing().unwrap();
    let (failure, _) = place.refused(place.options()).await;
    assert!(matches!(failure, SshFailure::HostKeyChanged { line: 1, .. }), "{failure}");
    assert_eq!(failure.cause(), at::result::Cause::HostKeyChanged);
}

/// Sends for as long as something is taken.
async fn flood(call: &mut Call) -> usize {
    let piece = vec![7; 16 * 1024];
    let mut sent = 0;
    while timeout(Duration::from_millis(300), call.send(&piece)).await.is_ok_and(|s| s.is_ok()) {
        sent += piece.len();
    }
    sent
}

/// Much for a busy machine, whose cryptography is not even optimised.
const SOON: Duration = Duration::from_secs(30);

/// More than what the kernel keeps of a connection to this machine.
const KERNEL: usize = 12 * 1024 * 1024;

#[tokio::test]
async fn a_flood_that_nobody_reads_is_held_back_in_either_direction() {
    let mut place = Place::new();
    let (mut here, mut there) = place.pair(place.options(), Door::new()).await;
    let bound = KERNEL + 4 * limits::SSH_INBOX;
    let outward = flood(&mut here).await;
    assert!(outward < bound, "{outward}");
    let inward = flood(&mut there.call).await;
    assert!(inward < bound, "{inward}");
    // And all of it is still there for who comes to read.
    finish(&mut here).await;
    assert!(hear(&mut there.call).await.len() >= outward);
}

#[tokio::test]
async fn who_answers_more_than_he_is_asked_stands_still_only_while_nobody_listens() {
    let mut place = Place::new();
    let (mut here, mut there) = place.pair(place.options(), Door::new()).await;
    // The far end answers each byte with two thousand, and reads no further until they are gone.
    let asked = 3 * limits::SSH_INBOX;
    let answering = tokio::spawn(async move {
        let (mut buf, mut total) = ([0; 16], 0);
        while let Ok(Received::Data(count)) = there.call.receive(&mut buf).await {
            there.call.send(&vec![b'a'; 20 * count]).await.unwrap();
            total += 20 * count;
        }
        finish(&mut there.call).await;
        (there, total)
    });
    // It takes seconds of a processor that others may want, too.
    let heard = timeout(10 * SOON, exchange(&mut here, &vec![b'q'; asked])).await;
    let heard = heard.expect("both stand still");
    let (_, answered) = answering.await.unwrap();
    assert_eq!(heard.len(), answered);
    assert_eq!(answered, 20 * asked);
}

#[tokio::test]
async fn a_caller_who_goes_is_noticed_behind_what_nobody_reads() {
    let mut place = Place::new();
    let (mut here, mut there) = place.pair(place.options(), Door::new()).await;
    flood(&mut here).await;
    drop(here);
    let gone = std::future::poll_fn(|cx| there.call.poll_hung_up(cx));
    timeout(SOON, gone).await.expect("noticed");
}

#[tokio::test]
async fn a_call_that_is_dropped_leaves_no_connection_behind() {
    let mut place = Place::new();
    let (mut here, there) = place.pair(place.options(), Door::new()).await;
    drop(there);
    let end = timeout(SOON, here.receive(&mut [0; 8])).await.expect("an end");
    assert!(matches!(end, Ok(Received::End) | Err(_)));
}

/// What becomes of somebody who sends this and waits.
async fn garbage(place: &mut Place, bytes: &[u8]) -> Result<(), NotAnswered> {
    let peer = place.listener.local().to_string();
    let mut stream = TcpStream::connect(peer).await.unwrap();
    let bytes = bytes.to_vec();
    let sender = tokio::spawn(async move {
        let _ = stream.write_all(&bytes).await;
        let mut sink = Vec::new();
        let _ = stream.read_to_end(&mut sink).await;
    });
    let answered = timeout(SOON, place.answer(Door::new())).await;
    sender.abort();
    answered.expect("a decision").map(|_| ())
}

#[tokio::test]
async fn garbage_is_refused_at_once_and_in_so_many_words() {
    let mut place = Place::new();
    let long = [b"SSH-2.0-", [b'x'; 1000].as_slice(), b"\r\n"].concat();
    let giant = [b"SSH-2.0-x\r\n", [0, 3, 0xff, 0xff].as_slice(), &[0; 64]].concat();
    let huge = [b"SSH-2.0-x\r\n", [0xff; 64].as_slice()].concat();
    let noise = [b"SSH-2.0-x\r\n".as_slice(), &[0, 0, 0, 12, 4, 20], &[1; 64]].concat();
    for bytes in
        [&b"SSH-1.5-old\r\n"[..], b"SSH-\r\n", b"SSH-2.0\n\n\n\n\n", &long, &giant, &huge, &noise]
    {
        let answered = garbage(&mut place, bytes).await;
        assert_eq!(answered, Err(NotAnswered::Protocol), "{:?}", &bytes[..12.min(bytes.len())]);
    }
}

#[tokio::test]
async fn half_open_handshakes_stop_nobody_else() {
    let mut place = Place::new();
    let peer = place.listener.local().to_string();
    let mut open = Vec::new();
    let mut waiting = Vec::new();
    for step in 0..200 {
        let mut stream = TcpStream::connect(&peer).await.unwrap();
        let hello: &[u8] = if step % 2 == 0 { b"SSH-2.0-x\r\n" } else { b"SSH-2.0-slo" };
        stream.write_all(hello).await.unwrap();
        open.push(stream);
        let caller = place.listener.accept().await.unwrap();
        let keys = place.keys.clone();
        waiting.push(tokio::spawn(async move {
            answer(caller, &CallOptions::default(), &keys, Door::new()).await.map(|_| ())
        }));
    }
    let (mut here, mut there) = place.pair(place.options(), Door::new()).await;
    here.send(b"x").await.unwrap();
    assert_eq!(there.call.receive(&mut [0; 8]).await.unwrap(), Received::Data(1));
    for task in waiting {
        assert!(!task.is_finished());
        task.abort();
        let _ = task.await;
    }
    // Whoever isn't waited for any more is let go.
    let mut rest = Vec::new();
    let mut first = open.swap_remove(0);
    let end = timeout(SOON, first.read_to_end(&mut rest)).await;
    assert!(end.is_ok(), "the connection is kept");
}

#[test]
fn nothing_of_a_secret_is_shown() {
    let how = SshClient {
        login: Login { password: Some(secret("hunter2")), ..Login::default() },
        base: Path::new("/etc").into(),
        ..SshClient::default()
    };
    assert!(!format!("{how:?}").contains("hunter2"));
}
