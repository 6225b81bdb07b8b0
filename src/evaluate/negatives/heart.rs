//! The negatives of the benchmark HeaRT (Li et al. 2023, *Evaluating graph neural networks for link prediction:
//! current pitfalls and new benchmarking*, section 4), by the rules of its authors' code.

use rand::seq::SliceRandom;
use rand::{Rng, RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;

use super::push::Push;
use super::{NegativeLists, PartNegatives};
use crate::config::BaselineKind;
use crate::error::Result;
use crate::evaluate::ends::{End, Neighbours};
use crate::graph::{EdgeList, Features, Pair};
use crate::model::baseline::Baseline;
use crate::split::Split;

/// The restart probability of the personalised PageRank, and the threshold of its approximation.
const RESTART: f64 = 0.15;
const EPSILON: f64 = 5e-5;

/// Finds `per_edge` negatives for each edge of both held-out parts of `split`: half of them keep its first end, half
/// its second.
///
/// The nodes that could replace the other end are ranked by resource allocation, by personalised PageRank from
/// the end (approximated as Andersen, Chung & Lang 2006 do, with a restart of 0.15 and ε = 5e-5) and, if there are
/// `features`, by their cosine, all on the training edges without directions or weights. Nodes with a positive score
/// are ranked by it, ties sharing the best place; nodes with a score of 0 follow together, one place behind the last
/// of them. A node's rank is the least of its ranks, and the nodes of the least ranks are taken. Very many nodes tie
/// at the last rank taken; among these a draw by `rng` decides. If too few nodes have any positive score, the rest
/// are drawn from the others.
///
/// A node is left out only if it is linked with the end by an edge that is known then: for the validation part those
/// are the training edges, for the test part also the validation edges. So a held-out link may be a negative of
/// another one, as in the benchmark. In a bipartite graph only pairs of a source and a target are taken.
///
/// The authors' code overwrites a node's row of cosines by their ranks when it is an end for the first time, so that
/// at every further link of this node the least similar nodes come first. The published negatives show it, and so it
/// is done here. Departures: ties are broken at random and not by the order of a selection algorithm, and the rest is
/// drawn without replacement.
///
/// With e ends it takes O(e · (n log n + work of the scores)) time, O(n) memory per thread. The same `rng` gives the
/// same negatives on any number of threads.
///
/// # Errors
/// Returns the errors of [`Baseline::new`]. None of them can occur, because the cosine is left out of a graph without
/// features.
pub fn heart(
    split: &Split,
    features: Option<&Features>,
    per_edge: usize,
    rng: &mut impl Rng,
) -> Result<PartNegatives> {
    let Split { train, validation, test, .. } = split;
    let known = [train.clone(), train.with_edges([train.pairs(), validation.edges.pairs()].concat())];
    let links = [validation.edges.pairs(), test.edges.pairs()];
    let halves = [per_edge.div_ceil(2), per_edge / 2];
    let mut turns = Vec::new();
    for (part, links) in links.iter().enumerate() {
        for &link in *links {
            let [first, second] = End::both(link, train.direction());
            for (end, other, count) in [(first, second, halves[0]), (second, first, halves[1])] {
                turns.push(Turn { end, partner: other.node(), part, count, place: turns.len() });
            }
        }
    }
    // One thread takes all turns of a node, in order.
    turns.sort_by_key(|turn| turn.end.node());
    let cosine = features.map(|_| Baseline::new(BaselineKind::FeatureCosine, train, features, 0));
    let ranking = Ranking {
        linked: known.each_ref().map(Neighbours::new),
        known,
        train: Neighbours::new(&train.undirected()),
        cosine: cosine.transpose()?,
        seed: rng.random(),
    };
    let of_nodes: Vec<&[Turn]> = turns.chunk_by(|a, b| a.end.node() == b.end.node()).collect();
    let mut found: Vec<(usize, Vec<Pair>)> = of_nodes
        .into_par_iter()
        .map_init(|| Scratch::new(train.num_nodes()), |scratch, turns| ranking.take_turns(turns, scratch))
        .flatten_iter()
        .collect();
    found.sort_unstable_by_key(|(place, _)| *place);
    let mut lists = found.chunks(2).map(|halves| [halves[0].1.as_slice(), &halves[1].1].concat());
    let validation = NegativeLists::PerEdge(lists.by_ref().take(validation.edges.len()).collect());
    Ok(PartNegatives { validation, test: NegativeLists::PerEdge(lists.collect()) })
}

/// One end of a link, for which negatives are wanted.
struct Turn {
    end: End,
    /// The node at the other end of the link.
    partner: u32,
    /// The part of the link: 0 for validation, 1 for test.
    part: usize,
    count: usize,
    /// The place among all turns.
    place: usize,
}

/// The scores that rank the nodes at an end.
struct Ranking {
    /// The edges that are known for each part, and their neighbours.
    known: [EdgeList; 2],
    linked: [Neighbours; 2],
    train: Neighbours,
    cosine: Option<Baseline>,
    seed: u64,
}

/// Numbers for each node that a thread uses again and again.
struct Scratch {
    push: Push,
    scores: Vec<f64>,
    is_out: Vec<bool>,
}

impl Scratch {
    fn new(num_nodes: usize) -> Self {
        Scratch { push: Push::new(num_nodes), scores: vec![0.0; num_nodes], is_out: vec![false; num_nodes] }
    }
}

impl Ranking {
    /// Returns the negatives of each of `turns`, all of one node, with its place.
    fn take_turns(&self, turns: &[Turn], scratch: &mut Scratch) -> Vec<(usize, Vec<Pair>)> {
        let Scratch { push, scores, .. } = scratch;
        let node = turns[0].end.node();
        // The authors' code computes scores in f32, where sums in different orders are mostly equal.
        let in_f32 = |scores: &[f64]| scores.iter().map(|&score| score as f32).collect::<Vec<f32>>();
        let mut cosines = self.cosine.as_ref().map(|cosine| in_f32(&cosine.rows(&[node])));
        push.run(|node| self.train.of(End::Either(node)), node, RESTART, EPSILON);
        scores.fill(0.0);
        for &w in self.train.of(End::Either(node)) {
            let others = self.train.of(End::Either(w));
            others.iter().for_each(|&other| scores[other as usize] += 1.0 / others.len() as f64);
        }
        let walks = [in_f32(scores), in_f32(push.estimates())];
        let mut best =
            |turn: &Turn| (turn.place, self.best(turn, &walks, cosines.as_mut(), &mut scratch.is_out));
        turns.iter().map(&mut best).collect()
    }

    /// Returns the pairs of an end with its best nodes other than the partner, best first.
    fn best(
        &self,
        &Turn { end, partner, part, count, .. }: &Turn,
        walks: &[Vec<f32>; 2],
        cosines: Option<&mut Vec<f32>>,
        is_out: &mut [bool],
    ) -> Vec<Pair> {
        let (known, linked) = (&self.known[part], &self.linked[part]);
        let (n, node) = (known.num_nodes(), end.node());
        let out = || linked.of(end).iter().copied().chain([node, partner]);
        out().for_each(|other| is_out[other as usize] = true);
        let mut ranks = vec![u32::MAX; n];
        let mut is_positive = vec![false; n];
        let mut merge = |scores: &[f32]| {
            let of_score = ranks_of(scores, is_out);
            for node in 0..n {
                ranks[node] = ranks[node].min(of_score[node]);
                is_positive[node] |= scores[node] > 0.0;
            }
            of_score
        };
        walks.iter().for_each(|scores| _ = merge(scores));
        if let Some(cosines) = cosines {
            *cosines = merge(cosines).into_iter().map(|rank| rank as f32).collect();
        }
        let can_join = |other: &u32| !is_out[*other as usize] && known.can_join(end.pair_with(*other));
        let mut order: Vec<u32> = (0..n as u32).filter(can_join).collect();
        out().for_each(|other| is_out[other as usize] = false);

        // Every turn draws from its own stream, so that threads change nothing.
        let mut rng = ChaCha8Rng::seed_from_u64(self.seed);
        rng.set_stream((u64::from(node) << 32) | u64::from(partner));
        order.shuffle(&mut rng);
        let num_positive = order.iter().filter(|&&other| is_positive[other as usize]).count();
        let is_last = |other: u32| num_positive < count && !is_positive[other as usize];
        order.sort_by_key(|&other| (is_last(other), ranks[other as usize]));
        order.iter().take(count).map(|&other| end.pair_with(other)).collect()
    }
}

/// Returns the rank of each score, as the authors' code counts: 1 for the highest ones; for a lower positive one the
/// number of scores at least as high, less those that tie with the highest, plus 1; for 0 one more than the last of
/// these; one more still for a node that is out, or has a score below 0.
fn ranks_of(scores: &[f32], is_out: &[bool]) -> Vec<u32> {
    let mut order: Vec<usize> = (0..scores.len()).filter(|&at| scores[at] > 0.0 && !is_out[at]).collect();
    order.sort_unstable_by(|&a, &b| scores[b].total_cmp(&scores[a]));
    let mut ranks = vec![0; scores.len()];
    let (mut num_at_least, mut num_highest, mut last) = (0, 0, 0);
    for tied in order.chunk_by(|&a, &b| scores[a] == scores[b]) {
        num_at_least += tied.len() as u32;
        if num_highest == 0 {
            num_highest = num_at_least;
        }
        last = num_at_least - num_highest + 1;
        tied.iter().for_each(|&at| ranks[at] = last);
    }
    for ((rank, &is_out), &score) in ranks.iter_mut().zip(is_out).zip(scores) {
        if is_out || score < 0.0 {
            *rank = last + 2;
        } else if *rank == 0 {
            *rank = last + 1;
        }
    }
    ranks
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranks_are_those_of_the_authors_code() {
        // `rank_score_matrix` of their repository, run with numpy and scipy on these rows, -1 for a node that is out.
        let ranks =
            |scores: &[f32]| ranks_of(scores, &scores.iter().map(|&score| score < 0.0).collect::<Vec<_>>());
        assert_eq!(ranks(&[5.0, 5.0, 3.0, 0.0, 2.0, 2.0, 1.0, 0.0]), [1, 1, 2, 6, 4, 4, 5, 6]);
        assert_eq!(ranks(&[0.0, 0.0, -1.0]), [1, 1, 2]);
        assert_eq!(ranks(&[0.5, 0.0, -1.0]), [1, 2, 3]);
    }
}
