//! Reads the TOML file of `--config`. The definitions of the flags determine the keys, their types and their
//! checks.

use std::any::TypeId;
use std::ffi::OsString;
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use crate::{Error, Result};
use clap::builder::ValueParser;
use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::parser::ValueSource;
use clap::{Arg, ArgMatches, Command};
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::cli::renamed_flags;

/// The settings in a file.
pub(super) struct ConfigFile {
    path: PathBuf,
    settings: Vec<Setting>,
}

/// A key of the file.
struct Setting {
    /// The flag's name.
    name: String,
    /// The line in the file, counted from 1.
    line: usize,
    /// The flag as on a command line; `None` for a switch that is off.
    flag: Option<String>,
}

/// The flags that cannot be set in a file, because they do not affect the result or are specific to one run.
const COMMAND_LINE_ONLY: [&str; 12] = [
    "data",
    "config",
    "dry-run",
    "no-report",
    "output",
    "force",
    "json",
    "quiet",
    "progress",
    "threads",
    "help",
    "version",
];

/// The largest size of a file.
const MAX_BYTES: u64 = 1 << 20;

impl ConfigFile {
    /// Reads the file at `path`, or stdin for `-`, and checks it against the flags of `command`, which must
    /// be built.
    ///
    /// # Errors
    /// [`vgae::Error::Io`] if it cannot be read; [`vgae::Error::Config`] with the line and the key if it is invalid.
    pub(super) fn read(path: &Path, command: &Command) -> Result<Self> {
        let mut file = ConfigFile { path: path.to_path_buf(), settings: Vec::new() };
        let opened: io::Result<Box<dyn Read>> = match path == Path::new("-") {
            true => Ok(Box::new(io::stdin())),
            false => File::open(path).map(|file| Box::new(file) as Box<dyn Read>),
        };
        let mut text = String::new();
        opened
            .and_then(|file| file.take(MAX_BYTES + 1).read_to_string(&mut text))
            .map_err(|source| vgae::Error::Io { action: "read", path: path.to_path_buf(), source })?;
        if text.len() as u64 > MAX_BYTES {
            let problem = format!("has more than {MAX_BYTES} bytes; expected a file of settings");
            return Err(Error::Usage(format!("{}: {problem}", file.name())));
        }
        let line = |at: usize| 1 + text[..at.min(text.len())].matches('\n').count();
        let table = DeTable::parse(&text).map_err(|error| {
            let line = line(error.span().map_or(0, |span| span.start));
            let found = excerpt(text.lines().nth(line - 1).unwrap_or_default().trim());
            file.problem(line, &format!("{}; found \"{found}\"", error.message().replace('\n', "; ")))
        })?;
        let mut entries: Vec<_> = table.get_ref().iter().collect();
        entries.sort_by_key(|(key, _)| key.span().start);
        for (key, value) in entries {
            let at = line(key.span().start);
            let setting = parse_setting(key.get_ref(), value, at, command)
                .map_err(|problem| file.problem(at, &format!("{}: {problem}", excerpt(key.get_ref()))))?;
            if let Some(first) = file.settings.iter().find(|first| first.name == setting.name) {
                let problem = format!("{}: already set in line {}", excerpt(key.get_ref()), first.line);
                return Err(file.problem(at, &problem));
            }
            file.settings.push(setting);
        }
        Ok(file)
    }

    /// Returns the flags that the file adds to those `given` on the command line. A flag on the command line
    /// overrides the same key and every key that conflicts with it.
    pub(super) fn flags(&self, command: &Command, given: &ArgMatches) -> Vec<String> {
        let is_given =
            |argument: &Arg| given.value_source(argument.get_id().as_str()) == Some(ValueSource::CommandLine);
        let given: Vec<&Arg> = command.get_arguments().filter(|argument| is_given(argument)).collect();
        let is_used = |setting: &&Setting| {
            let Some(own) = argument(command, &setting.name) else { return false };
            let clashes = |with: &Arg, other: &Arg| {
                command.get_arg_conflicts_with(with).iter().any(|clash| clash.get_id() == other.get_id())
            };
            !given
                .iter()
                .any(|given| given.get_id() == own.get_id() || clashes(given, own) || clashes(own, given))
        };
        self.settings.iter().filter(is_used).filter_map(|setting| setting.flag.clone()).collect()
    }

