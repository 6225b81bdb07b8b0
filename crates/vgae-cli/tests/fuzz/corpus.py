"""Generates the valid files of tests/fuzz/corpus, which are committed: python tests/fuzz/corpus.py VGAE

VGAE is the program, which creates the run directories. Needs numpy, scipy, pandas, pyarrow and networkx.
"""

import gzip
import io
import pathlib
import shutil
import subprocess
import sys
import tempfile

import networkx as nx
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import scipy.sparse as sp

HERE = pathlib.Path(__file__).parent / "corpus"


def write(name, content):
    path = HERE / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content.encode() if isinstance(content, str) else content)


EDGES = [("ann", "bob"), ("bob", "cid"), ("cid", "dan"), ("dan", "ann"), ("ann", "a b"), ("x,y", "bob")]


def quoted(text):
    return f'"{text}"' if "," in text else text


comma = "".join(f"{quoted(u)},{quoted(v)}\n" for u, v in EDGES)
write("edge-list/header.csv", "source,target\n" + comma)
write("edge-list/weighted.csv", "source,target,weight,note\n1,2,0.5,x\n2,3,1.5e3,\"a \"\"b\"\"\"\n3,4,7,\n4,1,1,\n")
write("edge-list/plain.csv", comma)
write("edge-list/tabs.tsv", "# a comment\n\nfrom\tto\n" + "".join(f"{u}\t{v}\n" for u, v in EDGES))
write("edge-list/blanks.txt", "% a comment\n" + "".join(f"{at} {at + 1}\n{at}  {at * 7 % 11 + 20}\n" for at in range(12)))
write("edge-list/semicolons.csv", "\ufeff" + "".join(f"{u};{v}\r\n" for u, v in EDGES))
write("edge-list/packed.csv.gz", gzip.compress(("source,target,weight\n" + "".join(f"n{at},n{at * 5 % 17},{at + 1}\n" for at in range(20))).encode(), mtime=0))

for kind in ("gml", "net", "json"):
    for fixture in (HERE.parents[4] / "tests" / "golden" / "formats").glob(f"*.{kind}"):
        write(f"{kind}/{fixture.name}", fixture.read_bytes())
        if fixture.stem == "undirected":
            write(f"{kind}/packed.{kind}.gz", gzip.compress(fixture.read_bytes(), mtime=0))
write("sif/tabs.sif", "G1\tpp\tG2\nG2\tpd\tG3\tG4\nG5\n")
write("sif/blanks.sif", "G1 pp G2\nG2 pd G3 G4\nG5\n")

write("pairs/header.csv", "source,target,why\nann,bob,friends\ncid,dan,\"x, y\"\n\"x,y\",a b,\n")
write("pairs/plain.txt", "ann bob\nbob cid\n1 2\n")
write("pairs/list.csv", "node\nann\nbob\n3\n")
write("pairs/packed.csv.gz", gzip.compress(b"from,to\n1,2\n2,3\nann,cid\n", mtime=0))

dense = "node,age,height,weight\n" + "".join(f"n{at},{at % 3},{at / 4},-{at}e-1\n" for at in range(8))
write("features/dense.csv", dense)
write("features/plain.txt", "a 1 0 0 0\nb 0 0 0 1\nc 0 2.5 0 0\n")
write("features/names.csv", "node,feature,value\na,red,1\na,blue,2\nb,red,0.5\n\"c,d\",green,1\n")
write("features/numbers.csv", "node,feature,value\na,0,1\na,17,2\nb,3,0.5\n")
write("features/packed.csv.gz", gzip.compress(dense.encode(), mtime=0))

labels = "node,label\nann,one\nbob,two\ncid,one\n"
people = ["ann", "bob", "cid", "dan", "a b", '"x,y"']
features = "node,age,height\n" + "".join(f"{name},{at},{at * 2}\n" for at, name in enumerate(people))
for name, text in [("edges.csv", "source,target\n" + comma), ("labels.csv", labels), ("features.csv", features)]:
    write(f"directory/whole/{name}", text)
    write(f"directory/packed/{name}.gz", gzip.compress(text.encode(), mtime=0))
write("directory/alone/edges.csv", comma)
write("linqs/papers/papers.content", "".join(f"{at}\t{at % 2}\t0\t{at // 2}\tclass{at % 3}\n" for at in range(8)))
write("linqs/papers/papers.cites", "".join(f"{at}\t{(at + 3) % 9}\n" for at in range(8)))

