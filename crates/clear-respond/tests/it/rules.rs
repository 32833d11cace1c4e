//! The rules stand in the log in clear, before they serve.

use std::sync::Arc;

use clear_audit::What;
use clear_respond::RuleText;
use clear_rules::{CedarRules, Texts};
use sha2::{Digest, Sha256};

use crate::bed::Bed;

/// The clear entries of the public bundles that are files of rules, read as a stranger reads them; each with its entry.
fn in_the_bundles(bed: &Bed) -> Vec<(u64, RuleText)> {
    let log = bed.desk.public_log();
    let (size, mut found) = (log.published_size(), Vec::new());
    for number in 0..size.div_ceil(256) {
        let width = (size - number * 256).min(256);
        let part = if width < 256 { format!(".p/{width}") } else { String::new() };
        let bundle = log.tile(&format!("tile/entries/{number:03}{part}")).unwrap().unwrap();
        let mut rest = bundle.as_slice();
        for index in number * 256.. {
            let Some((length, behind)) = rest.split_first_chunk::<2>() else { break };
            let (leaf, behind) = behind.split_at(usize::from(u16::from_be_bytes(*length)));
            rest = behind;
            if leaf[0] == 2
                && let Ok(text) = serde_json::from_slice(&leaf[1..])
            {
                found.push((index, text));
            }
        }
    }
    found
}

/// The digest, as docs/log.md has it.
fn digest(texts: &[RuleText]) -> String {
    let mut hash = Sha256::new();
    for part in texts.iter().flat_map(|it| [&it.file, &it.text]) {
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part);
    }
    hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn gr22_rules_stand_in_the_log_in_clear_before_they_serve() {
    let bed = Bed::open().await;
    let log = bed.desk.public_log().clone();
    log.publish().await.unwrap();
    let texts = in_the_bundles(&bed);
    let started = bed.events().into_iter().find(|(_, event)| event.what == What::Started).unwrap();
    assert!(texts.iter().all(|(entry, _)| *entry < started.0), "before the process serves");
    let texts: Vec<RuleText> = texts.into_iter().map(|(_, text)| text).collect();
    assert_eq!(texts.len(), Texts::embedded().iter().count());
    assert!(texts.iter().all(|it| it.openclear_rules == bed.desk.rules_digest() && it.of == texts.len()));
    assert_eq!(digest(&texts), bed.desk.rules_digest());
    for (file, text) in Texts::embedded().iter() {
        assert!(texts.iter().any(|it| it.file == file && it.text == text), "{file}");
    }

    // Once for each digest, however often the process starts.
    let bed = bed.restart().await;
    bed.desk.public_log().publish().await.unwrap();
    assert_eq!(in_the_bundles(&bed).len(), texts.len());
    // Others come before the entry that puts them in force.
    let local = (
        "local.cedar".to_owned(),
        "@id(\"shut\") @why(\"Nothing is read today.\")\nforbid (principal, action in Action::\"see\", resource);\n"
            .to_owned(),
    );
    let embedded = Texts::embedded();
    let all = embedded.iter().map(|(name, text)| (name.to_owned(), text.to_owned())).chain([local]);
    let rules = Arc::new(CedarRules::of(all.collect()).unwrap());
    bed.desk.change_rules(rules.clone(), "a test".into()).await.unwrap();
    bed.desk.public_log().publish().await.unwrap();
    let (entries, others): (Vec<u64>, Vec<RuleText>) = in_the_bundles(&bed).into_iter().skip(texts.len()).unzip();
    assert_eq!((others.len(), digest(&others)), (texts.len() + 1, rules.texts().digest()));
    let changed = bed.events().into_iter().find(|(_, event)| event.what == What::Rules).unwrap();
    assert!(entries.iter().all(|entry| *entry < changed.0));
    // And back: the log has them.
    bed.desk.change_rules(Arc::new(CedarRules::embedded().unwrap()), "back".into()).await.unwrap();
    bed.desk.public_log().publish().await.unwrap();
    assert_eq!(in_the_bundles(&bed).len(), texts.len() * 2 + 1);
}
