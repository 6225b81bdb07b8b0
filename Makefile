# `make demo` and `make test` set up all they need; `make help` lists the rest.

# A libtorch of the user's own is left alone.
ifeq ($(LIBTORCH)$(LIBTORCH_USE_PYTORCH),)
libtorch := .libtorch/build-version
endif

# The workspace's own crates with overflow checks and debug assertions, everything else as the program has it.
TEST := cargo test --locked --release --config .cargo/checked.toml

# Everything but libtorch, which only GPUs need.
LIGHT := --no-default-features --features parquet,npz,graphml,approximate

VGAE := target/release/vgae

.PHONY: help
help:
	@echo "make demo     train a VGAE on Cora, show its AUC/AP and the first ten predicted links"
	@echo "make test     run the tests; those of the program run it without libtorch (FILTER=NAME runs those with NAME in theirs)"
	@echo "make test-torch  run the tests of the program with libtorch, which GPUs need (some minutes)"
	@echo "make build    build the program with libtorch: target/release/vgae"
	@echo "make install  build it and put it into cargo's bin directory"
	@echo "make data     bring Cora, Citeseer and PubMed into datasets/"
	@echo "make results  rebuild the tables in results/ (an hour or two)"
	@echo "make bench    measure speed and memory, into results/performance.md (half an hour)"
	@echo "make applying measure scoring, predicting, calibration and new nodes, into results/applying.md (ten minutes)"
	@echo "make reliability  kill, fuzz, compare, soak, into results/reliability.md (half an hour; KILLS, FUZZ_SECONDS, … for more)"
	@echo "make formats  check the formats against the programs that own them, as far as Python has them"
	@echo "make picture  draw the report of Cora with Chromium, into results/report.png"
	@echo "make deny     check the dependencies' licences, sources and known faults (with cargo-deny, compiled once: some minutes)"
	@echo "make doc      build the library's documentation"

.PHONY: demo
demo: light datasets/cora/cora.content
	@echo "== vgae train datasets/cora"
	@$(VGAE) train datasets/cora --force
	@echo "== vgae predict results/cora-vgae-0 --top 10   (pairs of paper ids)"
	@$(VGAE) predict results/cora-vgae-0 --top 10
	@echo "== embeddings: results/cora-vgae-0/embeddings.csv; a page to look at: results/cora-vgae-0/report.html"

.PHONY: test
test: $(libtorch) announce
	python3 libtorch.py --self-test
	python3 datasets/fetch.py --self-test
	$(TEST) --workspace --exclude vgae-cli --all-features $(FILTER)
	$(TEST) -p vgae-cli $(LIGHT) $(FILTER)

# The program's tests run it over a thousand times. Without libtorch it starts in a few milliseconds, with it in 0.2 s.
.PHONY: test-torch
test-torch: $(libtorch)
	$(TEST) -p vgae-cli --all-features --test program --test fuzz $(FILTER)

# The library and the program without libtorch and without what only some users need.
.PHONY: test-light
test-light:
	$(TEST) -p vgae --no-default-features --lib --test library
	cargo check --locked --release -p vgae-cli --no-default-features

.PHONY: build
build: $(libtorch) announce
	cargo build --locked --release

# The program without libtorch.
.PHONY: light
light:
	@ls target/release/vgae >/dev/null 2>&1 || echo "Compiling: about three minutes on two cores, once"
	cargo build --locked --release -p vgae-cli $(LIGHT)

.PHONY: install
install: $(libtorch) announce
	cargo install --locked --path crates/vgae-cli

.PHONY: data
data:
	python3 datasets/fetch.py

# The tables of results/, each a directory with a row per run (runs.csv), table.csv, table.json and table.md. What was
# made before is not made again; SPLITS and PUBMED_SPLITS say how many splits.
SPLITS := 10
PUBMED_SPLITS := 1
BENCHMARK := $(VGAE) --quiet benchmark
GRAPH_SCORES := common-neighbours,jaccard,adamic-adar,resource-allocation,preferential-attachment,katz,personalized-pagerank,spectral
SCORES := $(GRAPH_SCORES),feature-cosine,propagated-cosine,neighbourhood-cosine
KIPF := gae,vgae,linear-gae,linear-vgae
RANKED := best,vgae,propagated-cosine,neighbourhood-cosine
SEAL := $(wildcard datasets/seal_*)

.PHONY: results
results: build data
	$(BENCHMARK) datasets/cora datasets/citeseer --models $(KIPF),gnae,vgnae,tuned-gae,best,$(SCORES) --splits $(SPLITS) --reference best --model-args 'best: --objective auc' -o results/features
	$(BENCHMARK) datasets/cora --models gravity-gae,gravity-vgae,vgae --splits $(SPLITS) --reference gravity-vgae -o results/directed_general -- --directed --features none
	$(BENCHMARK) datasets/cora --models gravity-gae,gravity-vgae,vgae --splits $(SPLITS) --reference gravity-vgae -o results/directed_biased --model-args 'gravity-gae: --gravity-lambda 0.05 --normalize-embeddings' --model-args 'gravity-vgae: --gravity-lambda 0.05' -- --directed --features none --task biased
	$(BENCHMARK) datasets/cora --models gravity-gae,gravity-vgae,vgae --splits $(SPLITS) --reference gravity-vgae -o results/directed_bidirectional -- --directed --features none --task bidirectional
	$(BENCHMARK) datasets/cora datasets/citeseer --models $(KIPF),best --splits $(SPLITS) --reference best --model-args 'best: --objective auc' -o results/no_features -- --features none
