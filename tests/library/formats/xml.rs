//! GraphML and GEXF as several programs write them: the graphs, the notes, the names and the encodings.

use super::*;

/// GraphML as Cytoscape writes it, whose keys are all declared for nodes.
const CYTOSCAPE: &str = r#"<?xml version="1.0" encoding="UTF-8"?>
<graphml xmlns="http://graphml.graphdrawing.org/xmlns">
<key attr.name="shared name" attr.type="string" for="node" id="shared name"/>
<key attr.name="weight" attr.type="double" for="node" id="weight"/>
<key attr.name="interaction" attr.type="string" for="edge" id="interaction"/>
<graph edgedefault="directed" id="Network">
<node id="62"><data key="shared name">Ann</data></node>
<node id="64"><data key="shared name">Bob</data></node>
<node id="66"><data key="shared name">Cid &amp; Co</data></node>
<edge id="70" source="62" target="64"><data key="weight">2.5</data><data key="interaction">pp</data></edge>
<edge id="71" source="64" target="66"><data key="weight">0.5</data></edge>
</graph>
</graphml>
"#;

/// GraphML as yEd writes it, whose labels are in drawings.
const YED: &str = r##"<?xml version="1.0" encoding="UTF-8" standalone="no"?>
<graphml xmlns="http://graphml.graphdrawing.org/xmlns" xmlns:y="http://www.yworks.com/xml/graphml">
  <!--Created by yEd 3.23-->
  <key attr.name="Description" attr.type="string" for="graph" id="d0"/>
  <key attr.name="url" attr.type="string" for="node" id="d4"/>
  <key for="node" id="d6" yfiles.type="nodegraphics"/>
  <key for="edge" id="d10" yfiles.type="edgegraphics"/>
  <graph edgedefault="directed" id="G">
    <data key="d0" xml:space="preserve"/>
    <node id="n0">
      <data key="d4" xml:space="preserve"/>
      <data key="d6"><y:ShapeNode><y:Geometry height="30.0"/>
        <y:NodeLabel alignment="center" visible="true" xml:space="preserve">Ann &#38; Co<y:LabelModel>
          <y:SmartNodeLabelModel distance="4.0"/></y:LabelModel></y:NodeLabel>
        <y:NodeLabel>a second label</y:NodeLabel><y:Shape type="rectangle"/></y:ShapeNode></data>
    </node>
    <node id="n1"><data key="d6"><y:ShapeNode><y:NodeLabel>Bob</y:NodeLabel></y:ShapeNode></data></node>
    <edge id="e0" source="n0" target="n1"><data key="d10"><y:PolyLineEdge><y:EdgeLabel>knows</y:EdgeLabel>
      </y:PolyLineEdge></data></edge>
  </graph>
</graphml>
"##;

/// GEXF as Gephi writes it, with a group of nodes.
const GEPHI: &str = r##"<?xml version='1.0' encoding='UTF-8'?>
<gexf xmlns="http://gexf.net/1.3" version="1.3" xmlns:viz="http://gexf.net/1.3/viz">
  <meta lastmodifieddate="2024-05-01"><creator>Gephi 0.10.1</creator></meta>
  <graph defaultedgetype="undirected" mode="static">
    <attributes class="node" mode="static">
      <attribute id="0" title="Modularity Class" type="integer"><default>0</default></attribute>
    </attributes>
    <attributes class="edge" mode="static"><attribute id="0" title="strength" type="double"/></attributes>
    <nodes count="3">
      <node id="n0" label="Ann &amp; Co">
        <attvalues><attvalue for="0" value="3"/></attvalues>
        <viz:size value="10.0"/><viz:color r="0" g="0" b="0"/>
        <nodes><node id="n1" label="Bob"/></nodes>
      </node>
      <node id="n2" label="Cid"/>
    </nodes>
    <edges count="2">
      <edge id="0" source="n0" target="n1" weight="8.0"><attvalues><attvalue for="0" value="4"/></attvalues></edge>
      <edge id="1" source="n1" target="n2"><attvalues><attvalue for="0" value="5"/></attvalues></edge>
    </edges>
  </graph>
</gexf>
"##;

type Edges<'a> = &'a [(&'a str, &'a str, Option<f32>)];

fn named(name: &str) -> ReadConfig {
    ReadConfig { node_names: Some(name.into()), ..default() }
}

