use clear_ingest::forms;
use clear_record::{AccountId, AgencyId, Caveat, Instrument, Kind, Label, Method, RecordId};
use proptest::prelude::*;

fn read(kind: Kind, json: &str, id: Option<RecordId>) -> Result<clear_record::Draft, forms::FormError> {
    let owner: AgencyId = "city-police".parse().unwrap();
    let author: AccountId = "officer-7".parse().unwrap();
    forms::read(kind, json.as_bytes(), &owner, &author, "2018-11-20T12:00:00Z".parse().unwrap(), id)
}

fn said(kind: Kind, json: &str) -> String {
    match read(kind, json, None) {
        Ok(_) => "taken".to_owned(),
        Err(error) => error.to_string(),
    }
}

const PERSON: &str = "per_00000000000000000000000001";
const VEHICLE: &str = "veh_00000000000000000000000001";
const INCIDENT: &str = "inc_00000000000000000000000001";

#[test]
fn a_form_becomes_a_draft() {
    let draft = read(Kind::Person, r#"{"family_name":"Marrowick","date_of_birth":"1984-03-17"}"#, None).unwrap();
    assert_eq!(draft.label, Label::of("city-police".parse().unwrap(), Kind::Person));
    assert_eq!(draft.valid_from.to_string(), "2018-11-20T12:00:00Z");
    assert_eq!(draft.provenance.method, Method::Filed);
    assert_eq!(
        serde_json::to_string(&draft.record.to_json()).unwrap(),
        r#"{"family_name":"Marrowick","date_of_birth":"1984-03-17"}"#
    );
}

#[test]
fn a_correction_keeps_the_id_and_the_kind() {
    let id: RecordId = PERSON.parse().unwrap();
    assert_eq!(read(Kind::Person, r#"{"given_name":"D"}"#, Some(id)).unwrap().id, id);
    let error = read(Kind::Vehicle, r#"{"plate":"X"}"#, Some(id)).unwrap_err();
    assert_eq!(error.to_string(), "vehicle: the record to correct is of the kind person");
}

#[test]
fn the_contents_ask_for_their_label() {
    let juvenile =
        read(Kind::Involvement, &format!(r#"{{"incident":"{INCIDENT}","part":"witness","age_years":17}}"#), None)
            .unwrap();
    assert!(juvenile.label.caveats.contains(&Caveat::Juvenile));
    let adult =
        read(Kind::Involvement, &format!(r#"{{"incident":"{INCIDENT}","part":"witness","age_years":18}}"#), None)
            .unwrap();
    assert!(adult.label.caveats.is_empty());
    let entry = read(Kind::HotFile, &format!(r#"{{"topic":"wanted_person","instrument":"administrative","authority":"frs","person":"{PERSON}","entered_on":"2018-11-01"}}"#), None).unwrap();
    assert_eq!(entry.label.instrument, Some(Instrument::Administrative));
}

#[test]
fn gr31_a_form_that_cannot_be_says_where_and_why() {
    let hot = |topic: &str, instrument: &str, rest: &str| {
        format!(
            r#"{{"topic":"{topic}","instrument":"{instrument}","authority":"frs","entered_on":"2018-11-01"{rest}}}"#
        )
    };
    let person = format!(r#","person":"{PERSON}""#);
    let lines: Vec<(Kind, String, &str)> = vec![
        // The schema.
        (Kind::Person, "".into(), "person: the form ends too early, at line 1, column 0"),
        (Kind::Person, "{\n  \"family_name\": nope}".into(), "person: the form is not JSON, at line 2, column 19"),
        (Kind::Person, "[]".into(), "person: the form is not a JSON object"),
        (Kind::Person, r#"{"citizenship":"x"}"#.into(), "person: `citizenship` is not a field of this kind"),
        (Kind::Person, r#"{"sex":"male"}"#.into(), "person: `sex` is none of M, F, U"),
        (Kind::Person, r#"{"height_cm":-1}"#.into(), "person: `height_cm` is not a whole number from 0 to 65535"),
        (
            Kind::Person,
            r#"{"date_of_birth":"1984-02-30"}"#.into(),
            "person: `date_of_birth` is not a date like `2018-11-01`",
        ),
        (Kind::Person, r#"{"aliases":"D"}"#.into(), "person: `aliases` is not a list"),
        (Kind::Person, r#"{"aliases":["D",7]}"#.into(), "person: `aliases[1]` is not a text"),
        (Kind::Person, r#"{"sex":"M","sex":"F"}"#.into(), "person: duplicate field `sex` at line 1 column 16"),
        (Kind::Arrest, format!(r#"{{"person":"{PERSON}"}}"#), "arrest: `arrested_at` is missing"),
        (
            Kind::Arrest,
            format!(r#"{{"person":"{INCIDENT}","arrested_at":"2018-11-01T10:00:00"}}"#),
            "arrest: `person` is not the id of a record of the kind person",
        ),
        (
            Kind::Arrest,
            format!(
                r#"{{"person":"{PERSON}","arrested_at":"2018-11-01T10:00:00","charges":[{{"statute":"x"}},{{"law":"x"}}]}}"#
            ),
            "arrest: `charges[1].law` is not a field of this kind",
        ),
        (
            Kind::Arrest,
            format!(r#"{{"person":"{PERSON}","arrested_at":"2018-11-01T10:00:00","charges":[{{}}]}}"#),
            "arrest: `charges[0].statute` is missing",
        ),
        (
            Kind::Stop,
            r#"{"stopped_at":"yesterday"}"#.into(),
            "stop: `stopped_at` is not a local date and time like `2018-11-01T12:00:00`",
        ),
        (
            Kind::Stop,
            r#"{"stopped_at":"2018-11-01T12:00:00","searched":"no"}"#.into(),
            "stop: `searched` is neither true nor false",
        ),
        (
            Kind::HotFile,
            hot("wanted_person", "judicial_warrant", &person).replace("frs", "F R S"),
            "hot_file: `authority` is not an agency id",
        ),
        // What cannot be.
        (Kind::Person, r#"{"date_of_birth":"2018-11-22"}"#.into(), "person: `date_of_birth` lies in the future"),
        (
            Kind::Person,
            r#"{"date_of_birth":"1884-03-17"}"#.into(),
            "person: `date_of_birth` lies more than 125 years back",
        ),
        (Kind::Person, r#"{"height_cm":600}"#.into(), "person: `height_cm` is not between 25 and 275"),
        (Kind::Person, r#"{"family_name":"  "}"#.into(), "person: `family_name` is blank: leave it out instead"),
        (Kind::Person, r#"{"family_name":"a\u0007"}"#.into(), "person: `family_name` holds a control character"),
        (
            Kind::Incident,
            r#"{"occurred_from":"2019-01-01T00:00:00"}"#.into(),
            "incident: `occurred_from` lies in the future",
        ),
        (
            Kind::Incident,
            r#"{"occurred_from":"2018-11-02T00:00:00","occurred_to":"2018-11-01T00:00:00"}"#.into(),
            "incident: `occurred_to` lies before `occurred_from`",
        ),
        (
            Kind::Incident,
            r#"{"occurred_from":"2018-11-02T00:00:00","latitude":91}"#.into(),
            "incident: `latitude` is not between -90 and 90",
        ),
        (
            Kind::Involvement,
            format!(r#"{{"incident":"{INCIDENT}","part":"victim","age_years":126}}"#),
            "involvement: `age_years` is not between 0 and 125",
        ),
        (
            Kind::Involvement,
            format!(r#"{{"incident":"{INCIDENT}","part":"vehicle"}}"#),
            "involvement: `vehicle` is missing where the part is `vehicle`",
        ),
        (
            Kind::Involvement,
            format!(r#"{{"incident":"{INCIDENT}","part":"victim","vehicle":"{VEHICLE}"}}"#),
            "involvement: `vehicle` has a place only where the part is `vehicle`",
        ),
        (
            Kind::Narrative,
            format!(r#"{{"about":"{PERSON}","text":"x"}}"#),
            "narrative: `about` names a record of the kind person; a narrative is about an incident, arrest or stop",
        ),
        (Kind::Vehicle, r#"{"model_year":2020}"#.into(), "vehicle: `model_year` is not between 1885 and 2019"),
        (Kind::Vehicle, r#"{"plate_state":"Il"}"#.into(), "vehicle: `plate_state` is not two capital letters"),
        (
            Kind::Vehicle,
            r#"{"vin":"123456789012345678"}"#.into(),
            "vehicle: `vin` is not at most 17 capital letters and digits",
        ),
        (
            Kind::HotFile,
            hot("wanted_person", "judicial_warrant", ""),
            "hot_file: `person` is missing where the topic is `wanted_person`",
        ),
        (
            Kind::HotFile,
            hot("wanted_person", "missing", &person),
            "hot_file: `instrument` does not go with the topic `wanted_person`",
        ),
        (
            Kind::HotFile,
            hot("missing_person", "judicial_warrant", &person),
            "hot_file: `instrument` does not go with the topic `missing_person`",
        ),
        (
            Kind::HotFile,
            hot("wanted_person", "civil", &format!(r#"{person},"lapses_on":"2018-10-31""#)),
            "hot_file: `lapses_on` lies before `entered_on`",
        ),
        // And what can.
        (
            Kind::Incident,
            r#"{"occurred_from":"2018-11-20T11:00:00","occurred_to":"2018-11-20T12:00:00"}"#.into(),
            "taken",
        ),
        (Kind::Person, r#"{"sex":null}"#.into(), "taken"),
        (Kind::Vehicle, r#"{"plate":"PM 1042","plate_state":"PM","model_year":2019}"#.into(), "taken"),
        (Kind::HotFile, hot("wanted_person", "detainer", &person), "taken"),
    ];
    for (kind, json, expected) in lines {
        assert_eq!(said(kind, &json), expected, "{json}");
    }
}

#[test]
fn an_age_is_counted_in_whole_years() {
    let age = |born: &str, day: &str| forms::age_on(born.parse().unwrap(), day.parse().unwrap());
    assert_eq!(age("2000-11-20", "2018-11-19"), Some(17));
    assert_eq!(age("2000-11-20", "2018-11-20"), Some(18));
    assert_eq!(age("2000-02-29", "2018-02-28"), Some(17));
    assert_eq!(age("2018-11-20", "2018-11-20"), Some(0));
    assert_eq!(age("2018-11-21", "2018-11-20"), None, "before the birth");
    assert_eq!(age("1893-01-01", "2018-11-20"), Some(125));
    assert_eq!(age("1892-01-01", "2018-11-20"), None, "older than anybody");
}

proptest! {
    #[test]
    fn random_forms_never_panic(kind in 0usize..9, bytes in proptest::collection::vec(any::<u8>(), 0..200), text in "[\\[\\]{}:,\"a-z0-9_]{0,60}") {
        let _ = said(Kind::ALL[kind], &String::from_utf8_lossy(&bytes));
        let _ = said(Kind::ALL[kind], &text);
    }
}
