//! Short messages, as a list of them shows them.

/// A message that came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// Who sent it.
    pub from: String,
    /// What it says.
    pub text: String,
}

/// Reads what `+CMGL` lists: places in the store, with their messages.
pub(crate) fn listed(lines: &[String]) -> Vec<(u16, Message)> {
    let mut all: Vec<(u16, Message)> = Vec::new();
    for line in lines {
        if let Some(header) = line.strip_prefix("+CMGL:") {
            let Some((place, rest)) = header.split_once(',') else { continue };
            let Ok(place) = place.trim().parse() else { continue };
            // The state stands in quotes, then the number.
            let from = rest.split('"').nth(3).unwrap_or_default().to_owned();
            all.push((place, Message { from, text: String::new() }));
        } else if let Some((_, message)) = all.last_mut() {
            if !message.text.is_empty() {
                message.text.push('\n');
            }
            message.text.push_str(line);
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_is_read_with_its_senders_and_lines() {
        let lines = [
            "+CMGL: 1,\"REC UNREAD\",\"+4917000001\",,\"26/11/22,23:00:00+04\"",
            "wake up",
            "now",
            "+CMGL: 7,\"REC READ\",\"123\",\"\",\"26/11/22,23:00:00+04\"",
            "call",
        ];
        let lines: Vec<String> = lines.map(str::to_owned).into();
        let message = |from: &str, text: &str| Message { from: from.into(), text: text.into() };
        assert_eq!(
            listed(&lines),
            [(1, message("+4917000001", "wake up\nnow")), (7, message("123", "call"))]
        );
    }
}
