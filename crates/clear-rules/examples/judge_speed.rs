//! Bar P4 alone: `cargo run --profile demo -p clear-rules --example judge_speed`.
#![allow(missing_docs)]
#[path = "../../openclear/src/bench/decide.rs"]
mod decide;
fn ms(duration: std::time::Duration) -> f64 {
    duration.as_secs_f64() * 1000.0
}
fn cpu_time() -> std::time::Duration {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let fields: Vec<&str> = stat.rsplit(')').next().unwrap_or_default().split_whitespace().collect();
    let ticks = |at: usize| fields.get(at).and_then(|text| text.parse::<u64>().ok()).unwrap_or(0);
    std::time::Duration::from_millis((ticks(11) + ticks(12)) * 10)
}
fn peak_mib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap_or_default();
    line.trim().trim_end_matches(" kB").parse::<u64>().unwrap_or(0) / 1024
}
fn main() -> anyhow::Result<()> {
    decide::run(20_000)
}
