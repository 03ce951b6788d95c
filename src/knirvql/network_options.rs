//! Options of networks and attachments: from `name = value` to what `model` keeps, names, types and ranges checked.

use crate::error::{Error, ErrorKind, Result};
use crate::knirvql::ast::{AstText, Literal, NetworkOption};
use crate::model::{NetworkOptions, Replication, Who};

/// The posting network whose entries of these classes are staged when they are written, unless its options say otherwise.
const KNIRVGRAPH: &str = "knirvgraph";
const KNIRVGRAPH_CLASSIFICATIONS: [&str; 3] = ["Error", "Context", "Idea"];

/// Options of CREATE and JOIN besides the secret, and of ALTER NETWORK … SET.
const OPTIONS: [&str; 13] = [
    "sync_interval_ms",
    "private_by_default",
    "auto_post_classifications",
    "posting_url",
    "replication",
    "replication_factor",
    "keep_own",
    "mdns",
    "log_bytes_max",
    "log_age_max_s",
    "max_clock_drift_ms",
    "messages_per_second_max",
    "stability_timeout_s",
];

const DAY_MS: u64 = 24 * 3600 * 1000;
const SYNC_INTERVAL_MS_MIN: u64 = 10;
const SYNC_INTERVAL_MS_MAX: u64 = DAY_MS;
const LOG_BYTES_MIN: u64 = 4096;
/// A pebibyte: beyond any disk, within an int8.
const LOG_BYTES_MAX: u64 = 1 << 50;
const LOG_AGE_S_MIN: u64 = 1;
/// Ten years.
const LOG_AGE_S_MAX: u64 = 10 * 366 * 24 * 3600;
/// One for each member of the largest network.
const REPLICATION_FACTOR_MAX: u64 = 16_384;
const CLOCK_DRIFT_MS_MIN: u64 = 1;
const CLOCK_DRIFT_MS_MAX: u64 = DAY_MS;
const MESSAGES_PER_SECOND_MIN: u64 = 1;
const MESSAGES_PER_SECOND_MAX: u64 = 1_000_000;
/// Most classes that `auto_post_classifications` may name.
const CLASSIFICATIONS_MAX: usize = 64;
/// Longest name of a class, in bytes.
const CLASSIFICATION_BYTES_MAX: usize = 128;
/// Longest URL, in bytes.
const URL_BYTES_MAX: usize = 2048;

/// What is said of a network that is made or joined.
#[derive(Debug)]
pub struct NewNetwork {
    pub options: NetworkOptions,
    pub secret: Option<AstText>,
    /// The peer that founded the network that is joined.
    pub owner: Option<String>,
}

/// The options of a new network, and its secret and its owner where they are given.
///
/// # Errors
/// 22023 for an option that does not exist or a value it cannot take, 0A000 for a replication that is not offered.
pub fn of_new_network(network: &str, options: &[NetworkOption]) -> Result<NewNetwork> {
    let (mut secret, mut owner) = (None, None);
    let mut result = NetworkOptions::default();
    if network.eq_ignore_ascii_case(KNIRVGRAPH) {
        result.auto_post_classifications = KNIRVGRAPH_CLASSIFICATIONS.map(String::from).to_vec();
    }
    for option in options {
        if option.name == "secret" {
            secret = Some(AstText::secret(text(option)?.value.as_str()));
        } else if option.name == "owner" {
            owner = Some(text(option)?.value.clone());
        } else {
            set(&mut result, option, &["secret", "owner"])?;
        }
    }
    Ok(NewNetwork { options: result, secret, owner })
}

/// The options of a network with some of them changed.
///
/// # Errors
/// As [`of_new_network`]; the secret is changed by ROTATE SECRET.
pub fn changed(current: &NetworkOptions, options: &[NetworkOption]) -> Result<NetworkOptions> {
    let mut result = current.clone();
    for option in options {
        if option.name == "secret" {
            return Err(Error::new(ErrorKind::InvalidParameterValue, "the secret of a network is no option to set")
                .with_hint("ALTER NETWORK name ROTATE SECRET gives it a new one, and a new key."));
        }
        set(&mut result, option, &[])?;
    }
    Ok(result)
}

