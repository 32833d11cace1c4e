//! The log as outsiders read it.

use std::time::Duration;

use clear_audit::{Public, Source, SourceError};
use clear_web::Config;

use crate::city::City;

struct Site<'a>(&'a City);

impl Source for Site<'_> {
    fn get(&self, path: &str) -> Result<Vec<u8>, SourceError> {
        let answer = self.0.ask(&format!("GET /log/{path}"), &[], b"");
        if answer.status == 200 { Ok(answer.body) } else { Err(SourceError::Missing) }
    }
}

#[test]
fn gr22_the_published_log_checks_out_from_the_outside() {
    let city = City::published(Config::default(), Some(Public { every: Duration::ZERO, bucket: 16 }));
    let vkey = city.ask("GET /log.vkey", &[], b"").text();
    for _ in 0..130 {
        city.ask_as("stranger", "GET /api/v1/find?name=x", b"");
    }
    let opened = city.ask_as("officer", "GET /api/v1/find?name=x", b"");
    let receipt = clear_audit::Receipt::parse(opened.header("x-clear-receipt")).unwrap();
    let began = std::time::Instant::now();
    while receipt.included(&Site(&city), vkey.trim()).is_err() {
        assert!(began.elapsed() < std::time::Duration::from_secs(20), "the receipt's entry is not in the published log");
    }
    let verified = clear_audit::verify(&Site(&city), vkey.trim()).unwrap();
    assert!(verified.size > 256 && verified.size.is_multiple_of(16), "{}", verified.size);

    let full = city.ask("GET /log/tile/0/000", &[], b"");
    assert!(full.header("cache-control").contains("immutable"));
    assert_eq!((full.body.len(), full.header("access-control-allow-origin")), (256 * 32, "*"));
    let checkpoint = city.ask("GET /log/checkpoint", &[], b"");
    assert_eq!(checkpoint.header("cache-control"), "no-cache");
    assert_eq!(checkpoint.header("content-type"), "text/plain; charset=utf-8");
    for path in ["checkpoint", "tile/0/000", "tile/entries/000"] {
        let whole = city.ask(&format!("GET /log/{path}"), &[], b"");
        let again = city.ask(&format!("GET /log/{path}"), &[("if-none-match", whole.header("etag"))], b"");
        assert_eq!((again.status, again.body.len()), (304, 0), "{path}");
        let other = city.ask(&format!("GET /log/{path}"), &[("if-none-match", "\"other\"")], b"");
        assert_eq!((other.status, other.body), (200, whole.body), "{path}");
    }
    for outside in [
        "../keys/log.key",
        "tile/..%2f..%2fkeys%2flog.key",
        "tile/0/../../../keys/log.key",
        "frames-000001.log",
        "public",
        "tile/9/999",
    ] {
        assert_eq!(city.ask(&format!("GET /log/{outside}"), &[], b"").status, 404, "{outside}");
    }
}

/// What is there beyond the public checkpoint and what never was are the same answer, byte for byte.
#[test]
fn s18_nothing_tells_a_stranger_how_far_the_log_has_grown() {
    let city = City::published(Config::default(), Some(Public { every: Duration::from_secs(365 * 24 * 3600), bucket: 16 }));
    let ask = |path: &str| {
        let answer = city.ask(&format!("GET {path}"), &[], b"");
        (answer.status, answer.text())
    };
    let faces = ["/log/checkpoint", "/log", "/", "/log/tile/0/000", "/log/tile/0/000.p/3", "/log/tile/entries/000.p/9"];
    let before: Vec<_> = faces.iter().map(|path| ask(path)).collect();
    for _ in 0..200 {
        city.ask_as("officer", "GET /api/v1/find?name=x", b"");
    }
    let log = city.desk.public_log();
    city.runtime.block_on(log.publish()).unwrap();
    assert!(log.published_size() > 256 && log.tile("tile/0/000").unwrap().is_some());
    assert_eq!(before, faces.iter().map(|path| ask(path)).collect::<Vec<_>>());
    let beyond = ask("/log/tile/0/000");
    assert_eq!((beyond.0, &beyond), (404, &ask("/log/tile/0/999")));
    assert!(ask("/log/checkpoint").1.contains("\n0\n"), "the public checkpoint is the first one still");
    let refused = city.ask("POST /api/v1/find", &[("content-type", "application/json")], b"{\"question\":{\"name\":\"x\"}}");
    assert_eq!((refused.status, refused.header("x-clear-receipt")), (401, ""), "a receipt has a place in it");

    // Owners and oversight see all of it at once.
    let vkey = log.vkey();
    for who in ["steward", "oversight"] {
        let newest = city.ask_as(who, "GET /api/v1/log/checkpoint", b"");
        assert_eq!(newest.status, 200, "{who}: {}", newest.text());
        assert!(newest.text().starts_with("port-meridian/test\n") && !newest.header("x-clear-receipt").is_empty());
        let tile = city.ask_as(who, "GET /api/v1/log/tile/0/000", b"");
        assert_eq!((tile.status, tile.body.len()), (200, 8192), "{who}");
        assert_eq!(city.ask_as(who, "GET /api/v1/log/tile/0/999", b"").status, 404, "{who}");
    }
    for who in ["officer", "cut_off", "partner"] {
        for path in ["/api/v1/log/checkpoint", "/api/v1/log/tile/0/000", "/api/v1/log/tile/0/999"] {
            let said = city.ask_as(who, &format!("GET {path}"), b"");
            assert_eq!(said.status, 403, "{who} {path}: {}", said.text());
        }
    }
    assert!(vkey.starts_with("port-meridian/test+"));
}
