//! The operators' page in Chromium, and the metrics in Prometheus' own parser.

use std::net::SocketAddr;

use crate::stage::{
    Account, Process, Setting, Stage, Trunkline, Wire, command, free_address, installed,
};

const TOKEN: &str = "0123456789abcdef0123456789abcdef";

/// An exchange, a line for equipment, and a page with one operator.
fn house(stage: &Stage, places: [SocketAddr; 3]) -> Trunkline {
    let [page, equipment, exchange] = places;
    let program = stage.script("echo", "stty raw -echo\nprintf READY\nexec cat");
    let secret = |name: &str, text: &str| {
        use std::os::unix::fs::PermissionsExt as _;
        let path = stage.write(name, text);
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600)).expect("our own");
    };
    secret("operator", "pass");
    secret("token", TOKEN);
    let tables = format!(
        "[web]\nlisten = \"{page}\"\n[[web.token]]\nname = \"prometheus\"\nsecret = \"file:token\"\n\
         [[operator]]\nname = \"ada\"\npassword = \"file:operator\"\nrole = \"operator\"\n\
         [[line]]\nname = \"pump\"\ntcp = \"{equipment}\"\n"
    );
    Setting::new(stage).exchange(exchange).account(&Account::site(&program)).tables(&tables).run()
}

fn python(stage: &Stage, name: &str, text: &str, arguments: &[String]) {
    let script = stage.write(name, text);
    // The system's interpreter: its packages are what tests/set-up brings.
    let mut command = command(installed("/usr/bin/python3"));
    command.arg("-u").arg(script).args(arguments);
    Process::start(name, &mut command).succeed();
}

#[test]
fn an_operator_sees_a_call_in_chromium_traces_it_hangs_up_and_busies_the_line_out() {
    installed("/usr/bin/chromium");
    let stage = Stage::new();
    let places = [free_address(), free_address(), free_address()];
    let _trunkline = house(&stage, places);
    let [page, equipment, exchange] = places;
    let shots = stage.folder("shots").display().to_string();
    let arguments = [format!("http://{page}"), equipment.to_string(), exchange.to_string(), shots];
    python(&stage, "page.py", include_str!("page.py"), &arguments);
}

#[test]
fn prometheus_reads_the_metrics() {
    let stage = Stage::new();
    let places = [free_address(), free_address(), free_address()];
    let trunkline = house(&stage, places);
    let mut caller = Wire::call(places[2]);
    caller.expect("login: ");
    caller.send("site\r");
    caller.expect("Password: ");
    caller.send("secret\r");
    caller.expect("READY");
    drop(caller);
    trunkline.log().expect("caller-hung-up");
    python(
        &stage,
        "metrics.py",
        include_str!("metrics.py"),
        &[format!("http://{}", places[0]), TOKEN.to_owned()],
    );
}
