//! Targets that name their transport: `tls://host:992`, `unix:/run/x`, `ppp:`.

use super::target::port;
use super::{DialSyntax, Target, is_digits};

/// Schemes that are followed by `//`. Only the first letter's sake needs them listed: `ATDtls://`
/// must not lose its `t`, but `ATDTanything://` must.
const WITH_HOST: [&str; 8] = ["tcp", "telnet", "telnets", "tls", "ssh", "udp", "rfc2217", "socket"];

/// Schemes that need no `//`. Behind any other name a `:` stands before a port.
const WITHOUT_HOST: [&str; 5] = ["unix", "exec", "ppp", "slip", "line"];

pub(super) fn is_host_scheme(name: &str) -> bool {
    WITH_HOST.iter().any(|known| known.eq_ignore_ascii_case(name))
}

fn is_bare_scheme(name: &str) -> bool {
    WITHOUT_HOST.iter().any(|known| known.eq_ignore_ascii_case(name))
}

/// A scheme, and what stands behind its colon.
fn split(text: &str) -> Option<(&str, &str)> {
    let (scheme, rest) = text.split_once(':')?;
    let fit = scheme.starts_with(|c: char| c.is_ascii_alphabetic())
        && scheme.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte));
    let bare = is_bare_scheme(scheme) && (rest.is_empty() || !is_digits(rest));
    (fit && (bare || rest.starts_with("//"))).then_some((scheme, rest))
}

/// Whether this is a URL of a scheme that we know.
pub(super) fn is_known(text: &str) -> bool {
    split(text).is_some_and(|(scheme, _)| is_host_scheme(scheme) || is_bare_scheme(scheme))
}

pub(super) fn read(text: &str) -> Option<Result<Target, DialSyntax>> {
    let (scheme, rest) = split(text)?;
    Some(
        check(rest)
            .map(|rest| Target::Url { scheme: scheme.to_ascii_lowercase(), rest: rest.to_owned() }),
    )
}

fn check(rest: &str) -> Result<&str, DialSyntax> {
    let Some(host) = rest.strip_prefix("//") else { return Ok(rest) };
    if host.contains([' ', '"']) {
        return Err(DialSyntax::HostName);
    }
    let (host, path) = host.split_once('/').unwrap_or((host, ""));
    let host_and_port = host.rsplit_once('@').map_or(host, |(_, after)| after);
    let after_host = match host_and_port.rsplit_once(']') {
        Some((_, after)) => after,
        None => host_and_port,
    };
    if host_and_port.is_empty() {
        return Err(DialSyntax::HostName);
    }
    if let Some((_, digits)) = after_host.rsplit_once(':') {
        port(digits)?;
    }
    Ok(if path.is_empty() { rest.strip_suffix('/').unwrap_or(rest) } else { rest })
}
