//! The lines of a calendar file (RFC 5545, 3.1).

/// The most octets of a line, its end left out.
const LONGEST_LINE: usize = 75;

/// A text without control characters but line feeds: others must not stand in a calendar, and a carriage return would
/// begin a line of its own.
pub fn plain(text: &str) -> String {
    let text = text.replace("\r\n", "\n").replace(['\r', '\u{2028}', '\u{2029}'], "\n").replace('\t', " ");
    text.chars().filter(|c| *c == '\n' || !c.is_control()).collect()
}

/// The same content in lines of at most 75 octets, each ended by a carriage return and a line feed. Lines that are folded
/// already are folded anew.
pub fn folded(content: &str) -> String {
    let mut folded = String::with_capacity(content.len());
    for line in content.replace("\r\n ", "").split_terminator("\r\n") {
        let mut length = 0;
        for c in line.chars() {
            if length + c.len_utf8() > LONGEST_LINE {
                folded.push_str("\r\n ");
                length = 1;
            }
            folded.push(c);
            length += c.len_utf8();
        }
        folded.push_str("\r\n");
    }
    folded
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_folded_between_characters_and_never_too_long() {
        for length in 60..240 {
            for text in ["a", "結", "a結b ", "👩"] {
                let line = format!("X-A:{}", text.repeat(length));
                let folded = folded(&format!("BEGIN:VCALENDAR\r\n{line}\r\n"));
                assert!(folded.split("\r\n").all(|line| line.len() <= LONGEST_LINE), "{folded}");
                assert_eq!(folded.replace("\r\n ", ""), format!("BEGIN:VCALENDAR\r\n{line}\r\n"));
            }
        }
    }

    #[test]
    fn a_text_cannot_begin_a_line_of_its_own() {
        assert_eq!(plain("a\r\nATTENDEE:x\rb\tc\u{0}\u{7f}\u{2028}d"), "a\nATTENDEE:x\nb c\nd");
    }
}
