//! Calls under TLS: who is let through, what arrives, and how they end.

use std::fs;
use std::future::poll_fn;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use at::result::Cause;
use carrier::{
    AccessList, Address, Call, CallOptions, Caller, ClientCertificates, Credentials, DialError,
    Greeting, Listener, Received, Standing, TlsClient, TlsDoor, TlsFailure, TlsIdentity, TlsServer,
    Verify, cause_of_end,
};
use rcgen::{
    BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair, KeyUsagePurpose,
    date_time_ymd,
};
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::ends::{listener, receive_exactly};

mod urgent;

const LONG: Duration = Duration::from_secs(60);

/// An authority, and certificates in a folder.
struct Office {
    folder: TempDir,
    issuer: Issuer<'static, KeyPair>,
}

impl Office {
    fn open() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut params = CertificateParams::new([]).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
        params.distinguished_name.push(DnType::CommonName, "The Authority");
        let key = KeyPair::generate().unwrap();
        let certificate = params.self_signed(&key).unwrap();
        fs::write(folder.path().join("ca.pem"), certificate.pem()).unwrap();
        Self { folder, issuer: Issuer::new(params, key) }
    }

    fn path(&self, file: &str) -> PathBuf {
        self.folder.path().join(file)
    }

    /// A certificate for `names`, in files called after `file`.
    fn issue(
        &self,
        file: &str,
        names: &[&str],
        adjust: impl FnOnce(&mut CertificateParams),
    ) -> TlsIdentity {
        let names: Vec<_> = names.iter().map(ToString::to_string).collect();
        let mut params = CertificateParams::new(names).unwrap();
        params.distinguished_name.push(DnType::CommonName, file);
        adjust(&mut params);
        let key = KeyPair::generate().unwrap();
        let certificate = params.signed_by(&key, &self.issuer).unwrap();
        let identity = TlsIdentity {
            certificate: self.path(&format!("{file}.pem")),
            key: self.path(&format!("{file}.key")),
        };
        fs::write(&identity.certificate, certificate.pem()).unwrap();
        fs::write(&identity.key, key.serialize_pem()).unwrap();
        identity
    }

    fn door(&self, asked: ClientCertificates, ca: Option<&str>) -> TlsDoor {
        let identity = self.issue("exchange", &["127.0.0.1", "centre.example"], |_| {});
        self.door_of(identity, asked, ca)
    }

    fn door_of(
        &self,
        identity: TlsIdentity,
        asked: ClientCertificates,
        ca: Option<&str>,
    ) -> TlsDoor {
        TlsDoor::open(&TlsServer {
            identity,
            client_authorities: ca.map(|file| self.path(file)),
            client_certificates: asked,
        })
        .unwrap()
    }

    fn trusting(&self) -> TlsClient {
        TlsClient { authorities: Some(self.path("ca.pem")), ..TlsClient::default() }
    }
}

fn options(tls: TlsClient) -> CallOptions {
    CallOptions { tls: Some(Arc::new(tls)), ..CallOptions::default() }
}

fn raw() -> CallOptions {
    CallOptions { telnet: Some(telnet::Mode::Off), ..CallOptions::default() }
}

fn at(listener: &Listener, scheme: &str) -> Address {
    format!("{scheme}://{}", listener.local()).parse().unwrap()
}

fn dial(
    listener: &Listener,
    tls: TlsClient,
) -> impl Future<Output = Result<Call, DialError>> + use<> {
    let (address, options) = (at(listener, "tls"), options(tls));
    async move { carrier::dial(&address, &options, &AccessList::allow_all()).await }
}

async fn admit(listener: &mut Listener, door: &TlsDoor) -> Result<Caller, TlsFailure> {
    let mut caller = listener.accept().await.unwrap();
    assert_eq!(caller.sniff(LONG).await, Greeting::Tls);
    caller.secure(door, LONG).await
}

/// Both ends of a call under TLS.
async fn pair(office: &Office) -> (Call, Call) {
    let mut listener = listener();
    let door = office.door(ClientCertificates::Unasked, None);
    let (out, caller) =
        tokio::join!(dial(&listener, office.trusting()), admit(&mut listener, &door));
    (out.unwrap(), caller.unwrap().answer(&raw()).unwrap())
}

/// Why a call to a door doesn't come about, at both ends.
async fn refused(door: &TlsDoor, tls: TlsClient) -> (TlsFailure, Result<(), TlsFailure>) {
    let mut listener = listener();
    let (out, caller) = tokio::join!(dial(&listener, tls), admit(&mut listener, door));
    match out.err() {
        Some(DialError::Insecure { why, .. }) => (why, caller.map(|_| ())),
        other => panic!("not refused: {other:?}"),
    }
}

