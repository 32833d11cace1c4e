//! Whatever is typed into the search box is understood in one way at least, the same each time, and can be looked for.
#![no_main]

use clear_record::{LabelSet, PerClass, Reach, Sight};
use clear_search::{Index, Query, understand};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let understood = understand(text);
    assert!(understood == understand(text), "the same text is understood in the same way");
    let nothing = Reach { pointer: LabelSet::empty(), class: PerClass::from_fn(|_| LabelSet::empty()) };
    let (index, sight) = (Index::new(), Sight::of(&nothing));
    let others = understood.others.into_iter().map(|(terms, _)| terms);
    for terms in others.chain([understood.terms]) {
        assert_eq!(index.find(&Query::of(terms), &sight).total, 0);
    }
});
