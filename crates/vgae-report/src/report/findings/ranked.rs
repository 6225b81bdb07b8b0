//! Where the held-out links stand among all pairs of the graph.

use super::percent;
use crate::report::{Finding, Question, Report, figure};
use vgae::evaluate::ranking::RankingMetrics;

/// Says how many of the highest pairs are held-out links, and where a node's true partner stands.
pub(super) fn found(ranking: &RankingMetrics, report: &Report) -> Finding {
    let name = report.held_out.as_ref().map_or("test", |part| part.name);
    let mut reasons = Vec::new();
    let list = ranking.list.as_ref().and_then(|list| {
        let (&length, &precision) = list.precision.iter().next()?;
        Some((length, (precision * length as f64).round() as usize, precision / list.precision_by_chance))
    });
    let answer = match list {
        Some((length, num_hits, _)) => format!("{num_hits} of the first {length}"),
        None => format!("Place {} in the median", place(ranking.median_rank)),
    };
    if let Some((length, num_hits, factor)) = list {
        let times = match num_hits {
            0 => String::new(),
            _ => format!(", {} times what chance gives", figure(factor)),
        };
        reasons.push(format!(
            "Of the {length} highest-ranked new pairs, {num_hits} are held-out {name} links{times}. The others may be links \
             that the graph lacks."
        ));
    }
    let sample = match ranking.num_ranked_ends < ranking.num_ends {
        true => format!(" (at a sample of {} nodes)", ranking.num_ranked_ends),
        false => String::new(),
    };
    reasons.push(format!(
        "Among all nodes that a node is not linked with, its true partner stands at place {} in the median{sample}; the mean \
         reciprocal rank is {} %.",
        place(ranking.median_rank),
        percent(ranking.mean_reciprocal_rank.value)
    ));
    reasons.push("`vgae evaluate RUN --negatives all` shows more of this.".into());
    Finding { question: Question::Ranked, answer, reasons }
}

/// Says that the links were not ranked.
pub(super) fn left_out() -> Finding {
    let reasons = vec![
        "The held-out links were not ranked among all pairs, which takes minutes with some models of a large graph. \
         `vgae evaluate RUN --negatives all` ranks them."
            .into(),
    ];
    Finding { question: Question::Ranked, answer: "Not measured".into(), reasons }
}

fn place(rank: f64) -> String {
    format!("{:.0}", rank.ceil())
}
