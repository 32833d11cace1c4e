//! The linker's report: one HTML page with charts, no scripts, nothing loaded from elsewhere.
//!
//! In:    a linked table, its figures, a truth if there is one.
//! Out:   the page.
//! Never: shows a name; rows are named by their number, and values do not appear.

use std::collections::HashMap;
use std::fmt::Write as _;

use clear_link::metrics::{Told, Truth};
use clear_link::{Linked, Scored};
use serde_json::Value;

const STYLE: &str = "body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;color:#1b1b1b;background:#fff}\
h2{margin-top:2.5rem}table{border-collapse:collapse}td,th{padding:.15rem .8rem .15rem 0;text-align:left;vertical-align:top}\
td.n{text-align:right;font-variant-numeric:tabular-nums}pre{background:#f4f4f4;padding:.8rem;overflow:auto}svg{max-width:100%}";

const FOR: &str = "#1f6f5c";
const AGAINST: &str = "#b3562b";

/// Joins shown as the worst.
const WORST: usize = 12;

pub(super) fn render(linked: &Linked, truth: Option<&Truth<'_>>, figures: &Value) -> String {
    let mut page = format!(
        "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><title>Linkage report</title><style>{STYLE}</style>\n<h1>Linkage report</h1>\n"
    );
    page += &format!(
        "<p>{} rows are {} persons. {} pairs were compared, {} of them kept. Before any evidence, two rows taken at random are one person with odds of 1 to {:.0}.</p>\n",
        figures["rows"],
        figures["clusters"],
        figures["pairs_scored"],
        figures["pairs_kept"],
        (-linked.model().ln_odds_before()).exp(),
    );
    page += &weights(linked);
    page += &scores(&linked.pairs);
    if let Some(truth) = truth {
        page += &calibration(linked, truth);
    }
    page += &sizes(linked);
    page += &worst(linked);
    page += "</html>\n";
    page
}

/// What each level of each comparison is worth.
fn weights(linked: &Linked) -> String {
    let mut text = "<h2>Match weights</h2>\n<p>Bits: a weight of 1 doubles the odds that two rows are one person, of −1 halves them. Where rarity counts, the weight of a value of middling rarity is shown.</p>\n<table>\n".to_owned();
    for (role, levels) in linked.model().shown() {
        for (at, level) in levels.iter().enumerate() {
            let name = if at == 0 { role.name() } else { "" };
            let width = f64::from(level.bits.abs().min(20.0)) * 8.0;
            let colour = if level.bits >= 0.0 { FOR } else { AGAINST };
            let start = if level.bits >= 0.0 { 160.0 } else { 160.0 - width };
            let _ = writeln!(
                text,
                "<tr><th>{name}</th><td>{}</td><td class=n>{:+.1}</td><td><svg width=320 height=14 role=img aria-label=\"{:+.1} bits\"><rect x={start:.0} y=2 width={width:.0} height=10 fill=\"{colour}\"/><line x1=160 x2=160 y1=0 y2=14 stroke=\"#888\"/></svg></td><td class=n>{:.2}&nbsp;%</td></tr>",
                level.name,
                level.bits,
                level.bits,
                level.share * 100.0
            );
        }
    }
    text + "</table>\n<p>The last column: how often two rows of one person are so.</p>\n"
}

/// A bar chart.
fn bars(bars: &[(String, f64)], unit: &str) -> String {
    let most = bars.iter().map(|(_, height)| *height).fold(1.0, f64::max);
    let width = 760.0 / bars.len().max(1) as f64;
    let mut text = format!("<svg viewBox=\"0 0 780 220\" role=img aria-label=\"{unit}\">\n");
    for (at, (label, height)) in bars.iter().enumerate() {
        let (x, tall) = (10.0 + at as f64 * width, 170.0 * height / most);
        let _ = writeln!(
            text,
            "<rect x={x:.1} y={:.1} width={:.1} height={tall:.1} fill=\"{FOR}\"><title>{label}: {height:.0} {unit}</title></rect>",
            180.0 - tall,
            (width - 2.0).max(1.0)
        );
        if bars.len() <= 12 || at % 4 == 0 {
            let _ =
                writeln!(text, "<text x={:.1} y=198 font-size=11 text-anchor=middle>{label}</text>", x + width / 2.0);
        }
    }
    text + "</svg>\n"
}

