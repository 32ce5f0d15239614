//! Any bytes as a dial string: refused, or read as a target that reads back as itself.
#![no_main]

use at::dial::{Dial, DialRules, Target};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let Ok(dial) = Dial::parse(bytes) else { return };
    assert!(dial.keys().count() <= 3);
    let rules = DialRules::default();
    let Ok(target) = dial.target(&rules) else { return };
    if matches!(target, Target::Address { .. }) {
        let again = Dial::parse(format!("\"{target}\"").as_bytes()).expect("a written target is a dial string");
        assert_eq!(again.target(&rules).as_ref(), Ok(&target));
    }
});