for kind, row in [("real general", "1 2 0.5\n2 3 1\n4 1 7e2\n"), ("integer symmetric", "2 1 3\n3 2 1\n4 4 9\n")]:
    write(f"matrix-market/{kind.replace(' ', '-')}.mtx", f"%%MatrixMarket matrix coordinate {kind}\n% made by hand\n4 4 3\n{row}")
write("matrix-market/pattern.mtx", "%%MatrixMarket matrix coordinate pattern general\n5 5 4\n1 2\n2 3\n3 4\n5 1\n")
write("matrix-market/packed.mtx.gz", gzip.compress((HERE / "matrix-market/pattern.mtx").read_bytes(), mtime=0))

matrix = sp.random_array((9, 9), density=0.25, rng=np.random.default_rng(1), format="coo")
for kind in ["csr", "csc", "coo"]:
    for compressed in [True, False]:
        file = io.BytesIO()
        sp.save_npz(file, matrix.asformat(kind), compressed=compressed)
        write(f"npz/{kind}{'' if compressed else '-stored'}.npz", file.getvalue())

graph = nx.Graph()
graph.add_weighted_edges_from([("ann", "bob", 0.5), ("bob", "cid", 2), ("cid", "a & <b>", 1)])
graph.add_node("alone")
for kind, write_graph in [("graphml", nx.write_graphml_xml), ("gexf", nx.write_gexf)]:
    for name, one in [("weighted", graph), ("directed", nx.DiGraph([(1, 2), (2, 3), (3, 1)]))]:
        file = io.BytesIO()
        write_graph(one, file)
        write(f"{kind}/{name}.{kind}", file.getvalue())
    weighted = (HERE / kind / f"weighted.{kind}").read_bytes()
    write(f"{kind}/packed.{kind}.gz", gzip.compress(weighted, mtime=0))
write("graphml/data.graphml", """<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE graphml>
<graphml xmlns="http://graphml.graphdrawing.org/xmlns">
  <key id="w" for="edge" attr.name="weight" attr.type="double"><default>2</default></key>
  <!-- a comment -->
  <graph edgedefault="undirected">
    <node id="a&#65;"/><node id="b"><data key="w">x</data></node>
    <edge source="a&#65;" target="b"><data key="w"><![CDATA[3]]></data></edge>
    <edge source="b" target="c"/>
  </graph>
</graphml>
""")
write("graphml/named.graphml", """<graphml xmlns:y="http://www.yworks.com/xml/graphml">
<key for="node" id="d6" yfiles.type="nodegraphics"/><key id="l" for="node" attr.name="Label"><default>z</default></key>
<key attr.name="weight" for="node" id="weight"/>
<graph edgedefault="directed">
<node id="n0"><data key="d6"><y:ShapeNode><y:NodeLabel>Ann &amp; Co<y:LabelModel/></y:NodeLabel></y:ShapeNode></data></node>
<node id="n1"><port name="p"><data key="l">no</data></port><data key="l">Bob</data></node><node id="n2"/>
<edge source="n0" target="n1"><data key="weight">2</data></edge><edge source="n1" target="n2"><data key="weight">3</data></edge>
</graph>
</graphml>
""")
wide = "\ufeff<?xml version='1.0' encoding='UTF-16'?>\n<graphml><graph edgedefault='undirected'><edge source='Zoé' target='b'/></graph></graphml>\n"
write("graphml/utf-16.graphml", wide.encode("utf-16-le"))
write("graphml/latin.graphml", wide[1:].replace("UTF-16", "ISO-8859-1").encode("latin-1"))
write("graphml/bad-encoding.graphml", wide[1:].replace("UTF-16", "klingon"))
write("gexf/named.gexf", """<?xml version="1.0" encoding="UTF-8"?>
<gexf xmlns="http://gexf.net/1.3" xmlns:viz="http://gexf.net/1.3/viz">
<graph defaultedgetype="mutual">
<attributes class="node"><attribute id="0" title="Label"><default>Dan</default></attribute></attributes>
<attributes class="edge"><attribute id="0" title="weight"><default>2</default></attribute></attributes>
<nodes><node id="a" label="Ann"><nodes><node id="b"><attvalues><attvalue for="0" value="Bob"/></attvalues></node></nodes>
<viz:size value="1"/></node><node id="c"/></nodes>
<edges><edge source="a" target="b" weight="3"/><edge source="b" target="c" type="directed">
<attvalues><attvalue for="0" value="4" end="1"/><attvalue for="0" value="5"/></attvalues></edge><edge source="a" target="c"/></edges>
</graph>
</gexf>
""")
write("gexf/bad-kind.gexf", "<gexf><graph><edges><edge source='a' target='b' type='sideways'/></edges></graph></gexf>\n")

