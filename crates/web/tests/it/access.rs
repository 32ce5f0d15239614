//! Who may look and who may act.

use std::net::TcpStream;

use crate::stage::{OPERATOR, Stage, VIEWER, setup};

const HANG_UP: &str = "POST /api/v1/calls/line-1-7/hang-up HTTP/1.1";

#[test]
fn strangers_see_the_login_and_nothing_else() {
    let stage = Stage::new("", 5);
    let page = stage.say("GET / HTTP/1.1", "");
    assert_eq!((page.status, page.header("location")), (303, Some("/login")));
    for path in [
        "lines",
        "calls",
        "session",
        "summary",
        "recent-calls",
        "failed-logins",
        "listeners",
        "lines/line-1/trace",
    ] {
        let answer = stage.say(&format!("GET /api/v1/{path} HTTP/1.1"), "");
        assert_eq!(answer.status, 401, "{path}");
        assert_eq!(answer.header("content-type"), Some("application/problem+json"));
        assert_eq!(answer.json()["status"], 401);
    }
    assert_eq!(stage.say(HANG_UP, "").status, 401);
    assert_eq!(stage.say("GET /metrics HTTP/1.1", "").status, 401);
    assert_eq!(stage.get("/api/v1/lines", "wrong-token-0123456789").status, 401);
    assert!(stage.house.orders.lock().unwrap().is_empty());
}

#[test]
fn roles_decide_what_may_be_done() {
    let stage = Stage::new("", 5);
    let with =
        |token: &str, line: &str| stage.say(&format!("{line}\nAuthorization: Bearer {token}"), "");
    assert_eq!(with(VIEWER, HANG_UP).status, 403);
    assert_eq!(stage.get("/api/v1/lines/line-1/trace", VIEWER).status, 403);
    assert_eq!(with(OPERATOR, HANG_UP).json()["said"], "line `line-1` hangs up");
    assert_eq!(stage.house.orders.lock().unwrap()[..], ["robot hangs up line-1-7"]);
    let busy = "PUT /api/v1/lines/line-1/busy HTTP/1.1\nContent-Type: application/json\nAuthorization: Bearer ";
    assert_eq!(stage.say(&format!("{busy}{VIEWER}"), "{\"busy\":true}").status, 403);
    assert_eq!(stage.say(&format!("{busy}{OPERATOR}"), "{\"busy\":true}").status, 200);
    assert_eq!(stage.say(&format!("{busy}{OPERATOR}"), "{\"busy\":1}").status, 400);
    assert_eq!(stage.say(&format!("{busy}{OPERATOR}"), "").status, 400);
}

#[test]
fn an_order_from_a_browser_must_come_from_the_page_itself() {
    let stage = Stage::new("", 5);
    let ada = stage.log_in("ada", "pass").unwrap();
    let own = format!("{HANG_UP}\nCookie: {}", ada.cookie);
    let csrf = format!("X-CSRF-Token: {}", ada.csrf);
    for (forged, why) in [
        (own.clone(), "nothing shows where it comes from"),
        (format!("{own}\nSec-Fetch-Site: same-origin"), "no token"),
        (
            format!("{own}\nSec-Fetch-Site: same-origin\nX-CSRF-Token: {}", "0".repeat(64)),
            "a guessed token",
        ),
        (format!("{own}\nSec-Fetch-Site: cross-site\n{csrf}"), "another site"),
        (format!("{own}\nOrigin: http://evil.example\n{csrf}"), "another origin"),
    ] {
        assert_eq!(stage.say(&forged, "").status, 403, "{why}");
    }
    assert!(stage.house.orders.lock().unwrap().is_empty());
    let origin = format!("{own}\nOrigin: http://{}\n{csrf}", stage.address);
    for honest in [origin, format!("{own}\nSec-Fetch-Site: same-origin\n{csrf}")] {
        assert_eq!(stage.say(&honest, "").status, 200);
    }
    assert_eq!(stage.house.orders.lock().unwrap()[..], ["ada hangs up line-1-7"; 2]);
}

