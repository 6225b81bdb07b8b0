//! Settings files: the TOML that `vgae train --config` reads, with the flags of `vgae train` as keys.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use serde_json::Value;
use toml::de::{DeTable, DeValue};
use vgae::config::Config;

use crate::renamed_flags;
use crate::{Error, Result};

/// The settings in a file, which lie under those of the command line.
///
/// # Examples
/// ```
/// use vgae::config::Config;
/// use vgae_cli::settings_file::SettingsFile;
///
/// # let directory = tempfile::tempdir().unwrap();
/// # let path = directory.path().join("run.toml");
/// std::fs::write(&path, "epochs = 20\nval-fraction = 0.2\n").unwrap();
/// let file = SettingsFile::read(&path)?;
/// let config = file.lay_under(&Config::default(), |flag| flag == "epochs")?;
/// assert_eq!((config.epochs(), config.split.val_fraction), (200, 0.2));
/// # Ok::<(), vgae_cli::Error>(())
/// ```
pub struct SettingsFile {
    path: PathBuf,
    settings: Vec<Setting>,
}

/// A key of the file and its value.
struct Setting {
    /// The name of the flag, without dashes before it.
    flag: String,
    /// The line in the file, counted from 1.
    line: usize,
    value: Value,
    /// The value as on a command line.
    text: String,
}