/// Checks the edges and notes of a file.
fn check(file: (&str, &[u8]), config: &ReadConfig, expected: Edges, notes: &[&str]) {
    let graph = read(&Workspace::new(), file.0, file.1, config).unwrap_or_else(|error| panic!("{error}"));
    let edges: Vec<_> = edges(&graph);
    let found: Vec<_> = edges.iter().map(|(u, v, weight)| (u.as_str(), v.as_str(), *weight)).collect();
    assert_eq!(found, expected);
    assert_eq!(graph.notes, notes);
}

/// Returns GEXF with these edges, and the nodes a and b unlisted.
fn gexf(graph: &str, edges: &str) -> String {
    format!("<gexf>\n<graph {graph}><edges>\n{edges}</edges></graph></gexf>")
}

const DIRECTIONS: &str =
    "the edges of the file are directed, but their directions were dropped; `read.directed` keeps them";

#[test]
fn fixtures_of_gexf_and_igraph() {
    let of =
        |name: &str, config: &ReadConfig| read::data(&fixture(name), config, &Progress::default()).unwrap();
    let directed = ReadConfig { directed: true, ..default() };
    let graph = of("undirected.gexf", &default());
    assert_eq!((ordered(&graph), graph.num_nodes()), (expected(&NAMES, true), 5));
    assert_eq!(graph.notes, [""; 0]);
    assert_eq!(ordered(&of("undirected.gexf", &named("label"))), expected(&NAMES, true));
    assert_eq!(of("directed.gexf", &default()).notes, [DIRECTIONS]);
    assert_eq!(edges(&of("directed.gexf", &directed)), expected(&NAMES, true));
    let graph = of("igraph.graphml", &default());
    assert_eq!(ordered(&graph), expected(&["n0", "n1", "n2", "n3", "n4"], true));
    assert_eq!(
        graph.notes,
        ["node data that is not read: name; `read.node_names = KEY` uses one as the ids"]
    );
    for name in ["name", "v_name", "Name"] {
        let graph = of("igraph.graphml", &named(name));
        assert_eq!((ordered(&graph), graph.num_nodes()), (expected(&NAMES, true), 5));
        assert_eq!(graph.notes, [""; 0]);
    }
}

#[test]
fn graphml_of_cytoscape() {
    let file = ("c.graphml", CYTOSCAPE.as_bytes());
    let data = "node data that is not read: shared name; `read.node_names = KEY` uses one as the ids";
    let notes = [DIRECTIONS, data, "edge data that is not read: interaction"];
    check(file, &default(), &[("62", "64", Some(2.5)), ("64", "66", Some(0.5))], &notes);
    let edges: Edges = &[("Ann", "Bob", Some(2.5)), ("Bob", "Cid & Co", Some(0.5))];
    check(file, &ReadConfig { directed: true, ..named("shared name") }, edges, &notes[2..]);
    let undeclared =
        CYTOSCAPE.replace("<key attr.name=\"weight\" attr.type=\"double\" for=\"node\" id=\"weight\"/>", "");
    check(
        ("c.xml", undeclared.as_bytes()),
        &ReadConfig { directed: true, ..named("shared name") },
        edges,
        &[notes[2], "the file was read as GraphML, which it begins like"],
    );
    let config = ReadConfig { weight_column: Some("interaction".into()), ..default() };
    assert_eq!(error("c.graphml", CYTOSCAPE, &config), "10: the weight is \"pp\"; expected a finite number");
}

#[test]
fn graphml_of_yed() {
    let file = ("y.graphml", YED.as_bytes());
    let notes = ["node data that is not read: url, label; `read.node_names = KEY` uses one as the ids"];
    let directed = ReadConfig { directed: true, ..default() };
    check(file, &directed, &[("n0", "n1", None)], &notes);
    let notes = ["node data that is not read: url"];
    check(file, &ReadConfig { directed: true, ..named("label") }, &[("Ann & Co", "Bob", None)], &notes);
}

#[test]
fn node_names_are_one_per_node() {
    let of = |config: &ReadConfig, text: &str| error("y.graphml", text, config);
    assert_eq!(
        of(&named("age"), YED),
        "has no node data \"age\", which `read.node_names` names; its node data: url, label"
    );
    assert_eq!(
        of(&named("label"), &YED.replace(">Bob<", ">Ann &amp; Co<")),
        "the nodes n0 and n1 both have the label \"Ann & Co\"; `read.node_names` expects one name per node"
    );
    let missing = "the label of node n1 is empty; expected a node id";
    assert_eq!(of(&named("label"), &YED.replace(">Bob<", "><")), missing);
    assert_eq!(error("g.gexf", GEPHI.replace(" label=\"Bob\"", ""), &named("label")), missing);
    let long = format!(">{}<", "x".repeat(70_000));
    let found = of(&named("label"), &YED.replace(">Bob<", &long));
    assert_eq!(found, "17: the name of the node has more than 65536 bytes; expected a shorter name");
    // A default is the value of the nodes without any.
    let text = "<graphml><key id='k' for='node' attr.name='name'><default>nobody</default></key>\
                <graph edgedefault='undirected'><node id='a'><data key='k'>Ann</data></node><node id='b'/>\
                <edge source='a' target='b'/></graph></graphml>";
    check(("g.graphml", text.as_bytes()), &named("name"), &[("Ann", "nobody", None)], &[]);
}

