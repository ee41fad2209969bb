//! The passwords that are tried first.

/// Common passwords of eight characters or more, in lower case, one a line, in the order of their bytes.
/// `data/README.md` says where they are from.
static LIST: &str = include_str!("../../data/common-passwords.txt");

/// Whether a password, in lower case, is on the list.
pub(super) fn contains(password: &str) -> bool {
    is_line_of(LIST.as_bytes(), password.as_bytes())
}

/// Whether a text is a line of sorted lines: a binary search that halves bytes and goes back to where a line begins.
fn is_line_of(sorted: &[u8], text: &[u8]) -> bool {
    let mut rest = sorted;
    while !rest.is_empty() {
        let middle = rest.len() / 2;
        let start = rest[..middle].iter().rposition(|byte| *byte == b'\n').map_or(0, |end| end + 1);
        let end = rest[start..].iter().position(|byte| *byte == b'\n').map_or(rest.len(), |length| start + length);
        match rest[start..end].cmp(text) {
            std::cmp::Ordering::Equal => return true,
            std::cmp::Ordering::Less => rest = rest.get(end + 1..).unwrap_or_default(),
            std::cmp::Ordering::Greater => rest = &rest[..start],
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::super::{LONGEST, SHORTEST};
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeSet;

    #[test]
    fn the_list_is_long_sorted_and_in_lower_case() {
        let lines: Vec<_> = LIST.lines().collect();
        assert!(lines.len() >= 10_000, "{}", lines.len());
        for line in &lines {
            assert!((SHORTEST..=LONGEST).contains(&line.len()), "{line}");
            assert!(line.bytes().all(|byte| byte.is_ascii_graphic() && !byte.is_ascii_uppercase()), "{line}");
        }
        assert!(lines.is_sorted_by(|a, b| a.as_bytes() < b.as_bytes()));
        assert!(LIST.ends_with('\n'));
    }

    #[test]
    fn every_line_is_found_and_nothing_beside_it() {
        let lines: BTreeSet<&str> = LIST.lines().collect();
        for line in &lines {
            assert!(contains(line), "{line}");
            for near in [format!("{line}\n"), format!("\n{line}"), format!("{line} "), line[1..].to_owned()] {
                assert_eq!(contains(&near), lines.contains(near.as_str()), "{near}");
            }
        }
    }

    proptest! {
        #[test]
        fn the_search_finds_what_a_look_at_every_line_finds(
            lines in proptest::collection::btree_set("[a-c]{1,4}", 0..20),
            text in "[a-c\n]{0,5}",
        ) {
            let sorted: String = lines.iter().flat_map(|line| [line.as_str(), "\n"]).collect();
            prop_assert_eq!(is_line_of(sorted.as_bytes(), text.as_bytes()), lines.contains(&text));
        }
    }
}
