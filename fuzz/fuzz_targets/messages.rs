//! Short messages as equipment writes them, in both modes and all alphabets, on their way from module to module: nothing
//! panics, what arrives can be listed, read and kept, and what it says is what was said.
#![no_main]

use std::sync::Arc;
use std::time::Duration;

use clock::Instant;
use libfuzzer_sys::fuzz_target;
use modem::{Action, Input, Modem, Output, Persona, ShortMessage, Stored, Value};

#[derive(Default)]
struct Port {
    said: Vec<u8>,
    message: Option<ShortMessage>,
    stored: Option<Stored>,
    /// The modem has yet to be told of that.
    stores: bool,
}

impl Output for Port {
    fn dte(&mut self, bytes: &[u8]) {
        self.said.extend_from_slice(bytes);
    }

    fn line(&mut self, _: &[u8]) {}

    fn act(&mut self, action: Action<'_>) {
        match action {
            Action::Message(message) => self.message = Some(message.clone()),
            Action::Store(stored) => (self.stored, self.stores) = (Some(stored.clone()), true),
            _ => {}
        }
    }
}

struct Module {
    modem: Modem,
    port: Port,
    now: Instant,
}

impl Module {
    fn new(number: &str) -> Self {
        let mut persona = Persona::default();
        for (key, value) in [
            ("sets", Value::Text("gsm")),
            ("gsm.number", Value::Text(number)),
            ("gsm.search-ms", Value::Integer(0)),
        ] {
            persona.set(key, value).expect("a persona's key");
        }
        let mut module = Self {
            modem: Modem::new(Arc::new(persona), Stored::new()),
            port: Port::default(),
            now: Instant::ORIGIN,
        };
        module.input(Input::Dte(b"ATE0\r"));
        module.wait();
        module
    }

    fn input(&mut self, input: Input<'_>) {
        self.modem.input(self.now, input, &mut self.port);
        while std::mem::take(&mut self.port.stores) {
            self.modem.input(self.now, Input::Stored(Ok(())), &mut self.port);
        }
    }

    /// Whatever takes its time has come to its end, but for a text that is being typed: that waits for minutes.
    fn wait(&mut self) {
        let patience = self.now + Duration::from_secs(60);
        for _ in 0..8 {
            // The network is about to tell what became of it.
            if self.port.message.is_some() {
                return;
            }
            let Some(until) = self.modem.deadline().filter(|until| *until <= patience) else { return };
            self.now = until.max(self.now);
            self.input(Input::Timeout);
        }
    }

    fn says(&mut self, bytes: &[u8]) -> Vec<u8> {
        self.port.said.clear();
        self.input(Input::Dte(bytes));
        self.wait();
        assert!(self.port.said.len() < 1 << 20, "{} bytes said at once", self.port.said.len());
        self.port.said.clone()
    }
}

/// A message goes to the other module.
fn deliver(from: &mut Module, to: &mut Module) {
    let Some(message) = from.port.message.take() else { return };
    to.says(b"AT+CMGD=1,4\r");
    to.input(Input::Message(&message));
    from.input(Input::MessageSent(Ok(())));
    from.wait();
    let octets = to.says(b"AT+CMGF=0;+CMGR=1\r");
    let text = to.says(b"AT+CSCS=\"UCS2\";+CMGF=1;+CSDH=1;+CMGR=1;+CMGL=\"ALL\"\r");
    for shown in [octets, text] {
        assert!(shown.ends_with(b"\r\nOK\r\n"), "{:?}", String::from_utf8_lossy(&shown));
    }
    // What it says comes whole: again as a message of our own it says the same.
    let said = message.content.text();
    let again = ShortMessage::of_text(message.from.clone(), message.to.clone(), &said);
    if let Some(again) = again {
        assert_eq!(again.content.text(), said);
    }
}

fuzz_target!(|bytes: &[u8]| {
    let (mut first, mut second) = (Module::new("+4917000001"), Module::new("+4917000002"));
    let mut rest = bytes;
    while let Some((&event, after)) = rest.split_first() {
        let (length, text) = after.split_first().map_or((0, after), |(&length, text)| (usize::from(length), text));
        let (text, after) = text.split_at(length.min(text.len()));
        rest = after;
        match event % 8 {
            // Octets, with the centre that the card knows.
            0 | 1 => {
                first.says(format!("AT+CMGF=0;+CMGS={}\r", text.len()).as_bytes());
                let mut hex: String = "00".into();
                text.iter().for_each(|octet| hex.push_str(&format!("{octet:02X}")));
                hex.push('\x1a');
                first.says(hex.as_bytes());
            }
            // Octets that may be kept, or a centre of their own.
            2 => {
                let centre = text.first().map_or(0, |length| usize::from(*length) + 1);
                let length = text.len().saturating_sub(centre);
                first.says(format!("AT+CMGF=0;+CMGW={length}\r").as_bytes());
                let mut hex: String = text.iter().map(|octet| format!("{octet:02x}")).collect();
                hex.push('\x1a');
                first.says(hex.as_bytes());
                first.says(b"AT+CMSS=1\r");
            }
            // Text.
            3 | 4 => {
                let sets = ["GSM", "IRA", "8859-1", "PCCP437", "UCS2", "HEX"];
                let set = sets[length % sets.len()];
                let scheme = [0, 4, 8, 0xF0, 0xF4][length / 6 % 5];
                let number = if set == "UCS2" { "002B0034003900310037" } else { "+4917" };
                first.says(format!("AT+CMGF=1;+CSCS=\"{set}\";+CSMP=17,167,0,{scheme}\r").as_bytes());
                first.says(format!("AT+CMGS=\"{number}\"\r").as_bytes());
                first.says(text);
                first.says(b"\x1a");
            }
            5 => drop(first.says(text)),
            6 => {
                first.says(b"\x1b");
                first.now = first.now + Duration::from_secs(200);
                first.wait();
            }
            _ => {
                first.says(b"AT+CMGF=1;+CMGL=\"ALL\"\r");
                first.says(b"AT+CMGF=0;+CMGL=4\r");
                // A module that starts again has what was kept.
                if let Some(stored) = first.port.stored.take() {
                    let persona = Arc::clone(first.modem.persona());
                    first.modem = Modem::new(persona, stored);
                    first.says(b"ATE0\r");
                }
            }
        }
        deliver(&mut first, &mut second);
    }
});
