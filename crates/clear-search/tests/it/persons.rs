//! Persons by everything that is known of them.

use clear_record::{FieldClass, Kind, LabelId, LabelSet, Reach, Sex, Sight};
use clear_search::{Born, Filter, Index, Query, Terms, Who};
use jiff::civil::Date;

use crate::{all, find, id, index, person, record, shown, version};

fn date(text: &str) -> Date {
    text.parse().unwrap()
}

#[test]
fn the_example_of_the_page() {
    let index = index(&[(
        Kind::Person,
        r#"{"given_name":"John","middle_name":"Q","family_name":"Smith","date_of_birth":"1980-01-02"}"#,
    )]);
    let born = Some(Born::On(date("1980-02-01")));
    let who = Who { name: Some("Jhon Smiht".into()), born, ..Who::default() };
    let all = all();
    let found = index.find(&Query::of(Terms::Person(who)), &Sight::of(&all));
    assert_eq!(
        shown(&found),
        "1 (one letter off: JHON, recorded JOHN, one letter off: SMIHT, recorded SMITH, \
         date of birth with day and month swapped)"
    );
    assert!((found.hits[0].score - 0.848).abs() < 1e-6, "{}", found.hits[0].score);
}

#[test]
fn names_are_found_however_they_are_written() {
    let index = index(&[
        (Kind::Person, r#"{"given_name":"Robert","family_name":"Marlowe"}"#),
        (Kind::Person, r#"{"given_name":"Catherine","family_name":"Pennywhistle","aliases":["Kitty Vane"]}"#),
        (Kind::Person, r#"{"given_name":"Иван","family_name":"Щербаков"}"#),
        (Kind::Person, r#"{"given_name":"Ana","family_name":"Quispe-Orellana"}"#),
        (Kind::Person, r#"{"given_name":"Philip","family_name":"Knightley"}"#),
        (
            Kind::Person,
            r#"{"given_name":"Jonathan","family_name":"Thistlewood","misspellings":["Jonhatan Tisselwod"]}"#,
        ),
        (Kind::Person, r#"{"given_name":"Kay","family_name":"Okonkwo"}"#),
        (Kind::Person, r#"{"given_name":"Lucia","family_name":"Tamayo","aliases":["Lucia Berrocal"]}"#),
    ]);
    for (asked, expected) in [
        ("bob marlowe", "1 (nickname: BOB, recorded ROBERT, name: MARLOWE)"),
        ("Marlowe, Bobby", "1 (name: MARLOWE, nickname: BOBBY, recorded ROBERT)"),
        ("robret marlow", "1 (one letter off: ROBRET, recorded ROBERT, one letter off: MARLOW, recorded MARLOWE)"),
        ("Kathryn Pennywhistle", "2 (sounds alike: KATHRYN, recorded CATHERINE, name: PENNYWHISTLE)"),
        ("kitty vane", "2 (alias: KITTY, alias: VANE)"),
        ("kitty pennywhistle", "2 (alias: KITTY, name: PENNYWHISTLE)"),
        ("Ivan Shcherbakov", "3 (name: IVAN, name: SHCHERBAKOV)"),
        ("Иван Щербаков", "3 (name: IVAN, name: SHCHERBAKOV)"),
        ("Ivan Sherbakoff", "3 (name: IVAN, sounds alike: SHERBAKOFF, recorded SHCHERBAKOV)"),
        ("ana orellana", "4 (name: ANA, part of a joined name: ORELLANA)"),
        ("ana orellana quispe", "4 (name: ANA, part of a joined name: ORELLANA, part of a joined name: QUISPE)"),
        ("ana quispe-mamani", "4 (name: ANA, part of a joined name: QUISPEMAMANI)"),
        ("filip nightley", "5 (sounds alike: FILIP, recorded PHILIP, one letter off: NIGHTLEY, recorded KNIGHTLEY)"),
        ("p knightley", "5 (initial: P, recorded PHILIP, name: KNIGHTLEY)"),
        ("jonhatan tisselwod", "6 (once mistyped: JONHATAN, once mistyped: TISSELWOD)"),
        ("jotnhan thistlewood", "6 (2 letters off: JOTNHAN, recorded JONATHAN, name: THISTLEWOOD)"),
        ("ky okonkwo", "7 (one letter off: KY, recorded KAY, name: OKONKWO)"),
        ("okonk kay", "7 (begins with OKONK: OKONKWO, name: KAY)"),
        ("lucia tamayo-berrocal", "8 (name: LUCIA, name: TAMAYO, alias: BERROCAL)"),
        ("lucia tamayo-quispe", "8 (name: LUCIA, part of a joined name: TAMAYOQUISPE)"),
        ("kay marlowe", ""),
    ] {
        assert_eq!(find(&index, person(asked)), expected, "{asked}");
    }
}

/// The order of persons who match: their numbers, the best first.
#[test]
fn whoever_is_likelier_to_be_meant_comes_first() {
    let index = index(&[
        (Kind::Person, r#"{"given_name":"Berta","family_name":"Almansa"}"#),
        (Kind::Person, r#"{"given_name":"Berta","family_name":"Almasa"}"#),
        (Kind::Person, r#"{"given_name":"Berta","family_name":"Almansa-Rueda"}"#),
        (Kind::Person, r#"{"given_name":"Berta","family_name":"Rueda","aliases":["Berta Almansa"]}"#),
        (Kind::Person, r#"{"given_name":"Berta","family_name":"Almxansa"}"#),
        (Kind::Person, r#"{"given_name":"Berta","family_name":"Alomensa"}"#),
    ]);
    for (asked, expected) in [
        // The name, an alias, half of a joined name, one letter too few or too many, two other letters.
        ("berta almansa", vec![1, 4, 3, 5, 2, 6]),
        ("berta almansa-rueda", vec![3, 4, 1, 5, 2, 6]),
    ] {
        let all = all();
        let found = index.find(&Query::of(person(asked)), &Sight::of(&all));
        assert_eq!(found.hits.iter().map(|hit| hit.id.raw).collect::<Vec<_>>(), expected, "{asked}: {}", shown(&found));
    }
}

#[test]
fn persons_are_found_by_what_is_known_of_them() {
    let index = index(&[
        (
            Kind::Person,
            r#"{"family_name":"Alder","date_of_birth":"1980-02-01","sex":"F","phone":"(312) 555-0123","address":"3134 W CHICAGO AVE","marks":"Tattoo of an eagle, left arm"}"#,
        ),
        (
            Kind::Person,
            r#"{"family_name":"Birch","date_of_birth":"1999-12-31","sex":"M","phone":"3125550199","address":"12 N STATE ST","marks":"scar on left hand; eagle"}"#,
        ),
        (Kind::Vehicle, r#"{"plate":"AB12345","owner":"per_00000000000000000000000002"}"#),
    ]);
    let who = Who::default;
    let asked = |who: Who| find(&index, Terms::Person(who));
    let some = |text: &str| Some(text.to_owned());
    for (who, expected) in [
        (Who { phone: some("+1 312 555 0123"), ..who() }, "1 (same telephone number)"),
        (Who { phone: some("no number"), ..who() }, ""),
        (Who { address: some("12 North State Street"), ..who() }, "2 (same address)"),
        (Who { plate: some("ab 12345"), ..who() }, "2 (owner of the vehicle with plate AB12345)"),
        (Who { plate: some("ab 12346"), ..who() }, ""),
        (Who { marks: some("eagle tattoos on the arm"), ..who() }, "1 (mark: EAGLE, mark: ARM); 2 (mark: EAGLE)"),
        (Who { marks: some("eag"), name: some("birch"), ..who() }, "2 (name: BIRCH, mark: EAGLE)"),
        (Who { born: Some(Born::about(1981, 1)), ..who() }, "1 (born within that time)"),
        (Who { born: Some(Born::aged(18, 19, date("2018-06-01"))), ..who() }, "2 (born within that time)"),
        (Who { born: Some(Born::aged(19, 30, date("2018-12-30"))), ..who() }, ""),
        (Who { born: Some(Born::aged(19, 30, date("2018-12-31"))), ..who() }, "2 (born within that time)"),
        (Who { born: Some(Born::On(date("1999-12-30"))), ..who() }, ""),
        (
            Who { born: Some(Born::On(date("1999-12-30"))), name: some("birch"), ..who() },
            "2 (name: BIRCH, date of birth differs in one part)",
        ),
    ] {
        assert_eq!(
            asked(who.clone()),
            expected,
            "{:?}",
            (who.name, who.phone, who.address, who.plate, who.marks, who.born)
        );
    }
    let kept = |filter: Filter| {
        let terms = Terms::Person(Who { marks: some("eagle"), ..who() });
        let all = all();
        shown(&index.find(&Query { filter, ..Query::of(terms) }, &Sight::of(&all)))
    };
    for (filter, expected) in [
        (Filter { sex: Some(Sex::Male), ..Filter::default() }, "2 (mark: EAGLE)"),
        (Filter { sex: Some(Sex::Unknown), ..Filter::default() }, ""),
        (Filter { born: Some(Born::about(1980, 0)), ..Filter::default() }, "1 (mark: EAGLE)"),
        (Filter { home: some("w chicago ave"), ..Filter::default() }, "1 (mark: EAGLE)"),
        (Filter { beat: some("0411"), ..Filter::default() }, ""),
    ] {
        assert_eq!(kept(filter.clone()), expected, "{filter:?}");
    }
}

#[test]
fn a_closed_class_of_a_person_is_neither_found_by_nor_filtered_by() {
    let mut index = Index::new();
    let json = r#"{"family_name":"Alder","sex":"F","phone":"3125550123","marks":"eagle","address":"12 N STATE ST"}"#;
    index.apply(&version(1, id(Kind::Person, 1), 0, Some(record(Kind::Person, json))));
    let some = |text: &str| Some(text.to_owned());
    let by_name = Who { name: some("alder"), phone: some("3125550123"), marks: some("eagle"), ..Who::default() };
    let by_phone = Who { phone: some("3125550123"), marks: some("eagle"), ..Who::default() };
    let by_marks = Who { marks: some("eagle"), ..Who::default() };
    let of_sex = Filter { sex: Some(Sex::Female), ..Filter::default() };
    for (open, named, phoned, marked, kept) in [
        (FieldClass::Identity, "1 (name: ALDER)", "", "", 0),
        (FieldClass::Contact, "1 (same telephone number)", "1 (same telephone number)", "", 0),
        (FieldClass::Biometric, "", "", "1 (mark: EAGLE)", 1),
        (FieldClass::Operational, "", "", "", 0),
    ] {
        let mut reach = Reach::nothing();
        reach.class[open] = LabelSet::from_iter([LabelId(0)]);
        let ask = |who: &Who, filter: &Filter| {
            let query = Query { filter: filter.clone(), ..Query::of(Terms::Person(who.clone())) };
            index.find(&query, &Sight::of(&reach))
        };
        for (who, expected) in [(&by_name, named), (&by_phone, phoned), (&by_marks, marked)] {
            assert_eq!(shown(&ask(who, &Filter::default())), expected, "{open}");
        }
        assert_eq!(ask(&by_marks, &of_sex).total, kept, "{open}");
    }
}

/// A block of one name is asked for in one pass, and a list of identical records costs no more than its length.
#[test]
fn all_records_may_be_identical() {
    let mut index = Index::new();
    let json =
        r#"{"given_name":"John","family_name":"Smith","date_of_birth":"1900-01-01","identity_number":"0","phone":"0"}"#;
    let record = record(Kind::Person, json);
    for seq in 1..=20_000u64 {
        index.apply(&version(seq, id(Kind::Person, u128::from(seq)), 0, Some(record.clone())));
    }
    let all = all();
    let ask = |terms| index.find(&Query::of(terms), &Sight::of(&all));
    for terms in [
        person("jon smith"),
        person("smith"),
        Terms::Person(Who { phone: Some("0".into()), ..Who::default() }),
        Terms::Person(Who { born: Some(Born::On(date("1900-01-01"))), ..Who::default() }),
    ] {
        let found = ask(terms);
        assert_eq!((found.total, found.hits.len(), found.hits[0].id.raw), (20_000, 20, 1));
    }
}
