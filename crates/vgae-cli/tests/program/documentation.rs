//! The documentation is true: every `console` block of the README and of docs/ does what it shows, and the target of
//! every relative link exists.
//!
//! The blocks of a page run one after the other in one directory, which looks like the root of the repository but has
//! an empty results/. In the shown output `[..]` stands for anything within a line and `...` for any lines. `? 1` under
//! a command is its exit code. Blocks that need Cora run only where datasets/cora/cora.content is there; a line on
//! stderr says which were skipped.

use std::collections::HashMap;
use std::ffi::OsString;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use pulldown_cmark::{CodeBlockKind, Event, Options, Parser, Tag, TagEnd};
use snapbox::IntoData;

use crate::common::HAS_TORCH;

/// The root of the repository.
const ROOT: &str = crate::REPOSITORY;
/// The program that the pages call `vgae`.
const PROGRAM: &str = crate::common::VGAE;
/// Pages outside docs/ whose blocks are run and whose links are followed.
const PAGES: [&str; 3] = ["README.md", "CONTRIBUTING.md", "CHANGELOG.md"];
/// The page that shows the version of libtorch; its blocks are run only with libtorch.
const TORCH_PAGE: &str = "docs/gpu.md";
/// Pages whose links are followed.
const LINKED_PAGES: [&str; 2] = ["datasets/README.md", "results/README.md"];
/// The files and folders that the pages expect in the working directory.
const SHARED: [&str; 4] = ["Makefile", "datasets", "docs", "examples"];

/// A fenced block of code.
struct Block {
    language: String,
    /// The line of its first command, from 1.
    line: usize,
    text: String,
}

/// A command of a `console` block.
struct Step {
    line: usize,
    command: String,
    code: i32,
    output: String,
}

fn root() -> &'static Path {
    Path::new(ROOT)
}

fn read(page: &Path) -> String {
    fs::read_to_string(root().join(page)).unwrap_or_else(|error| panic!("{}: {error}", page.display()))
}

/// Returns the Markdown files of docs/ and [`PAGES`], relative to the root.
fn pages() -> Vec<PathBuf> {
    fn collect(folder: &Path, pages: &mut Vec<PathBuf>) {
        for entry in fs::read_dir(root().join(folder)).unwrap() {
            let path = folder.join(entry.unwrap().file_name());
            if root().join(&path).is_dir() {
                collect(&path, pages);
            } else if path.extension().is_some_and(|end| end == "md") {
                pages.push(path);
            }
        }
    }
    let mut pages = PAGES.map(PathBuf::from).to_vec();
    collect(Path::new("docs"), &mut pages);
    pages.sort();
    pages
}

fn events(text: &str) -> Vec<(Event<'_>, std::ops::Range<usize>)> {
    Parser::new_ext(text, Options::ENABLE_TABLES).into_offset_iter().collect()
}

fn blocks(text: &str) -> Vec<Block> {
    let mut blocks = Vec::new();
    let mut open: Option<Block> = None;
    for (event, range) in events(text) {
        match event {
            Event::Start(Tag::CodeBlock(CodeBlockKind::Fenced(language))) => {
                let line = text[..range.start].lines().count() + 2;
                open = Some(Block { language: language.to_string(), line, text: String::new() });
            }
            Event::Text(part) => open.iter_mut().for_each(|block| block.text.push_str(&part)),
            Event::End(TagEnd::CodeBlock) => blocks.extend(open.take()),
            _ => {}
        }
    }
    blocks
}

fn steps(block: &Block) -> Vec<Step> {
    let mut steps: Vec<Step> = Vec::new();
    for (at, line) in block.text.lines().enumerate() {
        if let Some(command) = line.strip_prefix("$ ") {
            let (line, command) = (block.line + at, command.to_string());
            steps.push(Step { line, command, code: 0, output: String::new() });
            continue;
        }
        let step = steps.last_mut().unwrap_or_else(|| panic!("line {}: expected `$ command`", block.line));
        match line.strip_prefix("? ") {
            Some(code) => step.code = code.parse().unwrap(),
            None => step.output.extend([line, "\n"]),
        }
    }
    steps
}

fn needs_download(command: &str) -> bool {
    let names = ["datasets/cora", "datasets/citeseer", "datasets/pubmed", "make demo"];
    names.iter().any(|name| command.contains(name))
}

/// Returns the command to run. `make demo` uses the program under test instead of building one; of any other target,
/// only its existence is checked.
fn runnable(command: &str) -> String {
    match command.strip_prefix("make ") {
        Some("demo") => "make --silent --old-file=light VGAE=vgae demo".into(),
        Some(target) => format!("make --dry-run --directory '{ROOT}' {target}"),
        None => command.into(),
    }
}

