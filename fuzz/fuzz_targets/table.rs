//! A table of any bytes is read or refused, the same twice; whatever its rows are, each gets a cluster.
#![no_main]

use std::path::PathBuf;

use clear_ingest::tables;
use clear_link::{Options, Role, Table, link, mapped};
use libfuzzer_sys::fuzz_target;

/// Rows that are linked: what the linker does with many is measured, not fuzzed.
const LINKED: usize = 80;

/// The first rows, as the columns of the map have them.
fn rows(path: &PathBuf, map: &[(Role, String)]) -> Option<Vec<Vec<String>>> {
    let file = tables::open(path).ok()?;
    let columns = file.columns().to_vec();
    // A column that is not there gives missing values.
    let place = |name: &String| columns.iter().position(|column| column == name).unwrap_or(usize::MAX);
    let wanted: Vec<usize> = map.iter().map(|(_, column)| place(column)).collect();
    let mut rows = Vec::new();
    let whole = file.read(&wanted, &mut |values| {
        assert_eq!(values.len(), wanted.len());
        if rows.len() < LINKED {
            rows.push(values.iter().map(|value| value.to_string()).collect());
        }
    });
    whole.ok().map(|()| rows)
}

fuzz_target!(|bytes: &[u8]| {
    let end = bytes.iter().position(|byte| *byte == b'\n').unwrap_or(bytes.len());
    let (line, file) = bytes.split_at(end);
    let Ok(map) = mapped(String::from_utf8_lossy(line).split(',')) else { return };
    let again: Vec<String> = map.iter().map(|(role, column)| format!("{role}={column}")).collect();
    assert_eq!(mapped(&again).ok().as_ref(), Some(&map));
    let path = std::env::temp_dir().join(format!("clear-fuzz-table-{}", std::process::id()));
    std::fs::write(&path, file.get(1..).unwrap_or_default()).expect("the folder for temporary files can be written");
    let read = rows(&path, &map);
    assert_eq!(rows(&path, &map), read);
    let mut table = Table::new(&map.iter().map(|(role, _)| *role).collect::<Vec<_>>());
    for row in read.iter().flatten() {
        table.push(row.iter().map(String::as_str));
    }
    let count = table.rows();
    let linked = link(table, &Options::default(), &mut |_| {});
    assert_eq!(linked.clusters.len(), count);
    for (row, cluster) in linked.clusters.iter().enumerate() {
        assert!(*cluster as usize <= row && linked.clusters[*cluster as usize] == *cluster);
    }
});
