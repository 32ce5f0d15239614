//! Who gets in.

use std::time::Duration;

use exchange::CallEnd;
use exchange::session::Ending;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::sleep;

use crate::harness::{House, Setup, cheap_hash, house, rtu};

const CAT: &[&str] = &["/bin/cat"];

#[tokio::test]
async fn the_right_name_and_password_lead_to_the_program() {
    let house = house(&rtu("pipe", CAT));
    let mut caller = house.raw().await;
    caller.log_in().await;
    caller.say("hello").await;
    assert_eq!(caller.bytes(5).await, b"hello");
    let calls = house.exchange.calls();
    assert_eq!(calls.len(), 1);
    assert_eq!(calls[0].account.as_deref(), Some("rtu"));
}

#[tokio::test]
async fn a_password_may_be_kept_in_a_file() {
    use std::os::unix::fs::PermissionsExt;
    let file = tempfile::NamedTempFile::new().expect("a file");
    std::fs::write(file.path(), "secret\n").expect("written");
    std::fs::set_permissions(file.path(), PermissionsExt::from_mode(0o600)).expect("permitted");
    let reference = format!("file:{}", file.path().display());
    let cheap =
        format!("[[account]]\nname = \"other\"\npassword = \"{}\"\ndeny = \"\"\n", cheap_hash("x"));
    let house = house(&(rtu("pipe", CAT).replace("HASH", &reference) + &cheap));
    house.rtu().await;
    let mut caller = house.raw().await;
    caller.give("rtu", "Secret").await;
    caller.expect("Login incorrect\r\nlogin: ").await;
}

#[tokio::test]
async fn a_wrong_password_and_an_unknown_name_cost_and_look_the_same() {
    let house = house(&rtu("pipe", CAT));
    for name in ["rtu", "xyz"] {
        let before = house.exchange.password_hashes();
        let mut caller = house.raw().await;
        caller.give(name, "wrong").await;
        assert_eq!(caller.expect("login: ").await, "Login incorrect\r\n");
        assert_eq!(house.exchange.password_hashes() - before, 1, "{name}");
    }
}

#[tokio::test]
async fn three_tries_and_the_call_is_over() {
    let house = house(&format!("[exchange.login]\ngoodbye = \"Goodbye\"\n{}", rtu("pipe", CAT)));
    let mut caller = house.raw().await;
    for _ in 0..3 {
        caller.give("rtu", "wrong").await;
    }
    assert_eq!(caller.rest().await, b"Login incorrect\r\nGoodbye\r\n");
    let record = house.record().await;
    assert_eq!(record.end, CallEnd::LoginFailed(Ending::TriesUsed));
    assert_eq!(record.call.account, None);
}