#[tokio::test]
async fn every_byte_travels_both_ways_at_once() {
    let office = Office::open();
    let (mut one, mut other) = pair(&office).await;
    let bytes: Vec<u8> = (0..=255).cycle().take(1 << 20).collect();
    let talk = |mut call: Call| {
        let bytes = bytes.clone();
        async move {
            let (mut sent, mut heard) = (0, Vec::new());
            let mut buf = vec![0; 16 * 1024];
            poll_fn(|cx| {
                let mut moved = true;
                while moved {
                    moved = false;
                    if sent < bytes.len()
                        && let Poll::Ready(count) = call.poll_send(cx, &bytes[sent..])
                    {
                        sent += count.unwrap();
                        moved = true;
                    }
                    let _ = call.poll_flush(cx);
                    if heard.len() < bytes.len()
                        && let Poll::Ready(received) = call.poll_receive(cx, &mut buf)
                    {
                        let Received::Data(count) = received.unwrap() else { panic!("an end") };
                        heard.extend_from_slice(&buf[..count]);
                        moved = true;
                    }
                }
                let flushed = call.poll_flush(cx).is_ready();
                match sent == bytes.len() && heard.len() == bytes.len() && flushed {
                    true => Poll::Ready(()),
                    false => Poll::Pending,
                }
            })
            .await;
            assert!(heard == bytes, "something was changed on the way");
            call
        }
    };
    (one, other) = tokio::time::timeout(LONG, async { tokio::join!(talk(one), talk(other)) })
        .await
        .expect("nobody waits for ever");
    assert_eq!(one.counts().sent, other.counts().received);
}

#[tokio::test]
async fn each_direction_ends_by_itself_and_nothing_is_lost() {
    let office = Office::open();
    let (mut one, mut other) = pair(&office).await;
    one.send(b"last words").await.unwrap();
    poll_fn(|cx| one.poll_finish(cx)).await.unwrap();
    assert_eq!(receive_exactly(&mut other, 10).await, b"last words");
    assert_eq!(other.receive(&mut [0; 8]).await.unwrap(), Received::End);
    other.send(b"an answer, nevertheless").await.unwrap();
    assert_eq!(receive_exactly(&mut one, 23).await, b"an answer, nevertheless");
    other.hang_up(LONG).await;
    assert_eq!(one.receive(&mut [0; 8]).await.unwrap(), Received::End);
}

#[tokio::test]
async fn a_connection_that_is_cut_does_not_look_like_one_that_ended() {
    let office = Office::open();
    let mut listener = listener();
    let door = office.door(ClientCertificates::Unasked, None);
    // Somebody in between, who closes the connection in order: TCP's order, not TLS's.
    let address = listener.local().socket_addr().unwrap();
    let front = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let between: Address = format!("tls://{}", front.local_addr().unwrap()).parse().unwrap();
    let cutter = tokio::spawn(async move {
        let (mut near, _) = front.accept().await.unwrap();
        let mut far = TcpStream::connect(address).await.unwrap();
        let mut sum = 0;
        let (mut near_read, mut near_write) = near.split();
        let (mut far_read, mut far_write) = far.split();
        let upwards = tokio::io::copy(&mut near_read, &mut far_write);
        let downwards = async {
            let mut buf = [0; 4096];
            while let Ok(count @ 1..) = far_read.read(&mut buf).await {
                near_write.write_all(&buf[..count]).await.unwrap();
                sum += count;
                // The last record that we let pass is the greeting.
                if count < 64 {
                    return;
                }
            }
        };
        tokio::select! { _ = upwards => {}, () = downwards => {} }
        sum
    });
    let options = options(office.trusting());
    let access = AccessList::allow_all();
    let (out, caller) =
        tokio::join!(carrier::dial(&between, &options, &access), admit(&mut listener, &door));
    let (mut out, mut answered) = (out.unwrap(), caller.unwrap().answer(&raw()).unwrap());
    answered.send(b"half a sen").await.unwrap();
    assert_eq!(receive_exactly(&mut out, 10).await, b"half a sen");
    let error = out.receive(&mut [0; 8]).await.unwrap_err();
    assert_eq!(cause_of_end(&error), Cause::CutOff);
    assert!(cutter.await.unwrap() > 0);
}

