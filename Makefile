# `make demo` and `make test` set up all they need; `make help` lists the rest.

# A libtorch of the user's own is left alone.
ifeq ($(LIBTORCH)$(LIBTORCH_USE_PYTORCH),)
libtorch := .libtorch/build-version
endif

VGAE := cargo run --locked --quiet --

.PHONY: help
help:
	@echo "make demo     train a VGAE on Cora, show its AUC/AP and the first ten predicted links"
	@echo "make test     run every test"
	@echo "make build    build the vgae program: target/debug/vgae (optimised)"
	@echo "make install  build it and put it into cargo's bin directory"
	@echo "make data     bring Cora, Citeseer and PubMed into datasets/"
	@echo "make results  rebuild the tables in results/ (half an hour)"
	@echo "make doc      build the library's documentation"

.PHONY: demo
demo: build datasets/cora/cora.content
	@echo "== vgae train datasets/cora"
	@$(VGAE) train datasets/cora --force
	@echo "== vgae predict results/cora-vgae-0 --top 10   (pairs of paper ids)"
	@$(VGAE) predict results/cora-vgae-0 --top 10
	@echo "== embeddings: results/cora-vgae-0/embeddings.csv"

.PHONY: test
test: $(libtorch) announce
	python3 datasets/fetch.py --self-test
	cargo test --locked

.PHONY: build
build: $(libtorch) announce
	cargo build --locked

.PHONY: install
install: $(libtorch) announce
	cargo install --locked --profile dev --path .

.PHONY: data
data:
	python3 datasets/fetch.py

.PHONY: results
results: build data
	python3 results/link_prediction.py

.PHONY: doc
doc: $(libtorch) announce
	cargo doc --locked --no-deps

.PHONY: announce
announce: $(libtorch)
	@ls target/debug/build/torch-sys-*/out/libtch.a >/dev/null 2>&1 || echo "Compiling: about three minutes on two cores, once, most of it libtorch's C++ bindings"

.libtorch/build-version: libtorch.py
	@python3 libtorch.py

datasets/cora/cora.content:
	@python3 datasets/fetch.py cora
