//! The structure of the library, read from its source: a room imports only what the sentence at its top allows, and no
//! file imports itself by way of others.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use crate::shared::repository;

/// A module by its path, as in `read::parquet::pages`.
type Module = String;

/// The modules of a crate: their code without comments, tests and documentation.
struct Source {
    code: BTreeMap<Module, String>,
    documentation: BTreeMap<Module, String>,
}

impl Source {
    fn read(root: &Path) -> Source {
        let mut source = Source { code: BTreeMap::new(), documentation: BTreeMap::new() };
        source.add(root, root);
        assert!(source.code.len() > 5, "{}: {} modules", root.display(), source.code.len());
        source
    }

    fn add(&mut self, root: &Path, directory: &Path) {
        let mut entries: Vec<PathBuf> =
            fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().path()).collect();
        entries.sort();
        for path in entries {
            let name = path.file_stem().unwrap().to_str().unwrap();
            if path.is_dir() {
                self.add(root, &path);
            } else if path.extension().is_some_and(|end| end == "rs")
                && !name.ends_with("tests")
                && name != "main"
            {
                let relative = path.strip_prefix(root).unwrap().with_extension("");
                let module = relative.to_str().unwrap().replace('/', "::");
                let module = module.strip_suffix("::mod").unwrap_or(&module).to_string();
                let text = fs::read_to_string(&path).unwrap();
                let documentation = text.lines().map_while(|line| line.strip_prefix("//!"));
                self.documentation
                    .insert(module.clone(), documentation.map(|line| format!("{}\n", line.trim())).collect());
                self.code.insert(module, code_of(&text));
            }
        }
    }

    /// The module of this crate that `path` leads to, and the name of it that is used, if there is one.
    fn resolve(&self, path: &[String]) -> Option<(Module, Option<String>)> {
        (1..=path.len()).rev().find_map(|length| {
            let module = path[..length].join("::");
            self.code.contains_key(&module).then(|| (module, path.get(length).cloned()))
        })
    }

    /// The module that defines `name`, which `module` has, maybe by a `pub use` of one of its children.
    fn definition(&self, module: &str, name: &str) -> Module {
        let child = self.code[module].split(';').find_map(|statement| {
            let import = statement.rsplit_once("pub").map(|(_, import)| import.trim_start())?;
            let import = import
                .trim_start_matches(['(', ')'])
                .trim_start_matches("crate)")
                .trim_start_matches("super)");
            let (child, names) = import.trim_start().strip_prefix("use ")?.split_once("::")?;
            let is_named = names.split(|c: char| !c.is_alphanumeric() && c != '_').any(|word| word == name);
            let child = format!("{module}::{}", child.trim());
            (is_named && self.code.contains_key(&child)).then_some(child)
        });
        child.map_or(module.to_string(), |child| self.definition(&child, name))
    }

    /// The modules whose names `module` uses, its ancestors apart, which it is a part of.
    fn uses(&self, module: &str) -> BTreeSet<Module> {
        let paths = paths_of(&self.code[module], module);
        let used = paths.iter().filter_map(|path| self.resolve(path)).map(|(found, name)| match name {
            Some(name) => self.definition(&found, &name),
            None => found,
        });
        used.filter(|used| used != module && !module.starts_with(&format!("{used}::"))).collect()
    }
}

/// The code of a file, without comments, strings that span no more than a line, and test modules.
fn code_of(text: &str) -> String {
    let mut code = String::new();
    let mut lines = text.lines();
    while let Some(line) = lines.next() {
        if line.contains("#[cfg(test)]") || line.contains("#[cfg(all(test") {
            // The item that follows ends with the line that closes it at the same depth.
            let depth = line.len() - line.trim_start().len();
            for line in lines.by_ref() {
                let is_at_depth = line.len() - line.trim_start().len() == depth;
                if is_at_depth
                    && (line.trim_end().ends_with(';')
                        || line.trim() == "}"
                        || line.trim_end().ends_with("},"))
                {
                    break;
                }
            }
            continue;
        }
        code.push_str(line.split("//").next().unwrap());
        code.push('\n');
    }
    code
}

/// Every path in `code` that begins with `crate` or `super`, from the root of the crate on.
fn paths_of(code: &str, module: &str) -> Vec<Vec<String>> {
    let parts: Vec<String> = module.split("::").map(String::from).collect();
    let mut paths = Vec::new();
    let is_word = |c: char| c.is_alphanumeric() || c == '_';
    for (start, keyword) in code.match_indices("crate::").chain(code.match_indices("super::")) {
        if code[..start].ends_with(|c: char| is_word(c) || c == ':' || c == '$') {
            continue;
        }
        let mut prefix = if keyword == "crate::" { Vec::new() } else { parts[..parts.len() - 1].to_vec() };
        let mut rest = &code[start + keyword.len()..];
        while let Some(after) = rest.strip_prefix("super::") {
            prefix.pop();
            rest = after;
        }
        expand(&prefix, rest, &mut paths);
    }
    paths
}