#[tokio::test]
async fn who_leaves_while_nobody_reads_is_noticed_once_what_he_said_is_read() {
    let office = Office::open();
    let (mut one, mut other) = pair(&office).await;
    one.send(b"bye").await.unwrap();
    one.hang_up(Duration::ZERO).await;
    tokio::time::timeout(LONG, poll_fn(|cx| other.poll_hung_up(cx))).await.expect("noticed");
    let pending = poll_fn(|cx| Poll::Ready(other.poll_closed(cx).is_pending())).await;
    assert!(pending, "there are words left");
    assert_eq!(receive_exactly(&mut other, 3).await, b"bye");
    let cause = tokio::time::timeout(LONG, poll_fn(|cx| other.poll_closed(cx))).await;
    assert_eq!(cause.expect("closed"), Cause::RemoteHangUp);
}

#[tokio::test]
async fn inside_tls_a_caller_is_told_apart_again() {
    let office = Office::open();
    let door = office.door(ClientCertificates::Unasked, None);
    for (first, greeting) in [
        (&b"\xff\xfb\x00"[..], Greeting::Telnet),
        (b"site-0042\r", Greeting::Raw),
        (b"\x16\x03\x01\x00", Greeting::Tls),
        (b"SSH-2.0-x", Greeting::Ssh),
    ] {
        let mut listener = listener();
        let (out, caller) =
            tokio::join!(dial(&listener, office.trusting()), admit(&mut listener, &door));
        let (mut out, mut caller) = (out.unwrap(), caller.unwrap());
        assert_eq!(caller.sniff(Duration::from_millis(20)).await, Greeting::Silent);
        out.send(first).await.unwrap();
        assert_eq!(caller.sniff(LONG).await, greeting, "{first:?}");
        let mut call = caller.answer(&raw()).unwrap();
        assert_eq!(receive_exactly(&mut call, first.len()).await, first);
        drop(out);
    }
}

#[tokio::test]
async fn a_caller_who_leaves_inside_tls_while_it_rings_is_noticed() {
    let office = Office::open();
    let door = office.door(ClientCertificates::Unasked, None);
    let mut listener = listener();
    let (out, caller) =
        tokio::join!(dial(&listener, office.trusting()), admit(&mut listener, &door));
    let (mut out, mut caller) = (out.unwrap(), caller.unwrap());
    out.send(b"early").await.unwrap();
    assert!(poll_fn(|cx| Poll::Ready(caller.poll_gone(cx).is_pending())).await);
    out.hang_up(Duration::ZERO).await;
    tokio::time::timeout(LONG, poll_fn(|cx| caller.poll_gone(cx))).await.expect("noticed");
}

#[tokio::test]
async fn telnets_negotiates_inside() {
    let office = Office::open();
    let door = office.door(ClientCertificates::Unasked, None);
    let mut listener = listener();
    let (address, options) = (at(&listener, "telnets"), options(office.trusting()));
    let access = AccessList::allow_all();
    let (out, caller) =
        tokio::join!(carrier::dial(&address, &options, &access), admit(&mut listener, &door));
    let (mut out, mut caller) = (out.unwrap(), caller.unwrap());
    // FF needs BINARY, for which the client asks.
    let bytes: Vec<u8> = (0..=255).rev().collect();
    let answering = async {
        assert_eq!(caller.sniff(LONG).await, Greeting::Telnet);
        let mut answered = caller.answer(&CallOptions::default()).unwrap();
        let heard = receive_exactly(&mut answered, 256).await;
        (heard, answered)
    };
    let (sent, (heard, _answered)) = tokio::join!(out.send(&bytes), answering);
    sent.unwrap();
    assert_eq!(heard, bytes);
}