    /// Adds to `error` the lines in which the file sets the flags that it mentions.
    pub(super) fn explain(&self, error: Error) -> Error {
        let Error::Usage(problem) = error else { return error };
        let is_named = |setting: &&Setting| {
            problem
                .split(|c: char| !c.is_alphanumeric() && c != '-')
                .any(|word| word.strip_prefix("--").is_some_and(|name| name == setting.name))
        };
        let places: Vec<String> = self
            .settings
            .iter()
            .filter(is_named)
            .map(|Setting { name, line, .. }| format!("{}:{line} sets {name}", self.name()))
            .collect();
        match places.is_empty() {
            true => Error::Usage(problem),
            false => Error::Usage(format!("{problem} ({})", places.join(", "))),
        }
    }

    /// Converts an error of clap about the command line combined with this file.
    pub(super) fn usage_error(&self, error: &clap::Error) -> Error {
        self.explain(Error::Usage(format!("{}: {}", self.name(), one_line(error))))
    }

    fn problem(&self, line: usize, problem: &str) -> Error {
        Error::Usage(format!("{}:{line}: {problem}", self.name()))
    }

    fn name(&self) -> String {
        if self.path == Path::new("-") { "stdin".into() } else { self.path.display().to_string() }
    }
}

/// Returns `words` without `--config FILE`.
pub(crate) fn without_config(words: &[String]) -> Vec<String> {
    let mut kept = Vec::new();
    let mut words = words.iter();
    while let Some(word) = words.next() {
        match word.as_str() {
            "--config" => drop(words.next()),
            _ if word.starts_with("--config=") => {}
            _ => kept.push(word.clone()),
        }
    }
    kept
}

/// Returns the beginning of a text, escaped for a message.
fn excerpt(text: &str) -> String {
    let beginning: String = text.chars().take(80).collect();
    let end = if beginning.len() < text.len() { "…" } else { "" };
    format!("{}{end}", beginning.escape_debug())
}

/// Formats an error of clap on one line.
pub(super) fn one_line(error: &clap::Error) -> String {
    let text = error.to_string();
    let ends = |line: &&str| !line.starts_with("Usage:") && !line.starts_with("For more information");
    let lines = text.lines().map(str::trim).take_while(ends).filter(|line| !line.is_empty());
    let mut message = String::new();
    for line in lines {
        message.push_str(match (message.is_empty(), line.starts_with('[')) {
            (true, _) => "",
            (false, true) => " ",
            (false, false) => "; ",
        });
        message.push_str(line.trim_start_matches("error: "));
    }
    message
}

fn argument<'a>(command: &'a Command, name: &str) -> Option<&'a Arg> {
    command.get_arguments().find(|argument| argument.get_long() == Some(name))
}

/// Checks one key in line `line`. The error is the problem without the name of the key.
fn parse_setting(
    key: &str,
    value: &Spanned<DeValue>,
    line: usize,
    command: &Command,
) -> std::result::Result<Setting, String> {
    let name = key.replace('_', "-");
    if COMMAND_LINE_ONLY.contains(&name.as_str()) {
        return Err("cannot be set in a file; use the command line".into());
    }
    let Some(argument) = argument(command, &name) else {
        return Err(match value.get_ref() {
            DeValue::Table(_) => "is a table; expected top-level keys, such as epochs = 100".into(),
            _ => unknown_key(&name, command),
        });
    };
    let flag = flag(argument, &name, value.get_ref())?;
    if let Some(flag) = &flag {
        let parsed = command.clone().try_get_matches_from([OsString::from(flag), "DATA".into()]);
        if let Err(error) = parsed
            // Errors that depend on other flags are reported once all flags are known.
            && !matches!(error.kind(), ErrorKind::ArgumentConflict | ErrorKind::MissingRequiredArgument)
        {
            return Err(one_line(&error));
        }
    }
    Ok(Setting { name, line, flag })
}