#[test]
fn data_of_ports_and_late_keys() {
    let text = "<graphml><graph edgedefault='undirected'>\n<node id='a'><port name='p'><data key='weight'>x</data></port>\
                <data key='colour'>red</data></node>\n<edge source='a' target='b'><desc>d</desc><data key='weight'>3</data>\
                </edge>KEY</graph></graphml>";
    let notes = ["node data that is not read: colour; `read.node_names = KEY` uses one as the ids"];
    check(("g.graphml", text.replace("KEY", "").as_bytes()), &default(), &[("a", "b", Some(3.0))], &notes);
    let late = text.replace("KEY", "\n<key id='k' for='edge' attr.name='Weight'/>");
    let expected = "4: the key of \"Weight\" comes after the <graph>; expected it before";
    assert_eq!(error("g.graphml", late, &default()), expected);
    let nested = text.replace("<desc>d</desc>", "<node id='c'/>").replace("KEY", "");
    let expected = "3: found <node> inside an <edge>; expected it outside";
    assert_eq!(error("g.graphml", nested, &default()), expected);
}

#[test]
fn gexf_of_gephi() {
    let file = ("g.gexf", GEPHI.as_bytes());
    let node_data =
        "node data that is not read: label, Modularity Class; `read.node_names = KEY` uses one as the ids";
    let notes = [node_data, "edge data that is not read: strength"];
    check(file, &default(), &[("n0", "n1", Some(8.0)), ("n1", "n2", Some(1.0))], &notes);
    let edges: Edges = &[("Ann & Co", "Bob", Some(4.0)), ("Bob", "Cid", Some(5.0))];
    let config = ReadConfig { weight_column: Some("strength".into()), ..named("label") };
    let notes = ["node data that is not read: Modularity Class", "edge data that is not read: weight"];
    check(file, &config, edges, &notes);
    let old = GEPHI.replace("<attvalue for", "<attvalue id").replace("gexf.net/1.3", "www.gexf.net/1.1draft");
    check(("g.gexf", old.as_bytes()), &config, edges, &notes);
}

#[test]
fn directions_of_gexf() {
    let directed = ReadConfig { directed: true, ..default() };
    let text = gexf("defaultedgetype='directed'", "<edge source='b' target='a' weight='2'/>");
    check(("g.gexf", text.as_bytes()), &directed, &[("b", "a", Some(2.0))], &[]);
    let mixed = "<edge source='a' target='b' type='directed'/>\n<edge source='b' target='c'/>";
    let text = gexf("", mixed);
    check(("g.gexf", text.as_bytes()), &default(), &[("a", "b", None), ("b", "c", None)], &[DIRECTIONS]);
    assert_eq!(
        error("g.gexf", &text, &directed),
        "edges without a direction: 1 of 2; `read.directed` expects a file with directed edges"
    );
    let mutual = "<edge source='a' target='b'><attvalues><attvalue for='weight' value='3'/></attvalues></edge>\
                  <edge source='b' target='c' type='directed' weight='4'/>";
    let text = gexf("defaultedgetype='mutual'", mutual);
    let both: Edges = &[("a", "b", Some(3.0)), ("b", "a", Some(3.0)), ("b", "c", Some(4.0))];
    check(("g.gexf", text.as_bytes()), &directed, both, &[]);
    check(("g.gexf", text.as_bytes()), &default(), &[both[0], both[2]], &[DIRECTIONS]);
}

#[test]
fn weights_over_time_are_noted() {
    let edge = "<edge source='a' target='b'><attvalues><attvalue for='weight' value='3' end='1'/>\
                <attvalue for='weight' value='5' start='1'/></attvalues></edge>";
    let note = "weights that replace another one of the same edge: 1; the last of each edge was read";
    check(("g.gexf", gexf("mode='dynamic'", edge).as_bytes()), &default(), &[("a", "b", Some(5.0))], &[note]);
}

