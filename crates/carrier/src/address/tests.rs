use super::*;
use proptest::prelude::*;

fn shown(text: &str) -> String {
    match text.parse::<Address>() {
        Ok(address) => address.to_string(),
        Err(error) => error.to_string(),
    }
}

#[test]
fn every_form_people_write_is_read() {
    for (written, meant) in [
        ("telnet://host:23", "telnet://host:23"),
        ("TELNET://host", "telnet://host:23"),
        ("telnet://host/", "telnet://host:23"),
        ("tcp://[::1]:8023", "tcp://[::1]:8023"),
        ("tcp://[fe80::1%eth0]:8023", "tcp://[fe80::1%eth0]:8023"),
        ("tcp://[::ffff:10.0.0.7]:1", "tcp://10.0.0.7:1"),
        ("unix:/run/x", "unix:/run/x"),
        ("unix:///run/x", "unix:/run/x"),
        ("10.0.0.7", "10.0.0.7:23"),
        ("10.0.0.7:8023", "10.0.0.7:8023"),
        ("2001:db8::1", "[2001:db8::1]:23"),
        ("tls:992", "tls:992"),
    ] {
        assert_eq!(shown(written), meant, "{written}");
    }
}

#[test]
fn what_is_not_an_address_is_refused_with_its_reason() {
    for (written, why) in [
        ("", "the host is missing"),
        ("tcp://:23", "the host is missing"),
        ("tcp://host", "the port is missing"),
        ("tcp://host:0", "`0` is not a port"),
        ("tcp://host:+5", "`+5` is not a port"),
        ("tcp://host:65536", "`65536` is not a port"),
        ("serial:/dev/ttyUSB0", "calls by `serial` are not built in"),
        ("http://host", "`http` is not a way to call"),
        ("unix:relative", "`relative` is not an absolute path"),
        ("tcp://[::1]8023", "`8023` is not expected"),
        ("tcp://user@host:1", "`user@host` is neither"),
        ("a b:23", "`a b` is neither"),
        ("tcp://[10.0.0.1%eth0]:1", "neither"),
    ] {
        let shown = shown(written);
        assert!(shown.contains(why), "{written}: {shown}");
    }
}

#[test]
fn what_systems_take_for_an_address_in_ways_of_their_own_is_no_name() {
    for text in ["010.0.0.5", "10.0.0.300", "10.5", "1.2.3.4.", "167772165", "0x7f.1", "host.0x1F"]
    {
        assert_eq!(text.parse::<Host>(), Err(AddressError::BadHost(text.to_owned())));
    }
    for text in ["server7", "10.0.0.in-addr.arpa", "3com", "7.example.", "0xyz"] {
        assert!(matches!(text.parse(), Ok(Host::Name(_))), "{text}");
    }
}

#[cfg(feature = "inside")]
#[test]
fn calls_that_end_inside_the_process_have_schemes_of_their_own() {
    for (written, meant) in [
        ("exec:/bin/cat", "exec:/bin/cat"),
        ("exec:/bin/sh -c  'echo \"a b\"'", "exec:/bin/sh -c 'echo \"a b\"'"),
        ("exec:cat", "whole path is needed"),
        ("exec:", "a program is missing"),
        ("exec:/bin/sh 'x", "never closed"),
        ("line:pump-house", "line:pump-house"),
        ("line://4001", "line://4001"),
        ("line:4001", "line:4001"),
        ("line:a b", "`a b` is no name of a line"),
        ("exchange:", "exchange:"),
        ("exchange:23", "exchange:23"),
    ] {
        assert!(shown(written).contains(meant), "{written}: {}", shown(written));
    }
    assert!(matches!("line:4001".parse(), Ok(Address::Net { .. })), "a host and its port");
    assert!(matches!("line://4001".parse(), Ok(Address::Line(_))));
}

