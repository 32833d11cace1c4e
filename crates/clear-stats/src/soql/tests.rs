//! What is asked most in the open-data language is answered from codes, as it is in SQL.

use clear_record::{FieldClass, LabelId, LabelSet, PerClass, Reach, Sight};
use clear_soql::plan::{Field, Schema, Table};
use datafusion::datasource::provider_as_source;

use super::{Asked, logical, planned};
use crate::shelf::tests::forty;
use crate::{Engine, Limits};

#[test]
fn what_is_asked_most_is_quick() {
    let labels: LabelSet = (0..64).map(LabelId).collect();
    let reach = Reach { pointer: LabelSet::empty(), class: PerClass::from_fn(|_: FieldClass| labels.clone()) };
    let shelf = forty().shelf("incidents", &Sight::of(&reach)).unwrap();
    let fields = shelf.columns().map(|column| Field::new(column.field_name, column.soql_type)).collect();
    let schema = Schema { tables: vec![Table { names: vec!["incidents".into()], fields }] };
    let engine = Engine::new(&Limits::default()).unwrap();
    let session = engine.session(Vec::new()).unwrap();
    let source = provider_as_source(Engine::table(shelf));
    for (question, quick) in [
        ("select primary_type, year, count(*) group by primary_type, year", true),
        ("select primary_type, count(*) as n group by primary_type order by n desc limit 5", true),
        ("select date_trunc_ymd(occurred_from) as day, count(*) where latitude between 0 and 42 group by day", true),
        (
            "select date_extract_hh(occurred_from) as h, count(*) where ward in (1, 2) group by h having count(*) > 1",
            true,
        ),
        ("select beat, sum(ward) as s, avg(latitude) as a group by beat order by s desc", true),
        ("select * where primary_type = 'THEFT' order by occurred_from desc limit 5", true),
        ("select * limit 1000", true),
        ("select :id, beat where beat like '04%' limit 10 offset 5", true),
        ("select count(*)", true),
        ("select count(distinct case_number)", true),
        ("select district, count(distinct block) group by district", true),
        ("select count(*) where contains(lower(address), 'main') or beat like '%4%'", true),
        (
            "select count(*) where not (beat like '%4%') and starts_with(address, '1') and upper(address) = '1 W MAIN ST'",
            true,
        ),
        ("select distinct beat", true),
        ("select ward % 2 as odd, count(*) group by odd", false),
        ("select beat, stddev_pop(latitude) group by beat", false),
    ] {
        let planned = planned(&Asked::Whole(question.into()), &schema).unwrap();
        let plan = logical(&planned, std::slice::from_ref(&source)).unwrap();
        let text = session.state().optimize(&plan).unwrap().display_indent().to_string();
        assert_eq!(text.contains("Quick:"), quick, "{question}\n{text}");
    }
}