#[test]
fn a_session_begins_with_the_right_password_and_ends_with_the_logout() {
    let stage = Stage::new("", 5);
    for (name, password) in [("ada", "wrong"), ("ada", ""), ("eve", "pass")] {
        let refused = stage.log_in(name, password).err().unwrap();
        assert_eq!(refused.status, 401);
        assert!(refused.body.contains("That name and password don"), "{}", refused.body);
        assert!(!refused.head.contains("Set-Cookie: trunkline-8"), "{}", refused.head);
    }
    let ada = stage.log_in("ada", "pass").unwrap();
    let ask = |path: &str| stage.say(&format!("GET {path} HTTP/1.1\nCookie: {}", ada.cookie), "");
    let session = ask("/api/v1/session").json();
    assert_eq!(
        (&session["name"], &session["role"], &session["proof"]),
        (&"ada".into(), &"operator".into(), &"session".into())
    );
    // Failed ones are shown to whoever may see them; a name that nobody has may be a password.
    let failed = ask("/api/v1/failed-logins?show=page").json();
    assert_eq!(failed["matched"], 3);
    assert!(!failed.to_string().contains("eve"), "{failed}");
    let out = stage.say(
        &format!(
            "POST /logout HTTP/1.1\nCookie: {}\nSec-Fetch-Site: same-origin\nX-CSRF-Token: {}",
            ada.cookie, ada.csrf
        ),
        "",
    );
    assert_eq!(out.status, 204);
    assert!(out.header("set-cookie").unwrap().contains("Max-Age=0"));
    assert_eq!(ask("/api/v1/session").status, 401);
}

#[test]
fn cookies_are_for_the_page_alone() {
    let stage = Stage::new("", 0);
    let cookie = stage.say("GET /login HTTP/1.1", "");
    let cookie = cookie.header("set-cookie").unwrap();
    assert!(cookie.contains("HttpOnly; SameSite=Strict") && !cookie.contains("Secure"), "{cookie}");
    let stage = Stage::new("behind-proxy = true", 0);
    let answer = stage.say("GET /login HTTP/1.1", "");
    let cookie = answer.header("set-cookie").unwrap();
    assert!(cookie.starts_with("__Host-") && cookie.ends_with("; Secure"), "{cookie}");
    assert!(answer.header("strict-transport-security").is_some());
}

#[test]
fn a_login_that_another_site_sends_is_refused_though_its_password_is_right() {
    let stage = Stage::new("", 0);
    let form = stage.say("GET /login HTTP/1.1", "");
    let proof = form.body.split("value=\"").nth(1).unwrap().split('"').next().unwrap();
    let post = |headers: &str, proof: &str| {
        let head = format!(
            "POST /login HTTP/1.1\nContent-Type: application/x-www-form-urlencoded{headers}"
        );
        stage.say(&head, &format!("name=ada&password=pass&proof={proof}")).status
    };
    let cookie = format!("\nCookie: {}", form.cookie());
    assert_eq!(post("\nSec-Fetch-Site: same-origin", proof), 403);
    assert_eq!(post(&format!("{cookie}\nSec-Fetch-Site: cross-site"), proof), 403);
    assert_eq!(post(&format!("{cookie}\nSec-Fetch-Site: same-origin"), "guess"), 403);
    assert_eq!(post(&format!("{cookie}\nSec-Fetch-Site: same-origin"), proof), 303);
}

#[test]
fn guessing_passwords_is_slowed_and_the_right_one_waits_too() {
    let stage = Stage::new("", 0);
    for _ in 0..5 {
        assert_eq!(stage.log_in("ada", "guess").err().unwrap().status, 401);
    }
    let refused = stage.log_in("ada", "pass").err().unwrap();
    assert_eq!(refused.status, 429);
    assert!(refused.header("retry-after").unwrap().parse::<u64>().unwrap() <= 13);
}

#[test]
fn behind_a_proxy_the_last_forwarded_address_is_the_one_who_guesses() {
    let stage = Stage::new("behind-proxy = true", 0);
    let guess = |from: &str| {
        let form = stage.say("GET /login HTTP/1.1", "");
        let proof = form.body.split("value=\"").nth(1).unwrap().split('"').next().unwrap();
        let head = format!(
            "POST /login HTTP/1.1\nContent-Type: application/x-www-form-urlencoded\nSec-Fetch-Site: same-origin\nCookie: {}\nX-Forwarded-For: {from}",
            form.cookie()
        );
        stage.say(&head, &format!("name=ada&password=x&proof={proof}")).status
    };
    for n in 0..5 {
        assert_eq!(guess(&format!("10.9.9.{n}, 192.0.2.1")), 401);
    }
    assert_eq!(guess("10.9.9.9, 192.0.2.1"), 429);
    assert_eq!(guess("192.0.2.1, 192.0.2.2"), 401);
}

