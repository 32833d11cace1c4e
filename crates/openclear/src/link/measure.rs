//! What a run of the linker costs.
//!
//! In:    the ends of its stages.
//! Out:   seconds of each stage, CPU seconds and peak memory of the process.
//! Never: changes what is measured.

use std::time::Instant;

/// Stages and how long they took.
pub(super) struct Clock {
    began: Instant,
    at: Instant,
    stages: Vec<(&'static str, f64)>,
}

/// What the process used until now.
pub(super) struct Used {
    pub(super) wall_s: f64,
    pub(super) cpu_s: f64,
    pub(super) peak_mib: u64,
}

impl Clock {
    pub(super) fn start() -> Clock {
        let now = Instant::now();
        Clock { began: now, at: now, stages: Vec::new() }
    }

    pub(super) fn lap(&mut self, stage: &'static str) {
        let now = Instant::now();
        self.stages.push((stage, now.duration_since(self.at).as_secs_f64()));
        self.at = now;
    }

    pub(super) fn stages(&self) -> &[(&'static str, f64)] {
        &self.stages
    }

    pub(super) fn used(&self) -> Used {
        Used {
            wall_s: self.began.elapsed().as_secs_f64(),
            cpu_s: crate::bench::cpu_time().as_secs_f64(),
            peak_mib: crate::bench::peak_mib(),
        }
    }
}
