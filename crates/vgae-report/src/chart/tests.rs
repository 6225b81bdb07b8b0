//! Properties of every chart: well-formed XML, only colours of the palette, one mark per datum.

mod odd;
mod xml;

use std::collections::BTreeSet;

use super::*;
use xml::{count, elements, words};

const SIZE: Size = Size { width: 440, height: 320 };
const HOSTILE: &str =
    "</text><script>alert(1)</script> & \"quoted\" 'so' ]]> \u{0}\u{1}\u{b}\u{1b}\u{fffe}\u{202e}\u{7f}";

type Curve<'a> = (&'a str, Vec<(f64, f64)>, Style);

fn lines(series: Vec<Curve>) -> Lines {
    let series = series
        .into_iter()
        .map(|(name, points, style)| Series { name: name.to_owned(), points, style })
        .collect();
    let (x, y) = (Axis::new("epoch"), Axis::new("loss"));
    Lines { title: "Loss".into(), x, y, series, reference: None, marks: Vec::new() }
}

fn bars(series: Vec<(&str, Vec<Option<f64>>)>) -> Bars {
    let series = series.into_iter().map(|(name, values)| BarSeries { name: name.to_owned(), values });
    Bars {
        title: "Metrics".into(),
        x_label: "degree".into(),
        y: Axis::new("").from(0.0, 1.0),
        categories: ["0", "1–3", "4+"].map(String::from).to_vec(),
        notes: Vec::new(),
        series: series.collect(),
    }
}

fn histogram(edges: Vec<f64>, series: Vec<(&str, Vec<f64>)>) -> Histogram {
    let series = series.into_iter().map(|(name, heights)| Distribution { name: name.to_owned(), heights });
    let (x, y) = (Axis::new("logit"), Axis::new("pairs"));
    Histogram { title: "Scores".into(), x, y, edges, series: series.collect() }
}

fn scatter(points: Vec<(f64, f64)>, group: Vec<Option<usize>>, groups: &[&str]) -> Scatter {
    let groups = groups.iter().map(|name| (*name).to_owned()).collect();
    Scatter { title: "Map".into(), points, group, groups }
}

/// Builds one chart of each kind, with every part that can be drawn.
fn one_of_each(name: &str) -> Vec<Chart> {
    let curve = vec![(1.0, 2.0), (2.0, 1.0), (3.0, 0.5)];
    let mut full = lines(vec![
        (name, curve.clone(), Style::Line),
        (name, curve.clone(), Style::Steps),
        (name, curve, Style::Dots),
    ]);
    full.title = name.to_owned();
    full.x.label = name.to_owned();
    full.y.label = name.to_owned();
    full.reference = Some(Reference::Level(1.5, name.to_owned()));
    full.marks = vec![Mark { x: 2.0, label: name.to_owned() }];
    let mut grouped = bars(vec![(name, vec![Some(0.5), None, Some(0.9)]), (name, vec![Some(0.4); 3])]);
    grouped.categories = vec![name.to_owned(); 3];
    grouped.notes = vec![name.to_owned(); 3];
    let scores =
        histogram(vec![0.0, 1.0, 2.0, 4.0], vec![(name, vec![1.0, 5.0, 2.0]), (name, vec![3.0, 1.0, 0.0])]);
    let map = scatter(vec![(0.0, 0.0), (1.0, 3.0), (2.0, 1.0)], vec![Some(0), Some(1), None], &[name, name]);
    vec![Chart::Lines(full), Chart::Bars(grouped), Chart::Histogram(scores), Chart::Scatter(map)]
}

#[test]
fn an_svg_has_a_title_and_scales() {
    for chart in one_of_each("vgae") {
        let svg = chart.svg(SIZE).unwrap();
        let elements = elements(&svg);
        let root = &elements[0];
        assert_eq!(root.name, "svg");
        assert_eq!(root.attribute("role"), Some("img"));
        assert_eq!(root.attribute("viewBox"), Some("0 0 440 320"));
        assert_eq!((root.attribute("width"), root.attribute("height")), (Some("440"), Some("320")));
        assert_eq!((elements[1].name.as_str(), elements[2].name.as_str()), ("title", "desc"));
        assert!(!elements[1].words.is_empty());
        assert_eq!(count(&svg, "rect", "class", "paper"), 1);
        assert!(elements.iter().all(|one| one.attribute("id").is_none()));
        assert_eq!(svg, chart.svg(SIZE).unwrap());
    }
}

#[test]
fn colours_come_from_the_palette() {
    let colours: BTreeSet<&str> = palette::all().map(|colour| colour.light).collect();
    assert_eq!(colours.len(), palette::all().count());
    for chart in one_of_each("vgae") {
        for element in elements(&chart.svg(SIZE).unwrap()) {
            for (name, value) in &element.attributes {
                let coloured = ["fill", "stroke"].contains(&name.as_str()) && value != "none";
                assert!(!coloured || colours.contains(value.as_str()), "{name}={value}");
                assert!(coloured || !value.contains('#') && name != "style", "{name}={value}");
            }
        }
    }
}