/// Adds the paths that `rest`, as in `a::{b, c::d}`, stands for below `prefix`.
fn expand(prefix: &[String], rest: &str, paths: &mut Vec<Vec<String>>) {
    let rest = rest.trim_start();
    if let Some(group) = rest.strip_prefix('{') {
        let mut depth = 0;
        let mut items = vec![String::new()];
        for c in group.chars() {
            match c {
                '}' if depth == 0 => break,
                ',' if depth == 0 => items.push(String::new()),
                _ => {
                    depth += i32::from(c == '{') - i32::from(c == '}');
                    items.last_mut().unwrap().push(c);
                }
            }
        }
        items.iter().filter(|item| !item.trim().is_empty()).for_each(|item| expand(prefix, item, paths));
        return;
    }
    let end = rest.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(rest.len());
    let mut path = prefix.to_vec();
    if &rest[..end] != "self" {
        path.push(rest[..end].to_string());
    }
    match rest[end..].strip_prefix("::") {
        Some(more) if !more.starts_with('<') => expand(&path, more, paths),
        _ => paths.push(path),
    }
}

/// A circle among the modules, if there is one.
fn circle(uses: &BTreeMap<Module, BTreeSet<Module>>) -> Option<Vec<Module>> {
    fn visit<'a>(
        module: &'a Module,
        uses: &'a BTreeMap<Module, BTreeSet<Module>>,
        path: &mut Vec<&'a Module>,
        done: &mut BTreeSet<&'a Module>,
    ) -> Option<Vec<Module>> {
        if let Some(at) = path.iter().position(|above| *above == module) {
            return Some(path[at..].iter().map(|module| (*module).clone()).collect());
        }
        if !done.insert(module) {
            return None;
        }
        path.push(module);
        let found = uses[module].iter().find_map(|used| visit(used, uses, path, done));
        path.pop();
        found
    }
    let mut done = BTreeSet::new();
    uses.keys().find_map(|module| visit(module, uses, &mut Vec::new(), &mut done))
}

fn room_of(module: &str) -> &str {
    module.split("::").next().unwrap()
}

#[test]
fn rooms_import_what_their_sentences_allow() {
    let source = Source::read(&repository("src"));
    let architecture = fs::read_to_string(repository("docs/architecture.md")).unwrap();
    let rooms: BTreeSet<&str> =
        source.code.keys().map(|module| room_of(module)).filter(|room| *room != "lib").collect();
    for room in rooms {
        let sentence = source.documentation[room].split("\n\n").next().unwrap().replace('\n', " ");
        let (holds, allowed) =
            sentence.trim().rsplit_once("Uses ").unwrap_or_else(|| panic!("src/{room}: {sentence:?}"));
        assert!(
            architecture.contains(holds.trim()),
            "docs/architecture.md lacks the sentence of {room}: {holds}"
        );
        let allowed: BTreeSet<&str> = allowed.split('`').skip(1).step_by(2).collect();
        let modules = source.code.keys().filter(|module| room_of(module) == room);
        let used: BTreeSet<String> = modules
            .flat_map(|module| paths_of(&source.code[module], module))
            .filter_map(|path| Some(room_of(&source.resolve(&path)?.0).to_string()))
            .chain(source.code.iter().filter(|(module, _)| room_of(module) == room).flat_map(|(_, code)| {
                // `Error` and `Result` stand at the root of the crate.
                ["crate::Error", "crate::Result"]
                    .iter()
                    .filter(|name| code.contains(**name))
                    .map(|_| "error".into())
            }))
            .filter(|used| used != room)
            .collect();
        let used: BTreeSet<&str> = used.iter().map(String::as_str).collect();
        assert_eq!(
            used, allowed,
            "src/{room} uses the rooms on the left; its sentence allows those on the right"
        );
    }
}

#[test]
fn no_file_imports_itself_by_way_of_others() {
    for root in ["src", "crates/vgae-report/src", "crates/vgae-cli/src"] {
        let source = Source::read(&repository(root));
        let uses = source.code.keys().map(|module| (module.clone(), source.uses(module))).collect();
        assert_eq!(circle(&uses), None, "{root}");
    }
}

#[test]
fn a_circle_is_found() {
    let uses = |pairs: &[(&str, &str)]| {
        let mut uses: BTreeMap<Module, BTreeSet<Module>> = BTreeMap::new();
        for (from, to) in pairs {
            uses.entry(from.to_string()).or_default().insert(to.to_string());
            uses.entry(to.to_string()).or_default();
        }
        uses
    };
    assert_eq!(circle(&uses(&[("a", "b"), ("b", "c"), ("a", "c")])), None);
    assert_eq!(circle(&uses(&[("a", "b"), ("b", "c"), ("c", "b")])), Some(vec!["b".into(), "c".into()]));
    let paths = paths_of("use crate::a::{b, c::{self, D}};\nlet x = super::e::f();", "g::h");
    let expected = [vec!["a", "b"], vec!["a", "c"], vec!["a", "c", "D"], vec!["g", "e", "f"]];
    assert_eq!(paths, expected.map(|path| path.into_iter().map(String::from).collect::<Vec<_>>()));
    assert_eq!(code_of("a // b\n#[cfg(test)]\nmod tests {\n    c\n}\nd\n"), "a \nd\n");
}
