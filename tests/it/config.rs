//! The configuration: every option by every way, what is wrong said with its line, and what a running server takes over.

use std::ffi::OsStr;
use std::path::Path;
use std::process::Output;

use clap::{Args, Command};
use nebulusdb::config::{DEFAULT_FILE, FileOptions, Flags, section_of};
use nebulusdb::telemetry;

use crate::harness::{Launch, program};

/// Attempts at what a signal brings about, each of which takes a connection.
const ATTEMPTS_MAX: usize = 10_000;

/// The options of the default file, with their values, but for what this build refuses.
fn examples() -> Vec<(&'static str, &'static str)> {
    let options = DEFAULT_FILE.lines().filter_map(|line| line.strip_prefix("# ")?.split_once(" = "));
    let is_built_in = |name: &str| name != "otlp_endpoint" || telemetry::IS_BUILT_IN;
    options.filter(|(name, _)| FileOptions::NAMES.contains(name) && is_built_in(name)).collect()
}

/// A value of TOML as flags and variables take it.
fn plain(value: &str) -> String {
    value.trim_matches(['[', ']']).split(", ").map(|part| part.trim_matches('"')).collect::<Vec<_>>().join(",")
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr)
}

/// What `nebulusdb config` says, in a home of its own.
fn config(home: &Path, arguments: &[&str], variables: &[(String, String)]) -> Output {
    let mut command = program();
    command.env("HOME", home).env_remove("XDG_CONFIG_HOME").envs(variables.iter().cloned());
    command.arg("config").args(arguments).output().expect("the program runs")
}

#[test]
fn every_option_is_a_flag_a_variable_and_a_line_of_the_file() {
    let command = Flags::augment_args(Command::new("serve"));
    for name in FileOptions::NAMES {
        let argument = command.get_arguments().find(|argument| argument.get_id().as_str() == *name);
        let argument = argument.unwrap_or_else(|| panic!("{name} is no flag"));
        assert_eq!(argument.get_long(), Some(name.replace('_', "-").as_str()));
        let variable = format!("NEBULUSDB_{}", name.to_uppercase());
        assert_eq!(argument.get_env(), Some(OsStr::new(&variable)));
    }
    let others = command.get_arguments().map(|argument| argument.get_id().as_str());
    let others: Vec<&str> = others.filter(|name| !FileOptions::NAMES.contains(name)).collect();
    assert_eq!(others, ["config"], "every flag is an option of the file");

    let directory = tempfile::tempdir().expect("a directory");
    let shown = |arguments: &[&str], variables: &[(String, String)], from: &str| {
        let text = said(&config(directory.path(), arguments, variables));
        for (name, value) in examples() {
            let line = format!("{name} = {value}  # {from}");
            assert!(text.lines().any(|shown| shown == line), "{line} is missing in:\n{text}");
        }
    };
    let flags: Vec<String> =
        examples().iter().map(|(name, value)| format!("--{}={}", name.replace('_', "-"), plain(value))).collect();
    let flags: Vec<&str> = ["show"].into_iter().chain(flags.iter().map(String::as_str)).collect();
    shown(&flags, &[], "flag or variable");
    let variable = |(name, value): &(&str, &str)| (format!("NEBULUSDB_{}", name.to_uppercase()), plain(value));
    shown(&["show"], &examples().iter().map(variable).collect::<Vec<_>>(), "flag or variable");
    let file = directory.path().join("all.toml");
    let line = |(name, value): &(&str, &str)| {
        let section = section_of(name).map_or(String::new(), |section| format!("[{section}]\n"));
        format!("{section}{name} = {value}\n")
    };
    let lines: Vec<String> = examples().iter().map(line).collect();
    std::fs::write(&file, lines.concat()).expect("a file");
    shown(&["show", "--config", &file.to_string_lossy()], &[], "file");
    assert_eq!(said(&config(directory.path(), &["default"], &[])), DEFAULT_FILE);
    let none = said(&config(directory.path(), &["show"], &[]));
    assert!(none.contains("# there is no file\n") && none.contains("# data_dir is not set\n"), "{none}");
}