/// What is said of an attachment; `None` for what is not.
#[derive(Debug, Default)]
pub struct AttachmentOptions {
    pub private_by_default: Option<bool>,
    /// Who may change, and who may delete entries of others.
    pub rights: (Option<Who>, Option<Who>),
}

/// The options of an attachment.
///
/// # Errors
/// 22023.
pub fn of_attachment(options: &[NetworkOption]) -> Result<AttachmentOptions> {
    let mut result = AttachmentOptions::default();
    for option in options {
        match option.name.as_str() {
            "private_by_default" => result.private_by_default = Some(boolean(option)?),
            "writers" => result.rights.0 = Some(who(option)?),
            "deleters" => result.rights.1 = Some(who(option)?),
            _ => return Err(unknown(option, &["private_by_default", "writers", "deleters"])),
        }
    }
    Ok(result)
}

/// Who may change, and who may delete entries of others, where it is said.
///
/// # Errors
/// 22023.
pub fn of_rights(options: &[NetworkOption]) -> Result<(Option<Who>, Option<Who>)> {
    if let Some(option) = options.iter().find(|option| !["writers", "deleters"].contains(&option.name.as_str())) {
        return Err(unknown(option, &["writers", "deleters"]));
    }
    of_attachment(options).map(|options| options.rights)
}

fn who(option: &NetworkOption) -> Result<Who> {
    Who::of_name(&text(option)?.value).ok_or_else(|| invalid(option, "'author' or 'members'"))
}

/// `more`: options that are allowed here besides the usual ones.
fn set(options: &mut NetworkOptions, option: &NetworkOption, more: &[&str]) -> Result<()> {
    match option.name.as_str() {
        "sync_interval_ms" => options.sync_interval_ms = number(option, SYNC_INTERVAL_MS_MIN, SYNC_INTERVAL_MS_MAX)?,
        "private_by_default" => options.private_by_default = boolean(option)?,
        "auto_post_classifications" => options.auto_post_classifications = classifications(option)?,
        "posting_url" => options.posting_url = posting_url(option)?,
        "replication" => options.replication = replication(option)?,
        "replication_factor" => {
            let wanted = number(option, 1, REPLICATION_FACTOR_MAX)?;
            options.replication_factor = u32::try_from(wanted).unwrap_or(u32::MAX);
        }
        "keep_own" => options.keep_own = boolean(option)?,
        "mdns" => options.mdns = boolean(option)?,
        "log_bytes_max" => options.log_bytes_max = number(option, LOG_BYTES_MIN, LOG_BYTES_MAX)?,
        "log_age_max_s" => options.log_age_max_s = number(option, LOG_AGE_S_MIN, LOG_AGE_S_MAX)?,
        "max_clock_drift_ms" => options.max_clock_drift_ms = number(option, CLOCK_DRIFT_MS_MIN, CLOCK_DRIFT_MS_MAX)?,
        "messages_per_second_max" => {
            let wanted = number(option, MESSAGES_PER_SECOND_MIN, MESSAGES_PER_SECOND_MAX)?;
            options.messages_per_second_max = u32::try_from(wanted).unwrap_or(u32::MAX);
        }
        "stability_timeout_s" => options.stability_timeout_s = number(option, LOG_AGE_S_MIN, LOG_AGE_S_MAX)?,
        _ => {
            let allowed: Vec<&str> = more.iter().chain(&OPTIONS).copied().collect();
            return Err(unknown(option, &allowed));
        }
    }
    Ok(())
}

fn unknown(option: &NetworkOption, allowed: &[&str]) -> Error {
    Error::new(ErrorKind::InvalidParameterValue, format!("unrecognized option \"{}\"", option.name))
        .with_hint(format!("The options are {}.", allowed.join(", ")))
}

/// The error for a value that an option cannot take; secrets do not show.
fn invalid(option: &NetworkOption, allowed: &str) -> Error {
    let message = format!("invalid value for option \"{}\": {}", option.name, option.value);
    Error::new(ErrorKind::InvalidParameterValue, message).with_hint(format!("It takes {allowed}."))
}