#[test]
fn a_foreign_name_for_our_address_is_refused() {
    let stage = Stage::new("hosts = \"trunkline.example\"", 0);
    let status = |host: &str| stage.say(&format!("GET /login HTTP/1.1\nHost: {host}"), "").status;
    for host in ["evil.example", "localhost.evil.example", "trunkline.example.evil.example", ""] {
        assert_eq!(status(host), 421, "{host}");
    }
    for host in [
        "trunkline.example",
        "Trunkline.Example:8080",
        "localhost:1",
        "127.0.0.1",
        "[::1]:8080",
        "192.0.2.7:80",
    ] {
        assert_eq!(status(host), 200, "{host}");
    }
}

#[test]
fn a_reload_ends_the_sessions_of_those_whose_password_has_changed() {
    let stage = Stage::new("", 0);
    let ada = stage.log_in("ada", "pass").unwrap();
    let vic = stage.log_in("vic", "view").unwrap();
    let mut setup = setup("", ["another", "view"]);
    setup.config.listen = settings::OneOrMany(vec!["127.0.0.1:0".parse().unwrap()]);
    stage.server.reload(setup).unwrap();
    assert_eq!(stage.server.addresses(), [stage.address]);
    let ask = |cookie: &str| {
        stage.say(&format!("GET /api/v1/session HTTP/1.1\nCookie: {cookie}"), "").status
    };
    assert_eq!((ask(&ada.cookie), ask(&vic.cookie)), (401, 200));
}

#[test]
fn an_address_that_a_reload_leaves_takes_nobody_any_more_once_that_is_done() {
    for _ in 0..10 {
        let stage = Stage::new("", 0);
        assert!(TcpStream::connect(stage.address).is_ok());
        let mut setup = setup("", ["pass", "view"]);
        setup.config.listen = settings::OneOrMany(vec!["127.0.0.2:0".parse().unwrap()]);
        stage.server.reload(setup).unwrap();
        assert!(TcpStream::connect(stage.address).is_err());
        assert!(TcpStream::connect(stage.server.addresses()[0]).is_ok());
    }
}

#[test]
fn every_answer_keeps_scripts_and_frames_of_others_out() {
    let stage = Stage::new("", 0);
    for path in ["/login", "/", "/nothing", "/api/v1/lines", "/assets/page.js"] {
        let answer = stage.say(&format!("GET {path} HTTP/1.1"), "");
        let policy = answer.header("content-security-policy").unwrap();
        assert!(
            policy.starts_with("default-src 'self'; ") && !policy.contains("unsafe"),
            "{policy}"
        );
        assert_eq!(answer.header("x-content-type-options"), Some("nosniff"), "{path}");
        assert_eq!(answer.header("x-frame-options"), Some("DENY"), "{path}");
        assert!(answer.header("cache-control").is_some(), "{path}");
    }
}

#[test]
fn pages_hold_no_script_or_style_of_their_own() {
    let stage = Stage::new("", 0);
    let ada = stage.log_in("ada", "pass").unwrap();
    let page = stage.say(&format!("GET / HTTP/1.1\nCookie: {}", ada.cookie), "").body;
    let login = stage.say("GET /login HTTP/1.1", "").body;
    for text in [page, login] {
        assert!(
            !text.contains("<style") && !text.contains(" style=") && !text.contains(" onclick"),
            "{text}"
        );
        assert!(text.split("<script").skip(1).all(|script| script.contains(" src=")), "{text}");
    }
}

#[test]
fn metrics_are_for_whom_the_configuration_says() {
    for (config, stranger, known) in
        [("", 401, 200), ("metrics = \"open\"", 200, 200), ("metrics = \"off\"", 404, 404)]
    {
        let stage = Stage::new(config, 0);
        assert_eq!(stage.say("GET /metrics HTTP/1.1", "").status, stranger, "{config}");
        assert_eq!(stage.get("/metrics", VIEWER).status, known, "{config}");
    }
}