/// Returns the problem with a key that is not a flag of `vgae train`.
fn unknown_key(name: &str, command: &Command) -> String {
    if let Some(new) = renamed_flags::new_name("train", &format!("--{name}")) {
        return format!("was renamed; use {} instead", new.trim_start_matches('-'));
    }
    let asked = command.clone().try_get_matches_from([format!("--{name}")]);
    let suggested = asked.err().and_then(|error| match error.get(ContextKind::SuggestedArg) {
        Some(ContextValue::String(flag)) => Some(flag.trim_start_matches('-').to_string()),
        _ => None,
    });
    let problem = "is not a flag of `vgae train`";
    match suggested.filter(|flag| !COMMAND_LINE_ONLY.contains(&flag.as_str())) {
        Some(flag) => format!("{problem}; did you mean {flag}?"),
        None => format!("{problem}; expected a flag without dashes, such as val-fraction"),
    }
}

/// Returns the flag that sets `argument` to `value`; `None` for a switch that is off.
fn flag(argument: &Arg, name: &str, value: &DeValue) -> std::result::Result<Option<String>, String> {
    let takes_values = argument.get_action().takes_values();
    let is_switch = !takes_values || argument.get_num_args().is_some_and(|range| range.min_values() == 0);
    let (is_integer, is_number) = (is_integer(argument.get_value_parser()), is_number(argument));
    let set = |text: &str| Ok(Some(format!("--{name}={text}")));
    match value {
        DeValue::Boolean(true) if is_switch => Ok(Some(format!("--{name}"))),
        DeValue::Boolean(false) if is_switch => Ok(None),
        DeValue::Integer(number) if takes_values => {
            match i128::from_str_radix(number.as_str(), number.radix()) {
                Ok(number) => set(&number.to_string()),
                Err(_) => set(number.as_str()),
            }
        }
        DeValue::Float(number) if takes_values && !is_integer => set(number.as_str()),
        DeValue::String(text) if takes_values && !is_number => set(text),
        other => {
            let options: Vec<String> = argument
                .get_possible_values()
                .iter()
                .map(|value| format!("\"{}\"", value.get_name()))
                .collect();
            let expected = match (takes_values, is_integer, is_number) {
                (false, ..) => "true or false".into(),
                (_, true, _) => "a whole number".into(),
                (_, _, true) => "a number".into(),
                _ if !options.is_empty() => format!("one of {}", options.join(", ")),
                _ if is_switch => "a string, true or false".into(),
                _ => "a string".into(),
            };
            let found = match other {
                DeValue::String(text) => format!("the string \"{text}\""),
                DeValue::Integer(number) => format!("the number {}", number.as_str()),
                DeValue::Float(number) => format!("the number {}", number.as_str()),
                DeValue::Boolean(value) => value.to_string(),
                DeValue::Array(_) => "an array".into(),
                DeValue::Table(_) => "a table".into(),
                DeValue::Datetime(_) => "a date or a time".into(),
            };
            Err(format!("is {found}; expected {expected}"))
        }
    }
}

fn is_integer(parser: &ValueParser) -> bool {
    let types = [
        TypeId::of::<usize>(),
        TypeId::of::<u64>(),
        TypeId::of::<u32>(),
        TypeId::of::<u16>(),
        TypeId::of::<i64>(),
    ];
    types.iter().any(|id| parser.type_id() == *id)
}

fn is_number(argument: &Arg) -> bool {
    let parser = argument.get_value_parser();
    is_integer(parser) || parser.type_id() == TypeId::of::<f64>()
}