fn scores(pairs: &[Scored]) -> String {
    let mut counts = [0.0_f64; 40];
    for pair in pairs {
        let bits = pair.ln_odds / std::f32::consts::LN_2;
        let at = ((bits + 6.0) / 1.5).clamp(0.0, 39.0) as usize;
        if let Some(count) = counts.get_mut(at) {
            *count += 1.0;
        }
    }
    let shown: Vec<(String, f64)> =
        counts.iter().enumerate().map(|(at, count)| (format!("{:.0}", at as f64 * 1.5 - 6.0), *count)).collect();
    format!(
        "<h2>Scores</h2>\n<p>Pairs by log2 of their odds. A model that knows what it does has two hills with little between them.</p>\n{}",
        bars(&shown, "pairs")
    )
}

/// Of the pairs said to be so probable, how many are true.
fn calibration(linked: &Linked, truth: &Truth<'_>) -> String {
    let mut text = "<h2>Calibration</h2>\n<table><tr><th>said</th><th>true</th><th>pairs</th></tr>\n".to_owned();
    let told = truth.told(&linked.pairs, &linked.copied);
    for step in 0..10_u8 {
        let (low, high) = (f32::from(step) / 10.0, f32::from(step + 1) / 10.0);
        let is_within = |told: &&Told| {
            let probability = told.probability();
            (low..high).contains(&probability) || (step == 9 && probability >= high)
        };
        let (mut all, mut right) = (0, 0);
        for told in told.iter().filter(is_within) {
            all += told.all;
            right += told.right;
        }
        if all > 0 {
            let share = right as f64 / all as f64 * 100.0;
            let _ = writeln!(
                text,
                "<tr><td>{:.0}–{:.0}&nbsp;%</td><td class=n>{share:.1}&nbsp;%</td><td class=n>{all}</td></tr>",
                low * 100.0,
                high * 100.0
            );
        }
    }
    text + "</table>\n"
}

fn sizes(linked: &Linked) -> String {
    let mut sizes: HashMap<u32, usize> = HashMap::new();
    linked.clusters.iter().for_each(|cluster| *sizes.entry(*cluster).or_default() += 1);
    let mut counts = [0.0_f64; 24];
    for size in sizes.values() {
        if let Some(count) = counts.get_mut((*size).min(24) - 1) {
            *count += 1.0;
        }
    }
    let label = |at: usize| if at == 23 { "24+".to_owned() } else { (at + 1).to_string() };
    let shown: Vec<(String, f64)> = counts.iter().enumerate().map(|(at, count)| (label(at), *count)).collect();
    format!("<h2>Cluster sizes</h2>\n<p>Clusters by the number of their rows.</p>\n{}", bars(&shown, "clusters"))
}

/// The joined pairs that speak most against their join.
fn worst(linked: &Linked) -> String {
    let cluster = |row: u32| linked.clusters.get(row as usize);
    let mut joined: Vec<&Scored> = linked.pairs.iter().filter(|pair| cluster(pair.a) == cluster(pair.b)).collect();
    joined.sort_unstable_by(|a, b| a.ln_odds.total_cmp(&b.ln_odds).then((a.a, a.b).cmp(&(b.a, b.b))));
    let mut text = "<h2>The worst merges</h2>\n<p>Pairs within one cluster whose own evidence is weakest: other rows of the cluster joined them. Rows are named by their place in the files, from 0; parts are in bits.</p>\n".to_owned();
    for pair in joined.iter().take(WORST) {
        let _ =
            writeln!(text, "<h3>Rows {} and {}</h3>\n<pre>{}</pre>", pair.a, pair.b, linked.explain(pair.a, pair.b));
    }
    text
}
