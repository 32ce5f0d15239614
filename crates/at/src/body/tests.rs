use super::*;
use crate::limits::{BODY_MAX, NAME_MAX, NUMBER_MAX};
use proptest::prelude::*;

fn value_text(value: Value<'_>) -> String {
    match value {
        Value::Omitted => String::new(),
        Value::Number(number) => number.to_string(),
        Value::Word(text) | Value::Text(text) => format!("\"{text}\""),
    }
}

fn act_text(act: &ExtendedAct<'_>) -> String {
    match act {
        ExtendedAct::Execute => String::new(),
        ExtendedAct::Read => "?".into(),
        ExtendedAct::Test => "=?".into(),
        ExtendedAct::Set(values) => {
            format!("={}", values.iter().map(value_text).collect::<Vec<_>>().join(","))
        }
    }
}

fn command_text(command: &Command<'_>) -> String {
    let number_text = |number: Option<u32>| number.map_or_else(String::new, |n| n.to_string());
    match command {
        Command::Basic { prefix, letter, number } => {
            let prefix = prefix.map_or_else(String::new, |p| char::from(p.byte()).into());
            format!("{prefix}{}{}", char::from(*letter), number_text(*number))
        }
        Command::Register { number, act } => {
            let register = number.map_or_else(String::new, |n| format!("S{n}"));
            let act = match act {
                RegisterAct::Select => String::new(),
                RegisterAct::Read => "?".into(),
                RegisterAct::Test => "=?".into(),
                RegisterAct::Set(to) => format!("={to}"),
                RegisterAct::SetText(to) => format!("=\"{to}\""),
            };
            register + &act
        }
        Command::StoreNumber { slot, text } => format!("&Z{slot}=\"{text}\""),
        Command::ReadNumber { slot } => format!("&Z{slot}?"),
        Command::Extended { name, act } => format!("+{name}{}", act_text(act)),
        Command::Vendor { mark, name, act } => {
            format!("{}{name}{}", char::from(mark.byte()), act_text(act))
        }
        Command::Dial(rest) => format!("D[{}]", String::from_utf8_lossy(rest)),
        Command::Help(help) => format!("help {help:?}"),
    }
}

fn read(line: &str, reading: Reading) -> String {
    let commands = commands(line.as_bytes(), reading).map(|command| match command {
        Ok(command) => command_text(&command),
        Err(wrong) => format!("!{wrong:?}"),
    });
    commands.collect::<Vec<_>>().join(" ")
}

fn check(table: &[(&str, &str)], reading: Reading) {
    for (line, expected) in table {
        assert_eq!(read(line, reading), *expected, "AT{line}");
    }
}

#[test]
fn every_known_client_s_line_comes_out_as_its_owner_meant() {
    let entries = include_str!("init_strings.txt").lines();
    let mut seen = 0;
    for entry in entries.filter(|entry| !entry.is_empty() && !entry.starts_with('#')) {
        let (line, expected) = entry.split_once(" => ").unwrap();
        assert_eq!(read(line, Reading::Lenient), expected, "AT{line}");
        seen += 1;
    }
    assert!(seen > 80);
}

#[test]
fn v250_lines_read_the_same_when_strict() {
    check(
        &[
            ("", ""),
            ("  ", ""),
            ("E0V1", "E0 V1"),
            ("+IFC=2,2", "+IFC=2,2"),
            ("+ES=3,0,2;+EB=1,0,30", "+ES=3,0,2 +EB=1,0,30"),
            ("S0=1+ER=1;&C1", "S0=1 +ER=1 &C1"),
            ("S007=030", "S7=30"),
            ("+ I P R = 9 600", "+IPR=9600"),
        ],
        Reading::Strict,
    );
}