#[cfg(feature = "tls")]
#[test]
fn tls_has_a_usual_port() {
    assert_eq!(shown("tls://host"), "tls://host:992");
    assert_eq!(shown("telnets://[::1]/"), "telnets://[::1]:992");
}

#[cfg(feature = "ssh")]
#[test]
fn a_session_is_somebodys() {
    assert_eq!(shown("ssh://rtu@host"), "ssh://rtu@host:22");
    assert_eq!(shown("SSH://rtu@[::1]:2222/"), "ssh://rtu@[::1]:2222");
    assert!(shown("ssh://host").contains("the user is missing"));
    assert!(shown("ssh://@host").contains("the user is missing"));
    assert!(shown("ssh://a b@host").contains("the user has 1 to"));
}

#[cfg(feature = "ssh")]
#[test]
fn a_password_in_an_address_is_refused_and_not_repeated() {
    for text in ["ssh://rtu:hunter2@host", "ssh://rtu:hun@ter2@host:22", "ssh://:hunter2@h"] {
        let shown = shown(text);
        assert!(shown.contains("ssh = { password = \"file:"), "{shown}");
        assert!(!shown.contains("hun") && !shown.contains("ter2"), "{shown}");
    }
}

#[cfg(not(feature = "tls"))]
#[test]
fn without_tls_its_schemes_are_known_and_refused() {
    assert!(shown("tls://host").contains("calls by `tls` are not built in"));
    assert!(shown("telnets://host").contains("not built in"));
}

#[test]
fn a_modem_dials_what_a_telephone_can_and_nothing_that_could_be_a_command() {
    assert_eq!(shown("modem:rack1/9,5551234"), "modem:rack1/9,5551234");
    if cfg!(feature = "inside") {
        assert_eq!(shown("gsm://north/10.0.0.7:8023"), "gsm:north/10.0.0.7:8023");
        assert!(shown("gsm:north/10.0.0.7").contains("the port is missing"));
        assert!(shown("gsm:/dev/ttyUSB0").contains("is not a GSM module's name"));
    }
    assert_eq!(shown("MODEM:rack-1/*99#"), "modem:rack-1/*99#");
    assert_eq!(shown("modem:8023"), "modem:8023", "a host of this name");
    let long = format!("modem:a/{}", "5".repeat(limits::MODEM_NUMBER + 1));
    for wrong in ["modem:/5", "modem:a/", "modem:a/5;S0=1", "modem:a/5\rATZ", "modem:a b/5", &long]
    {
        assert!(shown(wrong).contains("is not a modem's name"), "{wrong}: {}", shown(wrong));
    }
}

#[test]
fn a_carrier_that_is_not_built_in_has_a_cause_of_its_own() {
    let cause = |text: &str| text.parse::<Address>().unwrap_err().cause();
    assert_eq!(cause("udp://host"), Cause::NoSuchCarrier);
    assert_eq!(cause("tcp://host"), Cause::BadNumber);
}

proptest! {
    #[test]
    fn an_address_is_read_as_it_is_shown(
        v6: u128, v4: u32, which in 0..4, name in "[a-z]([a-z0-9.-]{0,19}[a-z])?", port in 1u16.., protocol in 0usize..3 + 2 * usize::from(TLS),
    ) {
        let host = match which {
            0 => Host::Ip(IpAddr::V6(v6.into()).to_canonical()),
            1 => Host::Ip(IpAddr::V4(v4.into())),
            2 => Host::Zoned(v6.into(), "eth0".to_owned()),
            _ => Host::Name(name),
        };
        let protocol = [Protocol::Raw, Protocol::Telnet, Protocol::Detect, Protocol::Tls, Protocol::Telnets][protocol];
        let address = Address::Net { protocol, host, port };
        prop_assert_eq!(address.to_string().parse(), Ok(address));
    }

    #[test]
    fn no_text_upsets_the_reader(text: String) {
        let _ = text.parse::<Address>();
    }
}
