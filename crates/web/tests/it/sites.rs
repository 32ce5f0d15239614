//! A site of paper.

use std::time::SystemTime;

use web::{
    AlarmNow, Asking, Piece, PointNow, Refusal, SampleNow, Samples, SiteAnswer, SiteNow,
    SiteTraced, SiteValue, SiteWish, Sites, StationNow, WishNow, Withdrawing,
};

/// One site, `pump`, with one point, `level`, an alarm and a wish.
pub(crate) struct PaperSites;

fn known<T>(what: &str, wanted: &str, value: T) -> Result<T, Refusal> {
    match what == wanted {
        true => Ok(value),
        false => Err(Refusal::Unknown(format!("there is no `{what}`"))),
    }
}

impl Sites for PaperSites {
    fn sites(&self) -> Vec<SiteNow> {
        vec![SiteNow {
            name: "pump".into(),
            account: "pump".into(),
            framing: "rtu".into(),
            state: "away".into(),
            from: None,
            call: None,
            called: Some(SystemTime::UNIX_EPOCH.into()),
            ended: Some(SystemTime::UNIX_EPOCH.into()),
            next: Some(SystemTime::UNIX_EPOCH.into()),
            writable: true,
            calls_in_an_hour: 3,
            too_often: true,
            points: 1,
            asked: 10,
            answered: 9,
            station: Some(StationNow {
                said: SystemTime::UNIX_EPOCH.into(),
                uptime_s: 7,
                waiting: 1,
                room: 100,
                dropped: 0,
                configuration: 3,
                given_up: Some(4),
                given_up_why: Some("nobody answers".into()),
                clock: "set".into(),
                clock_offset_ms: Some(-5),
                signal_dbm: None,
                silent: 1,
                silent_names: vec!["meter".into()],
            }),
        }]
    }

    fn points(&self, site: &str) -> Result<Vec<PointNow>, Refusal> {
        let point = PointNow {
            name: "level".into(),
            value: Some("1.5".into()),
            measure: "m".into(),
            unit: Some(17),
            address: "i:1".into(),
            kind: "f32 ABCD".into(),
            quality: Some("good".into()),
            at: Some(SystemTime::UNIX_EPOCH.into()),
        };
        known(site, "pump", vec![point])
    }

    fn series(
        &self,
        (site, _): (&str, &str),
        _: (SystemTime, SystemTime),
        _: u32,
    ) -> Result<Vec<Piece>, Refusal> {
        let piece = Piece { at: 1_000, count: 2, mean: 1.5, least: 1.0, most: 2.0 };
        known(site, "pump", vec![piece])
    }

    fn samples(
        &self,
        (site, _): (&str, &str),
        _: (SystemTime, SystemTime),
    ) -> Result<Samples, Refusal> {
        let sample = || {
            let at = SystemTime::UNIX_EPOCH;
            Ok(SampleNow { at, value: "1.5".to_owned(), quality: "good" })
        };
        // More than are made at once.
        known(site, "pump", Box::new(std::iter::repeat_with(sample).take(12_000)))
    }

    fn count(&self, (site, _): (&str, &str), _: (SystemTime, SystemTime)) -> Result<u64, Refusal> {
        known(site, "pump", 12_000)
    }

    fn trace(
        &self,
        site: &str,
        _: Option<SystemTime>,
        _: &str,
    ) -> Result<Vec<SiteTraced>, Refusal> {
        let heard =
            SiteTraced { at: 1_000, way: "in".into(), hex: Some("0103".into()), words: None };
        known(site, "pump", vec![heard])
    }

    fn alarms(&self) -> Vec<AlarmNow> {
        vec![AlarmNow {
            id: 7,
            site: "pump".into(),
            kind: "high".into(),
            subject: "level".into(),
            words: "level is 9 m".into(),
            began: SystemTime::UNIX_EPOCH.into(),
            ended: None,
            end_words: None,
            seen: None,
            seen_by: None,
        }]
    }

    fn see_alarm(&self, id: i64, by: &str) -> Result<String, Refusal> {
        known(&id.to_string(), "7", format!("seen by {by}"))
    }

