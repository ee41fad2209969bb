//! Texts with values in them.

use super::Letter;

/// What a text speaks of.
#[derive(Debug, Clone)]
pub(super) enum Value {
    /// Words of others.
    Words(String),
    /// Something to be copied.
    Code(String),
    /// An address to be followed.
    Link(String),
}

/// A text in which `{name}` stands for the value of that name.
#[derive(Debug, Clone, Copy)]
pub(super) struct Template {
    pub(super) text: &'static str,
    /// Language tag after BCP 47.
    pub(super) language: &'static str,
}

enum Piece<'t> {
    Text(&'t str),
    Value(&'t str),
}

impl Template {
    /// The letter, or the name of the value that is missing. Values are not looked through for names of others.
    pub(super) fn fill(self, values: &[(&str, Value)]) -> Result<Letter, &'static str> {
        let (subject, body) = self.text.split_once("\n\n").unwrap_or((self.text, ""));
        let subject = filled(subject, values, str::to_owned, Value::as_text)?;
        let paragraphs = body.trim_end().split("\n\n");
        let mut html = Vec::new();
        for paragraph in paragraphs {
            html.push(format!("<p>{}</p>", filled(paragraph, values, escaped, Value::as_html)?));
        }
        Ok(Letter {
            text: filled(body, values, str::to_owned, Value::as_text)?,
            html: page(self.language, &subject, &html.join("\n")),
            subject,
        })
    }
}

fn filled(
    text: &'static str,
    values: &[(&str, Value)],
    own: impl Fn(&str) -> String,
    value: impl Fn(&Value) -> String,
) -> Result<String, &'static str> {
    let mut filled = String::new();
    for piece in pieces(text) {
        match piece {
            Piece::Text(text) => filled.push_str(&own(text)),
            Piece::Value(name) => {
                let found = values.iter().find(|(known, _)| *known == name).ok_or(name)?;
                filled.push_str(&value(&found.1));
            }
        }
    }
    Ok(filled)
}

fn pieces(text: &'static str) -> Vec<Piece<'static>> {
    let mut pieces = Vec::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('{') {
        let (name, after) = after.split_once('}').unwrap_or((after, ""));
        pieces.extend([Piece::Text(before), Piece::Value(name)]);
        rest = after;
    }
    pieces.push(Piece::Text(rest));
    pieces
}

impl Value {
    fn as_text(&self) -> String {
        match self {
            Self::Words(text) | Self::Code(text) | Self::Link(text) => one_line(text),
        }
    }

    fn as_html(&self) -> String {
        let text = escaped(&self.as_text());
        match self {
            Self::Words(_) => text,
            Self::Code(_) => format!("<code style=\"font-size: 1.2em\">{text}</code>"),
            Self::Link(_) => format!("<a href=\"{text}\">{text}</a>"),
        }
    }
}

/// Others' words in one line that reads in one direction: what would break the line or turn it round is a blank.
fn one_line(text: &str) -> String {
    let breaks = |c: char| {
        c.is_control() || matches!(c, '\u{2028}' | '\u{2029}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    let blank = text.replace(breaks, " ");
    blank.split(' ').filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ")
}

fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            other => escaped.push(other),
        }
    }
    escaped
}

fn page(language: &str, subject: &str, body: &str) -> String {
    let title = escaped(subject);
    format!(
        "<!DOCTYPE html>\n<html lang=\"{language}\">\n<head><meta charset=\"utf-8\"><title>{title}</title></head>\n\
         <body style=\"font-family: sans-serif; line-height: 1.7; max-width: 36em\">\n{body}\n</body>\n</html>\n"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "To {store}\n\nCome & see {store}.\n\n{link}\n";

    fn fill(values: &[(&str, Value)]) -> Result<Letter, &'static str> {
        Template { text: TEXT, language: "en" }.fill(values)
    }

    #[test]
    fn values_stay_what_they_are() {
        let store = Value::Words("<b>\"A\" & 'B'</b>\r\nBcc: all@example.jp\u{202e} {link}".into());
        let letter = fill(&[("store", store), ("link", Value::Link("https://a.jp/?a=\"b\"".into()))]).unwrap();
        let plain = "<b>\"A\" & 'B'</b> Bcc: all@example.jp {link}";
        assert_eq!(letter.subject, format!("To {plain}"));
        assert_eq!(letter.text, format!("Come & see {plain}.\n\nhttps://a.jp/?a=\"b\"\n"));
        let safe = "&lt;b&gt;&quot;A&quot; &amp; &#39;B&#39;&lt;/b&gt; Bcc: all@example.jp {link}";
        assert!(letter.html.contains(&format!("<title>To {safe}</title>")), "{}", letter.html);
        assert!(letter.html.contains(&format!("<p>Come &amp; see {safe}.</p>\n<p><a href=")), "{}", letter.html);
        assert!(letter.html.contains("<a href=\"https://a.jp/?a=&quot;b&quot;\">"), "{}", letter.html);
    }

    #[test]
    fn a_value_that_is_missing_is_named() {
        assert_eq!(fill(&[("store", Value::Words("A".into()))]), Err("link"));
        assert_eq!(fill(&[]), Err("store"));
    }

    #[test]
    fn what_is_blank_around_words_goes() {
        assert_eq!(one_line("  美容室\t\u{2066}さくら\u{2069}\n"), "美容室 さくら");
        assert_eq!(one_line("\u{0}\u{85}"), "");
    }
}