frame = pd.DataFrame({"source": [u for u, _ in EDGES], "target": [v for _, v in EDGES], "weight": np.arange(1, 7) / 2})
numbers = pd.DataFrame({"source": np.arange(40) % 7, "target": np.arange(40) % 11 + 7})
for name, one, options in [
    ("plain", frame, {"compression": "none", "use_dictionary": False}),
    ("dictionary", frame, {"compression": "none"}),
    ("snappy", numbers, {"compression": "snappy"}),
    ("zstd", frame, {"compression": "zstd"}),
    ("gzip", numbers, {"compression": "gzip", "use_dictionary": False}),
    ("lz4", numbers, {"compression": "lz4"}),
    ("delta", numbers, {"compression": "none", "use_dictionary": False, "column_encoding": {"source": "DELTA_BINARY_PACKED", "target": "DELTA_BINARY_PACKED"}}),
    ("bytes", frame, {"compression": "none", "use_dictionary": False, "column_encoding": {"source": "DELTA_BYTE_ARRAY", "target": "DELTA_LENGTH_BYTE_ARRAY", "weight": "BYTE_STREAM_SPLIT"}}),
    ("pages", numbers, {"compression": "none", "data_page_version": "2.0", "data_page_size": 64, "row_group_size": 16, "write_page_index": True}),
]:
    file = io.BytesIO()
    pq.write_table(pa.Table.from_pandas(one, preserve_index=False).replace_schema_metadata(), file, **options)
    write(f"parquet/{name}.parquet", file.getvalue())

write("config/whole.toml", 'model = "vgae"\nhidden = 16\nlearning-rate = 0.01\n# how long\nepochs = 20\nfeatures = "x.csv"\ndirected = false\nselect = "best"\nkl-weight = "kipf"\nseed = 7\n')
write("config/short.toml", '"hidden" = 0x10\nval-fraction = 1e-1\nbias = true\ncalibrate = "platt"\n')

columns = "data,model,seed,flags,vgae_version,data_sha256,split_sha256,test_roc_auc,train_seconds\n"
write("benchmark/runs.csv", columns + "".join(f"karate,gae,{seed},--epochs 20,0.1.0,aa,bb,0.{seed}5,1.25\n" for seed in range(3)))

with tempfile.TemporaryDirectory() as place:
    place = pathlib.Path(place)
    data = place / "data"
    data.mkdir()
    n = 14
    rows = [(u, (u + step) % n) for step in (1, 3) for u in range(n)]
    (data / "edges.csv").write_text("source,target,weight\n" + "".join(f"a{u},a{v},{1 + u * v % 3 / 2}\n" for u, v in rows))
    (data / "features.csv").write_text("node,age,height\n" + "".join(f"a{u},{u % 3},{u / 4}\n" for u in range(n)))
    (data / "labels.csv").write_text("node,label\n" + "".join(f"a{u},g{u % 2}\n" for u in range(n)))
    for name, flags in [
        ("vgae", "--epochs 3 --hidden 3 --latent 2 --calibrate platt"),
        ("gae", "--epochs 3 --model gae --features none --hidden 2 --latent 2 --calibrate isotonic --val-fraction 0.2"),
        ("directed", "--epochs 3 --model gravity-gae --directed --hidden 3 --latent 2 --patience 2 --val-fraction 0.2"),
        ("score", "--model adamic-adar --features none"),
        ("vae", "--epochs 3 --model vae --hidden 3 --latent 2"),
    ]:
        words = [sys.argv[1], "train", "data", "--output", name, "--no-report", "--quiet"]
        subprocess.run(words + flags.split(), cwd=place, check=True, stdout=subprocess.DEVNULL)
        kept = HERE / "run-directory" / name
        shutil.rmtree(kept, ignore_errors=True)
        shutil.copytree(place / name, kept)