/// The flags that cannot be set in a file, because they do not affect the result or are specific to one run.
const COMMAND_LINE_ONLY: [&str; 13] = [
    "data",
    "config",
    "dry-run",
    "no-report",
    "output",
    "resume",
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

/// The flag that names a directory with a split, which is not a part of [`Config`].
const SPLIT: &str = "split";

impl SettingsFile {
    /// Reads the file at `path`, or stdin for `-`, and checks each setting.
    ///
    /// # Errors
    /// [`vgae::Error::Io`] if it cannot be read; [`Error::Usage`] with the line and the key if it is invalid.
    pub fn read(path: &Path) -> Result<Self> {
        let mut file = SettingsFile { path: path.to_path_buf(), settings: Vec::new() };
        let opened: io::Result<Box<dyn Read>> = match path == Path::new("-") {
            true => Ok(Box::new(io::stdin())),
            false => File::open(path).map(|file| Box::new(file) as Box<dyn Read>),
        };
        let mut text = String::new();
        opened
            .and_then(|file| file.take(MAX_BYTES + 1).read_to_string(&mut text))
            .map_err(|source| vgae::Error::io("read", path, source))?;
        if text.len() as u64 > MAX_BYTES {
            let problem = format!("has more than {MAX_BYTES} bytes; expected a file of settings");
            return Err(Error::Usage(format!("{}: {problem}", file.name())));
        }
        let line = |at: usize| 1 + text[..at.min(text.len())].matches('\n').count();
        let table = DeTable::parse(&text).map_err(|error| {
            let line = line(error.span().map_or(0, |span| span.start));
            let found = excerpt(text.lines().nth(line - 1).unwrap_or_default().trim());
            file.error(line, &format!("{}; found \"{found}\"", error.message().replace('\n', "; ")))
        })?;
        let mut entries: Vec<_> = table.get_ref().iter().collect();
        entries.sort_by_key(|(key, _)| key.span().start);
        for (key, value) in entries {
            let line = line(key.span().start);
            let setting = check(key.get_ref(), value.get_ref(), line)
                .map_err(|problem| file.error(line, &format!("{}: {problem}", excerpt(key.get_ref()))))?;
            if let Some(first) = file.settings.iter().find(|first| first.flag == setting.flag) {
                let problem = format!("{}: already set in line {}", excerpt(key.get_ref()), first.line);
                return Err(file.error(line, &problem));
            }
            file.settings.push(setting);
        }
        Ok(file)
    }

    /// Returns the flags that the file sets.
    pub fn flags(&self) -> impl Iterator<Item = &str> {
        self.settings.iter().map(|setting| setting.flag.as_str())
    }

    /// Returns `given` with the settings of the file, except those whose flag `is_overridden`.
    ///
    /// # Errors
    /// [`Error::Usage`] if a number of `given` is not finite, or the settings do not fit together.
    pub fn lay_under(&self, given: &Config, is_overridden: impl Fn(&str) -> bool) -> Result<Config> {
        let mut all = as_json(given);
        // JSON has no NaN and no infinity: they would come back as a default. No setting allows them.
        if !is_kept_by(&all, given) {
            given.validate()?;
        }
        let used = |flag: &str| flag != SPLIT && !is_overridden(flag);
        for setting in self.settings.iter().filter(|setting| used(&setting.flag)) {
            if let Some(place) = place(&mut all, &setting.flag) {
                *place = setting.value.clone();
            }
        }
        let mut config: Config =
            serde_json::from_value(all).map_err(|error| Error::Usage(format!("{}: {error}", self.name())))?;
        // JSON does not hold these two exactly: a path may not be UTF-8, and a size is rounded.
        if !self.flags().any(|flag| flag == "features" && used(flag)) {
            config.read.features = given.read.features.clone();
        }
        if !self.flags().any(|flag| flag == "memory-limit" && used(flag)) {
            config.train.memory_limit = given.train.memory_limit;
        }
        Ok(config)
    }

    /// Returns the directory of the split, if the file names one.
    pub fn split(&self) -> Option<PathBuf> {
        let split = self.settings.iter().find(|setting| setting.flag == SPLIT);
        split.map(|setting| PathBuf::from(&setting.text))
    }

    /// Returns the settings as the words of a command line, except those whose flag `is_overridden`.
    pub fn words(&self, is_overridden: impl Fn(&str) -> bool) -> Vec<String> {
        let used = self.settings.iter().filter(|setting| !is_overridden(&setting.flag));
        let word = |Setting { flag, value, text, .. }: &Setting| match value {
            Value::Bool(is_on) => is_on.then(|| format!("--{flag}")),
            _ => Some(format!("--{flag}={text}")),
        };
        used.filter_map(word).collect()
    }

    /// Adds to `error` the lines in which the file sets the flags that it mentions.
    pub fn explain(&self, error: Error) -> Error {
        let Error::Usage(problem) = error else { return error };
        let is_named = |setting: &&Setting| {
            problem
                .split(|c: char| !c.is_alphanumeric() && c != '-')
                .any(|word| word.strip_prefix("--").is_some_and(|flag| flag == setting.flag))
        };
        let lines: Vec<String> = self
            .settings
            .iter()
            .filter(is_named)
            .map(|Setting { flag, line, .. }| format!("{}:{line} sets {flag}", self.name()))
            .collect();
        match lines.is_empty() {
            true => Error::Usage(problem),
            false => Error::Usage(format!("{problem} ({})", lines.join(", "))),
        }
    }

    fn error(&self, line: usize, problem: &str) -> Error {
        Error::Usage(format!("{}:{line}: {problem}", self.name()))
    }

    fn name(&self) -> String {
        if self.path == Path::new("-") { "stdin".into() } else { self.path.display().to_string() }
    }
}

/// Returns the beginning of a text, escaped for a message.
fn excerpt(text: &str) -> String {
    let beginning: String = text.chars().take(80).collect();
    let end = if beginning.len() < text.len() { "…" } else { "" };
    format!("{}{end}", beginning.escape_debug())
}

/// Returns `true` if `json` gives the numbers of `config` back.
fn is_kept_by(json: &Value, config: &Config) -> bool {
    serde_json::from_value::<Config>(json.clone()).is_ok_and(|mut again| {
        again.read.features = config.read.features.clone();
        again.train.memory_limit = config.train.memory_limit;
        again == *config
    })
}

fn as_json(config: &Config) -> Value {
    serde_json::to_value(config).unwrap_or_default()
}

/// Returns the value of `flag` in `config`, whose settings are grouped; the file knows no groups.
fn place<'a>(config: &'a mut Value, flag: &str) -> Option<&'a mut Value> {
    let field = flag.replace('-', "_");
    let groups = config.as_object_mut()?;
    if groups.get(&field).is_some_and(|value| !value.is_object()) {
        return groups.get_mut(&field);
    }
    groups.values_mut().find_map(|group| group.as_object_mut()?.get_mut(&field))
}