#[tokio::test]
async fn a_certificate_that_does_not_fit_says_what_to_do() {
    let office = Office::open();
    let unasked = |identity| office.door_of(identity, ClientCertificates::Unasked, None);

    let expired = office.issue("expired", &["127.0.0.1"], |params| {
        params.not_before = date_time_ymd(2001, 1, 1);
        params.not_after = date_time_ymd(2002, 1, 1);
    });
    let (why, _) = refused(&unasked(expired), office.trusting()).await;
    assert!(matches!(why, TlsFailure::Expired), "{why}");

    let early = office.issue("early", &["127.0.0.1"], |params| {
        params.not_before = date_time_ymd(2098, 1, 1);
        params.not_after = date_time_ymd(2099, 1, 1);
    });
    let (why, _) = refused(&unasked(early), office.trusting()).await;
    assert!(matches!(why, TlsFailure::NotYetValid), "{why}");

    let other = office.issue("other", &["a.example", "b.example"], |_| {});
    let (why, told) = refused(&unasked(other.clone()), office.trusting()).await;
    let why = why.to_string();
    assert!(why.contains("is for a.example, b.example, not for 127.0.0.1"), "{why}");
    assert!(why.contains("server-name"), "{why}");
    let told = told.unwrap_err();
    assert!(matches!(told, TlsFailure::CertificateRefused(_)), "{told}");
    let named = TlsClient { server_name: Some("b.example".to_owned()), ..office.trusting() };
    let mut listener = listener();
    let door = unasked(other);
    let (out, caller) = tokio::join!(dial(&listener, named), admit(&mut listener, &door));
    let _both = (out.expect("its own name"), caller.unwrap());

    let stranger = Office::open();
    let identity = stranger.issue("exchange", &["127.0.0.1"], |_| {});
    let (why, _) = refused(&unasked(identity), office.trusting()).await;
    let TlsFailure::UnknownIssuer { found } = why else { panic!("{why}") };
    assert!(TlsFailure::UnknownIssuer { found }.to_string().contains(&found.to_string()));
}

#[tokio::test]
async fn a_pin_is_enough_and_a_changed_certificate_is_not_it() {
    let office = Office::open();
    let door = office.door_of(
        office.issue("expired", &["elsewhere.example"], |params| {
            params.not_before = date_time_ymd(2001, 1, 1);
            params.not_after = date_time_ymd(2002, 1, 1);
        }),
        ClientCertificates::Unasked,
        None,
    );
    let pinning = |pin| TlsClient { pins: vec![pin], ..TlsClient::default() };
    let (why, _) = refused(&door, pinning(carrier::Fingerprint([7; 32]))).await;
    let TlsFailure::FingerprintChanged { found } = why else { panic!("{why}") };
    let mut listener = listener();
    let (out, caller) = tokio::join!(dial(&listener, pinning(found)), admit(&mut listener, &door));
    caller.unwrap();
    let Some(Credentials::Certificate(shown)) = out.unwrap().credentials().cloned() else {
        panic!("no certificate");
    };
    assert_eq!(shown.fingerprint, found);
    assert_eq!(shown.subject.as_deref(), Some("expired"));
}

#[tokio::test]
async fn verify_off_takes_anybody() {
    let office = Office::open();
    let door = office.door_of(
        office.issue("nobody", &["elsewhere.example"], |_| {}),
        ClientCertificates::Unasked,
        None,
    );
    let mut listener = listener();
    let blind = TlsClient { verify: Verify::Off, ..TlsClient::default() };
    let (out, caller) = tokio::join!(dial(&listener, blind), admit(&mut listener, &door));
    let _both = (out.unwrap(), caller.unwrap());
}

#[tokio::test]
async fn a_client_certificate_is_known_at_the_answering_end() {
    let office = Office::open();
    let mine = office.issue("site-0042", &["site-0042"], |_| {});
    for (ca, standing) in [(Some("ca.pem"), Standing::Issued), (None, Standing::Unchecked)] {
        let door = office.door(ClientCertificates::Required, ca);
        let mut listener = listener();
        let showing = TlsClient { identity: Some(mine.clone()), ..office.trusting() };
        let (out, caller) = tokio::join!(dial(&listener, showing), admit(&mut listener, &door));
        out.unwrap();
        let answered = caller.unwrap().answer(&raw()).unwrap();
        let Some(Credentials::Certificate(shown)) = answered.credentials() else {
            panic!("no certificate");
        };
        assert_eq!(shown.subject.as_deref(), Some("site-0042"));
        assert_eq!(shown.standing, standing);
    }
}

#[tokio::test]
async fn a_caller_without_the_certificate_that_is_required_is_turned_away() {
    let office = Office::open();
    let door = office.door(ClientCertificates::Required, Some("ca.pem"));
    let mut listener = listener();
    let dialling = dial(&listener, office.trusting());
    let (out, caller) = tokio::join!(
        async {
            // Under TLS 1.3 the client is done before the server has judged it.
            match dialling.await {
                Ok(mut call) => call.receive(&mut [0; 8]).await.map(|_| ()).map_err(|_| ()),
                Err(_) => Err(()),
            }
        },
        admit(&mut listener, &door)
    );
    assert!(out.is_err());
    assert!(caller.unwrap_err_words().contains("no certificate"));

    let stranger = Office::open();
    let theirs = stranger.issue("site-0042", &["site-0042"], |_| {});
    let mut listener = crate::ends::listener();
    let showing = TlsClient { identity: Some(theirs), ..office.trusting() };
    let (_, caller) = tokio::join!(dial(&listener, showing), admit(&mut listener, &door));
    assert!(caller.unwrap_err_words().contains("client-ca"));
}