    fn ask(&self, site: &str, what: &str, _: SiteWish, _: &str) -> Asking {
        let value = SiteValue {
            what: what.to_owned(),
            value: "1.5".into(),
            old: None,
            measure: "m".into(),
        };
        let answer = known(site, "pump", SiteAnswer { values: vec![value], wish: None });
        Box::pin(async { answer })
    }

    fn wish(&self, id: i64) -> Result<WishNow, Refusal> {
        known(&id.to_string(), "7", wish(id, None))
    }

    fn wishes(&self) -> Vec<WishNow> {
        vec![wish(7, None), wish(8, None), wish(5, Some(SystemTime::UNIX_EPOCH))]
    }

    fn withdraw(&self, id: i64, by: &str) -> Withdrawing {
        let withdrawn = known(&id.to_string(), "7", format!("withdrawn by {by}"));
        Box::pin(async { withdrawn })
    }
}

fn wish(id: i64, ended: Option<SystemTime>) -> WishNow {
    WishNow {
        id,
        site: "pump".into(),
        ask: "read level".into(),
        who: "ada".into(),
        priority: id - 7,
        made: SystemTime::UNIX_EPOCH.into(),
        due: None,
        until: SystemTime::UNIX_EPOCH.into(),
        state: if ended.is_some() { "done" } else { "waiting" }.into(),
        ended: ended.map(Into::into),
        answer: None,
    }
}

#[test]
fn wishes_stand_in_the_order_of_their_turns_and_only_an_admin_takes_one_back() {
    use crate::stage::{ADMIN, OPERATOR, Stage, VIEWER};
    let stage = Stage::new("", 1);
    let ids = |query: &str| {
        let answer = stage.get(&format!("/api/v1/wishes{query}"), VIEWER).json();
        let items = answer["items"].as_array().unwrap();
        items.iter().map(|wish| wish["id"].as_i64().unwrap()).collect::<Vec<_>>()
    };
    assert_eq!(ids(""), [8, 7, 5]);
    assert_eq!((ids("?show=waiting"), ids("?show=over")), (vec![8, 7], vec![5]));
    let withdraw = |id: i64, token: &str| {
        let head =
            format!("POST /api/v1/wishes/{id}/withdraw HTTP/1.1\nAuthorization: Bearer {token}");
        stage.say(&head, "").status
    };
    assert_eq!([withdraw(7, OPERATOR), withdraw(7, ADMIN), withdraw(9, ADMIN)], [403, 200, 404]);
}

#[test]
fn samples_come_as_csv_all_of_them_and_only_an_admin_writes() {
    use crate::stage::{ADMIN, OPERATOR, Stage, VIEWER};
    let stage = Stage::new("", 1);
    let csv = stage.get("/api/v1/sites/pump/points/level/samples.csv", VIEWER);
    assert_eq!(csv.status, 200);
    let trace = |token: &str| stage.get("/api/v1/sites/pump/trace?since=5", token).status;
    assert_eq!((trace(VIEWER), trace(OPERATOR)), (403, 200));
    let ask = |verb: &str, token: &str| {
        let head =
            format!("POST /api/v1/sites/pump/{verb} HTTP/1.1\nAuthorization: Bearer {token}");
        stage.say(&head, "{\"what\":\"level\"}").status
    };
    assert_eq!((ask("read", VIEWER), ask("read", OPERATOR)), (403, 200));
    assert_eq!((ask("write", OPERATOR), ask("write", ADMIN)), (403, 200));
    assert_eq!((ask("configuration", OPERATOR), ask("configuration", ADMIN)), (403, 200));
    // As long as a configuration is, which no other request may be.
    let say = |path: &str| {
        let head =
            format!("POST /api/v1/sites/pump/{path} HTTP/1.1\nAuthorization: Bearer {ADMIN}");
        stage.say(&head, &format!("{{\"what\":\"{}\"}}", "#".repeat(60_000))).status
    };
    assert_eq!((say("configuration"), say("write")), (200, 413));
}
