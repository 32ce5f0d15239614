//! What the API answers is what its description says.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::schema;
use crate::stage::{ADMIN, OPERATOR, Stage, VIEWER};

fn document(stage: &Stage) -> Value {
    let answer = stage.say("GET /api/v1/openapi.json HTTP/1.1", "");
    assert_eq!(answer.header("content-type"), Some("application/json"));
    answer.json()
}

/// The paths to ask for a described one: of something that there is, and of something that there isn't.
fn concrete(path: &str) -> [String; 2] {
    let with = |name: &str, id: &str| {
        path.replace("{name}", name).replace("{id}", id).replace("{point}", "level")
    };
    let known = match path {
        _ if path.contains("/modems/") => "modem-1",
        _ if path.contains("/sites/") => "pump",
        _ => "line-1",
    };
    let counted = path.contains("/alarms/") || path.contains("/wishes/");
    [with(known, if counted { "7" } else { "line-1-7" }), with("line-99", "nobody")]
}

#[test]
fn every_answer_is_as_described_and_everything_described_is_answered() {
    let stage = Stage::new("", 5);
    let document = document(&stage);
    assert_eq!(document["openapi"], "3.1.0");
    let mut names = BTreeSet::new();
    for (path, operations) in document["paths"].as_object().unwrap() {
        for (method, operation) in operations.as_object().unwrap() {
            assert!(names.insert(operation["operationId"].as_str().unwrap().to_owned()), "{path}");
            let described = operation["responses"].as_object().unwrap();
            let mut seen = BTreeSet::new();
            let [real, unreal] = concrete(path);
            let method = method.to_uppercase();
            let body = match operation["requestBody"].is_object() {
                true if path.contains("/sites/") => "{\"what\":\"level\"}",
                true => "{\"busy\":true}",
                false => "",
            };
            // Writing to a site is an admin's, and so is its station's configuration.
            let admins =
                ["/write", "/configuration", "/withdraw"].iter().any(|end| path.ends_with(end));
            let mighty = if admins { ADMIN } else { OPERATOR };
            let mut ask = |path: &str, token: &str, body: &str| {
                // The stream has a test of its own: it never ends.
                if path.ends_with("line-1/trace") && token == OPERATOR {
                    return;
                }
                let answer = stage
                    .say(&format!("{method} {path} HTTP/1.1\nAuthorization: Bearer {token}"), body);
                let status = answer.status.to_string();
                let response = described
                    .get(&status)
                    .unwrap_or_else(|| panic!("{method} {path}: {status} is not described"));
                let kind = answer.header("content-type").unwrap().to_owned();
                let content = &response["content"][&kind];
                assert!(content.is_object(), "{method} {path}: {status} is {kind}");
                if kind == "text/csv" {
                    seen.insert(status);
                    return;
                }
                schema::check(
                    &document,
                    &content["schema"],
                    &answer.json(),
                    &format!("{method} {path}"),
                );
                seen.insert(status);
            };
            ask(&real, mighty, body);
            ask(&unreal, mighty, body);
            ask(&real, "nobodys-token-0123456789", body);
            ask(&real, VIEWER, body);
            if !body.is_empty() {
                ask(&real, mighty, "nonsense");
            }
            if described.contains_key("400") && method == "GET" {
                ask(&format!("{real}?sort=nonsense"), OPERATOR, "");
                ask(&format!("{real}?frob=1"), OPERATOR, "");
                let parameters = operation["parameters"].as_array().unwrap();
                for parameter in parameters.iter().filter(|parameter| parameter["in"] == "query") {
                    let name = parameter["name"].as_str().unwrap();
                    let values = parameter["schema"]["enum"]
                        .as_array()
                        .cloned()
                        .unwrap_or_else(|| vec!["1".into()]);
                    for value in values {
                        let before =
                            seen_ok(&stage, &format!("{real}?{name}={}", value.as_str().unwrap()));
                        assert!(before, "{real}?{name}={value}");
                    }
                }
            }
            // What needs a state that paper can't be in: 409 and 429 have their words elsewhere.
            let missing: Vec<_> =
                described.keys().filter(|status| !seen.contains(*status)).collect();
            let excused = ["403", "409", "429"];
            assert!(
                missing.iter().all(|status| excused.contains(&status.as_str())
                    || (path.ends_with("/trace") && *status == "200")),
                "{method} {path}: never seen {missing:?}"
            );
        }
    }
}