#[test]
fn strict_reading_refuses_what_only_the_field_sends() {
    check(
        &[
            ("E=1", "!Unexpected(61)"),
            ("E0;V1", "E0 !Unexpected(59)"),
            ("+FCLASS=0 S37=0", "!Unexpected(61)"),
            ("+ES=3&C1", "!MissingSemicolon"),
            ("+GMI?E0", "!MissingSemicolon"),
        ],
        Reading::Strict,
    );
}

#[test]
fn s_registers_come_in_all_their_forms() {
    check(
        &[
            ("S7", "S7"),
            ("S", "S0"),
            ("S?", "S0?"),
            ("S7?", "S7?"),
            ("S7=?", "S7=?"),
            ("S0=", "S0=0"),
            ("S0=&C1", "S0=0 &C1"),
            ("?", "?"),
            ("=5", "=5"),
            ("=", "=0"),
            ("S3?S4?", "S3? S4?"),
            ("I3S7?", "I3 S7?"),
            ("S 7 = 6 0", "S7=60"),
            ("S99999999999999999999=1", "S65535=1"),
            ("S7=2147483649", "!NumberTooBig"),
            ("S53=10.0.0.5/3001 E1", "S53=\"10.0.0.5/3001\" E1"),
            ("S53=\"a;b\"E1", "S53=\"a;b\" E1"),
            ("S53=\"a", "!UnclosedQuote"),
        ],
        Reading::Lenient,
    );
}

#[test]
fn stored_numbers_are_text_to_the_end_or_in_quotes() {
    check(
        &[
            ("&Z", "&Z"),
            ("&Z3", "&Z3"),
            ("&Z3?", "&Z3?"),
            ("&Z3=10.0.0.5:8023", "&Z3=\"10.0.0.5:8023\""),
            ("&Z=5551212;E0", "&Z0=\"5551212;E0\""),
            ("&Z12=", "&Z12=\"\""),
            ("&Z1=\"host:23\"&W", "&Z1=\"host:23\" &W"),
            ("&Z1=Host.Example , alias ", "&Z1=\"Host.Example , alias\""),
            ("&Z999999=x", "&Z65535=\"x\""),
        ],
        Reading::Lenient,
    );
}

#[test]
fn a_line_ends_at_what_ends_it() {
    check(
        &[
            ("A E1", "A"),
            ("O1E1", "O1"),
            ("ZE1", "Z"),
            ("E1A", "E1 A"),
            ("DT10.0.0.5;E0", "D[T10.0.0.5;] E0"),
            ("DT\"a;b\" ;V1", "D[T\"a;b\" ;] V1"),
            ("DT[::1;]:23E0", "D[T[::1;]:23E0]"),
            ("D", "D[]"),
            ("d Host.Example", "D[ Host.Example]"),
            ("D\"never closed;E0", "D[\"never closed;E0]"),
        ],
        Reading::Lenient,
    );
}

#[test]
fn help_is_told_from_the_makers_dollar_commands() {
    check(
        &[
            ("$", "help Basic"),
            ("&$", "help Ampersand"),
            ("D$", "help Dial"),
            ("S$", "help Registers"),
            ("$SB=9600", "$SB=9600"),
            ("$B9600", "$B=9600"),
            ("$ E1", "$E=1"),
        ],
        Reading::Lenient,
    );
}

#[test]
fn makers_commands_are_read_whole() {
    check(
        &[
            ("#CID=1", "#CID=1"),
            ("#CID1S0=1", "#CID=1 S0=1"),
            ("#CLS=8?", "!Unexpected(63)"),
            ("*NUMTOIP?", "*NUMTOIP?"),
            ("*A", "*A"),
            ("*A*L2", "*A *L=2"),
            ("-J1-K0", "-J=1 -K=0"),
            ("-V90=1", "-V90=1"),
            ("-V90?", "-V90?"),
            ("-SDR=7", "-SDR=7"),
            ("$SSID=DIALME", "$SSID=\"DIALME\""),
            ("!GSTATUS?", "!GSTATUS?"),
            ("@", "@"),
            ("@CALLS?", "@CALLS?"),
            ("@PB=\"a b\",10.0.0.5:23", "@PB=\"a b\",\"10.0.0.5:23\""),
            (":D1:E0", ":D1 :E0"),
            ("*", "!MissingName"),
            ("*9", "!Unexpected(57)"),
        ],
        Reading::Lenient,
    );
}

