//! Charts of unusual data, and of more data than a picture can show.

use super::super::*;
use super::xml::{count, elements, words};
use super::{SIZE, bars, histogram, lines, scatter};

#[test]
fn unusual_data_are_drawn_or_left_out() {
    let odd = [
        f64::NAN,
        f64::INFINITY,
        f64::NEG_INFINITY,
        f64::MAX,
        f64::MIN,
        f64::MIN_POSITIVE,
        5e-324,
        0.0,
        -0.0,
    ];
    let all: Vec<(f64, f64)> = odd.iter().flat_map(|x| odd.iter().map(|y| (*x, *y))).collect();
    let sets = [
        vec![],
        vec![(1.0, 1.0)],
        vec![(f64::NAN, 1.0)],
        vec![(2.0, 7.0); 5],
        vec![(0.0, 1e9), (1.0, 1e9 + 1e-7)],
        vec![(0.0, 1e99), (1e-99, -1e99)],
        vec![(0.0, 1e-300), (1.0, 2e-300)],
        vec![(1e15, -3.0), (1e15 + 1.0, -3.0 - 1e-12)],
        all,
    ];
    for points in sets {
        for style in [Style::Line, Style::Steps, Style::Dots] {
            for range in
                [None, Some((0.0, 1.0)), Some((1.0, 0.0)), Some((f64::NAN, f64::INFINITY)), Some((3.0, 3.0))]
            {
                for scale in [Scale::Linear, Scale::Log] {
                    let mut chart = lines(vec![("a", points.clone(), style)]);
                    (chart.y.range, chart.y.scale, chart.x.scale) = (range, scale, scale);
                    chart.reference = Some(Reference::Diagonal("same".into()));
                    chart.marks = vec![Mark { x: f64::NAN, label: "kept".into() }];
                    assert_drawn_on_the_sheet(Chart::Lines(chart));
                }
            }
        }
        let (xs, ys): (Vec<f64>, Vec<f64>) = points.iter().copied().unzip();
        for scale in [Scale::Linear, Scale::Log] {
            let mut chart = bars(vec![("a", ys.iter().copied().map(Some).collect()), ("b", vec![None])]);
            chart.y = Axis { label: String::new(), range: None, scale };
            assert_drawn_on_the_sheet(Chart::Bars(chart));
        }
        assert_drawn_on_the_sheet(Chart::Histogram(histogram(xs, vec![("a", ys.clone()), ("b", vec![])])));
        assert_drawn_on_the_sheet(Chart::Scatter(scatter(points.clone(), vec![], &[])));
        assert_drawn_on_the_sheet(Chart::Scatter(scatter(points, vec![Some(0), None, Some(99)], &["a"])));
    }
    let empty = Chart::Lines(lines(vec![])).svg(SIZE).unwrap();
    assert!(words(&empty).contains(&"no data".to_owned()));
    let one = Chart::Lines(lines(vec![("loss", vec![(1.0, 0.7)], Style::Line)])).svg(SIZE).unwrap();
    assert_eq!(count(&one, "circle", "fill", palette::SERIES[0].light), 2);
}

/// Asserts that everything is drawn on the sheet and that all numbers are finite.
fn assert_drawn_on_the_sheet(chart: Chart) {
    let svg = chart.svg(SIZE).unwrap();
    assert!(!svg.contains("NaN") && !svg.contains("inf"), "{svg}");
    for element in elements(&svg) {
        for (name, most) in [("x", 440.0), ("cx", 440.0), ("y", 320.0), ("cy", 320.0)] {
            let at = element.attribute(name).map_or(0.0, |at| at.parse::<f64>().unwrap());
            assert!((0.0..=most).contains(&at), "{name}={at} in {svg}");
        }
    }
    chart.png(SIZE, 1.0).unwrap();
}

#[test]
fn a_million_points_make_a_small_picture() {
    let wave =
        |x: i32| (f64::from(x), (f64::from(x) / 1e5).sin() + f64::from(x.wrapping_mul(7919) % 1000) / 1e3);
    let shuffled = (0..1_000_000).map(|x| wave(((i64::from(x) * 7919 + 13) % 1_000_000) as i32)).collect();
    let chart = lines(vec![
        ("line", (0..1_000_000).map(wave).collect(), Style::Line),
        ("steps", (0..1_000_000).map(wave).collect(), Style::Steps),
        ("dots", shuffled, Style::Dots),
    ]);
    let started = std::time::Instant::now();
    let svg = Chart::Lines(chart).svg(SIZE).unwrap();
    assert!(started.elapsed().as_secs() < 20);
    assert!(svg.len() < 200_000, "{}", svg.len());
    let many = (0..60).map(|_| ("s", (0..5000).map(wave).collect(), Style::Line)).collect();
    let svg = Chart::Lines(lines(many)).svg(SIZE).unwrap();
    assert!(
        svg.len() < 200_000 && words(&svg).iter().any(|words| words.starts_with("… and ")),
        "{}",
        svg.len()
    );
    let mut chart = bars(vec![("a", vec![Some(0.5); 100_000])]);
    chart.categories = (0..100_000).map(|index| index.to_string()).collect();
    let svg = Chart::Bars(chart).svg(SIZE).unwrap();
    assert!(svg.len() < 200_000, "{}", svg.len());
    let edges = (0..=100_000).map(f64::from).collect();
    let svg = Chart::Histogram(histogram(edges, vec![("a", vec![1.0; 100_000])])).svg(SIZE).unwrap();
    assert!(svg.len() < 200_000, "{}", svg.len());
}