#[test]
fn hostile_names_remain_text() {
    let long = HOSTILE.repeat(20);
    let names = [HOSTILE, &long, "", " ", "שלום עולם", "🙂👩‍👩‍👧", "\u{301}", "a\nb\tc"];
    for name in names {
        for chart in one_of_each(name) {
            for size in [SIZE, Size { width: 160, height: 160 }, Size { width: 8000, height: 200 }] {
                let svg = chart.svg(size).unwrap();
                let elements = elements(&svg);
                assert!(elements.iter().all(|one| one.name != "script"), "{svg}");
                assert!(chart.png(size, 0.5).unwrap().starts_with(b"\x89PNG"));
            }
        }
    }
    let svg = one_of_each(HOSTILE)[0].svg(SIZE).unwrap();
    assert!(words(&svg).iter().any(|words| words.starts_with("</text><script>alert(1)</script> & ")));
    let svg = one_of_each(&long)[0].svg(SIZE).unwrap();
    assert!(words(&svg).iter().any(|words| words.ends_with('…')));
    assert!(words(&svg).iter().all(|words| super::text::width(words, 11.0) <= 440.0));
    assert!(words(&one_of_each("")[1].svg(SIZE).unwrap()).contains(&"(no name)".to_owned()));
}

#[test]
fn there_is_one_mark_per_datum() {
    let curve: Vec<(f64, f64)> = (0..20).map(|x| (f64::from(x), f64::from(x * x))).collect();
    let mut chart = lines(vec![("a", curve.clone(), Style::Line), ("b", curve, Style::Dots)]);
    chart.reference = Some(Reference::Level(100.0, "no skill".into()));
    chart.marks = vec![Mark { x: 3.0, label: String::new() }];
    let svg = Chart::Lines(chart).svg(SIZE).unwrap();
    assert_eq!(count(&svg, "g", "class", "series"), 2);
    // The second series has squares, one of them in the legend.
    assert_eq!(count(&svg, "path", "fill", palette::SERIES[1].light), 21);
    // The level's line and its swatch in the legend, and the mark, which is not in the legend.
    assert_eq!(count(&svg, "g", "class", "reference"), 3);
    assert!(words(&svg).contains(&"no skill".to_owned()));

    let svg = Chart::Bars(bars(vec![("AUC", vec![Some(0.5), None, Some(0.75)])])).svg(SIZE).unwrap();
    assert_eq!(count(&svg, "rect", "fill", palette::SERIES[0].light), 3);
    let categories = words(&svg);
    assert!(["0", "1–3", "4+", "AUC", "0.4"].iter().all(|name| categories.contains(&(*name).to_owned())));

    let svg = Chart::Histogram(histogram(vec![0.0, 1.0, 2.0], vec![("", vec![1.0, 2.0])])).svg(SIZE).unwrap();
    assert_eq!(count(&svg, "path", "fill", palette::SERIES[0].light), 1);

    // Ten groups of different sizes: eight have their own colour, and the smallest two are "other".
    let group: Vec<Option<usize>> = (0..10).flat_map(|group| vec![Some(group); 10 - group]).collect();
    let points: Vec<(f64, f64)> = (0..group.len()).map(|at| (at as f64, (at * at % 17) as f64)).collect();
    let names = ["a", "b", "c", "d", "e", "f", "g", "h", "i", "j"];
    let svg = Chart::Scatter(scatter(points, group, &names)).svg(SIZE).unwrap();
    assert_eq!(count(&svg, "circle", "fill", palette::SERIES[0].light), 10 + 1);
    assert_eq!(count(&svg, "path", "fill", palette::SERIES[7].light), 3 + 1);
    assert_eq!(count(&svg, "circle", "fill", palette::MUTED.light), 2 + 1 + 1);
    assert_eq!(words(&svg), ["Map", "a", "b", "c", "d", "e", "f", "g", "h", "other"]);
}

#[test]
fn a_png_has_its_size_and_shows_the_data() {
    for chart in one_of_each("vgae") {
        let png = chart.png(SIZE, 1.5).unwrap();
        let picture = resvg::tiny_skia::Pixmap::decode_png(&png).unwrap();
        assert_eq!((picture.width(), picture.height()), (660, 480));
        let (red, green, blue) = palette::SERIES[0].rgb();
        let has = |red: u8, green: u8, blue: u8, least: usize| {
            let near = |one: u8, other: u8| one.abs_diff(other) < 40;
            let same = picture.pixels().iter().filter(|pixel| {
                near(pixel.red(), red) && near(pixel.green(), green) && near(pixel.blue(), blue)
            });
            assert!(same.count() >= least, "{chart:?}");
        };
        assert!(picture.pixels().iter().all(|pixel| pixel.alpha() == 255));
        has(255, 255, 255, 100_000);
        has(red, green, blue, 30);
        // The names are drawn in the built-in font.
        has(0x1c, 0x21, 0x28, 30);
        assert_eq!(png, chart.png(SIZE, 1.5).unwrap());
    }
}

#[test]
fn sizes_are_bounded() {
    let chart = &one_of_each("vgae")[0];
    for (width, height) in [(0, 300), (300, 159), (8001, 300), (u32::MAX, u32::MAX)] {
        let error = chart.svg(Size { width, height }).unwrap_err();
        assert!(error.to_string().ends_with("expected a width and a height of 160 to 8000"), "{error}");
    }
    for scale in [0.0, -1.0, f64::NAN, f64::INFINITY, 100.0] {
        assert!(matches!(chart.png(SIZE, scale), Err(Error::Size(_))));
    }
}