#[test]
fn values_are_numbers_words_texts_or_left_out() {
    check(
        &[
            ("+X=", "+X="),
            ("+X=,", "+X=,"),
            ("+X= 1 , , 3 ", "+X=1,,3"),
            ("+MS=V34,1,0,33600", "+MS=\"V34\",1,0,33600"),
            ("+FCLASS=2.0", "+FCLASS=\"2.0\""),
            ("+X=\"a,b;c\",2;E1", "+X=\"a,b;c\",2 E1"),
            ("+X=\"say \\22hi\\22\\5C\"", "+X=\"say \"hi\"\\\""),
            ("+X=\"\\zz\\1\"", "+X=\"\\zz\\1\""),
            ("+X=\"Case Kept\"", "+X=\"Case Kept\""),
            ("+X=4294967296", "+X=\"4294967296\""),
            ("+X=2147483648", "+X=2147483648"),
            ("+X=2147483649", "+X=\"2147483649\""),
            ("+X=+4912345,1", "+X=\"+4912345\",1"),
            ("+X=\"open", "!UnclosedQuote"),
            ("+X=1\"2\"", "!Unexpected(34)"),
            ("+X=\"1\"=2", "!Unexpected(61)"),
        ],
        Reading::Lenient,
    );
}

#[test]
fn an_extended_command_needs_no_semicolon_where_its_end_is_clear() {
    check(
        &[
            ("+FCLASS=0S37=0", "+FCLASS=0 S37=0"),
            ("+FCLASS=0 E1", "+FCLASS=0 E1"),
            ("+FCLASS=0&C1", "+FCLASS=0 &C1"),
            ("+FCLASS=0\\N3%C0", "+FCLASS=0 \\N3 %C0"),
            ("+FCLASS=0+IPR=0", "+FCLASS=0 +IPR=0"),
            ("+FCLASS=0X4V1", "+FCLASS=0 X4 V1"),
            ("+MS=B212 S0=1", "+MS=\"B212\" S0=1"),
            ("+GMI E0", "+GMI E0"),
            ("+GMI&C1", "+GMI &C1"),
            ("+IPR?E0", "+IPR? E0"),
            ("+FCLASS=?S0?", "+FCLASS=? S0?"),
            ("+FCLASS=0;;;E1;", "+FCLASS=0 E1"),
            (";E1", "E1"),
            // The price: what could be hexadecimal digits stays with the number.
            ("+FCLASS=0E1", "+FCLASS=\"0E1\""),
        ],
        Reading::Lenient,
    );
}

#[test]
fn what_no_command_begins_with_is_an_error_and_the_end() {
    check(
        &[
            ("5E1", "!Unexpected(53)"),
            ("E1,V1", "E1 !Unexpected(44)"),
            ("E1\"V1", "E1 !Unexpected(34)"),
            ("+", "!MissingName"),
            ("+1", "!Unexpected(49)"),
            ("&", "!MissingName"),
            ("&1", "!Unexpected(49)"),
            ("E0E4294967296V1", "E0 !NumberTooBig"),
            ("E=X", "!Unexpected(61)"),
            ("E1=5", "!Unexpected(61)"),
            ("V1E?", "V1 !Unexpected(63)"),
            ("&C?", "!Unexpected(63)"),
            ("+ABCDEFGHIJKLMNOPQ=1", "!NameTooLong"),
            ("\u{e9}", "!Unexpected(195)"),
        ],
        Reading::Lenient,
    );
    assert_eq!(read(&format!("+{}", "A".repeat(NAME_MAX)), Reading::Lenient).len(), NAME_MAX + 1);
}