/// Checks one key in line `line`. The error is the problem without the name of the key.
fn check(key: &str, value: &DeValue, line: usize) -> std::result::Result<Setting, String> {
    let flag = key.replace('_', "-");
    if COMMAND_LINE_ONLY.contains(&flag.as_str()) {
        return Err("cannot be set in a file; use the command line".into());
    }
    let (mut json, text) = converted(value);
    if flag == SPLIT {
        return match json {
            Value::String(_) => Ok(Setting { flag, line, value: json, text }),
            _ => Err(format!("is {}; expected a string", described(value))),
        };
    }
    let Some(default) = place(&mut as_json(&Config::default()), &flag).cloned() else {
        return Err(match value {
            DeValue::Table(_) => "is a table; expected top-level keys, such as epochs = 100".into(),
            _ => unknown_key(&flag),
        });
    };
    if let Err(expected) = parses(&flag, &json) {
        // Some settings are numbers or words, such as `kl-weight`, and are words to serde.
        let as_word = Value::String(text.clone());
        let expected = match json.is_number() && !default.is_number() {
            false => Some(expected),
            // The second error is the better one if the setting can be a word.
            true if expected == "a string" => parses(&flag, &as_word).err(),
            true => parses(&flag, &as_word).err().map(|_| expected),
        };
        match expected {
            None => json = as_word,
            Some(expected) => return Err(format!("is {}; expected {expected}", described(value))),
        }
    }
    Ok(Setting { flag, line, value: json, text })
}

/// Parses `value` as the value of `flag`. The error says what is expected.
fn parses(flag: &str, value: &Value) -> std::result::Result<(), String> {
    let mut config = as_json(&Config::default());
    if let Some(place) = place(&mut config, flag) {
        *place = value.clone();
    }
    let Err(error) = serde_json::from_value::<Config>(config) else { return Ok(()) };
    let message = error.to_string();
    let expected = message.rsplit_once("expected ").map_or(message.as_str(), |(_, expected)| expected);
    Err(match expected {
        // serde names the words only where it finds another word.
        "string or map" => match parses(flag, &Value::String(String::new())) {
            Err(expected) => expected,
            Ok(()) => "a string".into(),
        },
        "usize" | "u64" | "u32" => "a whole number of at least 0".into(),
        "f64" => "a number".into(),
        "a boolean" => "true or false".into(),
        "parsable string" | "an integer or string" | "integer overflow" => {
            "a size, as in 4GB or 512MiB".into()
        }
        expected => expected.into(),
    })
}

/// Returns the problem with a key that is not a flag of `vgae train`.
fn unknown_key(flag: &str) -> String {
    if let Some(new) = renamed_flags::new_name("train", &format!("--{flag}")) {
        return format!("was renamed; use {new} instead", new = new.trim_start_matches('-'));
    }
    let mut fields = vec![SPLIT.to_string()];
    for (name, value) in as_json(&Config::default()).as_object().into_iter().flatten() {
        match value.as_object() {
            Some(group) => fields.extend(group.keys().map(|field| field.replace('_', "-"))),
            None => fields.push(name.replace('_', "-")),
        }
    }
    let similarity = |field: &String| strsim::jaro(flag, field);
    let similar = fields.iter().filter(|field| similarity(field) > 0.7);
    let problem = "is not a flag of `vgae train`";
    match similar.max_by(|a, b| similarity(a).total_cmp(&similarity(b))) {
        Some(field) => format!("{problem}; did you mean {field}?"),
        None => format!("{problem}; expected a flag without dashes, such as val-fraction"),
    }
}

/// Converts a value to JSON and to a word of a command line. What JSON has no numbers for stays a string.
fn converted(value: &DeValue) -> (Value, String) {
    match value {
        DeValue::Boolean(value) => (Value::Bool(*value), value.to_string()),
        DeValue::Integer(number) => {
            let parsed = i128::from_str_radix(number.as_str(), number.radix()).ok();
            let text = parsed.map_or(number.as_str().to_string(), |number| number.to_string());
            let json = parsed.and_then(serde_json::Number::from_i128);
            (json.map_or(Value::String(text.clone()), Value::Number), text)
        }
        DeValue::Float(number) => {
            let text = number.as_str().to_string();
            let json = text.parse().ok().and_then(serde_json::Number::from_f64);
            (json.map_or(Value::String(text.clone()), Value::Number), text)
        }
        DeValue::String(text) => (Value::String(text.to_string()), text.to_string()),
        DeValue::Array(_) => (Value::Array(Vec::new()), String::new()),
        DeValue::Table(_) => (Value::Object(serde_json::Map::new()), String::new()),
        DeValue::Datetime(time) => (Value::Array(Vec::new()), time.to_string()),
    }
}

fn described(value: &DeValue) -> String {
    match value {
        DeValue::String(text) => format!("the string \"{}\"", excerpt(text)),
        DeValue::Integer(number) => format!("the number {}", number.as_str()),
        DeValue::Float(number) => format!("the number {}", number.as_str()),
        DeValue::Boolean(value) => value.to_string(),
        DeValue::Array(_) => "an array".into(),
        DeValue::Table(_) => "a table".into(),
        DeValue::Datetime(_) => "a date or a time".into(),
    }
}
