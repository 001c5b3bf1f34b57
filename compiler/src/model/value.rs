//! Scalars into typed values: one function for each kind of the vocabulary.

use std::net::{IpAddr, SocketAddr};

use divisor_schema::config::Kind;
use divisor_schema::plan::{Bind, Cidr, Millis, is_socket_path};

use super::fault::Fault;
use super::suggest::closest;
use super::types::{RequestLine, Target};
use super::units::{self, Rate};
use super::{request, target};
use crate::syntax::{Scalar, Spelling, Style, Value};

/// A value of a kind.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Typed {
    Text(String),
    Flag(bool),
    Integer(i64),
    Millis(Millis),
    Bytes(u64),
    Rate(Rate),
    Statuses(u16, u16),
    Address(SocketAddr),
    Bind(Bind),
    Network(Cidr),
    Backend(String, Option<Target>),
    Request(RequestLine),
}

type Parsed = Result<Typed, Fault>;

/// Reads a scalar as `kind`. The spelling is that of the advice.
pub(super) fn parse(kind: &Kind, value: &Value, spelling: Spelling) -> Parsed {
    match kind {
        Kind::Text | Kind::File | Kind::Reference(_) => {
            text(kind, value).map(|it| Typed::Text(it.to_owned()))
        }
        Kind::Flag => flag(value, spelling),
        Kind::Integer { min, max } => integer(kind, value, *min, *max),
        Kind::Port => port(kind, value),
        Kind::Code(codes) => code(kind, value, codes),
        Kind::Duration { min, max } => {
            let millis = units::duration(text_or_number(kind, value)?)?;
            in_range(millis, *min, *max, &value.text, units::in_time)
                .map(|millis| Typed::Millis(Millis(millis)))
        }
        Kind::GoDuration => {
            units::go_duration(text_or_number(kind, value)?).map(|it| Typed::Millis(Millis(it)))
        }
        Kind::Size { min, max } => {
            let bytes = units::size(text_or_number(kind, value)?)?;
            in_range(bytes, *min, *max, &value.text, units::in_bytes).map(Typed::Bytes)
        }
        Kind::Rate => units::rate(text_or_number(kind, value)?).map(Typed::Rate),
        Kind::Percent { min, max } => {
            units::percent(text_or_number(kind, value)?, *min, *max).map(|it| Typed::Integer(i64::from(it)))
        }
        Kind::Statuses => statuses(kind, value),
        Kind::Choice(words) => choice(text(kind, value)?, words),
        Kind::Address => address(text(kind, value)?).map(Typed::Address),
        Kind::Bind => bind(text(kind, value)?).map(Typed::Bind),
        Kind::Network => network(text(kind, value)?),
        Kind::Backend => {
            let text = text(kind, value)?;
            target::parse(text).map(|target| Typed::Backend(text.to_owned(), Some(target)))
        }
        Kind::Request => request::parse(text(kind, value)?).map(Typed::Request),
        Kind::List(inner) => parse(inner, value, spelling),
        Kind::Pairs => text(&Kind::Text, value).map(|it| Typed::Text(it.to_owned())),
        // Blocks are no scalars, and what is not looked at is not read; the decoder never asks for these.
        Kind::Block(_) | Kind::Blocks(_) | Kind::Named(_) | Kind::Secret | Kind::Any => {
            Err(wrong(kind, value))
        }
    }
}

fn wrong(kind: &Kind, value: &Value) -> Fault {
    let due = kind.takes();
    Fault::value(format!("{} is not {due}", value.describe()), format!("not {due}"), format!("write {due}"))
}

fn text<'a>(kind: &Kind, value: &'a Value) -> Result<&'a str, Fault> {
    match (value.scalar, value.style) {
        (Scalar::Text, _) => Ok(&value.text),
        (Scalar::Null, _) => {
            let due = kind.takes();
            Err(Fault::value("there is no value here", format!("needs {due}"), format!("write {due}")))
        }
        // Without quotes, YAML takes words and numbers as they look; where text is due, they are text.
        (_, Style::Plain | Style::Filled) => Ok(&value.text),
        _ => {
            let help = format!("put it in quotes: `\"{}\"`", value.text.trim_start_matches('#'));
            Err(Fault::value(format!("{} is not {}", value.describe(), kind.takes()), "needs quotes", help))
        }
    }
}

