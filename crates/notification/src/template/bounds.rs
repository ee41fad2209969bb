//! How much of Jinja's language a wording may use, so that reading and filling it in takes little time, memory and stack.
//!
//! A wording fills in variables and chooses by conditions. What could make much of little is not for wordings: loops, lists,
//! repeating and joining, captured blocks. The steps that `MiniJinja` counts do not bound those, as one step may work on millions of
//! elements; and its parser calls itself for each operator of an expression. So every tag is looked at before anything is parsed.

use super::engine::{Fault, line_and_column};

/// The most tags of a wording; the longest that come with Musubi have some twenty.
const TAGS: usize = 500;
/// The most `elif`, which the parser takes as conditions within each other.
const ELIFS: usize = 50;
/// The most characters of a tag, and with them the operators of its expression.
const TAG: usize = 300;
/// The tags that do something.
const WORDS: [&str; 5] = ["if", "elif", "else", "endif", "set"];
/// What makes lists and tables, repeats, or joins.
const SIGNS: [char; 5] = ['*', '+', '~', '[', '{'];

/// The first thing in a wording that is beyond these bounds.
pub(super) fn check(source: &str) -> Result<(), Fault> {
    let (mut at, mut tags, mut elifs) = (0, 0, 0);
    while let Some(open) = source[at..].find('{').map(|open| at + open) {
        let (closer, acts) = match &source.as_bytes()[open..] {
            [b'{', b'{', ..] => ("}}", false),
            [b'{', b'%', ..] => ("%}", true),
            [b'{', b'#', ..] => {
                at = source[open..].find("#}").map_or(source.len(), |end| open + end + 2);
                continue;
            }
            _ => {
                at = open + 1;
                continue;
            }
        };
        let inner = &source[open + 2..];
        let length = length_of(inner, closer, source, open + 2)?;
        tags += 1;
        if acts {
            elifs += usize::from(word(&inner[..length], source, open + 2)? == "elif");
        }
        if tags > TAGS || elifs > ELIFS {
            return Err(fault("template_too_costly", "it has too many tags", source, open));
        }
        at = (open + 2 + length + closer.len()).min(source.len());
    }
    Ok(())
}

/// How long a tag is, to its end or to that of the wording.
fn length_of(inner: &str, closer: &str, source: &str, start: usize) -> Result<usize, Fault> {
    let (mut quote, mut escaped) = (None, false);
    for (count, (at, sign)) in inner.char_indices().enumerate() {
        if count > TAG {
            return Err(fault("template_too_costly", "a tag may have at most 300 characters", source, start));
        }
        match quote {
            Some(_) if escaped => escaped = false,
            Some(_) if sign == '\\' => escaped = true,
            Some(begun) => quote = Some(begun).filter(|begun| *begun != sign),
            None if inner[at..].starts_with(closer) => return Ok(at),
            None if sign == '\'' || sign == '"' => quote = Some(sign),
            None if SIGNS.contains(&sign) => {
                let what = format!("`{sign}` is not for wordings, which fill in variables and choose by `if`");
                return Err(fault("template_syntax", &what, source, start + at));
            }
            None => (),
        }
    }
    Ok(inner.len())
}

/// What a tag does.
fn word<'a>(inner: &'a str, source: &str, start: usize) -> Result<&'a str, Fault> {
    let begun = inner.trim_start_matches(['-', ' ', '\t', '\r', '\n']);
    let word = &begun[..begun.find(|sign: char| !sign.is_alphanumeric() && sign != '_').unwrap_or(begun.len())];
    if WORDS.contains(&word) {
        return Ok(word);
    }
    let what = format!("`{word}` is not for wordings; there are {}", WORDS.join(", "));
    Err(fault("template_syntax", &what, source, start + (inner.len() - begun.len())))
}

fn fault(code: &'static str, what: &str, source: &str, at: usize) -> Fault {
    Fault { code, what: what.to_owned(), place: Some(line_and_column(source, at)) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn code(source: &str) -> Option<&'static str> {
        check(source).err().map(|fault| fault.code)
    }

    #[test]
    fn ordinary_wordings_are_within() {
        for source in [
            "",
            "{ } {{ date }} {{- date | upper -}}",
            "{% if price -%} {{ price }} {%- elif place %}{{ place }}{% else %}*{% endif %} + ~ [1] {# {% for #}",
            "{{ '* + ~ [ {' }} {{ \"it's \\\" }} %} *\" }} {{ \"}}\" }}",
            "{% set own = date %}{{ own|replace('a', 'b') }}",
            "{{ date",
            "{% if a",
            "花子{{ name }}様",
        ] {
            assert_eq!(code(source), None, "{source}");
        }
    }

    #[test]
    fn what_makes_much_of_little_is_beyond() {
        let minus = format!("{{{{ {}1 }}}}", "-".repeat(8_000));
        let calls = format!("{{{{ date{} }}}}", "()".repeat(8_000));
        let many = "{{ a }}".repeat(501);
        let elifs = format!("{{% if a %}}{}{{% endif %}}", "{% elif a %}".repeat(51));
        for (source, expected) in [
            ("{{ [1]*100000000 }}", "template_syntax"),
            ("{{ 2 in [1]*4000000 }}", "template_syntax"),
            ("{{ 'x' * 9 }}", "template_syntax"),
            ("{{ 1+1 }}", "template_syntax"),
            ("{{ a ~ a }}", "template_syntax"),
            ("{{ {'a': 1} }}", "template_syntax"),
            ("{% for i in name %}x{% endfor %}", "template_syntax"),
            ("{% set a %}{{ a }}{{ a }}{% endset %}", "template_syntax"),
            ("{%- raw %}{{ '{% endraw %}'", "template_syntax"),
            ("{{ '\\'' ~ a }}", "template_syntax"),
            ("{{ \"'\" * 9 }}", "template_syntax"),
            (&minus, "template_too_costly"),
            (&calls, "template_too_costly"),
            (&many, "template_too_costly"),
            (&elifs, "template_too_costly"),
        ] {
            assert_eq!(code(source), Some(expected), "{}", &source[..source.len().min(60)]);
        }
        let fault = check("Dear\n{{ a }} {{ a * 2 }}").unwrap_err();
        assert_eq!((fault.place, fault.what.contains("`*`")), (Some((2, 14)), true));
    }

    proptest! {
        #[test]
        fn any_text_is_looked_at(source in "([{}%#'\"\\\\*+~ ai\u{82b1}-]|if |\\{\\{|\\{%|%\\}|\\}\\})*") {
            let _ = check(&source);
        }
    }
}
