//! The cases of `table.txt`.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::sync::Mutex;

use crate::common::{Workspace, gzip, repository, text};

const TABLE: &str = include_str!("table.txt");

/// A case of the table.
struct Case<'a> {
    name: &'a str,
    /// The lines that create its files.
    files: Vec<&'a str>,
    arguments: &'a str,
    code: i32,
    stderr: String,
}

#[test]
fn each_case_has_its_message() {
    let cases = cases();
    assert!(cases.len() >= 60, "{}", cases.len());
    let names: BTreeSet<&str> = cases.iter().map(|case| case.name).collect();
    assert_eq!(names.len(), cases.len(), "each case has a name of its own");
    let wrong = Mutex::new(Vec::new());
    let next = Mutex::new(cases.iter());
    let work = || {
        while let Some(case) = { next.lock().unwrap().next() } {
            if let Err(found) = case.run() {
                wrong.lock().unwrap().push(format!("== {}\n{found}", case.name));
            }
        }
    };
    std::thread::scope(|scope| (0..4).for_each(|_| drop(scope.spawn(work))));
    let wrong = wrong.into_inner().unwrap();
    assert!(wrong.is_empty(), "{} of {} cases:\n{}", wrong.len(), cases.len(), wrong.join("\n"));
    eprintln!("bad input: {} cases", cases.len());
}

fn cases() -> Vec<Case<'static>> {
    let mut cases: Vec<Case> = Vec::new();
    let lines = TABLE.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
    for line in lines {
        if let Some(name) = line.strip_prefix("== ") {
            cases.push(Case { name, files: Vec::new(), arguments: "", code: 1, stderr: String::new() });
            continue;
        }
        let case = cases.last_mut().expect("a case begins with its name");
        match line.split_once(' ').unwrap_or((line, "")) {
            ("$", arguments) => case.arguments = arguments,
            ("exit", code) => case.code = code.parse().unwrap(),
            ("!", line) => case.stderr.push_str(&format!("{line}\n")),
            _ => case.files.push(line),
        }
    }
    cases
}

impl Case<'_> {
    /// Runs the case, and returns how `vgae` deviates from it, if it does.
    fn run(&self) -> Result<(), String> {
        let workspace = Workspace::new();
        let mut written = None;
        for line in &self.files {
            make(&workspace, line, &mut written);
        }
        let root = workspace.path("");
        let before = names(&root);
        let output = workspace.vgae(self.arguments).output().unwrap();
        let (stdout, stderr) = (text(output.stdout), text(output.stderr));
        let left: Vec<_> = names(&root).symmetric_difference(&before).cloned().collect();
        match output.status.code() {
            _ if stderr != self.stderr => Err(format!("says:\n{stderr}instead of:\n{}", self.stderr)),
            code if code != Some(self.code) => Err(format!("ends with {code:?}; expected {}", self.code)),
            _ if !stdout.is_empty() => Err(format!("prints {stdout}")),
            _ if !left.is_empty() => Err(format!("leaves {left:?}")),
            _ => Ok(()),
        }
    }
}

/// Executes a line of a case; a content line adds to the file `written` last.
fn make<'a>(workspace: &Workspace, line: &'a str, written: &mut Option<&'a str>) {
    let (verb, rest) = line.split_once(' ').unwrap_or((line, ""));
    let (name, to) = rest.rsplit_once(" as ").unwrap_or((rest, ""));
    let read = |name: &str| fs::read(workspace.path(name)).unwrap_or_else(|error| panic!("{line}: {error}"));
    match verb {
        "file" => {
            workspace.write(rest, "");
            *written = Some(rest);
        }
        "|" => {
            let name = written.expect("content has a file");
            let (content, end) = match rest.strip_suffix('\\').filter(|content| !content.ends_with('\\')) {
                Some(content) => (content, b"".as_slice()),
                None => (rest, b"\n".as_slice()),
            };
            workspace.write(name, [read(name), bytes(content), end.to_vec()].concat());
        }
        "repeat" => {
            let (what, name) = rest.split_once(" in ").unwrap();
            let (text, count) = what.rsplit_once(' ').unwrap();
            workspace.write(name, text.repeat(count.parse().unwrap()));
        }
        "append" => {
            let (name, text) = rest.split_once(' ').unwrap();
            workspace.write(name, [read(name), bytes(text)].concat());
        }
        "copy" => copy(&repository(name), workspace, to),
        "same" => drop(workspace.write(to, read(name))),
        "gzip" => drop(workspace.write(to, gzip(&read(name)))),
        "cut" => {
            let (name, length) = rest.split_once(" to ").unwrap();
            workspace.write(name, &read(name)[..length.parse().unwrap()]);
        }
        "remove" => fs::remove_file(workspace.path(rest)).unwrap(),
        "edit" => {
            let (name, change) = rest.split_once(' ').unwrap();
            let (from, to) = change.split_once(" => ").unwrap();
            let old = read(name);
            let at = old.windows(from.len()).position(|part| part == from.as_bytes());
            let at = at.unwrap_or_else(|| panic!("{line}: is not there"));
            workspace.write(name, [&old[..at], to.as_bytes(), &old[at + from.len()..]].concat());
        }
        _ => panic!("{line}: no such verb"),
    }
}

/// Unescapes `\n`, `\t`, `\r`, `\\` and `\xNN` in a text of the table.
fn bytes(text: &str) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('\\') {
        bytes.extend_from_slice(before.as_bytes());
        let length = if after.starts_with('x') { 3 } else { 1 };
        bytes.push(match &after[..length] {
            "n" => b'\n',
            "t" => b'\t',
            "r" => b'\r',
            "\\" => b'\\',
            number => u8::from_str_radix(&number[1..], 16).unwrap(),
        });
        rest = &after[length..];
    }
    bytes.extend_from_slice(rest.as_bytes());
    bytes
}

fn copy(from: &Path, workspace: &Workspace, to: &str) {
    if from.is_file() {
        workspace.write(to, fs::read(from).unwrap());
        return;
    }
    for entry in fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        copy(&path, workspace, &format!("{to}/{}", path.file_name().unwrap().to_str().unwrap()));
    }
}

/// Returns all files and directories below `directory`.
fn names(directory: &Path) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for entry in fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        found.insert(path.display().to_string());
        if path.is_dir() {
            found.extend(names(&path));
        }
    }
    found
}