fn text(option: &NetworkOption) -> Result<&AstText> {
    match &option.value {
        Literal::Text(text) => Ok(text),
        _ => Err(invalid(option, "a text in quotes")),
    }
}

/// `true` and `false`, or one of PostgreSQL's texts for them.
fn boolean(option: &NetworkOption) -> Result<bool> {
    let value = match &option.value {
        Literal::Boolean(value) => Some(*value),
        Literal::Text(text) => match text.value.to_ascii_lowercase().as_str() {
            "true" | "on" | "yes" => Some(true),
            "false" | "off" | "no" => Some(false),
            _ => None,
        },
        _ => None,
    };
    value.ok_or_else(|| invalid(option, "true or false"))
}

fn number(option: &NetworkOption, least: u64, most: u64) -> Result<u64> {
    let value = match &option.value {
        Literal::Integer(value) => u64::try_from(*value).ok(),
        Literal::Text(text) => text.value.parse().ok(),
        _ => None,
    };
    let value = value.filter(|value| (least..=most).contains(value));
    value.ok_or_else(|| invalid(option, &format!("a whole number from {least} to {most}")))
}

/// Names with commas between them; none for an empty text.
fn classifications(option: &NetworkOption) -> Result<Vec<String>> {
    let mut names: Vec<String> = Vec::new();
    for name in text(option)?.value.split(',').map(str::trim).filter(|name| !name.is_empty()) {
        if !names.iter().any(|known| known == name) {
            names.push(name.to_string());
        }
    }
    if names.len() > CLASSIFICATIONS_MAX || names.iter().any(|name| name.len() > CLASSIFICATION_BYTES_MAX) {
        let allowed = format!(
            "at most {CLASSIFICATIONS_MAX} names of at most {CLASSIFICATION_BYTES_MAX} bytes, e.g. 'Error,Idea'"
        );
        return Err(invalid(option, &allowed));
    }
    Ok(names)
}

/// An http or https URL; none for an empty text. It is shown to whoever looks at the network, so it holds no password.
fn posting_url(option: &NetworkOption) -> Result<Option<String>> {
    let url = text(option)?.value.as_str();
    if url.is_empty() {
        return Ok(None);
    }
    let rest = url.strip_prefix("https://").or_else(|| url.strip_prefix("http://"));
    let authority = rest.and_then(|rest| rest.split(['/', '?', '#']).next()).unwrap_or_default();
    if authority.contains('@') {
        let message = format!("the option \"{}\" holds a user or a password", option.name);
        return Err(Error::new(ErrorKind::InvalidParameterValue, message)
            .with_hint("Transactions are signed with the key of this node; leave them out of the URL."));
    }
    let is_plain = url.bytes().all(|byte| byte.is_ascii_graphic());
    let host = authority.rsplit_once(':').map_or(authority, |(host, _)| host);
    if host.is_empty() || !is_plain || url.len() > URL_BYTES_MAX {
        return Err(invalid(option, "a URL such as https://graph.example:8080"));
    }
    Ok(Some(url.to_string()))
}