#[test]
fn bad_gexf_is_refused() {
    let cases = [
        ("<gexf></gexf>".into(), "1: the file has no <graph>; expected one"),
        ("<graphml></graphml>".into(), "1: found <graphml>; expected <gexf>"),
        ("<gexf>\n<graph><edges>".into(), "2: the file is cut off; expected </gexf>"),
        (
            "<gexf>\n<edge source='a' target='b'/></gexf>".into(),
            "2: found an <edge> outside a <graph>; expected it",
        ),
        ("<gexf><graph/>\n<graph/></gexf>".into(), "2: found a second or nested <graph>; expected one"),
        (gexf("", ""), "has no edges; expected at least one"),
        (gexf("", "<edge source='a'/>"), "3: the target of the edge is empty; expected a node id"),
        (
            gexf("", "\n<edge source='a' target='b' weight='0'/>"),
            "4: the weight is 0; expected a number above 0",
        ),
        (
            gexf("defaultedgetype='sideways'", ""),
            "2: defaultedgetype is \"sideways\"; expected undirected, directed",
        ),
        (
            gexf("", "<edge source='a' target='b' type='no'/>"),
            "3: type is \"no\"; expected undirected, directed",
        ),
        (
            gexf("", "<edge source='a' target='b'><edge/></edge>"),
            "3: found <edge> inside an <edge>; expected it",
        ),
        (gexf("", "<node id=''/>"), "3: the id of the node is empty; expected a node id"),
        (
            gexf("", "<edge source='a' target='b&c;'/>"),
            "3: the XML is damaged: at 2..3: unrecognized entity `c`",
        ),
    ];
    for (text, expected) in cases {
        let found = error("g.gexf", &text, &default());
        assert!(found.starts_with(expected), "{text:?}: {found}");
    }
    let strength = ReadConfig { weight_column: Some("force".into()), ..default() };
    let expected =
        "has no edge data \"force\", which `read.weight_column` names; its edge data: weight, strength";
    assert_eq!(error("g.gexf", GEPHI, &strength), expected);
}

#[test]
fn encodings() {
    let text = |encoding: &str| {
        format!(
            "<?xml version=\"1.0\" encoding='{encoding}'?>\r\n<graphml><graph edgedefault='undirected'>\r\n\
             <edge source='Zoé' target='b'/></graph></graphml>"
        )
    };
    let latin = |text: &str| text.chars().map(|c| u8::try_from(c).unwrap()).collect::<Vec<u8>>();
    let wide =
        |text: &str, bytes: fn(u16) -> [u8; 2]| text.encode_utf16().flat_map(bytes).collect::<Vec<u8>>();
    let marked = format!("\u{feff}{}", text("UTF-16"));
    let files = [
        latin(&text("ISO-8859-1")),
        latin(&text("windows-1252")),
        wide(&marked, u16::to_le_bytes),
        wide(&marked, u16::to_be_bytes),
        wide(&text("UTF-16"), u16::to_le_bytes),
        wide(&text("UTF-16"), u16::to_be_bytes),
        text("utf-8").into_bytes(),
        // Text that was UTF-16 in memory and UTF-8 on disk.
        text("utf-16").into_bytes(),
        format!("\u{feff}{}", text("ISO-8859-1")).into_bytes(),
    ];
    for bytes in files {
        check(("g.graphml", &bytes), &default(), &[("Zoé", "b", None)], &[]);
        check(("g.graphml.gz", &gzip(&bytes)), &default(), &[("Zoé", "b", None)], &[]);
        for at in 0..bytes.len() {
            let _ = read(&Workspace::new(), "g.graphml", &bytes[..at], &default());
        }
    }
    let gexf = wide(&format!("\u{feff}{GEPHI}").replace("Bob", "Zoé"), u16::to_le_bytes);
    let graph = read(&Workspace::new(), "g.gexf", gexf, &named("label")).unwrap();
    assert_eq!(graph.nodes.id(1), "Zoé");
    let note = ["the file was read as GraphML, which it begins like"];
    check(("data", &latin(&text("latin1"))), &default(), &[("Zoé", "b", None)], &note);

    assert_eq!(
        error("g.graphml", text("klingon"), &default()),
        "1: the file declares the encoding \"klingon\", which is unknown; expected one such as UTF-8, UTF-16, ISO-8859-1 \
         or windows-1252; hint: convert the file to UTF-8"
    );
    let found = error("g.graphml", latin(&text("UTF-8")), &default());
    assert!(
        found.starts_with("3: the XML is damaged: ") && found.contains("hint: a file in another"),
        "{found}"
    );
    let found = error("g.graphml", latin(&text("Shift_JIS")), &default());
    assert_eq!(
        found,
        "3: some bytes are not Shift_JIS; expected the encoding that the file declares or begins with"
    );
}