#[test]
fn check_says_all_that_is_wrong_with_line_numbers() {
    let directory = tempfile::tempdir().expect("a directory");
    let file = directory.path().join("nebulusdb.toml");
    let check = |text: &str| {
        std::fs::write(&file, text).expect("a file");
        let output = config(directory.path(), &["check", &file.to_string_lossy()], &[]);
        (output.status.success(), said(&output).replace(&file.display().to_string(), "FILE"))
    };
    assert_eq!(check("log = \"warn\"\n"), (true, "FILE: ok\n".to_string()));
    assert_eq!(check(DEFAULT_FILE), (true, "FILE: ok\n".to_string()));
    let (is_sound, text) = check(
        "# mine\ncahce_mb = 64\nlisten = \"5433\"\nmemory_mb = 1\nlog_format = \"xml\"\nlog = \"info,nebulusdb=loud\"\n\
         tls_cert = \"/nowhere/cert.pem\"\nvault_passphrase_file = \"/nowhere/passphrase\"\np2p_listen = [\"tcp\"]\n",
    );
    assert!(!is_sound);
    for part in [
        "FILE: line 2: there is no option \"cahce_mb\". Did you mean cache_mb?",
        "FILE: line 3: listen is \"5433\", which is no address with a port",
        "FILE: line 4: memory_mb is 1; it must be from 16 to 1048576",
        "FILE: line 5: log_format: unknown variant `xml`",
        "FILE: line 6: log: ",
        "FILE: line 7: TLS needs both a certificate and its key",
        "FILE: line 8: vault_passphrase_file: ",
        "FILE: line 9: p2p_listen: ",
        "\n8 problems\n",
    ] {
        assert!(text.contains(part), "{part} is missing in:\n{text}");
    }
    assert!(check("listen = \n").1.contains("FILE: line 1: "));
    let (_, missing) = check("");
    assert_eq!(missing, "FILE: ok\n");
}

#[test]
fn a_server_refuses_a_name_that_it_does_not_know_with_the_nearest_one() {
    let directory = tempfile::tempdir().expect("a directory");
    let file = directory.path().join("nebulusdb.toml");
    std::fs::write(&file, "cache_mb = 64\ntrust-local = true\nfsnyc = \"off\"\n").expect("a file");
    let launch = Launch::on(&directory.path().join("data")).with(&["--config", &file.to_string_lossy()]);
    let said = launch.try_start().err().expect("a refusal");
    assert!(
        said.contains("line 2: there is no option \"trust-local\"") && said.contains("mean trust_local?"),
        "{said}"
    );
    assert!(said.contains("line 3: there is no option \"fsnyc\". Did you mean fsync?"), "{said}");
}

#[test]
fn sighup_takes_over_what_can_change_and_names_what_cannot() {
    let directory = tempfile::tempdir().expect("a directory");
    let file = directory.path().join("nebulusdb.toml");
    std::fs::write(&file, "trust_local = false\n").expect("a file");
    let mut launch = Launch::on(&directory.path().join("data")).with(&["--config", &file.to_string_lossy()]);
    launch.trust_local = false;
    let server = launch.start();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let text = format!("host=127.0.0.1 port={} user=nebulus dbname=nebulus", server.address.port());
    let connects = || runtime.block_on(tokio_postgres::connect(&text, tokio_postgres::NoTls)).is_ok();
    assert!(!connects(), "a password is needed");
    let new = "trust_local = true\nslow_statement_ms = 1\nidle_transaction_max_s = 60\nlogin_time_max_s = 20\n\
               memory_mb = 99\ncache_mb = 99\n";
    std::fs::write(&file, new).expect("a file");
    server.hang_up();
    assert!((0..ATTEMPTS_MAX).any(|_| connects()), "{}", server.log());
    let mut client = server.client();
    for _ in 0..ATTEMPTS_MAX {
        if server.log().contains("was read again") {
            break;
        }
        client.run("SELECT 1");
    }
    client.run("SELECT pg_sleep(0.01)");
    let log = server.log();
    for told in [
        "trust_local is true now",
        "slow_statement_ms is 1 now",
        "idle_transaction_max_s is 60 now",
        "login_time_max_s is 20 now",
        "memory_mb counts from the next start on",
        "cache_mb counts from the next start on",
        "slow statement",
    ] {
        assert!(log.contains(told), "{told}: {log}");
    }
}

#[test]
fn an_endpoint_of_traces_is_refused_by_a_build_without_them() {
    let directory = tempfile::tempdir().expect("a directory");
    let file = directory.path().join("nebulusdb.toml");
    std::fs::write(&file, "[telemetry]\notlp_endpoint = \"http://127.0.0.1:4318\"\n").expect("a file");
    let output = config(directory.path(), &["check", &file.to_string_lossy()], &[]);
    assert_eq!(output.status.success(), telemetry::IS_BUILT_IN, "{}", said(&output));
    if !telemetry::IS_BUILT_IN {
        let text = said(&output);
        assert!(text.contains("line 2: otlp_endpoint is set") && text.contains("--features otel"), "{text}");
    }
}