/// Runs the `console` blocks of a page. Returns what went wrong, one text per command.
fn run(page: &Path) -> Vec<String> {
    let directory = tempfile::tempdir().unwrap();
    for name in SHARED {
        std::os::unix::fs::symlink(root().join(name), directory.path().join(name)).unwrap();
    }
    fs::create_dir(directory.path().join("results")).unwrap();
    let mut path = OsString::from(Path::new(PROGRAM).parent().unwrap());
    path.push(":");
    path.push(std::env::var_os("PATH").unwrap_or_default());

    let has_cora = root().join("datasets/cora/cora.content").exists();
    let mut failures = Vec::new();
    for block in blocks(&read(page)).iter().filter(|block| block.language == "console") {
        let steps = steps(block);
        if !has_cora && steps.iter().any(|step| needs_download(&step.command)) {
            // Written to stderr directly, because the test harness captures `eprintln!`.
            let place = format!("{}:{}", page.display(), block.line);
            let _ = writeln!(std::io::stderr(), "skipped {place}: needs Cora (python3 datasets/fetch.py)");
            continue;
        }
        for step in steps {
            let place = format!("{}:{}: {}", page.display(), step.line, step.command);
            let output = Command::new("sh")
                .args(["-c", &format!("exec 2>&1; {}", runnable(&step.command))])
                .current_dir(directory.path())
                .env("PATH", &path)
                .env("NO_COLOR", "1")
                .env_remove("MAKEFLAGS")
                .env_remove("MAKELEVEL")
                .stdin(Stdio::null())
                .output()
                .unwrap();
            let found = String::from_utf8(output.stdout).unwrap();
            if output.status.code() != Some(step.code) {
                failures
                    .push(format!("{place}\n{}; expected exit code {}\n{found}", output.status, step.code));
                continue;
            }
            if step.command.starts_with("make ") && step.command != "make demo" {
                continue;
            }
            let text = |text: &str| format!("{}\n", text.trim_end());
            let assert = snapbox::Assert::new().action(snapbox::assert::Action::Verify);
            if let Err(error) =
                assert.try_eq(Some(&place), text(&found).into_data(), text(&step.output).into_data())
            {
                failures.push(error.to_string());
            }
        }
    }
    failures
}

#[test]
fn console_blocks_do_what_they_show() {
    let is_possible = |page: &PathBuf| HAS_TORCH || !page.ends_with(TORCH_PAGE);
    let pages: Vec<PathBuf> = pages().into_iter().filter(is_possible).collect();
    let count = std::thread::available_parallelism().map_or(1, usize::from);
    let share = pages.len().div_ceil(count);
    let failures: Vec<String> = std::thread::scope(|scope| {
        let workers: Vec<_> = pages
            .chunks(share)
            .map(|pages| scope.spawn(|| pages.iter().flat_map(|page| run(page)).collect::<Vec<_>>()))
            .collect();
        workers.into_iter().flat_map(|worker| worker.join().unwrap()).collect()
    });
    assert!(failures.is_empty(), "{} commands differ\n\n{}", failures.len(), failures.join("\n\n"));
}

/// Returns the anchor that GitHub gives a heading.
fn anchor(heading: &str) -> String {
    let kept = heading.to_lowercase().replace(' ', "-");
    kept.chars().filter(|&c| c.is_alphanumeric() || c == '-' || c == '_').collect()
}

/// Returns the anchors of the headings of a page; repeated headings get a number.
fn anchors(text: &str) -> Vec<String> {
    let mut seen: HashMap<String, usize> = HashMap::new();
    let mut anchors = Vec::new();
    let mut open: Option<String> = None;
    for (event, _) in events(text) {
        match event {
            Event::Start(Tag::Heading { .. }) => open = Some(String::new()),
            Event::Text(part) | Event::Code(part) => open.iter_mut().for_each(|open| open.push_str(&part)),
            Event::End(TagEnd::Heading(_)) => {
                let name = anchor(&open.take().unwrap_or_default());
                let count = seen.entry(name.clone()).or_default();
                anchors.push(if *count == 0 { name.clone() } else { format!("{name}-{count}") });
                *count += 1;
            }
            _ => {}
        }
    }
    anchors
}

/// Returns the targets of links and pictures, including those in HTML.
fn targets(text: &str) -> Vec<String> {
    let mut targets = Vec::new();
    for (event, _) in events(text) {
        match event {
            Event::Start(Tag::Link { dest_url, .. } | Tag::Image { dest_url, .. }) => {
                targets.push(dest_url.to_string());
            }
            Event::Html(html) | Event::InlineHtml(html) => {
                targets.extend(
                    html.split("src=\"").skip(1).filter_map(|rest| rest.split('"').next()).map(String::from),
                );
            }
            _ => {}
        }
    }
    targets
}

#[test]
fn links_lead_somewhere() {
    let mut failures = Vec::new();
    for page in pages().into_iter().chain(LINKED_PAGES.map(PathBuf::from)) {
        let text = read(&page);
        for target in targets(&text).iter().filter(|target| !target.contains("://")) {
            let (file, fragment) = target.split_once('#').unwrap_or((target, ""));
            let path = if file.is_empty() { page.clone() } else { page.parent().unwrap().join(file) };
            let is_page = path.extension().is_some_and(|end| end == "md");
            if !root().join(&path).exists() {
                failures.push(format!("{}: {target}: no such file", page.display()));
            } else if !fragment.is_empty() && is_page && !anchors(&read(&path)).iter().any(|a| a == fragment)
            {
                failures.push(format!("{}: {target}: no such heading", page.display()));
            }
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

#[test]
fn every_page_of_docs_is_in_its_index() {
    let linked = targets(&read(Path::new("docs/README.md")));
    for page in pages().iter().filter_map(|page| page.strip_prefix("docs").ok()) {
        let page = page.to_str().unwrap();
        assert!(
            page == "README.md" || linked.iter().any(|target| target == page),
            "docs/{page} is not in docs/README.md"
        );
    }
}

/// Returns the first Rust example of a text.
fn rust_example(text: &str) -> String {
    let is_rust = |block: &&Block| ["", "rust"].contains(&block.language.as_str());
    blocks(text).iter().find(is_rust).expect("an example").text.clone()
}

/// The example of the library is compiled and run with its documentation, so this one works too.
#[test]
fn the_readme_shows_the_example_of_the_library() {
    let library = read(Path::new("src/lib.rs"));
    let lines = library.lines().map_while(|line| line.strip_prefix("//!"));
    let documentation: String =
        lines.flat_map(|line| [line.strip_prefix(' ').unwrap_or(line), "\n"]).collect();
    assert_eq!(rust_example(&read(Path::new("README.md"))), rust_example(&documentation));
}
