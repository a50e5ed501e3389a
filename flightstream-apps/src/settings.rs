//! Settings from three places: a flag wins over an environment variable, which wins over `flightstream.toml`.
//!
//! The file's values become the options' defaults before the command line is parsed, so there is one definition of each
//! option and one check of its value.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{Arg, Command, CommandFactory, FromArgMatches};
use toml::{Table, Value};

use crate::cli::Cli;

const DEFAULT_FILE: &str = "flightstream.toml";

/// Parses the command line over the environment over the settings file.
pub(crate) fn parse(args: impl IntoIterator<Item = OsString>) -> Result<Cli, clap::Error> {
    let args: Vec<OsString> = args.into_iter().collect();
    let mut command = Cli::command();
    let file = settings_file(&args);
    if let Some(path) = &file {
        let table = read(path).map_err(|message| command.error(ErrorKind::Io, message))?;
        refuse_unknown(&command, &table)
            .map_err(|key| format!("{}: there is no setting {key:?}", path.display()))
            .map_err(|message| command.error(ErrorKind::UnknownArgument, message))?;
        command = with_defaults(command, &table, &Table::new());
    }
    let parsed = command
        .try_get_matches_from_mut(&args)
        .and_then(|matches| Cli::from_arg_matches(&matches));
    parsed.map_err(|error| name_origin(error, &args, file.as_deref()))
}

/// `--config FILE`, else `FLIGHTSTREAM_CONFIG`, else `flightstream.toml` here if there is one.
fn settings_file(args: &[OsString]) -> Option<PathBuf> {
    let mut args = args.iter();
    while let Some(arg) = args.next() {
        match arg.to_str() {
            Some("--config") => return args.next().map(PathBuf::from),
            Some(arg) => {
                if let Some(path) = arg.strip_prefix("--config=") {
                    return Some(PathBuf::from(path));
                }
            }
            None => {}
        }
    }
    let named = std::env::var_os("FLIGHTSTREAM_CONFIG").map(PathBuf::from);
    named.or_else(|| Some(PathBuf::from(DEFAULT_FILE)).filter(|path| path.exists()))
}

fn read(path: &Path) -> Result<Table, String> {
    let text = std::fs::read_to_string(path)
        .map_err(|error| format!("cannot read the settings file {}: {error}", path.display()))?;
    text.parse().map_err(|error: toml::de::Error| {
        // Without the line's text, which may hold a password.
        let before = error.span().and_then(|span| text.get(..span.start));
        let line = before.map_or(1, |before| before.matches('\n').count() + 1);
        let message = error.message();
        format!(
            "{} is not valid TOML: line {line}: {message}",
            path.display()
        )
    })
}

/// A key is an option of some subcommand, or a subcommand with a table of its own options.
fn refuse_unknown(command: &Command, table: &Table) -> Result<(), String> {
    let options = all_options(command);
    for (key, value) in table {
        let subcommand = command
            .get_subcommands()
            .find(|subcommand| subcommand.get_name() == key);
        match (subcommand, value) {
            (Some(subcommand), Value::Table(inner)) => {
                refuse_unknown(subcommand, inner).map_err(|inner| format!("{key}.{inner}"))?;
            }
            _ if options.contains(key) => {}
            _ => return Err(key.clone()),
        }
    }
    Ok(())
}

fn all_options(command: &Command) -> BTreeSet<String> {
    let own = command
        .get_arguments()
        .filter_map(Arg::get_long)
        .map(ToOwned::to_owned);
    own.chain(command.get_subcommands().flat_map(all_options))
        .collect()
}

/// The command with the file's values as defaults: those of its own table, else those of the tables around it.
fn with_defaults(command: Command, table: &Table, around: &Table) -> Command {
    let mut values = around.clone();
    values.extend(
        table
            .iter()
            .map(|(key, value)| (key.clone(), value.clone())),
    );
    let command = command.mut_args(
        |arg| match arg.get_long().and_then(|long| values.get(long)) {
            Some(value) => {
                let hides = arg.is_hide_env_values_set();
                let arg = arg.default_value(text(value)).required(false);
                arg.hide_default_value(hides)
            }
            None => arg,
        },
    );
    command.mut_subcommands(|subcommand| {
        let inner = table.get(subcommand.get_name()).and_then(Value::as_table);
        let inner = inner.cloned().unwrap_or_default();
        with_defaults(subcommand, &inner, &values)
    })
}

fn text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

/// Adds to a message about a value where that value came from.
fn name_origin(mut error: clap::Error, args: &[OsString], file: Option<&Path>) -> clap::Error {
    if !matches!(
        error.kind(),
        ErrorKind::ValueValidation | ErrorKind::InvalidValue
    ) {
        return error;
    }
    let Some(ContextValue::String(arg)) = error.get(ContextKind::InvalidArg) else {
        return error;
    };
    let Some(flag) = arg
        .split_whitespace()
        .next()
        .filter(|flag| flag.starts_with("--"))
    else {
        return error;
    };
    let variable = format!(
        "FLIGHTSTREAM_{}",
        flag.trim_start_matches('-')
            .replace('-', "_")
            .to_uppercase()
    );
    let on_command_line = args.iter().filter_map(|arg| arg.to_str()).any(|arg| {
        arg.strip_prefix(flag)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with('='))
    });
    let origin = if on_command_line {
        return error;
    } else if std::env::var_os(&variable).is_some() {
        format!("the environment variable {variable}")
    } else if let Some(file) = file {
        file.display().to_string()
    } else {
        return error;
    };
    let named = ContextValue::String(format!("{arg}' from '{origin}"));
    error.insert(ContextKind::InvalidArg, named);
    error
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli;

    fn with_file(content: &str, args: &[&str]) -> Result<Cli, String> {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("settings.toml");
        std::fs::write(&path, content).unwrap();
        let config = format!("--config={}", path.display());
        let args = ["flightstream", &config]
            .into_iter()
            .chain(args.iter().copied());
        parse(args.map(OsString::from)).map_err(|error| error.to_string())
    }

    fn run(cli: Cli) -> Box<cli::Run> {
        match cli.command {
            cli::Command::Run(run) => run,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn the_file_gives_defaults_and_a_flag_wins() {
        let file = "aircraft = 7\nlisten = '127.0.0.1:9'\n[run]\nseed = 3\ndirt = true\n";
        let options = run(with_file(file, &["run", "--aircraft", "8"]).unwrap());
        assert_eq!(options.simulated.aircraft, 8);
        assert_eq!(options.simulated.seed, 3);
        assert!(options.simulated.dirt);
        assert_eq!(options.serving.listen.port(), 9);
    }

    #[test]
    fn an_unknown_key_is_named_with_its_file() {
        let message = with_file("[produce.simulate]\naircrafts = 7\n", &["run"]).unwrap_err();
        assert!(
            message.contains("\"produce.simulate.aircrafts\""),
            "{message}"
        );
        assert!(message.contains("settings.toml"), "{message}");
    }

    #[test]
    fn a_wrong_value_is_named_with_its_file() {
        let message = with_file("partitions = 'many'\n", &["run"]).unwrap_err();
        assert!(message.contains("--partitions"), "{message}");
        assert!(message.contains("many"), "{message}");
        assert!(message.contains("settings.toml"), "{message}");
    }

    #[test]
    fn what_is_not_toml_is_refused() {
        let message = with_file("listen = \n", &["run"]).unwrap_err();
        assert!(message.contains("is not valid TOML"), "{message}");
    }
}
