//! What the modem says about itself.

use super::{Key, Persona, Set, text};

pub(super) const KEYS: &[Key] = &[
    text("base", "the persona to start from; the loader has done so before", |_, _| Ok(())),
    text("name", "what it is called", |p, text| put(&mut p.name, text)),
    text("maker", "+GMI", |p, text| put(&mut p.identity.maker, text)),
    text("model", "+GMM", |p, text| put(&mut p.identity.model, text)),
    text("revision", "+GMR", |p, text| put(&mut p.identity.revision, text)),
    text("serial", "+GSN", |p, text| put(&mut p.identity.serial, text)),
    text("object", "+GOI", |p, text| put(&mut p.identity.object, text)),
    text("capabilities", "+GCAP", |p, text| put(&mut p.identity.capabilities, text)),
    text("country", "+GCI, two hexadecimal digits", |p, text| put(&mut p.identity.country, text)),
    Key {
        name: "information.*",
        takes: "a string",
        help: "the answer to ATI with this number; \"OK\" for only that, \"ERROR\" to refuse",
        set: Set::NamedText(information),
    },
];

fn put(place: &mut String, text: &str) -> Result<(), String> {
    text.clone_into(place);
    Ok(())
}

fn information(persona: &mut Persona, number: &str, text: &str) -> Result<(), String> {
    match number.parse() {
        Ok(number) if number <= 99 => {
            persona.identity.information.insert(number, text.to_owned());
            Ok(())
        }
        _ => Err(format!("{number} is not a number from 0 to 99")),
    }
}