/// Text, or a number without unit that is worth an answer of its own.
fn text_or_number<'a>(kind: &Kind, value: &'a Value) -> Result<&'a str, Fault> {
    match value.scalar {
        Scalar::Integer(_) | Scalar::Float(_) => Ok(&value.text),
        _ => text(kind, value),
    }
}

fn flag(value: &Value, spelling: Spelling) -> Parsed {
    let (yes, no) = match spelling {
        Spelling::Kdl => ("#true", "#false"),
        Spelling::Yaml => ("true", "false"),
    };
    match value.scalar {
        Scalar::Bool(flag) => Ok(Typed::Flag(flag)),
        _ => {
            let fault = |help: String| {
                Fault::value(format!("{} is not true or false", value.describe()), "not true or false", help)
            };
            Err(match value.text.to_ascii_lowercase().as_str() {
                "true" | "yes" | "on" | "y" | "1" => fault(format!("write `{yes}`")).meaning("true"),
                "false" | "no" | "off" | "n" | "0" => fault(format!("write `{no}`")).meaning("false"),
                _ => fault(format!("write `{yes}` or `{no}`")),
            })
        }
    }
}

fn integer(kind: &Kind, value: &Value, min: i64, max: i64) -> Parsed {
    match value.scalar {
        Scalar::Integer(number) => {
            let number = i64::try_from(number).ok().filter(|number| (min..=max).contains(number));
            number.map(Typed::Integer).ok_or_else(|| {
                let range = format!("from {min} to {max}");
                Fault::value(
                    format!("`{}` is out of range", value.text),
                    range.clone(),
                    format!("write a number {range}"),
                )
            })
        }
        Scalar::Text if value.text.parse::<i64>().is_ok() => {
            let help = format!("write {} without quotes", value.text);
            let message = format!("{} is not a number", value.describe());
            Err(Fault::value(message, "text, not a number", help).meaning(&value.text))
        }
        _ => Err(wrong(kind, value)),
    }
}

/// A port was text once, so both are read.
fn port(kind: &Kind, value: &Value) -> Parsed {
    let port = value.text.parse::<u16>().ok().filter(|port| *port > 0 && !value.is_null());
    port.map(|port| Typed::Integer(i64::from(port))).ok_or_else(|| wrong(kind, value))
}

fn code(kind: &Kind, value: &Value, codes: &[i64]) -> Parsed {
    match value.scalar {
        Scalar::Integer(number) => match codes.iter().find(|code| i128::from(**code) == number) {
            Some(code) => Ok(Typed::Integer(*code)),
            None => Err(wrong(kind, value)),
        },
        _ => Err(wrong(kind, value)),
    }
}

fn statuses(kind: &Kind, value: &Value) -> Parsed {
    let text = text_or_number(kind, value)?;
    let status = |text: &str| {
        let digits = text.len() == 3 && text.bytes().all(|byte| byte.is_ascii_digit());
        text.parse::<u16>().ok().filter(|status| digits && (100..600).contains(status))
    };
    let (first, last) = text.split_once('-').unwrap_or((text, text));
    match (status(first), status(last)) {
        (Some(first), Some(last)) if first <= last => Ok(Typed::Statuses(first, last)),
        _ => Err(wrong(kind, value)),
    }
}

fn in_range(value: u64, min: u64, max: u64, text: &str, show: fn(u64) -> String) -> Result<u64, Fault> {
    if (min..=max).contains(&value) {
        return Ok(value);
    }
    let (bound, help) = if value < min {
        (format!("at least {}", show(min)), format!("write `{}` or more", show(min)))
    } else {
        (format!("at most {}", show(max)), format!("write `{}` or less", show(max)))
    };
    Err(Fault::value(format!("`{text}` is out of range"), bound, help))
}

