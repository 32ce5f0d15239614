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
    secret(stage, "operator", "pass");
    secret(stage, "token", TOKEN);
    let tables = format!(
        "[web]\nlisten = \"{page}\"\n[[web.token]]\nname = \"prometheus\"\nsecret = \"file:token\"\n\
         [[operator]]\nname = \"ada\"\npassword = \"file:operator\"\nrole = \"operator\"\n\
         [[line]]\nname = \"pump\"\ntcp = \"{equipment}\"\n\
         [[hunt]]\nname = \"hall\"\nmembers = [\"pump\", \"rack-1\", \"rack-2\"]\n"
    );
    // The first modem's port is the terminal of a line; the second one has been unplugged.
    Setting::new(stage)
        .exchange(exchange)
        .account(&Account::site(&program))
        .line("trunk", "init = \"S12=10\"")
        .modem("rack-1", "trunk", "dial = \"ATDT\"\nguard = \"300ms\"")
        .modem("rack-2", "unplugged", "")
        .line("desk", "")
        .phone("5551212", "\"modem:rack-1/777\"")
        .phone("777", &format!("\"tcp://{exchange}\""))
        .tables(&tables)
        .run()
}

/// A file of its owner's alone.
fn secret(stage: &Stage, name: &str, text: &str) {
    use std::os::unix::fs::PermissionsExt as _;
    let path = stage.write(name, text);
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600)).expect("our own");
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
    let trunkline = house(&stage, places);
    let [page, equipment, exchange] = places;
    let shots = stage.folder("shots").display().to_string();
    let desk = trunkline.line("desk").display().to_string();
    let arguments =
        [format!("http://{page}"), equipment.to_string(), exchange.to_string(), shots, desk];
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
    // One of the modems dials; the other one's port isn't there.
    trunkline.ask_until(&["modems"], "idle");
    let mut desk = trunkline.open("desk");
    desk.send("ATDT5551212\r");
    desk.expect("CONNECT");
    drop(desk);
    python(
        &stage,
        "metrics.py",
        include_str!("metrics.py"),
        &[format!("http://{}", places[0]), TOKEN.to_owned()],
    );
}

/// Asks for the login form over TLS, trusting one certificate alone.
const ASK: &str = "
import ssl, sys, urllib.request
context = ssl.create_default_context(cafile=sys.argv[2])
with urllib.request.urlopen(sys.argv[1] + '/login', context=context) as answer:
    cookie = answer.headers['Set-Cookie']
    assert cookie.startswith('__Host-trunkline') and cookie.endswith('; Secure'), cookie
    assert answer.headers['Strict-Transport-Security'], answer.headers
";

#[test]
fn a_page_with_a_certificate_is_under_tls_and_its_cookies_for_tls_alone() {
    let stage = Stage::new();
    let page = free_address();
    secret(&stage, "operator", "pass");
    let mut openssl = command(installed("/usr/bin/openssl"));
    openssl
        .args([
            "req",
            "-x509",
            "-newkey",
            "ec",
            "-pkeyopt",
            "ec_paramgen_curve:prime256v1",
            "-nodes",
        ])
        .args(["-days", "2", "-subj", "/CN=localhost", "-addext", "subjectAltName=IP:127.0.0.1"])
        .args(["-keyout", "page.key", "-out", "page.pem"])
        .current_dir(stage.path(""));
    Process::start("openssl", &mut openssl).succeed();
    let tables = format!(
        "[web]\nlisten = \"{page}\"\ntls = {{ certificate = \"page.pem\", key = \"page.key\" }}\n\
         [[operator]]\nname = \"ada\"\npassword = \"file:operator\"\n"
    );
    let _trunkline = Setting::new(&stage).line("pump", "").tables(&tables).run();
    let certificate = stage.path("page.pem").display().to_string();
    python(&stage, "ask.py", ASK, &[format!("https://{page}"), certificate]);
}