#[tokio::test]
async fn a_caller_who_leaves_during_the_login_is_gone() {
    let house = house(&rtu("pipe", CAT));
    let mut caller = house.raw().await;
    caller.expect("login: ").await;
    drop(caller);
    assert_eq!(house.record().await.end, CallEnd::CallerHungUp);
    assert!(house.exchange.calls().is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_caller_who_types_a_byte_now_and_then_meets_the_deadline() {
    let house = house(&rtu("pipe", CAT));
    let begun = tokio::time::Instant::now();
    let (mut from, mut to) =
        TcpStream::connect(house.address()).await.expect("connected").into_split();
    let drip = tokio::spawn(async move {
        while to.write_all(b"x").await.is_ok() {
            sleep(Duration::from_secs(5)).await;
        }
    });
    let mut heard = Vec::new();
    // A reset may follow, because our last drop came too late to be read.
    let _ = from.read_to_end(&mut heard).await;
    assert!(String::from_utf8_lossy(&heard).ends_with("\r\nLogin timed out\r\n"), "{heard:?}");
    let lasted = begun.elapsed().as_secs();
    assert!((60..70).contains(&lasted), "{lasted} s");
    assert_eq!(house.record().await.end, CallEnd::LoginFailed(Ending::Deadline));
    drip.abort();
}

#[tokio::test(start_paused = true)]
async fn a_caller_who_says_nothing_meets_the_deadline() {
    let house = house(&format!("[exchange.login]\ndeadline = \"20s\"\n{}", rtu("pipe", CAT)));
    let caller = house.raw().await;
    assert!(caller.rest().await.ends_with(b"Login timed out\r\n"));
    assert_eq!(house.record().await.end, CallEnd::LoginFailed(Ending::Deadline));
}

#[tokio::test]
async fn what_follows_the_password_at_once_is_data() {
    let house = house(&rtu("pipe", CAT));
    for (typed, data) in [
        (&b"rtu\rsecret\r\n\x00!"[..], &b"\n\x00!"[..]),
        (b"rtu\r\nsecret\r\n\x00!", b"\x00!"),
        (b"rtu\r\0secret\r\0\x00!", b"\x00!"),
        (b"rtu\nsecret\n\n!", b"\n!"),
    ] {
        let mut caller = house.raw().await;
        caller.say(typed).await;
        caller.expect("Password: \r\n").await;
        assert_eq!(caller.bytes(data.len()).await, data, "{typed:?}");
    }
}

#[tokio::test]
async fn the_second_half_of_a_line_end_may_come_late_and_takes_no_data_with_it() {
    let house = house(&rtu("pipe", CAT));
    let mut caller = house.raw().await;
    caller.expect("login: ").await;
    caller.say("rtu\r").await;
    caller.expect("Password: ").await;
    caller.say("\nsecret\r").await;
    caller.expect("\r\n").await;
    caller.say("\n").await;
    caller.say("\n!").await;
    assert_eq!(caller.bytes(2).await, b"\n!");
}

#[tokio::test]
async fn the_name_is_echoed_unless_the_configuration_says_no() {
    let echoing = house(&rtu("pipe", CAT));
    assert_eq!(prompts(&echoing).await, "login: rtu\r\nPassword: \r\nLogin incorrect\r\n");
    let silent = house(&format!("[exchange.login]\necho = \"off\"\n{}", rtu("pipe", CAT)));
    assert_eq!(prompts(&silent).await, "login: \r\nPassword: \r\nLogin incorrect\r\n");
}

async fn prompts(house: &House) -> String {
    let mut caller = house.raw().await;
    caller.say("rtu\rwrong\r").await;
    caller.expect("Login incorrect\r\n").await + "Login incorrect\r\n"
}

#[tokio::test]
async fn a_caller_with_even_parity_gets_in() {
    let mut setup = Setup::new(&rtu("pipe", CAT));
    setup.exchange.listen[0].login_parity = exchange::Parity::Strip;
    let house = setup.start();
    let mut caller = house.raw().await;
    let even = |byte: &u8| if byte.count_ones() % 2 == 1 { byte | 0x80 } else { *byte };
    caller.expect("login: ").await;
    caller.say(b"rtu\rsecret\r".iter().map(even).collect::<Vec<u8>>()).await;
    caller.expect("Password: \r\n").await;
    caller.say([0x80, 0xFF, 0x0D]).await;
    assert_eq!(caller.bytes(3).await, [0x80, 0xFF, 0x0D]);
}

#[tokio::test]
async fn a_modem_that_speaks_is_left_alone() {
    let house = house(&rtu("pipe", CAT));
    let mut caller = house.raw().await;
    caller.say("\r\nNO CARRIER\r\n").await;
    caller.rest().await;
    assert_eq!(house.record().await.end, CallEnd::LoginFailed(Ending::ModemSpeaking));
}

#[tokio::test]
async fn an_account_that_is_denied_is_told_why() {
    let house = house(
        "[[account]]\nname = \"rtu\"\npassword = \"HASH\"\ndeny = \"Contract ended\\nCall 555-0100\"\n",
    );
    let mut caller = house.raw().await;
    caller.log_in().await;
    assert_eq!(caller.rest().await, b"Contract ended\r\nCall 555-0100\r\n");
    let record = house.record().await;
    assert_eq!(record.end, CallEnd::Denied);
    assert_eq!(record.call.account.as_deref(), Some("rtu"));
}

#[tokio::test]
async fn an_account_whose_name_nobody_can_give_is_a_mistake() {
    let text = rtu("pipe", CAT).replace("\"rtu\"", "\"a/b\"");
    let setup = Setup::new(&text);
    let error = exchange::Exchange::start(&setup.exchange, setup.accounts()).unwrap_err();
    assert!(error.to_string().contains("a/b"), "{error}");
    let house = house(&format!("[exchange.login]\nname-characters = \"/\"\n{text}"));
    let mut caller = house.raw().await;
    caller.give("a/b", "wrong").await;
    caller.expect("Login incorrect").await;
}
