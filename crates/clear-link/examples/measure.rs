//! measure FILE[,FILE2] role=column,… truthcolumn [stem]
use clear_link::{Options, Role, Table, link, metrics::Truth};
use std::collections::HashMap;
fn main() {
    let a: Vec<String> = std::env::args().collect();
    let map: Vec<(Role, String)> = a[2]
        .split(',')
        .map(|p| {
            let (r, c) = p.split_once('=').unwrap();
            (Role::named(r).unwrap(), c.to_string())
        })
        .collect();
    let roles: Vec<Role> = map.iter().map(|m| m.0).collect();
    let mut table = Table::new(&roles);
    let mut codes: HashMap<String, u32> = HashMap::new();
    let (mut persons, mut split) = (Vec::new(), None);
    let mut table2: Vec<Vec<String>> = Vec::new();
    let keep2 = std::env::var("HOLD").is_ok();
    let half = std::env::var("HALF").ok();
    let mut stages: Vec<(&'static str, f64)> = Vec::new();
    for (f, file) in a[1].split(',').enumerate() {
        if f > 0 {
            table.next_file();
            split = Some(table.rows() as u32);
        }
        let t = clear_ingest::tables::open(file.as_ref()).unwrap();
        let h = t.columns().to_vec();
        let col = |n: &str| h.iter().position(|x| x == n).unwrap_or_else(|| panic!("{n} {h:?}"));
        let mut wanted = vec![col(&a[3])];
        wanted.extend(map.iter().map(|m| col(&m.1)));
        t.read(&wanted, &mut |v| {
            let t = if a.len() > 4 {
                v[0].trim().splitn(3, '-').take(2).collect::<Vec<_>>().join("-")
            } else {
                v[0].to_string()
            };
            if let Some(half) = &half {
                let h = t.bytes().fold(7u32, |h, b| (h ^ b as u32).wrapping_mul(16777619)) >> 16 & 1;
                if h.to_string() != *half {
                    return;
                }
            }
            table.push(v[1..].iter().map(|v| v.as_ref()));
            if keep2 {
                table2.push(v[1..].iter().map(|v| v.to_string()).collect());
            }
            let n = codes.len() as u32;
            persons.push(*codes.entry(t).or_insert(n));
        })
        .unwrap();
    }
    let hold: usize = std::env::var("HOLD").ok().and_then(|h| h.parse().ok()).unwrap_or(0);
    let mut at = cpu();
    stages.push(("read", at));
    let linked = link(table, &Options::default(), &mut |name| {
        let now = cpu();
        stages.push((name, now - at));
        at = now;
    });
    let linked = if hold > 0 {
        // batch of all but the last, then one at a time
        let mut t2 = Table::new(&roles);
        let n = table2.len() - hold;
        for r in &table2[..n] {
            t2.push(r.iter().map(String::as_str));
        }
        let first = link(t2, &Options::default(), &mut |_| {});
        let mut linker = clear_link::Linker::new(first);
        let (t, mut worst) = (cpu(), 0.0f64);
        for r in &table2[n..] {
            let x = cpu();
            linker.insert(r.iter().map(String::as_str));
            worst = worst.max(cpu() - x);
        }
        println!("insert {:.1} us each, worst {:.2} ms", (cpu() - t) / hold as f64 * 1e6, worst * 1e3);
        let b = Truth { persons: &linked.clusters, split: None }.of_clusters(linker.clusters());
        println!("as the batch: {:.5}", b.f1());
        let q = Truth { persons: &persons, split: None }.of_clusters(linker.clusters());
        println!("incremental cluster F1 {:.5}", q.f1());
        linked
    } else {
        linked
    };
    let total = cpu();
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let hwm = status
        .lines()
        .find(|l| l.starts_with("VmHWM"))
        .unwrap()
        .split_whitespace()
        .nth(1)
        .unwrap()
        .parse::<u64>()
        .unwrap()
        / 1024;
    if std::env::var("MODEL").is_ok() {
        println!("{}", linked.model().to_json());
    }
    let truth = Truth { persons: &persons, split };
    let (w, best) = truth.best_of_pairs(&linked.pairs);
    println!("{:?} compared {}", linked.found, linked.compared);
    println!("pairwise best {:.5} at {w:.2} {best:?}; p>=.5 {:.5}", best.f1(), truth.of_pairs(&linked.pairs, 0.5).f1());
    if split.is_some() {
        println!("across {:.5}", truth.of_clusters(&linked.clusters).f1());
    }
    let q = Truth { persons: &persons, split: None }.of_clusters(&linked.clusters);
    println!("cluster precision {:.5} recall {:.5} F1 {:.5}", q.precision(), q.recall(), q.f1());
    for (n, s) in &stages {
        print!("{n} {s:.2} ");
    }
    println!("\ncpu {total:.2} s, peak {hwm} MB");
}
fn cpu() -> f64 {
    std::fs::read_to_string("/proc/thread-self/schedstat").unwrap().split(' ').next().unwrap().parse::<f64>().unwrap()
        / 1e9
}