trait Words {
    fn unwrap_err_words(self) -> String;
}

impl Words for Result<Caller, TlsFailure> {
    fn unwrap_err_words(self) -> String {
        self.err().expect("refused").to_string()
    }
}

#[tokio::test]
async fn garbage_after_a_tls_hello_is_refused_and_told_so() {
    let office = Office::open();
    let door = office.door(ClientCertificates::Unasked, None);
    for garbage in [
        &b"\x16\x03\x01\x00\x05hello"[..],
        b"\x16\x03\x01\xff\xffxxxxxxxxxxxxxxxxxxxxxxxxxx",
        b"\x16\x03\x01\x00\x04\x01\x00\x00\x00",
        b"\x16\x03\x00\x00\x00\x16\x03\x00\x00\x00",
    ] {
        let mut listener = listener();
        let address: SocketAddr = listener.local().socket_addr().unwrap();
        let mut socket = TcpStream::connect(address).await.unwrap();
        socket.write_all(garbage).await.unwrap();
        socket.shutdown().await.unwrap();
        let caller = tokio::time::timeout(LONG, admit(&mut listener, &door)).await;
        let why = caller.expect("no hang").unwrap_err_words();
        assert!(!why.is_empty());
        let mut heard = Vec::new();
        let _ = socket.read_to_end(&mut heard).await;
        assert!(heard.is_empty() || heard[0] == 0x15, "an alert or nothing: {heard:x?}");
    }
}

#[tokio::test]
async fn a_handshake_that_is_not_finished_ends_in_time() {
    let office = Office::open();
    let door = office.door(ClientCertificates::Unasked, None);
    let mut listener = listener();
    let address: SocketAddr = listener.local().socket_addr().unwrap();
    let mut socket = TcpStream::connect(address).await.unwrap();
    socket.write_all(b"\x16\x03\x01\x02\x00").await.unwrap();
    let mut caller = listener.accept().await.unwrap();
    assert_eq!(caller.sniff(LONG).await, Greeting::Tls);
    let why = caller.secure(&door, Duration::from_millis(50)).await.unwrap_err_words();
    assert!(why.contains("not done in time"), "{why}");
}

#[tokio::test]
async fn what_does_not_speak_tls_is_said_to_be_that() {
    let plain = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address: Address = format!("tls://{}", plain.local_addr().unwrap()).parse().unwrap();
    tokio::spawn(async move {
        let (mut socket, _) = plain.accept().await.unwrap();
        socket.write_all(b"\r\nlogin: ").await.unwrap();
        let _ = socket.read(&mut [0; 1024]).await;
        let (socket, _) = plain.accept().await.unwrap();
        drop(socket);
    });
    let (options, access) = (
        options(TlsClient { verify: Verify::Off, ..TlsClient::default() }),
        AccessList::allow_all(),
    );
    let error = carrier::dial(&address, &options, &access).await.unwrap_err();
    assert!(error.to_string().contains("is not TLS"), "{error}");
    assert_eq!(error.cause(), Cause::TlsFailed);
    let error = carrier::dial(&address, &options, &access).await.unwrap_err();
    let words = error.to_string();
    assert!(words.contains("hung up") || words.contains("broke"), "{words}");
}

#[test]
fn files_that_can_not_be_used_are_named() {
    let office = Office::open();
    let one = office.issue("one", &["a.example"], |_| {});
    let other = office.issue("other", &["b.example"], |_| {});
    let refusal = |certificate: &Path, key: &Path| {
        let identity = TlsIdentity { certificate: certificate.to_owned(), key: key.to_owned() };
        let settings = TlsServer {
            identity,
            client_authorities: None,
            client_certificates: ClientCertificates::Unasked,
        };
        TlsDoor::open(&settings).unwrap_err().to_string()
    };
    fs::write(office.path("empty.pem"), "nothing\n").unwrap();
    for (words, says) in [
        (refusal(&office.path("missing.pem"), &one.key), "can't read"),
        (refusal(&office.path("empty.pem"), &one.key), "has no certificate in PEM form"),
        (refusal(&one.certificate, &one.certificate), "has no private key in PEM form"),
        (refusal(&one.certificate, &other.key), "doesn't belong to the certificate"),
    ] {
        assert!(words.contains(says), "{words}");
    }
}