fn replication(option: &NetworkOption) -> Result<Replication> {
    match text(option)?.value.to_ascii_lowercase().as_str() {
        "full" => Ok(Replication::Full),
        "partial" => Ok(Replication::Partial),
        "leader" => Err(Error::unsupported(
            "replication = 'leader' is not offered yet",
            "Use replication = 'full', where each member holds every posted entry, or 'partial', where each entry has \
             replication_factor copies.",
        )),
        _ => Err(invalid(option, "'full' or 'partial'")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn option(name: &str, value: Literal) -> NetworkOption {
        NetworkOption::new(name, value).unwrap()
    }

    fn words(text: &str) -> Literal {
        Literal::Text(AstText::open(text))
    }

    #[test]
    fn every_option_is_read() {
        let all = [
            option("secret", words("hush")),
            option("owner", words("12D3KooWOwner")),
            option("sync_interval_ms", Literal::Integer(250)),
            option("Private_By_Default", Literal::Boolean(false)),
            option("auto_post_classifications", words("Error, Idea,,Error")),
            option("posting_url", words("http://127.0.0.1:8080/api")),
            option("replication", words("Partial")),
            option("replication_factor", Literal::Integer(2)),
            option("keep_own", words("off")),
            option("mdns", words("on")),
            option("log_bytes_max", words("1048576")),
            option("log_age_max_s", Literal::Integer(60)),
            option("max_clock_drift_ms", Literal::Integer(1000)),
            option("messages_per_second_max", Literal::Integer(50)),
            option("stability_timeout_s", Literal::Integer(86_400)),
        ];
        let NewNetwork { options, secret, owner } = of_new_network("team", &all).unwrap();
        assert_eq!(owner.as_deref(), Some("12D3KooWOwner"));
        assert_eq!(secret.map(|secret| (secret.value, secret.secret)), Some(("hush".to_string(), true)));
        assert_eq!(
            options,
            NetworkOptions {
                sync_interval_ms: 250,
                auto_post_classifications: vec!["Error".to_string(), "Idea".to_string()],
                private_by_default: false,
                posting_url: Some("http://127.0.0.1:8080/api".to_string()),
                replication: Replication::Partial,
                replication_factor: 2,
                keep_own: false,
                mdns: true,
                log_bytes_max: 1_048_576,
                log_age_max_s: 60,
                max_clock_drift_ms: 1000,
                messages_per_second_max: 50,
                stability_timeout_s: 86_400,
            }
        );
        let back = changed(&options, &[option("posting_url", words("")), option("mdns", Literal::Boolean(false))]);
        let back = back.unwrap();
        assert_eq!((back.posting_url, back.mdns, back.sync_interval_ms), (None, false, 250));
    }

    #[test]
    fn knirvgraph_posts_three_classes_unless_told_otherwise() {
        let classes = |options: &[NetworkOption]| of_new_network("knirvgraph", options).unwrap().options;
        assert_eq!(classes(&[]).auto_post_classifications, ["Error", "Context", "Idea"]);
        let none = [option("auto_post_classifications", words(""))];
        assert!(classes(&none).auto_post_classifications.is_empty());
        assert!(of_new_network("team", &[]).unwrap().options.auto_post_classifications.is_empty());
    }

    #[test]
    fn values_out_of_range_or_of_another_kind_are_refused() {
        for (name, value, sqlstate) in [
            ("sync_interval_ms", Literal::Integer(0), "22023"),
            ("sync_interval_ms", Literal::Integer(-5), "22023"),
            ("sync_interval_ms", Literal::Number("1.5".to_string()), "22023"),
            ("sync_interval_ms", Literal::Boolean(true), "22023"),
            ("log_bytes_max", Literal::Integer(i64::MAX), "22023"),
            ("messages_per_second_max", Literal::Integer(0), "22023"),
            ("mdns", Literal::Integer(1), "22023"),
            ("private_by_default", words("maybe"), "22023"),
            ("posting_url", words("ftp://x"), "22023"),
            ("posting_url", words("http://"), "22023"),
            ("posting_url", words("http://:80"), "22023"),
            ("posting_url", words("http://a b"), "22023"),
            ("posting_url", words("https://user:pw@graph.example"), "22023"),
            ("posting_url", Literal::Integer(1), "22023"),
            ("replication", words("half"), "22023"),
            ("replication_factor", Literal::Integer(0), "22023"),
            ("replication", words("leader"), "0A000"),
            ("max_peers", Literal::Integer(1), "22023"),
        ] {
            let error = of_new_network("team", &[option(name, value)]).unwrap_err();
            assert_eq!(error.sqlstate(), sqlstate, "{error}");
            assert!(!error.to_string().contains("pw"), "{error}");
        }
        let hint = of_attachment(&[option("mdns", Literal::Boolean(true))]).unwrap_err();
        assert_eq!(hint.hint(), Some("The options are private_by_default, writers, deleters."));
        assert_eq!(
            changed(&NetworkOptions::default(), &[option("secret", words("x"))]).unwrap_err().sqlstate(),
            "22023"
        );
    }
}
