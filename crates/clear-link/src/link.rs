//! Links a table.

use crate::agglomerate::{self, Objective};
use crate::block;
use crate::block::Found;
use crate::compare::{MISSING, Pattern};
use crate::estimate;
use crate::model::Model;
use crate::prepared::{MOST, Prepared};
use crate::table::Table;

/// What came out.
pub struct Linked {
    pub model: Model,
    pub pairs: Vec<(u32, u32, f32)>,
    pub candidates: usize,
    pub clusters: Vec<u32>,
    pub found: Found,
    pub prepared: Prepared,
    pub pairs_all: Vec<u64>,
}

fn knob(name: &str, default: f32) -> f32 {
    std::env::var(name).ok().and_then(|v| v.parse().ok()).unwrap_or(default)
}

pub fn link(table: Table, lap: &mut dyn FnMut(&'static str)) -> Linked {
    let prepared = Prepared::of(table);
    lap("prepare");
    let (pairs, found) = block::pairs(&prepared);
    lap("candidates");
    let model = estimate::estimate(&prepared, &pairs);
    lap("estimate");
    let mut scored = Vec::new();
    let mut pattern = Pattern { level: [MISSING; MOST], rarity: [0.0; MOST] };
    let keep = knob("KEEP", -4.0);
    for pair in &pairs {
        let (a, b) = ((pair >> 32) as u32, *pair as u32);
        prepared.compare(a, b, &mut pattern);
        let score = model.score(&pattern);
        if score > keep {
            scored.push((a, b, score));
        }
    }
    lap("score");
    let objective = Objective { most: knob("MOST", 12.0), least: knob("LEAST", -12.0), threshold: knob("T", 0.0) };
    let mut joins = 0_usize;
    let clusters = agglomerate::clusters(prepared.rows, &scored, &objective, &mut |a, b| {
        joins += a.len() * b.len();
        let mut same = [(0.0_f32, 0.0_f32); MOST];
        let mut home = [0.0_f32; MOST];
        for x in a { for y in b {
            prepared.compare(*x, *y, &mut pattern);
            for (at, w) in model.weights.iter().enumerate() {
                let level = pattern.level[at];
                if level != MISSING {
                    same[at].0 += w.same[level as usize] + pattern.rarity[at];
                    same[at].1 += 1.0;
                    if w.shared { home[at] += w.home[level as usize] + pattern.rarity[at]; }
                }
            }
        } }
        let (mut s, mut h) = (model.ln_same, model.ln_home);
        for at in 0..model.weights.len() {
            let (sum, n) = same[at];
            if n > 0.0 { s += sum / n; h += home[at] / n; }
        }
        s - crate::model::softplus(h)
    });
    if std::env::var("MODEL").is_ok() { println!("joins {joins}"); }
    lap("cluster");
    Linked { model, candidates: pairs.len(), pairs: scored, clusters, found, prepared, pairs_all: pairs }
}

impl Linked {
    /// debugging
    pub fn show_model(&self) {
        println!("prior {:.2} home {:.2}", self.model.ln_same, self.model.ln_home);
        for w in &self.model.weights {
            println!("{}", w.role);
            for (at, l) in w.kind.levels().iter().enumerate() {
                println!(
                    "   {:28} m {:.5} u {:.2e} h {:.5} k {:.2e}  same {:6.2} home {:6.2}",
                    l.name, w.m[at], w.u[at], w.h[at], w.k[at], w.same[at], w.home[at]
                );
            }
        }
    }
    /// debugging
    pub fn oracle(&self, truth: &[u32]) {
        let mut counts = vec![[0u32; 9]; self.model.weights.len()];
        let mut by: std::collections::HashMap<u32, Vec<u32>> = Default::default();
        for (i, t) in truth.iter().enumerate() {
            by.entry(*t).or_default().push(i as u32);
        }
        let mut pattern = Pattern { level: [MISSING; MOST], rarity: [0.0; MOST] };
        for rows in by.values() {
            for (x, a) in rows.iter().enumerate() {
                for b in &rows[x + 1..] {
                    self.prepared.compare(*a, *b, &mut pattern);
                    for at in 0..counts.len() {
                        if pattern.level[at] != MISSING {
                            counts[at][pattern.level[at] as usize] += 1;
                        } else {
                            counts[at][8] += 1;
                        }
                    }
                }
            }
        }
        for (at, w) in self.model.weights.iter().enumerate() {
            let n: u32 = counts[at][..8].iter().sum();
            print!("{} ({} missing):", w.role, counts[at][8]);
            for (l, level) in w.kind.levels().iter().enumerate() {
                print!("  {} {:.4}/{:.4}", level.name, counts[at][l] as f32 / n as f32, w.m[l]);
            }
            println!();
        }
    }
    /// debugging
    pub fn explain(&self, a: u32, b: u32) -> String {
        let mut pattern = Pattern { level: [MISSING; MOST], rarity: [0.0; MOST] };
        self.prepared.compare(a, b, &mut pattern);
        let (same, home) = self.model.sums(&pattern);
        let mut s = format!("{:.1} (same {same:.1} home {home:.1})", self.model.score(&pattern));
        for (at, w) in self.model.weights.iter().enumerate() {
            if pattern.level[at] != MISSING {
                s += &format!(
                    " {}:{} {:.1}",
                    w.role,
                    w.kind.levels()[pattern.level[at] as usize].name,
                    w.same[pattern.level[at] as usize] + pattern.rarity[at]
                );
            }
        }
        s
    }
}