fn seen_ok(stage: &Stage, path: &str) -> bool {
    stage.get(path, OPERATOR).status == 200
}

#[test]
fn lists_are_searched_ordered_and_cut_by_the_server() {
    let stage = Stage::new("", 5_000);
    let ask = |query: &str| stage.get(&format!("/api/v1/lines?{query}"), VIEWER).json();
    let names = |answer: &Value| -> Vec<String> {
        answer["items"]
            .as_array()
            .unwrap()
            .iter()
            .map(|line| line["name"].as_str().unwrap().to_owned())
            .collect()
    };
    let window = ask("offset=4998&limit=50");
    assert_eq!(
        (names(&window), &window["total"]),
        (vec!["line-4998".into(), "line-4999".into()], &5_000.into())
    );
    assert_eq!(names(&ask("search=USB47&sort=-name&limit=2")), ["line-4799", "line-4798"]);
    assert_eq!(names(&ask("show=calls")), ["line-1"]);
    assert_eq!(names(&ask("show=busy")), ["line-2"]);
    assert_eq!(names(&ask("show=trouble")), ["line-3"]);
    let whole = ask("limit=3");
    let news = ask(&format!("limit=3&since={}", whole["version"]));
    assert_eq!(names(&news), [""; 0]);
    assert_eq!(news["order"], serde_json::json!(["line-0", "line-1", "line-2"]));
}

#[test]
fn what_cant_be_asked_is_told_as_a_problem_too() {
    let stage = Stage::new("", 1);
    for (line, status) in [
        ("DELETE /api/v1/lines HTTP/1.1", 405),
        ("GET /api/v2/lines HTTP/1.1", 404),
        ("GET /assets/../Cargo.toml HTTP/1.1", 404),
        ("GET /api/v1/lines?limit=99999999999999999999999 HTTP/1.1", 400),
    ] {
        let answer = stage.say(&format!("{line}\nAuthorization: Bearer {VIEWER}"), "");
        assert_eq!(answer.status, status, "{line}");
        assert_eq!(answer.header("content-type"), Some("application/problem+json"), "{line}");
        assert_eq!(answer.json()["status"], status);
    }
}

#[test]
fn assets_are_told_once() {
    let stage = Stage::new("", 0);
    let first = stage.say("GET /assets/page.css HTTP/1.1", "");
    assert_eq!(first.header("content-type"), Some("text/css; charset=utf-8"));
    let tag = first.header("etag").unwrap();
    let second = stage.say(&format!("GET /assets/page.css HTTP/1.1\nIf-None-Match: {tag}"), "");
    assert_eq!((second.status, second.body.len()), (304, 0));
}

#[test]
fn metrics_tell_what_was_counted() {
    let stage = Stage::new("metrics = \"open\"", 5);
    let answer = stage.say("GET /metrics HTTP/1.1", "");
    assert!(
        answer
            .header("content-type")
            .unwrap()
            .starts_with("application/openmetrics-text; version=1.0.0")
    );
    for line in [
        "trunkline_lines{state=\"idle\"} 4",
        "trunkline_line_signals{signal=\"dcd\"} 1",
        "trunkline_calls{over=\"telnet\",direction=\"in\"} 1",
        "trunkline_calls_ended_total{side=\"exchange\",direction=\"in\",cause=\"caller-hung-up\"} 3",
        "trunkline_logins_total{outcome=\"ok\"} 3",
        "trunkline_bytes_total{direction=\"received\"} 198",
        "trunkline_modem_calls_total{direction=\"out\",cause=\"busy\"} 4",
        "trunkline_modem_failures_total{cause=\"silent\"} 6",
        "trunkline_modems{state=\"no SIM\"} 1",
        "trunkline_module_signal_dbm{module=\"north\"} -79",
        "trunkline_password_hashes_total 5",
        "trunkline_store_queue 0",
        "trunkline_web_sessions 0",
        "# EOF",
    ] {
        assert!(answer.body.lines().any(|known| known == line), "{line}\n{}", answer.body);
    }
}
