//! The log as outsiders read it.

use clear_audit::{Source, SourceError};

use crate::city::City;

struct Site<'a>(&'a City);

impl Source for Site<'_> {
    fn get(&self, path: &str) -> Result<Vec<u8>, SourceError> {
        let answer = self.0.ask(&format!("GET /log/{path}"), &[], b"");
        if answer.status == 200 { Ok(answer.body) } else { Err(SourceError::Missing) }
    }
}

#[test]
fn the_published_log_checks_out_from_the_outside() {
    let city = City::open();
    let vkey = city.ask("GET /log.vkey", &[], b"").text();
    for _ in 0..130 {
        city.ask_as("stranger", "GET /api/v1/find?name=x", b"");
    }
    let opened = city.ask_as("officer", "GET /api/v1/find?name=x", b"");
    let receipt = clear_audit::Receipt::parse(opened.header("x-clear-receipt")).unwrap();
    let began = std::time::Instant::now();
    while receipt.included(&Site(&city), vkey.trim()).is_err() {
        assert!(began.elapsed() < std::time::Duration::from_secs(5), "the receipt's entry is not in the published log");
    }
    let verified = clear_audit::verify(&Site(&city), vkey.trim()).unwrap();
    assert!(verified.size > 256, "{}", verified.size);

    let full = city.ask("GET /log/tile/0/000", &[], b"");
    assert!(full.header("cache-control").contains("immutable"));
    assert_eq!((full.body.len(), full.header("access-control-allow-origin")), (256 * 32, "*"));
    assert_eq!(city.ask("GET /log/checkpoint", &[], b"").header("cache-control"), "no-cache");
    for outside in [
        "../keys/log.key",
        "tile/..%2f..%2fkeys%2flog.key",
        "tile/0/../../../keys/log.key",
        "frames-000001.log",
        "tile/9/999",
    ] {
        assert_eq!(city.ask(&format!("GET /log/{outside}"), &[], b"").status, 404, "{outside}");
    }
}
