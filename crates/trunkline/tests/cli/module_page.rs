//! GSM modules on the operators' page.

use std::time::{Duration, Instant};

use crate::page::{log_in, part, say};
use crate::ports::free_address;
use crate::stage::{Equipment, PATIENCE};
use crate::translator::{dial, server, setting, staged};

#[test]
fn the_page_shows_a_module_with_its_network_its_signal_and_how_its_last_call_went() {
    let page = free_address();
    let mut stage = staged(&format!(
        "{}[web]\nlisten = \"{page}\"\n[[operator]]\nname = \"ada\"\npassword = \"file:password\"\n\
         role = \"operator\"\n",
        setting("wavecom-q26", "", "")
    ));
    stage.start(&["run", "--log", "debug"]);
    stage.wait_for("ready module=north");
    let mut equipment = Equipment::open(&stage.path("pump"));
    equipment.command("ATE0", "OK\r\n");
    let answer = log_in(page, "ada", "secret");
    let cookie = part(&answer, "set-cookie: ", ';');
    // What is shown is up to a second old.
    let shown = |wanted: &[&str]| {
        let end = Instant::now() + PATIENCE;
        loop {
            let head = format!("GET /api/v1/modems HTTP/1.1\nCookie: {cookie}");
            let shown = say(page, &head, "");
            if wanted.iter().all(|wanted| shown.contains(wanted)) {
                return;
            }
            assert!(Instant::now() < end, "{wanted:?} is missing in {shown}");
            std::thread::sleep(Duration::from_millis(50));
        }
    };
    let network = "\"network\":\"Example Net (home)\"";
    shown(&[
        "\"name\":\"north\"",
        "\"dialect\":\"wavecom\"",
        network,
        "\"dbm\":-79",
        "\"last_call\":null",
    ]);

    let (server, address) = server();
    let far = dial(&mut equipment, &server, &address);
    shown(&["\"state\":\"online\"", &format!("\"party\":\"{address}\""), "\"since\":\"2"]);
    shown(&["\"connected\":true", "\"cause\":null"]);
    drop(far);
    equipment.expect("NO CARRIER\r\n");
    shown(&["\"connected\":true", "\"cause\":\"remote-hang-up\"", "\"party\":null"]);
    let far = dial(&mut equipment, &server, &address);
    let html = say(page, &format!("GET / HTTP/1.1\nCookie: {cookie}"), "");
    let proof = part(&html, "name=\"csrf\" content=\"", '"');
    let hang_up = format!(
        "POST /api/v1/modems/north/hang-up HTTP/1.1\nCookie: {cookie}\nSec-Fetch-Site: same-origin\nX-CSRF-Token: {proof}"
    );
    assert!(say(page, &hang_up, "").contains("hangs up"));
    equipment.expect("NO CARRIER\r\n");
    drop((far, server));
    stage.wait_for("the call is over");
    equipment.command(&format!("ATDT{address}"), "BUSY\r\n");
    shown(&["\"connected\":false", "\"cause\":\"refused\""]);
}
