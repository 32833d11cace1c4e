//! A log that is behind goes on by the founding quorum's word, and by nobody else's.

use clear_policy::{BadOrder, Resumption};

use crate::world::{agency, city, note, signer};

fn draft() -> Resumption {
    Resumption {
        installation: agency("city"),
        origin: "city/node-1".into(),
        size: 4000,
        root: "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=".into(),
        against: vec!["4711 CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I= anchor".into(), "4700 - w/1".into()],
        text: "The disk was lost; the backup of Sunday is the newest.".into(),
    }
}

#[test]
fn s16_a_resumption_wants_the_founding_quorum() {
    let register = city();
    let check = |note: &str| Resumption::check(note, &register);
    let (ann, bob) = (signer("ann"), signer("bob"));
    assert_eq!(check(&note(&draft(), &[ann.clone(), bob.clone()])).unwrap(), draft());

    let few = check(&note(&draft(), std::slice::from_ref(&ann))).unwrap_err();
    assert!(matches!(few, BadOrder::Signatures { needed: 2, valid: 1, .. }), "{few}");
    // The same line twice counts once.
    let once = note(&draft(), std::slice::from_ref(&ann));
    let line = once.lines().last().unwrap();
    let twice = check(&format!("{once}{line}\n")).unwrap_err().to_string();
    assert!(twice.contains("needs 2 signatures") && twice.contains("signed twice, which counts once"), "{twice}");
    // Who is no founder does not count; nor do signatures over another text.
    let stranger = check(&note(&draft(), &[ann.clone(), signer("zoe")])).unwrap_err().to_string();
    assert!(stranger.contains("is no key that may sign this"), "{stranger}");
    let other = note(&draft(), &[ann.clone(), bob.clone()]).replacen("goes on at: 4000", "goes on at: 3000", 1);
    assert!(matches!(check(&other).unwrap_err(), BadOrder::Signatures { needed: 2, valid: 0, .. }));
    let elsewhere = Resumption { installation: agency("town"), ..draft() };
    assert_eq!(check(&note(&elsewhere, &[ann, bob])).unwrap_err(), BadOrder::OtherInstallation(agency("town")));
}

#[test]
fn a_resumption_that_does_not_read_says_where() {
    let said = |from: &str, to: &str| {
        let text = draft().to_string().replacen(from, to, 1);
        Resumption::read(&clear_policy::sign(&text, &[]).unwrap_or_else(|_| text.clone())).unwrap_err().to_string()
    };
    let signed = |from: &str, to: &str| {
        let text = draft().to_string().replacen(from, to, 1);
        Resumption::read(&note(&text, &[signer("ann")])).unwrap_err().to_string()
    };
    assert!(said("a", "a").contains("not a signed note"));
    assert!(signed("version 1", "version 2").contains("line 1 of the note"));
    assert!(signed("goes on at: 4000", "goes on at: many").contains("line 4 of the note: should be a size and a root"));
    assert!(signed("against: ", "for: ").contains("line 5 of the note should be `against: …`"));
}