#[test]
fn names_and_letters_have_no_case_but_texts_have() {
    check(
        &[("e1&c1", "E1 &C1"), ("+ipr=0", "+IPR=0"), ("s7?", "S7?"), ("#cid?", "#CID?")],
        Reading::Lenient,
    );
}

#[test]
fn hexadecimal_is_another_reading_of_the_same_digits() {
    let hexadecimal = |raw: &str| {
        Values::parse(raw.as_bytes()).unwrap().single().and_then(|value| value.hexadecimal())
    };
    assert_eq!(hexadecimal("1F"), Some(0x1F));
    assert_eq!(hexadecimal("0010"), Some(0x10));
    assert_eq!(hexadecimal("+1"), None);
    assert_eq!(hexadecimal("\"1F\""), None);
    assert_eq!(hexadecimal("FFFFFFFFF"), None);
    assert_eq!(hexadecimal("1,2"), None);
}

#[test]
fn values_can_be_read_by_themselves() {
    let values = Values::parse(b"3,\"a\",,x").unwrap();
    assert_eq!(values.iter().map(value_text).collect::<Vec<_>>(), ["3", "\"a\"", "", "\"x\""]);
    assert_eq!(values.raw(), b"3,\"a\",,x");
    assert_eq!(Values::parse(b"1;2"), Err(Syntax::Unexpected(b';')));
}

fn any_reading() -> impl Strategy<Value = Reading> {
    prop_oneof![Just(Reading::Lenient), Just(Reading::Strict)]
}

fn line() -> impl Strategy<Value = Vec<u8>> {
    let piece = prop_oneof![
        4 => prop::sample::select(
            ["S7=", "?", "=", "+IFC", "&C1", "&Z3=", "\"", "\\22", ",", ";", "D", "A", "#CID", "1",
             " ", "*", "@", "-V90", "\\N3", "E0", "2.0", "$", "+", "&", "Z"].map(str::as_bytes).to_vec(),
        ).prop_map(<[u8]>::to_vec),
        1 => prop::collection::vec(any::<u8>(), 0..4),
    ];
    prop::collection::vec(piece, 0..30).prop_map(|pieces| pieces.concat())
}

proptest! {
    #[test]
    fn any_line_is_consumed_command_by_command(line in line(), reading in any_reading()) {
        let mut all = commands(&line, reading);
        let mut left = line.len();
        while let Some(command) = all.next() {
            // Each command takes at least a byte, so that there are never more than bytes.
            prop_assert!(all.cursor.rest().len() < left);
            left = all.cursor.rest().len();
            if let Ok(Command::Extended { act: ExtendedAct::Set(values), .. }) = &command {
                prop_assert!(values.iter().count() <= BODY_MAX);
                prop_assert!(values.iter().filter_map(|v| v.number()).all(|n| n <= NUMBER_MAX));
            }
            if command.is_err() {
                prop_assert_eq!(all.next(), None);
            }
        }
        prop_assert_eq!(all.next(), None);
    }

    #[test]
    fn spaces_between_commands_mean_nothing(
        parts in prop::collection::vec(
            prop::sample::select(vec!["E1", "&C1", "\\N3", "S7=30", "S0?", "%C0", "M", "+GMI;", "+IFC=2,2;"]),
            0..12,
        ),
        reading in any_reading(),
    ) {
        prop_assert_eq!(read(&parts.concat(), reading), read(&parts.join("  "), reading));
    }

    #[test]
    fn what_both_readings_accept_they_read_alike(
        parts in prop::collection::vec(
            prop::sample::select(vec!["E1", "&C1", "S7=30", "S", "?", "+ES=3,0,2;", "+MS=V34,1;", "+GMI;", "X"]),
            0..12,
        ),
    ) {
        let line = parts.concat();
        prop_assert_eq!(read(&line, Reading::Lenient), read(&line, Reading::Strict));
    }
}