fn choice(text: &str, words: &[&'static str]) -> Parsed {
    if let Some(word) = words.iter().find(|word| **word == text) {
        return Ok(Typed::Text((*word).to_owned()));
    }
    let known = words.join(", ");
    let message = format!("`{text}` is not known here");
    Err(match closest(text, words.iter().copied()) {
        Some(meant) => {
            let help = format!("write `{meant}`; known are {known}");
            Fault::value(message, format!("did you mean `{meant}`?"), help).meaning(meant)
        }
        None => Fault::value(message, "not known", format!("write one of {known}")),
    })
}

fn bind(text: &str) -> Result<Bind, Fault> {
    match text.strip_prefix("unix:") {
        Some(path) => socket(path).map(Bind::Unix),
        None => address(text).map(Bind::Tcp),
    }
}

fn address(text: &str) -> Result<SocketAddr, Fault> {
    if let Ok(address) = text.parse::<SocketAddr>()
        && address.port() != 0
    {
        return Ok(address);
    }
    let port = text.rsplit_once(':').map_or(text, |(_, port)| port);
    let help = match (port.parse::<u16>(), text.parse::<IpAddr>()) {
        (_, Ok(IpAddr::V6(address))) => format!("write `[{address}]:8080`, with the port you mean"),
        (_, Ok(address)) => format!("write `{address}:8080`, with the port you mean"),
        (Ok(port), _) if port != 0 && text.starts_with("localhost") => format!("write `127.0.0.1:{port}`"),
        (Ok(port), _) if port != 0 => {
            format!("write `0.0.0.0:{port}` for every IPv4 address, `[::]:{port}` for IPv6")
        }
        _ => "write an IP address and a port: `0.0.0.0:8080`, `[::]:8080`".to_owned(),
    };
    let label = "not an address with port";
    Err(Fault::value(format!("`{text}` is not an address to accept on"), label, help))
}

/// The path of a Unix socket.
pub(super) fn socket(path: &str) -> Result<String, Fault> {
    if is_socket_path(path) {
        return Ok(path.to_owned());
    }
    let help = "write an absolute path of at most 107 bytes: `unix:/run/divisor.sock`";
    Err(Fault::value(format!("no Unix socket can lie at `{path}`"), "not the path of a socket", help))
}

fn network(text: &str) -> Parsed {
    let example = "write a network: `10.0.0.0/8`, `2001:db8::/32`";
    let wrong = || Fault::value(format!("`{text}` is not a network"), "not a network", example);
    let (address, prefix) =
        text.split_once('/').map_or((text, None), |(address, prefix)| (address, Some(prefix)));
    let address: IpAddr = address.parse().map_err(|_| wrong())?;
    let width = if address.is_ipv4() { 32 } else { 128 };
    let prefix: u8 = prefix.map_or(Ok(width), str::parse).map_err(|_| wrong())?;
    if prefix > width {
        return Err(wrong());
    }
    Cidr::new(address, prefix).map(Typed::Network).ok_or_else(|| {
        let meant = first_address(address, prefix);
        let help = format!("write `{meant}/{prefix}` for the network, `{address}` for the one address");
        let message = format!("`{text}` has bits beyond its prefix");
        Fault::value(message, "network or address?", help).meaning(format!("{meant}/{prefix}"))
    })
}

fn first_address(address: IpAddr, prefix: u8) -> IpAddr {
    let beyond = |width: u32| width.saturating_sub(u32::from(prefix));
    match address {
        IpAddr::V4(v4) => IpAddr::V4((v4.to_bits() & u32::MAX.checked_shl(beyond(32)).unwrap_or(0)).into()),
        IpAddr::V6(v6) => IpAddr::V6((v6.to_bits() & u128::MAX.checked_shl(beyond(128)).unwrap_or(0)).into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(kind: Kind, text: &str) -> Parsed {
        parse(&kind, &Value::filled(text.to_owned()), Spelling::Yaml)
    }

    fn help(kind: Kind, text: &str) -> String {
        read(kind, text).unwrap_err().help
    }

    #[test]
    fn addresses_have_a_port_and_no_name() {
        assert_eq!(read(Kind::Address, "[::]:80"), Ok(Typed::Address("[::]:80".parse().unwrap())));
        assert_eq!(help(Kind::Address, "localhost:80"), "write `127.0.0.1:80`");
        assert!(help(Kind::Address, ":8080").starts_with("write `0.0.0.0:8080`"));
        assert!(help(Kind::Address, "8080").starts_with("write `0.0.0.0:8080`"));
        assert!(help(Kind::Address, "10.0.0.1").starts_with("write `10.0.0.1:8080`"));
        assert!(help(Kind::Address, "::1").starts_with("write `[::1]:8080`"));
        assert!(help(Kind::Address, "0.0.0.0:0").starts_with("write an IP address"));
        let socket = Typed::Bind(Bind::Unix("/run/a.sock".into()));
        assert_eq!(read(Kind::Bind, "unix:/run/a.sock"), Ok(socket));
        assert!(read(Kind::Address, "unix:/run/a.sock").is_err());
        for path in ["unix:a.sock", "unix:", "unix:/run/", &format!("unix:/{}", "a".repeat(107))] {
            assert!(help(Kind::Bind, path).starts_with("write an absolute path"), "{path}");
        }
    }

    #[test]
    fn networks_have_no_host_bits() {
        assert!(read(Kind::Network, "10.0.0.0/8").is_ok());
        assert!(read(Kind::Network, "2001:db8::1").is_ok());
        assert!(help(Kind::Network, "10.1.2.3/8").starts_with("write `10.0.0.0/8`"));
        assert!(help(Kind::Network, "2001:db8::1/0").starts_with("write `::/0`"));
        for text in ["10.0.0.0/33", "ten", "10.0.0.0/", "::/129"] {
            assert!(help(Kind::Network, text).starts_with("write a network"), "{text}");
        }
    }

    #[test]
    fn types_are_not_guessed() {
        let integer = Kind::Integer { min: 1, max: 9 };
        assert_eq!(read(integer, "9"), Ok(Typed::Integer(9)));
        assert_eq!(help(integer, "10"), "write a number from 1 to 9");
        assert_eq!(help(integer, "99999999999999999999999"), "write a number from 1 to 9");
        assert!(help(integer, "1.5").starts_with("write a whole number"));
        let quoted = parse(&integer, &Value::quoted("3".into()), Spelling::Kdl).unwrap_err();
        assert_eq!(quoted.help, "write 3 without quotes");
        assert_eq!(help(Kind::Flag, "yes"), "write `true`");
        assert_eq!(
            parse(&Kind::Flag, &Value::quoted("off".into()), Spelling::Kdl).unwrap_err().help,
            "write `#false`"
        );
        assert_eq!(help(Kind::Flag, "maybe"), "write `true` or `false`");
        assert!(help(Kind::Code(&[301, 302]), "303").contains("301, 302"));
        assert!(help(Kind::Code(&[301, 302]), "x").contains("301, 302"));
        assert_eq!(
            read(Kind::Port, "8000"),
            parse(&Kind::Port, &Value::quoted("8000".into()), Spelling::Yaml)
        );
        assert!(read(Kind::Port, "0").is_err());
    }

    #[test]
    fn ranges_are_named_in_units() {
        let kind = Kind::Duration { min: 1000, max: 60_000 };
        assert_eq!(help(kind, "1ms"), "write `1s` or more");
        assert_eq!(help(kind, "2h"), "write `60s` or less".replace("60s", "1m"));
    }

    #[test]
    fn unquoted_numbers_are_text_in_yaml_but_not_in_kdl() {
        assert_eq!(read(Kind::Text, "1.2"), Ok(Typed::Text("1.2".into())));
        let literal = Value { scalar: Scalar::Float(1.2), text: "1.2".into(), style: Style::Literal };
        assert_eq!(
            parse(&Kind::Text, &literal, Spelling::Kdl).unwrap_err().help,
            "put it in quotes: `\"1.2\"`"
        );
        let nothing = parse(&Kind::Text, &Value::plain(String::new()), Spelling::Yaml).unwrap_err();
        assert_eq!(nothing.message, "there is no value here");
        assert!(parse(&Kind::Any, &literal, Spelling::Kdl).is_err());
    }
}
