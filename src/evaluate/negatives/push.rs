//! Personalised PageRank by local pushes (Andersen, Chung & Lang 2006, *Local graph partitioning using PageRank
//! vectors*, section 3), last in, first out as PyTorch Geometric's `GDC`, which the benchmark HeaRT uses.

/// The vectors of one approximation, kept for the next.
pub(super) struct Push {
    estimates: Vec<f64>,
    residuals: Vec<f64>,
    is_queued: Vec<bool>,
    touched: Vec<u32>,
}

impl Push {
    pub(super) fn new(num_nodes: usize) -> Self {
        let zeros = vec![0.0; num_nodes];
        Push {
            estimates: zeros.clone(),
            residuals: zeros,
            is_queued: vec![false; num_nodes],
            touched: Vec::new(),
        }
    }

    /// Approximates the PageRank of every node from `start`, until each residual is below `restart` · `epsilon` ·
    /// degree. O(1 / (`restart` · `epsilon`)) time.
    pub(super) fn run<'a>(
        &mut self,
        neighbours: impl Fn(u32) -> &'a [u32],
        start: u32,
        restart: f64,
        epsilon: f64,
    ) {
        for node in self.touched.drain(..) {
            self.estimates[node as usize] = 0.0;
            self.residuals[node as usize] = 0.0;
        }
        self.residuals[start as usize] = restart;
        self.touched.push(start);
        // The last node queued is the next to be pushed, as in the original.
        let mut queue = vec![start];
        while let Some(node) = queue.pop() {
            self.is_queued[node as usize] = false;
            let residual = std::mem::take(&mut self.residuals[node as usize]);
            self.estimates[node as usize] += residual;
            let others = neighbours(node);
            let share = (1.0 - restart) * residual / others.len() as f64;
            for &other in others {
                let at = other as usize;
                if self.residuals[at] == 0.0 && self.estimates[at] == 0.0 {
                    self.touched.push(other);
                }
                self.residuals[at] += share;
                let limit = restart * epsilon * neighbours(other).len() as f64;
                if self.residuals[at] >= limit && !self.is_queued[at] {
                    self.is_queued[at] = true;
                    queue.push(other);
                }
            }
        }
    }

    /// Returns the approximate PageRank of each node, 0 for those that no push reached.
    pub(super) fn estimates(&self) -> &[f64] {
        &self.estimates
    }
}
