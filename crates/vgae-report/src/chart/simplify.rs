//! Curves of a million points, drawn by those that can be seen.

use super::frame::Place;
use super::sheet::UNITS;

/// The corners of a curve that a picture can show, from its points in order along it.
///
/// Of the points that follow one another in the same column, `pixels` wide, the first, the lowest, the highest and
/// the last are kept, in their order: the curve looks the same, and has at most four points a column if it runs
/// from left to right. Points that lie where the one before them lies are left out. O(points).
pub(super) fn curve(points: &[Place], pixels: f64) -> Vec<Place> {
    let column = |place: &Place| (f64::from(place.0) / (pixels * UNITS)).floor() as i64;
    let mut kept = Vec::new();
    for run in points.chunk_by(|one, other| column(one) == column(other)) {
        let height = |index: &usize| run.get(*index).map_or(0, |place| place.1);
        let lowest = (0..run.len()).min_by_key(height).unwrap_or(0);
        let highest = (0..run.len()).max_by_key(height).unwrap_or(0);
        let mut indices = [0, lowest.min(highest), lowest.max(highest), run.len() - 1].to_vec();
        if run.len() <= 4 {
            indices = (0..run.len()).collect();
        }
        kept.extend(indices.iter().filter_map(|index| run.get(*index).copied()));
    }
    kept.dedup();
    kept
}

/// The corners of a curve that keeps each value until the next: (x₀, y₀), (x₁, y₀), (x₁, y₁), …
pub(super) fn steps(points: &[Place]) -> Vec<Place> {
    let mut corners = points.first().copied().into_iter().collect::<Vec<_>>();
    for pair in points.windows(2) {
        if let [(_, before), (x, y)] = pair {
            corners.extend([(*x, *before), (*x, *y)]);
        }
    }
    corners.dedup();
    corners
}
