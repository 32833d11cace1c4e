//! Paints shapes onto pixels and writes them as PNG.
//!
//! In:    shapes in the picture's pixels, colours.
//! Out:   PNG bytes (RFC 2083): 8 bits a channel, no transparency.
//! Never: smooths by anything but the share of a pixel that a shape covers.

use std::io::Write as _;

use flate2::Compression;
use flate2::write::ZlibEncoder;

use super::{Colour, Place};

/// Lines within a row of pixels.
const SUB: usize = 4;

/// Pixels that are being painted.
pub(super) struct Canvas {
    width: usize,
    height: usize,
    zoom: f64,
    pixels: Vec<u8>,
}

impl Canvas {
    /// A canvas of so many picture's pixels, each `zoom` wide.
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a picture's size")]
    pub(super) fn new(width: f64, height: f64, zoom: f64, Colour(red, green, blue): Colour) -> Canvas {
        let side = |length: f64| ((length * zoom).clamp(1.0, 8_000.0)) as usize;
        let (width, height) = (side(width), side(height));
        Canvas { width, height, zoom, pixels: [red, green, blue].repeat(width * height) }
    }

    /// Fills rings by the even-odd rule.
    pub(super) fn fill(&mut self, rings: &[Vec<Place>], colour: Colour, opacity: f64) {
        self.cover(rings, colour, opacity, false);
    }

    /// Draws a line of a width.
    pub(super) fn stroke(&mut self, corners: &[Place], close: bool, width: f64, colour: Colour) {
        let half = (width / 2.0).max(0.3 / self.zoom);
        let mut quads = Vec::new();
        let ends =
            corners.iter().zip(corners.iter().skip(1)).chain(corners.last().zip(corners.first()).filter(|_| close));
        for ((ax, ay), (bx, by)) in ends {
            let length = (bx - ax).hypot(by - ay);
            if length == 0.0 {
                continue;
            }
            let (along_x, along_y) = ((bx - ax) / length * half, (by - ay) / length * half);
            // A little longer than the line, so that two meet without a gap.
            let (ax, ay, bx, by) = (ax - along_x * 0.5, ay - along_y * 0.5, bx + along_x * 0.5, by + along_y * 0.5);
            quads.push(vec![
                (ax - along_y, ay + along_x),
                (bx - along_y, by + along_x),
                (bx + along_y, by - along_x),
                (ax + along_y, ay - along_x),
            ]);
        }
        self.cover(&quads, colour, 1.0, true);
    }

    /// Covers pixels by the share of them that is inside: even-odd, or inside any ring where `any`.
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "held to the canvas first")]
    fn cover(&mut self, rings: &[Vec<Place>], colour: Colour, opacity: f64, any: bool) {
        // All sides with their slope, by the lines that they cross.
        let mut sides: Vec<(f64, f64, f64, f64, i32)> = Vec::new();
        for ring in rings {
            for (a, b) in crate::areas::sides(ring) {
                let (a, b) = ((a.0 * self.zoom, a.1 * self.zoom), (b.0 * self.zoom, b.1 * self.zoom));
                if a.1 != b.1 && [a.0, a.1, b.0, b.1].iter().all(|at| at.is_finite()) {
                    let (top, low, turn) = if a.1 < b.1 { (a, b, 1) } else { (b, a, -1) };
                    sides.push((top.1, low.1, top.0, (low.0 - top.0) / (low.1 - top.1), turn));
                }
            }
        }
        let top = sides.iter().map(|side| side.0).fold(f64::INFINITY, f64::min);
        let low = sides.iter().map(|side| side.1).fold(f64::NEG_INFINITY, f64::max);
        if !(top < low) {
            return;
        }
        sides.sort_by(|a, b| a.0.total_cmp(&b.0));
        let first = top.floor().clamp(0.0, self.height as f64) as usize;
        let last = low.ceil().clamp(0.0, self.height as f64) as usize;
        let mut active: Vec<(f64, f64, f64, f64, i32)> = Vec::new();
        let mut waiting = sides.into_iter().peekable();
        let mut covered = vec![0f32; self.width];
        let mut crossings: Vec<(f64, i32)> = Vec::new();
        for row in first..last {
            while let Some(side) = waiting.next_if(|side| side.0 < row as f64 + 1.0) {
                active.push(side);
            }
            active.retain(|side| side.1 > row as f64);
            if active.is_empty() {
                continue;
            }
            covered.iter_mut().for_each(|share| *share = 0.0);
            for line in 0..SUB {
                let y = row as f64 + (line as f64 + 0.5) / SUB as f64;
                crossings.clear();
                let here = active.iter().filter(|side| side.0 <= y && y < side.1);
                crossings.extend(here.map(|(top, _, x, slope, turn)| (x + (y - top) * slope, *turn)));
                crossings.sort_by(|a, b| a.0.total_cmp(&b.0));
                let mut turns = 0;
                for (at, next) in crossings.iter().zip(crossings.iter().skip(1)).map(|(a, b)| (*a, b.0)) {
                    turns += if any { at.1 } else { 1 };
                    if if any { turns != 0 } else { turns % 2 == 1 } {
                        span(&mut covered, at.0, next);
                    }
                }
            }
            let line = self.pixels.chunks_exact_mut(3).skip(row * self.width);
            for (pixel, share) in line.zip(&covered).filter(|(_, share)| **share > 0.0) {
                let share = (f64::from(*share) / SUB as f64 * opacity).min(1.0);
                for (channel, paint) in pixel.iter_mut().zip([colour.0, colour.1, colour.2]) {
                    *channel = (f64::from(*channel) * (1.0 - share) + f64::from(paint) * share).round() as u8;
                }
            }
        }
    }

    /// The picture as PNG.
    pub(super) fn png(self) -> std::io::Result<Vec<u8>> {
        let mut packed = ZlibEncoder::new(Vec::new(), Compression::default());
        for row in self.pixels.chunks_exact(self.width * 3) {
            // Filter 0: each row as it is; large even areas pack well without.
            packed.write_all(&[0])?;
            packed.write_all(row)?;
        }
        let packed = packed.finish()?;
        let side = |length: usize| u32::try_from(length).unwrap_or(u32::MAX).to_be_bytes();
        let mut header = Vec::new();
        header.extend(side(self.width));
        header.extend(side(self.height));
        header.extend([8, 2, 0, 0, 0]);
        let mut out = b"\x89PNG\r\n\x1a\n".to_vec();
        for (name, body) in [(b"IHDR", header), (b"IDAT", packed), (b"IEND", Vec::new())] {
            out.extend(side(body.len()));
            let mut sum = flate2::Crc::new();
            sum.update(name);
            sum.update(&body);
            out.extend(name);
            out.extend(&body);
            out.extend(sum.sum().to_be_bytes());
        }
        Ok(out)
    }
}

/// Adds to each pixel of a line the share of it between two places.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "held to the line first")]
fn span(covered: &mut [f32], from: f64, to: f64) {
    let end = covered.len() as f64;
    let (from, to) = (from.clamp(0.0, end), to.clamp(0.0, end));
    if to <= from {
        return;
    }
    let (first, last) = (from.floor() as usize, to.ceil() as usize);
    for (at, share) in covered.iter_mut().enumerate().skip(first).take(last.saturating_sub(first)) {
        *share += ((at as f64 + 1.0).min(to) - (at as f64).max(from)).max(0.0) as f32;
    }
}
