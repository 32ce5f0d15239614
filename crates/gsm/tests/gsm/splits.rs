//! Any cut of what a module says comes to the same.

use gsm::{Event, Input, Order};
use proptest::prelude::*;

use crate::module::{Desk, target};
use crate::tables::ALL;

fn sayings() -> impl Strategy<Value = Vec<u8>> {
    let known = prop::sample::select(vec![
        &b"\r\nOK\r\n"[..],
        b"\r\nERROR\r\n",
        b"\r\n+CME ERROR: 842\r\n",
        b"\r\nCONNECT\r\n",
        b"\r\n+WIPREADY: 2,1\r\n",
        b"\r\nOk_Info_WaitingForData\r\n",
        b"\r\nCONNECT OK\r\n",
        b"\r\n+QIOPEN: 0,0\r\n",
        b"\r\n+QIRD: 5\r\nabcde\r\nOK\r\n",
        b"\r\n+CIPRXGET: 2,3,0\r\nab\x03\r\nOK\r\n",
        b"\r\n+CIPRXGET: 1\r\n",
        b"\r\n+QIURC: \"recv\",0\r\n",
        b"\r\n+QIURC: \"closed\",0\r\n",
        b"\r\nCLOSED\r\n",
        b"\x03\r\nSHUTDOWN\r\n",
        b"\x10\x03\x10\x10",
        b"\r\n> ",
        b"\r\nRDY\r\n",
        b"\r\n+CMTI: \"SM\",1\r\n",
    ]);
    let noise = prop::collection::vec(any::<u8>(), 0..12);
    let one = prop_oneof![5 => known.prop_map(<[u8]>::to_vec), 1 => noise];
    prop::collection::vec(one, 0..10).prop_map(|all| all.concat())
}

/// Everything that comes of these parts while it dials.
fn outcome(name: &str, parts: &[&[u8]]) -> (Vec<Event>, Vec<u8>, Vec<u8>, &'static str) {
    let mut desk = Desk::ready(name);
    desk.order(Order::Dial(target()));
    for _ in 0..4 {
        desk.step();
    }
    desk.port.sent.clear();
    desk.port.events.clear();
    for part in parts {
        // What it answers stays unanswered.
        desk.module.input(desk.now, Input::Bytes(part), &mut desk.port);
    }
    let doing = desk.module.doing();
    (desk.port.events, desk.port.data, desk.port.sent, doing)
}

proptest! {
    #[test]
    fn any_cut_of_what_a_module_says_comes_to_the_same(
        bytes in sayings(), cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..6), which in 0usize..4,
    ) {
        let (name, _) = ALL[which];
        let mut at: Vec<usize> = cuts.iter().map(|cut| cut.index(bytes.len() + 1)).collect();
        at.extend([0, bytes.len()]);
        at.sort_unstable();
        let parts: Vec<&[u8]> = at.windows(2).map(|ends| &bytes[ends[0]..ends[1]]).collect();
        let whole = outcome(name, &[&bytes]);
        prop_assert_eq!(outcome(name, &parts), whole.clone());
        let single: Vec<&[u8]> = bytes.chunks(1).collect();
        prop_assert_eq!(outcome(name, &single), whole);
    }
}