ifneq ($(SEAL),)
	$(BENCHMARK) $(SEAL) --models vgae,best,$(GRAPH_SCORES) --splits 3 --reference best --model-args 'best: --objective auc' -o results/seal
endif
	$(BENCHMARK) datasets/pubmed --models $(KIPF),gnae,vgnae,tuned-gae,best,$(SCORES) --splits $(PUBMED_SPLITS) --reference best --model-args 'best: --objective auc' -o results/pubmed
	$(BENCHMARK) datasets/cora datasets/citeseer datasets/pubmed --models vae --splits $(PUBMED_SPLITS) -o results/vae
	$(BENCHMARK) datasets/cora datasets/citeseer --protocol heart --models $(RANKED) --splits 5 -o results/protocols/heart
	$(BENCHMARK) datasets/cora datasets/citeseer --protocol hits --models $(RANKED),tuned-gae --splits 5 -o results/protocols/hits
	$(BENCHMARK) datasets/cora datasets/citeseer --protocol all-pairs --models $(RANKED) --splits 5 -o results/protocols/all_pairs
	$(BENCHMARK) datasets/cora datasets/citeseer --protocol kipf --models $(RANKED) --splits 5 -o results/protocols/kipf
	$(BENCHMARK) datasets/pubmed --protocol hits --models $(RANKED),tuned-gae --splits $(PUBMED_SPLITS) -o results/protocols/hits_pubmed
	$(BENCHMARK) datasets/pubmed --protocol heart --models $(RANKED) --splits $(PUBMED_SPLITS) -o results/protocols/heart_pubmed
	python3 benches/measure/kl.py
	python3 benches/measure/negatives.py
	python3 benches/measure/summary.py

# Beside what people use instead where PEERS names the directory of its scripts and PYTHON a Python with torch,
# torch_geometric and pandas.
.PHONY: bench
bench: build data
	python3 benches/measure/performance.py $(if $(PEERS),--peers $(PEERS)) $(if $(PYTHON),--python $(PYTHON)) $(SECTIONS)

# With a graph of a million edges or so as well where LARGE names its edge list.
.PHONY: applying
applying: build datasets/cora/cora.content
	python3 benches/measure/applying.py $(if $(LARGE),--large $(LARGE)) $(SECTIONS)

KILLS := 50
FUZZ_SECONDS := 60
SEEDS := 5
SOAK_SECONDS := 300

.PHONY: reliability
reliability: build
	python3 benches/measure/reliability.py --kills $(KILLS) --fuzz-seconds $(FUZZ_SECONDS) --seeds $(SEEDS) --soak-seconds $(SOAK_SECONDS) $(SECTIONS)

.PHONY: formats
formats: build
	$(or $(PYTHON),python3) tests/formats.py $(VGAE)

# The report of Cora as the README shows it, by a headless Chromium.
.PHONY: picture
picture: build datasets/cora/cora.content
	@$(VGAE) train datasets/cora --calibrate isotonic --quiet --force -o results/cora-report
	@$(VGAE) report results/cora-report --quiet
	chromium --headless --no-sandbox --disable-gpu --hide-scrollbars --virtual-time-budget=5000 --window-size=1220,3420 \
		--screenshot=results/report.png "file://$(CURDIR)/results/cora-report/report.html"

.PHONY: doc
doc: $(libtorch) announce
	RUSTDOCFLAGS="-D warnings" cargo doc --locked --release --no-deps --workspace --all-features --lib

# Licences, bans and sources are in Cargo.lock and in crates that are here; the advisories are fetched from github.com, which is
# not to be had everywhere: that they were not looked at is said, and fails where ADVISORIES=required.
CARGO_DENY := target/tools/bin/cargo-deny

$(CARGO_DENY):
	CARGO_TARGET_DIR=target/tools cargo install cargo-deny --version 0.20.2 --locked --no-default-features --root target/tools
	rm -rf target/tools/release

.PHONY: deny
deny: $(CARGO_DENY)
	$(CARGO_DENY) --locked --log-level error check --hide-inclusion-graph licenses bans sources
	@if $(CARGO_DENY) --locked fetch db; then \
		$(CARGO_DENY) --locked check --disable-fetch --hide-inclusion-graph advisories; \
	else \
		echo "WARNING: NO ADVISORIES WERE CHECKED: the database of github.com/rustsec/advisory-db could not be fetched" >&2; \
		test "$(ADVISORIES)" != required; \
	fi

.PHONY: announce
announce: $(libtorch)
	@ls target/release/build/torch-sys-*/out/libtch.a >/dev/null 2>&1 || echo "Compiling: about four minutes on two cores, once"

.libtorch/build-version: libtorch.py
	@python3 libtorch.py

datasets/cora/cora.content:
	@python3 datasets/fetch.py cora
