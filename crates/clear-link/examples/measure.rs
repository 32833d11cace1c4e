//! measure FILE[,FILE2] role=column,… truthcolumn [stem]
use clear_link::{Role, Table, link, metrics};
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
    let mut truth_codes: HashMap<String, u32> = HashMap::new();
    let mut truth = Vec::new();
    let mut raw: Vec<String> = Vec::new();
    let keep_raw = std::env::var("SHOW").is_ok();
    let half = std::env::var("HALF").ok();
    let files: Vec<&str> = a[1].split(',').collect();
    for (f, file) in files.iter().enumerate() {
        if f > 0 {
            table.next_file();
        }
        let mut r = csv::ReaderBuilder::new().from_path(file).unwrap();
        let h: Vec<String> = r.headers().unwrap().iter().map(|s| s.trim().to_string()).collect();
        let cols: Vec<usize> =
            map.iter().map(|m| h.iter().position(|x| *x == m.1).unwrap_or_else(|| panic!("{} {h:?}", m.1))).collect();
        let t = h.iter().position(|x| *x == a[3]).unwrap();
        let mut rec = csv::StringRecord::new();
        while r.read_record(&mut rec).unwrap() {
            let v = if a.len() > 4 {
                rec[t].trim().splitn(3, '-').take(2).collect::<Vec<_>>().join("-")
            } else {
                rec[t].to_string()
            };
            if let Some(half) = &half {
                let h = v.bytes().fold(7u32, |h, b| (h ^ b as u32).wrapping_mul(16777619)) >> 16 & 1;
                if h.to_string() != *half {
                    continue;
                }
            }
            table.push(cols.iter().map(|c| &rec[*c]));
            let n = truth_codes.len() as u32;
            truth.push(*truth_codes.entry(v).or_insert(n));
            if keep_raw {
                raw.push(rec.iter().collect::<Vec<_>>().join("|"));
            }
        }
    }
    let split = if files.len() > 1 { (0..table.rows()).position(|r| table.file_of(r as u32) == 1).unwrap() } else { 0 };
    let mut stages: Vec<(&'static str, f64)> = Vec::new();
    let mut at = cpu();
    stages.push(("read", at));
    let linked = link(table, &mut |name| { let now = cpu(); stages.push((name, now - at)); at = now; });
    let mut ru = unsafe_usage();
    if std::env::var("MODEL").is_ok() {
        linked.show_model();
    }
    if std::env::var("ORACLE").is_ok() {
        linked.oracle(&truth);
    }
    println!("{:?}", linked.found);
    // pairwise
    let two = files.len() > 1;
    let counts_pair = |a: u32, b: u32| !two || ((a as usize) < split) != ((b as usize) < split);
    let total: u64 = if two {
        let mut l: HashMap<u32, (u64, u64)> = HashMap::new();
        for (i, t) in truth.iter().enumerate() {
            let e = l.entry(*t).or_default();
            if i < split { e.0 += 1 } else { e.1 += 1 }
        }
        l.values().map(|e| e.0 * e.1).sum()
    } else {
        metrics::of_clusters(&truth, &truth, |_| true).truth
    };
    let cand_true = linked
        .pairs_all
        .iter()
        .filter(|p| {
            let (a, b) = ((**p >> 32) as u32, **p as u32);
            counts_pair(a, b) && truth[a as usize] == truth[b as usize]
        })
        .count();
    println!(
        "rows {} candidates {} recall of candidates {:.4} ({} of {total})",
        truth.len(),
        linked.candidates,
        cand_true as f64 / total as f64,
        cand_true
    );
    let mut scored: Vec<(f32, bool)> = linked
        .pairs
        .iter()
        .filter(|p| counts_pair(p.0, p.1))
        .map(|p| (p.2, truth[p.0 as usize] == truth[p.1 as usize]))
        .collect();
    scored.sort_by(|a, b| b.0.total_cmp(&a.0));
    let (mut tp, mut said, mut best) = (0u64, 0u64, (0.0, 0.0, 0, 0));
    for (s, t) in &scored {
        said += 1;
        tp += *t as u64;
        let f = 2.0 * tp as f64 / (said + total) as f64;
        if f > best.0 {
            best = (f, *s, tp, said);
        }
    }
    println!(
        "pairwise best F1 {:.5} at {:.2}: right {} wrong {} missed {}",
        best.0,
        best.1,
        best.2,
        best.3 - best.2,
        total - best.2
    );
    for p in [0.5f32, 0.95, 0.99] {
        let w = (p / (1.0 - p)).ln();
        let said = scored.iter().filter(|s| s.0 >= w).count() as u64;
        let tp = scored.iter().filter(|s| s.0 >= w && s.1).count() as u64;
        println!(
            "  p>={p}: F1 {:.5} right {tp} wrong {} missed {}",
            2.0 * tp as f64 / (said + total) as f64,
            said - tp,
            total - tp
        );
    }
    if two {
        // across files pairs implied by clusters
        let mut by: HashMap<u32, (Vec<u32>, Vec<u32>)> = HashMap::new();
        for (i, c) in linked.clusters.iter().enumerate() {
            let e = by.entry(*c).or_default();
            if i < split { e.0.push(truth[i]) } else { e.1.push(truth[i]) }
        }
        let (mut tp, mut said) = (0u64, 0u64);
        for (l, r) in by.values() {
            for x in l {
                for y in r {
                    said += 1;
                    tp += (x == y) as u64;
                }
            }
        }
        println!(
            "across files, by clusters: F1 {:.5} right {tp} wrong {} missed {}",
            2.0 * tp as f64 / (said + total) as f64,
            said - tp,
            total - tp
        );
    }
    let q = metrics::of_clusters(&linked.clusters, &truth, |_| true);
    println!("cluster precision {:.5} recall {:.5} F1 {:.5}", q.precision(), q.recall(), q.f1());
    for parity in [0, 1] {
        let q =
            metrics::of_clusters(&linked.clusters, &truth, |r| (truth[r].wrapping_mul(2654435761) >> 16) & 1 == parity);
        print!("half {parity}: {:.5}  ", q.f1());
    }
    println!();
    for (n, s) in &stages { print!("{n} {s:.2} "); }
    println!();
    println!("cpu {:.2} s, peak {} MB", ru.0, ru.1);
    ru.0 = 0.0;
    if keep_raw {
        let mut shown = 0;
        let what = std::env::var("SHOW").unwrap();
        let mut seed = 1u64;
        let mut list: Vec<(u32, u32)> = Vec::new();
        match what.as_str() {
            "split" => {
                // records alone or in wrong cluster vs majority cluster of their truth
                let mut maj: HashMap<u32, HashMap<u32, u32>> = HashMap::new();
                for (i, t) in truth.iter().enumerate() {
                    *maj.entry(*t).or_default().entry(linked.clusters[i]).or_default() += 1;
                }
                for (i, t) in truth.iter().enumerate() {
                    let (c, n) = maj[t].iter().max_by_key(|x| (x.1, x.0)).unwrap();
                    if *c != linked.clusters[i] && *n > 1 {
                        let j = (0..truth.len()).find(|j| truth[*j] == *t && linked.clusters[*j] == *c).unwrap();
                        list.push((i as u32, j as u32));
                    }
                }
            }
            _ => {
                // wrong pairs said
                let mut by: HashMap<u32, Vec<u32>> = HashMap::new();
                for (i, c) in linked.clusters.iter().enumerate() {
                    by.entry(*c).or_default().push(i as u32);
                }
                let mut cs: Vec<_> = by.into_values().collect();
                cs.sort();
                for c in cs {
                    if let Some(x) = c.iter().find(|x| truth[**x as usize] != truth[c[0] as usize]) {
                        list.push((c[0], *x));
                    }
                }
            }
        }
        println!("{} of {what}", list.len());
        while shown < 40 && !list.is_empty() {
            seed = seed.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
            let (i, j) = list.swap_remove((seed >> 33) as usize % list.len());
            println!("{}\n{}\n   {}", raw[i as usize], raw[j as usize], linked.explain(i, j));
            shown += 1;
        }
    }
}
fn cpu() -> f64 {
    std::fs::read_to_string("/proc/thread-self/schedstat").unwrap().split(' ').next().unwrap().parse::<f64>().unwrap() / 1e9
}
fn unsafe_usage() -> (f64, u64) {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap();
    let f: Vec<&str> = stat.rsplit(')').next().unwrap().split_whitespace().collect();
    let cpu = (f[11].parse::<f64>().unwrap() + f[12].parse::<f64>().unwrap()) / 100.0;
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
    (cpu, hwm)
}
